package duckdb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// writeReported puts scores, logs and points into the transaction, each once by its
// id.
func (b *batch) writeReported(ctx context.Context, entries []record.Entry) error {
	lists := map[string][][]driver.Value{}
	add := func(table string, row ...driver.Value) {
		for i := range row {
			if text, ok := row[i].(string); ok {
				row[i] = callstore.Clean(text)
			}
		}
		lists[table] = append(lists[table], row)
	}
	for i := range entries {
		switch e := &entries[i]; {
		case e.Score != nil:
			v := e.Score
			add("scores", duckdb.UUID(v.ID), v.Time, v.Org, v.Team, v.Project, v.Key, v.TraceID, v.SpanID, v.Response, v.Name, v.Micros, v.Valued, v.Label, v.Source)
		case e.Log != nil:
			v := e.Log
			add("logs", duckdb.UUID(v.ID), v.Time, v.Org, v.Team, v.Project, v.Key, v.Subject, v.TraceID, v.SpanID, v.Service, v.Event, v.Severity, v.Content.Offset, v.Content.Length)
		case e.Point != nil:
			v := e.Point
			add("points", duckdb.UUID(v.ID), v.Time, v.Start, v.Org, v.Team, v.Project, v.Key, v.Service, v.Name, v.Unit, v.Type, v.Delta, attributes(v.Attributes), v.Count, v.Micros)
		}
	}
	for table, list := range lists {
		fresh, err := b.unseen(ctx, table, list)
		if err != nil {
			return err
		}
		if err := b.conn.Raw(func(dc any) error { return appendRows(dc.(driver.Conn), table, fresh) }); err != nil {
			return err
		}
	}
	return nil
}

// unseen leaves out the rows whose id is stored, or stood before.
func (b *batch) unseen(ctx context.Context, table string, list [][]driver.Value) ([][]driver.Value, error) {
	ids := make([]string, len(list))
	for i, row := range list {
		ids[i] = idLiteral(ident.ID(row[0].(duckdb.UUID)))
	}
	found, err := texts(ctx, b.tx, "SELECT CAST(id AS VARCHAR) FROM "+table+" WHERE id IN ("+strings.Join(ids, ", ")+")")
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(found))
	for _, id := range found {
		seen[id] = true
	}
	fresh := list[:0]
	for _, row := range list {
		id := row[0].(duckdb.UUID)
		if text := id.String(); !seen[text] {
			seen[text] = true
			fresh = append(fresh, row)
		}
	}
	return fresh, nil
}

func appendRows(conn driver.Conn, table string, rows [][]driver.Value) error {
	a, err := duckdb.NewAppenderFromConn(conn, "", table)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := a.AppendRow(row...); err != nil {
			return fmt.Errorf("%w, %w", err, closeEmpty(a))
		}
	}
	return a.Close()
}

func closeEmpty(a *duckdb.Appender) error {
	if err := a.Clear(); err != nil {
		return err
	}
	return a.Close()
}

// writeChanges brings rows that are stored up to date with what joined them.
func (b *batch) writeChanges(ctx context.Context) error {
	byPart := map[int64][]string{}
	span := map[int64][2]int64{}
	for i := range b.changes {
		c := &b.changes[i]
		part := partOf(c.Time)
		byPart[part] = append(byPart[part], fmt.Sprintf("(%s, %t, %s, %s)", idLiteral(c.ID), c.Counted,
			literal(c.Session), literal(c.Subject)))
		t, ok := span[part]
		if !ok {
			t = [2]int64{c.Time, c.Time}
		}
		span[part] = [2]int64{min(t[0], c.Time), max(t[1], c.Time)}
		if _, touched := b.hours[hourOf(c.Time)]; !touched {
			b.hours[hourOf(c.Time)] = 0
		}
	}
	for part, values := range byPart {
		table := partTable(part)
		if _, err := b.tx.ExecContext(ctx, "UPDATE "+table+" SET counted = v.counted, session = v.session, subject = v.subject FROM (VALUES "+
			strings.Join(values, ", ")+") AS v(id, counted, session, subject) WHERE "+table+".id = v.id AND "+table+".time BETWEEN $1 AND $2", span[part][0], span[part][1]); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) writeWords(ctx context.Context) error {
	if len(b.words) == 0 {
		return nil
	}
	rows := make([][]driver.Value, len(b.words))
	for i, w := range b.words {
		rows[i] = []driver.Value{w.field, w.value, w.day}
	}
	return b.conn.Raw(func(dc any) error { return appendRows(dc.(driver.Conn), "words", rows) })
}

const (
	sqlHourNew    = `INSERT INTO hours VALUES ($1, $2, false)`
	sqlHourChange = `UPDATE hours SET rows = rows + $2, rolled = false WHERE hour = $1`
)

// writeHours adds to the hours' rows; an hour that gets one has to be rolled again.
func (b *batch) writeHours(ctx context.Context) error {
	for at, n := range b.hours {
		b.known.RLock()
		_, there := b.Store.hours[at]
		b.known.RUnlock()
		statement := sqlHourNew
		if there {
			statement = sqlHourChange
		}
		if _, err := b.tx.ExecContext(ctx, statement, at, n); err != nil {
			return err
		}
	}
	return nil
}

// attributes is a point's attributes as the text that tags make, in order of names.
func attributes(list []record.Tag) string {
	return callstore.Tags(&calls.Row{Call: record.Call{Tags: list}})
}

// literal returns text as a literal; a NUL, which ends a statement, is left out.
func literal(text string) string {
	return quote(strings.ReplaceAll(callstore.Clean(text), "\x00", ""))
}
