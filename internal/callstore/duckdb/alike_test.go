package duckdb_test

import (
	"context"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/callstore/duckdb"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/observe/calls/callstest"
	"github.com/steward-llmops/steward/internal/record"
)

// filled returns a store of rows and scores, as the store has them: joined.
func filled(t testing.TB, seed uint64, n int, now time.Time) (*duckdb.Store, []calls.Row, []record.Score) {
	t.Helper()
	s, err := duckdb.Open(context.Background(), t.TempDir()+"/calls.duckdb", duckdb.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	rows := callstest.Rows(seed, n)
	scores := callstest.Scores(seed, rows)
	var entries []record.Entry
	for i := range rows {
		if rows[i].Source == record.FromOTLP {
			entries = append(entries, record.Entry{Span: &rows[i].Call})
		} else {
			entries = append(entries, record.Entry{Call: &rows[i].Call})
		}
	}
	for i := range scores {
		scores[i].ID = ident.ID{0: 1, 14: byte(i >> 8), 15: byte(i)}
		entries = append(entries, record.Entry{Score: &scores[i]})
	}
	half := len(entries) / 2
	apply(t, s, 0, entries[:half])
	apply(t, s, int64(half), entries[half:])
	page, err := s.List(context.Background(), calls.Query{Spans: true})
	if err != nil {
		t.Fatal(err)
	}
	return s, page.Rows, scores
}

func TestAListIsWhatMatchTakes(t *testing.T) {
	s, rows, _ := filled(t, 1, 1500, callstest.To)
	hits := 0
	for seed := range uint64(300) {
		q := calls.Query{Filter: callstest.Condition(seed), Spans: seed%3 == 0}
		var want []ident.ID
		for i := range rows {
			if (rows[i].Counted || q.WithSpans()) && calls.Match(q.Filter, &rows[i], nil) {
				want = append(want, rows[i].ID)
			}
		}
		hits += len(want)
		for _, limit := range []int{0, 37} {
			got := paged(t, s, q, limit)
			if !slices.Equal(want, got) {
				t.Fatalf("query %d, %s by %d: %d rows; want %d", seed, calls.Format(q.Filter), limit, len(got), len(want))
			}
		}
	}
	if hits < 1000 {
		t.Errorf("the queries take %d rows together: they try little", hits)
	}
}

// paged returns the ids of a query's rows, read page by page.
func paged(t *testing.T, s *duckdb.Store, q calls.Query, limit int) (ids []ident.ID) {
	t.Helper()
	for q.Limit = limit; ; {
		page, err := s.List(context.Background(), q)
		if err != nil {
			t.Fatalf("%s: %v", calls.Format(q.Filter), err)
		}
		for i := range page.Rows {
			ids = append(ids, page.Rows[i].ID)
		}
		if limit == 0 || len(page.Rows) < limit {
			return ids
		}
		q.Before = ids[len(ids)-1]
	}
}

func TestAnAnalysisIsWhatALoopGives(t *testing.T) {
	for name, now := range map[string]time.Time{"from the rows": callstest.From, "from rollups": callstest.To.AddDate(1, 0, 0), "from both": callstest.From.AddDate(0, 1, 0), "from minutes": callstest.From.Add(30 * time.Hour)} {
		t.Run(name, func(t *testing.T) {
			s, rows, list := filled(t, 2, 1500, now)
			if _, err := s.Roll(context.Background()); err != nil {
				t.Fatal(err)
			}
			scores := calls.NewScores(list)
			rolled := 0
			for seed := range uint64(120) {
				a := callstest.Analysis(seed)
				got, err := s.Analyse(context.Background(), a)
				if err != nil {
					t.Fatalf("analysis %d: %v", seed, err)
				}
				if got.Rolled {
					rolled++
				}
				want := calls.Loop(rows, scores, a, nil)
				if diff := gocmp.Diff(want.Rows, got.Rows); diff != "" || want.Groups != got.Groups {
					t.Fatalf("analysis %d, %s by %v of %v, groups %d and %d (-loop +store):\n%s", seed, calls.Format(a.Filter), names(a.By), measureNames(a.Measures), want.Groups, got.Groups, diff)
				}
			}
			if rolled == 0 {
				t.Error("no analysis was answered from rollups")
			}
		})
	}
}

func names(list []calls.Dimension) (out []string) {
	for _, d := range list {
		out = append(out, d.Name)
	}
	return out
}

func measureNames(list []calls.Measure) (out []string) {
	for _, m := range list {
		out = append(out, m.Name)
	}
	return out
}

func TestLateRowsAreRolledAgain(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	s, err := duckdb.Open(ctx, t.TempDir()+"/calls.duckdb", duckdb.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	call := func(n byte, at time.Time) record.Entry {
		return record.Entry{Call: &record.Call{ID: ident.ID{0: 1, 15: n}, Time: at.UnixMicro(), Outcome: record.OK, Pricing: record.Priced, Cost: 5, TotalMicros: 1000, FirstTokenMicros: -1}}
	}
	a := &calls.Analysis{From: now.Add(-24 * time.Hour), To: now, Order: -1, Measures: []calls.Measure{{What: calls.Calls}, {What: calls.Of, Field: field(t, "latency"), Agg: calls.P95}}}
	expect := func(n int64, rolled int) {
		t.Helper()
		got, err := s.Roll(ctx)
		if err != nil || got != rolled {
			t.Errorf("Roll = %d, %v; want %d hours", got, err, rolled)
		}
		table, err := s.Analyse(ctx, a)
		if err != nil || len(table.Rows) != 1 || table.Rows[0].Values[0].N != n {
			t.Errorf("Analyse = %+v, %v; want %d calls", table, err, n)
		}
	}
	apply(t, s, 0, []record.Entry{call(1, now.Add(-5*time.Hour)), call(2, now.Add(-time.Minute))})
	expect(2, 1) // the last hour is not over
	apply(t, s, 2, []record.Entry{call(3, now.Add(-5*time.Hour))})
	table, err := s.Analyse(ctx, a)
	if err != nil || table.Rows[0].Values[0].N != 3 {
		t.Errorf("before it is rolled again a late row is missing: %+v, %v", table, err)
	}
	expect(3, 1)
	expect(3, 0)
}

func field(t testing.TB, name string) *calls.Field {
	t.Helper()
	f, ok := calls.FieldOf(name)
	if !ok {
		t.Fatalf("there is no field %s", name)
	}
	return f
}

func TestATooHeavyQuestionNamesANarrowerOne(t *testing.T) {
	s, err := duckdb.Open(context.Background(), t.TempDir()+"/calls.duckdb", duckdb.Options{Heaviest: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows := callstest.Rows(3, 200)
	var entries []record.Entry
	for i := range rows {
		entries = append(entries, record.Entry{Call: &rows[i].Call})
	}
	apply(t, s, 0, entries)
	a := &calls.Analysis{From: callstest.From, To: callstest.From, Measures: []calls.Measure{{What: calls.Calls}}}
	if _, err := s.Analyse(context.Background(), a); !fault.Is(err, fault.Invalid) {
		t.Errorf("a time that is empty gives %v", err)
	}
	a.To, a.By = callstest.To, []calls.Dimension{{Name: "subject", Field: field(t, "subject")}}
	_, err = s.Analyse(context.Background(), a)
	if f := fault.As(err); f.Code != "query_too_heavy" || f.Hint == "" {
		t.Errorf("a question that reads too much gives %v", err)
	}
}
