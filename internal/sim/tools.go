package sim

import (
	"slices"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// choose returns the tools to call: those that are forced, else those that the
// user's last words ask for, else with a small chance any one.
func (t *thinker) choose(chance float64) []*llm.Tool {
	choice := t.req.ToolChoice
	if choice.Mode == "none" {
		return nil
	}
	var offered []*llm.Tool
	for i := range t.req.Tools {
		tool := &t.req.Tools[i]
		if tool.Opaque == nil && (choice.Allowed == nil || slices.Contains(choice.Allowed, tool.Name)) {
			offered = append(offered, tool)
		}
	}
	if len(offered) == 0 {
		return nil
	}
	var asked []*llm.Tool
	words := wordsOf(t.text)
	for _, tool := range offered {
		if choice.Mode == "tool" && tool.Name == choice.Name {
			return []*llm.Tool{tool}
		}
		if asksFor(t.text, words, tool.Name) {
			asked = append(asked, tool)
		}
	}
	if t.req.ParallelTools != nil && !*t.req.ParallelTools && len(asked) > 1 {
		asked = asked[:1]
	}
	if choice.Mode == "required" {
		if len(asked) == 0 {
			asked = append(asked, pick(t.rng, offered))
		}
		return asked
	}
	if _, _, answered := lastToolResult(t.req); answered {
		return nil
	}
	if len(asked) == 0 && chance > 0 && t.rng.Float64() < chance {
		asked = append(asked, pick(t.rng, offered))
	}
	return asked
}

// vague are words of tool names that say nothing of what the tool is for.
var vague = map[string]bool{
	"get": true, "set": true, "tool": true, "function": true, "current": true, "fetch": true, "call": true, "make": true,
	"with": true, "from": true, "this": true, "that": true, "what": true, "data": true, "list": true, "find": true, "have": true,
}

// asksFor reports whether a text names the tool, whole or by one of the words
// that its name is made of ("weather" for get_weather).
func asksFor(text string, words map[string]bool, name string) bool {
	if name == "" {
		return false
	}
	if len(name) >= 3 && strings.Contains(text, name) {
		return true
	}
	for w := range wordsOf(name) {
		if len(w) >= 4 && !vague[w] && words[w] {
			return true
		}
	}
	return false
}

// wordsOf returns the lower-case words of s; camelCase and snake_case are cut.
func wordsOf(s string) map[string]bool {
	words := map[string]bool{}
	start := -1
	end := func(i int) {
		if start >= 0 && len(words) < 4096 {
			words[strings.ToLower(s[start:i])] = true
		}
		start = -1
	}
	for i := range len(s) {
		switch c := s[i]; {
		case class[c] != letter:
			end(i)
		case start >= 0 && c >= 'A' && c <= 'Z' && s[i-1] >= 'a' && s[i-1] <= 'z':
			end(i)
			start = i
		case start < 0:
			start = i
		}
	}
	end(len(s))
	return words
}
