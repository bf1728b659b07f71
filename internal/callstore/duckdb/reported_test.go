package duckdb_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/callstore/duckdb"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func at(minutes int) int64 { return noon.Add(time.Duration(minutes) * time.Minute).UnixMicro() }

// span is what an application reports: id, parent, kind, input tokens.
func span(id byte, minutes int, parent, kind string, tokens int64) record.Entry {
	c := &record.Call{ID: ident.ID{0: 2, 15: id}, Time: at(minutes), Org: "acme", Source: record.FromOTLP, Kind: kind, Name: "step " + string(id), Service: "app",
		TraceID: "trace", SpanID: string(id), ParentSpanID: parent, Outcome: record.OK, Pricing: record.Free, TotalMicros: 1000, FirstTokenMicros: -1}
	if tokens > 0 {
		c.Pricing, c.Cost, c.Usage.Reported = record.Priced, 7, true
		c.Usage.N[llm.Input] = tokens
	}
	return record.Entry{Span: c}
}

func own(id byte, minutes int, parent string) record.Entry {
	e := span(id, minutes, parent, "", 10)
	e.Call, e.Span = e.Span, nil
	e.Call.Source, e.Call.Name, e.Call.Model, e.Call.Provider, e.Call.Project = "", "", "gpt", "openai", "web"
	return e
}

