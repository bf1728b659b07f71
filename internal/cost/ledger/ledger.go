// Package ledger is the settled cost of every call, as it is asked for: exact
// integer sums by the dimensions that people are charged by.
package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/record"
)

// Dimension is something that cost is summed by.
type Dimension string

// The dimensions.
const (
	Org      Dimension = "org"
	Team     Dimension = "team"
	Project  Dimension = "project"
	Key      Dimension = "key"      // the key's id
	KeyName  Dimension = "key_name" // as it was at the key's first call
	Provider Dimension = "provider"
	Model    Dimension = "model"   // upstream model
	Day      Dimension = "day"     // of arrival, UTC: "2026-11-23"
	Pricing  Dimension = "pricing" // how the cost came about: a record.Pricing
)

// Dimensions lists every dimension.
var Dimensions = []Dimension{Org, Team, Project, Key, KeyName, Provider, Model, Day, Pricing}

// ParseDimensions reads names of dimensions; an unknown or repeated one is
// fault.Invalid.
func ParseDimensions(names []string) ([]Dimension, error) {
	by := make([]Dimension, 0, len(names))
	for _, name := range names {
		d := Dimension(name)
		if !slices.Contains(Dimensions, d) {
			known := make([]string, len(Dimensions))
			for i, k := range Dimensions {
				known[i] = string(k)
			}
			return nil, fault.New(fault.Invalid, "unknown_dimension", "cost cannot be summed by %q", name).
				Hinted("choose among %s", strings.Join(known, ", ")).At("by")
		}
		if slices.Contains(by, d) {
			return nil, fault.New(fault.Invalid, "repeated_dimension", "%q is named twice", name).At("by")
		}
		by = append(by, d)
	}
	return by, nil
}

// Sums is what a set of calls cost and used.
type Sums struct {
	Calls        int64      `json:"calls"`         // all calls, unpriced ones included
	Unpriced     int64      `json:"unpriced"`      // of them, those whose cost is unknown, and so not in CostNano
	CostNano     money.Nano `json:"cost_nano"`     // nano-dollars
	InputTokens  int64      `json:"input_tokens"`  // cached ones included
	OutputTokens int64      `json:"output_tokens"` // reasoning included
}

// Add adds other to s. It reports false, and leaves s as it was, where a sum
// would not fit into 63 bits.
func (s *Sums) Add(other Sums) bool {
	t, ok := *s, true
	for _, f := range [...]struct {
		sum *int64
		add int64
	}{
		{&t.Calls, other.Calls}, {&t.Unpriced, other.Unpriced}, {(*int64)(&t.CostNano), int64(other.CostNano)},
		{&t.InputTokens, other.InputTokens}, {&t.OutputTokens, other.OutputTokens},
	} {
		before := *f.sum
		*f.sum += f.add
		ok = ok && (*f.sum >= before) == (f.add >= 0)
	}
	if ok {
		*s = t
	}
	return ok
}

// Row is the sums of the calls that agree in every dimension asked for.
type Row struct {
	Values []string // one per dimension, in the order asked for
	Sums
}

// Report is an answer: rows, dearest first, and their total.
type Report struct {
	By    []Dimension
	Rows  []Row
	Total Sums
}

// Line is what a store finds: sums of calls that agree in everything but time
// within a day.
type Line struct {
	Org, Team, Project, Key, KeyName, Provider, Model string
	Day                                               int64 // since the Unix epoch, UTC
	Pricing                                           record.Pricing
	Sums
}

// value returns the line's value in dimension d.
func (l *Line) value(d Dimension) string {
	switch d {
	case Org:
		return l.Org
	case Team:
		return l.Team
	case Project:
		return l.Project
	case Key:
		return l.Key
	case KeyName:
		return l.KeyName
	case Provider:
		return l.Provider
	case Model:
		return l.Model
	case Day:
		return time.Unix(l.Day*24*60*60, 0).UTC().Format(time.DateOnly)
	case Pricing:
		return string(l.Pricing)
	}
	return ""
}

// Summary sums lines up to a report. NewSummary makes one.
type Summary struct {
	by    []Dimension
	rows  map[string]*Row
	total Sums
	key   []byte
}

// NewSummary returns an empty summary by the dimensions; none means the total only.
func NewSummary(by []Dimension) *Summary {
	return &Summary{by: by, rows: make(map[string]*Row)}
}

// Add takes a line in. A sum that does not fit into 63 bits is a fault.
func (s *Summary) Add(l *Line) error {
	l.Unpriced = 0
	if l.Pricing == record.Unpriced {
		l.Unpriced = l.Calls
	}
	if !s.total.Add(l.Sums) {
		return tooLarge()
	}
	if len(s.by) == 0 {
		return nil
	}
	s.key = s.key[:0]
	for _, d := range s.by {
		s.key = append(append(s.key, l.value(d)...), 0)
	}
	row := s.rows[string(s.key)]
	if row == nil {
		row = &Row{Values: make([]string, len(s.by))}
		for i, d := range s.by {
			row.Values[i] = l.value(d)
		}
		s.rows[string(s.key)] = row
	}
	if !row.Add(l.Sums) {
		return tooLarge()
	}
	return nil
}

func tooLarge() error {
	return fault.New(fault.TooLarge, "sum_too_large", "the sum is past what 63 bits hold").Hinted("ask for a shorter time")
}

// Report returns the rows, dearest first, then by their values.
func (s *Summary) Report() Report {
	r := Report{By: s.by, Total: s.total, Rows: make([]Row, 0, len(s.rows))}
	for _, row := range s.rows {
		r.Rows = append(r.Rows, *row)
	}
	slices.SortFunc(r.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.CostNano, a.CostNano), slices.Compare(a.Values, b.Values))
	})
	return r
}
