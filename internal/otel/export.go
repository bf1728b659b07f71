package otel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/record"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Source names who exports: the attributes of OTLP's resource.
type Source struct {
	Name     string // service.name; empty means steward
	Version  string
	Instance string // service.instance.id
}

func (s Source) resource() *resourcepb.Resource {
	var a attributes
	if s.Name == "" {
		s.Name = "steward"
	}
	a.text(keyServiceName, s.Name)
	a.text(keyServiceVersion, s.Version)
	a.text(keyServiceInstance, s.Instance)
	return &resourcepb.Resource{Attributes: a}
}

func (s Source) scope() *commonpb.InstrumentationScope {
	return &commonpb.InstrumentationScope{Name: "steward", Version: s.Version}
}

// ExportOptions say what is exported, and where to.
type ExportOptions struct {
	Target Target
	Source Source
	// File keeps how far the export is.
	File string
	// End returns the journal's end, where the very first export begins.
	End    func() int64
	Naming Naming // nil: the names of providers are their kinds
	// Contents, if not nil, is what was said, which then goes out too.
	Contents   Contents
	Subjects   bool // the subject goes out as user.id
	Now        func() time.Time
	Log        *slog.Logger          // nil: discarded
	Registerer prometheus.Registerer // nil: no counters
}

// Exporter exports the gateway's calls as spans. It is a projection of the journal
// (internal/jobs): at least once, in order, and never in the way of a call. What an
// application reported itself is not exported. It is for one goroutine; Status may be
// asked from any.
type Exporter struct {
	opts   ExportOptions
	send   *sender
	at     int64 // the position; -1: not read yet
	ahead  int   // calls of the batch from at on that went out before it failed
	resume time.Time

	sent, refused, failures atomic.Int64
	failing                 atomic.Pointer[string]
}

// ExportStatus is how the export is getting on.
type ExportStatus struct {
	Endpoint string `json:"endpoint" doc:"Where spans are sent"`
	Sent     int64  `json:"sent" doc:"Spans that were taken since start"`
	Refused  int64  `json:"refused" doc:"Spans that the other side will not take, since start; they are not sent again"`
	Failures int64  `json:"failures" doc:"Requests that failed and are sent again, since start"`
	Error    string `json:"error,omitempty" doc:"Why it is not getting on; empty: it is"`
}

// NewExporter returns an exporter; a jobs.Projector runs it.
func NewExporter(opts ExportOptions) (*Exporter, error) {
	send, err := newSender(opts.Target)
	if err != nil {
		return nil, err
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	e := &Exporter{opts: opts, send: send, at: -1}
	if reg := opts.Registerer; reg != nil {
		for name, n := range map[string]*atomic.Int64{"sent": &e.sent, "refused": &e.refused} {
			reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "steward_otlp_export_spans_total",
				Help: "Spans of calls that were exported, by what became of them.", ConstLabels: prometheus.Labels{"result": name}},
				func() float64 { return float64(n.Load()) }))
		}
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "steward_otlp_export_failures_total",
			Help: "Export requests that failed and are sent again."}, func() float64 { return float64(e.failures.Load()) }))
	}
	return e, nil
}

// Status returns how the export is getting on.
func (e *Exporter) Status() ExportStatus {
	s := ExportStatus{Endpoint: e.send.base, Sent: e.sent.Load(), Refused: e.refused.Load(), Failures: e.failures.Load()}
	if why := e.failing.Load(); why != nil {
		s.Error = *why
	}
	return s
}

// Position returns the journal offset up to which calls have been exported. The first
// time of all it is the journal's end: what was before is not exported.
func (e *Exporter) Position(context.Context) (int64, error) {
	if e.at >= 0 {
		return e.at, nil
	}
	b, err := os.ReadFile(e.opts.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return e.keep(e.opts.End())
	case err != nil:
		return 0, fmt.Errorf("read the export's position: %w", err)
	}
	at, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil || at < 0 {
		return 0, fault.New(fault.Unavailable, "export_position", "%s holds no position", e.opts.File).
			Hinted("remove the file: the export then begins at the journal's end")
	}
	if end := e.opts.End(); at > end { // another journal
		e.opts.Log.Warn("the export's position lies behind the journal's end; it goes on from there", "position", at, "end", end)
		return e.keep(end)
	}
	e.at = at
	return at, nil
}

