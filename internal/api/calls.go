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
		Summary:     "List calls, newest first",
		Description: "In pages: pass next as before. All that is said must hold of a call. A search for what was said may end early; then partial is true, and next goes on where it ended.",
		Tags:        []string{"calls"}}, s.listCalls)
	huma.Register(api, huma.Operation{OperationID: "show-call", Method: http.MethodGet, Path: "/api/calls/{id}",
		Summary: "Show one call", Tags: []string{"calls"}}, s.showCall)
	s.tail(api)
}

// Asked is a text of the query language.
type Asked struct {
	Query string `query:"query" doc:"In the query language: model:gpt-5* status:error cost:>0.01 tag.team:search -env:dev \"refund policy\""`
	Spans bool   `query:"spans" doc:"Rows that sums do not count, too: spans without a model, and those that say again what another row says"`
}

// expr returns what the query says.
func (q *Asked) expr(now time.Time) (calls.Expr, error) { return parse("query", q.Query, now) }

// parse reads the parameter of that name as a text of the query language.
func parse(param, text string, now time.Time) (calls.Expr, error) {
	e, err := calls.Parse(text, now)
	if err == nil {
		return e, nil
	}
	f := *fault.As(err)
	return nil, f.At(param)
}

// Scope says whose calls a query is about.
type Scope struct {
	Provider string `query:"provider"`
	Model    string `query:"model" doc:"Served or asked model; a trailing * matches any ending"`
	Project  string `query:"project"`
	Team     string `query:"team"`
	Key      string `query:"key" doc:"Id of a key"`
}

// expr returns what the scope says.
func (p *Scope) expr() calls.Expr {
	return calls.All(is("provider", p.Provider), fits("model", p.Model), is("project", p.Project), is("team", p.Team), is("key", p.Key))
}

// is returns the condition that a field has a value; nil for an empty one.
func is(field, value string) calls.Expr {
	if value == "" {
		return nil
	}
	f, _ := calls.FieldOf(field)
	return &calls.Cond{Field: f, Text: value}
}

// fits is as is, but that a trailing star matches any ending.
func fits(field, pattern string) calls.Expr {
	head, ok := strings.CutSuffix(pattern, "*")
	if !ok {
		return is(field, pattern)
	}
	f, _ := calls.FieldOf(field)
	return &calls.Cond{Field: f, Op: calls.Like, Text: strings.NewReplacer(`\`, `\\`, `*`, `\*`).Replace(head) + "*"}
}

type listInput struct {
	Span
	Asked
	Scope
	Subject   string `query:"subject"`
	Session   string `query:"session"`
	TraceID   string `query:"trace_id" doc:"All of a trace: rows that sums do not count, too"`
	Operation string `query:"operation"`
	Outcome   string `query:"outcome" enum:"ok,error,cancelled,interrupted"`
	Errors    bool   `query:"errors" doc:"Only calls that did not end ok"`
	Status    int    `query:"status" minimum:"0" maximum:"599" doc:"HTTP status that the caller got"`
	Before    string `query:"before" doc:"Only calls older than the one with this id: the next of the page before"`
	Limit     int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}

func (in *listInput) query(now time.Time) (calls.Query, error) {
	q := calls.Query{Spans: in.Spans, Limit: in.Limit}
	asked, err := in.Asked.expr(now)
	if err != nil {
		return q, err
	}
	q.Filter = calls.All(asked, in.Scope.expr(), is("subject", in.Subject), is("session", in.Session), is("trace", in.TraceID),
		is("operation", in.Operation), is("status", in.Outcome))
	if in.Errors {
		q.Filter = calls.All(q.Filter, calls.Not{X: is("status", string(record.OK))})
	}
	if in.Status != 0 {
		f, _ := calls.FieldOf("http_status")
		q.Filter = calls.All(q.Filter, &calls.Cond{Field: f, Low: int64(in.Status)})
	}
	if q.From, q.To, err = in.times(now); err != nil {
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
	q, err := in.query(s.Now())
	if err != nil {
		return nil, failed(err)
	}
	q.Limit++ // one more than asked for says whether more follow
	found, err := s.Calls.List(ctx, q)
	if err != nil {
		return nil, failed(err)
	}
	page := client.CallPage{Calls: []client.Call{}}
	switch {
	case len(found.Rows) > in.Limit:
		found.Rows = found.Rows[:in.Limit]
		page.Next = found.Rows[in.Limit-1].ID.Text("call")
	case found.Partial:
		page.Partial, page.Reason = true, found.Reason
		if !found.Next.IsZero() {
			page.Next = found.Next.Text("call")
		}
	}
	for i := range found.Rows {
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
		UserAgent: c.UserAgent, Tier: c.Usage.ServiceTier, Sent: c.RequestBytes, Received: c.ResponseBytes,
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
	v := &client.Content{RequestType: c.RequestType, ResponseType: c.ResponseType, Encoding: "text",
		RequestCut: c.RequestCut, ResponseCut: c.ResponseCut, Raw: base64.StdEncoding.EncodeToString(c.Raw)}
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
