package calls

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/record"
)

// Loop answers an analysis over rows in memory, in one plain loop: for small sets, and
// as what the stores are held against. rows are in any order; scores may be nil. said
// returns what was said in a row, for filters that need it; it may be nil.
func Loop(rows []Row, scores *Scores, a *Analysis, said func(r *Row) Texts) *Table {
	from, to := a.From.UnixMicro(), a.To.UnixMicro()
	length := to - from
	now, before := newGroups(a, 0), newGroups(a, length)
	t := &Table{}
	for i := range rows {
		r := &rows[i]
		var set *groups
		switch {
		case r.Time >= from && r.Time < to:
			set = now
		case a.Compare && r.Time >= from-length && r.Time < from:
			set = before
		default:
			continue
		}
		t.Scanned++
		if a.takes(r, said) {
			set.add(r, scores)
		}
	}
	if len(a.By) == 0 { // the sum of nothing is a row, too
		now.group([]string{}, nil)
	}
	for _, g := range now.all {
		row := TableRow{Keys: g.keys, Values: g.values(a)}
		if p := before.byKey[joinKeys(g.keys)]; p != nil {
			row.Previous = p.values(a)
		}
		g.row = row
	}
	slices.SortFunc(now.all, func(x, y *group) int { return a.compare(x, y) })
	limit := MaxRows
	if a.Limit > 0 && a.Limit < limit {
		limit = a.Limit
	}
	if n := len(now.all); n > limit {
		t.Groups, now.all = int64(n), now.all[:limit]
	}
	for _, g := range now.all {
		t.Rows = append(t.Rows, g.row)
	}
	return t
}

// takes reports whether the analysis is of a row: rows that are not counted make no
// groups, unless spans are measured.
func (a *Analysis) takes(r *Row, said func(r *Row) Texts) bool {
	if !r.Counted && !slices.ContainsFunc(a.Measures, func(m Measure) bool { return m.What == Spans }) {
		return false
	}
	if said == nil {
		return Match(a.Filter, r, nil)
	}
	return Match(a.Filter, r, func() Texts { return said(r) })
}

// compare orders groups: by the measure, the largest first and none last, then by the
// dimensions' values.
func (a *Analysis) compare(x, y *group) int {
	if i := a.Order; i >= 0 && i < len(a.Measures) {
		if c := compareValues(y.row.Values[i], x.row.Values[i]); c != 0 {
			return c
		}
	}
	for i := range a.By {
		if c := cmp.Compare(x.numbers[i], y.numbers[i]); c != 0 {
			return c
		}
		if c := strings.Compare(x.keys[i], y.keys[i]); c != 0 {
			return c
		}
	}
	return 0
}

func compareValues(x, y Value) int {
	switch {
	case x.None || y.None:
		return int(truth(y.None) - truth(x.None))
	case x.Frac || y.Frac:
		return cmp.Compare(x.Float(), y.Float())
	}
	return cmp.Compare(x.N, y.N)
}

// groups are the groups of one period. Its rows count as shift microseconds later, so
// that the steps of the period before are named as those that they stand beside.
type groups struct {
	a     *Analysis
	shift int64
	byKey map[string]*group
	all   []*group
}

func newGroups(a *Analysis, shift int64) *groups {
	return &groups{a: a, shift: shift, byKey: map[string]*group{}}
}

func (s *groups) add(r *Row, scores *Scores) {
	keys, numbers := make([]string, len(s.a.By)), make([]int64, len(s.a.By))
	for i := range s.a.By {
		keys[i], numbers[i] = s.a.By[i].of(r, s.shift)
	}
	s.group(keys, numbers).add(s.a, r, scores)
}

func (s *groups) group(keys []string, numbers []int64) *group {
	k := joinKeys(keys)
	g := s.byKey[k]
	if g == nil {
		g = &group{keys: keys, numbers: numbers, taken: make([]taken, len(s.a.Measures))}
		s.byKey[k] = g
		s.all = append(s.all, g)
	}
	return g
}