// keep writes the position down, whole or not at all.
func (e *Exporter) keep(at int64) (int64, error) {
	dir := filepath.Dir(e.opts.File)
	f, err := os.CreateTemp(dir, filepath.Base(e.opts.File)+".*")
	if err != nil {
		return 0, fmt.Errorf("write the export's position: %w", err)
	}
	_, err = fmt.Fprintln(f, at)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), e.opts.File)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return 0, fmt.Errorf("write the export's position: %w", err)
	}
	e.at, e.ahead = at, 0
	return at, nil
}

// Spans go out in requests of at most so many, and so many bytes.
const (
	requestSpans = 512
	requestBytes = 3 << 20
)

// Apply exports the calls among the entries. After an error nothing is lost: the same
// entries come again, and those that went out are not sent twice while the process
// lives. It waits as long as the other side asked for before it sends again.
func (e *Exporter) Apply(ctx context.Context, from int64, entries []record.Entry, next int64) error {
	if at, err := e.Position(ctx); err != nil {
		return err
	} else if at != from {
		return fmt.Errorf("export from %d: it stands at %d", from, at)
	}
	if err := e.wait(ctx); err != nil {
		return err
	}
	err := e.export(ctx, entries)
	if err == nil {
		_, err = e.keep(next)
	}
	if err != nil {
		why := err.Error()
		e.failing.Store(&why)
		return err
	}
	e.failing.Store(nil)
	return nil
}

// wait waits until the other side wants to be asked again.
func (e *Exporter) wait(ctx context.Context) error {
	d := e.resume.Sub(e.opts.Now())
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (e *Exporter) export(ctx context.Context, entries []record.Entry) error {
	var spans []*tracepb.Span
	size, calls := 0, 0 // of what is in spans
	flush := func() error {
		if len(spans) == 0 {
			return nil
		}
		if err := e.post(ctx, spans); err != nil {
			return err
		}
		e.ahead += calls
		spans, size, calls = nil, 0, 0
		return nil
	}
	skip := e.ahead
	for i := range entries {
		c := entries[i].Call
		if c == nil {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		list := e.spansOf(c)
		if err := e.addContent(ctx, c, list[0]); err != nil {
			return err
		}
		for _, s := range list {
			size += proto.Size(s)
		}
		spans, calls = append(spans, list...), calls+1
		if len(spans) >= requestSpans || size >= requestBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// addContent adds what was said, where that is wanted. Content that cannot be read
// (its time is over) is left out.
func (e *Exporter) addContent(ctx context.Context, c *record.Call, s *tracepb.Span) error {
	if e.opts.Contents == nil || c.Content == (record.ContentRef{}) {
		return nil
	}
	m, err := e.opts.Contents.Messages(ctx, c)
	if err != nil {
		return ctx.Err()
	}
	a := attributes(s.Attributes)
	a.addContent(m, c.Finish)
	s.Attributes = a
	return nil
}

// post sends spans. Those that the other side will not take are counted and let go.
func (e *Exporter) post(ctx context.Context, spans []*tracepb.Span) error {
	req := &coltracepb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource: e.opts.Source.resource(), SchemaUrl: schemaURL,
		ScopeSpans: []*tracepb.ScopeSpans{{Scope: e.opts.Source.scope(), Spans: spans, SchemaUrl: schemaURL}},
	}}}
	var answer coltracepb.ExportTraceServiceResponse
	err := e.send.send(ctx, traces, req, &answer)
	var failed *sendError
	switch {
	case err == nil:
		lost := max(0, min(answer.GetPartialSuccess().GetRejectedSpans(), int64(len(spans))))
		if lost > 0 && e.refused.Add(lost) == lost {
			e.opts.Log.Warn("the OTLP endpoint refuses spans", "spans", lost)
		}
		e.sent.Add(int64(len(spans)) - lost)
		return nil
	case !errors.As(err, &failed):
		return err
	case failed.again:
		e.failures.Add(1)
		e.resume = e.opts.Now().Add(failed.after)
		return failed
	case failed.status == 413 && len(spans) > 1:
		half := len(spans) / 2
		if err := e.post(ctx, spans[:half]); err != nil {
			return err
		}
		return e.post(ctx, spans[half:])
	}
	if e.refused.Add(int64(len(spans))) == int64(len(spans)) {
		e.opts.Log.Warn("the OTLP endpoint refuses spans", "spans", len(spans), "err", failed)
	}
	return nil
}
