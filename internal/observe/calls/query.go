package calls

import (
	"context"
	"time"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/record"
)

// Query selects rows, newest first: by time, then id.
type Query struct {
	From, To time.Time // From inclusive, To exclusive; zero: no bound
	Filter   Expr      // nil: every row
	// Spans takes rows that sums do not count too. Else they are left out, unless
	// Filter says something of what spans alone have: their kind, source, service or name, an
	// id, trace, span or parent; or of counted itself.
	Spans  bool
	Before ident.ID // only rows older than this one (cursor)
	Limit  int      // 0: all
}

// WithSpans reports whether the query takes rows that are not counted.
func (q *Query) WithSpans() bool {
	return q.Spans || Mentions(q.Filter, "kind", "source", "service", "name", "counted", "id", "trace", "span", "parent")
}

// Page is what a query found.
type Page struct {
	Rows []Row
	// Partial says that the search ended before it had looked at all that it was
	// asked for: go on with Before set to Next.
	Partial bool
	Next    ident.ID // the last row looked at; the zero ID at the end
	// Reason says why the page is partial.
	Reason string
}

// Contents reads what was said in calls; journal.Journal is one.
type Contents interface {
	// Content is fault.NotFound where the content is not kept any more.
	Content(c *record.Call) (*record.Content, error)
}

// Store answers questions about calls.
type Store interface {
	// List returns the rows that q selects.
	List(ctx context.Context, q Query) (Page, error)
	// Show returns one row; fault.NotFound if there is none.
	Show(ctx context.Context, id ident.ID) (Row, error)
	// Analyse computes measures over rows. A question that is too heavy is a
	// fault.Exhausted whose hint names the narrower one to try.
	Analyse(ctx context.Context, a *Analysis) (*Table, error)
	// Facets returns the values that the fields had in the time from..to, the most
	// calls first, from kept dictionaries.
	Facets(ctx context.Context, q FacetQuery) ([]Facet, error)
	// Traces lists traces, newest first.
	Traces(ctx context.Context, q Query) ([]TraceSum, error)
	// Trace returns the rows of one trace by time, at most limit (0: 100,000), with its
	// scores and logs; fault.NotFound if there is none.
	Trace(ctx context.Context, traceID string, limit int) (*Trace, error)
	// Sessions lists sessions, the one with the newest row first.
	Sessions(ctx context.Context, q Query) ([]SessionSum, error)
	// Points computes one series a service and set of attributes of a metric.
	Points(ctx context.Context, q PointQuery) ([]Series, error)
	// Metrics lists the metrics that applications reported in the time from..to.
	Metrics(ctx context.Context, from, to time.Time) ([]Metric, error)
}

// FacetQuery asks for the values of fields.
type FacetQuery struct {
	From, To time.Time
	Fields   []string // names; empty: every facet, and every tag as tag.NAME
	Prefix   string   // only values that begin so
	Limit    int      // values a field; 0: 20
}

// Facet is the values of one field.
type Facet struct {
	Field  string // "model", "tag.team"
	Values []FacetValue
	More   bool // there are more values than were asked for, or than are kept
}

// FacetValue is one value of a field.
type FacetValue struct {
	Value string
	Calls int64 // rows with this value that sums count; -1: not known
}

// TraceSum is one trace, added up.
type TraceSum struct {
	TraceID, Session, Subject, Name, Service string // Name is the root's
	Start, Duration                          int64  // microseconds since the epoch; microseconds
	Spans, Calls, Errors, Unpriced           int64
	Cost, Tokens                             int64 // nano-dollars
}

// Trace is the rows of one trace.
type Trace struct {
	Rows    []Row // by time, then id
	Scores  []record.Score
	Logs    []record.Log
	Partial bool // there are more rows than the limit
}

// SessionSum is one session, added up.
type SessionSum struct {
	Session, Subject                string
	First, Last                     int64 // microseconds since the epoch
	Traces, Calls, Errors, Unpriced int64
	Cost, Tokens                    int64
}

// Metric is one metric that applications report.
type Metric struct {
	Name, Unit, Type string
	Services         []string
	Points           int64
	Last             int64 // microseconds since the epoch
}

// PointQuery asks for a metric over time.
type PointQuery struct {
	Name     string
	From, To time.Time
	Step     time.Duration // zero: one value for the whole time
	By       []string      // attributes that make series of their own; "service" is one
}

// Series is a metric's values over time.
type Series struct {
	Labels map[string]string
	Values []SeriesValue
}

// SeriesValue is what a metric came to in one step: of counters and histograms the
// increase, of gauges the last value.
type SeriesValue struct {
	Time  int64   // start of the step, microseconds since the epoch
	Value float64 // of a histogram, the sum of the observations
	Count int64   // observations; 0 of what is no histogram
}
