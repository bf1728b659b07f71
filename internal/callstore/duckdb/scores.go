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

// scoreFigures is what the scores of the groups came to, by key and place.
type scoreFigures map[string]map[int]calls.Value

func (f scoreFigures) value(key string, place int) calls.Value {
	v, ok := f[key][place]
	if !ok {
		return calls.Value{None: true}
	}
	return v
}

// scored is rows, each as often as it has scores of a name: those about its span,
// and those about the provider's answer that are not about its span.
func scored(from, name string) string {
	const mine = "v.trace_id <> '' AND v.span_id <> '' AND v.trace_id = c.trace_id AND v.span_id = c.span_id"
	scores := " JOIN (SELECT * FROM scores WHERE name = " + name + " AND valued) AS v ON "
	return "(SELECT c.*, v.micros FROM " + from + scores + mine +
		" UNION ALL SELECT c.*, v.micros FROM " + from + scores + "v.response <> '' AND v.response = c.upstream_id AND NOT (" + mine + ")) AS c"
}

// scores computes the measures of scores: each score is joined with the row that it
// is about, by its span, else by the provider's id of the answer.
func (s *Store) scores(ctx context.Context, a *calls.Analysis, places []int, src source, shift int64) (scoreFigures, error) {
	out := scoreFigures{}
	if len(places) == 0 {
		return out, nil
	}
	plain := *a
	plain.Measures = []calls.Measure{{What: calls.Calls}}
	for _, i := range places {
		m := &a.Measures[i]
		aggregate := map[calls.Agg]string{calls.Average: "SUM", calls.Sum: "SUM", calls.Min: "MIN", calls.Max: "MAX"}[m.Agg]
		if aggregate == "" {
			return nil, fmt.Errorf("aggregation %s of a score cannot be compiled", m.Agg)
		}
		plan, err := callstore.NewPlan(&plain, dialect{}, false, shift)
		if err != nil {
			return nil, err
		}
		b := &callstore.Builder{Dialect: dialect{}}
		statement, err := plan.Sums(scored(src.sums, b.Param(m.Score)), b)
		if err != nil {
			return nil, err
		}
		// Rollups know no scores, so src is the rows themselves. In the place of the
		// counts come the scores.
		const counts = "COUNT(*) FILTER (WHERE counted), COUNT(*) FILTER (WHERE true)"
		statement = strings.Replace(statement, counts, "CAST("+aggregate+"(micros) AS BIGINT), COUNT(micros)", 1)
		err = s.each(ctx, &plain, statement, b.Args, 2, func(keys []string, figures []callstore.Figure) error {
			key := strings.Join(keys, "\x00")
			if out[key] == nil {
				out[key] = map[int]calls.Value{}
			}
			if figures[0].Known {
				v := calls.Value{Frac: true, F: float64(figures[0].N) / 1e6}
				if m.Agg == calls.Average {
					v.F = float64(figures[0].N) / float64(figures[1].N) / 1e6
				}
				out[key][i] = v
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
