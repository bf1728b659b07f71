package callstore

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/observe/calls"
)

// Plan is an analysis compiled for one source of rows: statements that give, for
// each group, its key and then figures, of which Values makes the measures.
type Plan struct {
	analysis *calls.Analysis
	dialect  Dialect
	rolled   bool // from rollups, of whose columns the statements speak
	shift    int64
	atoms    []string
	index    map[string]int
	measures []measure
	// Histograms are the durations of which percentiles are taken.
	Histograms []string
	rows       int // the place of the count of rows
}

// measure makes a value of a group's figures.
type measure func(g *Group) calls.Value

// Group is one group's figures.
type Group struct {
	Keys    []string
	Figures []Figure
	// Hist holds, by duration, the bucket below which each share of values lies.
	Hist map[string]map[int64]int64
}

// Figure is what an aggregate gave; Known is false where there was nothing.
type Figure struct {
	N     int64
	Known bool
}

// Rolls reports whether an analysis can be answered from rollups by the hour or by
// the minute.
func Rolls(a *calls.Analysis, step time.Duration, shift int64) bool {
	if !rolls(a.Filter) || shift%step.Microseconds() != 0 {
		return false
	}
	for i := range a.By {
		d := &a.By[i]
		switch {
		case d.Tag != "", d.Field != nil && !d.Field.Rolled:
			return false
		case d.Step != "" && !stepRolls(d, a, step):
			return false
		}
	}
	for i := range a.Measures {
		if !measureRolls(&a.Measures[i]) {
			return false
		}
	}
	return true
}

func rolls(e calls.Expr) bool {
	for leaf := range calls.Leaves(e) {
		if c, ok := leaf.(*calls.Cond); !ok || c.Field == nil || !c.Field.Rolled {
			return false
		}
	}
	return true
}

func stepRolls(d *calls.Dimension, a *calls.Analysis, step time.Duration) bool {
	switch d.Step {
	case calls.Minute, calls.Minute5, calls.Minute15:
		return step <= time.Minute
	case calls.Hour, calls.Hour6:
		return true
	}
	for _, z := range zones(d.Zone, a.From, a.To) {
		if z.offset%step.Microseconds() != 0 {
			return false
		}
	}
	return true
}

func measureRolls(m *calls.Measure) bool {
	switch m.What {
	case calls.Score:
		return false
	case calls.CostPerTrace, calls.CostPerSession, calls.CostPerUser:
		return false
	case calls.Of:
		switch m.Agg {
		case calls.Sum, calls.Average:
			return m.Field.Name != "attempts" && m.Field.Kind != calls.Bool
		case calls.Unique:
			return m.Field.Rolled
		}
		_, percentile := m.Agg.Percentile()
		return percentile && m.Field.Kind == calls.Duration
	}
	return true
}

// HistRolls reports whether the rollups of durations can answer it too: they know
// fewer dimensions.
func HistRolls(a *calls.Analysis) bool {
	known := func(f *calls.Field) bool {
		for _, text := range texts(f) {
			for _, d := range HistDimensions {
				if text == d || text == fullModel {
					return true
				}
			}
		}
		return f.Name == "counted"
	}
	for leaf := range calls.Leaves(a.Filter) {
		if c, ok := leaf.(*calls.Cond); !ok || c.Field == nil || c.Field.Name == "key" || !known(c.Field) {
			return false
		}
	}
	for i := range a.By {
		if f := a.By[i].Field; f != nil && !known(f) {
			return false
		}
	}
	return true
}

// NewPlan compiles an analysis without Said and without scores. Steps of time are
// named as those that lie shift microseconds later.
func NewPlan(a *calls.Analysis, d Dialect, rolled bool, shift int64) (*Plan, error) {
	p := &Plan{analysis: a, dialect: d, rolled: rolled, shift: shift, index: map[string]int{}}
	for i := range a.Measures {
		m, err := p.measure(&a.Measures[i])
		if err != nil {
			return nil, err
		}
		p.measures = append(p.measures, m)
	}
	p.rows = p.count("true")
	return p, nil
}

// Rows returns how many rows a group has.
func (p *Plan) Rows(g *Group) int64 { return g.Figures[p.rows].N }

// where compiles the filter: rows that are not counted make no groups, unless spans
// are measured.
func (p *Plan) where(b *Builder) (string, error) {
	where, err := b.Where(p.analysis.Filter)
	if !slices.ContainsFunc(p.analysis.Measures, func(m calls.Measure) bool { return m.What == calls.Spans }) {
		where += " AND " + counted
	}
	return where, err
}

// atom adds an aggregate and returns its place among a group's figures.
func (p *Plan) atom(sql string) int {
	i, ok := p.index[sql]
	if !ok {
		i = len(p.atoms)
		p.index[sql] = i
		p.atoms = append(p.atoms, sql)
	}
	return i
}

// count is the rows for which where holds.
func (p *Plan) count(where string) int {
	if p.rolled {
		return p.atom(p.dialect.Total("n", where))
	}
	return p.atom("COUNT(*) FILTER (WHERE " + where + ")")
}

