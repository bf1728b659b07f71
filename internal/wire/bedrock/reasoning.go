package bedrock

import (
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// minBudget is the least thinking budget that Claude takes, in tokens.
const minBudget = 1024

// budgets maps an effort to thinking tokens, for models that think by budget.
var budgets = map[string]int64{
	"minimal": minBudget, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 32000,
}

// readReasoning reads one of the parameters by which families of models are told
// to think; false for any other.
//
//	thinking          Claude: {"type":"enabled","budget_tokens":1024}, "adaptive", "disabled"
//	output_config     Claude: {"effort":"high"}
//	reasoning_config  Qwen: "high"; Claude's older name for thinking
//	reasoning_effort  gpt-oss: "low"
//	reasoningConfig   Nova 2: {"type":"enabled","maxReasoningEffort":"low"}
func readReasoning(key string, v gjson.Result, req *llm.Request) bool {
	r := llm.Reasoning{}
	if req.Reasoning != nil {
		r = *req.Reasoning
	}
	param := "additionalModelRequestFields." + key
	switch {
	case (key == "reasoning_config" || key == "reasoning_effort") && v.Type == gjson.String:
		r.Effort, r.Off = v.Str, v.Str == "none"
	case key == "thinking" || key == "reasoning_config":
		switch v.Get("type").String() {
		case "enabled":
			n := count(v.Get("budget_tokens"))
			r.Budget = &n
			if n == 0 {
				r.Budget = nil
			}
		case "adaptive":
			r.Adaptive = true
		case "disabled":
			r.Off = true
		default:
			return false
		}
		if d := v.Get("display").String(); d == "summarized" {
			r.Show = true
		} else if d != "" {
			req.Unknown.Add(param + ".display")
		}
		fieldsOf(v).rest(&req.Unknown, param, "type", "budget_tokens", "display")
	case key == "output_config" && v.Get("effort").Type == gjson.String:
		r.Effort = v.Get("effort").Str
		fieldsOf(v).rest(&req.Unknown, param, "effort")
	case key == "reasoningConfig" && v.IsObject():
		r.Off = v.Get("type").String() == "disabled"
		r.Effort = v.Get("maxReasoningEffort").String()
		fieldsOf(v).rest(&req.Unknown, param, "type", "maxReasoningEffort")
	default:
		return false
	}
	req.Reasoning = &r
	return true
}

type thinkingJSON struct {
	Type    string `json:"type"`
	Budget  int64  `json:"budget_tokens,omitempty"`
	Display string `json:"display,omitempty"`
}

type effortJSON struct {
	Effort string `json:"effort"`
}

type novaThinkingJSON struct {
	Type   string `json:"type"`
	Effort string `json:"maxReasoningEffort,omitempty"`
}

// off reports whether thinking is switched off.
func off(r *llm.Reasoning) bool {
	return r.Off || r.Effort == "none" || r.Budget != nil && *r.Budget == 0
}

// asked reports whether r wishes for thinking at all, beyond how it is shown.
func asked(r *llm.Reasoning) bool {
	return r.Effort != "" || r.Budget != nil || r.Adaptive
}

// reasoning writes the wish to think in the words of the model's family.
func (w *requestWriter) reasoning() {
	r := w.req.Reasoning
	if r == nil || !off(r) && !asked(r) {
		return
	}
	switch w.model.family {
	case claude, unknown:
		w.thinking(r)
	case nova2:
		w.novaThinking(r)
	case gptOSS, qwen:
		key := "reasoning_effort"
		if w.model.family == qwen {
			key = "reasoning_config"
		}
		if off(r) {
			if w.model.family == gptOSS { // which cannot but think
				w.lost.Add("reasoning")
				w.extra(key, "low")
			}
			return
		}
		w.extra(key, w.threeEfforts(r))
	default:
		if !off(r) {
			w.lost.Add("reasoning")
		}
	}
}

// threeEfforts fits the wish to "low", "medium" or "high".
func (w *requestWriter) threeEfforts(r *llm.Reasoning) string {
	effort := r.Effort
	if effort == "" {
		effort = "medium"
		if r.Budget != nil && *r.Budget > 0 {
			effort = effortOf(*r.Budget)
		}
	}
	if r.Budget != nil && *r.Budget > 0 {
		w.lost.Add("reasoning.budget")
	}
	switch effort {
	case "low", "medium", "high":
		return effort
	case "minimal":
		w.lost.Add("reasoning.effort")
		return "low"
	case "xhigh", "max":
		w.lost.Add("reasoning.effort")
		return "high"
	}
	w.lost.Add("reasoning.effort")
	return "medium"
}

// novaThinking: Nova's highest effort tolerates no limit and no sampling.
func (w *requestWriter) novaThinking(r *llm.Reasoning) {
	if off(r) {
		w.extra("reasoningConfig", novaThinkingJSON{Type: "disabled"})
		return
	}
	effort := w.threeEfforts(r)
	if c := w.out.Inference; effort == "high" && c != nil && (c.MaxTokens != nil || c.Temperature != nil || c.TopP != nil) {
		w.lost.Add("reasoning.effort")
		effort = "medium"
	}
	w.extra("reasoningConfig", novaThinkingJSON{Type: "enabled", Effort: effort})
}

// thinking chooses how Claude shall think: from generation 4.6 on adaptively,
// with an effort; before by a budget. A model that is not known to be Claude is
// asked only in Claude's own words, which are then meant for it.
func (w *requestWriter) thinking(r *llm.Reasoning) {
	m := w.model
	known, budget := m.major > 0, int64(0)
	if r.Budget != nil {
		budget = *r.Budget
	}
	dynamic := r.Adaptive || budget < 0
	switch {
	case known && !m.atLeast(3, 7), m.family == unknown && !off(r) && budget <= 0 && !r.Adaptive:
		if !off(r) {
			w.lost.Add("reasoning")
		}
		return
	case off(r):
		w.extra("thinking", thinkingJSON{Type: "disabled"})
		return
	case m.atLeast(4, 7) && budget > 0:
		w.lost.Add("reasoning.budget")
		effort := w.effort(r.Effort)
		if effort == "" {
			effort = effortOf(budget)
		}
		w.adaptive(r, effort)
		return
	case m.atLeast(4, 6) && budget <= 0, !known && r.Adaptive:
		w.adaptive(r, w.effort(r.Effort))
		return
	}
	if budget <= 0 {
		budget = budgets[r.Effort]
		if budget == 0 && r.Effort != "" {
			w.lost.Add("reasoning.effort")
		}
		if dynamic {
			w.lost.Add("reasoning.adaptive")
			budget = max(budget, budgets["medium"])
		}
	} else if r.Effort != "" {
		if m.atLeast(4, 6) {
			w.extra("output_config", effortJSON{w.effort(r.Effort)})
		} else {
			w.lost.Add("reasoning.effort")
		}
	}
	w.budget(budget)
}

func (w *requestWriter) adaptive(r *llm.Reasoning, effort string) {
	t := thinkingJSON{Type: "adaptive"}
	if r.Show || r.Summary != "" {
		t.Display = "summarized"
	}
	w.extra("thinking", t)
	if effort != "" {
		w.extra("output_config", effortJSON{effort})
	}
}

// budget fits the budget between Claude's minimum and the caller's limit, half
// of which is kept for the answer where the budget would take it all. A forced
// tool and a thinking budget exclude each other.
func (w *requestWriter) budget(budget int64) {
	if budget <= 0 {
		return
	}
	fit := max(budget, minBudget)
	if limit := w.req.MaxTokens; limit != nil && fit >= *limit {
		fit = max(*limit/2, minBudget)
		if fit >= *limit {
			w.lost.Add("reasoning")
			return
		}
	}
	if w.forced() || unthinking(w.out.Messages) {
		w.lost.Add("reasoning")
		return
	}
	if fit != budget {
		w.lost.Add("reasoning.budget")
	}
	w.extra("thinking", thinkingJSON{Type: "enabled", Budget: fit})
}

// effort returns the nearest effort that Claude knows.
func (w *requestWriter) effort(effort string) string {
	switch effort {
	case "", "low", "medium", "high", "max":
		return effort
	case "xhigh":
		if w.model.atLeast(4, 7) {
			return effort
		}
		w.lost.Add("reasoning.effort")
		return "max"
	case "minimal":
		w.lost.Add("reasoning.effort")
		return "low"
	}
	w.lost.Add("reasoning.effort")
	return ""
}

// effortOf is the effort whose budget is nearest below the given one.
func effortOf(budget int64) string {
	for _, e := range []string{"max", "xhigh", "high", "medium"} {
		if budget >= budgets[e] {
			return e
		}
	}
	return "low"
}