func openAt(t *testing.T, path string, now time.Time) *duckdb.Store {
	t.Helper()
	s, err := duckdb.Open(context.Background(), path, duckdb.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// sums returns calls, spans, input tokens and cost of everything.
func sums(t *testing.T, s *duckdb.Store) [4]int64 {
	t.Helper()
	a := &calls.Analysis{From: noon.Add(-24 * time.Hour), To: noon.Add(24 * time.Hour), Order: -1, Measures: []calls.Measure{
		{What: calls.Calls}, {What: calls.Spans}, {What: calls.Of, Field: field(t, "input_tokens"), Agg: calls.Sum}, {What: calls.Of, Field: field(t, "cost"), Agg: calls.Sum}}}
	table, err := s.Analyse(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	var out [4]int64
	for i, v := range table.Rows[0].Values {
		out[i] = v.N
	}
	return out
}

func TestSpansAreStoredAndCountedOnce(t *testing.T) {
	path, later := filepath.Join(t.TempDir(), "calls.duckdb"), noon.Add(6*time.Hour)
	s := openAt(t, path, later)
	apply(t, s, 0, []record.Entry{own('d', 3, "c"), span('c', 2, "b", "span", 0), span('c', 2, "b", "span", 0)})
	if got := sums(t, s); got != [4]int64{1, 2, 10, 7} {
		t.Errorf("after the gateway's call and a span twice: %v", got)
	}
	if _, err := s.Roll(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path, later) // another process
	apply(t, s, 3, []record.Entry{span('c', 2, "b", "span", 0), span('b', 1, "a", "call", 10), span('a', 0, "", "agent", 10)})
	if got := sums(t, s); got != [4]int64{1, 4, 10, 7} {
		t.Errorf("after the spans above it, and one again: %v", got)
	}
	apply(t, s, 6, []record.Entry{span('y', 5, "x", "call", 5)})
	if got := sums(t, s); got != [4]int64{2, 5, 15, 14} {
		t.Errorf("with another call: %v", got)
	}
	apply(t, s, 7, []record.Entry{own('z', 6, "y")}) // below what is stored, and rolled up meanwhile
	if got := sums(t, s); got != [4]int64{2, 6, 20, 14} {
		t.Errorf("a call below a stored span: %v", got)
	}
	if _, err := s.Roll(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := sums(t, s); got != [4]int64{2, 6, 20, 14} {
		t.Errorf("rolled up again: %v", got)
	}
}

func TestTheFirstSpanEverJoinsTheCallsBeforeIt(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "calls.duckdb"), noon)
	e := own('a', 0, "s")
	e.Call.UpstreamID = "resp_1"
	apply(t, s, 0, []record.Entry{e, own('b', 1, "p")})
	seen := span('q', 0, "", "call", 10) // the application saw the same answer, in a trace of its own
	seen.Span.TraceID, seen.Span.UpstreamID = "another", "resp_1"
	apply(t, s, 2, []record.Entry{span('p', 0, "", "call", 10), seen})
	if got := sums(t, s); got != [4]int64{2, 4, 20, 14} {
		t.Errorf("calls, spans, tokens, cost are %v", got)
	}
}

func TestTracesAndSessions(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, filepath.Join(t.TempDir(), "calls.duckdb"), noon)
	root := span('a', 0, "", "agent", 10)
	root.Span.Session, root.Span.Subject, root.Span.TotalMicros = "talk", "ann", 600_000_000
	score := &record.Score{ID: ident.ID{15: 1}, Time: at(1), TraceID: "trace", SpanID: "b", Name: "helpful", Micros: 750_000, Valued: true}
	log := &record.Log{ID: ident.ID{15: 2}, Time: at(1), TraceID: "trace", SpanID: "b", Event: "gen_ai.choice", Severity: 9}
	apply(t, s, 0, []record.Entry{own('b', 1, "a"), root, {Score: score}, {Score: score}, {Log: log}, {Log: log}})
	list, err := s.Traces(ctx, calls.Query{})
	want := []calls.TraceSum{{TraceID: "trace", Session: "talk", Subject: "ann", Name: "step a", Service: "app", Start: at(0), Duration: 600_000_000, Spans: 2, Calls: 1, Cost: 7, Tokens: 10}}
	if diff := gocmp.Diff(want, list); err != nil || diff != "" {
		t.Errorf("Traces: %v (-want +got):\n%s", err, diff)
	}
	sessions, err := s.Sessions(ctx, calls.Query{})
	if diff := gocmp.Diff([]calls.SessionSum{{Session: "talk", Subject: "ann", First: at(0), Last: at(1), Traces: 1, Calls: 1, Cost: 7, Tokens: 10}}, sessions); err != nil || diff != "" {
		t.Errorf("Sessions: %v (-want +got):\n%s", err, diff)
	}
	tr, err := s.Trace(ctx, "trace", 0)
	if err != nil || len(tr.Rows) != 2 || tr.Rows[1].Session != "talk" || len(tr.Scores) != 1 || len(tr.Logs) != 1 || tr.Partial {
		t.Errorf("Trace = %+v, %v", tr, err)
	}
	if tr, err = s.Trace(ctx, "trace", 1); err != nil || len(tr.Rows) != 1 || !tr.Partial {
		t.Errorf("one row of the trace = %+v, %v", tr, err)
	}
	if _, err = s.Trace(ctx, "none", 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("a trace that is not there gives %v", err)
	}
	if list, err = s.Traces(ctx, calls.Query{Filter: &calls.Cond{Field: field(t, "model"), Text: "other"}}); err != nil || len(list) != 0 {
		t.Errorf("traces with another model: %v, %v", list, err)
	}
}

func TestFacetsComeFromTheDictionary(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "calls.duckdb")
	s := openAt(t, path, noon)
	var entries []record.Entry
	for i := range 6 {
		e := own(byte('a'+i), i, "")
		e.Call.TraceID, e.Call.Model = fmt.Sprint(i), []string{"small", "large", "small"}[i%3]
		e.Call.Tags = []record.Tag{{Name: "team", Value: "search"}}
		entries = append(entries, e)
	}
	apply(t, s, 0, entries)
	want := []calls.Facet{{Field: "model", Values: []calls.FacetValue{{Value: "small", Calls: 4}, {Value: "large", Calls: 2}}}, {Field: "tag.team", Values: []calls.FacetValue{{Value: "search", Calls: -1}}}}
	check := func(s *duckdb.Store) {
		t.Helper()
		got, err := s.Facets(ctx, calls.FacetQuery{Fields: []string{"model", "tag.team"}, To: noon.Add(time.Hour)})
		if diff := gocmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Facets: %v (-want +got):\n%s", err, diff)
		}
	}
	check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path, noon)
	check(s)
	all, err := s.Facets(ctx, calls.FacetQuery{Prefix: "la", To: noon.Add(time.Hour)})
	if err != nil || !slices.ContainsFunc(all, func(f calls.Facet) bool {
		return f.Field == "model" && len(f.Values) == 1 && f.Values[0].Value == "large"
	}) {
		t.Errorf("values that begin with la: %+v, %v", all, err)
	}
	if _, err := s.Facets(ctx, calls.FacetQuery{Fields: []string{"subject"}}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a field without a dictionary gives %v", err)
	}
}

