package duckdb

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

const sqlMetrics = `SELECT name, MAX(unit), MAX(type), STRING_AGG(DISTINCT service, chr(31)), COUNT(*), MAX(time) FROM points
WHERE time >= $1 AND time < $2 GROUP BY name ORDER BY name LIMIT 1000`

// Metrics lists the metrics that applications reported.
func (s *Store) Metrics(ctx context.Context, from, to time.Time) ([]calls.Metric, error) {
	bounded, done := s.ask(ctx)
	defer done()
	rows, err := s.db.QueryContext(bounded, sqlMetrics, from.UnixMicro(), to.UnixMicro())
	if err != nil {
		return nil, s.answered(ctx, bounded, err, "list the metrics of")
	}
	defer rows.Close()
	var list []calls.Metric
	for rows.Next() {
		var m calls.Metric
		var services string
		if err := rows.Scan(&m.Name, &m.Unit, &m.Type, &services, &m.Points, &m.Last); err != nil {
			return nil, err
		}
		m.Services = strings.Split(services, "\x1f")
		slices.Sort(m.Services)
		list = append(list, m)
	}
	return list, s.answered(ctx, bounded, rows.Err(), "list the metrics of")
}

// mostSteps bounds a question for a metric.
const mostSteps = 10_000

// Points computes one series a service and set of attributes of a metric. A counter
// that is cumulative is told by how much it grew from point to point of the same
// start; one that began anew counts from zero.
func (s *Store) Points(ctx context.Context, q calls.PointQuery) ([]calls.Series, error) {
	if !q.From.Before(q.To) {
		return nil, fault.New(fault.Invalid, "invalid_time", "the time ends before it begins").Hinted("--from must be before --to").At("from")
	}
	step := q.Step.Microseconds()
	if step <= 0 {
		step = q.To.UnixMicro() - q.From.UnixMicro()
	}
	if (q.To.UnixMicro()-q.From.UnixMicro())/step > mostSteps {
		return nil, fault.New(fault.Exhausted, "query_too_heavy", "the question has more than %d steps", mostSteps).Hinted("ask for a longer step, or a shorter time").At("step")
	}
	bounded, done := s.ask(ctx)
	defer done()
	list, err := s.points(bounded, &q, step)
	return list, s.answered(ctx, bounded, err, "read the metrics of")
}

func (s *Store) points(ctx context.Context, q *calls.PointQuery, step int64) ([]calls.Series, error) {
	b := &callstore.Builder{Dialect: dialect{}}
	labels := make([]string, len(q.By))
	for i, by := range q.By {
		if labels[i] = "service"; by != "service" {
			labels[i] = "regexp_extract(attributes, " + b.Param("(?s)"+regexp.QuoteMeta("\x1f"+by+"\x1e")+"([^\x1f]*)") + ", 1)"
		}
	}
	key := "''"
	if len(labels) > 0 {
		key = "concat_ws(chr(31), " + strings.Join(labels, ", ") + ")"
	}
	const grown = `CASE WHEN type = 'gauge' OR delta THEN %[1]s WHEN LAG(start) OVER w = start THEN GREATEST(%[1]s - LAG(%[1]s) OVER w, 0) WHEN LAG(time) OVER w IS NULL AND start < $%[2]d THEN 0 ELSE %[1]s END`
	name := b.Param(q.Name)
	from, to := b.Param(q.From.UnixMicro()), b.Param(q.To.UnixMicro())
	n := len(b.Args) - 1
	query := "SELECT k, t, CASE WHEN MAX(type) = 'gauge' THEN ARG_MAX(v, time) ELSE SUM(v) END / 1000000.0, CAST(SUM(c) AS BIGINT) FROM (SELECT " + key + " AS k, time, type, time - (time - " + from + ") % " + fmt.Sprint(step) +
		" AS t, " + fmt.Sprintf(grown, "micros", n) + " AS v, CASE WHEN type IN ('histogram', 'summary') THEN " + fmt.Sprintf(grown, "count", n) +
		" ELSE 0 END AS c FROM points WHERE name = " + name + " AND time >= " + from + " AND time < " + to +
		" WINDOW w AS (PARTITION BY service, attributes, key_id ORDER BY time)) AS p GROUP BY k, t ORDER BY k, t LIMIT 100000"
	rows, err := s.db.QueryContext(ctx, query, b.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []calls.Series
	last := ""
	for rows.Next() {
		var k string
		var v calls.SeriesValue
		if err := rows.Scan(&k, &v.Time, &v.Value, &v.Count); err != nil {
			return nil, err
		}
		if len(list) == 0 || k != last {
			last = k
			series := calls.Series{Labels: map[string]string{}}
			for i, value := range strings.SplitN(k, "\x1f", max(1, len(q.By))) {
				if i < len(q.By) {
					series.Labels[q.By[i]] = value
				}
			}
			list = append(list, series)
		}
		list[len(list)-1].Values = append(list[len(list)-1].Values, v)
	}
	return list, rows.Err()
}
