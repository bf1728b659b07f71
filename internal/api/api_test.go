package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/api/apitest"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/record"
)

func world(t *testing.T) (*apitest.World, http.Handler) {
	t.Helper()
	w := apitest.New(apitest.Noon)
	w.Samples()
	return w, w.Server().Handler()
}

// ask sends one request with the admin token, unless headers say otherwise.
func ask(h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = "127.0.0.1:8080", "127.0.0.1:5000"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if len(headers) == 0 {
		headers = []string{"Authorization", "Bearer " + apitest.Token}
	}
	for i := 0; i < len(headers); i += 2 {
		switch headers[i] {
		case "Host":
			r.Host = headers[i+1]
		case "Remote":
			r.RemoteAddr = headers[i+1]
		default:
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder, status int) T {
	t.Helper()
	var v T
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return v
}

func TestWhoMayPass(t *testing.T) {
	const sign = `{"token":"` + apitest.Token + `"}`
	tests := map[string]struct {
		method, path, body string
		headers            []string
		status             int
		code               string
	}{
		"the admin token":                         {"GET", "/api/keys", "", nil, 200, ""},
		"the scheme in another case":              {"GET", "/api/keys", "", []string{"Authorization", "bearer " + apitest.Token}, 200, ""},
		"another token":                           {"GET", "/api/keys", "", []string{"Authorization", "Bearer other"}, 401, "invalid_token"},
		"an empty token":                          {"GET", "/api/keys", "", []string{"Authorization", "Bearer "}, 401, "invalid_token"},
		"a token without a scheme":                {"GET", "/api/keys", "", []string{"Authorization", apitest.Token}, 401, "invalid_token"},
		"nothing":                                 {"GET", "/api/keys", "", []string{"X", "y"}, 401, "not_signed_in"},
		"nothing, on a path that is not there":    {"GET", "/api/nothing", "", []string{"X", "y"}, 401, "not_signed_in"},
		"an unknown cookie":                       {"GET", "/api/keys", "", []string{"Cookie", "steward_session=x"}, 401, "no_session"},
		"the description is open":                 {"GET", "/api/openapi.json", "", []string{"X", "y"}, 200, ""},
		"whether one is signed in is open":        {"GET", "/api/session", "", []string{"X", "y"}, 200, ""},
		"a sign-in from our own page":             {"POST", "/api/session", sign, []string{"Sec-Fetch-Site", "same-origin"}, 200, ""},
		"a sign-in from another site":             {"POST", "/api/session", sign, []string{"Sec-Fetch-Site", "cross-site"}, 403, "cross_site"},
		"a sign-in with a wrong token":            {"POST", "/api/session", `{"token":"x"}`, []string{"X-Steward-CSRF", "1"}, 401, "invalid_link"},
		"a first visit from another machine":      {"POST", "/api/session", `{"token":"` + apitest.Visit + `"}`, []string{"X-Steward-CSRF", "1", "Remote", "192.0.2.7:5"}, 403, "not_loopback"},
		"a first visit through a proxy":           {"POST", "/api/session", `{"token":"` + apitest.Visit + `"}`, []string{"X-Steward-CSRF", "1", "X-Forwarded-For", "192.0.2.7"}, 403, "not_loopback"},
		"a first visit under another site's name": {"POST", "/api/session", `{"token":"` + apitest.Visit + `"}`, []string{"X-Steward-CSRF", "1", "Host", "evil.example:8080"}, 403, "not_loopback"},
		"a first visit":                           {"POST", "/api/session", `{"token":"` + apitest.Visit + `"}`, []string{"X-Steward-CSRF", "1"}, 200, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, h := world(t)
			w := ask(h, tt.method, tt.path, tt.body, tt.headers...)
			if tt.code == "" {
				if w.Code != tt.status {
					t.Fatalf("status %d, want %d: %s", w.Code, tt.status, w.Body)
				}
				return
			}
			p := decode[client.Problem](t, w, tt.status)
			if p.Code != tt.code || p.Status != tt.status || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("problem %+v as %q; want code %s", p, w.Header().Get("Content-Type"), tt.code)
			}
			if strings.Contains(w.Body.String(), apitest.Token) {
				t.Errorf("the answer holds the token: %s", w.Body)
			}
		})
	}
}

