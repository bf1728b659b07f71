package api

import (
	"context"
	"net/http"
	"strings"
	"time"
	_ "time/tzdata" // zones, where the system has none

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// The bounds of a question.
const (
	maxMeasures   = 20
	maxDimensions = 6
	usualTime     = 24 * time.Hour // where nothing is said
)

type queryInput struct {
	Measure []string `query:"measure,explode" nullable:"false" doc:"Measures, repeated or with commas between: cost,calls,p95(latency); none: calls. GET /api/calls/fields lists them"`
	By      []string `query:"by,explode" nullable:"false" doc:"Dimensions of the rows, repeated or with commas between: model,hour,tag.team; none: one row"`
	Span
	Filter  string `query:"filter" doc:"In the query language: which calls are taken"`
	Order   string `query:"order" doc:"A measure of the question, with or without a minus before it: rows with the largest first; or by: rows by their dimensions' values. Else by where a dimension is a step of time, and the first measure where none is"`
	Limit   int    `query:"limit" minimum:"0" maximum:"10000" doc:"Of rows; 0: 10,000, the most that there are"`
	Compare bool   `query:"compare" doc:"Beside each row, the same of the period before, as long as this one"`
	Zone    string `query:"zone" doc:"Time zone of days, weeks and months, such as Europe/Berlin; empty: UTC"`
}

func (s *Server) questions(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "query-calls", Method: http.MethodGet, Path: "/api/calls/query",
		Summary:     "Compute measures over calls, by dimensions",
		Description: "Money is in nano-dollars, durations in microseconds; units says what each measure is in. null is a figure that there is nothing to compute from. At most 10,000 rows come; groups says how many there are. Without a time, the last 24 hours.",
		Tags:        []string{"calls"}, RejectUnknownQueryParameters: true}, s.queryCalls)
}

func (s *Server) queryCalls(ctx context.Context, in *queryInput) (*body[client.Table], error) {
	a, err := in.analysis(s.Now())
	if err != nil {
		return nil, failed(err)
	}
	found, err := s.Calls.Analyse(ctx, a)
	if err != nil {
		return nil, failed(err)
	}
	return &body[client.Table]{showTable(a, found)}, nil
}

func (in *queryInput) analysis(now time.Time) (*calls.Analysis, error) {
	a := &calls.Analysis{Limit: in.Limit, Compare: in.Compare}
	var err error
	if a.From, a.To, err = in.bounded(now, usualTime); err != nil {
		return nil, err
	}
	if a.Filter, err = parse("filter", in.Filter, now); err != nil {
		return nil, err
	}
	if a.Measures, err = measures(in.Measure); err != nil {
		return nil, err
	}
	zone, err := zoneOf(in.Zone)
	if err != nil {
		return nil, err
	}
	if a.By, err = dimensions(in.By, zone); err != nil {
		return nil, err
	}
	a.Order, err = order(in.Order, a)
	return a, err
}

func measures(lists []string) ([]calls.Measure, error) {
	names := words(lists)
	if len(names) == 0 {
		names = []string{string(calls.Calls)}
	}
	if len(names) > maxMeasures {
		return nil, fault.New(fault.Invalid, "too_many_measures", "%d measures are asked for; at most %d are computed", len(names), maxMeasures).
			Hinted("ask in several questions").At("measure")
	}
	var out []calls.Measure
	seen := map[string]bool{}
	for _, name := range names {
		m, err := calls.ParseMeasure(name)
		if err != nil {
			return nil, err
		}
		if seen[m.Name] {
			return nil, fault.New(fault.Invalid, "repeated_measure", "%s is named twice", m.Name).Hinted("name it once").At("measure")
		}
		seen[m.Name] = true
		out = append(out, m)
	}
	return out, nil
}

func dimensions(lists []string, zone *time.Location) ([]calls.Dimension, error) {
	names := words(lists)
	if len(names) > maxDimensions {
		return nil, fault.New(fault.Invalid, "too_many_dimensions", "%d dimensions are asked for; rows have at most %d", len(names), maxDimensions).
			Hinted("leave some out, or filter by them").At("by")
	}
	var out []calls.Dimension
	seen := map[string]bool{}
	for _, name := range names {
		d, err := calls.ParseDimension(name, zone)
		if err != nil {
			return nil, err
		}
		if seen[d.Name] {
			return nil, fault.New(fault.Invalid, "repeated_dimension", "%s is named twice", d.Name).Hinted("name it once").At("by")
		}
		seen[d.Name] = true
		out = append(out, d)
	}
	return out, nil
}

