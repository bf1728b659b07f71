package apitest

import (
	"context"
	"slices"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// callStore is the world's calls.Store: plain loops over what was added.
type callStore struct{ w *World }

// rows returns the rows that a query selects, newest first.
func (s callStore) rows(q *calls.Query) ([]calls.Row, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.w.broken != nil {
		return nil, s.w.broken
	}
	var out []calls.Row
	for _, c := range slices.Backward(s.w.calls) {
		r := calls.Row{Call: c, Counted: calls.Uses(&c)}
		at := time.UnixMicro(c.Time)
		if (q.From.IsZero() || !at.Before(q.From)) && (q.To.IsZero() || at.Before(q.To)) && (r.Counted || q.WithSpans()) &&
			(q.Before.IsZero() || c.ID.String() < q.Before.String()) && calls.Match(q.Filter, &r, func() calls.Texts { return s.w.said(&c) }) {
			out = append(out, r)
		}
		if q.Limit > 0 && len(out) == q.Limit {
			break
		}
	}
	return out, nil
}

// said returns what was said in a call; w.mu is held.
func (w *World) said(c *record.Call) calls.Texts {
	content, ok := w.contents[c.ID]
	if !ok {
		return calls.Texts{}
	}
	return calls.Searchable(&content)
}

// List implements calls.Store.
func (s callStore) List(_ context.Context, q calls.Query) (calls.Page, error) {
	rows, err := s.rows(&q)
	return calls.Page{Rows: rows}, err
}

// Show implements calls.Store.
func (s callStore) Show(_ context.Context, id ident.ID) (calls.Row, error) {
	rows, err := s.rows(&calls.Query{Spans: true})
	for _, r := range rows {
		if r.ID == id {
			return r, nil
		}
	}
	if err != nil {
		return calls.Row{}, err
	}
	return calls.Row{}, fault.New(fault.NotFound, "call_not_found", "there is no call %s", id.Text("call")).
		Hinted("list them with: steward calls list")
}

// Analyse implements calls.Store.
func (s callStore) Analyse(_ context.Context, a *calls.Analysis) (*calls.Table, error) {
	rows, err := s.rows(&calls.Query{Spans: true})
	if err != nil {
		return nil, err
	}
	return calls.Loop(rows, nil, a, func(r *calls.Row) calls.Texts {
		s.w.mu.Lock()
		defer s.w.mu.Unlock()
		return s.w.said(&r.Call)
	}), nil
}

// Facets implements calls.Store.
func (s callStore) Facets(ctx context.Context, q calls.FacetQuery) ([]calls.Facet, error) {
	names := q.Fields
	if len(names) == 0 {
		names = []string{"model", "project", "status"}
	}
	var out []calls.Facet
	for _, name := range names {
		d, err := calls.ParseDimension(name, time.UTC)
		if err != nil {
			return nil, err
		}
		t, err := s.Analyse(ctx, &calls.Analysis{To: s.w.Now().AddDate(1, 0, 0), By: []calls.Dimension{d}, Measures: []calls.Measure{{What: calls.Calls}}})
		if err != nil {
			return nil, err
		}
		f := calls.Facet{Field: name}
		for _, r := range t.Rows {
			if r.Keys[0] != "" {
				f.Values = append(f.Values, calls.FacetValue{Value: r.Keys[0], Calls: r.Values[0].N})
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// Traces implements calls.Store.
func (s callStore) Traces(_ context.Context, q calls.Query) ([]calls.TraceSum, error) {
	limit := q.Limit
	q.Limit = 0
	rows, err := s.rows(&q)
	var out []calls.TraceSum
	for i := range rows {
		r := &rows[i]
		if r.TraceID == "" || len(out) == limit || slices.ContainsFunc(out, func(t calls.TraceSum) bool { return t.TraceID == r.TraceID }) {
			continue
		}
		t := calls.TraceSum{TraceID: r.TraceID, Session: r.Session, Subject: r.Subject, Name: r.Name, Start: r.Time, Duration: r.TotalMicros}
		for k := range rows {
			if x := &rows[k]; x.TraceID == r.TraceID {
				t.Start = min(t.Start, x.Time)
				t.Spans++
				t.Calls++
				t.Cost += int64(x.Cost)
				t.Tokens += x.Usage.InputTokens() + x.Usage.OutputTokens()
			}
		}
		out = append(out, t)
	}
	return out, err
}

// Trace implements calls.Store.
func (s callStore) Trace(_ context.Context, traceID string, limit int) (*calls.Trace, error) {
	rows, err := s.rows(&calls.Query{Spans: true})
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r calls.Row) bool { return r.TraceID != traceID })
	if len(rows) == 0 {
		return nil, fault.New(fault.NotFound, "trace_not_found", "there is no trace of this id").Hinted("list them with: steward trace list")
	}
	slices.Reverse(rows)
	t := &calls.Trace{Rows: rows}
	if limit > 0 && len(rows) > limit {
		t.Rows, t.Partial = rows[:limit], true
	}
	return t, nil
}

// Sessions implements calls.Store.
func (s callStore) Sessions(_ context.Context, q calls.Query) ([]calls.SessionSum, error) {
	limit := q.Limit
	q.Limit = 0
	rows, err := s.rows(&q)
	var out []calls.SessionSum
	for i := range rows {
		r := &rows[i]
		if r.Session == "" || len(out) == limit || slices.ContainsFunc(out, func(t calls.SessionSum) bool { return t.Session == r.Session }) {
			continue
		}
		t := calls.SessionSum{Session: r.Session, Subject: r.Subject, First: r.Time, Last: r.Time}
		traces := map[string]bool{}
		for k := range rows {
			if x := &rows[k]; x.Session == r.Session {
				traces[x.TraceID] = true
				t.First = min(t.First, x.Time)
				t.Calls++
				t.Cost += int64(x.Cost)
				t.Tokens += x.Usage.InputTokens() + x.Usage.OutputTokens()
			}
		}
		t.Traces = int64(len(traces))
		out = append(out, t)
	}
	return out, err
}

// Metrics implements calls.Store: nobody reports any here.
func (s callStore) Metrics(context.Context, time.Time, time.Time) ([]calls.Metric, error) {
	return nil, nil
}

// Points implements calls.Store.
func (s callStore) Points(context.Context, calls.PointQuery) ([]calls.Series, error) {
	return nil, nil
}
