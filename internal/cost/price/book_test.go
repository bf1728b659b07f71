package price_test

import (
	"math"
	"sync"
	"testing"

	"github.com/steward-llmops/steward/internal/cost/price"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/record"
)

func book(t *testing.T, p price.Policy) *price.Book {
	t.Helper()
	b, err := price.NewBook(catalogue(t), p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPrice(t *testing.T) {
	guessed := usage(n{llm.Input: 1000})
	guessed.Estimated = true
	byDefault := price.Policy{Unpriced: price.Default, Default: price.Rates{"input": "5", "output": "25"}}
	tests := map[string]struct {
		policy          price.Policy
		provider, model string
		usage           *llm.Usage
		cost            money.Nano
		pricing         record.Pricing
		id              string
	}{
		"a known model":                               {price.Policy{}, "openai", "gpt-4o", usage(n{llm.Input: 1000}), 2_500_000, record.Priced, "openai/gpt-4o"},
		"usage that we counted":                       {price.Policy{}, "openai", "gpt-4o", guessed, 2_500_000, record.Estimated, "openai/gpt-4o"},
		"a part without a price":                      {price.Policy{}, "openai", "gpt-4o", usage(n{llm.Input: 1000, llm.WebSearch: 1}), 2_500_000, record.Estimated, "openai/gpt-4o"},
		"nothing used":                                {price.Policy{}, "openai", "gpt-4o", usage(nil), 0, record.Free, ""},
		"nothing used of an unknown":                  {byDefault, "lab", "x", usage(nil), 0, record.Free, ""},
		"a model that is free":                        {price.Policy{}, "openrouter", "qwen/qwq-32b:free", usage(n{llm.Input: 9}), 0, record.Priced, "openrouter/qwen/qwq-32b:free"},
		"an unknown model":                            {price.Policy{}, "lab", "x", usage(n{llm.Input: 1000}), 0, record.Unpriced, ""},
		"an unknown model, let through":               {price.Policy{Unpriced: price.Allow}, "lab", "x", usage(n{llm.Input: 1000}), 0, record.Unpriced, ""},
		"an unknown model that answered all the same": {price.Policy{Unpriced: price.Refuse}, "lab", "x", usage(n{llm.Input: 1000}), 0, record.Unpriced, ""},
		// 1,000 x 5,000 + 10 x 25,000
		"an unknown model by default": {byDefault, "lab", "x", usage(n{llm.Input: 1000, llm.OutputReasoning: 10}), 5_250_000, record.Defaulted, price.DefaultPriceID},
		"a known model by default":    {byDefault, "openai", "gpt-4o", usage(n{llm.Input: 1000}), 2_500_000, record.Priced, "openai/gpt-4o"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := book(t, tt.policy)
			got := b.Price(tt.provider, tt.model, tt.usage, moment(t, ""))
			if got.Cost != tt.cost || got.Pricing != tt.pricing || got.PriceID != tt.id || got.Version != b.Catalogue().Version() {
				t.Errorf("Price = %+v, want %d %s %q", got, tt.cost, tt.pricing, tt.id)
			}
		})
	}
}

func TestPolicyRefuses(t *testing.T) {
	for name, p := range map[string]price.Policy{
		"an unknown word":      {Unpriced: "deny"},
		"a default of nothing": {Unpriced: price.Default},
		"half a default":       {Unpriced: price.Default, Default: price.Rates{"input": "1"}},
		"a default per token":  {Unpriced: price.Default, Default: price.Rates{"input": "0.000001", "output": "1"}},
	} {
		if _, err := price.NewBook(catalogue(t), p); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: NewBook = %v, want a fault", name, err)
		}
		if err := book(t, price.Policy{}).SetPolicy(p); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: SetPolicy = %v, want a fault", name, err)
		}
	}
}

