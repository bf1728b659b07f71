package otel

import (
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/record"
)

// histogram is one metric of the conventions: its name there, its unit, and the
// buckets that they advise.
type histogram struct {
	name, unit, help string
	buckets          []float64
	labels           []string
}

// The labels, as the conventions name them.
var (
	callLabels  = []string{keyOperation, keyProvider, keyRequestModel, keyErrorType}
	tokenLabels = []string{keyOperation, keyProvider, keyRequestModel, keyTokenType}
	paceLabels  = []string{keyOperation, keyProvider, keyRequestModel}
)

var (
	tokenBuckets    = prometheus.ExponentialBuckets(1, 4, 14)    // 1 ... 67,108,864
	durationBuckets = prometheus.ExponentialBuckets(0.01, 2, 14) // 10 ms ... 82 s
	firstBuckets    = []float64{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	paceBuckets     = []float64{0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5}
)

// histograms are the metrics that are kept.
var histograms = []histogram{
	{metricTokens, "{token}", "Tokens of a call, by type.", tokenBuckets, tokenLabels},
	{metricOperation, "s", "From the request to the provider until its answer's end.", durationBuckets, callLabels},
	{metricRequest, "s", "From the caller's request until its answer's end.", durationBuckets, callLabels},
	{metricFirst, "s", "From the caller's request until the first output token, of streams.", firstBuckets, paceLabels},
	{metricPerToken, "s", "Time per output token after the first, of streams.", paceBuckets, paceLabels},
}

// promName returns the name that a metric has in Prometheus: underscores, and the unit
// behind it; a unit in braces gives none.
func promName(name, unit string) string {
	name = strings.ReplaceAll(name, ".", "_")
	if unit == "s" {
		name += "_seconds"
	}
	return name
}

// What labels may hold at most; what comes later is "other".
const (
	maxModels    = 200
	maxProviders = 100
	maxOps       = 32
	other        = "other"
	none         = "none" // the model of a call that reached no provider
	otherError   = "_OTHER"
)

// MetricsOptions say where the metrics of the conventions go.
type MetricsOptions struct {
	Naming     Naming                // nil: the names of providers are their kinds
	Registerer prometheus.Registerer // nil: none
	// Target, if its Endpoint is not empty, gets them by OTLP too.
	Target Target
	Source Source
	Every  time.Duration // between two exports; zero means a minute
	Now    func() time.Time
	Log    *slog.Logger // nil: discarded
}

// Metrics counts the gateway's calls as the GenAI conventions say, since the process's
// start, from what a follower of the journal shows it: it costs a call nothing. What
// applications report themselves is not counted, for they count it. It is for one
// goroutine, but for Run.
type Metrics struct {
	opts    MetricsOptions
	started time.Time
	own     *prometheus.Registry // the histograms alone, for the export
	send    *sender              // nil: no export

	tokens, operation, request, first, perToken *prometheus.HistogramVec

	models, providers, operations set
}

// NewMetrics returns metrics.
func NewMetrics(opts MetricsOptions) (*Metrics, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	setDefault(&opts.Every, time.Minute)
	m := &Metrics{opts: opts, started: opts.Now(), own: prometheus.NewRegistry(),
		models: newSet(maxModels), providers: newSet(maxProviders), operations: newSet(maxOps)}
	if opts.Target.Endpoint != "" {
		var err error
		if m.send, err = newSender(opts.Target); err != nil {
			return nil, err
		}
	}
	for i, into := range []**prometheus.HistogramVec{&m.tokens, &m.operation, &m.request, &m.first, &m.perToken} {
		h := &histograms[i]
		labels := make([]string, len(h.labels))
		for k, l := range h.labels {
			labels[k] = promName(l, "")
		}
		*into = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: promName(h.name, h.unit), Help: h.help, Buckets: h.buckets}, labels)
		m.own.MustRegister(*into)
		if opts.Registerer != nil {
			opts.Registerer.MustRegister(*into)
		}
	}
	return m, nil
}

// Count counts the calls among the entries.
func (m *Metrics) Count(entries []record.Entry) {
	for i := range entries {
		if c := entries[i].Call; c != nil {
			m.count(c)
		}
	}
}

func (m *Metrics) count(c *record.Call) {
	ok := c.Outcome == record.OK
	op := m.operations.name(operationOf(c.Operation), true)
	provider := m.providers.name(providerOf(m.opts.Naming, c.Provider), true)
	failure := errorClass(c)
	if c.Provider == "" { // who asks writes what it likes for a model
		m.request.WithLabelValues(op, provider, none, failure).Observe(seconds(max(0, c.TotalMicros)))
		return
	}
	model := m.models.name(c.Model, ok) // a name is worth a series once it has answered
	m.request.WithLabelValues(op, provider, model, failure).Observe(seconds(max(0, c.TotalMicros)))
	m.operation.WithLabelValues(op, provider, model, failure).Observe(seconds(max(0, c.TotalMicros-max(0, c.QueueMicros))))
	if u := &c.Usage; u.Reported || u.Estimated {
		m.tokens.WithLabelValues(op, provider, model, "input").Observe(float64(max(0, u.InputTokens())))
		if out := u.OutputTokens(); out > 0 || c.Operation != "embeddings" {
			m.tokens.WithLabelValues(op, provider, model, "output").Observe(float64(max(0, out)))
		}
	}
	if !c.Stream || c.FirstTokenMicros < 0 {
		return
	}
	m.first.WithLabelValues(op, provider, model).Observe(seconds(c.FirstTokenMicros))
	if out := c.Usage.OutputTokens(); ok && out > 1 && c.TotalMicros > c.FirstTokenMicros {
		per := seconds(c.TotalMicros-c.FirstTokenMicros) / float64(out-1)
		if !math.IsInf(per, 0) {
			m.perToken.WithLabelValues(op, provider, model).Observe(per)
		}
	}
}

// errorClass returns what error.type says of a call in metrics: one of a few words, for
// each makes a series. Empty: it went well.
func errorClass(c *record.Call) string {
	switch {
	case c.Outcome == record.OK:
		return ""
	case slices.Contains(errorClasses, c.ErrorKind):
		return c.ErrorKind
	case c.Outcome == record.Cancelled || c.Outcome == record.Interrupted:
		return string(c.Outcome)
	}
	return otherError
}

// errorClasses are the kinds of fault by name.
var errorClasses = func() []string {
	var list []string
	for k := fault.Internal; k <= fault.Refused; k++ {
		list = append(list, k.String())
	}
	return list
}()

// set is the values that a label has had.
type set struct {
	most int
	has  map[string]struct{}
}

func newSet(most int) set { return set{most: most, has: map[string]struct{}{}} }

// name returns the value, or other where the set is full. A value that is new is let
// in where it may be.
func (s *set) name(v string, may bool) string {
	if v == "" {
		return none
	}
	v = clean(v)
	if _, ok := s.has[v]; ok {
		return v
	}
	if !may || len(s.has) >= s.most {
		return other
	}
	s.has[strings.Clone(v)] = struct{}{}
	return v
}
