package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

const (
	sqlPosition = `SELECT next FROM meta`
	sqlAdvance  = `UPDATE meta SET next = $1`
)

// Position returns the journal offset up to which the store has come; 0 at first.
func (s *Store) Position(ctx context.Context) (next int64, err error) {
	s.asking.RLock()
	defer s.asking.RUnlock()
	err = s.db.QueryRowContext(ctx, sqlPosition).Scan(&next)
	return next, s.fault(err, "read the position of", false)
}

// Apply adds what is told by the entries, which are the journal's from offset from
// up to offset next, and moves the position, all in one transaction. A batch that
// does not start at the position is callstore.ErrPosition, and changes nothing. So
// each entry is applied exactly once. What an application sent twice is stored once,
// by its id; that no call of the gateway is in the journal twice is the journal's
// business.
//
// A batch costs a commit, some milliseconds on a disk, whatever its size: batches
// of hundreds are cheap, single calls are not.
func (s *Store) Apply(ctx context.Context, from int64, entries []record.Entry, next int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if next < from {
		return fmt.Errorf("from %d back to %d: %w", from, next, callstore.ErrPosition)
	}
	return s.fault(s.apply(ctx, from, entries, next), fmt.Sprintf("apply from %d to", from), false)
}

// batch is one Apply on its way.
type batch struct {
	*Store
	conn    *sql.Conn
	tx      *sql.Tx
	rows    map[int64][]*calls.Row // by partition
	hours   map[int64]int64        // rows that an hour gets
	words   []word
	changes []calls.Change
}

func (s *Store) apply(ctx context.Context, from int64, entries []record.Entry, next int64) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// The appender writes into whatever transaction its connection is in. So the
	// context must not end this one under it: it would go on without.
	steady := context.WithoutCancel(ctx)
	tx, err := conn.BeginTx(steady, nil)
	if err != nil {
		return err
	}
	b := &batch{Store: s, conn: conn, tx: tx, rows: map[int64][]*calls.Row{}, hours: map[int64]int64{}}
	err = func() error {
		var at int64
		if err := tx.QueryRowContext(steady, sqlPosition).Scan(&at); err != nil {
			return err
		}
		if at != from {
			return fmt.Errorf("a batch from %d at position %d: %w", from, at, callstore.ErrPosition)
		}
		if err := b.write(ctx, steady, entries); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		_, err := tx.ExecContext(steady, sqlAdvance, next)
		return err
	}()
	if err == nil {
		if err = tx.Commit(); err == nil {
			b.settle()
			return nil
		}
	}
	s.joiner, s.words = calls.Joiner{}, dictionary{} // they know what did not happen
	return errors.Join(err, ignoreDone(tx.Rollback()), s.reload(steady))
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// reload reads again what is kept in memory.
func (s *Store) reload(ctx context.Context) error {
	s.known.Lock()
	defer s.known.Unlock()
	s.hours = map[int64]hour{}
	return s.remember(ctx)
}

// write puts the entries into the transaction.
func (b *batch) write(ctx, steady context.Context, entries []record.Entry) error {
	rows, err := b.collect(steady, entries)
	if err != nil {
		return err
	}
	if err := b.join(steady, rows); err != nil {
		return err
	}
	for _, r := range rows {
		b.rows[partOf(r.Time)] = append(b.rows[partOf(r.Time)], r)
		b.hours[hourOf(r.Time)]++
	}
	b.known.Lock()
	for _, r := range rows {
		b.words = b.Store.words.see(b.words, r)
	}
	b.known.Unlock()
	for part, list := range b.rows {
		if !b.has(part) {
			if _, err := b.tx.ExecContext(steady, "CREATE TABLE IF NOT EXISTS "+partTable(part)+" ("+partColumns()+")"); err != nil {
				return err
			}
		}
		if err := b.conn.Raw(func(dc any) error { return b.append(ctx, dc.(driver.Conn), partTable(part), list) }); err != nil {
			return err
		}
	}
	if err := b.writeReported(steady, entries); err != nil {
		return err
	}
	return errors.Join(b.writeChanges(steady), b.writeWords(steady), b.writeHours(steady))
}