func TestServerWithoutTokenAdmitsNobody(t *testing.T) {
	s := apitest.New(apitest.Noon).Server()
	s.Token = ""
	if w := ask(s.Handler(), "GET", "/api/keys", "", "Authorization", "Bearer "); w.Code != 401 {
		t.Errorf("an empty token passed: %d", w.Code)
	}
}

func TestSession(t *testing.T) {
	_, h := world(t)
	in := ask(h, "POST", "/api/session", `{"token":"`+apitest.Visit+`"}`, "X-Steward-CSRF", "1")
	if s := decode[client.Session](t, in, 200); !s.SignedIn || s.Expires != "2026-11-24T00:00:00Z" {
		t.Errorf("session is %+v", s)
	}
	cookie := in.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.MaxAge != 12*3600 || cookie.Path != "/api" {
		t.Errorf("cookie is %+v", cookie)
	}
	if w := ask(h, "POST", "/api/session", `{"token":"`+apitest.Visit+`"}`, "X-Steward-CSRF", "1"); w.Code != 401 {
		t.Errorf("the link worked twice: %d", w.Code)
	}
	with := []string{"Cookie", "steward_session=" + cookie.Value}
	if w := ask(h, "GET", "/api/keys", "", with...); w.Code != 200 {
		t.Errorf("reading with the cookie: %d", w.Code)
	}
	if w := ask(h, "POST", "/api/keys", `{"name":"a"}`, with...); w.Code != 403 {
		t.Errorf("writing with the cookie and no header: %d %s", w.Code, w.Body)
	}
	if w := ask(h, "POST", "/api/keys", `{"name":"a"}`, append(with, "Sec-Fetch-Site", "same-site")...); w.Code != 403 {
		t.Errorf("writing from a neighbouring site: %d", w.Code)
	}
	if w := ask(h, "POST", "/api/keys", `{"name":"a"}`, append(with, "X-Steward-CSRF", "1")...); w.Code != 201 {
		t.Errorf("writing with the cookie and the header: %d", w.Code)
	}
	if s := decode[client.Session](t, ask(h, "GET", "/api/session", "", with...), 200); !s.SignedIn {
		t.Error("the session is not seen")
	}
	out := ask(h, "DELETE", "/api/session", "", append(with, "X-Steward-CSRF", "1")...)
	if c := out.Result().Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("signing out leaves %v", c)
	}
	if w := ask(h, "GET", "/api/keys", "", with...); w.Code != 401 {
		t.Errorf("the session lives on: %d", w.Code)
	}
}

func TestKeys(t *testing.T) {
	_, h := world(t)
	k := decode[client.CreatedKey](t, ask(h, "POST", "/api/keys", `{"name":"app","project":"web","models":["sim/*"],"expires":"2027-01-01T00:00:00Z"}`), 201)
	if diff := cmp.Diff(client.CreatedKey{ID: "key_0001", Name: "app", Project: "web", Secret: "sk-steward-test0001", Expires: "2027-01-01T00:00:00Z"}, k); diff != "" {
		t.Error(diff)
	}
	n := decode[client.CreatedKey](t, ask(h, "POST", "/api/keys/key_0001/rotate", `{"grace":"1h"}`), 201)
	if n.ID != "key_0002" || n.Secret == k.Secret {
		t.Errorf("rotated to %+v", n)
	}
	if w := ask(h, "DELETE", "/api/keys/key_0002", ""); w.Code != 204 || w.Body.Len() != 0 {
		t.Errorf("revoke: %d %s", w.Code, w.Body)
	}
	list := decode[client.KeyList](t, ask(h, "GET", "/api/keys", ""), 200)
	if len(list.Keys) != 2 || list.Keys[0].State != "replaced" || list.Keys[0].Expires != "2026-11-23T13:00:00Z" || list.Keys[1].State != "revoked" {
		t.Errorf("keys are %+v", list.Keys)
	}
	if strings.Contains(ask(h, "GET", "/api/keys", "").Body.String(), "test0001") {
		t.Error("the list holds a secret")
	}
}

