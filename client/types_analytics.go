package client

// Table is the answer to a question about calls.
type Table struct {
	Rows     []map[string]any  `json:"rows" nullable:"false" doc:"A field a dimension (text) and a field a measure (number, or null where there is nothing to compute it from); with compare, previous holds the measures of the period before, or null"`
	By       []string          `json:"by" nullable:"false" doc:"The dimensions, in order"`
	Measures []string          `json:"measures" nullable:"false" doc:"The measures, in order"`
	Units    map[string]string `json:"units" doc:"By measure: calls, spans, tokens, nano_usd, us, ratio, per_second, score, values or number"`
	From     string            `json:"from" doc:"Inclusive, RFC 3339"`
	To       string            `json:"to" doc:"Exclusive, RFC 3339"`
	Filter   string            `json:"filter" doc:"The filter as it was understood; empty: none"`
	Groups   int64             `json:"groups,omitempty" doc:"How many rows there are, where that is more than are given"`
	Partial  bool              `json:"partial" doc:"Some of the calls or rows are missing"`
	Reason   string            `json:"reason,omitempty" doc:"Why it is partial"`
	Scanned  int64             `json:"scanned" doc:"Calls that were read one by one"`
	Rolled   bool              `json:"rolled" doc:"Some of it came from rollups"`
}

// FacetList is the values of fields.
type FacetList struct {
	Facets []Facet `json:"facets" nullable:"false"`
}

// Facet is the values of one field, the most calls first.
type Facet struct {
	Field  string       `json:"field"`
	Values []FacetValue `json:"values" nullable:"false"`
	More   bool         `json:"more" doc:"There are more values"`
}

// FacetValue is one value of a field.
type FacetValue struct {
	Value string `json:"value"`
	Calls int64  `json:"calls" doc:"-1: not known"`
}

// FieldList is what calls can be asked by.
type FieldList struct {
	Fields       []Field  `json:"fields" nullable:"false"`
	Measures     []string `json:"measures" nullable:"false"`
	Aggregations []string `json:"aggregations" nullable:"false"`
	Dimensions   []string `json:"dimensions" nullable:"false" doc:"Beside them tag.NAME"`
}

// Field is one word of the query language.
type Field struct {
	Name      string   `json:"name"`
	Aliases   []string `json:"aliases" nullable:"false"`
	Kind      string   `json:"kind" enum:"text,number,duration,money,decimal,bool,time"`
	Doc       string   `json:"doc"`
	Dimension bool     `json:"dimension" doc:"Calls can be grouped by it"`
	Facet     bool     `json:"facet" doc:"Its values are listed"`
}

// ParsedQuery is a text of the query language as it is understood.
type ParsedQuery struct {
	Query string `json:"query" doc:"Canonical text"`
}

// TraceList is traces, newest first.
type TraceList struct {
	Traces []Trace `json:"traces" nullable:"false"`
}

// Trace is one trace, added up. What is told twice in it counts once.
type Trace struct {
	ID       string `json:"trace_id"`
	Session  string `json:"session,omitempty"`
	Subject  string `json:"subject,omitempty"`
	Name     string `json:"name" doc:"Of its root"`
	Service  string `json:"service,omitempty"`
	Time     string `json:"time" doc:"Start, RFC 3339"`
	Duration int64  `json:"duration_us"`
	Spans    int64  `json:"spans"`
	Calls    int64  `json:"calls"`
	Errors   int64  `json:"errors"`
	Unpriced int64  `json:"unpriced"`
	CostNano int64  `json:"cost_nano"`
	Tokens   int64  `json:"tokens"`
}

// TraceDetail is one trace with its rows.
type TraceDetail struct {
	Trace
	Rows    []Call  `json:"rows" nullable:"false" doc:"By time; parent_span_id makes the tree"`
	Scores  []Score `json:"scores" nullable:"false"`
	Logs    []Log   `json:"logs" nullable:"false"`
	Partial bool    `json:"partial" doc:"It has more rows than were asked for"`
}

// Score is what a call or a span was found to be worth.
type Score struct {
	Time   string   `json:"time"`
	SpanID string   `json:"span_id,omitempty"`
	Name   string   `json:"name"`
	Value  *float64 `json:"value" doc:"Null where there is a label alone"`
	Label  string   `json:"label,omitempty"`
	Source string   `json:"source"`
}

// Log is a log record that an application reported, without its text.
type Log struct {
	Time     string `json:"time"`
	SpanID   string `json:"span_id,omitempty"`
	Service  string `json:"service,omitempty"`
	Event    string `json:"event,omitempty"`
	Severity int64  `json:"severity" doc:"1 to 24 (OpenTelemetry); 0: not said"`
}

// SessionList is sessions, the one with the newest call first.
type SessionList struct {
	Sessions []SessionSum `json:"sessions" nullable:"false"`
}

// SessionSum is one session, added up.
type SessionSum struct {
	Session  string `json:"session"`
	Subject  string `json:"subject,omitempty"`
	First    string `json:"first" doc:"RFC 3339"`
	Last     string `json:"last" doc:"RFC 3339"`
	Traces   int64  `json:"traces"`
	Calls    int64  `json:"calls"`
	Errors   int64  `json:"errors"`
	Unpriced int64  `json:"unpriced"`
	CostNano int64  `json:"cost_nano"`
	Tokens   int64  `json:"tokens"`
}

// MetricList is the metrics that applications reported.
type MetricList struct {
	Metrics []Metric `json:"metrics" nullable:"false"`
}

// Metric is one of them.
type Metric struct {
	Name     string   `json:"name"`
	Unit     string   `json:"unit"`
	Type     string   `json:"type" enum:"gauge,sum,histogram,summary"`
	Services []string `json:"services" nullable:"false"`
	Points   int64    `json:"points"`
	Last     string   `json:"last" doc:"RFC 3339"`
}

// SeriesList is a metric over time.
type SeriesList struct {
	Series []Series `json:"series" nullable:"false"`
}

// Series is a metric over time, of one set of labels.
type Series struct {
	Labels map[string]string `json:"labels"`
	Values []SeriesValue     `json:"values" nullable:"false"`
}

// SeriesValue is what a metric came to in one step.
type SeriesValue struct {
	Time  string  `json:"time" doc:"Start of the step, RFC 3339"`
	Value float64 `json:"value" doc:"Increase of a counter, sum of a histogram, last value of a gauge"`
	Count int64   `json:"count,omitempty" doc:"Observations of a histogram"`
}
