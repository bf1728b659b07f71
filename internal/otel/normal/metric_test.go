package normal_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/otel/normal"
	"github.com/steward-llmops/steward/internal/record"

	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
)

const (
	delta      = metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA
	cumulative = metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE
)

func whole(n int64) *metricspb.NumberDataPoint {
	return &metricspb.NumberDataPoint{TimeUnixNano: uint64(now.UnixNano()), Value: &metricspb.NumberDataPoint_AsInt{AsInt: n}}
}

func fraction(f float64) *metricspb.NumberDataPoint {
	return &metricspb.NumberDataPoint{TimeUnixNano: uint64(now.UnixNano()), Value: &metricspb.NumberDataPoint_AsDouble{AsDouble: f}}
}

func sum(t metricspb.AggregationTemporality, rises bool, list ...*metricspb.NumberDataPoint) *metricspb.Metric {
	return &metricspb.Metric{Name: "x", Data: &metricspb.Metric_Sum{Sum: &metricspb.Sum{AggregationTemporality: t, IsMonotonic: rises, DataPoints: list}}}
}

func gauge(list ...*metricspb.NumberDataPoint) *metricspb.Metric {
	return &metricspb.Metric{Name: "x", Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: list}}}
}

func TestMetric(t *testing.T) {
	at, from := uint64(now.UnixNano()), uint64(began.UnixNano())
	seconds := 1.5
	labels := attributes(m{"gen_ai.token.type": "input", "gen_ai.provider.name": "openai", "n": 3})
	tests := map[string]struct {
		metric *metricspb.Metric
		want   []string // type, delta, count, millionths
		cut    normal.Cuts
	}{
		"a gauge":               {gauge(whole(7), fraction(0.5)), []string{"gauge false 0 7000000", "gauge false 0 500000"}, normal.Cuts{}},
		"a counter":             {sum(cumulative, true, whole(7)), []string{"sum false 0 7000000"}, normal.Cuts{}},
		"a counter's increases": {sum(delta, true, whole(7)), []string{"sum true 0 7000000"}, normal.Cuts{}},
		"what may fall":         {sum(cumulative, false, whole(-7)), []string{"gauge false 0 -7000000"}, normal.Cuts{}},
		"a histogram": {&metricspb.Metric{Name: "x", Data: &metricspb.Metric_Histogram{Histogram: &metricspb.Histogram{AggregationTemporality: delta,
			DataPoints: []*metricspb.HistogramDataPoint{{TimeUnixNano: at, Count: 3, Sum: &seconds}, {TimeUnixNano: at, Count: 2}}}}}, []string{"histogram true 3 1500000", "histogram true 2 0"}, normal.Cuts{}},
		"an exponential histogram": {&metricspb.Metric{Name: "x", Data: &metricspb.Metric_ExponentialHistogram{ExponentialHistogram: &metricspb.ExponentialHistogram{AggregationTemporality: cumulative,
			DataPoints: []*metricspb.ExponentialHistogramDataPoint{{TimeUnixNano: at, Count: 3, Sum: &seconds}}}}}, []string{"histogram false 3 1500000"}, normal.Cuts{}},
		"a summary": {&metricspb.Metric{Name: "x", Data: &metricspb.Metric_Summary{Summary: &metricspb.Summary{
			DataPoints: []*metricspb.SummaryDataPoint{{TimeUnixNano: at, Count: 3, Sum: 1.5}}}}}, []string{"summary false 3 1500000"}, normal.Cuts{}},
		"no number":            {gauge(fraction(math.NaN()), fraction(math.Inf(1)), fraction(1e300), whole(1)), []string{"gauge false 0 1000000"}, normal.Cuts{Figures: 3, Points: 3}},
		"no value":             {gauge(&metricspb.NumberDataPoint{TimeUnixNano: at, Flags: 1}, &metricspb.NumberDataPoint{TimeUnixNano: at}), nil, normal.Cuts{Points: 1}},
		"no time":              {gauge(&metricspb.NumberDataPoint{StartTimeUnixNano: from, Value: whole(1).Value}), []string{"gauge false 0 1000000"}, normal.Cuts{Times: 1}},
		"a point that is none": {gauge(nil), nil, normal.Cuts{Points: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			list, cut, err := normal.Metric(who, nil, nil, tt.metric, now, normal.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range list {
				got = append(got, fmt.Sprint(p.Type, " ", p.Delta, " ", p.Count, " ", p.Micros))
				if p.Time != now.UnixMicro() || p.Name != "x" || p.Project != "bot" || p.ID.IsZero() {
					t.Errorf("point %+v", p)
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("points (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.cut, cut); d != "" {
				t.Errorf("cut (-want +got):\n%s", d)
			}
		})
	}

	p := whole(1)
	p.StartTimeUnixNano, p.Attributes = from, labels
	metric := sum(cumulative, true, p)
	metric.Unit = "{token}"
	list, _, err := normal.Metric(who, service(m{"service.name": "shop"}), nil, metric, now, normal.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := record.Point{ID: list[0].ID, Time: now.UnixMicro(), Start: began.UnixMicro(), Org: "acme", Team: "shop", Project: "bot", Key: "key_1", Service: "shop", Name: "x", Unit: "{token}",
		Type: "sum", Micros: 1_000_000, Attributes: []record.Tag{{Name: "gen_ai.provider.name", Value: "openai"}, {Name: "gen_ai.token.type", Value: "input"}, {Name: "n", Value: "3"}}}
	if d := cmp.Diff([]record.Point{want}, list); d != "" {
		t.Errorf("points (-want +got):\n%s", d)
	}
}

func TestMetricThatIsNone(t *testing.T) {
	for name, bad := range map[string]*metricspb.Metric{"nil": nil, "no name": {Data: gauge(whole(1)).Data}, "no data": {Name: "x"}} {
		if _, _, err := normal.Metric(who, nil, nil, bad, now, normal.Limits{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	list, cut, err := normal.Metric(who, nil, nil, gauge(whole(1), whole(2), whole(3)), now, normal.Limits{Points: 2})
	if err != nil || len(list) != 2 || cut.Points != 1 {
		t.Errorf("%d points, %v, %v; want 2, 1 cut", len(list), cut.Counts(), err)
	}
}
