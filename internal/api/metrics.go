package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// maxSteps is the most steps that a series has.
const maxSteps = 10_000

func (s *Server) metrics(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-metrics", Method: http.MethodGet, Path: "/api/metrics",
		Summary: "List the metrics that applications reported", Description: "All of them, without pages. Without a time, the last 24 hours.",
		Tags: []string{"metrics"}, RejectUnknownQueryParameters: true}, s.listMetrics)
	huma.Register(api, huma.Operation{OperationID: "query-metric", Method: http.MethodGet, Path: "/api/metrics/query",
		Summary:     "Compute a metric over time",
		Description: "Of counters and histograms the increase in each step, of gauges the last value. At most 10,000 steps. Without a time, the last 24 hours.",
		Tags:        []string{"metrics"}, RejectUnknownQueryParameters: true}, s.queryMetric)
}

func (s *Server) listMetrics(ctx context.Context, in *Span) (*body[client.MetricList], error) {
	from, to, err := in.bounded(s.Now(), usualTime)
	if err != nil {
		return nil, failed(err)
	}
	found, err := s.Calls.Metrics(ctx, from, to)
	if err != nil {
		return nil, failed(err)
	}
	out := client.MetricList{Metrics: []client.Metric{}}
	for _, m := range found {
		out.Metrics = append(out.Metrics, client.Metric{Name: m.Name, Unit: m.Unit, Type: m.Type, Services: filled(m.Services),
			Points: m.Points, Last: micros(m.Last)})
	}
	return &body[client.MetricList]{out}, nil
}

func (s *Server) queryMetric(ctx context.Context, in *struct {
	Name string `query:"name" required:"true" minLength:"1"`
	Span
	Step string   `query:"step" doc:"Length of a step, such as 5m, 1h or 1d; empty: one value for the whole time"`
	By   []string `query:"by,explode" nullable:"false" doc:"Attributes that make series of their own, repeated or with commas between; service is one"`
}) (*body[client.MetricSeries], error) {
	q := calls.PointQuery{Name: in.Name, By: words(in.By)}
	var err error
	if q.From, q.To, err = in.bounded(s.Now(), usualTime); err != nil {
		return nil, failed(err)
	}
	if q.Step, err = step(in.Step, q.To.Sub(q.From)); err != nil {
		return nil, failed(err)
	}
	found, err := s.Calls.Points(ctx, q)
	if err != nil {
		return nil, failed(err)
	}
	out := client.MetricSeries{Name: q.Name, From: written(q.From), To: written(q.To), Step: q.Step.Microseconds(), Series: []client.Series{}}
	for _, x := range found {
		one := client.Series{Labels: x.Labels, Values: []client.SeriesValue{}}
		if one.Labels == nil {
			one.Labels = map[string]string{}
		}
		for _, v := range x.Values {
			value := client.SeriesValue{Time: micros(v.Time), Count: v.Count}
			if !math.IsNaN(v.Value) && !math.IsInf(v.Value, 0) {
				value.Value = &v.Value
			}
			one.Values = append(one.Values, value)
		}
		out.Series = append(out.Series, one)
	}
	return &body[client.MetricSeries]{out}, nil
}

// step reads the length of a step of a time; zero where nothing is said.
func step(text string, whole time.Duration) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := config.ParseDuration(text)
	switch {
	case err != nil || d.Std() < time.Second:
		return 0, fault.New(fault.Invalid, "invalid_step", "step is not a duration of a second or more").
			Hinted("write a number with a unit: 30s, 5m, 1h or 1d").At("step")
	case whole/d.Std() >= maxSteps:
		return 0, fault.New(fault.Invalid, "too_many_steps", "the time has more than %d steps", maxSteps).
			Hinted("take a longer step, or a shorter time").At("step")
	}
	return d.Std(), nil
}
