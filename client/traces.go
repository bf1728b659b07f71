package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// TraceQuery selects traces or sessions by the calls in them. Zero fields do not
// restrict, but for the time: the last 24 hours.
type TraceQuery struct {
	From, To time.Time
	Query    string // in the query language
	Limit    int    // 0: 50
}

func (q *TraceQuery) values() url.Values {
	v := within(q.From, q.To)
	setAll(v, map[string]string{"query": q.Query, "limit": number(q.Limit)})
	return v
}

// Traces returns traces, newest first.
func (c *Client) Traces(ctx context.Context, q TraceQuery) (TraceList, error) {
	var l TraceList
	err := c.do(ctx, http.MethodGet, "/api/traces", q.values(), nil, &l)
	return l, err
}

// Trace returns one trace with at most limit rows (0: 10,000); compact, its rows are in
// short.
func (c *Client) Trace(ctx context.Context, id string, limit int, compact bool) (Trace, error) {
	v := url.Values{}
	setAll(v, map[string]string{"limit": number(limit)})
	if compact {
		v.Set("compact", "true")
	}
	var t Trace
	err := c.do(ctx, http.MethodGet, "/api/traces/"+url.PathEscape(id), v, nil, &t)
	return t, err
}

// Sessions returns sessions, the one with the newest call first.
func (c *Client) Sessions(ctx context.Context, q TraceQuery) (SessionList, error) {
	var l SessionList
	err := c.do(ctx, http.MethodGet, "/api/sessions", q.values(), nil, &l)
	return l, err
}

// Session returns one session with at most limit traces (0: 1,000).
func (c *Client) Session(ctx context.Context, id string, limit int) (SessionDetail, error) {
	v := url.Values{}
	setAll(v, map[string]string{"limit": number(limit)})
	var s SessionDetail
	err := c.do(ctx, http.MethodGet, "/api/sessions/"+url.PathEscape(id), v, nil, &s)
	return s, err
}
