package bedrock

import (
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// most bounds a single count, so that no sum of hostile figures overflows.
const most = 1 << 40

func count(v gjson.Result) int64 {
	if v.Type != gjson.Number {
		return 0
	}
	return min(max(v.Int(), 0), most)
}

// decodeUsage reads a usage object. inputTokens excludes the cache. The cached
// figures come under two names each (cacheReadInputTokens and ...TokenCount),
// which say the same and count once. Thinking is within outputTokens, untold.
func decodeUsage(v gjson.Result) llm.Usage {
	if !v.IsObject() {
		return llm.Usage{}
	}
	u := llm.Usage{Reported: true}
	var read, readToo, write, writeToo, hour, short int64
	v.ForEach(func(key, n gjson.Result) bool {
		switch key.Str {
		case "inputTokens":
			u.N[llm.Input] = count(n)
		case "outputTokens":
			u.N[llm.Output] = count(n)
		case "cacheReadInputTokens":
			read = count(n)
		case "cacheReadInputTokenCount":
			readToo = count(n)
		case "cacheWriteInputTokens":
			write = count(n)
		case "cacheWriteInputTokenCount":
			writeToo = count(n)
		case "cacheDetails":
			short, hour = 0, 0
			for _, d := range list(n) {
				if d.Get("ttl").String() == "1h" {
					hour = min(hour+count(d.Get("inputTokens")), most)
				} else {
					short = min(short+count(d.Get("inputTokens")), most)
				}
			}
		}
		return true
	})
	u.N[llm.CacheRead] = max(read, readToo)
	all := max(write, writeToo)
	if all == 0 {
		all = short + hour
	}
	u.N[llm.CacheWrite1h] = min(hour, all)
	u.N[llm.CacheWrite] = all - u.N[llm.CacheWrite1h]
	return u
}

// decodeTerms reads beside the usage what changes its price.
func decodeTerms(u *llm.Usage, tier, latency gjson.Result) {
	if t := tier.Get("type").String(); t != "default" {
		u.ServiceTier = t
	}
	if l := latency.Get("latency").String(); l != "standard" {
		u.Speed = l
	}
}

type usageJSON struct {
	Input      int64             `json:"inputTokens"`
	Output     int64             `json:"outputTokens"`
	Total      int64             `json:"totalTokens"`
	CacheRead  int64             `json:"cacheReadInputTokens,omitempty"`
	CacheWrite int64             `json:"cacheWriteInputTokens,omitempty"`
	Details    []cacheDetailJSON `json:"cacheDetails,omitempty"`
}

type cacheDetailJSON struct {
	Input int64  `json:"inputTokens"`
	TTL   string `json:"ttl"`
}

// encodeUsage writes u; sounds, images and films count as tokens of their side.
func encodeUsage(u *llm.Usage, lost *llm.Lost) usageJSON {
	v := usageJSON{
		Input:      u.InputTokens() - u.CachedTokens() - u.CacheWriteTokens(),
		Output:     u.OutputTokens(),
		Total:      u.InputTokens() + u.OutputTokens(),
		CacheRead:  u.CachedTokens(),
		CacheWrite: u.CacheWriteTokens(),
	}
	if n := u.N[llm.CacheWrite1h]; n > 0 {
		v.Details = append(v.Details, cacheDetailJSON{n, "1h"})
		if n := u.N[llm.CacheWrite]; n > 0 {
			v.Details = append(v.Details, cacheDetailJSON{n, "5m"})
		}
	}
	for _, q := range []llm.Quantity{llm.WebSearch, llm.WebFetch, llm.FileSearch, llm.CodeSession, llm.Images} {
		if u.N[q] > 0 {
			lost.Add("usage." + q.String())
		}
	}
	if len(u.Others) > 0 {
		lost.Add("usage.others")
	}
	return v
}

type tierJSON struct {
	Type string `json:"type"`
}

type latencyJSON struct {
	Latency string `json:"latency"`
}

// terms writes what changes the price; nil where it is the default.
func terms(u *llm.Usage) (*tierJSON, *latencyJSON) {
	var t *tierJSON
	switch u.ServiceTier {
	case "flex", "priority", "reserved":
		t = &tierJSON{u.ServiceTier}
	}
	var l *latencyJSON
	if u.Speed == "optimized" {
		l = &latencyJSON{u.Speed}
	}
	return t, l
}
