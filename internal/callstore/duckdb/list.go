package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

var _ calls.Store = (*Store)(nil)

// ask begins a question: done ends it.
func (s *Store) ask(ctx context.Context) (bounded context.Context, done func()) {
	s.asking.RLock()
	bounded, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	return bounded, func() { cancel(); s.asking.RUnlock() }
}

// answered says of a question's error what it amounts to.
func (s *Store) answered(ctx, bounded context.Context, err error, doing string) error {
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		return fault.New(fault.Exhausted, "query_too_heavy", "the question was not answered within %s", s.opts.Timeout).
			Hinted("ask for a shorter time, such as --from -24h, or fewer dimensions")
	}
	return s.fault(err, doing, false)
}

// window is a time, From inclusive, To exclusive, in microseconds since the epoch.
type window struct{ from, to int64 }

const (
	earliest = -1 << 62
	latest   = 1 << 62
)

func windowOf(q *calls.Query) window {
	w := window{earliest, latest}
	if !q.From.IsZero() {
		w.from = q.From.UnixMicro()
	}
	if !q.To.IsZero() {
		w.to = q.To.UnixMicro()
	}
	return w
}

// slice returns the newest part of a window, within one partition, that has about n
// rows at least, by whole hours; ok is false where the window has no rows.
func (s *Store) slice(w window, n int64) (part window, number int64, ok bool) {
	s.known.RLock()
	defer s.known.RUnlock()
	for _, number := range s.parts {
		low, high := max(w.from, number*week), min(w.to, (number+1)*week)
		if low >= high {
			continue
		}
		rows, seen := int64(0), false
		for at := floor(high-1, hourMicros); at >= floor(low, hourMicros); at -= hourMicros {
			rows += s.hours[at].rows
			seen = seen || rows > 0
			if rows >= n {
				return window{max(low, at), high}, number, true
			}
		}
		if seen {
			return window{low, high}, number, true
		}
	}
	return window{}, 0, false
}

// List returns the rows that q selects.
func (s *Store) List(ctx context.Context, q calls.Query) (calls.Page, error) {
	bounded, done := s.ask(ctx)
	defer done()
	page, err := s.list(bounded, &q)
	return page, s.answered(ctx, bounded, err, "list")
}

func (s *Store) list(ctx context.Context, q *calls.Query) (page calls.Page, err error) {
	if calls.NeedsContent(q.Filter) {
		return s.search(ctx, q)
	}
	err = s.walk(ctx, q, q.Filter, int64(q.Limit), func(r *calls.Row) (bool, error) {
		page.Rows = append(page.Rows, *r)
		return q.Limit == 0 || len(page.Rows) < q.Limit, nil
	})
	return page, err
}

// walk yields the rows that fit the filter, newest first, until yield is false. It
// looks at few rows at first and at more and more where they do not fit.
func (s *Store) walk(ctx context.Context, q *calls.Query, filter calls.Expr, want int64, yield func(*calls.Row) (bool, error)) error {
	w := windowOf(q)
	var before int64
	if !q.Before.IsZero() {
		var err error
		if before, err = s.timeOf(ctx, q.Before); err != nil {
			return err
		}
		w.to = min(w.to, before+1)
	}
	for n := max(4*want, 20_000); ; n *= 8 {
		part, number, ok := s.slice(w, n)
		if !ok {
			return nil
		}
		b := &callstore.Builder{Dialect: dialect{}}
		where, err := b.Where(filter)
		if err != nil {
			return err
		}
		where = fmt.Sprintf("time >= %d AND time < %d AND %s", part.from, part.to, where)
		if !q.WithSpans() {
			where += " AND counted"
		}
		if !q.Before.IsZero() && part.to == before+1 {
			where += fmt.Sprintf(" AND (time < %d OR id < %s)", before, b.Dialect.UUID(b.Param(callstore.UUIDText(q.Before))))
		}
		limit := ""
		if want > 0 {
			limit = " LIMIT " + strconv.FormatInt(want, 10)
		}
		more, err := s.rows(ctx, "SELECT "+selected+" FROM "+partTable(number)+" WHERE "+where+" ORDER BY time DESC, id DESC"+limit, b.Args, yield)
		if err != nil || !more {
			return err
		}
		w.to = part.from
		if w.from >= w.to {
			return nil
		}
	}
}

