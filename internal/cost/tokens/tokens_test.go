package tokens_test

import (
	"testing"

	"github.com/steward-llmops/steward/internal/cost/tokens"
)

func TestCount(t *testing.T) {
	var c tokens.Counter
	for text, want := range map[string]int64{"": 0, "hello world": 2, "don't WON'T can't I'll": 5} {
		if got := c.Count(text); got != want {
			t.Errorf("Count(%q) = %d, want %d", text, got, want)
		}
	}
}