func TestPointsAreIncreases(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "calls.duckdb"), noon)
	point := func(id byte, minute int, model string, start int, value int64) record.Entry {
		return record.Entry{Point: &record.Point{ID: ident.ID{15: id}, Time: at(minute), Start: at(start), Service: "app", Name: "tokens", Unit: "{token}", Type: "sum",
			Attributes: []record.Tag{{Name: "model", Value: model}}, Micros: value * 1e6}}
	}
	apply(t, s, 0, []record.Entry{point(1, 1, "a", 0, 10), point(2, 2, "a", 0, 25), point(2, 2, "a", 0, 25), point(3, 3, "a", 3, 4), point(4, 1, "b", 0, 100)})
	got, err := s.Points(context.Background(), calls.PointQuery{Name: "tokens", From: time.UnixMicro(at(0)), To: time.UnixMicro(at(10)), Step: 10 * time.Minute, By: []string{"model"}})
	want := []calls.Series{{Labels: map[string]string{"model": "a"}, Values: []calls.SeriesValue{{Time: at(0), Value: 29}}}, {Labels: map[string]string{"model": "b"}, Values: []calls.SeriesValue{{Time: at(0), Value: 100}}}}
	if diff := gocmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Points: %v (-want +got):\n%s", err, diff)
	}
	list, err := s.Metrics(context.Background(), time.UnixMicro(at(0)), time.UnixMicro(at(10)))
	if diff := gocmp.Diff([]calls.Metric{{Name: "tokens", Unit: "{token}", Type: "sum", Services: []string{"app"}, Points: 4, Last: at(3)}}, list); err != nil || diff != "" {
		t.Errorf("Metrics: %v (-want +got):\n%s", err, diff)
	}
}

// said is what was said in calls, by id; of others it is dropped.
type said map[ident.ID]string

func (s said) Content(c *record.Call) (*record.Content, error) {
	text, ok := s[c.ID]
	switch {
	case text == "broken":
		return nil, errors.New("a disk that does not read")
	case !ok:
		return nil, fault.New(fault.NotFound, "content_dropped", "gone")
	}
	return &record.Content{Request: []byte(`{"messages":[{"content":"` + text + `"}]}`), RequestType: "application/json"}, nil
}

func TestWhatWasSaidIsSearched(t *testing.T) {
	ctx, contents := context.Background(), said{}
	s, err := duckdb.Open(ctx, filepath.Join(t.TempDir(), "calls.duckdb"), duckdb.Options{Contents: contents, SearchRows: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var entries []record.Entry
	for i := range 12 {
		e := own(byte('a'+i), i, "")
		e.Call.TraceID, e.Call.Content.Length = fmt.Sprint(i), 1
		if i%4 == 0 {
			contents[e.Call.ID] = "our Refund policy"
		}
		entries = append(entries, e)
	}
	apply(t, s, 0, entries)
	q := calls.Query{Filter: &calls.Said{Text: "refund POLICY"}}
	found, pages := 0, 0
	for {
		page, err := s.List(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		found, pages = found+len(page.Rows), pages+1
		if !page.Partial {
			break
		}
		if page.Reason == "" || page.Next.IsZero() {
			t.Fatalf("a partial page does not say why, or how to go on: %+v", page)
		}
		q.Before = page.Next
	}
	if found != 3 || pages != 3 {
		t.Errorf("%d calls in %d pages, want 3 in 3", found, pages)
	}
	table, err := s.Analyse(ctx, &calls.Analysis{From: noon, To: noon.Add(time.Hour), Filter: q.Filter, Order: -1, Measures: []calls.Measure{{What: calls.Calls}}})
	if err != nil || !table.Partial || table.Rows[0].Values[0].N != 1 {
		t.Errorf("an analysis of what was said = %+v, %v; want one of the newest five, and partial", table, err)
	}
	contents[entries[11].Call.ID] = "broken"
	q.Before = ident.ID{}
	if _, err := s.List(ctx, q); err == nil {
		t.Error("content that cannot be read is passed over")
	}
}

func TestRetentionDropsWeeks(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "calls.duckdb")
	s := openAt(t, path, noon)
	var entries []record.Entry
	for i := range 60 {
		e := own(1, -i*24*60, "")
		e.Call.ID, e.Call.TraceID = ident.ID{0: 3, 15: byte(i)}, fmt.Sprint(i)
		entries = append(entries, e)
	}
	apply(t, s, 0, entries)
	if _, err := s.Roll(ctx); err != nil {
		t.Fatal(err)
	}
	before := noon.Add(-30*24*time.Hour - time.Hour)
	n, err := s.Retain(ctx, before)
	if err != nil || n < 3 {
		t.Errorf("Retain dropped %d weeks, %v", n, err)
	}
	check := func(s *duckdb.Store) {
		t.Helper()
		if got := len(all(t, s)); got != 31 {
			t.Errorf("%d calls are left, want 31", got)
		}
		table, err := s.Analyse(ctx, &calls.Analysis{From: noon.Add(-90 * 24 * time.Hour), To: noon.Add(time.Hour), Order: -1, Measures: []calls.Measure{{What: calls.Calls}}})
		if err != nil || table.Rows[0].Values[0].N != 31 {
			t.Errorf("Analyse = %+v, %v; want 31 calls", table, err)
		}
	}
	check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check(openAt(t, path, noon))
}
