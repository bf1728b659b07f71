// Package client is the Go client of Steward's admin API: keys, calls and
// questions about them, traces, sessions, costs, providers, models, prices, metrics and
// the server's state. It is the one package of the
// module that other modules may import.
//
//	c := &client.Client{URL: "http://127.0.0.1:8080", Token: token}
//	for call, err := range c.Calls(ctx, client.CallQuery{Limit: 100}) { ... }
//
// Every error is an *Error with a stable code, or the context's.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
)

// Client speaks to one server. It is safe for concurrent use.
type Client struct {
	URL   string       // such as http://127.0.0.1:8080
	Token string       // the admin token; empty: none is sent
	HTTP  *http.Client // nil: http.DefaultClient

	header http.Header // what Idempotent and IfMatch set
}

// Idempotent returns a client whose next change is made once: sent again with the same
// key and the same body, within 24 hours and to the same process, the server gives the
// first answer again. Use one key for one change.
func (c *Client) Idempotent(key string) *Client { return c.with("Idempotency-Key", key) }

// IfMatch returns a client whose change is made only if what it changes still has this
// ETag; else it is an Error of code "precondition_failed".
func (c *Client) IfMatch(etag string) *Client { return c.with("If-Match", etag) }

func (c *Client) with(name, value string) *Client {
	d := *c
	d.header = c.header.Clone()
	if d.header == nil {
		d.header = http.Header{}
	}
	d.header.Set(name, value)
	return &d
}

// Error is what went wrong, as the server or the network said it.
type Error struct {
	Status  int    // HTTP status; 0: the server was not reached
	Code    string // stable, snake_case; "server_unreachable" where the server was not reached
	Message string // one sentence, lower case, no period
	Hint    string // what to do next; may be empty
	Param   string // the field at fault; may be empty
	Err     error  // the network's error where Status is 0
}

// Error returns the sentence.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the error as Steward's own programs know it.
func (e *Error) Unwrap() error {
	kind := fault.KindOfStatus(e.Status)
	if e.Status == 0 {
		kind = fault.Unavailable
	}
	return &fault.Error{Kind: kind, Code: e.Code, Message: e.Message, Hint: e.Hint, Param: e.Param, Err: e.Err}
}

// maxAnswer bounds an answer that is read whole, so that a server that is not
// ours cannot fill the memory.
const maxAnswer = 256 << 20

// do sends a request with in as its JSON body (nil: none) and reads the JSON
// answer into out (nil: it is dropped).
func (c *Client) do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	resp, err := c.send(ctx, method, path, query, in)
	if err != nil {
		return err
	}
	return c.read(ctx, resp, method, path, out)
}

// read reads the JSON answer into out (nil: it is dropped) and closes it.
func (c *Client) read(ctx context.Context, resp *http.Response, method, path string, out any) error {
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &Error{Status: http.StatusBadGateway, Code: "bad_answer", Err: err,
			Message: fmt.Sprintf("the answer to %s %s is not what Steward sends", method, path),
			Hint:    "check that " + c.URL + " is a Steward of this version"}
	}
	return nil
}

// send sends a request; the answer has a status below 300 and must be closed.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode the body of %s %s: %w", method, path, err)
		}
		body = bytes.NewReader(b)
	}
	target := strings.TrimRight(c.URL, "/") + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, &Error{Code: "bad_url", Message: fmt.Sprintf("%q is not the address of a server", c.URL),
			Hint: "write http://host:port", Err: err}
	}
	for name, values := range c.header {
		req.Header[name] = values
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	hc := c.HTTP
	if hc == nil {
		hc = http.DefaultClient
	}
	resp, err := hc.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		cause := err
		if ue, ok := errors.AsType[*url.Error](err); ok {
			cause = ue.Err // without the URL, whose query may say more than it should
		}
		return nil, &Error{Code: "server_unreachable", Message: "no server answers at " + c.URL,
			Hint: "start one with: steward up; or name another with --url", Err: cause}
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return nil, readError(resp)
	}
	return resp, nil
}

// readError reads an error answer, be it ours or that of something in between.
func readError(resp *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	var p Problem
	if json.Unmarshal(b, &p) != nil || p.Code == "" {
		return &Error{Status: resp.StatusCode, Code: "bad_answer",
			Message: fmt.Sprintf("the server answered %d without saying why", resp.StatusCode),
			Hint:    "check that the address is a Steward's, and what stands between"}
	}
	e := &Error{Status: resp.StatusCode, Code: p.Code, Message: p.Detail, Hint: p.Hint, Param: p.Param}
	if len(p.Errors) > 0 {
		details := make([]string, len(p.Errors))
		for i, f := range p.Errors {
			details[i] = strings.TrimPrefix(f.Location+": ", ": ") + f.Message
		}
		e.Message += ": " + strings.Join(details, "; ")
	}
	return e
}
