package duckdb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/record"
)

const (
	sqlPosition = `SELECT next FROM position`
	sqlAdvance  = `UPDATE position SET next = $1`
)

// Position returns the journal offset up to which the store has come; 0 at first.
func (s *Store) Position(ctx context.Context) (next int64, err error) {
	s.asking.RLock()
	defer s.asking.RUnlock()
	err = s.db.QueryRowContext(ctx, sqlPosition).Scan(&next)
	return next, s.fault(err, "read the position of", false)
}

// Apply adds the calls among the entries, which are the journal's from offset from
// up to offset next, and moves the position, all in one transaction. A batch that
// does not start at the position is callstore.ErrPosition, and changes nothing. So
// each entry is applied exactly once; that no call is in the journal twice is the
// journal's business.
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
	err = func() error {
		var at int64
		if err := tx.QueryRowContext(steady, sqlPosition).Scan(&at); err != nil {
			return err
		}
		if at != from {
			return fmt.Errorf("a batch from %d at position %d: %w", from, at, callstore.ErrPosition)
		}
		if err := conn.Raw(func(dc any) error { return s.append(ctx, dc.(driver.Conn), entries) }); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		_, err := tx.ExecContext(steady, sqlAdvance, next)
		return err
	}()
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// append puts the calls among the entries into the connection's transaction.
func (s *Store) append(ctx context.Context, conn driver.Conn, entries []record.Entry) (err error) {
	if !hasCall(entries) {
		return nil
	}
	a, err := duckdb.NewAppenderFromConn(conn, "", "calls")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil { // what waits must not be written by Close
			err = errors.Join(err, a.Clear())
		}
		err = errors.Join(err, a.Close())
	}()
	row := make([]driver.Value, len(s.layout))
	for i := range entries {
		c := entries[i].Call
		if c == nil {
			continue
		}
		if i%16 == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			runtime.Gosched() // a batch must not keep a call waiting for a processor
		}
		s.fill(row, c)
		if err := a.AppendRow(row...); err != nil {
			return err
		}
	}
	return a.Flush()
}

func hasCall(entries []record.Entry) bool {
	for i := range entries {
		if entries[i].Call != nil {
			return true
		}
	}
	return false
}

// fill puts a call into a row, in the table's layout.
func (s *Store) fill(row []driver.Value, c *record.Call) {
	for i, column := range s.layout {
		if column < 0 {
			row[i] = nil
			continue
		}
		switch v := callstore.Columns[column].Field(c).(type) {
		case *int64:
			row[i] = *v
		case *string:
			row[i] = callstore.Clean(*v)
		case *bool:
			row[i] = *v
		case *int:
			row[i] = int64(*v)
		case callstore.Document:
			row[i] = callstore.Clean(v.Text())
		case *ident.ID:
			row[i] = duckdb.UUID(*v)
		case int64: // a sum
			row[i] = v
		}
	}
}

// target returns where a column of a result is scanned to.
func target(column *callstore.Column, c *record.Call) any {
	switch v := column.Field(c).(type) {
	case *ident.ID:
		return (*duckdb.UUID)(v)
	default: // a Document is a sql.Scanner
		return v
	}
}
