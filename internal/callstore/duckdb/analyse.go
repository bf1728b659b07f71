package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// heaviest is how many rows a question may read one by one, where Options do not say.
const heaviest = 50_000_000

// mostGroups bounds what a question may keep in memory before it is cut to its limit.
const mostGroups = 200_000

// Analyse computes measures over rows.
func (s *Store) Analyse(ctx context.Context, a *calls.Analysis) (*calls.Table, error) {
	bounded, done := s.ask(ctx)
	defer done()
	t, err := s.analyse(bounded, a)
	if err == nil && a.Compare {
		err = s.compare(bounded, a, t)
	}
	return t, s.answered(ctx, bounded, err, "analyse")
}

func (s *Store) analyse(ctx context.Context, a *calls.Analysis) (*calls.Table, error) {
	t := &calls.Table{}
	groups, order, err := s.groups(ctx, a, 0, t)
	if err != nil {
		return nil, err
	}
	for _, key := range order {
		t.Rows = append(t.Rows, *groups[key])
	}
	sortRows(a, t.Rows)
	limit := a.Limit
	if limit <= 0 || limit > calls.MaxRows {
		limit = calls.MaxRows
	}
	if len(t.Rows) > limit {
		t.Groups = int64(len(t.Rows))
		if a.Limit <= 0 || a.Limit > calls.MaxRows {
			t.Partial, t.Reason = true, fmt.Sprintf("of %d groups the first %d are shown", len(t.Rows), limit)
		}
		t.Rows = t.Rows[:limit]
	}
	return t, nil
}

// compare puts the period before beside each row.
func (s *Store) compare(ctx context.Context, a *calls.Analysis, t *calls.Table) error {
	length := a.To.Sub(a.From)
	before := *a
	before.From, before.To = a.From.Add(-length), a.From
	before.Compare = false
	var other calls.Table
	groups, _, err := s.groups(ctx, &before, length.Microseconds(), &other)
	if err != nil {
		return err
	}
	t.Scanned += other.Scanned
	for i := range t.Rows {
		if g := groups[strings.Join(t.Rows[i].Keys, "\x00")]; g != nil {
			t.Rows[i].Previous = g.Values
		}
	}
	return nil
}

// source is where an analysis is answered from.
type source struct {
	sums, hist string // what stands behind FROM
	sumsRolled bool
	histRolled bool
	scanned    int64
}

func (s *Store) groups(ctx context.Context, a *calls.Analysis, shift int64, t *calls.Table) (map[string]*calls.TableRow, []string, error) {
	if calls.NeedsContent(a.Filter) {
		return s.searchGroups(ctx, a, shift, t)
	}
	src, err := s.source(a, shift)
	if err != nil {
		return nil, nil, err
	}
	t.Scanned, t.Rolled = src.scanned, src.sumsRolled
	return s.compute(ctx, a, src, shift)
}

