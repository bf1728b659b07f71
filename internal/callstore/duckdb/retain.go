package duckdb

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Retain drops what is older than before: whole partitions at once, and of the
// oldest that stays the rows that are past it. Minutes' rollups go by their own
// age. It returns how many partitions were dropped.
func (s *Store) Retain(ctx context.Context, before time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edge := floor(before.UnixMicro(), hourMicros)
	s.known.RLock()
	parts := slices.Clone(s.parts)
	s.known.RUnlock()
	dropped, err := s.retain(ctx, edge, parts)
	return dropped, s.fault(err, "drop the oldest of", false)
}

func (s *Store) retain(ctx context.Context, edge int64, parts []int64) (dropped int, err error) {
	old := fmt.Sprintf(" WHERE time < %d", edge)
	statements := []string{"DELETE FROM rollup_hour" + old, "DELETE FROM hist_hour" + old, "DELETE FROM scores" + old, "DELETE FROM logs" + old, "DELETE FROM points" + old,
		fmt.Sprintf("DELETE FROM hours WHERE hour < %d", edge), fmt.Sprintf("DELETE FROM words WHERE seen < %d", edge/(24*hourMicros))}
	minutes := fmt.Sprintf(" WHERE time < %d", floor(s.opts.Now().Add(-minutesKept).UnixMicro(), hourMicros))
	statements = append(statements, "DELETE FROM rollup_minute"+minutes, "DELETE FROM hist_minute"+minutes)
	var gone []int64
	for _, part := range parts {
		switch {
		case (part+1)*week <= edge:
			gone = append(gone, part)
			statements = append(statements, "DROP TABLE "+partTable(part))
		case part*week < edge:
			statements = append(statements, "DELETE FROM "+partTable(part)+old)
		}
	}
	s.known.Lock()
	s.parts = slices.DeleteFunc(s.parts, func(p int64) bool { return slices.Contains(gone, p) })
	for at := range s.hours {
		if at < edge {
			delete(s.hours, at)
		}
	}
	s.known.Unlock()
	for _, statement := range statements {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			return 0, err
		}
	}
	return len(gone), nil
}
