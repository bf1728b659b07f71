package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/api/apitest"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/record"
)

func serve(t *testing.T, h http.Handler) *client.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return &client.Client{URL: srv.URL + "/", Token: apitest.Token}
}

func TestWholeAPI(t *testing.T) {
	ctx := t.Context()
	w := apitest.New(apitest.Noon)
	w.Samples()
	c := serve(t, w.Server().Handler())

	k, err := c.CreateKey(ctx, client.NewKey{Name: "app", Project: "web"})
	if err != nil || k.Secret == "" || k.Project != "web" {
		t.Fatalf("CreateKey = %+v, %v", k, err)
	}
	if n, err := c.RotateKey(ctx, k.ID, time.Hour); err != nil || n.ID == k.ID {
		t.Errorf("RotateKey = %+v, %v", n, err)
	}
	if err := c.RevokeKey(ctx, k.ID); err != nil {
		t.Error(err)
	}
	if keys, err := c.Keys(ctx); err != nil || len(keys) != 2 || keys[0].State != "revoked" {
		t.Errorf("Keys = %+v, %v", keys, err)
	}
	if p, err := c.Providers(ctx); err != nil || len(p) != 2 {
		t.Errorf("Providers = %+v, %v", p, err)
	}
	if p, err := c.TestProvider(ctx, "sim"); err != nil || !p.OK {
		t.Errorf("TestProvider = %+v, %v", p, err)
	}
	if m, err := c.Models(ctx); err != nil || len(m) != 3 {
		t.Errorf("Models = %+v, %v", m, err)
	}
	if s, err := c.Status(ctx); err != nil || s.Version != "1.2.3" {
		t.Errorf("Status = %+v, %v", s, err)
	}
	if p, err := c.SetPrices(ctx, []client.NewPrice{{Provider: "lab", Model: "a/b c", Rates: map[string]string{"input": "1"}}}); err != nil || len(p) != 1 {
		t.Errorf("SetPrices = %+v, %v", p, err)
	}
	if p, err := c.Price(ctx, "lab", "a/b c"); err != nil || p.Model != "a/b c" {
		t.Errorf("Price = %+v, %v", p, err)
	}
	if l, err := c.Prices(ctx, client.PriceQuery{Source: "override"}); err != nil || len(l.Prices) != 1 {
		t.Errorf("Prices = %+v, %v", l, err)
	}
	r, err := c.CostReport(ctx, client.ReportQuery{By: []string{"project", "provider"}, Project: "web", From: apitest.Noon().Add(-time.Hour)})
	if err != nil || len(r.Rows) != 2 || r.TotalNano != 375_000 || r.Unpriced != 1 || r.From != "2026-11-23T11:00:00Z" {
		t.Errorf("CostReport = %+v, %v", r, err)
	}
	d, err := c.Call(ctx, apitest.ID(apitest.Noon(), 1).Text("call"), true)
	if err != nil || d.Content == nil || len(d.Tries) != 1 || d.Model != "small" {
		t.Errorf("Call = %+v, %v", d, err)
	}
}

