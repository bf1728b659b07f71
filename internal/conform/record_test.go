package conform_test

import (
	"slices"
	"testing"
)

func sorted(n []int) []int { slices.Sort(n); return n }

var costs = map[string]int64{}

func checkRecord(t *testing.T, h *house, y *tally, in *interaction, a *answer, priced map[string]bool) {
	t.Helper()
	c := h.record(a.id())
	_ = c
}