// words takes lists with commas apart; a comma within quotes is part of a name.
func words(lists []string) []string {
	var out []string
	for _, list := range lists {
		quoted, escaped := false, false
		for _, word := range strings.FieldsFunc(list, func(r rune) bool {
			switch {
			case escaped:
				escaped = false
			case r == '\\' && quoted:
				escaped = true
			case r == '"':
				quoted = !quoted
			case r == ',':
				return !quoted
			}
			return false
		}) {
			if word = strings.TrimSpace(word); word != "" {
				out = append(out, word)
			}
		}
	}
	return out
}

func zoneOf(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fault.New(fault.Invalid, "unknown_zone", "there is no such time zone").
			Hinted("write a name of the IANA database, such as Europe/Berlin, America/New_York or UTC").At("zone")
	}
	return zone, nil
}

// order returns the index of the measure that rows are ordered by; -1: by the
// dimensions' values.
func order(text string, a *calls.Analysis) (int, error) {
	switch text {
	case "":
		for _, d := range a.By {
			if d.Step != "" {
				return -1, nil
			}
		}
		return 0, nil
	case "by":
		return -1, nil
	}
	name := strings.TrimSpace(strings.TrimPrefix(text, "-"))
	want, err := calls.ParseMeasure(name)
	for i, m := range a.Measures {
		same := err == nil && m.What == want.What && m.Field == want.Field && m.Agg == want.Agg && m.Score == want.Score
		if m.Name == name || same {
			return i, nil
		}
	}
	return 0, fault.New(fault.Invalid, "unknown_order", "rows can be ordered by a measure of the question only").
		Hinted("write one of %s, or by for the dimensions' values", strings.Join(measureNames(a), ", ")).At("order")
}

func measureNames(a *calls.Analysis) []string {
	list := []string{}
	for _, m := range a.Measures {
		list = append(list, m.Name)
	}
	return list
}

func showTable(a *calls.Analysis, t *calls.Table) client.Table {
	out := client.Table{Rows: []client.TableRow{}, Measures: measureNames(a), By: []string{}, Units: map[string]string{},
		From: written(a.From), To: written(a.To), Groups: max(t.Groups, int64(len(t.Rows))),
		Partial: t.Partial, Reason: t.Reason, Scanned: t.Scanned, Rolled: t.Rolled}
	for _, d := range a.By {
		out.By = append(out.By, d.Name)
	}
	for _, m := range a.Measures {
		out.Units[m.Name] = unit(m)
	}
	var nothing []calls.Value
	if a.Compare {
		out.PreviousFrom = written(a.From.Add(a.From.Sub(a.To)))
		nothing = calls.Loop(nil, nil, &calls.Analysis{Measures: a.Measures, Order: -1}, nil).Rows[0].Values
	}
	for _, r := range t.Rows {
		row := client.TableRow{Keys: map[string]string{}, Values: figures(a, r.Values)}
		for i, d := range a.By {
			row.Keys[d.Name] = r.Keys[i]
		}
		switch {
		case a.Compare && r.Previous != nil:
			row.Previous = figures(a, r.Previous)
		case a.Compare:
			row.Previous = figures(a, nothing)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func figures(a *calls.Analysis, values []calls.Value) map[string]client.Figure {
	m := make(map[string]client.Figure, len(values))
	for i, v := range values {
		text, err := v.MarshalJSON()
		if err != nil || v.None { // a fraction that is no number has no figure
			text = nil
		}
		m[a.Measures[i].Name] = client.Figure(text)
	}
	return m
}

// unit returns what a measure is in.
func unit(m calls.Measure) string {
	switch m.What {
	case calls.Calls, calls.Errors, calls.Unpriced, calls.CacheHits:
		return "calls"
	case calls.Spans:
		return "spans"
	case calls.ErrorRate, calls.CacheHitRate:
		return "ratio"
	case calls.CostPerCall, calls.CostPerTrace, calls.CostPerSession, calls.CostPerUser:
		return "nano_usd"
	case calls.Score:
		return "score"
	}
	switch {
	case m.Agg == calls.Unique:
		return "values"
	case m.Field.Kind == calls.Money:
		return "nano_usd"
	case m.Field.Kind == calls.Duration:
		return "us"
	case m.Field.Kind == calls.Milli:
		return "tokens_per_second"
	case strings.HasSuffix(m.Field.Name, "tokens"):
		return "tokens"
	}
	return m.Field.Name
}
