package price_test

import (
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/cost/price"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

func TestOverlay(t *testing.T) {
	base := price.Named(catalogue(t), map[string]string{
		"corp-openai": "openai", "gpu": "vllm", "openai": "openai", "region": "bedrock", "odd": "no-such-kind",
	})
	overrides := []price.Override{
		{Provider: "gpu", Model: "*", Rates: price.Rates{"compute_hour": "2.50"}},
		{Provider: "gpu", Model: "tokens-*", Rates: price.Rates{"input": "0.2", "output": "0.6"}},
		{Provider: "corp-openai", Model: "*", Times: "0.85"},
		{Provider: "azure", Model: "our-chat", As: "openai/gpt-4o"},
		{Provider: "azure", Model: "our-cheap-chat", As: "openai/gpt-4o", Times: "0.5"},
		{Provider: "openai", Model: "gpt-4o", Rates: price.Rates{"input": "1", "output": "4"}, From: "2027-01-01", Until: "2027-02-01"},
		{Provider: "openai", Model: "gpt-4.1", Rates: price.Rates{"input": "1", "output": "4"}},
		{Provider: "openai", Model: "gpt-4.1", Times: "0.5", Window: "22:00-06:00"},
		{Provider: "openai", Model: "gpt-4.1", Times: "0.9", From: "2027-01-01"},
		{Provider: "mistral", Model: "odd-down", Rates: price.Rates{"input": "0.000100001"}},
		{Provider: "mistral", Model: "odd-up", Rates: price.Rates{"input": "0.000100003"}},
		{Provider: "mistral", Model: "odd-*", Times: "0.5"},
		{Provider: "openai", Model: "new-model", Rates: price.Rates{"input": "1", "output": "2"}, From: "2027-01-01"},
		{Provider: "mistral", Model: "/^our-/", Rates: price.Rates{"input": "1", "output": "2"},
			Tiers: []price.FileTier{{Over: 1000, Rates: price.Rates{"input": "3"}}}},
		{Provider: "deepseek", Model: "deepseek-chat", Times: "2"},
	}
	c, err := price.Overlay(base, overrides)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		provider, model, at string
		usage               *llm.Usage
		want                money.Nano // -1: no price
	}{
		// 90 s x $2.50 / 3,600 s
		"the hour of a machine": {"gpu", "llama", "", usage(n{llm.ComputeMicros: 90_000_000, llm.Input: 5000, llm.Output: 10}), 62_500_000},
		// 1,000 x 200 + 100 x 600; the machine's time is not paid twice
		"tokens of one's own machine": {"gpu", "tokens-7b", "", usage(n{llm.Input: 1000, llm.Output: 100, llm.ComputeMicros: 7}), 260_000},
		// 7,500,000 x 0.85
		"a discount on a whole provider": {"corp-openai", "gpt-4o", "", usage(n{llm.Input: 1000, llm.Output: 500}), 6_375_000},
		// (272,001 x 5,000 + 1,000 x 22,500) x 0.85 / 2
		"a discount on a long call in a batch": {"corp-openai", "gpt-5.4", "", tiered("batch", n{llm.Input: 272_001, llm.Output: 1000}), 587_564_625},
		"a discount on what nobody knows":      {"corp-openai", "gpt-99", "", usage(n{llm.Input: 1}), -1},
		// 12,750,000
		"a deployment says its model": {"azure", "our-chat", "", tiered("priority", n{llm.Input: 1000, llm.Output: 500}), 12_750_000},
		"a cheaper deployment":        {"azure", "our-cheap-chat", "", usage(n{llm.Input: 1000, llm.Output: 500}), 3_750_000},
		"other deployments":           {"azure", "our-other-chat", "", usage(n{llm.Input: 1000}), -1},
		"before an agreement":         {"openai", "gpt-4o", "2026-12-31T23:59:59Z", usage(n{llm.Input: 1000, llm.Output: 500}), 7_500_000},
		// 1,000 x 1,000 + 500 x 4,000
		"during an agreement": {"openai", "gpt-4o", "2027-01-31T23:59:59Z", usage(n{llm.Input: 1000, llm.Output: 500}), 3_000_000},
		// cached costs what input costs: the override is a whole price
		"what an override does not name": {"openai", "gpt-4o", "2027-01-15T00:00:00Z", usage(n{llm.CacheRead: 1000}), 1_000_000},
		"an agreement in a batch":        {"openai", "gpt-4o", "2027-01-15T00:00:00Z", tiered("batch", n{llm.Input: 1000, llm.Output: 500}), 1_500_000},
		"after an agreement":             {"openai", "gpt-4o", "2027-02-01T00:00:00Z", usage(n{llm.Input: 1000, llm.Output: 500}), 7_500_000},
		"by day":                         {"openai", "gpt-4.1", "2026-11-25T21:59:59Z", usage(n{llm.Input: 1000}), 1_000_000},
		"by night":                       {"openai", "gpt-4.1", "2026-11-25T22:00:00Z", usage(n{llm.Input: 1000}), 500_000},
		"early in the morning":           {"openai", "gpt-4.1", "2026-11-25T05:59:59Z", usage(n{llm.Input: 1000}), 500_000},
		"a discount on top, by day":      {"openai", "gpt-4.1", "2027-01-01T12:00:00Z", usage(n{llm.Input: 1000}), 900_000},
		"a discount on top, by night":    {"openai", "gpt-4.1", "2027-01-01T23:00:00Z", usage(n{llm.Input: 1000}), 450_000},
		// 100,001 x 0.5 femto-dollars a token, to even: 50,000; a million of them
		"a rate that does not halve, down": {"mistral", "odd-down", "", usage(n{llm.Input: 1_000_000}), 50_000},
		// 100,003 x 0.5: 50,002
		"a rate that does not halve, up": {"mistral", "odd-up", "", usage(n{llm.Input: 1_000_000}), 50_002},
		"a new model, too early":         {"openai", "new-model", "2026-12-31T00:00:00Z", usage(n{llm.Input: 1000}), -1},
		"a new model":                    {"openai", "new-model", "2027-01-01T00:00:00Z", usage(n{llm.Input: 1000}), 1_000_000},
		// 1,001 x 3,000
		"a long call to one's own model": {"mistral", "our-model", "", usage(n{llm.Input: 1001}), 3_003_000},
		"twice the price by night":       {"deepseek", "deepseek-chat", "2026-11-25T20:00:00Z", usage(n{llm.Input: 1000}), 270_000},
		"twice the price by day":         {"deepseek", "deepseek-chat", "2026-11-25T12:00:00Z", usage(n{llm.Input: 1000}), 540_000},
		"models without overrides":       {"openai", "gpt-5", "", usage(n{llm.Input: 1000}), 1_250_000},
		"another name of a provider":     {"region", "ca.anthropic.claude-sonnet-5-v1:0", "", usage(n{llm.Input: 1000}), 3_300_000},
		"an alias of the catalogue":      {"google", "gemini-2.5-flash", "", usage(n{llm.Input: 1000}), 300_000},
		"a kind that nobody knows":       {"odd", "gpt-4o", "", usage(n{llm.Input: 1000}), -1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for range 2 { // the second time out of memory
				r := c.Cost(tt.provider, tt.model, tt.usage, moment(t, tt.at))
				if r.Priced != (tt.want >= 0) || (r.Priced && r.Nano != tt.want) {
					t.Errorf("Cost(%s, %s) = %d (priced %v), want %d", tt.provider, tt.model, r.Nano, r.Priced, tt.want)
				}
				if r.Missing != nil {
					t.Errorf("missing %v", r.Missing)
				}
			}
		})
	}
	if c.Version() == base.Version() || !strings.HasPrefix(c.Version(), base.Version()+"+") {
		t.Errorf("version %s of an overlay of %s", c.Version(), base.Version())
	}
	if r := base.Cost("openai", "gpt-4.1", usage(n{llm.Input: 1000}), moment(t, "")); r.Nano != 2_000_000 {
		t.Errorf("the base changed: %d", r.Nano)
	}
	if same, err := price.Overlay(base, nil); err != nil || same != base {
		t.Errorf("no overrides make another catalogue (%v)", err)
	}
}

