package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/callstore"
)

// Rows of calls lie in partitions, a table a week of their time, so that retention
// drops tables. Everything else lies in one table each.

const week = 7 * 86_400_000_000 // microseconds

// partOf returns the number of the partition that a time lies in.
func partOf(time int64) int64 {
	if time < 0 {
		time -= week - 1
	}
	return time / week
}

const partPrefix = "calls_"

// partTable names a partition; one before the epoch has an m for the minus.
func partTable(part int64) string {
	return partPrefix + strings.Replace(strconv.FormatInt(part, 10), "-", "m", 1)
}

const (
	sqlTables = `SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database()`
	sqlMeta   = `CREATE TABLE IF NOT EXISTS meta (schema BIGINT NOT NULL, next BIGINT NOT NULL)`
	sqlBegin  = `INSERT INTO meta SELECT $1, 0 WHERE NOT EXISTS (SELECT 1 FROM meta)`
	sqlSchema = `SELECT schema FROM meta`
	sqlHours  = `CREATE TABLE IF NOT EXISTS hours (hour BIGINT NOT NULL, rows BIGINT NOT NULL, rolled BOOLEAN NOT NULL)`
	sqlWords  = `CREATE TABLE IF NOT EXISTS words (field VARCHAR NOT NULL, value VARCHAR NOT NULL, seen BIGINT NOT NULL)`
	sqlScores = `CREATE TABLE IF NOT EXISTS scores (id UUID, time BIGINT, org VARCHAR, team VARCHAR, project VARCHAR, key_id VARCHAR,
trace_id VARCHAR, span_id VARCHAR, response VARCHAR, name VARCHAR, micros BIGINT, valued BOOLEAN, label VARCHAR, source VARCHAR)`
	sqlLogs = `CREATE TABLE IF NOT EXISTS logs (id UUID, time BIGINT, org VARCHAR, team VARCHAR, project VARCHAR, key_id VARCHAR, subject VARCHAR,
trace_id VARCHAR, span_id VARCHAR, service VARCHAR, event VARCHAR, severity BIGINT, content_offset BIGINT, content_length BIGINT)`
	sqlPoints = `CREATE TABLE IF NOT EXISTS points (id UUID, time BIGINT, start BIGINT, org VARCHAR, team VARCHAR, project VARCHAR, key_id VARCHAR,
service VARCHAR, name VARCHAR, unit VARCHAR, type VARCHAR, delta BOOLEAN, attributes VARCHAR, count BIGINT, micros BIGINT)`
)

// grains are the steps of the rollups, in microseconds, by the suffix of their tables.
var grains = []struct {
	name string
	step int64
}{{"hour", hourMicros}, {"minute", 60_000_000}}

const hourMicros = 3_600_000_000

func partColumns() string {
	list := make([]string, 0, len(callstore.Columns)+1)
	for _, c := range callstore.Columns {
		list = append(list, c.Name+" "+types[c.Kind])
	}
	return strings.Join(append(list, callstore.RestName+" BLOB"), ", ")
}

// prepare makes the tables, and reads what is kept in memory.
func (s *Store) prepare(ctx context.Context) error {
	tables, err := s.tables(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(tables, "position") || slices.Contains(tables, "calls") {
		return callstore.ErrSchema
	}
	shape := "CREATE TABLE IF NOT EXISTS shape (" + partColumns() + ")" // never has rows
	statements := []string{shape, sqlMeta, sqlHours, sqlWords, sqlScores, sqlLogs, sqlPoints}
	for _, g := range grains {
		statements = append(statements,
			"CREATE TABLE IF NOT EXISTS rollup_"+g.name+" ("+strings.Join(callstore.RollupColumns(), ", ")+")",
			"CREATE TABLE IF NOT EXISTS hist_"+g.name+" ("+strings.Join(callstore.HistColumns(), ", ")+")")
	}
	for _, statement := range statements {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if _, err := s.db.ExecContext(ctx, sqlBegin, callstore.Schema); err != nil {
		return err
	}
	var schema int64
	if err := s.db.QueryRowContext(ctx, sqlSchema).Scan(&schema); err != nil {
		return err
	}
	if schema != callstore.Schema {
		return callstore.ErrSchema
	}
	for _, name := range tables {
		number, ok := strings.CutPrefix(name, partPrefix)
		part, err := strconv.ParseInt(strings.Replace(number, "m", "-", 1), 10, 64)
		if ok && err == nil {
			s.parts = append(s.parts, part)
		}
	}
	slices.SortFunc(s.parts, func(a, b int64) int { return int(b - a) })
	return s.remember(ctx)
}

func (s *Store) tables(ctx context.Context) (names []string, err error) {
	rows, err := s.db.QueryContext(ctx, sqlTables)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

const (
	sqlReadHours = `SELECT hour, rows, rolled FROM hours`
	sqlReadWords = `SELECT field, value, MAX(seen) FROM words GROUP BY field, value`
)

// remember reads the hours and the dictionary, and what the joiner has to know.
func (s *Store) remember(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, sqlReadHours)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var at int64
		var h hour
		if err := rows.Scan(&at, &h.rows, &h.rolled); err != nil {
			return err
		}
		s.hours[at] = h
	}
	if err := rows.Err(); err != nil {
		return err
	}
	words, err := s.db.QueryContext(ctx, sqlReadWords)
	if err != nil {
		return err
	}
	defer words.Close()
	for words.Next() {
		var field, value string
		var seen int64
		if err := words.Scan(&field, &value, &seen); err != nil {
			return err
		}
		s.words.load(field, value, seen)
		s.spans = s.spans || field == "source" && value != "gateway"
	}
	if err := words.Err(); err != nil {
		return err
	}
	if s.spans {
		return s.rememberAnswers(ctx)
	}
	return nil
}

const answersBack = 24 * hourMicros

// rememberAnswers tells the joiner of the gateway's own answers of the last day.
func (s *Store) rememberAnswers(ctx context.Context) error {
	from := s.opts.Now().UnixMicro() - answersBack
	for _, part := range s.parts {
		if part < partOf(from) {
			break
		}
		ids, err := texts(ctx, s.db, fmt.Sprintf("SELECT upstream_id FROM %s WHERE time >= $1 AND source = 'gateway' AND upstream_id <> '' LIMIT 50000", partTable(part)), from)
		if err != nil {
			return err
		}
		s.joiner.Answered(ids)
	}
	return nil
}

// querier is a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// texts runs a statement that gives one text a row.
func texts(ctx context.Context, q querier, query string, args ...any) (list []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, rows.Err()
}