// compute runs an analysis over its source.
func (s *Store) compute(ctx context.Context, a *calls.Analysis, src source, shift int64) (map[string]*calls.TableRow, []string, error) {
	scored, plain := splitScores(a)
	plan, err := callstore.NewPlan(plain, dialect{}, src.sumsRolled, shift)
	if err != nil {
		return nil, nil, err
	}
	found := map[string]*callstore.Group{}
	var order []string
	b := &callstore.Builder{Dialect: dialect{}}
	statement, err := plan.Sums(src.sums, b)
	if err != nil {
		return nil, nil, err
	}
	err = s.each(ctx, plain, statement, b.Args, plan.Atoms(), func(keys []string, figures []callstore.Figure) error {
		key := strings.Join(keys, "\x00")
		g := &callstore.Group{Keys: keys, Figures: figures, Hist: map[string]map[int64]int64{}}
		if shift != 0 && plan.Rows(g) == 0 {
			return nil // nothing was there
		}
		if len(order) >= mostGroups {
			return fault.New(fault.Exhausted, "query_too_heavy", "the question makes more than %d groups", mostGroups).
				Hinted("leave out a dimension, ask for a shorter time, or filter: such as --from -24h")
		}
		found[key] = g
		order = append(order, key)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if err := s.histograms(ctx, plain, src, shift, found); err != nil {
		return nil, nil, err
	}
	scores, err := s.scores(ctx, a, scored, src, shift)
	if err != nil {
		return nil, nil, err
	}
	rows := make(map[string]*calls.TableRow, len(found))
	for key, g := range found {
		values := plan.Values(g)
		for _, i := range scored {
			values = slices.Insert(values, i, scores.value(key, i))
		}
		rows[key] = &calls.TableRow{Keys: g.Keys, Values: values}
	}
	return rows, order, nil
}

// histograms adds the percentiles of durations to the groups.
func (s *Store) histograms(ctx context.Context, a *calls.Analysis, src source, shift int64, found map[string]*callstore.Group) error {
	plan, err := callstore.NewPlan(a, dialect{}, src.histRolled, shift)
	if err != nil {
		return err
	}
	for _, name := range plan.Histograms {
		shares := plan.Shares(name)
		b := &callstore.Builder{Dialect: dialect{}}
		statement, err := plan.Histogram(name, src.hist, b)
		if err != nil {
			return err
		}
		err = s.each(ctx, a, statement, b.Args, len(shares), func(keys []string, figures []callstore.Figure) error {
			g := found[strings.Join(keys, "\x00")]
			if g == nil {
				return nil // it came after the sums were taken
			}
			g.Hist[name] = map[int64]int64{}
			for i, share := range shares {
				if figures[i].Known {
					g.Hist[name][share] = figures[i].N
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// each runs a statement that gives keys and then whole numbers.
func (s *Store) each(ctx context.Context, a *calls.Analysis, statement string, args []any, figures int, yield func(keys []string, figures []callstore.Figure) error) error {
	rows, err := s.db.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	keys := make([]sql.NullString, len(a.By))
	numbers := make([]sql.NullInt64, figures)
	targets := make([]any, 0, len(keys)+figures)
	for i := range keys {
		targets = append(targets, &keys[i])
	}
	for i := range numbers {
		targets = append(targets, &numbers[i])
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		texts := make([]string, len(keys))
		for i := range keys {
			texts[i] = callstore.KeyText(&a.By[i], keys[i].String)
		}
		list := make([]callstore.Figure, figures)
		for i := range numbers {
			list[i] = callstore.Figure{N: numbers[i].Int64, Known: numbers[i].Valid}
		}
		if err := yield(texts, list); err != nil {
			return err
		}
	}
	return rows.Err()
}

// sortRows orders rows by the measure that was asked for, and then by their keys.
func sortRows(a *calls.Analysis, rows []calls.TableRow) {
	slices.SortFunc(rows, func(x, y calls.TableRow) int {
		if a.Order >= 0 && a.Order < len(a.Measures) {
			v, w := x.Values[a.Order], y.Values[a.Order]
			if v.None != w.None {
				return cmp.Compare(strconv.FormatBool(v.None), strconv.FormatBool(w.None))
			}
			if c := cmp.Compare(w.Float(), v.Float()); c != 0 {
				return c
			}
		}
		return compareKeys(a, x.Keys, y.Keys)
	})
}

// compareKeys orders numbers as numbers.
func compareKeys(a *calls.Analysis, x, y []string) int {
	for i := range a.By {
		if f := a.By[i].Field; f != nil && f.Kind != calls.Text && f.Kind != calls.Bool {
			n, _ := strconv.ParseInt(x[i], 10, 64)
			m, _ := strconv.ParseInt(y[i], 10, 64)
			if c := cmp.Compare(n, m); c != 0 {
				return c
			}
		}
		if c := strings.Compare(x[i], y[i]); c != 0 {
			return c
		}
	}
	return 0
}
