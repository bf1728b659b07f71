package duckdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// splitScores returns the places of an analysis' measures that are scores, and the
// analysis without them.
func splitScores(a *calls.Analysis) (places []int, plain *calls.Analysis) {
	rest := *a
	rest.Measures = nil
	for i, m := range a.Measures {
		if m.What == calls.Score {
			places = append(places, i)
		} else {
			rest.Measures = append(rest.Measures, m)
		}
	}
	return places, &rest
}

// scoreFigures is what the scores of the groups came to, in millionths.
type scoreFigures map[string]map[int]callstore.Figure

func (f scoreFigures) value(key string, place int) calls.Value {
	v := f[key][place]
	if !v.Known {
		return calls.Value{None: true}
	}
	return calls.Value{Frac: true, F: float64(v.N) / 1e6}
}

// scores computes the measures of scores: each score is joined with the row that it
// is about, by its span, else by the provider's id of the answer.
func (s *Store) scores(ctx context.Context, a *calls.Analysis, places []int, src source) (scoreFigures, error) {
	out := scoreFigures{}
	if len(places) == 0 {
		return out, nil
	}
	plain := *a
	plain.Measures = []calls.Measure{{What: calls.Spans}}
	for _, i := range places {
		m := &a.Measures[i]
		b := &callstore.Builder{Dialect: dialect{}}
		plan, err := callstore.NewPlan(&plain, dialect{}, false)
		if err != nil {
			return nil, err
		}
		from := src.sums // rollups know no scores, so these are the rows themselves
		name := b.Param(m.Score)
		joined := "(SELECT c.*, v.micros FROM " + from + " JOIN (SELECT DISTINCT ON (id) * FROM scores WHERE name = " + name +
			" AND valued) AS v ON (v.span_id <> '' AND v.trace_id = c.trace_id AND v.span_id = c.span_id) UNION ALL SELECT c.*, v.micros FROM " + from +
			" JOIN (SELECT DISTINCT ON (id) * FROM scores WHERE name = " + name + " AND valued) AS v ON (v.span_id = '' AND v.response <> '' AND v.response = c.upstream_id AND c.counted)) AS c"
		aggregate := map[calls.Agg]string{calls.Average: "AVG", calls.Sum: "SUM", calls.Min: "MIN", calls.Max: "MAX"}[m.Agg]
		if aggregate == "" {
			return nil, fmt.Errorf("aggregation %s of a score cannot be compiled", m.Agg)
		}
		statement, err := plan.Sums(joined, b)
		if err != nil {
			return nil, err
		}
		const atoms = "COUNT(*) FILTER (WHERE true)"
		statement = strings.Replace(statement, atoms, "CAST("+aggregate+"(micros) AS BIGINT)", 1)
		err = s.each(ctx, &plain, statement, b.Args, 1, func(keys []string, figures []callstore.Figure) error {
			key := strings.Join(keys, "\x00")
			if out[key] == nil {
				out[key] = map[int]callstore.Figure{}
			}
			out[key][i] = figures[0]
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
