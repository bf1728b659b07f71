package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

func (s *Server) traces(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-traces", Method: http.MethodGet, Path: "/api/traces",
		Summary: "List traces, newest first", Tags: []string{"traces"}}, s.listTraces)
	huma.Register(api, huma.Operation{OperationID: "show-trace", Method: http.MethodGet, Path: "/api/traces/{id}",
		Summary: "Show one trace with its rows", Tags: []string{"traces"}}, s.showTrace)
	huma.Register(api, huma.Operation{OperationID: "list-call-sessions", Method: http.MethodGet, Path: "/api/sessions",
		Summary: "List sessions, the one with the newest call first", Tags: []string{"traces"}}, s.listSessions)
	huma.Register(api, huma.Operation{OperationID: "list-session-traces", Method: http.MethodGet, Path: "/api/sessions/{id}",
		Summary: "List the traces of one session, oldest first", Tags: []string{"traces"}}, s.showSession)
	huma.Register(api, huma.Operation{OperationID: "list-metrics", Method: http.MethodGet, Path: "/api/metrics",
		Summary: "List the metrics that applications reported", Tags: []string{"metrics"}}, s.listMetrics)
	huma.Register(api, huma.Operation{OperationID: "query-metric", Method: http.MethodGet, Path: "/api/metrics/query",
		Summary: "Show a metric over time", Tags: []string{"metrics"}}, s.queryMetric)
}

