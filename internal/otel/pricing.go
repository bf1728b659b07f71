package otel

import (
	"time"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/record"
)

// Tariff says what usage costs.
type Tariff interface {
	// Price prices usage of a provider's model. Provider is a kind of provider
	// ("openai", "bedrock"), the name of a configured one, or empty where the
	// application did not say.
	Price(provider, model string, u *llm.Usage, at time.Time) Cost
}

// Cost is what usage costs and how the figure came about.
type Cost struct {
	Nano               money.Nano
	Pricing            record.Pricing
	Catalogue, PriceID string
}

// setPrice sets the cost of a call that did not pass the gateway, whatever its kind:
// which spans count in a sum is decided where they are stored.
//
//   - Usage that the catalogue knows a price for is priced by it: record.Priced, or
//     record.Estimated where the catalogue had to guess. What the application says
//     that it paid stays beside it, in Usage.Cost.
//   - Else what the application says that it paid is the cost: record.Reported. It
//     goes before the default price of the configuration.
//   - A call of a model that succeeded and says nothing of what it used is
//     record.Unpriced: the cost is unknown, not zero.
//   - What used nothing (an error before any answer, a tool, a chain) is record.Free.
func setPrice(c *record.Call, tariff Tariff) {
	u := &c.Usage
	call := c.KindOf() == record.KindCall
	if !metered(u) {
		switch {
		case u.CostReported:
			c.Cost, c.Pricing = u.Cost, record.Reported
		case call && c.Outcome == record.OK && !u.Reported:
			c.Pricing = record.Unpriced
		default:
			c.Pricing = record.Free
		}
		return
	}
	if call {
		u.N[llm.Requests] = 1
		if u.N[llm.ComputeMicros] == 0 {
			u.N[llm.ComputeMicros] = max(0, c.TotalMicros)
		}
	}
	at := time.UnixMicro(c.Time)
	cost := tariff.Price(c.Provider, c.Model, u, at)
	if unknown(cost.Pricing) && c.Reported != "" && c.Reported != c.Model {
		if other := tariff.Price(c.Provider, c.Reported, u, at); !unknown(other.Pricing) {
			cost = other
		}
	}
	if unknown(cost.Pricing) && u.CostReported {
		cost = Cost{Nano: u.Cost, Pricing: record.Reported}
	}
	c.Cost, c.Pricing, c.Catalogue, c.PriceID = cost.Nano, cost.Pricing, cost.Catalogue, cost.PriceID
	if u.Estimated && c.Pricing == record.Priced {
		c.Pricing = record.Estimated
	}
}

// unknown reports whether no price of the model itself was found.
func unknown(p record.Pricing) bool {
	return p == record.Unpriced || p == record.Defaulted || p == ""
}

// metered reports whether anything was used.
func metered(u *llm.Usage) bool {
	for _, n := range u.N {
		if n != 0 {
			return true
		}
	}
	return len(u.Others) > 0
}
