package apitest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// callStore implements calls.Store in plain loops over the world's rows.
type callStore struct{ w *World }

// AddRow records a call or a span and its content, which may be nil, and tells the
// followers.
func (w *World) AddRow(r calls.Row, content *record.Content) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if content != nil {
		r.Content = record.ContentRef{Offset: 1, Length: int64(len(content.Request))}
		w.contents[r.ID] = *content
	}
	w.rows = append(w.rows, r)
	for f := range w.followers {
		f <- r
	}
}

// Reported records what applications report beside spans.
func (w *World) Reported(scores []record.Score, logs []record.Log, points []record.Point) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scores, w.logs, w.points = append(w.scores, scores...), append(w.logs, logs...), append(w.points, points...)
}

// EndEarly makes lists that need content end once they have looked at n rows; 0 makes
// them whole again.
func (w *World) EndEarly(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.early = n
}

// said returns what was said in a row.
func (w *World) said(r *calls.Row) calls.Texts {
	c, ok := w.contents[r.ID]
	if !ok {
		return calls.Texts{}
	}
	return calls.Searchable(&c)
}

func older(a, b *calls.Row) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), strings.Compare(a.ID.String(), b.ID.String()))
}

// within reports whether a moment lies in a time; zero ends do not bound.
func within(at int64, from, to time.Time) bool {
	return (from.IsZero() || at >= from.UnixMicro()) && (to.IsZero() || at < to.UnixMicro())
}

// List implements calls.Store.
func (s callStore) List(_ context.Context, q calls.Query) (calls.Page, error) {
	w := s.w
	w.mu.Lock()
	defer w.mu.Unlock()
	var page calls.Page
	if w.broken != nil {
		return page, w.broken
	}
	rows := slices.Clone(w.rows)
	slices.SortStableFunc(rows, func(a, b calls.Row) int { return older(&b, &a) })
	passed := q.Before.IsZero()
	looked := 0
	for i := range rows {
		r := &rows[i]
		if !passed {
			passed = r.ID.String() < q.Before.String()
		}
		if !passed || !within(r.Time, q.From, q.To) {
			continue
		}
		if looked++; w.early > 0 && looked > w.early && calls.NeedsContent(q.Filter) {
			page.Partial, page.Reason = true, "the search has looked at as much as one request may"
			return page, nil
		}
		page.Next = r.ID
		if (r.Counted || q.WithSpans()) && calls.Match(q.Filter, r, func() calls.Texts { return w.said(r) }) {
			page.Rows = append(page.Rows, *r)
		}
		if q.Limit > 0 && len(page.Rows) == q.Limit {
			return page, nil
		}
	}
	page.Next = ident.ID{}
	return page, nil
}

// Show implements calls.Store.
func (s callStore) Show(_ context.Context, id ident.ID) (calls.Row, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for _, r := range s.w.rows {
		if r.ID == id {
			return r, nil
		}
	}
	return calls.Row{}, fault.New(fault.NotFound, "call_not_found", "there is no call %s", id.Text("call")).
		Hinted("list them with: steward calls list")
}

// Analyse implements calls.Store.
func (s callStore) Analyse(_ context.Context, a *calls.Analysis) (*calls.Table, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.w.broken != nil {
		return nil, s.w.broken
	}
	return calls.Loop(s.w.rows, calls.NewScores(s.w.scores), a, s.w.said), nil
}

// Facets implements calls.Store.
func (s callStore) Facets(_ context.Context, q calls.FacetQuery) ([]calls.Facet, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	fields := q.Fields
	if len(fields) == 0 {
		for _, f := range calls.Fields {
			if f.Facet {
				fields = append(fields, f.Name)
			}
		}
		for _, name := range s.tags() {
			fields = append(fields, calls.TagPrefix+name)
		}
	}
	var out []calls.Facet
	for _, name := range fields {
		n := map[string]int64{}
		for i := range s.w.rows {
			r := &s.w.rows[i]
			if v := valueOf(r, name); within(r.Time, q.From, q.To) && v != "" && strings.HasPrefix(v, q.Prefix) {
				counted, _, _, _, _ := figures(r)
				n[v] += counted
			}
		}
		f := calls.Facet{Field: name}
		for v, calledBy := range n {
			f.Values = append(f.Values, calls.FacetValue{Value: v, Calls: calledBy})
		}
		slices.SortFunc(f.Values, func(a, b calls.FacetValue) int {
			return cmp.Or(cmp.Compare(b.Calls, a.Calls), strings.Compare(a.Value, b.Value))
		})
		if limit := cmp.Or(q.Limit, 20); len(f.Values) > limit {
			f.Values, f.More = f.Values[:limit], true
		}
		if len(f.Values) > 0 || len(q.Fields) > 0 {
			out = append(out, f)
		}
	}
	return out, nil
}

