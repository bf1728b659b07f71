package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

const (
	traceRows   = 100_000
	groupsShown = 50
)

// label names a row: the gateway's own calls have no name.
const label = `CASE WHEN name <> '' THEN name ELSE operation || ' ' || asked END`

// sumsOfGroup is what traces and sessions have in common.
const sumsOfGroup = `COUNT(*) FILTER (WHERE counted), COUNT(*) FILTER (WHERE counted AND outcome <> 'ok'),
COUNT(*) FILTER (WHERE counted AND pricing = 'unpriced'), CAST(COALESCE(SUM(cost_nano) FILTER (WHERE counted), 0) AS BIGINT),
CAST(COALESCE(SUM(input_tokens + output_tokens) FILTER (WHERE counted), 0) AS BIGINT)`

// Traces lists traces, newest first. A filter takes the traces that have a row which
// fits it. What of a trace lies more than a day from those rows is not in its sums.
func (s *Store) Traces(ctx context.Context, q calls.Query) ([]calls.TraceSum, error) {
	bounded, done := s.ask(ctx)
	defer done()
	var list []calls.TraceSum
	ids, near, err := s.newest(bounded, &q, "trace_id")
	if err == nil && len(ids) > 0 {
		near = window{near.from - traceSpan, near.to + traceSpan}
		err = s.grouped(bounded, "trace_id", ids, near, `trace_id, MAX(session), MAX(subject), COALESCE(ARG_MIN(`+label+`, time) FILTER (WHERE parent_span_id = ''), ARG_MIN(`+label+`, time), ''),
COALESCE(ARG_MIN(service, time), ''), MIN(time), MAX(time + GREATEST(total_us, 0)) - MIN(time), COUNT(*), `+sumsOfGroup, func(scan func(...any) error) error {
			var t calls.TraceSum
			err := scan(&t.TraceID, &t.Session, &t.Subject, &t.Name, &t.Service, &t.Start, &t.Duration, &t.Spans, &t.Calls, &t.Errors, &t.Unpriced, &t.Cost, &t.Tokens)
			list = append(list, t)
			return err
		})
	}
	slices.SortFunc(list, func(a, b calls.TraceSum) int {
		return slices.Compare([]int64{b.Start}, []int64{a.Start})
	})
	return list, s.answered(ctx, bounded, err, "list the traces of")
}

// Sessions lists sessions, the one with the newest row first.
func (s *Store) Sessions(ctx context.Context, q calls.Query) ([]calls.SessionSum, error) {
	bounded, done := s.ask(ctx)
	defer done()
	var list []calls.SessionSum
	ids, _, err := s.newest(bounded, &q, "session")
	if err == nil && len(ids) > 0 {
		err = s.grouped(bounded, "session", ids, window{earliest, latest}, `session, MAX(subject), MIN(time), MAX(time), COUNT(DISTINCT trace_id), `+sumsOfGroup, func(scan func(...any) error) error {
			var t calls.SessionSum
			err := scan(&t.Session, &t.Subject, &t.First, &t.Last, &t.Traces, &t.Calls, &t.Errors, &t.Unpriced, &t.Cost, &t.Tokens)
			list = append(list, t)
			return err
		})
	}
	slices.SortFunc(list, func(a, b calls.SessionSum) int {
		return slices.Compare([]int64{b.Last}, []int64{a.Last})
	})
	return list, s.answered(ctx, bounded, err, "list the sessions of")
}

// newest returns the values of a column among the newest rows of the query, each
// once, up to its limit, and the time in which those rows lie.
func (s *Store) newest(ctx context.Context, q *calls.Query, column string) (ids []string, near window, err error) {
	limit := q.Limit
	if limit <= 0 {
		limit = groupsShown
	}
	seen := map[string]bool{}
	w := windowOf(q)
	if !q.Before.IsZero() {
		before, err := s.timeOf(ctx, q.Before)
		if err != nil {
			return nil, near, err
		}
		w.to = min(w.to, before)
	}
	near = window{latest, earliest}
	for n := int64(20_000); len(ids) < limit; n *= 8 {
		part, number, ok := s.slice(w, n)
		if !ok {
			break
		}
		b := &callstore.Builder{Dialect: dialect{}}
		near = window{min(near.from, part.from), max(near.to, part.to)}
		where, err := b.Where(q.Filter)
		if err != nil {
			return nil, near, err
		}
		found, err := texts(ctx, s.db, "SELECT "+column+" FROM "+partTable(number)+" WHERE "+timeBetween(part.from, part.to)+" AND "+column+" <> '' AND "+where+
			" GROUP BY 1 ORDER BY MAX(time) DESC LIMIT "+strconv.Itoa(limit), b.Args...)
		if err != nil {
			return nil, near, err
		}
		for _, id := range found {
			if !seen[id] && len(ids) < limit {
				seen[id] = true
				ids = append(ids, id)
			}
		}
		w.to = part.from
		if w.from >= w.to {
			break
		}
	}
	return ids, near, nil
}