func TestRequestsThatDoNotFit(t *testing.T) {
	tests := map[string]struct {
		method, path, body string
		status             int
		code, field        string
	}{
		"a key without a name":            {"POST", "/api/keys", `{}`, 422, "invalid_request", "body"},
		"a field that nobody knows":       {"POST", "/api/keys", `{"name":"a","nmae":"hunter2secret"}`, 422, "invalid_request", "body.nmae"},
		"a body that is not JSON":         {"POST", "/api/keys", `{`, 400, "invalid_request", "body"},
		"a time that is none":             {"POST", "/api/keys", `{"name":"a","expires":"soon"}`, 400, "invalid_time", ""},
		"a grace that is none":            {"POST", "/api/keys/key_1/rotate", `{"grace":"-1h"}`, 400, "invalid_duration", ""},
		"a key that is not there":         {"DELETE", "/api/keys/key_9", "", 404, "key_not_found", ""},
		"a limit too high":                {"GET", "/api/calls?limit=5000", "", 422, "invalid_request", "query.limit"},
		"an outcome that is none":         {"GET", "/api/calls?outcome=fine", "", 422, "invalid_request", "query.outcome"},
		"a cursor that is none":           {"GET", "/api/calls?before=x", "", 400, "invalid_id", ""},
		"a from that is no time":          {"GET", "/api/calls?from=then", "", 400, "invalid_time", ""},
		"a call that is no id":            {"GET", "/api/calls/abc", "", 400, "invalid_id", ""},
		"a call that is not there":        {"GET", "/api/calls/call_01k00000000000000000000000", "", 404, "call_not_found", ""},
		"a dimension that is none":        {"GET", "/api/cost/report?by=colour", "", 400, "unknown_dimension", ""},
		"a dimension twice":               {"GET", "/api/cost/report?by=day,day", "", 400, "repeated_dimension", ""},
		"a provider that is not there":    {"POST", "/api/providers/x/test", "", 404, "provider_not_found", ""},
		"a price that is not there":       {"GET", "/api/prices/lab/a/b/c", "", 404, "price_not_found", ""},
		"a rate that nobody knows":        {"POST", "/api/prices", `{"prices":[{"model":"a","rates":{"inptu":"1"}}]}`, 400, "unknown_rate", ""},
		"a rate that is no price":         {"POST", "/api/prices", `{"prices":[{"model":"a","rates":{"input":"1e5"}}]}`, 400, "invalid_price", ""},
		"no rates":                        {"POST", "/api/prices", `{"prices":[{"model":"a","rates":{}}]}`, 400, "invalid_price", ""},
		"no prices":                       {"POST", "/api/prices", `{"prices":[]}`, 422, "invalid_request", "body.prices"},
		"a path that is not there":        {"GET", "/api/nothing", "", 404, "no_such_operation", ""},
		"a method that is not there":      {"PUT", "/api/keys", "", 404, "no_such_operation", ""},
		"a body that is far too large":    {"POST", "/api/keys", `{"name":"` + strings.Repeat("x", 9<<20) + `"}`, 413, "too_large", ""},
		"a language that we do not speak": {"POST", "/api/keys", `name=a`, 400, "invalid_request", "body"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, h := world(t)
			w := ask(h, tt.method, tt.path, tt.body)
			p := decode[client.Problem](t, w, tt.status)
			if p.Code != tt.code || p.Detail == "" || p.Title == "" || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("problem is %+v; want code %s", p, tt.code)
			}
			if tt.field != "" && (len(p.Errors) == 0 || !strings.HasPrefix(p.Errors[0].Location, tt.field)) {
				t.Errorf("errors are %+v; want one at %s", p.Errors, tt.field)
			}
			if strings.Contains(w.Body.String(), "hunter2secret") {
				t.Errorf("the answer echoes a value: %s", w.Body)
			}
		})
	}
}

