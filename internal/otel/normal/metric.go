package normal

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/record"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
)

// Metric returns the data points of a metric. Res and scope may be nil. Points without
// a value are left out, and so are those whose value is no number; the latter are
// counted. A metric without a name or without data is a fault.Invalid.
func Metric(who ident.Principal, res *resourcepb.Resource, scope *commonpb.InstrumentationScope, m *metricspb.Metric, now time.Time, limits Limits) ([]record.Point, Cuts, error) {
	if strings.TrimSpace(m.GetName()) == "" || m.GetData() == nil {
		return nil, Cuts{}, fault.New(fault.Invalid, "invalid_metric", "a metric has a name and data").
			Hinted("send metrics as gauge, sum, histogram, exponential histogram or summary")
	}
	n := &reader{who: who, now: now, limits: limits.orDefault()}
	p := &points{n: n, like: record.Point{
		Org: who.Org, Team: who.Team, Project: who.Project, Key: who.Key,
		Name: n.clip(strings.TrimSpace(m.GetName()), n.limits.Name), Unit: n.clip(m.GetUnit(), n.limits.Name),
	}}
	p.like.Service = newAttrs(n, n.boundList(res.GetAttributes())).word("service.name")
	switch d := m.GetData().(type) {
	case *metricspb.Metric_Gauge:
		p.numbers("gauge", false, d.Gauge.GetDataPoints())
	case *metricspb.Metric_Sum:
		delta := isDelta(d.Sum.GetAggregationTemporality())
		kind := "sum"
		if !d.Sum.GetIsMonotonic() && !delta {
			kind = "gauge" // it may fall: what it stands at is what it says
		}
		p.numbers(kind, delta, d.Sum.GetDataPoints())
	case *metricspb.Metric_Histogram:
		for _, x := range d.Histogram.GetDataPoints() {
			p.add("histogram", isDelta(d.Histogram.GetAggregationTemporality()), x, x.GetCount(), x.GetSum())
		}
	case *metricspb.Metric_ExponentialHistogram:
		for _, x := range d.ExponentialHistogram.GetDataPoints() {
			p.add("histogram", isDelta(d.ExponentialHistogram.GetAggregationTemporality()), x, x.GetCount(), x.GetSum())
		}
	case *metricspb.Metric_Summary:
		for _, x := range d.Summary.GetDataPoints() {
			p.add("summary", false, x, x.GetCount(), x.GetSum())
		}
	}
	return p.list, n.cut, nil
}

func isDelta(t metricspb.AggregationTemporality) bool {
	return t == metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA
}

// noValue is the flag of a data point that only says that there is none.
const noValue = uint32(metricspb.DataPointFlags_DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK)

// points gathers the data points of one metric.
type points struct {
	n    *reader
	like record.Point // what all have in common
	list []record.Point
}

// dataPoint is what all kinds of data points have in common.
type dataPoint interface {
	GetAttributes() []*commonpb.KeyValue
	GetStartTimeUnixNano() uint64
	GetTimeUnixNano() uint64
	GetFlags() uint32
}

func (p *points) numbers(kind string, delta bool, list []*metricspb.NumberDataPoint) {
	for _, x := range list {
		if x.GetFlags()&noValue != 0 {
			continue
		}
		switch v := x.GetValue().(type) {
		case *metricspb.NumberDataPoint_AsInt:
			p.add(kind, delta, x, 0, float64(v.AsInt))
		case *metricspb.NumberDataPoint_AsDouble:
			p.add(kind, delta, x, 0, v.AsDouble)
		default:
			p.n.cut.Points++
		}
	}
}

// add takes one data point.
func (p *points) add(kind string, delta bool, x dataPoint, count uint64, value float64) {
	if x.GetFlags()&noValue != 0 {
		return
	}
	n := p.n
	micros, ok := scaled(value)
	if !ok || count > 1<<62 {
		n.cut.Figures++
		n.cut.Points++
		return
	}
	if len(p.list) >= n.limits.Points {
		n.cut.Points++
		return
	}
	pt := p.like
	pt.Type, pt.Delta, pt.Count, pt.Micros = kind, delta, int64(count), micros
	pt.Time = n.now.UnixMicro()
	if t := x.GetTimeUnixNano(); n.sane(t) {
		pt.Time = int64(t) / 1000
	} else {
		n.cut.Times++
	}
	if t := x.GetStartTimeUnixNano(); n.sane(t) && int64(t)/1000 <= pt.Time {
		pt.Start = int64(t) / 1000
	} else if t != 0 {
		n.cut.Times++
	}
	pt.Attributes = n.pointTags(x.GetAttributes())
	parts := []string{pt.Service, pt.Name, pt.Unit, pt.Type, strconv.FormatInt(pt.Time, 10), strconv.FormatInt(pt.Start, 10),
		strconv.FormatInt(pt.Count, 10), strconv.FormatInt(pt.Micros, 10)}
	for _, t := range pt.Attributes {
		parts = append(parts, t.Name, t.Value)
	}
	pt.ID = idOf(pt.Time, "point", n.who, parts...)
	p.list = append(p.list, pt)
}

// pointTags returns the attributes of a data point by name, so that one series is the
// same in whatever order they come.
func (n *reader) pointTags(list []*commonpb.KeyValue) []record.Tag {
	var tags []record.Tag
	for _, kv := range n.boundList(list) {
		t, cut := shortTag(kv.GetKey(), textOf(kv.GetValue()))
		if cut {
			n.cut.Tags++
		}
		if t.Name != "" {
			tags = append(tags, t)
		}
	}
	slices.SortStableFunc(tags, func(a, b record.Tag) int { return strings.Compare(a.Name, b.Name) })
	if len(tags) > n.limits.Tags {
		n.cut.Tags += len(tags) - n.limits.Tags
		tags = tags[:n.limits.Tags]
	}
	return tags
}