func hourOf(time int64) int64 { return floor(time, hourMicros) }

func floor(n, step int64) int64 {
	if n < 0 {
		n -= step - 1
	}
	return n - n%step
}

func (s *Store) has(part int64) bool {
	s.known.RLock()
	defer s.known.RUnlock()
	for _, p := range s.parts {
		if p == part {
			return true
		}
	}
	return false
}

// collect returns the batch's rows; a span that is stored, or that stood in the
// batch before, is left out.
func (b *batch) collect(ctx context.Context, entries []record.Entry) ([]*calls.Row, error) {
	rows := make([]*calls.Row, 0, len(entries))
	var spans map[ident.ID]bool
	for i := range entries {
		if c := entries[i].Span; c != nil {
			if spans == nil {
				var err error
				if spans, err = b.stored(ctx, entries); err != nil {
					return nil, err
				}
				if !b.spans { // the first ever: the calls before it were not joined
					if err := b.rememberAnswers(ctx); err != nil {
						return nil, err
					}
					b.spans = true
				}
			}
			if spans[c.ID] {
				continue
			}
			spans[c.ID] = true
			rows = append(rows, newRow(c))
		} else if c := entries[i].Call; c != nil {
			rows = append(rows, newRow(c))
		}
	}
	return rows, nil
}

// The times that rows may have: a clock that says another is wrong, and the week
// that it names would have a table of its own.
var (
	firstTime = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	lastTime  = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
)

func newRow(c *record.Call) *calls.Row {
	r := &calls.Row{Call: *c}
	r.Time = min(max(r.Time, firstTime), lastTime)
	return r
}

// stored returns which spans of the batch are stored.
func (b *batch) stored(ctx context.Context, entries []record.Entry) (map[ident.ID]bool, error) {
	there := map[ident.ID]bool{}
	ids := map[int64][]string{} // as literals, by partition
	for i := range entries {
		if c := entries[i].Span; c != nil {
			part := partOf(newRow(c).Time)
			ids[part] = append(ids[part], idLiteral(c.ID))
		}
	}
	for part, list := range ids {
		if !b.has(part) {
			continue
		}
		found, err := texts(ctx, b.tx, "SELECT CAST(id AS VARCHAR) FROM "+partTable(part)+" WHERE id IN ("+strings.Join(list, ", ")+")")
		if err != nil {
			return nil, err
		}
		for _, text := range found {
			there[uuid(text)] = true
		}
	}
	return there, nil
}

func idLiteral(id ident.ID) string { return "CAST(" + quote(callstore.UUIDText(id)) + " AS UUID)" }

// traceSpan is how far apart the rows of one trace may lie to be joined.
const traceSpan = 24 * hourMicros

// join sets what of the rows follows from the others of their traces. Until somebody
// reports spans there is nothing to join: every call is the gateway's, and counts.
func (b *batch) join(ctx context.Context, rows []*calls.Row) error {
	if !b.spans {
		for _, r := range rows {
			r.Counted = calls.Uses(&r.Call)
		}
		return nil
	}
	var low, high int64
	unknown := map[string]bool{}
	for i, r := range rows {
		if i == 0 || r.Time < low {
			low = r.Time
		}
		high = max(high, r.Time)
		// A trace that begins with the gateway's own call has nothing stored.
		if r.TraceID != "" && !b.joiner.Knows(r) && (r.Source != "" || r.ParentSpanID != "") {
			unknown[r.TraceID] = true
		}
	}
	if len(unknown) > 0 {
		stored, err := b.traces(ctx, unknown, low-traceSpan, high+traceSpan)
		if err != nil {
			return err
		}
		b.joiner.Load(stored)
	}
	b.changes = b.joiner.Add(rows)
	return nil
}

