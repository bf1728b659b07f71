package duckdb

import (
	"context"
	"fmt"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// Bounds of a search in content, which has to be read and unpacked.
const (
	searchRows = 20_000
	searchTime = 4 * time.Second
)

// search finds rows by what was said in them: those that the rest of the query
// leaves, one after the other.
func (s *Store) search(ctx context.Context, q *calls.Query) (page calls.Page, err error) {
	end := time.Now().Add(searchTime)
	looked := 0
	err = s.walk(ctx, q, calls.Prefilter(q.Filter), 0, func(r *calls.Row) (bool, error) {
		looked++
		hit, err := s.matches(q.Filter, r)
		if err != nil {
			return false, err
		}
		if hit {
			page.Rows = append(page.Rows, *r)
		}
		if q.Limit > 0 && len(page.Rows) == q.Limit {
			return false, nil
		}
		if looked >= s.opts.SearchRows || looked%64 == 0 && time.Now().After(end) {
			page.Partial, page.Next = true, r.ID
			page.Reason = fmt.Sprintf("%d calls were searched, back to %s", looked, time.UnixMicro(r.Time).UTC().Format(time.RFC3339))
			return false, nil
		}
		return true, nil
	})
	return page, err
}

// matches reads the row's content where it has to.
func (s *Store) matches(e calls.Expr, r *calls.Row) (bool, error) {
	var failed error
	hit := calls.Match(e, r, func() calls.Texts {
		if s.opts.Contents == nil || r.Content.Length == 0 {
			return calls.Texts{}
		}
		c, err := s.opts.Contents.Content(&r.Call)
		if err != nil {
			if !fault.Is(err, fault.NotFound) { // what is past its retention is found no more
				failed = err
			}
			return calls.Texts{}
		}
		return calls.Searchable(c)
	})
	return hit, failed
}