func (s callStore) tags() []string {
	var names []string
	for i := range s.w.rows {
		for _, t := range s.w.rows[i].Tags {
			if !slices.Contains(names, t.Name) {
				names = append(names, t.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// valueOf returns the value of a field or a tag.
func valueOf(r *calls.Row, name string) string {
	if tag, ok := strings.CutPrefix(name, calls.TagPrefix); ok {
		for _, t := range r.Tags {
			if t.Name == tag {
				return t.Value
			}
		}
		return ""
	}
	f, _ := calls.FieldOf(name)
	return f.Text(r)
}

// takes reports whether a trace or a session is among those that q selects by this row.
func (s callStore) takes(q *calls.Query, r *calls.Row) bool {
	return within(r.Time, q.From, q.To) && calls.Match(q.Filter, r, func() calls.Texts { return s.w.said(r) })
}

// Traces implements calls.Store.
func (s callStore) Traces(_ context.Context, q calls.Query) ([]calls.TraceSum, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	var out []calls.TraceSum
	seen := map[string]bool{}
	for i := range s.w.rows {
		r := &s.w.rows[i]
		if r.TraceID == "" || seen[r.TraceID] || !s.takes(&q, r) {
			continue
		}
		seen[r.TraceID] = true
		out = append(out, s.sum(r.TraceID))
	}
	slices.SortFunc(out, func(a, b calls.TraceSum) int {
		return cmp.Or(cmp.Compare(b.Start, a.Start), strings.Compare(a.TraceID, b.TraceID))
	})
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out, nil
}

func (s callStore) sum(id string) calls.TraceSum {
	t := calls.TraceSum{TraceID: id}
	rows := s.rowsOf(id)
	end := int64(0)
	for i := range rows {
		r := &rows[i]
		if t.Spans++; t.Spans == 1 {
			t.Start = r.Time
		}
		end = max(end, r.Time+max(0, r.TotalMicros))
		if r.ParentSpanID == "" && t.Name == "" {
			t.Name, t.Service = r.Name, r.Service
		}
		t.Session, t.Subject = cmp.Or(t.Session, r.Session), cmp.Or(t.Subject, r.Subject)
		c, e, u, cost, tokens := figures(r)
		t.Calls, t.Errors, t.Unpriced, t.Cost, t.Tokens = t.Calls+c, t.Errors+e, t.Unpriced+u, t.Cost+cost, t.Tokens+tokens
	}
	t.Duration = end - t.Start
	return t
}

// figures returns what a row adds to sums.
func figures(r *calls.Row) (n, errors, unpriced, cost, tokens int64) {
	if !r.Counted {
		return
	}
	if r.Outcome != record.OK {
		errors = 1
	}
	if r.Pricing == record.Unpriced {
		unpriced = 1
	}
	return 1, errors, unpriced, int64(r.Cost), r.Usage.InputTokens() + r.Usage.OutputTokens()
}

func (s callStore) rowsOf(trace string) []calls.Row {
	var rows []calls.Row
	for _, r := range s.w.rows {
		if r.TraceID == trace {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b calls.Row) int { return older(&a, &b) })
	return rows
}

// Trace implements calls.Store.
func (s callStore) Trace(_ context.Context, id string, limit int) (*calls.Trace, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	t := &calls.Trace{Rows: s.rowsOf(id)}
	if id == "" || len(t.Rows) == 0 {
		return nil, fault.New(fault.NotFound, "trace_not_found", "there is no trace %q", id).Hinted("list them with: steward trace list")
	}
	if limit = cmp.Or(limit, 100_000); len(t.Rows) > limit {
		t.Rows, t.Partial = t.Rows[:limit], true
	}
	for _, x := range s.w.scores {
		if x.TraceID == id {
			t.Scores = append(t.Scores, x)
		}
	}
	for _, x := range s.w.logs {
		if x.TraceID == id {
			t.Logs = append(t.Logs, x)
		}
	}
	return t, nil
}

// Sessions implements calls.Store.
func (s callStore) Sessions(_ context.Context, q calls.Query) ([]calls.SessionSum, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	sums := map[string]*calls.SessionSum{}
	for i := range s.w.rows {
		if r := &s.w.rows[i]; r.Session != "" && s.takes(&q, r) {
			sums[r.Session] = &calls.SessionSum{Session: r.Session}
		}
	}
	traces := map[[2]string]bool{}
	for i := range s.w.rows {
		r := &s.w.rows[i]
		x := sums[r.Session]
		if x == nil {
			continue
		}
		x.Subject = cmp.Or(x.Subject, r.Subject)
		if x.First == 0 || r.Time < x.First {
			x.First = r.Time
		}
		x.Last = max(x.Last, r.Time)
		if key := [2]string{r.Session, r.TraceID}; r.TraceID != "" && !traces[key] {
			traces[key] = true
			x.Traces++
		}
		c, e, u, cost, tokens := figures(r)
		x.Calls, x.Errors, x.Unpriced, x.Cost, x.Tokens = x.Calls+c, x.Errors+e, x.Unpriced+u, x.Cost+cost, x.Tokens+tokens
	}
	var out []calls.SessionSum
	for _, x := range sums {
		out = append(out, *x)
	}
	slices.SortFunc(out, func(a, b calls.SessionSum) int {
		return cmp.Or(cmp.Compare(b.Last, a.Last), strings.Compare(a.Session, b.Session))
	})
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out, nil
}
