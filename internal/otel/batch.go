package otel

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/otel/normal"
	"github.com/steward-llmops/steward/internal/record"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
)

// signal is a kind of telemetry.
type signal int

const (
	traces signal = iota
	logs
	metrics
	numSignals
)

var signalNames = [numSignals]string{"traces", "logs", "metrics"}

// String returns the signal's name, as labels and paths have it.
func (s signal) String() string { return signalNames[s] }

// encoding is how a request is written, and its answer.
type encoding int

const (
	protobuf encoding = iota
	inJSON
)

// take takes the body of one request: it returns the answer once the journal has what
// was in it. Whatever is sent, it must not end the process that calls go through: a
// panic becomes an error, and its value, which may hold content, goes nowhere.
func (r *Receiver) take(ctx context.Context, s signal, who ident.Principal, enc encoding, body []byte) (out proto.Message, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.opts.Log.Error("a request with telemetry broke its reader", "signal", s.String(), "stack", string(debug.Stack()))
			out, err = nil, fault.New(fault.Internal, "telemetry_bug", "this request cannot be read").
				Hinted("please report it: the server's log says where")
		}
	}()
	b := &batch{r: r, who: who, now: r.opts.Now(), inside: map[ident.ID]struct{}{}}
	r.counters.bytes[s].Add(int64(len(body)))
	switch s {
	case traces:
		out, err = b.traces(enc, body)
	case logs:
		out, err = b.logs(enc, body)
	case metrics:
		out, err = b.metrics(enc, body)
	}
	if err != nil {
		return nil, err
	}
	if err := r.append(ctx, b.items); err != nil {
		r.counters.count(s, refused, b.counts[accepted]+b.counts[refused])
		return nil, err
	}
	r.seen.add(b.items)
	for i, n := range b.counts {
		r.counters.count(s, result(i), n)
	}
	r.counters.cut(b.cuts)
	return out, nil
}

// batch gathers what is in one request.
type batch struct {
	r      *Receiver
	who    ident.Principal
	now    time.Time
	items  []Item
	inside map[ident.ID]struct{} // what is in items
	counts [numResults]int64
	cuts   normal.Cuts
	why    error // the first refusal
}

// known reports whether an id is in the batch already, or was written lately.
func (b *batch) known(id ident.ID) bool {
	if _, twice := b.inside[id]; twice || b.r.seen.has(id) {
		return true
	}
	b.inside[id] = struct{}{}
	return false
}

func (b *batch) add(e record.Entry, content *record.Content) {
	if b.r.opts.NoContent {
		content = nil
	}
	b.items = append(b.items, Item{Entry: e, Content: content})
}

// scores adds what was found about a span or an answer; scores are not counted as
// items, for they come within one.
func (b *batch) scores(list []record.Score) {
	for i := range list {
		if !b.known(list[i].ID) {
			b.add(record.Entry{Score: &list[i]}, nil)
		}
	}
}

func (b *batch) refuse(n int64, err error) {
	b.counts[refused] += n
	if b.why == nil {
		b.why = err
	}
}

// refusal says how many items were refused, and why the first was; it is empty where
// none was. It holds nothing of what was sent.
func (b *batch) refusal(what string) string {
	if b.counts[refused] == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s refused, the first because %s", b.counts[refused], what, fault.As(b.why).Public())
}

func (b *batch) traces(enc encoding, body []byte) (proto.Message, error) {
	req, err := decode(enc, body, normal.TracesJSON)
	if err != nil {
		return nil, err
	}
	for _, rs := range req.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			for _, span := range ss.GetSpans() {
				got, err := normal.Span(b.who, rs.GetResource(), ss.GetScope(), span, b.now, b.r.opts.Limits)
				if err != nil {
					b.refuse(1, err)
					continue
				}
				b.span(&got)
			}
		}
	}
	answer := &coltracepb.ExportTraceServiceResponse{}
	if why := b.refusal("spans"); why != "" {
		answer.PartialSuccess = &coltracepb.ExportTracePartialSuccess{RejectedSpans: b.counts[refused], ErrorMessage: why}
	}
	return answer, nil
}

func (b *batch) span(got *normal.Result) {
	switch {
	case got.Skip != "":
		b.counts[dropped]++
		return
	case b.known(got.Call.ID):
		b.counts[duplicate]++
		return
	}
	b.counts[accepted]++
	b.cuts.Add(got.Cut)
	setPrice(&got.Call, b.r.opts.Tariff)
	b.add(record.Entry{Span: &got.Call}, got.Content)
	b.scores(got.Scores)
}

func (b *batch) logs(enc encoding, body []byte) (proto.Message, error) {
	req, err := decode(enc, body, normal.LogsJSON)
	if err != nil {
		return nil, err
	}
	for _, rl := range req.GetResourceLogs() {
		for _, sl := range rl.GetScopeLogs() {
			for _, l := range sl.GetLogRecords() {
				got, err := normal.Log(b.who, rl.GetResource(), sl.GetScope(), l, b.now, b.r.opts.Limits)
				if err != nil {
					b.refuse(1, err)
					continue
				}
				if b.known(got.Log.ID) {
					b.counts[duplicate]++
					continue
				}
				b.counts[accepted]++
				b.cuts.Add(got.Cut)
				b.add(record.Entry{Log: &got.Log}, got.Content)
				b.scores(got.Scores)
			}
		}
	}
	answer := &collogspb.ExportLogsServiceResponse{}
	if why := b.refusal("log records"); why != "" {
		answer.PartialSuccess = &collogspb.ExportLogsPartialSuccess{RejectedLogRecords: b.counts[refused], ErrorMessage: why}
	}
	return answer, nil
}

func (b *batch) metrics(enc encoding, body []byte) (proto.Message, error) {
	req, err := decode(enc, body, normal.MetricsJSON)
	if err != nil {
		return nil, err
	}
	for _, rm := range req.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				points, cuts, err := normal.Metric(b.who, rm.GetResource(), sm.GetScope(), m, b.now, b.r.opts.Limits)
				if err != nil {
					b.refuse(1, err)
					continue
				}
				b.points(points, cuts)
			}
		}
	}
	answer := &colmetricspb.ExportMetricsServiceResponse{}
	if why := b.refusal("metrics"); why != "" {
		answer.PartialSuccess = &colmetricspb.ExportMetricsPartialSuccess{RejectedDataPoints: b.counts[refused], ErrorMessage: why}
	}
	return answer, nil
}

func (b *batch) points(points []record.Point, cuts normal.Cuts) {
	b.counts[dropped] += int64(cuts.Points)
	b.cuts.Add(cuts)
	for i := range points {
		if b.known(points[i].ID) {
			b.counts[duplicate]++
			continue
		}
		b.counts[accepted]++
		b.add(record.Entry{Point: &points[i]}, nil)
	}
}

// decode reads a request. What the decoder says of it is not passed on: it may quote
// what was sent.
func decode[T any, M interface {
	*T
	proto.Message
}](enc encoding, body []byte, fromJSON func([]byte) (M, error)) (M, error) {
	if enc == inJSON {
		return fromJSON(body)
	}
	m := M(new(T))
	if err := (proto.UnmarshalOptions{RecursionLimit: nesting}).Unmarshal(body, m); err != nil {
		return nil, fault.New(fault.Invalid, "invalid_otlp", "the body is not an OTLP request in protobuf").
			Hinted("send what an OpenTelemetry SDK's OTLP exporter sends")
	}
	return m, nil
}

// nesting is how deep messages may lie in one another; a level of an attribute's value
// takes up to four.
const nesting = 200
