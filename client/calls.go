package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/steward-llmops/steward/internal/wire/sse"
)

// CallQuery selects calls, newest first. Zero fields do not restrict.
type CallQuery struct {
	Query                       string    // in the query language (docs/reference/query-language.md)
	Spans                       bool      // rows that sums do not count, too
	From, To                    time.Time // From inclusive, To exclusive
	Provider, Model             string    // a trailing "*" of Model matches any ending
	Project, Team, Key, Subject string
	Session, TraceID            string
	Operation                   string
	Outcome                     string // ok, error, cancelled, interrupted
	Errors                      bool   // only calls that did not end ok
	Status                      int    // HTTP status that the caller got
	Before                      string // only calls older than the one with this id
	Limit                       int    // 0: all
}

func (q *CallQuery) values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	if !q.From.IsZero() {
		v.Set("from", q.From.UTC().Format(time.RFC3339Nano))
	}
	if !q.To.IsZero() {
		v.Set("to", q.To.UTC().Format(time.RFC3339Nano))
	}
	set("query", q.Query)
	set("provider", q.Provider)
	set("model", q.Model)
	set("project", q.Project)
	set("team", q.Team)
	set("key", q.Key)
	set("subject", q.Subject)
	set("session", q.Session)
	set("trace_id", q.TraceID)
	set("operation", q.Operation)
	set("outcome", q.Outcome)
	set("before", q.Before)
	if q.Spans {
		v.Set("spans", "true")
	}
	if q.Errors {
		v.Set("errors", "true")
	}
	if q.Status != 0 {
		v.Set("status", strconv.Itoa(q.Status))
	}
	return v
}

// PageSize is the most calls that one page holds.
const PageSize = 1000

// CallPage returns one page of at most PageSize calls.
func (c *Client) CallPage(ctx context.Context, q CallQuery) (CallPage, error) {
	v := q.values()
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(min(q.Limit, PageSize)))
	} else {
		v.Set("limit", strconv.Itoa(PageSize))
	}
	var page CallPage
	err := c.do(ctx, http.MethodGet, "/api/calls", v, nil, &page)
	return page, err
}

// Calls yields the calls that q selects, fetching page after page, past those that end
// early too: a search for a rare text may take long. It ends with an error where a page
// cannot be had.
func (c *Client) Calls(ctx context.Context, q CallQuery) iter.Seq2[Call, error] {
	return func(yield func(Call, error) bool) {
		left := q.Limit
		for {
			page, err := c.CallPage(ctx, q)
			if err != nil {
				yield(Call{}, err)
				return
			}
			for _, call := range page.Calls {
				if !yield(call, nil) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Before, q.Limit = page.Next, max(left, 0)
		}
	}
}

// Call returns one call; with content, what was said is in it where it is kept.
func (c *Client) Call(ctx context.Context, id string, content bool) (CallDetail, error) {
	v := url.Values{}
	if content {
		v.Set("content", "true")
	}
	var d CallDetail
	err := c.do(ctx, http.MethodGet, "/api/calls/"+url.PathEscape(id), v, nil, &d)
	return d, err
}

// TailQuery selects calls as they end. The zero query takes all that sums count.
type TailQuery struct {
	Query string // in the query language
	Spans bool   // rows that sums do not count, too
}

// Tail yields calls as they end, until ctx ends or the server closes the stream,
// which is an error of code "stream_closed".
func (c *Client) Tail(ctx context.Context) iter.Seq2[Call, error] {
	return c.TailQuery(ctx, TailQuery{})
}

// TailQuery is Tail for the calls that q selects.
func (c *Client) TailQuery(ctx context.Context, q TailQuery) iter.Seq2[Call, error] {
	return func(yield func(Call, error) bool) {
		some := CallQuery{Query: q.Query, Spans: q.Spans}
		resp, err := c.send(ctx, http.MethodGet, "/api/calls/tail", some.values(), nil)
		if err != nil {
			yield(Call{}, err)
			return
		}
		defer resp.Body.Close()
		var split sse.Splitter
		buf := make([]byte, 32<<10)
		stopped := false
		for {
			n, err := resp.Body.Read(buf)
			split.Feed(buf[:n], func(name string, data []byte, _ int) {
				if stopped || name != "call" {
					return
				}
				var call Call
				if json.Unmarshal(data, &call) == nil {
					stopped = !yield(call, nil)
				}
			})
			switch {
			case stopped:
				return
			case err != nil && ctx.Err() != nil:
				yield(Call{}, ctx.Err())
				return
			case err != nil:
				yield(Call{}, &Error{Code: "stream_closed", Message: "the server closed the stream of calls",
					Hint: "see whether it still runs: steward doctor", Err: err})
				return
			}
		}
	}
}
