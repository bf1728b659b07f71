// Package record is what Steward writes down of a call: the entry that goes into
// the journal before the call's last byte goes out, and from which everything
// else is projected.
package record

import (
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

// Outcome says how a call ended.
type Outcome string

// The outcomes.
const (
	OK          Outcome = "ok"          // the caller got a whole answer
	Failed      Outcome = "error"       // the caller got an error, before or during the answer
	Cancelled   Outcome = "cancelled"   // the caller left
	Interrupted Outcome = "interrupted" // Steward died during the call; settled at start
)

// Pricing says how a call's cost came about.
type Pricing string

// The states of pricing.
const (
	Priced    Pricing = "priced"    // by the catalogue, from reported usage
	Estimated Pricing = "estimated" // by the catalogue, from usage that Steward counted, or at the hold
	Defaulted Pricing = "default"   // no price known; the configured default price
	Reported  Pricing = "reported"  // no price known; what the application says that it paid
	Unpriced  Pricing = "unpriced"  // no price known; the cost is unknown, not zero
	Free      Pricing = "free"      // nothing was used (an error before any answer)
)

// Call is the whole record of one call. Times are microseconds since the Unix
// epoch, UTC; durations are microseconds, -1 where the moment never came.
type Call struct {
	ID   ident.ID
	Time int64 // arrival of the request

	// who
	Org, Team, Project, Key, KeyName string
	Subject                          string // end user whom the call is about
	Session                          string
	TraceID, SpanID, ParentSpanID    string // hex, W3C trace context; SpanID is the call's own
	Tags                             []Tag
	UserAgent                        string

	// what was asked and what served
	Surface    string // the caller's wire format or pass-through surface: "openai-chat", "openai-files"
	Operation  string // "chat", "embeddings", "count_tokens", "images", "audio", "files", ...
	Asked      string // model as the caller wrote it
	Deployment string // empty until deployments are used
	Variant    string
	Revision   int64
	Provider   string // provider of the attempt that answered; empty: none was reached
	Model      string // upstream model that was sent
	Reported   string // model that the provider says answered
	UpstreamID string // the provider's id of the answer or request
	Stream     bool

	Attempts []Attempt

	// timings
	QueueMicros      int64 // arrival until the request left for the provider
	FirstByteMicros  int64 // arrival until the first byte of the answer left
	FirstTokenMicros int64 // arrival until the first output token left
	TotalMicros      int64 // arrival until the last byte

	// money
	Usage      llm.Usage
	Cost       money.Nano
	Pricing    Pricing
	Catalogue  string     // version of the price catalogue
	PriceID    string     // entry in it: "openai/gpt-4o"
	Ceiling    money.Nano // what was held
	CeilingSet bool       // false where no ceiling could be computed

	// outcome
	Outcome   Outcome
	Status    int    // HTTP status that the caller got
	ErrorKind string // fault.Kind's name; empty: none
	ErrorCode string
	Finish    llm.Finish
	Lost      []string // what translation could not carry
	Cache     string   // "", "miss", "exact", "semantic"

	RequestBytes, ResponseBytes int64
	Content                     ContentRef // zero: not kept

	// The rest is of spans: what an application reported by OpenTelemetry. The
	// gateway's own calls leave it empty.
	Source       string     // FromOTLP; empty: the gateway
	Kind         string     // what kind of work: one of the Kinds; empty: KindCall
	Name         string     // the span's name
	Service      string     // the application: service.name
	Environment  string     // "production"; see Call.Env
	Release      string     // version of the application
	Prompt       string     // name of the prompt that was filled in
	PromptNumber string     // its version
	Savings      money.Nano // what a cache hit spared
}

// FromOTLP is the Source of what came by OpenTelemetry.
const FromOTLP = "otlp"

// The kinds of work of a span.
const (
	KindCall      = "call" // one call of a model, embeddings included
	KindAgent     = "agent"
	KindChain     = "chain" // a workflow or a step of one
	KindTool      = "tool"
	KindRetriever = "retriever"
	KindReranker  = "reranker"
	KindGuardrail = "guardrail"
	KindEvaluator = "evaluator"
	KindPrompt    = "prompt"
	KindSpan      = "span" // anything else
)

// KindOf returns the call's kind.
func (c *Call) KindOf() string {
	if c.Kind == "" {
		return KindCall
	}
	return c.Kind
}

// SourceOf returns where the call came from: "gateway" or FromOTLP.
func (c *Call) SourceOf() string {
	if c.Source == "" {
		return "gateway"
	}
	return c.Source
}

// Env returns the environment that the call belongs to: what was reported, else
// the value of its tag env or environment.
func (c *Call) Env() string {
	if c.Environment != "" {
		return c.Environment
	}
	for _, t := range c.Tags {
		if t.Name == "env" || t.Name == "environment" {
			return t.Value
		}
	}
	return ""
}

// Tag is one name and value that the caller gave.
type Tag struct{ Name, Value string }

// Attempt is one try at one provider.
type Attempt struct {
	Provider, Model string
	StartMicros     int64 // after the call's arrival
	DurationMicros  int64
	Status          int // HTTP status; 0: no answer
	ErrorKind       string
	ErrorCode       string
	RequestID       string // the provider's request id
	Cost            money.Nano
}

// ContentRef says where a call's request and answer lie in the journal's content
// log. The zero ContentRef means that content was not kept.
type ContentRef struct {
	Offset int64 // log offset
	Length int64 // bytes stored
}

// Hold is written before a call leaves for a provider, so that a restart knows
// what was in flight and can settle it.
type Hold struct {
	ID                               ident.ID
	Time                             int64
	Org, Team, Project, Key, KeyName string
	Subject                          string
	Surface, Operation, Asked        string
	Provider, Model                  string
	Stream                           bool
	Ceiling                          money.Nano // the most that the call can cost
	CeilingSet                       bool
	Catalogue, PriceID               string
}

// Content is what was said: kept apart from the record, compressed, and later
// encrypted under the subject's key.
type Content struct {
	Request      []byte // the caller's body, as it came
	Response     []byte // the body that the caller got, as it went
	RequestType  string // Content-Type
	ResponseType string
	// RequestCut and ResponseCut report that a body was longer than what is kept.
	RequestCut, ResponseCut bool
	// Raw is what an application reported, as it came: an OTLP ResourceSpans or
	// ResourceLogs message with one span or log record (protobuf). Nil of the
	// gateway's own calls.
	Raw []byte
}

// Score is what somebody or something found a call or a span to be worth.
type Score struct {
	ID                        ident.ID
	Time                      int64 // microseconds since the Unix epoch
	Org, Team, Project, Key   string
	TraceID, SpanID, Response string // what it is about: a span, or the answer with this id of the provider's
	Name                      string // what was judged: "helpfulness"
	Micros                    int64  // the value in millionths; valid where Valued
	Valued                    bool
	Label                     string
	Source                    string // FromOTLP
}

// Log is one log record that an application reported. Its text is content.
type Log struct {
	ID                      ident.ID
	Time                    int64
	Org, Team, Project, Key string
	Subject                 string // whose key the content is sealed under
	TraceID, SpanID         string
	Service                 string
	Event                   string // name of the event: "gen_ai.client.inference.operation.details"
	Severity                int64  // 1 to 24 (OpenTelemetry); 0: not said
	Content                 ContentRef
}

// Point is one data point of a metric that an application reported.
type Point struct {
	ID                      ident.ID
	Time, Start             int64 // Start is 0 where it was not said
	Org, Team, Project, Key string
	Service                 string
	Name, Unit              string
	Type                    string // "gauge", "sum", "histogram", "summary"
	Delta                   bool   // counts since Start, not since the application's start
	Attributes              []Tag
	Count                   int64 // observations of a histogram or a summary
	Micros                  int64 // the value, or the sum of the observations, in millionths
}

// Entry is one entry of the journal: exactly one field is set.
type Entry struct {
	Hold  *Hold
	Call  *Call
	Span  *Call // of Source FromOTLP
	Score *Score
	Log   *Log
	Point *Point
}
