package api

import (
	"context"
	"math"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

func (s *Server) traces(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-traces", Method: http.MethodGet, Path: "/api/traces",
		Summary:     "List traces, newest first",
		Description: "Those in which a call is as the query says, at most limit; more says whether there are others. Without a time, the last 24 hours.",
		Tags:        []string{"traces"}, RejectUnknownQueryParameters: true}, s.listTraces)
	huma.Register(api, huma.Operation{OperationID: "show-trace", Method: http.MethodGet, Path: "/api/traces/{id}",
		Summary:     "Show one trace: its calls and spans, scores and log records",
		Description: "At most limit rows, the first ones; partial says whether there are others.",
		Tags:        []string{"traces"}}, s.showTrace)
}

// sumInput selects traces or sessions.
type sumInput struct {
	Span
	Query string `query:"query" doc:"In the query language"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}

// query asks for one more than the limit, which says whether more follow.
func (s *Server) sumQuery(in *sumInput) (calls.Query, error) {
	q := calls.Query{Limit: in.Limit + 1}
	now := s.Now()
	var err error
	if q.Filter, err = parse("query", in.Query, now); err != nil {
		return q, err
	}
	q.From, q.To, err = in.bounded(now, usualTime)
	return q, err
}

func (s *Server) listTraces(ctx context.Context, in *sumInput) (*body[client.TraceList], error) {
	q, err := s.sumQuery(in)
	if err != nil {
		return nil, failed(err)
	}
	found, err := s.Calls.Traces(ctx, q)
	if err != nil {
		return nil, failed(err)
	}
	out := client.TraceList{Traces: []client.TraceSum{}, More: len(found) > in.Limit}
	for _, t := range found[:min(len(found), in.Limit)] {
		out.Traces = append(out.Traces, showTraceSum(&t))
	}
	return &body[client.TraceList]{out}, nil
}

func showTraceSum(t *calls.TraceSum) client.TraceSum {
	return client.TraceSum{TraceID: t.TraceID, Name: t.Name, Service: t.Service, Session: t.Session, Subject: t.Subject,
		Start: micros(t.Start), Duration: t.Duration, Spans: t.Spans, Calls: t.Calls, Errors: t.Errors, Unpriced: t.Unpriced,
		CostNano: t.Cost, Tokens: t.Tokens}
}

func (s *Server) showTrace(ctx context.Context, in *struct {
	ID      string `path:"id" doc:"32 hex digits"`
	Limit   int    `query:"limit" minimum:"1" maximum:"100000" default:"10000" doc:"Of rows"`
	Compact bool   `query:"compact" doc:"Rows in short, for traces of many spans"`
}) (*body[client.Trace], error) {
	t, err := s.Calls.Trace(ctx, in.ID, in.Limit)
	if err != nil {
		return nil, failed(err)
	}
	sum := sumTrace(in.ID, t.Rows)
	out := client.Trace{TraceSum: showTraceSum(&sum), Rows: []client.Call{}, Compact: []client.SpanRow{}, Scores: []client.Score{},
		Logs: []client.Log{}, Partial: t.Partial}
	for i := range t.Rows {
		if in.Compact {
			out.Compact = append(out.Compact, showSpan(&t.Rows[i], sum.Start))
		} else {
			out.Rows = append(out.Rows, calls.NewView(&t.Rows[i]))
		}
	}
	for i := range t.Scores {
		out.Scores = append(out.Scores, showScore(&t.Scores[i]))
	}
	for i := range t.Logs {
		l := &t.Logs[i]
		out.Logs = append(out.Logs, client.Log{ID: l.ID.Text("log"), Time: micros(l.Time), SpanID: l.SpanID, Service: l.Service,
			Event: l.Event, Severity: l.Severity})
	}
	return &body[client.Trace]{out}, nil
}

// sumTrace adds up the rows of a trace. Its name and its service are those of the
// first row whose parent is not among the rows, a named one before others.
func sumTrace(id string, rows []calls.Row) calls.TraceSum {
	t := calls.TraceSum{TraceID: id, Spans: int64(len(rows)), Start: math.MaxInt64}
	here := map[string]bool{}
	for i := range rows {
		here[rows[i].SpanID] = true
	}
	end := int64(0)
	for i := range rows {
		r := &rows[i]
		t.Start, end = min(t.Start, r.Time), max(end, r.Time+max(0, r.TotalMicros))
		if !here[r.ParentSpanID] && t.Name == "" {
			t.Name, t.Service = r.Name, r.Service
		}
		t.Session, t.Subject = first(t.Session, r.Session), first(t.Subject, r.Subject)
		if !r.Counted {
			continue
		}
		t.Calls++
		t.Cost += int64(r.Cost)
		t.Tokens += r.Usage.InputTokens() + r.Usage.OutputTokens()
		if r.Outcome != record.OK {
			t.Errors++
		}
		if r.Pricing == record.Unpriced {
			t.Unpriced++
		}
	}
	t.Start = min(t.Start, end)
	t.Duration = end - t.Start
	return t
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func showSpan(r *calls.Row, start int64) client.SpanRow {
	return client.SpanRow{ID: r.ID.Text("call"), SpanID: r.SpanID, Parent: r.ParentSpanID, Kind: r.KindOf(), Name: r.Name, Service: r.Service,
		Start: r.Time - start, Duration: r.TotalMicros, Model: modelOf(r), Outcome: string(r.Outcome), Error: r.ErrorCode, Counted: r.Counted,
		Tokens: r.Usage.InputTokens() + r.Usage.OutputTokens(), CostNano: int64(r.Cost), Pricing: string(r.Pricing)}
}

// modelOf returns what served, or what was asked for.
func modelOf(r *calls.Row) string {
	switch {
	case r.Model == "":
		return r.Asked
	case r.Provider == "":
		return r.Model
	}
	return r.Provider + "/" + r.Model
}

func showScore(s *record.Score) client.Score {
	out := client.Score{ID: s.ID.Text("score"), Time: micros(s.Time), Name: s.Name, Label: s.Label, SpanID: s.SpanID,
		UpstreamID: s.Response, Source: s.Source}
	if s.Valued {
		v := float64(s.Micros) / 1e6
		out.Value = &v
	}
	return out
}
