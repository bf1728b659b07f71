package client

import "github.com/steward-llmops/steward/internal/observe/calls"

// Call is one call as lists show it. Times are RFC 3339, UTC; durations are
// microseconds; money is nano-dollars.
type Call = calls.View

// CallPage is one page of calls, newest first.
type CallPage struct {
	Calls   []Call `json:"calls" nullable:"false"`
	Next    string `json:"next" doc:"Pass as before to get the next page; empty: this is the last"`
	Partial bool   `json:"partial" doc:"The search ended before it had looked at all that was asked for; next goes on where it ended"`
	Reason  string `json:"reason,omitempty" doc:"Why it is partial"`
}

// CallDetail is everything that is known about one call. Its fields beside Call's
// are: what it took, what was tried, what was used, and what was said.
type CallDetail struct {
	Call
	Timings     Timings          `json:"timings"`
	Tries       []Try            `json:"tries" nullable:"false" doc:"Every try at a provider, in order"`
	Usage       map[string]int64 `json:"usage" doc:"What was used, by quantity; quantities that are zero are left out"`
	Reported    bool             `json:"usage_reported" doc:"The provider gave the figures; else they were counted here or are unknown"`
	OtherUsage  []OtherUsage     `json:"other_usage,omitempty" doc:"What other models used within the call"`
	CeilingNano *int64           `json:"ceiling_nano,omitempty" doc:"The most that the call could cost, held while it ran"`
	ErrorKind   string           `json:"error_kind,omitempty"`
	Reply       string           `json:"reported_model,omitempty" doc:"Model that the provider says answered"`
	Deployment  string           `json:"deployment,omitempty"`
	Variant     string           `json:"variant,omitempty"`
	UserAgent   string           `json:"user_agent,omitempty"`
	Tier        string           `json:"service_tier,omitempty"`
	Sent        int64            `json:"request_bytes"`
	Received    int64            `json:"response_bytes"`
	Content     *Content         `json:"content,omitempty" doc:"What was said; only where it was asked for and is kept"`
}

// Timings are microseconds after the call's arrival; -1 where the moment never
// came.
type Timings struct {
	Queue      int64 `json:"queue_us" doc:"Until the request left for the provider"`
	FirstByte  int64 `json:"first_byte_us" doc:"Until the first byte of the answer left"`
	FirstToken int64 `json:"first_token_us" doc:"Until the first output token left"`
	Total      int64 `json:"total_us" doc:"Until the last byte"`
}

// Try is one try at one provider.
type Try struct {
	Provider  string `json:"provider"`
	Model     string `json:"model"`
	Start     int64  `json:"start_us" doc:"After the call's arrival, microseconds"`
	Duration  int64  `json:"duration_us"`
	Status    int    `json:"status" doc:"HTTP status; 0: no answer"`
	Error     string `json:"error" doc:"Stable error code; empty: none"`
	ErrorKind string `json:"error_kind,omitempty"`
	RequestID string `json:"request_id,omitempty" doc:"The provider's id of the request"`
	CostNano  int64  `json:"cost_nano"`
}

// OtherUsage is what another model used within a call.
type OtherUsage struct {
	Model string           `json:"model"`
	Usage map[string]int64 `json:"usage"`
}

// Content is what was said in a call.
type Content struct {
	Request      string `json:"request" doc:"The caller's body"`
	Response     string `json:"response" doc:"The body that the caller got"`
	RequestType  string `json:"request_type"`
	ResponseType string `json:"response_type"`
	Encoding     string `json:"encoding" enum:"text,base64" doc:"How both bodies are written: base64 where one of them is not text"`
	RequestCut   bool   `json:"request_cut,omitempty" doc:"The request was longer than what is kept"`
	ResponseCut  bool   `json:"response_cut,omitempty" doc:"The answer was longer than what is kept"`
	Raw          string `json:"raw,omitempty" doc:"What an application reported, as it came: an OTLP ResourceSpans message with one span, protobuf in base64"`
}