// grouped adds up the rows in a time that have the column's values.
func (s *Store) grouped(ctx context.Context, column string, ids []string, w window, list string, yield func(scan func(...any) error) error) error {
	b := &callstore.Builder{Dialect: dialect{}}
	params := make([]string, len(ids))
	for i, id := range ids {
		params[i] = b.Param(id)
	}
	c := s.cover(w, false)
	if len(c.raw) == 0 {
		return nil
	}
	rows, err := s.db.QueryContext(ctx, "SELECT "+list+" FROM "+rawFrom(c)+" WHERE "+column+" IN ("+strings.Join(params, ", ")+") GROUP BY "+column, b.Args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := yield(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

const (
	sqlTraceScores = `SELECT CAST(id AS VARCHAR), time, org, team, project, key_id, trace_id, span_id, response, name, micros, valued, label, source FROM scores
WHERE trace_id = $1 ORDER BY time LIMIT 10000`
	sqlTraceLogs = `SELECT CAST(id AS VARCHAR), time, org, team, project, key_id, subject, trace_id, span_id, service, event, severity, content_offset, content_length FROM logs
WHERE trace_id = $1 ORDER BY time LIMIT 10000`
)

// Trace returns the rows of one trace by time, with its scores and logs.
func (s *Store) Trace(ctx context.Context, traceID string, limit int) (*calls.Trace, error) {
	bounded, done := s.ask(ctx)
	defer done()
	if limit <= 0 || limit > traceRows {
		limit = traceRows
	}
	t := &calls.Trace{}
	err := s.trace(bounded, t, traceID, limit)
	if err != nil {
		return nil, s.answered(ctx, bounded, err, "read a trace of")
	}
	if len(t.Rows) == 0 {
		return nil, fault.New(fault.NotFound, "trace_not_found", "there is no trace %s", callstore.Clean(clip(traceID))).
			Hinted("a trace is listed a moment after its first call ends; list them with: steward trace list")
	}
	return t, nil
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}

func (s *Store) trace(ctx context.Context, t *calls.Trace, traceID string, limit int) error {
	s.known.RLock()
	parts := slices.Clone(s.parts)
	s.known.RUnlock()
	slices.Sort(parts)
	for _, part := range parts {
		_, err := s.rows(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE trace_id = $1 ORDER BY time, id LIMIT %d", selected, partTable(part), limit+1-len(t.Rows)),
			[]any{callstore.Clean(traceID)}, func(r *calls.Row) (bool, error) {
				if len(t.Rows) == limit {
					t.Partial = true
					return false, nil
				}
				t.Rows = append(t.Rows, *r)
				return true, nil
			})
		if err != nil || t.Partial {
			return err
		}
	}
	if err := s.scan(ctx, sqlTraceScores, traceID, func(rows *sql.Rows) error {
		var v record.Score
		var id string
		err := rows.Scan(&id, &v.Time, &v.Org, &v.Team, &v.Project, &v.Key, &v.TraceID, &v.SpanID, &v.Response, &v.Name, &v.Micros, &v.Valued, &v.Label, &v.Source)
		v.ID = uuid(id)
		t.Scores = append(t.Scores, v)
		return err
	}); err != nil {
		return err
	}
	return s.scan(ctx, sqlTraceLogs, traceID, func(rows *sql.Rows) error {
		var v record.Log
		var id string
		err := rows.Scan(&id, &v.Time, &v.Org, &v.Team, &v.Project, &v.Key, &v.Subject, &v.TraceID, &v.SpanID, &v.Service, &v.Event, &v.Severity, &v.Content.Offset, &v.Content.Length)
		v.ID = uuid(id)
		t.Logs = append(t.Logs, v)
		return err
	})
}

func uuid(text string) (id ident.ID) {
	var u duckdb.UUID
	if u.Scan(text) == nil {
		id = ident.ID(u)
	}
	return id
}

// scan runs a statement and yields each row.
func (s *Store) scan(ctx context.Context, query string, arg any, yield func(*sql.Rows) error) error {
	rows, err := s.db.QueryContext(ctx, query, arg)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := yield(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
