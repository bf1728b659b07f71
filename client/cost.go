package client

import (
	"context"
	"net/http"
	"time"
)

// ReportQuery says what a cost report adds up.
type ReportQuery struct {
	By []string // of Dimensions; empty: no rows, the total only
	// From inclusive, To exclusive.
	From, To                            time.Time
	Provider, Model, Project, Team, Key string
}

// CostReport returns what calls cost.
func (c *Client) CostReport(ctx context.Context, q ReportQuery) (Report, error) {
	some := CallQuery{From: q.From, To: q.To, Provider: q.Provider, Model: q.Model,
		Project: q.Project, Team: q.Team, Key: q.Key}
	v := some.values()
	for _, by := range q.By {
		v.Add("by", by)
	}
	var r Report
	err := c.do(ctx, http.MethodGet, "/api/cost/report", v, nil, &r)
	return r, err
}