// sum adds an expression up.
func (p *Plan) sum(expression, where string) int {
	return p.atom(p.dialect.Total(expression, where))
}

func (p *Plan) distinct(column, where string) int {
	return p.atom("COUNT(DISTINCT " + column + ") FILTER (WHERE " + where + " AND " + column + " <> '')")
}

const (
	counted     = "counted"
	pricedCalls = "counted AND pricing <> 'unpriced'"
)

// perDistinct is the cost of the calls in which a column is filled, by its values.
func (p *Plan) perDistinct(column string) measure {
	where := pricedCalls + " AND " + column + " <> ''"
	return per(p.sum("cost_nano", where), p.distinct(column, pricedCalls))
}

func whole(i int) measure {
	return func(g *Group) calls.Value { return calls.Value{N: g.Figures[i].N} }
}

func ratio(num, den int) measure {
	return func(g *Group) calls.Value { return calls.Ratio(g.Figures[num].N, g.Figures[den].N) }
}

// per divides money, to the nearest nano-dollar.
func per(num, den int) measure {
	return func(g *Group) calls.Value { return calls.Quotient(g.Figures[num].N, g.Figures[den].N) }
}

func (p *Plan) measure(m *calls.Measure) (measure, error) {
	hits := counted + " AND cache IN ('exact', 'semantic')"
	switch m.What {
	case calls.Calls:
		return whole(p.count(counted)), nil
	case calls.Spans:
		return whole(p.count("true")), nil
	case calls.Errors:
		return whole(p.count(counted + " AND outcome <> 'ok'")), nil
	case calls.Unpriced:
		return whole(p.count(counted + " AND pricing = 'unpriced'")), nil
	case calls.CacheHits:
		return whole(p.count(hits)), nil
	case calls.ErrorRate:
		return ratio(p.count(counted+" AND outcome <> 'ok'"), p.count(counted)), nil
	case calls.CacheHitRate:
		return ratio(p.count(hits), p.count(counted)), nil
	case calls.CostPerCall:
		return per(p.sum("cost_nano", pricedCalls), p.count(pricedCalls)), nil
	case calls.CostPerTrace:
		return p.perDistinct("trace_id"), nil
	case calls.CostPerSession:
		return p.perDistinct("session"), nil
	case calls.CostPerUser:
		return p.perDistinct("subject"), nil
	case calls.Of:
		return p.of(m)
	}
	return nil, fmt.Errorf("measure %s cannot be compiled", m.What)
}

// of compiles an aggregate of a field.
func (p *Plan) of(m *calls.Measure) (measure, error) {
	f := m.Field
	if m.Agg == calls.Unique {
		column, where := texts(f)[0], counted
		if f.Kind != calls.Text {
			expression, known := number(f)
			if column = "CAST(" + expression + " AS VARCHAR)"; known != "" {
				where += " AND " + known
			}
		}
		if f.Name == "id" {
			column = "CAST(id AS VARCHAR)"
		}
		return whole(p.distinct(column, where)), nil
	}
	perCent, isPercentile := m.Agg.Percentile()
	if isPercentile && f.Kind == calls.Duration {
		return p.duration(f, perCent), nil
	}
	expression, known := number(f)
	where := counted
	if known != "" && (!p.rolled || f.Name == "cost") {
		where += " AND " + known
	}
	switch {
	case m.Agg == calls.Sum:
		if p.rolled && p.added(f, expression) != expression { // where nothing is known, there is no sum
			sum := p.single(f, p.sum(p.added(f, expression), where))
			n := p.known(f, where)
			return func(g *Group) calls.Value {
				if g.Figures[n].N == 0 {
					return calls.Value{None: true}
				}
				return sum(g)
			}, nil
		}
		return p.single(f, p.sum(expression, where)), nil
	case m.Agg == calls.Average:
		return p.average(f, p.sum(p.added(f, expression), where), p.known(f, where)), nil
	case isPercentile:
		return p.single(f, p.atom(p.dialect.Percentile(expression, perCent, where))), nil
	}
	return p.single(f, p.atom(string(m.Agg)+"("+expression+") FILTER (WHERE "+where+")")), nil
}

// added is the column that sums of a field are taken of.
func (p *Plan) added(f *calls.Field, expression string) string {
	if !p.rolled {
		return expression
	}
	switch f.Name {
	case "latency", "ttft", "speed":
		return f.Name + "_sum"
	}
	return expression
}

// known counts the rows in which a field is known.
func (p *Plan) known(f *calls.Field, where string) int {
	if p.rolled {
		switch f.Name {
		case "latency", "ttft", "speed":
			return p.sum(f.Name+"_n", where)
		}
	}
	return p.count(where)
}