// joined are the columns of a row that the joiner looks at.
const joined = `CAST(id AS VARCHAR), time, org, source, kind, trace_id, span_id, parent_span_id, session, subject, counted, input_tokens + output_tokens`

// traces reads the rows of traces as far as the joiner needs them.
func (b *batch) traces(ctx context.Context, ids map[string]bool, low, high int64) (list []calls.Row, err error) {
	names := make([]string, 0, len(ids))
	for id := range ids {
		names = append(names, literal(id))
	}
	b.known.RLock()
	parts := append([]int64(nil), b.parts...)
	b.known.RUnlock()
	for _, part := range parts {
		if part < partOf(low) || part > partOf(high) {
			continue
		}
		rows, err := b.tx.QueryContext(ctx, "SELECT "+joined+" FROM "+partTable(part)+" WHERE time BETWEEN $1 AND $2 AND trace_id IN ("+strings.Join(names, ", ")+")", low, high)
		if err != nil {
			return nil, err
		}
		if list, err = scanJoined(list, rows); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func scanJoined(list []calls.Row, rows *sql.Rows) ([]calls.Row, error) {
	defer rows.Close()
	for rows.Next() {
		var r calls.Row
		var id string
		var tokens int64
		if err := rows.Scan(&id, &r.Time, &r.Org, &r.Source, &r.Kind, &r.TraceID, &r.SpanID, &r.ParentSpanID, &r.Session, &r.Subject, &r.Counted, &tokens); err != nil {
			return nil, err
		}
		r.ID = uuid(id)
		if r.Source == "gateway" {
			r.Source = ""
		}
		r.Usage.Reported = r.Counted || tokens > 0
		list = append(list, r)
	}
	return list, rows.Err()
}

// append puts rows into a table, in the connection's transaction.
func (s *Store) append(ctx context.Context, conn driver.Conn, table string, rows []*calls.Row) (err error) {
	a, err := duckdb.NewAppenderFromConn(conn, "", table)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil { // what waits must not be written by Close
			err = errors.Join(err, a.Clear())
		}
		err = errors.Join(err, a.Close())
	}()
	if s.row == nil {
		s.row = make([]driver.Value, len(callstore.Columns)+1)
	}
	for i, r := range rows {
		if i%16 == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			runtime.Gosched() // a batch must not keep a call waiting for a processor
		}
		s.fill(s.row, r)
		if err := a.AppendRow(s.row...); err != nil {
			return err
		}
	}
	return a.Flush()
}

// fill puts a row into the values of the columns.
func (s *Store) fill(row []driver.Value, r *calls.Row) {
	for i := range callstore.Columns {
		c := &callstore.Columns[i]
		if c.Field == nil {
			v := c.Derived(r)
			if text, ok := v.(string); ok {
				v = callstore.Clean(text)
			}
			row[i] = v
			continue
		}
		switch v := c.Field(r).(type) {
		case *int64:
			row[i] = *v
		case *string:
			row[i] = callstore.Clean(*v)
		case *bool:
			row[i] = *v
		case *int:
			row[i] = int64(*v)
		case *ident.ID:
			row[i] = duckdb.UUID(*v)
		}
	}
	s.rest = callstore.AppendRest(s.rest[:0], r)
	row[len(callstore.Columns)] = s.rest
}

// settle makes what the batch changed known, once it is committed.
func (b *batch) settle() {
	b.known.Lock()
	defer b.known.Unlock()
	for part := range b.rows {
		at := 0
		for at < len(b.parts) && b.parts[at] > part {
			at++
		}
		if at == len(b.parts) || b.parts[at] != part {
			b.parts = append(b.parts[:at:at], append([]int64{part}, b.parts[at:]...)...)
		}
	}
	for at, n := range b.hours {
		h := b.Store.hours[at]
		b.Store.hours[at] = hour{rows: h.rows + n}
	}
}
