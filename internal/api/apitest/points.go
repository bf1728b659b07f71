package apitest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// Metrics implements calls.Store.
func (s callStore) Metrics(_ context.Context, from, to time.Time) ([]calls.Metric, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	found := map[string]*calls.Metric{}
	for i := range s.w.points {
		p := &s.w.points[i]
		if !within(p.Time, from, to) {
			continue
		}
		m := found[p.Name]
		if m == nil {
			m = &calls.Metric{Name: p.Name, Unit: p.Unit, Type: p.Type}
			found[p.Name] = m
		}
		if !slices.Contains(m.Services, p.Service) {
			m.Services = append(m.Services, p.Service)
		}
		m.Points++
		m.Last = max(m.Last, p.Time)
	}
	var out []calls.Metric
	for _, m := range found {
		slices.Sort(m.Services)
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b calls.Metric) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Points implements calls.Store, for gauges and for counters that report increases:
// what else there is needs the points before.
func (s callStore) Points(_ context.Context, q calls.PointQuery) ([]calls.Series, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	series := map[string]*calls.Series{}
	points := slices.Clone(s.w.points)
	slices.SortStableFunc(points, func(a, b record.Point) int { return cmp.Compare(a.Time, b.Time) })
	for i := range points {
		p := &points[i]
		if p.Name != q.Name || !within(p.Time, q.From, q.To) {
			continue
		}
		labels := map[string]string{}
		for _, name := range q.By {
			labels[name] = labelOf(p, name)
		}
		key := fmt.Sprint(labels) // maps print in the order of their keys
		x := series[key]
		if x == nil {
			x = &calls.Series{Labels: labels}
			series[key] = x
		}
		at := q.From.UnixMicro()
		if step := q.Step.Microseconds(); step > 0 {
			at += (p.Time - at) / step * step
		}
		if n := len(x.Values); n == 0 || x.Values[n-1].Time != at {
			x.Values = append(x.Values, calls.SeriesValue{Time: at})
		}
		v := &x.Values[len(x.Values)-1]
		if p.Type == "gauge" {
			v.Value = 0
		}
		v.Value += float64(p.Micros) / 1e6
		v.Count += p.Count
	}
	var out []calls.Series
	for _, x := range series {
		out = append(out, *x)
	}
	slices.SortFunc(out, func(a, b calls.Series) int { return strings.Compare(fmt.Sprint(a.Labels), fmt.Sprint(b.Labels)) })
	return out, nil
}

func labelOf(p *record.Point, name string) string {
	if name == "service" {
		return p.Service
	}
	for _, t := range p.Attributes {
		if t.Name == name {
			return t.Value
		}
	}
	return ""
}
