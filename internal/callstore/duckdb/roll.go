package duckdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/steward-llmops/steward/internal/callstore"
)

const (
	// rollAfter is how long after its end an hour is rolled up: most of what belongs to
	// it has come by then, and what comes later has it rolled again.
	rollAfter = 2 * time.Minute
	// minutesKept is for how long there are rollups by the minute.
	minutesKept = 48 * time.Hour
)

const (
	sqlRolled = `UPDATE hours SET rolled = true WHERE hour = $1`
)

// Roll rolls up the hours that are over and that have rows which no rollup has, the
// newest first, and returns how many it rolled. It gives way to batches between two
// hours, and ends with ctx.
func (s *Store) Roll(ctx context.Context) (int, error) {
	edge := s.opts.Now().Add(-rollAfter).UnixMicro() - hourMicros
	s.known.RLock()
	var due []int64
	for at, h := range s.hours {
		if !h.rolled && at <= edge {
			due = append(due, at)
		}
	}
	s.known.RUnlock()
	slices.Sort(due)
	slices.Reverse(due)
	for i, at := range due {
		if err := ctx.Err(); err != nil {
			return i, nil // the rest is rolled the next time
		}
		if err := s.rollHour(ctx, at); err != nil {
			return i, s.fault(err, "roll up", false)
		}
	}
	return len(due), nil
}

// rollHour replaces the rollups of one hour, in one transaction.
func (s *Store) rollHour(ctx context.Context, at int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx, err := s.db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	where := timeBetween(at, at+hourMicros)
	table := partTable(partOf(at))
	var statements []string
	for _, g := range grains {
		statements = append(statements, "DELETE FROM rollup_"+g.name+" WHERE "+where, "DELETE FROM hist_"+g.name+" WHERE "+where)
		if g.step != hourMicros && at < s.opts.Now().Add(-minutesKept).UnixMicro() {
			continue
		}
		statements = append(statements, "INSERT INTO rollup_"+g.name+" "+callstore.Rolled(dialect{}, table, where, g.step))
		for _, d := range callstore.Durations {
			statements = append(statements, "INSERT INTO hist_"+g.name+" "+callstore.RolledHist(table, d, where, g.step))
		}
	}
	for _, statement := range statements {
		if _, err := tx.ExecContext(context.WithoutCancel(ctx), statement); err != nil {
			return errors.Join(fmt.Errorf("hour %d: %w", at, err), tx.Rollback())
		}
	}
	if _, err := tx.ExecContext(context.WithoutCancel(ctx), sqlRolled, at); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.known.Lock()
	defer s.known.Unlock()
	h := s.hours[at]
	s.hours[at] = hour{rows: h.rows, rolled: true}
	return nil
}