func TestCallsFetchesWhatIsAskedForAndNoMore(t *testing.T) {
	w := apitest.New(apitest.Noon)
	for n := range uint16(2345) {
		w.Add(record.Call{ID: apitest.ID(apitest.Noon(), n), Time: apitest.Noon().UnixMicro(), Outcome: record.OK}, nil)
	}
	requests := 0
	inner := w.Server().Handler()
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		inner.ServeHTTP(w, r)
	}))
	for name, tt := range map[string]struct{ limit, stop, calls, requests int }{
		"all":                 {0, 0, 2345, 3},
		"a page":              {1000, 0, 1000, 1},
		"more than a page":    {1001, 0, 1001, 2},
		"more than there are": {9999, 0, 2345, 3},
		"until enough":        {0, 3, 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			requests = 0
			seen := map[string]bool{}
			for call, err := range c.Calls(t.Context(), client.CallQuery{Limit: tt.limit}) {
				if err != nil {
					t.Fatal(err)
				}
				seen[call.ID] = true
				if len(seen) == tt.stop {
					break
				}
			}
			if len(seen) != tt.calls || requests != tt.requests {
				t.Errorf("%d calls in %d requests, want %d in %d", len(seen), requests, tt.calls, tt.requests)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	problem := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
	tests := map[string]struct {
		h    http.Handler
		kind fault.Kind
		want client.Error
	}{
		"a problem": {problem(404, `{"status":404,"code":"key_not_found","detail":"there is no key","hint":"list them","param":"id"}`), fault.NotFound,
			client.Error{Status: 404, Code: "key_not_found", Message: "there is no key", Hint: "list them", Param: "id"}},
		"a request that does not fit": {problem(422, `{"status":422,"code":"invalid_request","detail":"validation failed","errors":[{"location":"body.name","message":"too short"},{"message":"odd"}]}`), fault.Invalid,
			client.Error{Status: 422, Code: "invalid_request", Message: "validation failed: body.name: too short; odd"}},
		"not signed in": {problem(401, `{"code":"invalid_token","detail":"no"}`), fault.Unauthenticated, client.Error{Status: 401, Code: "invalid_token", Message: "no"}},
		"not allowed":   {problem(403, `{"code":"cross_site","detail":"no"}`), fault.Denied, client.Error{Status: 403, Code: "cross_site", Message: "no"}},
		"not ready":     {problem(503, `{"code":"busy","detail":"no"}`), fault.Unavailable, client.Error{Status: 503, Code: "busy", Message: "no"}},
		"a page of something else": {problem(502, `<html>bad gateway</html>`), fault.Upstream,
			client.Error{Status: 502, Code: "bad_answer", Message: "the server answered 502 without saying why",
				Hint: "check that the address is a Steward's, and what stands between"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := serve(t, tt.h).Keys(t.Context())
			got, ok := errors.AsType[*client.Error](err)
			if !ok {
				t.Fatalf("error is %v of type %T", err, err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Error(diff)
			}
			if !fault.Is(err, tt.kind) {
				t.Errorf("kind is %v, want %v", fault.As(err).Kind, tt.kind)
			}
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	c := &client.Client{URL: srv.URL, Token: "t0ken"}
	_, err := c.Prices(t.Context(), client.PriceQuery{Search: "secret search"})
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Code != "server_unreachable" || e.Status != 0 || !fault.Is(err, fault.Unavailable) || e.Hint == "" {
		t.Errorf("error is %+v", err)
	}
	if text := fmt.Sprint(err, e.Err); strings.Contains(text, "secret") || strings.Contains(text, "t0ken") {
		t.Errorf("the error says too much: %s", text)
	}
	c.URL = "http://bad host"
	if _, err := c.Keys(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("error is %v", err)
	}
}

func TestAnswerThatIsNotOurs(t *testing.T) {
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>hello</html>") }))
	if _, err := c.Keys(t.Context()); !fault.Is(err, fault.Upstream) {
		t.Errorf("error is %v", err)
	}
}

func TestContextEndsARequest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	if _, err := c.Keys(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestTail(t *testing.T) {
	w := apitest.New(apitest.Noon)
	c := serve(t, w.Server().Handler())
	go func() {
		<-w.Joined()
		for n := range uint16(3) {
			w.Add(record.Call{ID: apitest.ID(apitest.Noon(), n), Asked: fmt.Sprint(n)}, nil)
		}
		<-w.Joined()
		w.Add(record.Call{ID: apitest.ID(apitest.Noon(), 9), Asked: "9"}, nil)
		w.Hush()
	}()
	var got []string
	for call, err := range c.Tail(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, call.Asked); len(got) == 2 {
			break
		}
	}
	for call, err := range c.Tail(t.Context()) {
		if err != nil {
			if e, ok := errors.AsType[*client.Error](err); !ok || e.Code != "stream_closed" {
				t.Errorf("error is %v", err)
			}
			break
		}
		got = append(got, call.Asked)
	}
	if diff := cmp.Diff([]string{"0", "1", "9"}, got); diff != "" {
		t.Error(diff)
	}
	c.Token = "other"
	for _, err := range c.Tail(t.Context()) {
		if !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("error is %v", err)
		}
	}
}