func TestFaultOfOurOwnSaysNothingOfOurInsides(t *testing.T) {
	wd, h := world(t)
	wd.Break(errors.New("dial /var/lib/steward/state.db: locked"))
	w := ask(h, "GET", "/api/calls", "")
	p := decode[client.Problem](t, w, 500)
	if p.Code != "internal" || strings.Contains(w.Body.String(), "state.db") {
		t.Errorf("answer is %s", w.Body)
	}
	wd.Break(&fault.Error{Kind: fault.Unavailable, Code: "store_busy", Message: "the store is busy", RetryAfter: 1500 * time.Millisecond})
	w = ask(h, "GET", "/api/calls", "")
	if p := decode[client.Problem](t, w, 503); p.Code != "store_busy" || w.Header().Get("Retry-After") != "2" {
		t.Errorf("answer is %s, retry after %q", w.Body, w.Header().Get("Retry-After"))
	}
}

func TestListCallsPagesWithoutLossOrRepeat(t *testing.T) {
	wd := apitest.New(apitest.Noon)
	for n := range uint16(2500) {
		at := apitest.Noon().Add(time.Duration(n) * time.Second)
		c := record.Call{ID: apitest.ID(at, n), Time: at.UnixMicro(), Outcome: record.OK, Status: 200}
		if n%500 == 0 {
			c.Outcome, c.Status = record.Failed, 429
		}
		wd.Add(c, nil)
	}
	h := wd.Server().Handler()
	for name, tt := range map[string]struct {
		query string
		want  int
	}{
		"all":                    {"limit=1000", 2500},
		"pages that end evenly":  {"limit=500", 2500},
		"small pages":            {"limit=7", 2500},
		"by status":              {"status=429&limit=2", 5},
		"by status, on one page": {"status=429", 5},
		"by outcome":             {"errors=true&limit=3", 5},
		"by time":                {"from=2026-11-23T12:00:10Z&to=2026-11-23T12:00:20Z", 10},
		"none":                   {"provider=nobody", 0},
	} {
		t.Run(name, func(t *testing.T) {
			seen, last, before := map[string]bool{}, "", ""
			for {
				page := decode[client.CallPage](t, ask(h, "GET", "/api/calls?"+tt.query+before, ""), 200)
				for _, c := range page.Calls {
					if seen[c.ID] || (last != "" && c.ID >= last) {
						t.Fatalf("%s came twice or out of order", c.ID)
					}
					seen[c.ID], last = true, c.ID
				}
				if page.Next == "" {
					break
				}
				if len(page.Calls) == 0 {
					t.Fatal("an empty page has a next")
				}
				before = "&before=" + page.Next
			}
			if len(seen) != tt.want {
				t.Errorf("%d calls, want %d", len(seen), tt.want)
			}
		})
	}
}

func TestShowCall(t *testing.T) {
	_, h := world(t)
	id := apitest.ID(apitest.Noon(), 1).Text("call")
	d := decode[client.CallDetail](t, ask(h, "GET", "/api/calls/"+id, ""), 200)
	if d.Content != nil {
		t.Error("content came unasked")
	}
	want := map[string]int64{"input": 1000, "cache_read": 200, "output": 300, "output_reasoning": 50}
	if diff := cmp.Diff(want, d.Usage); diff != "" {
		t.Error(diff)
	}
	if d.InputTokens != 1200 || d.OutputTokens != 350 || d.Attempts != 1 || len(d.Tries) != 1 || d.Timings.FirstToken != 4500 || *d.CeilingNano != 10_000_000 {
		t.Errorf("detail is %+v", d)
	}
	d = decode[client.CallDetail](t, ask(h, "GET", "/api/calls/"+id+"?content=true", ""), 200)
	if d.Content == nil || d.Content.Encoding != "text" || !strings.Contains(d.Content.Request, `"hi"`) {
		t.Errorf("content is %+v", d.Content)
	}
	d = decode[client.CallDetail](t, ask(h, "GET", "/api/calls/"+apitest.ID(apitest.Noon().Add(time.Minute), 2).Text("call")+"?content=true", ""), 200)
	if d.Content != nil || d.TTFTMicros != -1 {
		t.Errorf("detail is %+v", d)
	}
}

