package anthropic

import (
	"strconv"
	"strings"
)

// generation is a Claude model's version, read off its name. What the models of
// one generation take and refuse is the same, and a request that was written for
// another vendor has to be fitted to it:
//
//	4.1   temperature and top_p are not taken together
//	4.6   adaptive thinking, and output_config.effort
//	4.7   effort "xhigh"; budget_tokens, temperature, top_p and top_k are refused
//
// The zero generation is a model whose name says nothing: it gets the classic
// form of everything.
type generation struct{ major, minor int }

func (g generation) known() bool { return g.major > 0 }

func (g generation) atLeast(major, minor int) bool {
	return g.major > major || g.major == major && g.minor >= minor
}

// generationOf reads "claude-sonnet-4-5-20250929", "us.anthropic.claude-opus-4-6-v1:0",
// "anthropic/claude-opus-4.7" and "claude-3-7-sonnet-latest".
func generationOf(model string) generation {
	_, rest, found := strings.Cut(strings.ToLower(model), "claude-")
	if !found {
		return generation{}
	}
	var g generation
	words := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("-.@:", r) })
	for i, w := range words {
		n, ok := small(w)
		if !ok {
			continue
		}
		g.major = n
		if i+1 < len(words) {
			g.minor, _ = small(words[i+1])
		}
		break
	}
	return g
}

// small reads a version number, which has at most two digits; dates have more.
func small(w string) (int, bool) {
	n, err := strconv.Atoi(w)
	if len(w) > 2 || err != nil || n < 0 {
		return 0, false
	}
	return n, true
}
