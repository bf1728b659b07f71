package duckdb

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

const facetValues = 20

// Facets returns the values of fields, out of the dictionary; how many calls each
// has is counted by the rollups, where they know the field.
func (s *Store) Facets(ctx context.Context, q calls.FacetQuery) ([]calls.Facet, error) {
	bounded, done := s.ask(ctx)
	defer done()
	if q.Limit <= 0 {
		q.Limit = facetValues
	}
	if q.To.IsZero() {
		q.To = s.opts.Now()
	}
	list, err := s.kept(&q)
	if err != nil {
		return nil, err
	}
	for i := range list {
		f := &list[i]
		if field, ok := calls.FieldOf(f.Field); ok && field.Rolled && field.Kind == calls.Text {
			if err := s.countFacet(bounded, &q, field, f); err != nil {
				return nil, s.answered(ctx, bounded, err, "count the facets of")
			}
		}
		if len(f.Values) > q.Limit {
			f.Values, f.More = f.Values[:q.Limit], true
		}
	}
	return list, nil
}

// kept returns the values that were seen in the time, in order of their text.
func (s *Store) kept(q *calls.FacetQuery) ([]calls.Facet, error) {
	s.known.RLock()
	defer s.known.RUnlock()
	names := q.Fields
	if len(names) == 0 {
		for _, f := range facets {
			names = append(names, f.Name)
		}
		tags := slices.DeleteFunc(slices.Sorted(maps.Keys(s.words.fields)), func(n string) bool { return !strings.HasPrefix(n, calls.TagPrefix) })
		names = append(names, tags...)
	}
	first := int64(0)
	if !q.From.IsZero() {
		first = q.From.UnixMicro() / (24 * hourMicros)
	}
	var list []calls.Facet
	for _, name := range names {
		if f, ok := calls.FieldOf(name); ok {
			name = f.Name
		}
		if !strings.HasPrefix(name, calls.TagPrefix) && !slices.ContainsFunc(facets, func(f *calls.Field) bool { return f.Name == name }) {
			return nil, fault.New(fault.Invalid, "unknown_facet", "no values are kept of %q", name).
				Hinted("facets are %s, and tag.NAME", facetNames()).At("fields")
		}
		f := calls.Facet{Field: name, Values: []calls.FacetValue{}}
		if kept := s.words.fields[name]; kept != nil {
			f.More = kept.more
			for value, day := range kept.seen {
				if day >= first && strings.HasPrefix(value, q.Prefix) {
					f.Values = append(f.Values, calls.FacetValue{Value: value, Calls: -1})
				}
			}
		}
		slices.SortFunc(f.Values, func(a, b calls.FacetValue) int { return cmp.Compare(a.Value, b.Value) })
		list = append(list, f)
	}
	return list, nil
}

func facetNames() string {
	names := make([]string, len(facets))
	for i, f := range facets {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}

// countFacet counts the calls of a field's values, and puts the most first.
func (s *Store) countFacet(ctx context.Context, q *calls.FacetQuery, field *calls.Field, f *calls.Facet) error {
	a := &calls.Analysis{From: q.From, To: q.To, Order: -1, Measures: []calls.Measure{{What: calls.Calls}}, By: []calls.Dimension{{Field: field}}}
	if a.From.IsZero() {
		a.From = time.UnixMicro(s.oldest())
	}
	if !a.From.Before(a.To) {
		return nil
	}
	src, err := s.source(a, 0)
	if err != nil {
		return err
	}
	rows, _, err := s.compute(ctx, a, src, 0)
	if err != nil {
		return err
	}
	for i := range f.Values {
		f.Values[i].Calls = 0
		if r := rows[f.Values[i].Value]; r != nil {
			f.Values[i].Calls = r.Values[0].N
		}
	}
	slices.SortStableFunc(f.Values, func(a, b calls.FacetValue) int { return cmp.Compare(b.Calls, a.Calls) })
	return nil
}

// oldest returns the start of the oldest hour that has rows; 0 where none has.
func (s *Store) oldest() int64 {
	s.known.RLock()
	defer s.known.RUnlock()
	first := int64(latest)
	for at := range s.hours {
		first = min(first, at)
	}
	if first == latest {
		return 0
	}
	return first
}
