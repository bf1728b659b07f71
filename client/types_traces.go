package client

// TraceList is traces, newest first.
type TraceList struct {
	Traces []TraceSum `json:"traces" nullable:"false"`
	More   bool       `json:"more" doc:"There are more than the limit; ask for an earlier time"`
}

// TraceSum is one trace, added up. Rows that say again what another row says add to
// spans alone.
type TraceSum struct {
	TraceID  string `json:"trace_id"`
	Name     string `json:"name" doc:"Name of its root"`
	Service  string `json:"service" doc:"Application that reported it; empty: the gateway alone knows of it"`
	Session  string `json:"session"`
	Subject  string `json:"subject"`
	Start    string `json:"start" doc:"RFC 3339, UTC"`
	Duration int64  `json:"duration_us"`
	Spans    int64  `json:"spans" doc:"All rows, calls included"`
	Calls    int64  `json:"calls"`
	Errors   int64  `json:"errors"`
	Unpriced int64  `json:"unpriced" doc:"Calls of unknown cost, not in cost_nano"`
	CostNano int64  `json:"cost_nano"`
	Tokens   int64  `json:"tokens" doc:"In and out"`
}

// Trace is one trace with its rows.
type Trace struct {
	TraceSum
	Rows    []Call    `json:"rows" nullable:"false" doc:"Calls and spans by time; empty where compact was asked for"`
	Compact []SpanRow `json:"compact" nullable:"false" doc:"The same in short, where compact was asked for"`
	Scores  []Score   `json:"scores" nullable:"false"`
	Logs    []Log     `json:"logs" nullable:"false" doc:"Log records, without their texts"`
	Partial bool      `json:"partial" doc:"There are more rows than the limit; sums are of those that are here"`
}

// SpanRow is a call or a span as a tree shows it.
type SpanRow struct {
	ID       string `json:"id"`
	SpanID   string `json:"span_id"`
	Parent   string `json:"parent_span_id,omitempty"`
	Kind     string `json:"kind"`
	Name     string `json:"name,omitempty"`
	Service  string `json:"service,omitempty"`
	Start    int64  `json:"start_us" doc:"After the trace's start, microseconds"`
	Duration int64  `json:"duration_us" doc:"-1: not known"`
	Model    string `json:"model,omitempty"`
	Outcome  string `json:"outcome"`
	Error    string `json:"error,omitempty"`
	Counted  bool   `json:"counted" doc:"Sums include it"`
	Tokens   int64  `json:"tokens,omitempty"`
	CostNano int64  `json:"cost_nano,omitempty"`
	Pricing  string `json:"pricing,omitempty"`
}

// Score is what somebody or something found a call or a span to be worth.
type Score struct {
	ID         string   `json:"id"`
	Time       string   `json:"time" doc:"RFC 3339, UTC"`
	Name       string   `json:"name" doc:"What was judged"`
	Value      *float64 `json:"value" doc:"null: there is a label only"`
	Label      string   `json:"label,omitempty"`
	SpanID     string   `json:"span_id,omitempty"`
	UpstreamID string   `json:"upstream_id,omitempty" doc:"The provider's id of the answer that it is about"`
	Source     string   `json:"source"`
}

// Log is one log record that an application reported.
type Log struct {
	ID       string `json:"id"`
	Time     string `json:"time" doc:"RFC 3339, UTC"`
	SpanID   string `json:"span_id,omitempty"`
	Service  string `json:"service,omitempty"`
	Event    string `json:"event,omitempty" doc:"Name of the event"`
	Severity int64  `json:"severity" doc:"1 to 24 as in OpenTelemetry; 0: not said"`
}

// SessionList is sessions, the one with the newest call first.
type SessionList struct {
	Sessions []SessionSum `json:"sessions" nullable:"false"`
	More     bool         `json:"more" doc:"There are more than the limit; ask for an earlier time"`
}

// SessionSum is one session, added up.
type SessionSum struct {
	Session  string `json:"session"`
	Subject  string `json:"subject"`
	First    string `json:"first" doc:"RFC 3339, UTC"`
	Last     string `json:"last" doc:"RFC 3339, UTC"`
	Traces   int64  `json:"traces"`
	Calls    int64  `json:"calls"`
	Errors   int64  `json:"errors"`
	Unpriced int64  `json:"unpriced" doc:"Calls of unknown cost, not in cost_nano"`
	CostNano int64  `json:"cost_nano"`
	Tokens   int64  `json:"tokens" doc:"In and out"`
}

// SessionDetail is one session with its traces.
type SessionDetail struct {
	SessionSum
	List []TraceSum `json:"list" nullable:"false" doc:"Its traces, oldest first"`
	More bool       `json:"more" doc:"It has more traces than the limit; the oldest are left out"`
}
