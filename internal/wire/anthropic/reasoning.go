package anthropic

import (
	"github.com/steward-llmops/steward/internal/llm"
)

// minBudget is the least thinking budget that Anthropic takes, in tokens.
const minBudget = 1024

// budgets maps an effort to thinking tokens, for models that think by budget.
var budgets = map[string]int64{
	"minimal": minBudget, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 32000,
}

type thinkingJSON struct {
	Type    string `json:"type"`
	Budget  int64  `json:"budget_tokens,omitempty"`
	Display string `json:"display,omitempty"`
}

// byBudget reports whether the config makes the model think by a budget.
func (t *thinkingJSON) byBudget() bool { return t != nil && t.Type == "enabled" }

// on reports whether the config makes the model think at all.
func (t *thinkingJSON) on() bool { return t != nil && t.Type != "disabled" }

// fitReasoning chooses how the model shall think: adaptively with an effort from
// generation 4.6 on, by a budget before; an effort becomes a budget by the table
// above, and a budget becomes an effort where budgets are refused (4.7).
// maxTokens is the caller's limit, which the budget must stay below; nil: none.
func fitReasoning(r *llm.Reasoning, g generation, maxTokens *int64, lost *llm.Lost) (t *thinkingJSON, effort string) {
	if r == nil {
		return nil, ""
	}
	effort = fitEffort(r.Effort, g, lost)
	if r.Off || r.Effort == "none" || r.Budget != nil && *r.Budget == 0 {
		if !g.atLeast(4, 6) {
			effort = ""
		}
		return &thinkingJSON{Type: "disabled"}, effort
	}
	budget, dynamic := int64(0), r.Adaptive
	if r.Budget != nil {
		budget = *r.Budget
		dynamic = dynamic || budget < 0
	}
	switch {
	case g.atLeast(4, 7) && budget > 0:
		lost.Add("reasoning.budget")
		if effort == "" {
			effort = effortOf(budget)
		}
		return adaptive(r), effort
	case g.atLeast(4, 6) && budget <= 0, !g.known() && r.Adaptive:
		if dynamic || effort != "" {
			return adaptive(r), effort
		}
		return nil, ""
	}
	given := budget > 0
	if !given {
		budget = budgets[r.Effort]
		if dynamic {
			lost.Add("reasoning.adaptive")
			budget = max(budget, budgets["medium"])
		}
	}
	if !g.atLeast(4, 6) {
		if given && effort != "" {
			lost.Add("reasoning.effort")
		}
		effort = ""
	}
	if t = fitBudget(budget, maxTokens, lost); t == nil && g.atLeast(4, 6) {
		t = adaptive(r)
	}
	return t, effort
}

func adaptive(r *llm.Reasoning) *thinkingJSON {
	t := &thinkingJSON{Type: "adaptive"}
	if r.Show || r.Summary != "" {
		t.Display = "summarized"
	}
	return t
}

// fitBudget fits the budget between Anthropic's minimum and the caller's limit,
// half of which is kept for the answer where the budget would take it all.
func fitBudget(budget int64, maxTokens *int64, lost *llm.Lost) *thinkingJSON {
	if budget <= 0 {
		return nil
	}
	fit := max(budget, minBudget)
	if maxTokens != nil && fit >= *maxTokens {
		fit = max(*maxTokens/2, minBudget)
		if fit >= *maxTokens {
			lost.Add("reasoning.budget")
			return nil
		}
	}
	if fit != budget {
		lost.Add("reasoning.budget")
	}
	return &thinkingJSON{Type: "enabled", Budget: fit}
}

// fitEffort returns the nearest effort that the generation knows.
func fitEffort(effort string, g generation, lost *llm.Lost) string {
	switch effort {
	case "", "low", "medium", "high", "max":
		return effort
	case "xhigh":
		if g.atLeast(4, 7) {
			return effort
		}
		if g.atLeast(4, 6) {
			lost.Add("reasoning.effort")
		}
		return "max"
	case "minimal":
		if g.atLeast(4, 6) {
			lost.Add("reasoning.effort")
		}
		return "low"
	case "none":
		return ""
	}
	lost.Add("reasoning.effort")
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