func TestCeiling(t *testing.T) {
	tests := map[string]struct {
		provider, model string
		in, out         int64
		most            *price.Most
		want            money.Nano
	}{
		// 1,000 x 6,000 (written for an hour) + 100 x 15,000
		"input at the dearest that it may become": {"anthropic", "claude-sonnet-4-5", 1000, 100, nil, 7_500_000},
		// 1,000 x 3,750 + 100 x 15,000
		"nothing is kept for an hour": {"anthropic", "claude-sonnet-4-5", 1000, 100, &price.Most{NoHourCache: true}, 5_250_000},
		// 1,000 x 3,000 + 100 x 15,000
		"nothing is kept": {"anthropic", "claude-sonnet-4-5", 1000, 100, &price.Most{NoCacheWrite: true}, 4_500_000},
		// 200,001 x 12,000 + 100 x 22,500
		"a long context": {"anthropic", "claude-sonnet-4-5", 200_001, 100, nil, 2_402_262_000},
		// 200,000 x 6,000
		"just not a long context": {"anthropic", "claude-sonnet-4-5", 200_000, 0, nil, 1_200_000_000},
		// 1,000 x 4,250 + 100 x 17,000
		"a dear service tier": {"openai", "gpt-4o", 1000, 100, &price.Most{ServiceTier: "priority"}, 5_950_000},
		// 1,000 x 2,500 + 100 x 10,000: it may be served in the default tier
		"a cheap service tier": {"openai", "gpt-4o", 1000, 100, &price.Most{ServiceTier: "flex"}, 3_500_000},
		// 1,000 x 13,750 (written: 12,500 x 1.1) + 10 x 55,000
		"fast in the US": {"anthropic", "claude-opus-5", 1000, 10, &price.Most{Speed: "fast", Geo: "us", NoHourCache: true}, 14_300_000},
		// 1,000 x 32,000 + 100 x 64,000
		"sound": {"openai", "gpt-audio", 1000, 100, &price.Most{Sound: true}, 38_400_000},
		// 1,000 x 1,000 + 100 x 1,000 + 12,000,000
		"a fee for the request": {"perplexity", "sonar", 1000, 100, nil, 13_100_000},
		// 5 x 10,000,000
		"searches": {"anthropic", "claude-haiku-4-5", 0, 0, &price.Most{Counts: counts(n{llm.WebSearch: 5})}, 50_000_000},
		// 1 x 50
		"one token": {"openai", "gpt-5-nano", 1, 0, nil, 50},
		// 3 x 37.5, up
		"half a nano is rounded up": {"gemini", "gemini-flash-1.5-8b", 3, 0, nil, 113},
		"nothing":                   {"openai", "gpt-5-nano", 0, 0, nil, 0},
		// saturates
		"more than there is": {"openai", "o1-pro", math.MaxInt64, math.MaxInt64, nil, math.MaxInt64},
	}
	b := book(t, price.Policy{Unpriced: price.Refuse})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.most == nil {
				tt.most = &price.Most{}
			}
			tt.most.At = moment(t, "")
			got, err := b.Ceiling(tt.provider, tt.model, tt.in, tt.out, tt.most)
			if err != nil || !got.Set || got.Nano != tt.want || got.Pricing != record.Priced {
				t.Errorf("Ceiling = %+v, %v; want %d", got, err, tt.want)
			}
		})
	}
}

func counts(c n) (out [llm.NumQuantities]int64) {
	for q, v := range c {
		out[q] = v
	}
	return out
}

func TestCeilingOfTheUnknown(t *testing.T) {
	if got, err := book(t, price.Policy{}).Ceiling("lab", "x", 1000, 100, nil); err != nil || got.Set || got.Pricing != record.Unpriced {
		t.Errorf("allowed: %+v, %v; want no bound", got, err)
	}
	if _, err := book(t, price.Policy{Unpriced: price.Refuse}).Ceiling("lab", "x", 1000, 100, nil); !fault.Is(err, fault.Denied) || fault.As(err).Hint == "" {
		t.Errorf("refused: %v; want a denial that says what to do", err)
	}
	byDefault := price.Policy{Unpriced: price.Default, Default: price.Rates{"input": "5", "output": "25"}}
	// 1,000 x 5,000 + 100 x 25,000
	if got, err := book(t, byDefault).Ceiling("lab", "x", 1000, 100, nil); err != nil || !got.Set || got.Nano != 7_500_000 || got.Pricing != record.Defaulted {
		t.Errorf("default: %+v, %v; want 7500000", got, err)
	}
}

func TestSetWhileCallsArePriced(t *testing.T) {
	base := catalogue(t)
	dear, err := price.Overlay(base, []price.Override{{Provider: "openai", Model: "gpt-4o", Times: "2"}})
	if err != nil {
		t.Fatal(err)
	}
	b := book(t, price.Policy{})
	at := moment(t, "")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 2000 {
				got := b.Price("openai", "gpt-4o-2024-08-06", usage(n{llm.Input: 1000}), at)
				want := map[string]money.Nano{base.Version(): 2_500_000, dear.Version(): 5_000_000}[got.Version]
				if got.Pricing != record.Priced || got.Cost != want {
					t.Errorf("round %d: %+v", i, got)
					return
				}
			}
		})
	}
	for i := range 200 {
		b.Set([]*price.Catalogue{base, dear}[i%2])
	}
	wg.Wait()
	b.Set(dear)
	if got := b.Price("openai", "gpt-4o", usage(n{llm.Input: 1000}), at); got.Cost != 5_000_000 || got.Version != dear.Version() {
		t.Errorf("after Set: %+v", got)
	}
}