func TestOverlayRefuses(t *testing.T) {
	base := catalogue(t)
	tests := map[string]struct {
		o    price.Override
		says string // part of the sentence or the hint
	}{
		"a price per token":           {price.Override{Provider: "lab", Model: "m", Rates: price.Rates{"input": "0.0000025"}}, "did you give the price per token?"},
		"a price per billion":         {price.Override{Provider: "lab", Model: "m", Rates: price.Rates{"output": "2500"}}, "more than $1000"},
		"a negative price":            {price.Override{Provider: "lab", Model: "m", Rates: price.Rates{"input": "-1"}}, "lab/m: input"},
		"an exponent":                 {price.Override{Provider: "lab", Model: "m", Rates: price.Rates{"input": "1e3"}}, "decimal"},
		"a misspelt quantity":         {price.Override{Provider: "lab", Model: "m", Rates: price.Rates{"inputs": "1"}}, "use one of input,"},
		"nothing":                     {price.Override{Provider: "lab", Model: "m"}, "give either rates"},
		"two ways at once":            {price.Override{Provider: "lab", Model: "m", Rates: price.Rates{"input": "1"}, Times: "2"}, "give either rates"},
		"no provider":                 {price.Override{Model: "m", Times: "2"}, "provider and model"},
		"a multiplier of 0":           {price.Override{Provider: "lab", Model: "m", Times: "0"}, "not plausible"},
		"a star in the middle":        {price.Override{Provider: "lab", Model: "a*b", Times: "2"}, "star"},
		"a broken expression":         {price.Override{Provider: "lab", Model: "/(/", Times: "2"}, "missing closing"},
		"an unknown model":            {price.Override{Provider: "lab", Model: "m", As: "openai/gpt-99"}, "no price is known"},
		"a day that is none":          {price.Override{Provider: "lab", Model: "m", Times: "2", From: "2026-02-30"}, "not a day"},
		"an end before its beginning": {price.Override{Provider: "lab", Model: "m", Times: "2", From: "2026-02-02", Until: "2026-02-01"}, "not after"},
		"an hour that is none":        {price.Override{Provider: "lab", Model: "m", Times: "2", Window: "25:00-26:00"}, "time of day"},
		"tiers in disorder": {price.Override{Provider: "lab", Model: "m", Rates: price.Rates{"input": "1"},
			Tiers: []price.FileTier{{Over: 9, Rates: price.Rates{"input": "2"}}, {Over: 9, Rates: price.Rates{"input": "3"}}}}, "tier before"},
		"dear hours": {price.Override{Provider: "lab", Model: "m", Rates: price.Rates{"compute_hour": "2500"}}, "per hour"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := price.Overlay(base, []price.Override{{Provider: "lab", Model: "fine", Times: "2"}, tt.o})
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("Overlay = %v, want a fault of the request", err)
			}
			if f := fault.As(err); !strings.Contains(f.Public(), tt.says) || !strings.Contains(f.Public(), "price override 2") {
				t.Errorf("error %q does not say %q", f.Public(), tt.says)
			}
		})
	}
}
