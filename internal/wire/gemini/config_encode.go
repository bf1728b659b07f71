package gemini

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// maxStops is the most stop sequences that the format takes.
const maxStops = 5

// config writes generationConfig; nil where nothing was said.
func (w *requestWriter) config() *configJSON {
	r := w.req
	c := &configJSON{
		MaxOutputTokens: r.MaxTokens, Temperature: r.Temperature, TopP: r.TopP, TopK: r.TopK, Seed: r.Seed,
		PresencePenalty: r.PresencePenalty, FrequencyPenalty: r.FrequencyPenalty,
		StopSequences: r.Stop, ResponseLogprobs: r.LogProbs, Logprobs: r.TopLogProbs,
	}
	if len(c.StopSequences) > maxStops {
		c.StopSequences = c.StopSequences[:maxStops]
		w.lost.Add("stop")
	}
	w.encodeShape(c)
	if r.Reasoning != nil {
		c.ThinkingConfig = w.thinking(r.Reasoning)
	}
	if reflect.ValueOf(*c).IsZero() {
		return nil
	}
	return c
}

// budgets are the tokens that an effort stands for on models without levels, as
// Google's OpenAI endpoint has them.
var budgets = map[string]int64{
	"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576,
}

// thinking writes thinkingConfig for the model's generation; see the package
// comment for the mapping.
func (w *requestWriter) thinking(t *llm.Reasoning) *thinkingJSON {
	out := &thinkingJSON{IncludeThoughts: t.Show || t.Summary != ""}
	model := w.req.Model
	switch {
	case w.gen == 0:
		w.asSaid(t, out)
	case w.gen >= 3:
		w.level(t, out, strings.Contains(model, "pro"))
	case strings.Contains(model, "gemini-2.5"):
		w.budget(t, out, strings.Contains(model, "pro"))
	default: // models that do not think
		if !t.Off {
			w.lost.Add("reasoning")
		}
		return nil
	}
	return out
}

func (w *requestWriter) asSaid(t *llm.Reasoning, out *thinkingJSON) {
	out.ThinkingBudget = t.Budget
	if t.Off {
		out.ThinkingBudget = new(int64)
	}
	out.ThinkingLevel = w.levelWord(t.Effort)
	if t.Adaptive && t.Budget == nil && t.Effort == "" {
		out.ThinkingBudget = ptr(-1)
	}
}

// levelWord returns the level nearest to an effort.
func (w *requestWriter) levelWord(effort string) string {
	switch effort {
	case "":
		return ""
	case "minimal", "low", "medium", "high":
		return strings.ToUpper(effort)
	case "xhigh", "max":
		w.lost.Add("reasoning.effort")
		return "HIGH"
	}
	w.lost.Add("reasoning.effort")
	return ""
}

// level is for Gemini 3 on: one level, or a budget for compatibility, never both.
// The pro models know no MINIMAL, and the first of them no MEDIUM.
func (w *requestWriter) level(t *llm.Reasoning, out *thinkingJSON, pro bool) {
	switch {
	case t.Off:
		w.lost.Add("reasoning.off")
		out.ThinkingLevel = "MINIMAL"
	case t.Effort != "":
		out.ThinkingLevel = w.levelWord(t.Effort)
		if t.Budget != nil {
			w.lost.Add("reasoning.budget")
		}
	default:
		out.ThinkingBudget = t.Budget
	}
	switch {
	case pro && out.ThinkingLevel == "MINIMAL":
		out.ThinkingLevel = "LOW"
	case out.ThinkingLevel == "MEDIUM" && strings.Contains(w.req.Model, "gemini-3-pro"):
		w.lost.Add("reasoning.effort")
		out.ThinkingLevel = "HIGH"
	}
}

// budget is for Gemini 2.5: tokens only, within the model's bounds.
func (w *requestWriter) budget(t *llm.Reasoning, out *thinkingJSON, pro bool) {
	least, most := int64(0), int64(24576)
	if pro {
		least, most = 128, 32768
	}
	switch {
	case t.Off:
		out.ThinkingBudget = ptr(0)
	case t.Budget != nil:
		out.ThinkingBudget = t.Budget
		if t.Effort != "" {
			w.lost.Add("reasoning.effort")
		}
	case t.Effort != "":
		n, ok := budgets[t.Effort]
		if !ok {
			w.lost.Add("reasoning.effort")
			return
		}
		out.ThinkingBudget = &n
	case t.Adaptive:
		out.ThinkingBudget = ptr(-1)
	}
	if b := out.ThinkingBudget; b != nil && *b != -1 && (*b < least || *b > most) {
		name := "reasoning.budget"
		if t.Off {
			name = "reasoning.off"
		}
		w.lost.Add(name)
		out.ThinkingBudget = ptr(min(max(*b, least), most))
	}
}

func ptr(n int64) *int64 { return &n }

// withText sets a text field of a JSON object, unless it has it already.
func withText(raw json.RawMessage, key, text string) json.RawMessage {
	if gjson.GetBytes(raw, key).Exists() {
		return raw
	}
	out, err := sjson.SetBytes(raw, key, text)
	if err != nil {
		return raw
	}
	return out
}
