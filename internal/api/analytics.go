package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

func (s *Server) analytics(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "query-calls", Method: http.MethodGet, Path: "/api/calls/query",
		Summary:     "Compute measures over calls, by dimensions",
		Description: "A question that is too heavy is refused with 429 query_too_heavy and a hint that names the narrower one.",
		Tags:        []string{"calls"}}, s.queryCalls)
	huma.Register(api, huma.Operation{OperationID: "list-facets", Method: http.MethodGet, Path: "/api/calls/facets",
		Summary: "List the values that fields have", Tags: []string{"calls"}}, s.facets)
	huma.Register(api, huma.Operation{OperationID: "list-fields", Method: http.MethodGet, Path: "/api/calls/fields",
		Summary: "List what calls can be asked by", Tags: []string{"calls"}}, fields)
	huma.Register(api, huma.Operation{OperationID: "parse-query", Method: http.MethodGet, Path: "/api/calls/parse",
		Summary: "Check a text of the query language", Tags: []string{"calls"}}, s.parse)
}

type analysisInput struct {
	Span
	Measure []string `query:"measure,explode" nullable:"false" doc:"calls, cost, latency_p95, p95(latency), users, score.NAME, ...; several, or comma-separated. None: calls"`
	By      []string `query:"by,explode" nullable:"false" doc:"Dimensions: a field, tag.NAME, or minute, 5m, 15m, hour, 6h, day, week, month"`
	Filter  string   `query:"filter" doc:"In the query language"`
	Order   string   `query:"order" doc:"A measure (the largest first), or by: the dimensions' order. Empty: time where it is a dimension, else the first measure"`
	Limit   int      `query:"limit" minimum:"0" maximum:"10000" doc:"Rows; 0: as many as there are, up to 10,000"`
	Compare bool     `query:"compare" doc:"Beside each row, the same of the period before"`
	Zone    string   `query:"zone" doc:"IANA time zone of days, weeks and months; empty: UTC"`
}

// commas splits values that hold several.
func commas(list []string) (out []string) {
	for _, s := range list {
		depth, start := 0, 0
		for i, r := range s + "," {
			switch {
			case r == '(':
				depth++
			case r == ')':
				depth--
			case r == ',' && depth <= 0:
				if part := strings.TrimSpace(s[start:i]); part != "" {
					out = append(out, part)
				}
				start = i + 1
			}
		}
	}
	return out
}

const dayAgo = -24 * time.Hour

// mostDimensions bounds the groups of a question.
const mostDimensions = 4

func (in *analysisInput) analysis(now time.Time) (*calls.Analysis, error) {
	a := &calls.Analysis{Limit: in.Limit, Compare: in.Compare, Order: -1}
	var err error
	if a.From, a.To, err = in.times(now); err != nil {
		return nil, err
	}
	if a.To.IsZero() {
		a.To = now
	}
	if a.From.IsZero() {
		a.From = a.To.Add(dayAgo)
	}
	if a.Filter, err = calls.Parse(in.Filter, now); err != nil {
		return nil, fault.As(err).At("filter")
	}
	measures := commas(in.Measure)
	if len(measures) == 0 {
		measures = []string{string(calls.Calls)}
	}
	for _, text := range measures {
		m, err := calls.ParseMeasure(text)
		if err != nil {
			return nil, err
		}
		a.Measures = append(a.Measures, m)
	}
	if err := in.dimensions(a); err != nil {
		return nil, err
	}
	return a, in.order(a)
}

func (in *analysisInput) dimensions(a *calls.Analysis) error {
	zone := time.UTC
	if in.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(in.Zone); err != nil {
			return fault.New(fault.Invalid, "unknown_zone", "there is no time zone of this name").Hinted("write an IANA name: Europe/Berlin").At("zone")
		}
	}
	by := commas(in.By)
	if len(by) > mostDimensions {
		return fault.New(fault.Invalid, "too_many_dimensions", "%d dimensions are asked for; %d are allowed", len(by), mostDimensions).At("by")
	}
	names := map[string]bool{}
	for i := range a.Measures {
		names[a.Measures[i].Name] = true
	}
	for _, text := range by {
		d, err := calls.ParseDimension(text, zone)
		if err != nil {
			return err
		}
		if names[d.Name] || d.Name == "previous" {
			return fault.New(fault.Invalid, "repeated_dimension", "%s is named twice", d.Name).At("by")
		}
		names[d.Name] = true
		a.By = append(a.By, d)
	}
	return nil
}

