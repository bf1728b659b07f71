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
}

// Entry is one entry of the journal: exactly one field is set.
type Entry struct {
	Hold *Hold
	Call *Call
}
