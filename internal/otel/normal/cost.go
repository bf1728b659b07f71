package normal

import (
	"math/big"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
)

// costNames are the attributes in which the cost of a call stands, in dollars.
var costNames = []string{
	"gen_ai.usage.cost", "gen_ai.usage.cost.total", "gen_ai.cost.total_cost", "gen_ai.usage.total_cost", "llm.cost.total", "operation.cost", "agw.ai.usage.cost.total",
	"llm.usage.cost", "gen_ai.usage.cost_usd", "gen_ai.cost",
}

// reportedCost sets what the application says that it paid.
func (n *reader) reportedCost(u *llm.Usage) {
	if s := n.attrs.text("langfuse.observation.cost_details"); s != "" && wellFormed(s) {
		if n.langfuseCost(u, gjson.Parse(s)) {
			return
		}
	}
	for _, name := range costNames {
		if v, ok := n.attrs.by[name]; ok {
			if n.setCost(u, decimalOf(v)) {
				return
			}
		}
	}
	if s := n.attrs.text("mlflow.llm.cost"); s != "" {
		if s = unquote(s); wellFormed(s) && n.setCost(u, gjson.Get(s, "total_cost").Raw) {
			return
		}
	}
	in, out := n.attrs.by["llm.cost.prompt"], n.attrs.by["llm.cost.completion"]
	if in != nil || out != nil {
		sum := new(big.Rat)
		for _, v := range []*commonpb.AnyValue{in, out} {
			if r, ok := ratOf(decimalOf(v)); ok {
				sum.Add(sum, r)
			}
		}
		n.setCost(u, sum.FloatString(12))
	}
}

// langfuseCost reads Langfuse's cost details: the total, or the sum of its parts.
func (n *reader) langfuseCost(u *llm.Usage, r gjson.Result) bool {
	if t := r.Get("total"); t.Exists() {
		return n.setCost(u, t.Raw)
	}
	sum, some := new(big.Rat), false
	r.ForEach(func(_, v gjson.Result) bool {
		if x, ok := ratOf(v.Raw); ok && v.Type == gjson.Number {
			sum.Add(sum, x)
			some = true
		}
		return true
	})
	return some && n.setCost(u, sum.FloatString(12))
}

// setCost takes a decimal number of dollars, rounded to nano-dollars.
func (n *reader) setCost(u *llm.Usage, dollars string) bool {
	if strings.TrimSpace(dollars) == "" {
		return false
	}
	r, ok := ratOf(dollars)
	if !ok || r.Sign() < 0 {
		n.cut.Figures++
		return false
	}
	nano, err := money.Parse(r.FloatString(9))
	if err != nil {
		n.cut.Figures++
		return false
	}
	u.Cost, u.CostReported = nano, true
	return true
}

// ratOf reads a decimal number exactly. Exponents are bounded, since a number with a
// large one takes as much memory as it says.
func ratOf(s string) (*big.Rat, bool) {
	s = strings.TrimSpace(unquote(strings.TrimSpace(s)))
	s = strings.TrimPrefix(s, "$")
	if s == "" || len(s) > 64 || strings.Trim(s, "+-.eE0123456789") != "" {
		return nil, false
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 && len(s)-i > 4 { // at most two digits and a sign
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// decimalOf writes a number in decimal, as short as it can be told apart.
func decimalOf(v *commonpb.AnyValue) string { return textOf(v) }
