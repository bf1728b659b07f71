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
	s.analytics(api)
	s.traces(api)
}

// Span is the time that a query is about.
type Span struct {
	From string `query:"from" doc:"Inclusive: RFC 3339, YYYY-MM-DD (UTC), or how long ago: -24h, -7d"`
	To   string `query:"to" doc:"Exclusive: as from, or now"`
}

func (p *Span) times(now time.Time) (from, to time.Time, err error) {
	if from, err = moment("from", p.From, now); err != nil {
		return from, to, err
	}
	to, err = moment("to", p.To, now)
	return from, to, err
}

func moment(name, text string, now time.Time) (time.Time, error) {
	switch text {
	case "":
		return time.Time{}, nil
	case "now":
		return now, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	if d, ok := calls.ParseAgo(text); ok {
		return now.Add(-d), nil
	}
	return time.Time{}, fault.New(fault.Invalid, "invalid_time", "%s is not a time", name).
		Hinted("write 2026-11-23, 2026-11-23T14:03:00Z, -24h or -7d").At(name)
}

// Scope says whose calls a query is about.
type Scope struct {
	Provider string `query:"provider"`
	Model    string `query:"model" doc:"Served or asked model; a trailing * matches any ending"`
	Project  string `query:"project"`
	Team     string `query:"team"`
	Key      string `query:"key" doc:"Id or name of a key"`
}

type listInput struct {
	Span
	Scope
	Query     string `query:"query" doc:"What calls must be, in the query language: model:gpt-5* status:error cost:>0.01"`
	Spans     bool   `query:"spans" doc:"With the spans that sums do not count"`
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

func (in *listInput) query(now time.Time) (calls.Query, error) {
	q := calls.Query{Limit: in.Limit, Spans: in.Spans}
	var err error
	if q.From, q.To, err = in.times(now); err != nil {
		return q, err
	}
	filter, err := calls.Parse(in.Query, now)
	if err != nil {
		return q, err
	}
	list := []calls.Expr{filter}
	for name, value := range map[string]string{"provider": in.Provider, "model": in.Model, "project": in.Project, "team": in.Team, "key": in.Key,
		"subject": in.Subject, "session": in.Session, "operation": in.Operation, "status": in.Outcome} {
		list = append(list, equal(name, value))
	}
	if in.TraceID != "" { // the calls of a trace; its other spans are asked for by the query, or with spans
		list = append(list, equal("trace", in.TraceID))
		if !in.Spans && !calls.Mentions(filter, "kind", "counted", "id", "trace", "span", "parent") {
			list = append(list, &calls.Cond{Field: fieldOf("counted"), Low: 1})
		}
	}
	if in.Errors {
		list = append(list, calls.Not{X: equal("status", string(record.OK))})
	}
	if in.Status != 0 {
		list = append(list, &calls.Cond{Field: fieldOf("http_status"), Low: int64(in.Status)})
	}
	q.Filter = calls.All(list...)
	if in.Before != "" {
		q.Before, err = callID("before", in.Before)
	}
	return q, err
}

func fieldOf(name string) *calls.Field {
	f, _ := calls.FieldOf(name)
	return f
}

// equal is the condition that a field has a value; a trailing * of a model stands
// for any ending. Nil where the value is empty.
func equal(name, value string) calls.Expr {
	if value == "" {
		return nil
	}
	c := &calls.Cond{Field: fieldOf(name), Text: value}
	if head, ok := strings.CutSuffix(value, "*"); ok && name == "model" {
		c.Op, c.Text = calls.Like, plain.Replace(head)+"*"
	}
	return c
}

// plain makes a text stand for itself in a pattern.
var plain = strings.NewReplacer(`\`, `\\`, `*`, `\*`)

func callID(param, text string) (ident.ID, error) {
	id, err := ident.ParseID(text)
	if err != nil {
		return id, fault.New(fault.Invalid, "invalid_id", "this is not the id of a call").
			Hinted("it looks like call_01k...; list them with: steward calls list").At(param)
	}
	return id, nil
}

func (s *Server) listCalls(ctx context.Context, in *listInput) (*body[client.CallPage], error) {
	q, err := in.query(s.Now())
	if err != nil {
		return nil, failed(err)
	}
	q.Limit = in.Limit + 1 // one more than asked for says whether more follow
	found, err := s.Calls.List(ctx, q)
	if err != nil {
		return nil, failed(err)
	}
	page := client.CallPage{Calls: []client.Call{}, Partial: found.Partial, Reason: found.Reason}
	if found.Partial {
		page.Next = found.Next.Text("call")
	}
	for i := range found.Rows {
		if i == in.Limit {
			page.Next, page.Partial, page.Reason = page.Calls[i-1].ID, false, ""
			break
		}
		page.Calls = append(page.Calls, calls.NewView(&found.Rows[i]))
	}
	return &body[client.CallPage]{page}, nil
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
		content, err := s.Contents.Content(ctx, &c.Call)
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
func showCall(c *calls.Row) client.CallDetail {
	d := client.CallDetail{
		Call: calls.NewView(c),
		Timings: client.Timings{Queue: c.QueueMicros, FirstByte: c.FirstByteMicros,
			FirstToken: c.FirstTokenMicros, Total: c.TotalMicros},
		Tries: []client.Try{}, Usage: showUsage(&c.Usage), Reported: c.Usage.Reported,
		ErrorKind: c.ErrorKind, Reply: c.Reported, Deployment: c.Deployment, Variant: c.Variant,
		UserAgent: c.UserAgent,
		Tier:      c.Usage.ServiceTier, Sent: c.RequestBytes, Received: c.ResponseBytes,
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
