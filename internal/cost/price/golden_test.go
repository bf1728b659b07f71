package price_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/steward-llmops/steward/internal/cost/price"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

type n = map[llm.Quantity]int64

func usage(counts n) *llm.Usage {
	u := &llm.Usage{Reported: true}
	for q, c := range counts {
		u.N[q] = c
	}
	return u
}

func tiered(tier string, counts n) *llm.Usage {
	u := usage(counts)
	u.ServiceTier = tier
	return u
}

func moment(tb testing.TB, text string) time.Time {
	tb.Helper()
	if text == "" {
		text = "2026-11-25T12:00:00Z"
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

// Every figure was worked out by hand. A price of $1 per million tokens is 1,000
// nano-dollars a token, which makes a row a sum of tokens times a round number.
func TestCost(t *testing.T) {
	fast := func(geo string, counts n) *llm.Usage {
		u := usage(counts)
		u.Speed, u.Geo = "fast", geo
		return u
	}
	inGeo := func(geo string, counts n) *llm.Usage {
		u := usage(counts)
		u.Geo = geo
		return u
	}
	with := func(u *llm.Usage, others ...llm.ModelUsage) *llm.Usage {
		u.Others = others
		return u
	}
	tests := map[string]struct {
		provider, model string
		at              string // empty: 2026-11-25T12:00:00Z
		usage           *llm.Usage
		want            money.Nano
		missing         []llm.Quantity
		id              string // of the entry; empty: provider/model
	}{
		// 1,000 x 2,500 + 500 x 10,000
		"plain tokens": {"openai", "gpt-4o", "", usage(n{llm.Input: 1000, llm.Output: 500}), 7_500_000, nil, ""},
		// 200 x 2,500 + 800 x 1,250 + 100 x 10,000
		"cached input is cheaper": {"openai", "gpt-4o", "", usage(n{llm.Input: 200, llm.CacheRead: 800, llm.Output: 100}), 2_500_000, nil, ""},
		// 1 x 150 + 1 x 600
		"one token each way":              {"openai", "gpt-4o-mini", "", usage(n{llm.Input: 1, llm.Output: 1}), 750, nil, ""},
		"a dated snapshot that is listed": {"openai", "gpt-4o-2024-08-06", "", usage(n{llm.Input: 1000, llm.Output: 500}), 7_500_000, nil, "openai/gpt-4o"},
		"letters of either case":          {"openai", "GPT-4o", "", usage(n{llm.Input: 1000, llm.Output: 500}), 7_500_000, nil, "openai/gpt-4o"},
		"the provider in front":           {"openai", "openai/gpt-4o", "", usage(n{llm.Input: 1000, llm.Output: 500}), 7_500_000, nil, "openai/gpt-4o"},
		// (1,000 x 2,500 + 500 x 10,000) / 2
		"a batch is half": {"openai", "gpt-4o", "", tiered("batch", n{llm.Input: 1000, llm.Output: 500}), 3_750_000, nil, ""},
		// (1,000 x 1,250 + 2,000 x 125 + 300 x 10,000) / 2 = 4,500,000 / 2
		"flex halves cached input too": {"openai", "gpt-5", "", tiered("flex", n{llm.Input: 1000, llm.CacheRead: 2000, llm.Output: 300}), 2_250_000, nil, ""},
		// cached at $0.005, flex: 2.5 nano a token; 1 token = 2.5, to even
		"half a nano goes to even, down": {"openai", "gpt-5-nano", "", tiered("flex", n{llm.CacheRead: 1}), 2, nil, ""},
		// 3 tokens = 7.5, to even
		"half a nano goes to even, up": {"openai", "gpt-5-nano", "", tiered("flex", n{llm.CacheRead: 3}), 8, nil, ""},
		// 1,000 x 4,250 + 500 x 17,000
		"priority has prices of its own": {"openai", "gpt-4o", "", tiered("priority", n{llm.Input: 1000, llm.Output: 500}), 12_750_000, nil, ""},
		// 10 x 4,250 + 100 x 2,125
		"priority, cached": {"openai", "gpt-4o", "", tiered("Priority", n{llm.Input: 10, llm.CacheRead: 100}), 255_000, nil, ""},
		// as 7,500,000
		"the default tier by its name": {"openai", "gpt-4o", "", tiered("default", n{llm.Input: 1000, llm.Output: 500}), 7_500_000, nil, ""},
		// 100 x 1,250 + 400 x 10,000 + 50 x 10,000
		"thinking costs what output costs": {"openai", "gpt-5", "", usage(n{llm.Input: 100, llm.OutputReasoning: 400, llm.Output: 50}), 4_625_000, nil, ""},
		// 272,000 x 2,500 + 1,000 x 15,000
		"at the mark the short price holds": {"openai", "gpt-5.4", "", usage(n{llm.Input: 272_000, llm.Output: 1000}), 695_000_000, nil, ""},
		// 272,001 x 5,000 + 1,000 x 22,500
		"beyond the mark every token is dearer": {"openai", "gpt-5.4", "", usage(n{llm.Input: 272_001, llm.Output: 1000}), 1_382_505_000, nil, ""},
		// 2,001 x 5,000 + 270,000 x 500 + 10 x 22,500
		"cached tokens count towards the mark": {"openai", "gpt-5.4", "", usage(n{llm.Input: 2001, llm.CacheRead: 270_000, llm.Output: 10}), 145_230_000, nil, ""},
		// (272,001 x 5,000 + 1,000 x 22,500) / 2 = 691,252,500
		"a long call in a batch": {"openai", "gpt-5.4", "", tiered("batch", n{llm.Input: 272_001, llm.Output: 1000}), 691_252_500, nil, ""},
		// 1,000 x 1,000 + 1,000 x 1,250 + 100 x 6,000
		"the second before a price falls": {"openai", "gpt-5.6-luna", "2026-07-29T23:59:59Z", usage(n{llm.Input: 1000, llm.CacheWrite: 1000, llm.Output: 100}), 2_850_000, nil, ""},
		// 1,000 x 200 + 1,000 x 250 + 100 x 1,200
		"the second when a price falls": {"openai", "gpt-5.6-luna", "2026-07-30T00:00:00Z", usage(n{llm.Input: 1000, llm.CacheWrite: 1000, llm.Output: 100}), 570_000, nil, ""},
		// the same moment as 2026-07-29T23:59:59Z
		"days are days of UTC": {"openai", "gpt-5.6-luna", "2026-07-30T01:59:59+02:00", usage(n{llm.Input: 1000, llm.CacheWrite: 1000, llm.Output: 100}), 2_850_000, nil, ""},
		// 100 x 10,000 + 10 x 40,000
		"o3 before June 2025": {"openai", "o3", "2025-06-09T12:00:00Z", usage(n{llm.Input: 100, llm.Output: 10}), 1_400_000, nil, ""},
		// 100 x 2,000 + 10 x 8,000
		"o3 from June 2025": {"openai", "o3", "2025-06-10T00:00:00Z", usage(n{llm.Input: 100, llm.Output: 10}), 280_000, nil, ""},
		// 10 x 2,500 + 100 x 32,000 + 20 x 10,000 + 50 x 64,000
		"sound in and out": {"openai", "gpt-audio", "", usage(n{llm.Input: 10, llm.InputAudio: 100, llm.Output: 20, llm.OutputAudio: 50}), 6_625_000, nil, ""},
		// 1,000 x 400 + 10 x 32,000 + 100 x 5,000
		"cached sound and a picture": {"openai", "gpt-realtime", "", usage(n{llm.CacheReadAudio: 1000, llm.InputAudio: 10, llm.InputImage: 100}), 1_220_000, nil, ""},
		// 50 x 5,000 + 200 x 10,000 + 1,000 x 40,000
		"pictures out cost what output costs": {"openai", "gpt-image-1", "", usage(n{llm.Input: 50, llm.InputImage: 200, llm.OutputImage: 1000}), 42_250_000, nil, ""},
		// 100 x 5,000: no price for sound at all
		"sound into a model of text": {"openai", "chatgpt-4o-latest", "", usage(n{llm.InputAudio: 100}), 500_000, nil, ""},
		// 1,000 x 20
		"embeddings": {"openai", "text-embedding-3-small", "", usage(n{llm.Input: 1000}), 20_000, nil, ""},
		// 1.5 minutes x 6,000,000
		"ninety seconds of sound": {"openai", "whisper-1", "", usage(n{llm.AudioMicros: 90_000_000}), 9_000_000, nil, ""},
		// 1,000 x 15,000
		"characters spoken": {"openai", "tts-1", "", usage(n{llm.Characters: 1000}), 15_000_000, nil, ""},
		// 3 x 10,000,000 + 10 x 1,250
		"searches": {"openai", "gpt-5", "", usage(n{llm.Input: 10, llm.WebSearch: 3}), 30_012_500, nil, ""},
		// (10 x 1,250) / 2 + 3 x 10,000,000
		"searches are not halved": {"openai", "gpt-5", "", tiered("flex", n{llm.Input: 10, llm.WebSearch: 3}), 30_006_250, nil, ""},
		// 2 x 2,500,000
		"file searches": {"openai", "gpt-5", "", usage(n{llm.FileSearch: 2}), 5_000_000, nil, ""},
		// 100 x 2,500; searches of this model have two prices
		"a search without a price is missing": {"openai", "gpt-4o", "", usage(n{llm.Input: 100, llm.WebSearch: 1}), 250_000, []llm.Quantity{llm.WebSearch}, ""},
		"output of a model without one":       {"openai", "text-embedding-3-small", "", usage(n{llm.Input: 1000, llm.Output: 5}), 20_000, []llm.Quantity{llm.Output}, ""},

		// 1,000 x 3,000 + 10,000 x 300 + 2,000 x 3,750 + 1,000 x 6,000 + 500 x 15,000
		"cache written for five minutes and an hour": {"anthropic", "claude-sonnet-4-5-20250929", "",
			usage(n{llm.Input: 1000, llm.CacheRead: 10_000, llm.CacheWrite: 2000, llm.CacheWrite1h: 1000, llm.Output: 500}), 27_000_000, nil, "anthropic/claude-sonnet-4-5"},
		// 100,000 x 3,000 + 100,000 x 300 + 100 x 15,000
		"Claude at 200,000": {"anthropic", "claude-sonnet-4-5", "", usage(n{llm.Input: 100_000, llm.CacheRead: 100_000, llm.Output: 100}), 331_500_000, nil, ""},
		// 100,001 x 6,000 + 100,000 x 600 + 100 x 22,500
		"Claude beyond 200,000": {"anthropic", "claude-sonnet-4-5", "", usage(n{llm.Input: 100_001, llm.CacheRead: 100_000, llm.Output: 100}), 662_256_000, nil, ""},
		// 200,001 x 10,000 + 10 x 37,500
		"Opus 4.6 long, in February": {"anthropic", "claude-opus-4-6", "2026-02-10T00:00:00Z", usage(n{llm.Input: 200_001, llm.Output: 10}), 2_000_385_000, nil, ""},
		// 200,001 x 5,000 + 10 x 25,000
		"Opus 4.6 long, from March": {"anthropic", "claude-opus-4-6", "2026-03-13T00:00:00Z", usage(n{llm.Input: 200_001, llm.Output: 10}), 1_000_255_000, nil, ""},
		// 100 x 30,000 + 100 x 3,000 + 10 x 60,000 + 10 x 150,000
		"fast": {"anthropic", "claude-opus-4-6", "", fast("global", n{llm.Input: 100, llm.CacheRead: 100, llm.CacheWrite1h: 10, llm.Output: 10}), 5_400_000, nil, ""},
		// 200,001 x 30,000: no dearer for being long
		"fast and long": {"anthropic", "claude-opus-4-6", "2026-02-10T00:00:00Z", fast("", n{llm.Input: 200_001}), 6_000_030_000, nil, ""},
		// 1,000 x 5,500 + 100 x 27,500
		"in the US only": {"anthropic", "claude-opus-4-6", "", inGeo("us", n{llm.Input: 1000, llm.Output: 100}), 8_250_000, nil, ""},
		// 1,000 x 11,000 + 100 x 55,000
		"fast in the US only": {"anthropic", "claude-opus-5", "", fast("us", n{llm.Input: 1000, llm.Output: 100}), 16_500_000, nil, ""},
		// 2 x 10,000,000: not dearer in the US
		"searches cost the same everywhere": {"anthropic", "claude-opus-5", "", inGeo("us", n{llm.WebSearch: 2}), 20_000_000, nil, ""},
		// 1,000 x 2,000 + 100 x 10,000
		"the last day of an introduction": {"anthropic", "claude-sonnet-5", "2026-08-31T23:59:59Z", usage(n{llm.Input: 1000, llm.Output: 100}), 3_000_000, nil, ""},
		// 1,000 x 3,000 + 100 x 15,000
		"after an introduction": {"anthropic", "claude-sonnet-5", "2026-09-01T00:00:00Z", usage(n{llm.Input: 1000, llm.Output: 100}), 4_500_000, nil, ""},
		// 1,000 x 500 + 1,000 x 2,500 + 200 x 1,000 (written for an hour, halved)
		"Claude in a batch": {"anthropic", "claude-haiku-4-5", "", tiered("batch", n{llm.Input: 1000, llm.Output: 1000, llm.CacheWrite1h: 200}), 3_200_000, nil, ""},
		// 5 x 10,000,000
		"Claude searches in a batch": {"anthropic", "claude-haiku-4-5", "", tiered("batch", n{llm.WebSearch: 5}), 50_000_000, nil, ""},
		"fetching pages is free":     {"anthropic", "claude-haiku-4-5", "", usage(n{llm.WebFetch: 7}), 0, nil, ""},
		// 100 x 3,000 + 10 x 15,000 + 1,000 x 5,000 + 200 x 25,000
		"an adviser of another model": {"anthropic", "claude-sonnet-5", "", with(usage(n{llm.Input: 100, llm.Output: 10}),
			llm.ModelUsage{Model: "claude-opus-5", Usage: *usage(n{llm.Input: 1000, llm.Output: 200})}), 10_450_000, nil, ""},
		// 181 x 3,000 + 8 x 15,000 + 100 x 3,000 + 55,096 x 300 + 83 x 15,000
		"a compaction and the message after it": {"anthropic", "claude-sonnet-4-6", "", with(usage(n{llm.Input: 181, llm.Output: 8}),
			llm.ModelUsage{Model: "claude-sonnet-4-6", Usage: *usage(n{llm.Input: 100, llm.CacheRead: 55_096, llm.Output: 83})}), 18_736_800, nil, ""},
		// 150,000 x 3,000 twice: neither is long
		"each iteration has its own length": {"anthropic", "claude-sonnet-4-5", "", with(usage(n{llm.Input: 150_000}),
			llm.ModelUsage{Model: "claude-sonnet-4-5", Usage: *usage(n{llm.Input: 150_000})}), 900_000_000, nil, ""},
		// 100 x 3,000; what the other model read has no price
		"an adviser that nobody knows": {"anthropic", "claude-sonnet-5", "", with(usage(n{llm.Input: 100}),
			llm.ModelUsage{Model: "mystery", Usage: *usage(n{llm.Input: 1000})}), 300_000, []llm.Quantity{llm.Input}, ""},

		// 1,000 x 300 + 500 x 1,000 + 200 x 2,500 + 100 x 2,500
		"Gemini hears": {"gemini", "gemini-2.5-flash", "", usage(n{llm.Input: 1000, llm.InputAudio: 500, llm.OutputReasoning: 200, llm.Output: 100}), 1_550_000, nil, ""},
		// 200,000 x 1,250 + 10 x 10,000
		"Gemini at its mark": {"gemini", "gemini-2.5-pro", "", usage(n{llm.Input: 200_000, llm.Output: 10}), 250_100_000, nil, ""},
		// 200,001 x 2,500 + 10 x 15,000
		"Gemini beyond its mark": {"gemini", "models/gemini-2.5-pro", "", usage(n{llm.Input: 200_001, llm.Output: 10}), 500_152_500, nil, "gemini/gemini-2.5-pro"},
		// 1,000 x 150 + 1,000 x 30 (not halved) + 100 x 1,250
		"Gemini in a batch": {"gemini", "gemini-2.5-flash", "", tiered("batch", n{llm.Input: 1000, llm.CacheRead: 1000, llm.Output: 100}), 305_000, nil, ""},
		// 1,000 x 1,350 + 100 x 6,750
		"Gemini with priority": {"gemini", "gemini-3.7-flash", "", tiered("priority", n{llm.Input: 1000, llm.Output: 100}), 2_025_000, nil, ""},
		// 1,000 x 1,500 + 100 x 7,500
		"a price of next year": {"gemini", "gemini-3.6-flash", "2027-01-01T00:00:00Z", usage(n{llm.Input: 1000, llm.Output: 100}), 2_250_000, nil, ""},
		// 1,000 x 1,000 + 10 x 12,000
		"Gemini sees a film and speaks": {"gemini", "gemini-3.1-flash-live-preview", "", usage(n{llm.InputVideo: 1000, llm.OutputAudio: 10}), 1_120_000, nil, ""},
		// 10 x 2,000 + 1,120 x 120,000
		"Gemini draws": {"gemini", "gemini-3-pro-image-preview", "", usage(n{llm.Input: 10, llm.OutputImage: 1120}), 134_420_000, nil, ""},
		// 1,000 x 300 + 100 x 2,500
		"Gemini on Vertex": {"vertex", "publishers/google/models/gemini-2.5-flash", "", usage(n{llm.Input: 1000, llm.Output: 100}), 550_000, nil, "gemini/gemini-2.5-flash"},
		// 1,000 x 1,000 + 100 x 2,000
		"a Claude that only Anthropic lists": {"vertex", "claude-haiku-4-5@20251001", "", usage(n{llm.Input: 1000, llm.CacheWrite1h: 100}), 1_200_000, nil, "anthropic/claude-haiku-4-5"},
		// 200,001 x 10,000 + 100 x 20,000 (twice the long input)
		"a Claude that Vertex lists": {"vertex", "claude-opus-4-6", "", usage(n{llm.Input: 200_001, llm.CacheWrite1h: 100}), 2_002_010_000, nil, ""},
		"OpenAI's model on Azure":    {"azure", "gpt-4o", "", usage(n{llm.Input: 1000, llm.Output: 500}), 7_500_000, nil, "openai/gpt-4o"},
		// 1,000 x 280
		"Azure's own price": {"azure", "o4-mini", "", usage(n{llm.CacheRead: 1000}), 280_000, nil, ""},
		// 1,000 x 3,300 + 100 x 6,600
		"Bedrock in a region": {"bedrock", "us.anthropic.claude-sonnet-5-v1:0", "", usage(n{llm.Input: 1000, llm.CacheWrite1h: 100}), 3_960_000, nil, "bedrock/regional.anthropic.claude-sonnet-5-v1:0"},
		// 1,000 x 3,000
		"Bedrock anywhere": {"bedrock", "global.anthropic.claude-sonnet-5-v1:0", "", usage(n{llm.Input: 1000}), 3_000_000, nil, ""},
		// 1,000 x 3,300
		"Bedrock in a region that is new": {"bedrock", "ca.anthropic.claude-sonnet-5-v1:0", "", usage(n{llm.Input: 1000}), 3_300_000, nil, "bedrock/regional.anthropic.claude-sonnet-5-v1:0"},
		// 1,000 x 3,300
		"Bedrock by its full name": {"bedrock", "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-sonnet-5-v1:0", "", usage(n{llm.Input: 1000}), 3_300_000, nil, "bedrock/regional.anthropic.claude-sonnet-5-v1:0"},
		// 1,000 x 135 + 100 x 550
		"before the dear hours": {"deepseek", "deepseek-chat", "2025-08-01T00:29:59Z", usage(n{llm.Input: 1000, llm.Output: 100}), 190_000, nil, ""},
		// 1,000 x 270 + 100 x 1,100
		"when the dear hours begin": {"deepseek", "deepseek-chat", "2025-08-01T00:30:00Z", usage(n{llm.Input: 1000, llm.Output: 100}), 380_000, nil, ""},
		"in the last dear second":   {"deepseek", "deepseek-chat", "2025-08-01T16:29:59Z", usage(n{llm.Input: 1000, llm.Output: 100}), 380_000, nil, ""},
		"when the dear hours end":   {"deepseek", "deepseek-chat", "2025-08-01T16:30:00Z", usage(n{llm.Input: 1000, llm.Output: 100}), 190_000, nil, ""},
		// 10 x 1,000 + 10 x 1,000 + 12,000,000
		"a fee for the request": {"perplexity", "sonar", "", usage(n{llm.Input: 10, llm.Output: 10}), 12_020_000, nil, ""},
		// 20,000 + 2 x 12,000,000
		"a fee for two requests": {"perplexity", "sonar", "", usage(n{llm.Input: 10, llm.Output: 10, llm.Requests: 2}), 24_020_000, nil, ""},
		// 100 x 3,000 + 4 x 5,000,000 + 10 x 8,000
		"thinking with a price of its own": {"perplexity", "sonar-deep-research", "", usage(n{llm.OutputReasoning: 100, llm.WebSearch: 4, llm.Output: 10}), 20_380_000, nil, ""},
		// 128,001 x 400 + 1,000 x 50 + 10 x 1,000
		"a rate that does not change with length": {"openrouter", "x-ai/grok-4-fast", "", usage(n{llm.Input: 128_001, llm.CacheRead: 1000, llm.Output: 10}), 51_260_400, nil, ""},
		"free is a price":                         {"openrouter", "deepseek/deepseek-r1:free", "", usage(n{llm.Input: 1000, llm.Output: 1000}), 0, nil, ""},
		// 512,001 x 600
		"MiniMax beyond its mark": {"minimax", "minimax-m3", "", usage(n{llm.Input: 512_001}), 307_200_600, nil, ""},
		// 1,000 x 590 + 100 x 790
		"flex at no discount": {"groq", "llama-3.3-70b-versatile", "", tiered("flex", n{llm.Input: 1000, llm.Output: 100}), 669_000, nil, ""},
		// 1,000 x 180 x 0.67
		"a third off": {"voyage", "voyage-3-large", "", tiered("batch", n{llm.Input: 1000}), 120_600, nil, ""},
		// 1,000 x 2,000
		"a snapshot by pattern": {"xai", "grok-4.5-20260801", "", usage(n{llm.Input: 1000}), 2_000_000, nil, "xai/grok-4.5"},

		// 480 x 2,500 + 20 x 250 + 8 x 3,125 + 128 x 10,000
		"the simulator": {"sim", "large", "", usage(n{llm.Input: 480, llm.CacheRead: 20, llm.CacheWrite: 8, llm.Output: 128}), 2_510_000, nil, ""},
		// 100 x 100 + 100 x 10 + 10 x 400
		"the simulator, small": {"sim", "sim/small", "", usage(n{llm.Input: 100, llm.CacheRead: 100, llm.Output: 10}), 15_000, nil, "sim/small"},
		// 10 x 1,250 + 100 x 10,000 + 8 x 125
		"the simulator thinks": {"sim", "reasoning", "", usage(n{llm.Input: 10, llm.OutputReasoning: 100, llm.CacheRead: 8}), 1_013_500, nil, ""},
	}
	c := catalogue(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := c.Cost(tt.provider, tt.model, tt.usage, moment(t, tt.at))
			if !r.Priced {
				t.Fatalf("Cost(%s, %s) knows no price", tt.provider, tt.model)
			}
			if r.Nano != tt.want || r.UnknownTier {
				t.Errorf("Cost(%s, %s) = %d nano (unknown tier %v), want %d", tt.provider, tt.model, r.Nano, r.UnknownTier, tt.want)
			}
			if diff := cmp.Diff(tt.missing, r.Missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			id := tt.id
			if id == "" {
				id = tt.provider + "/" + tt.model
			}
			if r.Entry.ID() != id {
				t.Errorf("priced by %s, want %s", r.Entry.ID(), id)
			}
		})
	}
}

func TestCostUnknown(t *testing.T) {
	c := catalogue(t)
	at := moment(t, "")
	for name, tt := range map[string]struct{ provider, model string }{
		"nobody's provider":                     {"acme", "gpt-4o"},
		"nobody's model":                        {"openai", "gpt-99"},
		"a fine-tuned model that is not listed": {"openai", "ft:gpt-4.1-mini-2025-04-14:acme::x"},
		"a self-hosted model":                   {"ollama", "llama3.2"},
		"a listed model without a price":        {"cerebras", "qwen-3-coder-480b"},
		"an empty name":                         {"openai", ""},
		"a slash":                               {"openrouter", "/"},
	} {
		t.Run(name, func(t *testing.T) {
			if r := c.Cost(tt.provider, tt.model, usage(n{llm.Input: 1}), at); r.Priced || r.Nano != 0 || r.Entry != nil {
				t.Errorf("Cost(%s, %s) = %+v, want no price", tt.provider, tt.model, r)
			}
		})
	}
	u := tiered("priority", n{llm.Input: 100})
	if r := c.Cost("anthropic", "claude-opus-5", u, at); !r.UnknownTier || r.Nano != 500_000 {
		t.Errorf("a tier without a public price = %+v, want the ordinary price and a mark", r)
	}
	g := usage(n{llm.Input: 100})
	g.Geo = "us"
	if r := c.Cost("anthropic", "claude-haiku-4-5", g, at); !r.UnknownTier {
		t.Error("a region without a price is not marked")
	}
}

func TestExplain(t *testing.T) {
	c := catalogue(t)
	u := usage(n{llm.Input: 100, llm.OutputReasoning: 10})
	u.Others = []llm.ModelUsage{{Model: "claude-opus-5", Usage: *usage(n{llm.Output: 1})}}
	r := c.Explain("anthropic", "claude-sonnet-5", u, moment(t, ""))
	type line struct {
		id   string
		q    llm.Quantity
		n    int64
		rate string
		via  llm.Quantity
		cost money.Nano
	}
	var got []line
	for _, l := range r.Lines {
		got = append(got, line{l.Entry.ID(), l.Quantity, l.Count, l.Rate.PerMillionString(), l.Via, l.Cost})
	}
	want := []line{
		{"anthropic/claude-sonnet-5", llm.Input, 100, "3.00", llm.Input, 300_000},
		{"anthropic/claude-sonnet-5", llm.OutputReasoning, 10, "15.00", llm.Output, 150_000},
		{"anthropic/claude-opus-5", llm.Output, 1, "25.00", llm.Output, 25_000},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if r.Nano != 475_000 {
		t.Errorf("sum = %d, want 475000", r.Nano)
	}
	e, _ := c.Find("perplexity", "sonar", moment(t, ""))
	if got := e.CostWith(usage(n{llm.Input: 1}), moment(t, "")); len(got.Lines) != 2 || got.Lines[1].Cost != 12_000_000 {
		t.Errorf("the fee of a request has no line: %+v", got.Lines)
	}
	if diff := cmp.Diff(price.Rates{"input": "1.00", "output": "1.00", "requests": "12.00"}, e.Rates("", 0, moment(t, ""))); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
}

func TestCostDoesNotAllocate(t *testing.T) {
	c := catalogue(t)
	at := moment(t, "")
	u := tiered("batch", n{llm.Input: 1000, llm.CacheRead: 10, llm.Output: 100})
	u.Others = []llm.ModelUsage{{Model: "claude-opus-5", Usage: *usage(n{llm.Output: 1})}}
	c.Cost("anthropic", "claude-sonnet-4-5-20250929", u, at)
	if got := testing.AllocsPerRun(100, func() { c.Cost("anthropic", "claude-sonnet-4-5-20250929", u, at) }); got != 0 {
		t.Errorf("Cost allocates %v times", got)
	}
}
