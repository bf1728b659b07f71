package calls

import (
	"math"
	"slices"
)

// taken is what one measure has taken of the rows of a group so far.
type taken struct {
	known    int64 // values that are known
	sum      int64 // of them; stays at the ends of its range
	min, max int64
	list     []int64             // of percentiles
	distinct map[string]struct{} // of Unique and of costs per something
}

// costs are what a cost is divided by, where that is no count of calls.
var costs = map[What]string{CostPerTrace: "trace", CostPerSession: "session", CostPerUser: "subject"}

func (t *taken) add(m *Measure, r *Row, scores *Scores) {
	switch m.What {
	case Of:
		t.addField(m, r)
	case Score:
		for _, s := range scores.Of(r) {
			if s.Name == m.Score && s.Valued {
				t.addNumber(s.Micros, false)
			}
		}
	case CostPerCall:
		if cost, ok := byName["cost"].Number(r); ok {
			t.addNumber(cost, false)
		}
	case CostPerTrace, CostPerSession, CostPerUser:
		of := byName[costs[m.What]].Text(r)
		if cost, ok := byName["cost"].Number(r); ok && of != "" {
			t.addNumber(cost, false)
			t.addText(of)
		}
	}
}

func (t *taken) addField(m *Measure, r *Row) {
	if m.Agg == Unique {
		d := Dimension{Field: m.Field}
		key, _ := d.of(r, 0)
		t.addText(key)
		return
	}
	if n, ok := m.Field.Number(r); ok {
		_, percentile := m.Agg.Percentile()
		t.addNumber(n, percentile)
	}
}

func (t *taken) addText(s string) {
	if s == "" {
		return
	}
	if t.distinct == nil {
		t.distinct = map[string]struct{}{}
	}
	t.distinct[s] = struct{}{}
}

func (t *taken) addNumber(n int64, keep bool) {
	if t.known == 0 {
		t.min, t.max = n, n
	}
	t.known++
	t.min, t.max = min(t.min, n), max(t.max, n)
	switch sum := t.sum + n; {
	case n > 0 && sum < t.sum:
		t.sum = math.MaxInt64
	case n < 0 && sum > t.sum:
		t.sum = math.MinInt64
	default:
		t.sum = sum
	}
	if keep {
		t.list = append(t.list, n)
	}
}

// value returns an aggregation of what was taken. Where parts is not 0, the values are
// parts of a whole one (thousandths: 1000) and the figure is a fraction.
func (t *taken) value(agg Agg, parts float64, kind FieldKind) Value {
	if agg == Unique {
		return Value{N: int64(len(t.distinct))}
	}
	if t.known == 0 {
		return Value{None: true}
	}
	var n int64
	switch agg {
	case Sum:
		n = t.sum
	case Average:
		if parts != 0 {
			return Value{Frac: true, F: float64(t.sum) / float64(t.known) / parts}
		}
		return Quotient(t.sum, t.known)
	case Min:
		n = t.min
	case Max:
		n = t.max
	default:
		n = t.percentile(agg, kind)
	}
	if parts != 0 {
		return Value{Frac: true, F: float64(n) / parts}
	}
	return Value{N: n}
}

func (t *taken) percentile(agg Agg, kind FieldKind) int64 {
	perCent, _ := agg.Percentile()
	slices.Sort(t.list)
	place := (perCent*t.known + 99) / 100 // rounded up, from 1
	n := t.list[place-1]
	if kind == Duration {
		return BucketMiddle(Bucket(n))
	}
	return n
}

// Ratio is a fraction; none if there is nothing to divide by.
func Ratio(n, of int64) Value {
	if of == 0 {
		return Value{None: true}
	}
	return Value{Frac: true, F: float64(n) / float64(of)}
}

// Quotient is a whole number, rounded half away from zero.
func Quotient(n, of int64) Value {
	if of == 0 {
		return Value{None: true}
	}
	q, rest := n/of, n%of
	switch {
	case rest > 0 && rest >= of-rest:
		q++
	case rest < 0 && -rest >= of+rest:
		q--
	}
	return Value{N: q}
}
