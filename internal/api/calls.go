package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

func (s *Server) calls(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-calls", Method: http.MethodGet, Path: "/api/calls",
		Summary: "List calls, newest first", Tags: []string{"calls"}}, s.listCalls)
	huma.Register(api, huma.Operation{OperationID: "show-call", Method: http.MethodGet, Path: "/api/calls/{id}",
		Summary: "Show one call", Tags: []string{"calls"}}, s.showCall)
	s.tail(api)
}

// Span is the time that a query is about.
type Span struct {
	From string `query:"from" doc:"Inclusive: RFC 3339 or YYYY-MM-DD (UTC)"`
	To   string `query:"to" doc:"Exclusive: RFC 3339 or YYYY-MM-DD (UTC)"`
}

func (p *Span) times() (from, to time.Time, err error) {
	if from, err = moment("from", p.From); err != nil {
		return from, to, err
	}
	to, err = moment("to", p.To)
	return from, to, err
}

func moment(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "invalid_time", "%s is not a time", name).
		Hinted("write 2026-11-23 or 2026-11-23T14:03:00Z").At(name)
}

// Scope says whose calls a query is about.
type Scope struct {
	Provider string `query:"provider"`
	Model    string `query:"model" doc:"Served or asked model; a trailing * matches any ending"`
	Project  string `query:"project"`
	Team     string `query:"team"`
	Key      string `query:"key" doc:"Id of a key"`
}

type listInput struct {
	Span
	Scope
	Subject   string `query:"subject"`
	Session   string `query:"session"`
	TraceID   string `query:"trace_id"`
	Operation string `query:"operation"`
	Outcome   string `query:"outcome" enum:"ok,error,cancelled,interrupted"`
	Errors    bool   `query:"errors" doc:"Only calls that did not end ok"`
	Status    int    `query:"status" minimum:"0" maximum:"599" doc:"HTTP status that the caller got"`
	Before    string `query:"before" doc:"Only calls older than the one with this id: the next of the page before"`
	Limit     int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}

func (in *listInput) query() (calls.Query, error) {
	q := calls.Query{Provider: in.Provider, Model: in.Model, Project: in.Project, Team: in.Team, Key: in.Key,
		Subject: in.Subject, Session: in.Session, TraceID: in.TraceID, Operation: in.Operation,
		Outcome: record.Outcome(in.Outcome), Errors: in.Errors}
	var err error
	if q.From, q.To, err = in.times(); err != nil {
		return q, err
	}
	if in.Before != "" {
		q.Before, err = callID("before", in.Before)
	}
	return q, err
}

func callID(param, text string) (ident.ID, error) {
	id, err := ident.ParseID(text)
	if err != nil {
		return id, fault.New(fault.Invalid, "invalid_id", "this is not the id of a call").
			Hinted("it looks like call_01k...; list them with: steward calls list").At(param)
	}
	return id, nil
}

func (s *Server) listCalls(ctx context.Context, in *listInput) (*body[client.CallPage], error) {
	q, err := in.query()
	if err != nil {
		return nil, failed(err)
	}
	page := client.CallPage{Calls: []client.Call{}}
	// A status is no column that the store filters by, so pages are read until
	// enough calls have it. One more than asked for says whether more follow.
	q.Limit = in.Limit + 1
	if in.Status != 0 {
		q.Limit = client.PageSize
	}
	for {
		found, err := s.Calls.List(ctx, q)
		if err != nil {
			return nil, failed(err)
		}
		for i := range found {
			c := &found[i]
			if in.Status != 0 && c.Status != in.Status {
				continue
			}
			if len(page.Calls) == in.Limit {
				page.Next = page.Calls[in.Limit-1].ID
				return &body[client.CallPage]{page}, nil
			}
			page.Calls = append(page.Calls, calls.NewView(c))
		}
		if len(found) < q.Limit {
			return &body[client.CallPage]{page}, nil
		}
		q.Before = found[len(found)-1].ID
	}
}

func (s *Server) showCall(ctx context.Context, in *struct {
	ID      string `path:"id"`
	Content bool   `query:"content" doc:"With what was said"`
}) (*body[client.CallDetail], error) {
	id, err := callID("id", in.ID)
	if err != nil {
		return nil, failed(err)
	}
	c, err := s.Calls.Show(ctx, id)
	if err != nil {
		return nil, failed(err)
	}
	d := showCall(&c)
	if in.Content && c.Content != (record.ContentRef{}) {
		content, err := s.Contents.Content(ctx, &c)
		switch {
		case err == nil:
			d.Content = showContent(&content)
		case !fault.Is(err, fault.NotFound):
			return nil, failed(err)
		}
	}
	return &body[client.CallDetail]{d}, nil
}

// showCall returns everything about c but its content.
func showCall(c *record.Call) client.CallDetail {
	d := client.CallDetail{
		Call: calls.NewView(c),
		Timings: client.Timings{Queue: c.QueueMicros, FirstByte: c.FirstByteMicros,
			FirstToken: c.FirstTokenMicros, Total: c.TotalMicros},
		Tries: []client.Try{}, Usage: showUsage(&c.Usage), Reported: c.Usage.Reported,
		ErrorKind: c.ErrorKind, Reply: c.Reported, Deployment: c.Deployment, Variant: c.Variant,
		Cache: c.Cache, UserAgent: c.UserAgent, SpanID: c.SpanID, ParentSpan: c.ParentSpanID,
		Tier: c.Usage.ServiceTier, Sent: c.RequestBytes, Received: c.ResponseBytes,
	}
	for _, a := range c.Attempts {
		d.Tries = append(d.Tries, client.Try{Provider: a.Provider, Model: a.Model, Start: a.StartMicros,
			Duration: a.DurationMicros, Status: a.Status, Error: a.ErrorCode, ErrorKind: a.ErrorKind,
			RequestID: a.RequestID, CostNano: int64(a.Cost)})
	}
	for _, o := range c.Usage.Others {
		d.OtherUsage = append(d.OtherUsage, client.OtherUsage{Model: o.Model, Usage: showUsage(&o.Usage)})
	}
	if c.CeilingSet {
		n := int64(c.Ceiling)
		d.CeilingNano = &n
	}
	return d
}

func showUsage(u *llm.Usage) map[string]int64 {
	m := map[string]int64{}
	for q, n := range u.N {
		if n != 0 {
			m[llm.Quantity(q).String()] = n
		}
	}
	return m
}

func showContent(c *record.Content) *client.Content {
	v := &client.Content{RequestType: c.RequestType, ResponseType: c.ResponseType, Encoding: "text"}
	if utf8.Valid(c.Request) && utf8.Valid(c.Response) && !isMedia(c.RequestType) && !isMedia(c.ResponseType) {
		v.Request, v.Response = string(c.Request), string(c.Response)
		return v
	}
	v.Encoding = "base64"
	v.Request = base64.StdEncoding.EncodeToString(c.Request)
	v.Response = base64.StdEncoding.EncodeToString(c.Response)
	return v
}

func isMedia(contentType string) bool {
	for _, head := range []string{"audio/", "image/", "video/", "application/octet-stream"} {
		if strings.HasPrefix(contentType, head) {
			return true
		}
	}
	return false
}
