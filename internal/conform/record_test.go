package conform_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"
)

func sorted(n []int) []int {
	slices.Sort(n)
	return n
}

// checkRecord compares what the journal holds of a replayed call with what was recorded.
func checkRecord(t *testing.T, h *house, y *tally, in *interaction, a *answer, priced map[string]bool) {
	t.Helper()
	c := h.record(a.id())
	ok := true
	problem := func(format string, args ...any) {
		t.Helper()
		ok = false
		t.Errorf(in.id+": "+format, args...)
	}
	want := in.used(t)
	got := map[llm.Quantity]int64{}
	for q, n := range c.Usage.N {
		if q := llm.Quantity(q); n != 0 && q != llm.ComputeMicros && q != llm.Requests {
			got[q] = n
		}
	}
	for q, n := range want.n {
		if n == 0 {
			delete(want.n, q)
		}
	}
	if c.Usage.Reported != want.reported {
		problem("reported %v; recorded %v", c.Usage.Reported, want.reported)
	}
	if diff := cmp.Diff(want.n, got); diff != "" && !c.Usage.Estimated && len(want.n)+len(got) > 0 {
		problem("usage of %s %s (-recorded +in the journal):\n%s", in.method, in.path, diff)
	}
	if c.Usage.Estimated != (!want.reported && billable(in)) {
		problem("usage estimated: %v, %s %v", c.Usage.Estimated, c.Operation, c.Usage.N)
	}
	if c.Usage.ServiceTier != want.tier {
		problem("service tier %q; recorded %q", c.Usage.ServiceTier, want.tier)
	}
	if diff := int64(c.Usage.Cost) - want.costNano; diff > 1 || diff < -1 {
		problem("the provider's own cost %d; recorded %d", c.Usage.Cost, want.costNano)
	}
	outcome := record.OK
	if in.failed() {
		outcome = record.Failed
	}
	if c.Outcome != outcome || c.Status != in.status || c.Provider != in.provider {
		problem("outcome %s, status %d, provider %q; want %s, %d, %q", c.Outcome, c.Status, c.Provider, outcome, in.status, in.provider)
	}
	if c.Stream != in.streams() && in.status < 400 {
		problem("stream %v", c.Stream)
	}
	if text := h.texts[a.id()]; text == nil && len(in.response) > 0 {
		problem("its content is not kept")
	} else if text != nil && !bytes.Equal(text.Response, in.response) {
		problem("another answer is kept:\n%s", excerpt(text.Response))
	}
	y.count(checkUsage, ok)
	if nano, known := costs[in.id]; known {
		priced[in.id] = true
		if !y.count(checkCost, int64(c.Cost) == nano && c.Pricing == record.Priced) {
			t.Errorf("%s: %s cost %d nano-dollars (%s, %s); worked out by hand: %d", in.id, c.Model, int64(c.Cost), c.Pricing, c.PriceID, nano)
		}
	}
}

// failed reports whether the provider answered with an error, or ended a stream with one.
func (in *interaction) failed() bool {
	return in.status >= 400 || in.streams() && bytes.Contains(in.response, []byte(`data: {"error"`))
}

// billable reports whether a call whose usage is unknown must be estimated.
func billable(in *interaction) bool {
	return in.status < 400 && (strings.Contains(in.path, "EmbedContents") || strings.HasSuffix(in.path, "/invoke") || in.streams() && in.failed())
}
