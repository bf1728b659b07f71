package anthropic

import (
	"math/bits"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// meter adds up what Anthropic reports, over the events of a stream or out of
// one whole answer. All readers of usage go through it, so that a call costs the
// same whether it was decoded, measured or observed.
//
// Anthropic's rules: input_tokens excludes the cache; figures are cumulative,
// and a later report may leave out what has not changed; message_start's
// output_tokens is a placeholder; the split of cache writes by life comes only
// in message_start; thinking is within output_tokens; and where iterations are
// given, the bill is their sum, not the top level's figures.
type meter struct {
	model string // of the message: an iteration without its own belongs to it

	seen       bool
	top        tally
	iterations []tally

	webSearch, webFetch int64
	tier, geo, speed    string
}

// tally is one set of counts: the top level's, or an iteration's.
type tally struct {
	model       string
	input       int64
	cacheRead   int64
	cacheWrite  int64
	hasWrite    bool
	write5m     int64
	write1h     int64
	output      int64
	hasOutput   bool
	placeholder int64 // output_tokens of message_start
	thinking    int64
}

// most bounds a single count, so that no sum of hostile figures overflows.
const most = 1 << 40

func count(v gjson.Result) int64 {
	if v.Type != gjson.Number {
		return 0
	}
	return min(max(v.Int(), 0), most)
}

// start takes the usage of message_start.
func (m *meter) start(v gjson.Result) { m.take(v, false) }

// final takes the usage of message_delta or of a whole answer.
func (m *meter) final(v gjson.Result) { m.take(v, true) }

func (m *meter) take(v gjson.Result, final bool) {
	if !v.IsObject() {
		return
	}
	m.seen = true
	v.ForEach(func(key, val gjson.Result) bool {
		if val.Type == gjson.Null {
			return true
		}
		switch key.Str {
		case "iterations":
			m.iterations = m.iterations[:0]
			val.ForEach(func(_, it gjson.Result) bool {
				if it.IsObject() {
					m.iterations = append(m.iterations, iteration(it))
				}
				return true
			})
		case "server_tool_use":
			m.webSearch = count(val.Get("web_search_requests"))
			m.webFetch = count(val.Get("web_fetch_requests"))
		case "service_tier":
			m.tier = word(val, "standard")
		case "inference_geo":
			m.geo = word(val, "global", "not_available")
		case "speed":
			m.speed = word(val, "standard")
		case "output_tokens":
			if final {
				m.top.output, m.top.hasOutput = count(val), true
			} else {
				m.top.placeholder = count(val)
			}
		default:
			m.top.take(key.Str, val)
		}
		return true
	})
	if final && !m.top.hasOutput {
		m.top.output = m.top.placeholder
	}
}

func iteration(v gjson.Result) tally {
	var t tally
	v.ForEach(func(key, val gjson.Result) bool {
		switch {
		case val.Type == gjson.Null:
		case key.Str == "model":
			t.model = val.String()
		case key.Str == "output_tokens":
			t.output = count(val)
		default:
			t.take(key.Str, val)
		}
		return true
	})
	return t
}

func (t *tally) take(key string, v gjson.Result) {
	switch key {
	case "input_tokens":
		t.input = count(v)
	case "cache_read_input_tokens":
		t.cacheRead = count(v)
	case "cache_creation_input_tokens":
		t.cacheWrite, t.hasWrite = count(v), true
	case "cache_creation":
		t.write5m = count(v.Get("ephemeral_5m_input_tokens"))
		t.write1h = count(v.Get("ephemeral_1h_input_tokens"))
	case "output_tokens_details":
		t.thinking = count(v.Get("thinking_tokens"))
	}
}

// word returns v's text, or nothing where it is one of the default's names.
func word(v gjson.Result, defaults ...string) string {
	for _, d := range defaults {
		if v.Str == d {
			return ""
		}
	}
	return v.Str
}

// usage returns the sum so far. Before the first final report Output is zero:
// the placeholder says nothing about it.
func (m *meter) usage() llm.Usage {
	if !m.seen {
		return llm.Usage{}
	}
	u := llm.Usage{Reported: true, ServiceTier: m.tier, Geo: m.geo, Speed: m.speed}
	u.N[llm.WebSearch], u.N[llm.WebFetch] = m.webSearch, m.webFetch
	if len(m.iterations) == 0 {
		m.top.addTo(&u, &m.top)
		return u
	}
	for i := range m.iterations {
		it := &m.iterations[i]
		if it.model == "" || m.model == "" || it.model == m.model {
			it.addTo(&u, &m.top)
		} else {
			it.addTo(m.other(&u, it.model), nil)
		}
	}
	if u.N[llm.OutputReasoning] == 0 {
		thinking := min(m.top.thinking, u.N[llm.Output])
		u.N[llm.Output] -= thinking
		u.N[llm.OutputReasoning] = thinking
	}
	return u
}

// other returns the usage of another model within u. Where the call ran, and in
// which tier, holds for all of its models; speed is the message's own.
func (m *meter) other(u *llm.Usage, model string) *llm.Usage {
	for i := range u.Others {
		if u.Others[i].Model == model {
			return &u.Others[i].Usage
		}
	}
	u.Others = append(u.Others, llm.ModelUsage{Model: model, Usage: llm.Usage{
		Reported: true, ServiceTier: m.tier, Geo: m.geo,
	}})
	return &u.Others[len(u.Others)-1].Usage
}

// addTo adds the tally to u. ratio gives the split of cache writes where t has
// none of its own; nil: there is none.
func (t *tally) addTo(u *llm.Usage, ratio *tally) {
	short, hour := t.write5m, t.write1h
	if short+hour == 0 && ratio != nil {
		short, hour = ratio.write5m, ratio.write1h
	}
	if t.hasWrite {
		short, hour = divide(t.cacheWrite, short, hour)
	} else {
		short, hour = t.write5m, t.write1h
	}
	thinking := min(t.thinking, t.output)
	u.N[llm.Input] += t.input
	u.N[llm.CacheRead] += t.cacheRead
	u.N[llm.CacheWrite] += short
	u.N[llm.CacheWrite1h] += hour
	u.N[llm.Output] += t.output - thinking
	u.N[llm.OutputReasoning] += thinking
}

// divide splits total in the proportion of short to hour, rounding to the
// nearest token; without a proportion all of it is short.
func divide(total, short, hour int64) (int64, int64) {
	sum := short + hour
	if sum == total {
		return short, hour
	}
	if sum == 0 {
		return total, 0
	}
	hi, lo := bits.Mul64(uint64(total), uint64(hour))
	lo, carry := bits.Add64(lo, uint64(sum)/2, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(sum))
	q = min(q, uint64(total))
	return total - int64(q), int64(q)
}

// usageJSON is Anthropic's usage object as callers read it.
type usageJSON struct {
	InputTokens              int64           `json:"input_tokens"`
	CacheCreationInputTokens int64           `json:"cache_creation_input_tokens"`
	CacheReadInputTokens     int64           `json:"cache_read_input_tokens"`
	CacheCreation            *cacheCreation  `json:"cache_creation,omitempty"`
	OutputTokens             int64           `json:"output_tokens"`
	OutputDetails            *outputDetails  `json:"output_tokens_details,omitempty"`
	ServerToolUse            *serverToolUse  `json:"server_tool_use,omitempty"`
	ServiceTier              string          `json:"service_tier,omitempty"`
	Geo                      string          `json:"inference_geo,omitempty"`
	Speed                    string          `json:"speed,omitempty"`
	Iterations               []iterationJSON `json:"iterations,omitempty"`
}

type cacheCreation struct {
	Short int64 `json:"ephemeral_5m_input_tokens"`
	Hour  int64 `json:"ephemeral_1h_input_tokens"`
}

type outputDetails struct {
	Thinking int64 `json:"thinking_tokens"`
}

type serverToolUse struct {
	WebSearch int64 `json:"web_search_requests"`
	WebFetch  int64 `json:"web_fetch_requests"`
}

type iterationJSON struct {
	Type  string `json:"type"`
	Model string `json:"model,omitempty"`
	usageJSON
}

// encodeUsage writes u. Sounds, images and films count as input or output
// tokens, as Anthropic itself counts them. Usage of other models becomes
// iterations, the first of which is the message's own.
func encodeUsage(u *llm.Usage, lost *llm.Lost) usageJSON {
	v := counts(u)
	v.ServiceTier, v.Geo, v.Speed = u.ServiceTier, u.Geo, u.Speed
	if v.ServiceTier == "" {
		v.ServiceTier = "standard"
	}
	if n := (serverToolUse{u.N[llm.WebSearch], u.N[llm.WebFetch]}); n != (serverToolUse{}) {
		v.ServerToolUse = &n
	}
	if len(u.Others) > 0 {
		v.Iterations = append(v.Iterations, iterationJSON{Type: "message", usageJSON: counts(u)})
	}
	for i := range u.Others {
		other := &u.Others[i]
		v.Iterations = append(v.Iterations, iterationJSON{
			Type: "advisor_message", Model: other.Model, usageJSON: counts(&other.Usage),
		})
	}
	for _, q := range []llm.Quantity{llm.FileSearch, llm.CodeSession, llm.Images} {
		if u.N[q] > 0 {
			lost.Add("usage." + q.String())
		}
	}
	return v
}

func counts(u *llm.Usage) usageJSON {
	v := usageJSON{
		InputTokens:              u.InputTokens() - u.CachedTokens() - u.CacheWriteTokens(),
		CacheCreationInputTokens: u.CacheWriteTokens(),
		CacheReadInputTokens:     u.CachedTokens(),
		CacheCreation:            &cacheCreation{u.N[llm.CacheWrite], u.N[llm.CacheWrite1h]},
		OutputTokens:             u.OutputTokens(),
	}
	if n := u.N[llm.OutputReasoning]; n > 0 {
		v.OutputDetails = &outputDetails{n}
	}
	return v
}
