package duckdb_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/callstore/duckdb"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// traffic makes calls such as the gateway records, step apart.
type traffic struct {
	now  time.Time
	step time.Duration
	rng  *rand.Rand
	src  *ident.Source
}

func newTraffic() *traffic {
	return &traffic{time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), 2 * time.Millisecond, rand.New(rand.NewPCG(1, 2)), ident.NewSource()}
}

func (tr *traffic) call() *record.Call {
	tr.now = tr.now.Add(tr.step)
	rng, at := tr.rng, tr.now.Add(-time.Duration(tr.rng.IntN(1000))*time.Millisecond)
	c := &record.Call{ID: tr.src.New(at), Time: at.UnixMicro(), Org: "default", Team: "default", Project: fmt.Sprintf("project-%d", rng.IntN(20)),
		Key: "key_01jx3v7m8q2w4e6r8t0y1z5a9b", KeyName: "web", Subject: fmt.Sprintf("user-%d", rng.IntN(5000)), Session: fmt.Sprintf("s-%08x", rng.Uint32()),
		TraceID: fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64()), SpanID: fmt.Sprintf("%016x", rng.Uint64()), UserAgent: "OpenAI/Python 2.8.0",
		Tags: []record.Tag{{Name: "feature", Value: "search"}}, Surface: "openai-chat", Operation: "chat", Asked: "openai/gpt-5.2", Provider: "openai",
		Model: fmt.Sprintf("model-%d", rng.IntN(12)), Reported: "gpt-5.2-2026-01-01", UpstreamID: fmt.Sprintf("chatcmpl-%016x", rng.Uint64()), Stream: true,
		QueueMicros: 90, FirstByteMicros: 300_000 + rng.Int64N(1e5), FirstTokenMicros: 400_000 + rng.Int64N(1e5), TotalMicros: 2_000_000 + rng.Int64N(1e6),
		Cost: money.Nano(rng.Int64N(1e8)), Pricing: record.Priced, Catalogue: "2026-11-01-abcdef", PriceID: "openai/gpt-5.2", Ceiling: 1e8, CeilingSet: true,
		Outcome: record.OK, Status: 200, Finish: "stop", Cache: "miss", RequestBytes: 2048, ResponseBytes: 1024}
	c.Attempts = []record.Attempt{{Provider: c.Provider, Model: c.Model, StartMicros: 90, DurationMicros: c.TotalMicros - 100, Status: 200, RequestID: "req_" + c.UpstreamID}}
	c.Usage.Reported = true
	c.Usage.N[llm.Input], c.Usage.N[llm.CacheRead], c.Usage.N[llm.Output] = rng.Int64N(5000), rng.Int64N(1000), rng.Int64N(900)
	return c
}

func (tr *traffic) batch(entries []record.Entry) {
	for i := range entries {
		entries[i] = record.Entry{Call: tr.call()}
	}
}

func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func BenchmarkApply(b *testing.B) {
	for _, size := range []int64{1, 100, 500, 2000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s, tr, at, spent := fresh(b), newTraffic(), int64(0), time.Duration(0)
			entries := make([]record.Entry, size)
			for b.Loop() {
				b.StopTimer()
				tr.batch(entries)
				before := cpu()
				b.StartTimer()
				apply(b, s, at, entries)
				b.StopTimer()
				at, spent = at+size, spent+cpu()-before
				b.StartTimer()
			}
			b.ReportMetric(float64(spent.Nanoseconds())/1000/float64(at), "cpu-us/row")
		})
	}
}

