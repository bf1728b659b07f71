package calls

import (
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/money"
)

// Dimension is something that calls are summed by.
type Dimension string

// The dimensions.
const (
	ByOrg       Dimension = "org"
	ByTeam      Dimension = "team"
	ByProject   Dimension = "project"
	ByKey       Dimension = "key"
	BySubject   Dimension = "subject"
	BySession   Dimension = "session"
	ByProvider  Dimension = "provider"
	ByModel     Dimension = "model" // upstream model that served
	ByOperation Dimension = "operation"
	BySurface   Dimension = "surface"
	ByOutcome   Dimension = "outcome"
	ByErrorCode Dimension = "error" // empty: none
	ByPricing   Dimension = "pricing"
	ByHour      Dimension = "hour" // of arrival, UTC: "2026-11-23T14:00:00Z"
	ByDay       Dimension = "day"  // of arrival, UTC: "2026-11-23"
)

// UnknownDimension returns the fault.Invalid for a dimension that is none of the above.
func UnknownDimension(d Dimension) error {
	return fault.New(fault.Invalid, "unknown_dimension", "calls cannot be summed by %q", string(d)).At("by")
}

// Sum is what the calls with the same values have in common, added up.
type Sum struct {
	Values          []string   `json:"values" doc:"One per dimension asked for"`
	Calls           int64      `json:"calls"`
	Errors          int64      `json:"errors" doc:"Calls that did not end ok"`
	Unpriced        int64      `json:"unpriced" doc:"Calls whose cost is unknown, and so not in cost_nano"`
	CostNano        money.Nano `json:"cost_nano" doc:"Nano-dollars"`
	InputTokens     int64      `json:"input_tokens" doc:"Cached ones included"`
	CachedTokens    int64      `json:"cached_tokens"`
	OutputTokens    int64      `json:"output_tokens" doc:"Reasoning included"`
	ReasoningTokens int64      `json:"reasoning_tokens"`
}
