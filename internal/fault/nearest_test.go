package fault_test

import (
	"testing"

	"github.com/steward-llmops/steward/internal/fault"
)

func TestNearest(t *testing.T) {
	words := []string{"model", "max_tokens", "status", "tag"}
	for typed, want := range map[string]string{"modle": "model", "Max-Tokens": "max_tokens", "maxtoken": "max_tokens", "stauts": "status", "something else": "", "": ""} {
		if got := fault.Nearest(typed, words); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "ab", 1}, {"", "abc", 3}, {"kitten", "sitting", 3}} {
		if got := fault.Distance(tt.a, tt.b); got != tt.want || fault.Distance(tt.b, tt.a) != tt.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
