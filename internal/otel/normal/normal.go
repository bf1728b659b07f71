// Package normal turns what applications report by OpenTelemetry into records.
//
// There is no one way in which a call of a model is reported. Three generations of
// the GenAI conventions are in use, and OpenInference, Langfuse, Traceloop, Vercel's
// AI SDK, MLflow, Pydantic AI, Genkit, LiveKit and others have words of their own.
// This package reads them all and says what they say in one vocabulary: what kind of
// work a span is, which provider and model served, what was used, how it ended, what
// was said.
//
// Every function is pure: no network, no store, no clock, and the messages that are
// given are never changed. What comes in is untrusted: everything is bounded, and what
// was bounded is counted in Cuts. What was reported is kept as it came, in
// record.Content.Raw, so that nothing is lost by a word that nobody here knows.
package normal

import (
	"encoding/hex"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/record"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Limits bounds what is taken of one span, log record or metric. A field that is
// zero or less stands for Default's.
type Limits struct {
	Attributes int // attributes of a span, of an event or of a resource each
	Value      int // bytes of one value
	Events     int // events of a span; links likewise
	Depth      int // nesting of one value
	Name       int // bytes of a name, a key or an identifier
	Raw        int // bytes of what is kept as it came
	Index      int // the largest index of a flattened array: "llm.input_messages.N"
	Tags       int // tags of a span; attributes of a data point
	Points     int // data points of a metric
}

// Default is what one span may bring.
var Default = Limits{
	Attributes: 1024, Value: 1 << 20, Events: 512, Depth: 32, Name: 512,
	Raw: 4 << 20, Index: 1000, Tags: 32, Points: 10_000,
}

// orDefault fills in what is not set.
func (l Limits) orDefault() Limits {
	for _, f := range []struct {
		have *int
		def  int
	}{
		{&l.Attributes, Default.Attributes}, {&l.Value, Default.Value}, {&l.Events, Default.Events},
		{&l.Depth, Default.Depth}, {&l.Name, Default.Name}, {&l.Raw, Default.Raw},
		{&l.Index, Default.Index}, {&l.Tags, Default.Tags}, {&l.Points, Default.Points},
	} {
		if *f.have <= 0 {
			*f.have = f.def
		}
	}
	return l
}

// Cuts counts what was bounded, mended or left out.
type Cuts struct {
	Attributes int // attributes dropped: there were too many
	Events     int // events and links dropped
	Values     int // values shortened
	Names      int // names and identifiers shortened
	Nesting    int // values dropped: they lay too deep
	Texts      int // texts mended: they were not UTF-8
	Times      int // times replaced: absent, absurd, or before their start
	Figures    int // figures dropped: negative, too large, or no numbers
	Indices    int // parts of flattened arrays dropped: out of range, or a forbidden name
	Tags       int // tags dropped or shortened
	IDs        int // trace, span and link ids dropped that have no valid form
	Scores     int // scores dropped: without a name, or without value and label
	Points     int // data points dropped
	Raw        int // 1 where what came was shortened to be kept
}

// Any reports whether anything was cut.
func (c Cuts) Any() bool { return c != Cuts{} }

// Add adds other's counts to c.
func (c *Cuts) Add(other Cuts) {
	for i, f := range other.fields() {
		*c.fields()[i].n += *f.n
	}
}

// Counts returns what was cut by its name: "attributes", "values", ...; nil if nothing
// was.
func (c Cuts) Counts() map[string]int {
	var m map[string]int
	for _, f := range c.fields() {
		if *f.n == 0 {
			continue
		}
		if m == nil {
			m = map[string]int{}
		}
		m[f.name] = *f.n
	}
	return m
}

type cutField struct {
	name string
	n    *int
}

func (c *Cuts) fields() []cutField {
	return []cutField{
		{"attributes", &c.Attributes}, {"events", &c.Events}, {"values", &c.Values}, {"names", &c.Names}, {"nesting", &c.Nesting},
		{"texts", &c.Texts}, {"times", &c.Times}, {"figures", &c.Figures}, {"indices", &c.Indices}, {"tags", &c.Tags},
		{"ids", &c.IDs}, {"scores", &c.Scores}, {"points", &c.Points}, {"raw", &c.Raw},
	}
}

// SkipPending is the Result.Skip of a span that has only begun: the whole span
// follows under the same ids.
const SkipPending = "pending"

// Result is what a span says.
type Result struct {
	// Skip says why the span should not be recorded; empty: it should. The rest is
	// filled in all the same.
	Skip string
	// Call is of Source FromOTLP. It has no cost yet: what the application says that it
	// paid is in Usage, and Pricing is Unpriced, or Free where nothing was used.
	Call    record.Call
	Content *record.Content // never nil: Raw is always kept
	Scores  []record.Score
	Cut     Cuts
}

// Span returns what a span says. Res and scope may be nil. Who is the key that sent
// it; now bounds times that lie in the future. The same span gives the same result,
// ids included, whenever its start is sane. A span whose ids are not valid is a
// fault.Invalid.
func Span(who ident.Principal, res *resourcepb.Resource, scope *commonpb.InstrumentationScope, span *tracepb.Span, now time.Time, limits Limits) (Result, error) {
	if err := checkIDs(span); err != nil {
		return Result{}, err
	}
	n := &reader{who: who, now: now, limits: limits.orDefault()}
	n.res, n.scope, n.span = n.boundResource(res), n.boundScope(scope), n.boundSpan(span)
	n.attrs, n.resAttrs = newAttrs(n, n.span.GetAttributes()), newAttrs(n, n.res.GetAttributes())

	c := &n.call
	c.Org, c.Team, c.Project, c.Key, c.KeyName = who.Org, who.Team, who.Project, who.Key, who.KeyName
	c.Source = record.FromOTLP
	c.TraceID, c.SpanID = hex.EncodeToString(span.GetTraceId()), hex.EncodeToString(span.GetSpanId())
	c.ParentSpanID = n.spanID(span.GetParentSpanId())
	n.times()
	c.ID = idOf(c.Time, "span", who, c.TraceID, c.SpanID)

	n.documents() // what was said, since models and usage may stand only there
	n.names()
	n.models()
	n.usage()
	n.kind()
	n.outcome()
	n.labels()
	n.firstToken()
	c.Pricing = record.Unpriced
	if !c.Usage.Reported && !c.Usage.CostReported && (c.Kind != record.KindCall || c.Outcome != record.OK) {
		c.Pricing = record.Free
	}
	scores := n.scores()
	return Result{Skip: n.skip(), Call: *c, Content: n.content(), Scores: scores, Cut: n.cut}, nil
}

// skip says why the span should not be recorded.
func (n *reader) skip() string {
	if n.attrs.text("logfire.span_type") == "pending_span" {
		return SkipPending
	}
	return ""
}

// reader holds what is known of a span while it is read.
type reader struct {
	who    ident.Principal
	now    time.Time
	limits Limits

	res             *resourcepb.Resource
	scope           *commonpb.InstrumentationScope
	span            *tracepb.Span     // of a span
	log             *logspb.LogRecord // of a log record
	attrs, resAttrs *attrs

	call              record.Call
	request, response document
	explicit          bool // a model is named by an attribute that says so
	cut               Cuts
}

func checkIDs(span *tracepb.Span) error {
	switch {
	case span == nil:
		return fault.New(fault.Invalid, "invalid_span", "the span is empty").
			Hinted("send spans with a trace id and a span id")
	case !valid(span.GetTraceId(), 16):
		return fault.New(fault.Invalid, "invalid_trace_id", "a trace id has 16 bytes that are not all zero; this one has %d bytes", len(span.GetTraceId())).
			Hinted("send trace ids as 32 hex digits in JSON, or as 16 bytes in protobuf")
	case !valid(span.GetSpanId(), 8):
		return fault.New(fault.Invalid, "invalid_span_id", "a span id has 8 bytes that are not all zero; this one has %d bytes", len(span.GetSpanId())).
			Hinted("send span ids as 16 hex digits in JSON, or as 8 bytes in protobuf")
	}
	return nil
}

// valid reports whether an id has its length and is not all zero.
func valid(id []byte, length int) bool {
	if len(id) != length {
		return false
	}
	for _, b := range id {
		if b != 0 {
			return true
		}
	}
	return false
}

// spanID returns an id that may be missing in hex; an invalid one is none. Some
// emitters write an absent parent as zeros, which is no fault.
func (n *reader) spanID(id []byte) string {
	if valid(id, 8) {
		return hex.EncodeToString(id)
	}
	if len(id) != 0 && len(id) != 8 {
		n.cut.IDs++
	}
	return ""
}

func (n *reader) traceID(id []byte) string {
	if valid(id, 16) {
		return hex.EncodeToString(id)
	}
	if len(id) != 0 && len(id) != 16 {
		n.cut.IDs++
	}
	return ""
}