func TestContentThatIsNotTextIsBase64(t *testing.T) {
	wd := apitest.New(apitest.Noon)
	id := apitest.ID(apitest.Noon(), 9)
	wd.Add(record.Call{ID: id}, &record.Content{Request: []byte(`{}`), Response: []byte{0xff, 0xfe}, ResponseType: "audio/mpeg"})
	d := decode[client.CallDetail](t, ask(wd.Server().Handler(), "GET", "/api/calls/"+id.Text("call")+"?content=true", ""), 200)
	if c := d.Content; c == nil || c.Encoding != "base64" || c.Response != "//4=" || c.Request != "e30=" {
		t.Errorf("content is %+v", d.Content)
	}
}

func TestEmptyListsAreLists(t *testing.T) {
	h := apitest.New(apitest.Noon).Server().Handler()
	for _, path := range []string{"/api/keys", "/api/calls", "/api/cost/report", "/api/cost/report?by=day", "/api/prices?search=zzz"} {
		if w := ask(h, "GET", path, ""); w.Code != 200 || strings.Contains(w.Body.String(), "null") {
			t.Errorf("%s answers %d %s", path, w.Code, w.Body)
		}
	}
}

func TestTailFollowsAndSaysThatItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wd := apitest.New(time.Now)
		h := wd.Server().Handler()
		pr, pw := io.Pipe()
		r := httptest.NewRequest("GET", "/api/calls/tail", nil).WithContext(t.Context())
		r.Header.Set("Authorization", "Bearer "+apitest.Token)
		go h.ServeHTTP(&pipeWriter{pw, http.Header{}}, r)
		lines := bufio.NewScanner(pr)
		next := func() string {
			for lines.Scan() {
				if lines.Text() != "" {
					return lines.Text()
				}
			}
			return "end"
		}
		if got := next(); got != ": connected" {
			t.Fatalf("begins with %q", got)
		}
		<-wd.Joined()
		wd.Add(record.Call{ID: apitest.ID(apitest.Noon(), 1), Asked: "sim/small\nx"}, nil)
		id, name, data := next(), next(), next()
		if !strings.HasPrefix(id, "id: call_") || name != "event: call" {
			t.Errorf("event is %q %q", id, name)
		}
		var c client.Call
		if err := json.Unmarshal([]byte(strings.TrimPrefix(data, "data: ")), &c); err != nil || c.Asked != "sim/small\nx" {
			t.Errorf("data is %q: %v", data, err)
		}
		before := time.Now()
		if got := next(); got != ": alive" || time.Since(before) != 15*time.Second {
			t.Errorf("after %s it says %q", time.Since(before), got)
		}
		pr.Close() // the reader leaves; the handler and its goroutine must end, or synctest fails
		time.Sleep(time.Minute)
	})
}

func TestTailEndsWhenTheServerShutsDown(t *testing.T) {
	wd := apitest.New(apitest.Noon)
	srv := httptest.NewServer(wd.Server().Handler())
	defer srv.Close()
	c := &client.Client{URL: srv.URL, Token: apitest.Token}
	ended := make(chan error, 2)
	for range 2 {
		go func() {
			for _, err := range c.Tail(context.Background()) {
				ended <- err
			}
		}()
		<-wd.Joined()
	}
	// No deadline: what the server waits for must end by itself.
	if err := srv.Config.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	for range 2 {
		if e, ok := errors.AsType[*client.Error](<-ended); !ok || e.Code != "stream_closed" {
			t.Errorf("the stream ended with %v", e)
		}
	}
}

// pipeWriter is a response that is read while it is written.
type pipeWriter struct {
	*io.PipeWriter
	header http.Header
}

func (p *pipeWriter) Header() http.Header { return p.header }
func (p *pipeWriter) WriteHeader(int)     {}
func (p *pipeWriter) Flush()              {}