// The figures of docs/benchmarks.md: STEWARD_CALLS=10000000 make bench-calls.
func TestManyCalls(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("STEWARD_CALLS"))
	if err != nil {
		t.Skip("STEWARD_CALLS is not set: how many calls to measure the store with")
	}
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "calls.duckdb")
	tr := newTraffic()
	tr.step = 30 * 24 * time.Hour / time.Duration(n)
	end := tr.now.AddDate(0, 0, 30)
	s, err := duckdb.Open(ctx, path, duckdb.Options{Now: func() time.Time { return end.Add(2 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	spent, wall := time.Duration(0), time.Duration(0)
	var ids []ident.ID
	for at := 0; at < n; at += 8000 {
		entries := make([]record.Entry, min(8000, n-at))
		tr.batch(entries)
		ids = append(ids, entries[len(entries)/2].Call.ID)
		before, began := cpu(), time.Now()
		apply(t, s, int64(at), entries)
		spent, wall = spent+cpu()-before, wall+time.Since(began)
	}
	t.Logf("%d rows: %.1f us CPU a row, %.0f rows/s", n, float64(spent.Microseconds())/float64(n), float64(n)/wall.Seconds())
	before, began := cpu(), time.Now()
	hours, err := s.Roll(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("rolled %d hours in %s, %.2f us CPU a row", hours, time.Since(began).Round(time.Second), float64((cpu()-before).Microseconds())/float64(n))
	if err := s.Rest(ctx); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB on disk, %.0f bytes a call", st.Size()>>20, float64(st.Size())/float64(n))
	ask := func(name string, question func() error) {
		var took []time.Duration
		for range 20 {
			began := time.Now()
			if err := question(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		t.Logf("%-44s p50 %7.1f ms  p95 %7.1f ms", name, float64(took[10].Microseconds())/1e3, float64(took[18].Microseconds())/1e3)
	}
	parse := func(text string) calls.Expr {
		e, err := calls.Parse(text, end)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	chart := func(days int, measures, by, filter string, limit int) func() error {
		a := &calls.Analysis{From: end.AddDate(0, 0, -days), To: end, Filter: parse(filter), Limit: limit}
		for text := range strings.SplitSeq(measures, ",") {
			m, err := calls.ParseMeasure(text)
			if err != nil {
				t.Fatal(err)
			}
			a.Measures = append(a.Measures, m)
		}
		for text := range strings.SplitSeq(by, ",") {
			if text == "" {
				continue
			}
			d, err := calls.ParseDimension(text, time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			a.By = append(a.By, d)
		}
		return func() error { _, err := s.Analyse(ctx, a); return err }
	}
	list := func(q calls.Query, text string) func() error {
		q.Filter, q.Limit = parse(text), 50
		return func() error { _, err := s.List(ctx, q); return err }
	}
	ask("home: calls, errors, cost, tokens, 30 days", chart(30, "calls,errors,cost,tokens,error_rate", "", "", 0))
	ask("home: calls, errors by hour, 30 days", chart(30, "calls,errors", "hour", "", 0))
	ask("home: latency p50, p95 by hour, 30 days", chart(30, "latency_p50,latency_p95", "hour", "", 0))
	ask("home: latency, ttft p95 by day, 30 days", chart(30, "latency_p95,ttft_p95", "day", "", 0))
	ask("home: calls, latency p95 by 15m, 24 hours", chart(1, "calls,latency_p95", "15m", "", 0))
	ask("home: top 10 models by cost, 30 days", chart(30, "cost,calls", "model", "", 10))
	ask("home: top 10 users by cost, 30 days", chart(30, "cost", "user", "", 10))
	ask("home: top 10 users by cost, 24 hours", chart(1, "cost", "user", "", 10))
	ask("cost: by project and day, 30 days", chart(30, "cost,tokens", "project,day", "", 0))
	ask("cost: by model and hour, 30 days", chart(30, "cost,calls", "model,hour", "", 0))
	ask("cost: per call by model, compared, 15 days", chart(15, "cost_per_call", "model", "", 0))
	ask("cost: by project of one model, 30 days", chart(30, "cost", "project", "model:model-3", 0))
	ask("cost: by a tag, 24 hours", chart(1, "cost", "tag.feature", "", 0))
	ask("latency p95 by project, 30 days (not rolled)", chart(30, "latency_p95", "project", "", 0))
	ask("list: newest 50", list(calls.Query{}, ""))
	ask("list: newest 50 of a model", list(calls.Query{}, "model:model-3"))
	ask("list: newest 50 of a user", list(calls.Query{}, "user:user-77"))
	ask("list: newest 50 slow and dear", list(calls.Query{}, "latency:>2.9s cost:>0.09"))
	ask("list: none fits, 30 days", list(calls.Query{}, "project:nobody"))
	ask("list: 50 older than the middle", list(calls.Query{Before: ids[len(ids)/2]}, ""))
	ask("facets: all, 30 days", func() error {
		_, err := s.Facets(ctx, calls.FacetQuery{From: end.AddDate(0, 0, -30), To: end})
		return err
	})
	n = 0
	ask("detail", func() error { n += 7; _, err := s.Show(ctx, ids[n%len(ids)]); return err })
	ask("traces: newest 50", func() error { _, err := s.Traces(ctx, calls.Query{Limit: 50}); return err })
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "VmHWM") || strings.HasPrefix(line, "VmRSS") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