// joinKeys makes one text of several, different for different ones.
func joinKeys(keys []string) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(strconv.Itoa(len(k)) + ":" + k)
	}
	return b.String()
}

// of returns a row's value of the dimension, as a text, and as a number by which
// numbers are ordered; of a tag that the row has twice it is the first.
func (d *Dimension) of(r *Row, shift int64) (key string, number int64) {
	switch {
	case d.Step != "":
		return d.Step.Key(r.Time+shift, d.Zone), 0
	case d.Field == nil:
		for _, t := range r.Tags {
			if t.Name == d.Tag {
				return t.Value, 0
			}
		}
		return "", 0
	case d.Field.Kind == Text:
		return d.Field.Text(r), 0
	}
	n, ok := d.Field.Number(r)
	switch {
	case !ok:
		return "", math.MinInt64
	case d.Field.Kind == Bool:
		return strconv.FormatBool(n != 0), 0
	}
	return strconv.FormatInt(n, 10), n
}

// stepMicros are the lengths of the steps below a day, in microseconds.
var stepMicros = map[Step]int64{
	Minute: 60e6, Minute5: 5 * 60e6, Minute15: 15 * 60e6, Hour: 3600e6, Hour6: 6 * 3600e6,
}

// Micros returns how long a step below a day is, in microseconds; 0 of the others.
func (s Step) Micros() int64 { return stepMicros[s] }

// Key returns the step that a moment, in microseconds since the epoch, lies in, as a
// table names it; a nil zone is UTC.
func (s Step) Key(micros int64, zone *time.Location) string {
	if size := stepMicros[s]; size != 0 {
		into := micros % size
		if into < 0 {
			into += size
		}
		return time.UnixMicro(micros - into).UTC().Format(time.RFC3339)
	}
	if zone == nil {
		zone = time.UTC
	}
	t := time.UnixMicro(micros).In(zone)
	y, m, d := t.Date()
	switch s {
	case Week:
		d -= (int(t.Weekday()) + 6) % 7
	case Month:
		d = 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// group is what was added up of the rows with the same values of the dimensions.
type group struct {
	keys    []string
	numbers []int64

	spans, calls, errors, unpriced, hits int64
	taken                                []taken // one a measure
	row                                  TableRow
}

func (g *group) add(a *Analysis, r *Row, scores *Scores) {
	g.spans++
	if !r.Counted {
		return
	}
	g.calls++
	g.errors += truth(r.Outcome != record.OK)
	g.unpriced += truth(r.Pricing == record.Unpriced)
	g.hits += truth(r.Cache == "exact" || r.Cache == "semantic")
	for i := range a.Measures {
		g.taken[i].add(&a.Measures[i], r, scores)
	}
}

// values returns the figures of the measures.
func (g *group) values(a *Analysis) []Value {
	out := make([]Value, len(a.Measures))
	for i := range a.Measures {
		out[i] = g.value(&a.Measures[i], &g.taken[i])
	}
	return out
}

func (g *group) value(m *Measure, t *taken) Value {
	switch m.What {
	case Calls:
		return Value{N: g.calls}
	case Spans:
		return Value{N: g.spans}
	case Errors:
		return Value{N: g.errors}
	case Unpriced:
		return Value{N: g.unpriced}
	case CacheHits:
		return Value{N: g.hits}
	case ErrorRate:
		return Ratio(g.errors, g.calls)
	case CacheHitRate:
		return Ratio(g.hits, g.calls)
	case CostPerCall:
		return Quotient(t.sum, t.known)
	case CostPerTrace, CostPerSession, CostPerUser:
		return Quotient(t.sum, int64(len(t.distinct)))
	case Score:
		return t.value(m.Agg, 1_000_000, Number)
	case Of:
		if m.Field.Kind == Milli {
			return t.value(m.Agg, 1000, Milli)
		}
		return t.value(m.Agg, 0, m.Field.Kind)
	}
	return Value{None: true}
}
