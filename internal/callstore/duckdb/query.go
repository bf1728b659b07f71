package duckdb

import (
	"context"
	"database/sql"
	"errors"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

var _ calls.Store = (*Store)(nil)

// List returns the calls that q selects, by time and then id, newest first.
func (s *Store) List(ctx context.Context, q calls.Query) ([]record.Call, error) {
	s.asking.RLock()
	defer s.asking.RUnlock()
	before, err := s.timeOf(ctx, q.Before)
	if err != nil {
		return nil, s.fault(err, "list", false)
	}
	query, args := callstore.Rows(&q, before)
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.fault(err, "list", false)
	}
	defer rows.Close()
	var list []record.Call
	targets := make([]any, len(callstore.Stored))
	for rows.Next() {
		list = append(list, record.Call{})
		if err := scan(rows.Scan, targets, &list[len(list)-1]); err != nil {
			return nil, s.fault(err, "list", false)
		}
	}
	return list, s.fault(rows.Err(), "list", false)
}

// timeOf returns when the cursor's call arrived. Of a call that is gone, the id
// knows it to the millisecond.
func (s *Store) timeOf(ctx context.Context, id ident.ID) (micros int64, err error) {
	if id.IsZero() {
		return 0, nil
	}
	err = s.db.QueryRowContext(ctx, callstore.TimeOf, callstore.UUIDText(id)).Scan(&micros)
	if errors.Is(err, sql.ErrNoRows) {
		return id.Time().UnixMicro(), nil
	}
	return micros, err
}

// Show returns one call; fault.NotFound if there is none.
func (s *Store) Show(ctx context.Context, id ident.ID) (record.Call, error) {
	s.asking.RLock()
	defer s.asking.RUnlock()
	var c record.Call
	err := scan(s.db.QueryRowContext(ctx, callstore.Row, callstore.UUIDText(id)).Scan, make([]any, len(callstore.Stored)), &c)
	if errors.Is(err, sql.ErrNoRows) {
		return record.Call{}, fault.New(fault.NotFound, "call_not_found", "there is no call %s", id.Text("call")).
			Hinted("a call is listed a moment after its end; list them with: steward calls list")
	}
	if err != nil {
		return record.Call{}, s.fault(err, "show", false)
	}
	return c, nil
}

// scan reads a row of callstore.Stored into c.
func scan(from func(...any) error, targets []any, c *record.Call) error {
	for i := range callstore.Stored {
		targets[i] = target(&callstore.Stored[i], c)
	}
	return from(targets...)
}

// Sums adds up the calls that q selects, by the dimensions; the most calls first.
// Without dimensions there is one sum. q.Limit is of sums; q.Before says nothing.
func (s *Store) Sums(ctx context.Context, q calls.Query, by []calls.Dimension) ([]calls.Sum, error) {
	s.asking.RLock()
	defer s.asking.RUnlock()
	query, args, err := callstore.Sums(&q, by)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.fault(err, "sum", false)
	}
	defer rows.Close()
	var sums []calls.Sum
	for rows.Next() {
		sum := calls.Sum{Values: make([]string, len(by))}
		targets := make([]any, 0, len(by)+8)
		for i := range by {
			targets = append(targets, &sum.Values[i])
		}
		targets = append(targets, &sum.Calls, &sum.Errors, &sum.Unpriced, (*int64)(&sum.CostNano),
			&sum.InputTokens, &sum.CachedTokens, &sum.OutputTokens, &sum.ReasoningTokens)
		if err := rows.Scan(targets...); err != nil {
			return nil, s.fault(err, "sum", false)
		}
		for i, d := range by {
			sum.Values[i] = callstore.Value(d, sum.Values[i])
		}
		sums = append(sums, sum)
	}
	return sums, s.fault(rows.Err(), "sum", false)
}
