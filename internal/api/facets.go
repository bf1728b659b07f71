package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// facetTime is the time whose values are listed where nothing is said.
const facetTime = 7 * 24 * time.Hour

// facets are what search bars complete with.
func (s *Server) facets(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-facets", Method: http.MethodGet, Path: "/api/calls/facets",
		Summary:     "List the values that fields had",
		Description: "Most calls first, at most limit a field; more says whether there are others. Without a time, the last 7 days.",
		Tags:        []string{"calls"}, RejectUnknownQueryParameters: true}, s.listFacets)
	huma.Register(api, huma.Operation{OperationID: "list-fields", Method: http.MethodGet, Path: "/api/calls/fields",
		Summary: "List the words that questions about calls are written with", Tags: []string{"calls"}}, listFields)
	huma.Register(api, huma.Operation{OperationID: "parse-query", Method: http.MethodGet, Path: "/api/calls/parse",
		Summary:     "Check a text of the query language",
		Description: "The answer is its canonical form, or a problem of code invalid_query that says what is wrong at which character.",
		Tags:        []string{"calls"}},
		func(_ context.Context, in *struct {
			Query string `query:"query" doc:"In the query language"`
		}) (*body[client.ParsedQuery], error) {
			e, err := parse("query", in.Query, s.Now())
			if err != nil {
				return nil, failed(err)
			}
			q := calls.Query{Filter: e}
			return &body[client.ParsedQuery]{client.ParsedQuery{Query: calls.Format(e), Content: calls.NeedsContent(e), Spans: q.WithSpans()}}, nil
		})
}

type facetInput struct {
	Span
	Fields []string `query:"fields,explode" nullable:"false" doc:"Names of fields, repeated or with commas between; of tags tag.NAME; none: every facet, and every tag"`
	Prefix string   `query:"prefix" doc:"Only values that begin so"`
	Limit  int      `query:"limit" minimum:"1" maximum:"1000" default:"20" doc:"Values a field"`
}

func (s *Server) listFacets(ctx context.Context, in *facetInput) (*body[client.FacetList], error) {
	q := calls.FacetQuery{Prefix: in.Prefix, Limit: in.Limit}
	var err error
	if q.From, q.To, err = in.bounded(s.Now(), facetTime); err != nil {
		return nil, failed(err)
	}
	if q.Fields, err = facetNames(words(in.Fields)); err != nil {
		return nil, failed(err)
	}
	found, err := s.Calls.Facets(ctx, q)
	if err != nil {
		return nil, failed(err)
	}
	out := client.FacetList{From: written(q.From), To: written(q.To), Facets: []client.Facet{}}
	for _, f := range found {
		facet := client.Facet{Field: f.Field, Values: []client.FacetValue{}, More: f.More}
		for _, v := range f.Values {
			value := client.FacetValue{Value: v.Value}
			if v.Calls >= 0 {
				value.Calls = &v.Calls
			}
			facet.Values = append(facet.Values, value)
		}
		out.Facets = append(out.Facets, facet)
	}
	return &body[client.FacetList]{out}, nil
}

// facetNames returns the fields' own names for what was written.
func facetNames(list []string) ([]string, error) {
	var out, known []string
	for _, f := range calls.Fields {
		if f.Facet {
			known = append(known, f.Name)
		}
	}
	for _, name := range list {
		if tag, ok := strings.CutPrefix(name, calls.TagPrefix); ok && tag != "" {
			out = append(out, name)
			continue
		}
		f, ok := calls.FieldOf(name)
		if !ok || !f.Facet {
			return nil, fault.New(fault.Invalid, "unknown_facet", "the values of this field are not kept").
				Hinted("choose among %s and tag.NAME", strings.Join(known, ", ")).At("fields")
		}
		out = append(out, f.Name)
	}
	return out, nil
}

// kindNames are the kinds of fields as answers have them.
var kindNames = map[calls.FieldKind]string{calls.Text: "text", calls.Number: "number", calls.Duration: "duration",
	calls.Money: "money", calls.Milli: "decimal", calls.Bool: "bool", calls.Moment: "time"}

func listFields(context.Context, *struct{}) (*body[client.FieldList], error) {
	out := client.FieldList{Fields: []client.Field{}, Measures: []client.Measure{}, Aggregations: calls.Aggregations(),
		Dimensions: calls.Dimensions(), Steps: []string{}}
	for _, f := range calls.Fields {
		out.Fields = append(out.Fields, client.Field{Name: f.Name, Aliases: filled(f.Aliases), Kind: kindNames[f.Kind], Doc: f.Doc,
			Dimension: f.Dimension, Facet: f.Facet})
	}
	for _, name := range calls.Measures() {
		m, err := calls.ParseMeasure(name)
		if err != nil {
			return nil, failed(err)
		}
		out.Measures = append(out.Measures, client.Measure{Name: name, Unit: unit(m)})
	}
	for _, name := range out.Dimensions {
		d, err := calls.ParseDimension(name, nil)
		if err != nil {
			return nil, failed(err)
		}
		if d.Step != "" {
			out.Steps = append(out.Steps, name)
		}
	}
	return &body[client.FieldList]{out}, nil
}
