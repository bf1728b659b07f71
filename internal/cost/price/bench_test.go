package price_test

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/cost/price"
	"github.com/steward-llmops/steward/internal/llm"
)

func catalogue(tb testing.TB) *price.Catalogue {
	tb.Helper()
	c, err := price.Embedded()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func BenchmarkLoad(b *testing.B) {
	data, err := os.ReadFile("catalogue.json")
	if err != nil {
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c, err := price.Load(data)
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := price.Load(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1024, "KiB-kept")
	runtime.KeepAlive(c)
}

func BenchmarkFind(b *testing.B) {
	c := catalogue(b)
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for name, model := range map[string][2]string{
		"exact":    {"openai", "gpt-4o"},
		"rule":     {"anthropic", "claude-sonnet-4-5-20250929"},
		"fallback": {"azure", "gpt-4o-2024-11-20"},
		"unknown":  {"openrouter", "nobody/knows-this"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Find(model[0], model[1], at)
			}
		})
	}
}

func BenchmarkCost(b *testing.B) {
	c := catalogue(b)
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	u := &llm.Usage{Reported: true, ServiceTier: "standard", Geo: "global"}
	u.N[llm.Input], u.N[llm.CacheRead], u.N[llm.CacheWrite], u.N[llm.Output] = 1200, 30_000, 800, 900
	b.ReportAllocs()
	for b.Loop() {
		if r := c.Cost("anthropic", "claude-sonnet-4-5-20250929", u, at); !r.Priced {
			b.Fatal("no price")
		}
	}
}

func BenchmarkCeiling(b *testing.B) {
	c := catalogue(b)
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	e, ok := c.Find("anthropic", "claude-sonnet-4-5-20250929", at)
	if !ok {
		b.Fatal("no price")
	}
	m := &price.Most{At: at}
	b.ReportAllocs()
	for b.Loop() {
		e.Ceiling(250_000, 4096, m)
	}
}