type groupInput struct {
	Span
	Query  string `query:"query" doc:"In the query language: those that have a call which fits it"`
	Before string `query:"before" doc:"Only what has a call older than the one with this id"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

func (in *groupInput) query(now time.Time) (calls.Query, error) {
	list := listInput{Span: in.Span, Query: in.Query, Before: in.Before, Limit: in.Limit}
	q, err := list.query(now)
	if err == nil && calls.NeedsContent(q.Filter) {
		err = fault.New(fault.Invalid, "invalid_query", "traces and sessions are not found by what was said in them").
			Hinted("search the calls, and follow their trace_id: steward calls list 'TEXT'").At("query")
	}
	return q, err
}

func (s *Server) listTraces(ctx context.Context, in *groupInput) (*body[client.TraceList], error) {
	q, err := in.query(s.Now())
	if err != nil {
		return nil, failed(err)
	}
	list, err := s.Calls.Traces(ctx, q)
	if err != nil {
		return nil, failed(err)
	}
	return &body[client.TraceList]{showTraces(list)}, nil
}

func showTraces(list []calls.TraceSum) client.TraceList {
	out := client.TraceList{Traces: []client.Trace{}}
	for _, t := range list {
		out.Traces = append(out.Traces, client.Trace{ID: t.TraceID, Session: t.Session, Subject: t.Subject, Name: t.Name, Service: t.Service,
			Time: micros(t.Start), Duration: t.Duration, Spans: t.Spans, Calls: t.Calls, Errors: t.Errors, Unpriced: t.Unpriced, CostNano: t.Cost, Tokens: t.Tokens})
	}
	return out
}

func micros(n int64) string { return time.UnixMicro(n).UTC().Format("2006-01-02T15:04:05.000000Z") }

func (s *Server) showTrace(ctx context.Context, in *struct {
	ID    string `path:"id"`
	Limit int    `query:"limit" minimum:"1" maximum:"100000" default:"100000" doc:"Rows"`
}) (*body[client.TraceDetail], error) {
	t, err := s.Calls.Trace(ctx, in.ID, in.Limit)
	if err != nil {
		return nil, failed(err)
	}
	out := client.TraceDetail{Trace: sumTrace(t.Rows), Rows: make([]client.Call, 0, len(t.Rows)), Scores: []client.Score{}, Logs: []client.Log{}, Partial: t.Partial}
	for i := range t.Rows {
		out.Rows = append(out.Rows, calls.NewView(&t.Rows[i]))
	}
	for _, v := range t.Scores {
		score := client.Score{Time: micros(v.Time), SpanID: v.SpanID, Name: v.Name, Label: v.Label, Source: v.Source}
		if v.Valued {
			f := float64(v.Micros) / 1e6
			score.Value = &f
		}
		out.Scores = append(out.Scores, score)
	}
	for _, l := range t.Logs {
		out.Logs = append(out.Logs, client.Log{Time: micros(l.Time), SpanID: l.SpanID, Service: l.Service, Event: l.Event, Severity: l.Severity})
	}
	return &body[client.TraceDetail]{out}, nil
}

// label names a row: the gateway's own calls have no name.
func label(r *calls.Row) string {
	if r.Name != "" {
		return r.Name
	}
	return r.Operation + " " + r.Asked
}

// sumTrace adds up the rows of a trace, each figure once.
func sumTrace(rows []calls.Row) client.Trace {
	t := client.Trace{ID: rows[0].TraceID, Service: rows[0].Service, Time: micros(rows[0].Time), Spans: int64(len(rows)), Name: label(&rows[0])}
	rooted, end := false, rows[0].Time
	for i := range rows {
		r := &rows[i]
		if r.ParentSpanID == "" && !rooted {
			t.Name, rooted = label(r), true
		}
		t.Session, t.Subject = max(t.Session, r.Session), max(t.Subject, r.Subject)
		end = max(end, r.Time+max(0, r.TotalMicros))
		if !r.Counted {
			continue
		}
		t.Calls++
		t.CostNano += int64(r.Cost)
		t.Tokens += r.Usage.InputTokens() + r.Usage.OutputTokens()
		if r.Outcome != "ok" {
			t.Errors++
		}
		if r.Pricing == "unpriced" {
			t.Unpriced++
		}
	}
	t.Duration = end - rows[0].Time
	return t
}

func (s *Server) listSessions(ctx context.Context, in *groupInput) (*body[client.SessionList], error) {
	q, err := in.query(s.Now())
	if err != nil {
		return nil, failed(err)
	}
	list, err := s.Calls.Sessions(ctx, q)
	if err != nil {
		return nil, failed(err)
	}
	out := client.SessionList{Sessions: []client.SessionSum{}}
	for _, v := range list {
		out.Sessions = append(out.Sessions, client.SessionSum{Session: v.Session, Subject: v.Subject, First: micros(v.First), Last: micros(v.Last),
			Traces: v.Traces, Calls: v.Calls, Errors: v.Errors, Unpriced: v.Unpriced, CostNano: v.Cost, Tokens: v.Tokens})
	}
	return &body[client.SessionList]{out}, nil
}

func (s *Server) showSession(ctx context.Context, in *struct {
	ID    string `path:"id"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"500" doc:"Traces, the newest"`
}) (*body[client.TraceList], error) {
	list, err := s.Calls.Traces(ctx, calls.Query{Filter: equal("session", in.ID), Limit: in.Limit})
	if err != nil {
		return nil, failed(err)
	}
	if len(list) == 0 {
		return nil, failed(fault.New(fault.NotFound, "session_not_found", "there is no session of this name").Hinted("list them with: steward session list"))
	}
	slices.Reverse(list)
	return &body[client.TraceList]{showTraces(list)}, nil
}

func (s *Server) period(in *Span) (from, to time.Time, err error) {
	if from, to, err = in.times(s.Now()); err != nil {
		return from, to, err
	}
	if to.IsZero() {
		to = s.Now()
	}
	if from.IsZero() {
		from = to.Add(dayAgo)
	}
	return from, to, nil
}

func (s *Server) listMetrics(ctx context.Context, in *Span) (*body[client.MetricList], error) {
	from, to, err := s.period(in)
	if err != nil {
		return nil, failed(err)
	}
	list, err := s.Calls.Metrics(ctx, from, to)
	if err != nil {
		return nil, failed(err)
	}
	out := client.MetricList{Metrics: []client.Metric{}}
	for _, m := range list {
		out.Metrics = append(out.Metrics, client.Metric{Name: m.Name, Unit: m.Unit, Type: m.Type, Services: filled(m.Services), Points: m.Points, Last: micros(m.Last)})
	}
	return &body[client.MetricList]{out}, nil
}

func (s *Server) queryMetric(ctx context.Context, in *struct {
	Span
	Name string   `query:"name" required:"true"`
	Step string   `query:"step" doc:"Such as 5m or 1h; empty: one value for the whole time"`
	By   []string `query:"by,explode" nullable:"false" doc:"Attributes that make series of their own; service is one"`
}) (*body[client.SeriesList], error) {
	q := calls.PointQuery{Name: in.Name, By: commas(in.By)}
	var err error
	if q.From, q.To, err = s.period(&in.Span); err != nil {
		return nil, failed(err)
	}
	if in.Step != "" {
		var ok bool
		if q.Step, ok = calls.ParseAgo(in.Step); !ok {
			return nil, failed(fault.New(fault.Invalid, "invalid_duration", "step is not a duration").Hinted("write 5m, 1h or 1d").At("step"))
		}
	}
	list, err := s.Calls.Points(ctx, q)
	if err != nil {
		return nil, failed(err)
	}
	out := client.SeriesList{Series: []client.Series{}}
	for _, v := range list {
		series := client.Series{Labels: v.Labels, Values: []client.SeriesValue{}}
		for _, p := range v.Values {
			series.Values = append(series.Values, client.SeriesValue{Time: micros(p.Time), Value: p.Value, Count: p.Count})
		}
		out.Series = append(out.Series, series)
	}
	return &body[client.SeriesList]{out}, nil
}