// selected are the columns that a row is read from.
var selected = func() string {
	names := make([]string, 0, len(callstore.Stored)+1)
	for _, c := range callstore.Stored {
		names = append(names, c.Name)
	}
	return strings.Join(append(names, callstore.RestName), ", ")
}()

// rows runs a statement over selected; more is false where yield was.
func (s *Store) rows(ctx context.Context, query string, args []any, yield func(*calls.Row) (bool, error)) (more bool, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	sc := newScanner()
	for rows.Next() {
		r, err := sc.scan(rows.Scan)
		if err != nil {
			return false, err
		}
		if on, err := yield(&r); err != nil || !on {
			return false, err
		}
	}
	return true, rows.Err()
}

// scanner reads rows of selected.
type scanner struct {
	columns calls.Row
	rest    []byte
	targets []any
}

func newScanner() *scanner {
	sc := &scanner{}
	for i := range callstore.Stored {
		switch p := callstore.Stored[i].Field(&sc.columns).(type) {
		case *ident.ID:
			sc.targets = append(sc.targets, (*duckdb.UUID)(p))
		default:
			sc.targets = append(sc.targets, p)
		}
	}
	sc.targets = append(sc.targets, &sc.rest)
	return sc
}

func (sc *scanner) scan(from func(...any) error) (calls.Row, error) {
	if err := from(sc.targets...); err != nil {
		return calls.Row{}, err
	}
	r, err := callstore.ReadRest(sc.rest)
	if err != nil {
		return r, fmt.Errorf("read a row: %w", err)
	}
	for i := range callstore.Stored {
		field := callstore.Stored[i].Field
		switch to := field(&r).(type) {
		case *string:
			*to = *field(&sc.columns).(*string)
		case *int64:
			*to = *field(&sc.columns).(*int64)
		case *int:
			*to = *field(&sc.columns).(*int)
		case *bool:
			*to = *field(&sc.columns).(*bool)
		case *ident.ID:
			*to = *field(&sc.columns).(*ident.ID)
		}
	}
	return r, nil
}

// byID returns the row of an id. The id knows when it was made, and a row's time is
// not far from it.
func (s *Store) byID(ctx context.Context, id ident.ID) (row calls.Row, err error) {
	near := id.Time().UnixMicro()
	found := false
	look := func(parts []int64, where string) error {
		for _, part := range parts {
			if found {
				return nil
			}
			_, err := s.rows(ctx, "SELECT "+selected+" FROM "+partTable(part)+" WHERE id = CAST($1 AS UUID)"+where+" LIMIT 1", []any{callstore.UUIDText(id)},
				func(r *calls.Row) (bool, error) { row, found = *r, true; return false, nil })
			if err != nil {
				return err
			}
		}
		return nil
	}
	s.known.RLock()
	parts := slices.Clone(s.parts)
	s.known.RUnlock()
	close := slices.DeleteFunc(slices.Clone(parts), func(p int64) bool { return p < partOf(near-minuteMicros) || p > partOf(near+minuteMicros) })
	if err := look(close, fmt.Sprintf(" AND time BETWEEN %d AND %d", near-minuteMicros, near+minuteMicros)); err != nil {
		return row, err
	}
	if err := look(parts, ""); err != nil {
		return row, err
	}
	if !found {
		return row, sql.ErrNoRows
	}
	return row, nil
}

const minuteMicros = 60_000_000

// timeOf returns when the cursor's row was. Of a row that is gone, the id knows it
// to the millisecond.
func (s *Store) timeOf(ctx context.Context, id ident.ID) (micros int64, err error) {
	r, err := s.byID(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return id.Time().UnixMicro(), nil
	}
	return r.Time, err
}

// Show returns one row; fault.NotFound if there is none.
func (s *Store) Show(ctx context.Context, id ident.ID) (calls.Row, error) {
	bounded, done := s.ask(ctx)
	defer done()
	r, err := s.byID(bounded, id)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "call_not_found", "there is no call %s", id.Text("call")).
			Hinted("a call is listed a moment after its end; list them with: steward calls list")
	}
	return r, s.answered(ctx, bounded, err, "show")
}
