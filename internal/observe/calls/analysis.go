package calls

import (
	"encoding/json"
	"strconv"
	"time"
)

// Analysis asks for measures over rows, by dimensions. Groups are made of the rows that
// are counted and, where What Spans is measured, of the others too. Without dimensions
// there is one row, be it of nothing.
type Analysis struct {
	From, To time.Time // From inclusive, To exclusive; both set
	Filter   Expr      // nil: every row
	Measures []Measure // at least one
	By       []Dimension
	// Order is the index of the measure that rows are ordered by, the largest first;
	// -1 orders them by the dimensions' values. Rows with none come last, and rows that
	// are equal are ordered by the dimensions' values: numbers as such, texts by bytes.
	Order int
	Limit int // of rows; 0: MaxRows
	// Compare gives, beside each row, the same of the period before, as long as
	// From..To. Steps of time are then those of the row's time with that length added.
	Compare bool
}

// MaxRows is the most rows that an analysis gives.
const MaxRows = 10_000

// Dimension is what rows are grouped by: a field, a tag, or a step of time.
type Dimension struct {
	Name  string         // as it was written, and as the column is called
	Field *Field         // nil: a tag or a step of time
	Tag   string         // name of the tag; a row without it has the value "", one with several the first
	Step  Step           // set where it is a step of time
	Zone  *time.Location // of the steps; nil: UTC
}

// Step is a step of time. Steps below a day are counted from the epoch in UTC;
// days, weeks (from Monday) and months are the zone's.
type Step string

// The steps.
const (
	Minute   Step = "minute"
	Minute5  Step = "5m"
	Minute15 Step = "15m"
	Hour     Step = "hour"
	Hour6    Step = "6h"
	Day      Step = "day"
	Week     Step = "week"
	Month    Step = "month"
)

// Agg says how a measure is taken over the rows of a group.
type Agg string

// The aggregations.
const (
	Sum     Agg = "sum"
	Average Agg = "avg"
	Min     Agg = "min"
	Max     Agg = "max"
	P50     Agg = "p50"
	P75     Agg = "p75"
	P90     Agg = "p90"
	P95     Agg = "p95"
	P99     Agg = "p99"
	Unique  Agg = "unique" // distinct values of a field; "" is no value
)

// Percentile returns the share below a percentile; false of other aggregations.
// A percentile is the value at place ceil(share*n) of the n known values in order,
// 1 being the smallest; of durations it is the middle of that value's bucket (see
// Bucket), so that it can be taken from rollups: within 1.6 % of the value.
func (a Agg) Percentile() (perCent int64, ok bool) {
	if len(a) == 3 && a[0] == 'p' {
		n, err := strconv.ParseInt(string(a[1:]), 10, 64)
		return n, err == nil
	}
	return 0, false
}

// Measure is something that is computed over the rows of a group. Rows that are not
// counted (Row.Counted) add to Spans alone.
type Measure struct {
	Name string // as it was written, and as the column is called
	What What
	// Field is what Sum to Unique are taken of; a measure of What Of.
	Field *Field
	Agg   Agg
	Score string // the score's name; a measure of What Score, with Average, Min, Max or Sum
}

// What says what a measure is.
type What string

// What measures can be. Ratios are none where the divisor is 0. Those of costs are
// whole nano-dollars, rounded half away from zero, and leave unpriced calls out of both
// of their parts: a trace of which no call has a price is no divisor.
const (
	Calls     What = "calls"    // rows that sums count
	Spans     What = "spans"    // all rows
	Errors    What = "errors"   // calls that did not end ok
	Unpriced  What = "unpriced" // calls of unknown cost
	CacheHits What = "cache_hits"
	Of        What = "of" // Agg of Field
	Score     What = "score"

	ErrorRate      What = "error_rate"       // errors / calls
	CacheHitRate   What = "cache_hit_rate"   // cache_hits / calls
	CostPerCall    What = "cost_per_call"    // cost / calls that are not unpriced
	CostPerTrace   What = "cost_per_trace"   // cost of calls in a trace / traces
	CostPerSession What = "cost_per_session" // cost of calls in a session / sessions
	CostPerUser    What = "cost_per_user"    // cost of calls about a subject / subjects
)

// Value is a figure of a table: a whole number, a fraction, or none. Counts and figures
// of whole numbers (tokens, microseconds, nano-dollars) are whole; averages of them are
// rounded half away from zero. Figures of Milli fields and of scores are fractions, in
// whole units: sum of the thousandths, or millionths, as float64, divided by the count
// as float64 where it is an average, divided by 1000 or 1e6. Rates are fractions.
type Value struct {
	N    int64
	F    float64 // valid where Frac
	Frac bool
	None bool // there is nothing to compute it from; never to be taken for zero
}

// MarshalJSON writes a number or null.
func (v Value) MarshalJSON() ([]byte, error) {
	switch {
	case v.None:
		return []byte("null"), nil
	case v.Frac:
		return json.Marshal(v.F)
	}
	return strconv.AppendInt(nil, v.N, 10), nil
}

// Float returns the figure for charts and comparisons; 0 of none.
func (v Value) Float() float64 {
	if v.Frac {
		return v.F
	}
	return float64(v.N)
}

// Table is the answer to an analysis.
type Table struct {
	Rows []TableRow
	// Groups is how many groups there are, where that is more than Rows; else 0.
	Groups  int64
	Partial bool   // some of the rows or of the time is missing
	Reason  string // why it is partial
	Scanned int64  // rows of the store that were read
	Rolled  bool   // (some of) it was answered from rollups
}

// TableRow is one group.
type TableRow struct {
	Keys     []string // a value a dimension; steps of time as RFC 3339, days and longer as dates
	Values   []Value  // one a measure
	Previous []Value  // with Compare: the same of the period before; nil: nothing was there
}
