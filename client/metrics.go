package client

import (
	"context"
	"net/http"
	"time"
)

// Metrics returns the metrics that applications reported in a time; zero: the last 24
// hours.
func (c *Client) Metrics(ctx context.Context, from, to time.Time) ([]Metric, error) {
	var l MetricList
	err := c.do(ctx, http.MethodGet, "/api/metrics", within(from, to), nil, &l)
	return l.Metrics, err
}

// MetricQuery asks for a metric over time.
type MetricQuery struct {
	Name     string
	From, To time.Time     // zero: the last 24 hours
	Step     time.Duration // zero: one value for the whole time
	By       []string      // attributes that make series of their own; "service" is one
}

// QueryMetric returns a metric over time.
func (c *Client) QueryMetric(ctx context.Context, q MetricQuery) (MetricSeries, error) {
	v := within(q.From, q.To)
	v.Set("name", q.Name)
	if q.Step > 0 {
		v.Set("step", q.Step.String())
	}
	for _, by := range q.By {
		v.Add("by", by)
	}
	var s MetricSeries
	err := c.do(ctx, http.MethodGet, "/api/metrics/query", v, nil, &s)
	return s, err
}

// OTLP returns how the OpenTelemetry receiver does.
func (c *Client) OTLP(ctx context.Context) (OTLPStatus, error) {
	var s OTLPStatus
	err := c.do(ctx, http.MethodGet, "/api/otlp", nil, nil, &s)
	return s, err
}