func (in *analysisInput) order(a *calls.Analysis) error {
	switch in.Order {
	case "by":
		return nil
	case "":
		if !slices.ContainsFunc(a.By, func(d calls.Dimension) bool { return d.Step != "" }) {
			a.Order = 0
		}
		return nil
	}
	a.Order = slices.IndexFunc(a.Measures, func(m calls.Measure) bool { return m.Name == strings.TrimPrefix(in.Order, "-") })
	if a.Order < 0 {
		return fault.New(fault.Invalid, "unknown_order", "rows cannot be ordered by what is no measure of the question").
			Hinted("write one of the measures that you ask for, or by").At("order")
	}
	return nil
}

func (s *Server) queryCalls(ctx context.Context, in *analysisInput) (*body[client.Table], error) {
	a, err := in.analysis(s.Now())
	if err != nil {
		return nil, failed(err)
	}
	t, err := s.Calls.Analyse(ctx, a)
	if err != nil {
		return nil, failed(err)
	}
	out := client.Table{Rows: make([]map[string]any, 0, len(t.Rows)), By: []string{}, Measures: []string{}, Units: map[string]string{},
		From: moments(a.From), To: moments(a.To), Filter: calls.Format(a.Filter), Groups: t.Groups,
		Partial: t.Partial, Reason: t.Reason, Scanned: t.Scanned, Rolled: t.Rolled}
	for _, d := range a.By {
		out.By = append(out.By, d.Name)
	}
	for i := range a.Measures {
		m := &a.Measures[i]
		out.Measures = append(out.Measures, m.Name)
		out.Units[m.Name] = m.Unit()
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		row := figures(a, r.Values)
		for k, d := range a.By {
			row[d.Name] = r.Keys[k]
		}
		if a.Compare {
			row["previous"] = nil
			if r.Previous != nil {
				row["previous"] = figures(a, r.Previous)
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return &body[client.Table]{out}, nil
}

func figures(a *calls.Analysis, values []calls.Value) map[string]any {
	row := make(map[string]any, len(values)+len(a.By)+1)
	for i := range a.Measures {
		row[a.Measures[i].Name] = values[i]
	}
	return row
}

// moments writes a moment with its microseconds, where it has any.
func moments(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999Z") }

func (s *Server) facets(ctx context.Context, in *struct {
	Span
	Fields []string `query:"fields,explode" nullable:"false" doc:"Names of fields and tag.NAME; none: every facet"`
	Prefix string   `query:"prefix" doc:"Only values that begin so"`
	Limit  int      `query:"limit" minimum:"1" maximum:"1000" default:"20"`
}) (*body[client.FacetList], error) {
	q := calls.FacetQuery{Fields: commas(in.Fields), Prefix: in.Prefix, Limit: in.Limit}
	var err error
	if q.From, q.To, err = in.times(s.Now()); err != nil {
		return nil, failed(err)
	}
	list, err := s.Calls.Facets(ctx, q)
	if err != nil {
		return nil, failed(err)
	}
	out := client.FacetList{Facets: []client.Facet{}}
	for _, f := range list {
		facet := client.Facet{Field: f.Field, Values: []client.FacetValue{}, More: f.More}
		for _, v := range f.Values {
			facet.Values = append(facet.Values, client.FacetValue(v))
		}
		out.Facets = append(out.Facets, facet)
	}
	return &body[client.FacetList]{out}, nil
}

var kindNames = map[calls.FieldKind]string{calls.Text: "text", calls.Number: "number", calls.Duration: "duration", calls.Money: "money",
	calls.Milli: "decimal", calls.Bool: "bool", calls.Moment: "time"}

func fields(context.Context, *struct{}) (*body[client.FieldList], error) {
	out := client.FieldList{Measures: calls.Measures(), Aggregations: calls.Aggregations(), Dimensions: calls.Dimensions()}
	for _, f := range calls.Fields {
		out.Fields = append(out.Fields, client.Field{Name: f.Name, Aliases: filled(f.Aliases), Kind: kindNames[f.Kind], Doc: f.Doc, Dimension: f.Dimension, Facet: f.Facet})
	}
	return &body[client.FieldList]{out}, nil
}

func (s *Server) parse(_ context.Context, in *struct {
	Query string `query:"query"`
}) (*body[client.ParsedQuery], error) {
	e, err := calls.Parse(in.Query, s.Now())
	if err != nil {
		return nil, failed(err)
	}
	return &body[client.ParsedQuery]{client.ParsedQuery{Query: calls.Format(e)}}, nil
}
