package otel

import (
	"context"
	"errors"
	"time"

	dto "github.com/prometheus/client_model/go"

	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
)

// Run exports the metrics to the target every so often until ctx ends, and then once
// more. Without a target it only waits for the end. What fails is not sent again: the
// next export holds it too, for the figures are cumulative.
func (m *Metrics) Run(ctx context.Context) {
	if m.send == nil {
		<-ctx.Done()
		return
	}
	failing := false
	report := func(err error) {
		if err != nil && !failing {
			m.opts.Log.Warn("metrics cannot be exported; the next export holds them too", "err", err)
		}
		failing = err != nil
	}
	next := m.opts.Every
	for {
		t := time.NewTimer(next)
		select {
		case <-ctx.Done():
			t.Stop()
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			report(m.Push(last))
			return
		case <-t.C:
			err := m.Push(ctx)
			report(err)
			var failed *sendError
			if next = m.opts.Every; errors.As(err, &failed) {
				next = max(next, failed.after)
			}
		}
	}
}

// Push exports the metrics as they stand. Without a target, or before the first call,
// it does nothing.
func (m *Metrics) Push(ctx context.Context) error {
	if m.send == nil {
		return nil
	}
	families, err := m.own.Gather()
	if err != nil {
		return err
	}
	byName := make(map[string]*dto.MetricFamily, len(families))
	for _, f := range families {
		byName[f.GetName()] = f
	}
	now := m.opts.Now()
	var list []*metricspb.Metric
	for i := range histograms {
		h := &histograms[i]
		if f := byName[promName(h.name, h.unit)]; f != nil {
			list = append(list, m.metricOf(h, f, now))
		}
	}
	if len(list) == 0 {
		return nil
	}
	return m.send.send(ctx, metrics, &colmetricspb.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{{
		Resource: m.opts.Source.resource(), SchemaUrl: schemaURL,
		ScopeMetrics: []*metricspb.ScopeMetrics{{Scope: m.opts.Source.scope(), Metrics: list, SchemaUrl: schemaURL}},
	}}}, &colmetricspb.ExportMetricsServiceResponse{})
}

func (m *Metrics) metricOf(h *histogram, f *dto.MetricFamily, now time.Time) *metricspb.Metric {
	names := map[string]string{}
	for _, l := range h.labels {
		names[promName(l, "")] = l
	}
	data := &metricspb.Histogram{AggregationTemporality: metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE}
	for _, series := range f.GetMetric() {
		var a attributes
		for _, l := range series.GetLabel() {
			a.text(names[l.GetName()], l.GetValue())
		}
		p := &metricspb.HistogramDataPoint{
			Attributes: a, StartTimeUnixNano: nanos(m.started.UnixNano()), TimeUnixNano: nanos(now.UnixNano()),
			Count: series.GetHistogram().GetSampleCount(), Sum: series.GetHistogram().SampleSum,
		}
		below := uint64(0) // Prometheus counts what lies below a bound, OTLP what lies between two
		for _, b := range series.GetHistogram().GetBucket() {
			p.ExplicitBounds = append(p.ExplicitBounds, b.GetUpperBound())
			p.BucketCounts = append(p.BucketCounts, b.GetCumulativeCount()-below)
			below = b.GetCumulativeCount()
		}
		p.BucketCounts = append(p.BucketCounts, p.Count-below)
		data.DataPoints = append(data.DataPoints, p)
	}
	return &metricspb.Metric{Name: h.name, Unit: h.unit, Description: h.help, Data: &metricspb.Metric_Histogram{Histogram: data}}
}
