package duckdb_test

import (
	"context"
	"fmt"
	"math/rand/v2"
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

// traffic makes calls such as the gateway records, 2 ms apart.
type traffic struct {
	now time.Time
	rng *rand.Rand
	src *ident.Source
}

func newTraffic() *traffic {
	return &traffic{time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), rand.New(rand.NewPCG(1, 2)), ident.NewSource()}
}

func (tr *traffic) call() *record.Call {
	tr.now = tr.now.Add(2 * time.Millisecond)
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

const many = 200_000

func full(b *testing.B, n int) (*duckdb.Store, []ident.ID) {
	s, tr, entries := fresh(b), newTraffic(), make([]record.Entry, 2000)
	var ids []ident.ID
	for at := 0; at < n; at += len(entries) {
		tr.batch(entries)
		ids = append(ids, entries[0].Call.ID)
		apply(b, s, int64(at), entries)
	}
	return s, ids
}

func BenchmarkQueries(b *testing.B) {
	ctx := context.Background()
	s, ids := full(b, many)
	last, err := s.List(ctx, calls.Query{Limit: 1})
	if err != nil {
		b.Fatal(err)
	}
	hour := time.UnixMicro(last[0].Time).Add(-time.Minute)
	b.Run("show", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Show(ctx, ids[rand.IntN(len(ids))]); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, q := range map[string]calls.Query{
		"newest 50":            {Limit: 50},
		"newest 50 of a user":  {Limit: 50, Subject: "user-77"},
		"50 older than middle": {Limit: 50, Before: ids[len(ids)/2]},
		"newest 50 of a time":  {Limit: 50, From: hour},
		"newest 50 of a model": {Limit: 50, Model: "model-1*"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.List(ctx, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("sums by model and hour", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Sums(ctx, calls.Query{}, []calls.Dimension{calls.ByModel, calls.ByHour}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