// average is whole for whole fields, and a fraction of thousandths.
func (p *Plan) average(f *calls.Field, sum, n int) measure {
	if f.Kind == calls.Milli {
		return func(g *Group) calls.Value {
			if g.Figures[n].N == 0 {
				return calls.Value{None: true}
			}
			return calls.Value{Frac: true, F: float64(g.Figures[sum].N) / float64(g.Figures[n].N) / 1000}
		}
	}
	return per(sum, n)
}

// single is one figure; none where no row has one.
func (p *Plan) single(f *calls.Field, i int) measure {
	return func(g *Group) calls.Value {
		if !g.Figures[i].Known {
			return calls.Value{None: true}
		}
		if f.Kind == calls.Milli {
			return calls.Value{Frac: true, F: float64(g.Figures[i].N) / 1000}
		}
		return calls.Value{N: g.Figures[i].N}
	}
}

// duration is a percentile of a duration, out of its histogram.
func (p *Plan) duration(f *calls.Field, perCent int64) measure {
	name := f.Name
	seen := false
	for _, h := range p.Histograms {
		seen = seen || h == name
	}
	if !seen {
		p.Histograms = append(p.Histograms, name)
	}
	return func(g *Group) calls.Value {
		bucket, ok := g.Hist[name][perCent]
		if !ok {
			return calls.Value{None: true}
		}
		return calls.Value{N: calls.BucketMiddle(bucket)}
	}
}

// Shares returns the percentiles that are taken of a duration.
func (p *Plan) Shares(name string) (list []int64) {
	for i := range p.analysis.Measures {
		m := &p.analysis.Measures[i]
		if perCent, ok := m.Agg.Percentile(); ok && m.What == calls.Of && m.Field.Name == name {
			list = append(list, perCent)
		}
	}
	return list
}

// Sums is the statement for the groups' figures: the keys, as text, and then the
// atoms. from is what stands behind FROM, with the rows of the time alone.
func (p *Plan) Sums(from string, b *Builder) (string, error) {
	where, err := p.where(b)
	if err != nil {
		return "", err
	}
	keys := p.keys(b)
	list := append(append([]string{}, keys...), p.atoms...)
	return "SELECT " + strings.Join(list, ", ") + " FROM " + from + " WHERE " + where + groupBy(len(keys)), nil
}

// Atoms is how many figures Sums gives a group.
func (p *Plan) Atoms() int { return len(p.atoms) }

// Histogram is the statement for the percentiles of a duration: the keys, and for
// each share the bucket below which it lies.
func (p *Plan) Histogram(name, from string, b *Builder) (string, error) {
	where, err := p.where(b)
	if err != nil {
		return "", err
	}
	keys := p.keys(b)
	names := make([]string, len(keys))
	inner := make([]string, len(keys))
	for i := range keys {
		names[i] = "k" + strconv.Itoa(i)
		inner[i] = keys[i] + " AS " + names[i]
	}
	column, n := name+"_bucket", "COUNT(*)"
	if p.rolled {
		column, n = "bucket", p.dialect.Total("n", "")
		where += " AND duration = " + b.Param(name)
	}
	inner = append(inner, column+" AS b", n+" AS n")
	over := ""
	if len(names) > 0 {
		over = "PARTITION BY " + strings.Join(names, ", ") + " "
	}
	out := append([]string{}, names...)
	for _, share := range p.Shares(name) {
		out = append(out, fmt.Sprintf("MIN(b) FILTER (WHERE run * 100 >= all_n * %d)", share))
	}
	return "SELECT " + strings.Join(out, ", ") + " FROM (SELECT *, SUM(n) OVER (" + over + "ORDER BY b) AS run, SUM(n) OVER (" + strings.TrimSpace(over) +
		") AS all_n FROM (SELECT " + strings.Join(inner, ", ") + " FROM " + from + " WHERE " + where + " AND counted AND " + column + " >= 0" +
		groupBy(len(keys)+1) + ") AS h) AS r" + groupBy(len(names)), nil
}

func groupBy(n int) string {
	if n == 0 {
		return ""
	}
	list := make([]string, n)
	for i := range list {
		list[i] = strconv.Itoa(i + 1)
	}
	return " GROUP BY " + strings.Join(list, ", ")
}

// keys are the dimensions' expressions.
func (p *Plan) keys(b *Builder) []string {
	list := make([]string, len(p.analysis.By))
	for i := range p.analysis.By {
		list[i] = p.key(&p.analysis.By[i], b)
	}
	return list
}

func (p *Plan) key(d *calls.Dimension, b *Builder) string {
	switch {
	case d.Step != "":
		return stepExpression(d, p.analysis.From, p.analysis.To, p.shift)
	case d.Field == nil:
		return b.Dialect.Extract("tags", b.Param(tagValue(d.Tag)))
	case d.Field.Kind == calls.Text:
		return texts(d.Field)[0]
	}
	expression, _ := number(d.Field)
	return "CAST(" + expression + " AS VARCHAR)"
}

// Values makes the measures of a group's figures.
func (p *Plan) Values(g *Group) []calls.Value {
	list := make([]calls.Value, len(p.measures))
	for i, m := range p.measures {
		list[i] = m(g)
	}
	return list
}
