package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/api/apitest"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// admin returns the header of the admin and others.
func admin(headers ...string) []string {
	return append([]string{"Authorization", "Bearer " + apitest.Token}, headers...)
}

func TestResourcesCarryAnETag(t *testing.T) {
	_, h := world(t)
	ask(h, "POST", "/api/keys", `{"name":"a"}`)
	for _, path := range []string{"/api/keys", "/api/keys/key_0001", "/api/providers", "/api/models", "/api/prices", "/api/prices?search=small", "/api/prices/sim/small",
		"/api/calls/" + apitest.ID(apitest.Noon(), 1).Text("call"), "/api/calls/fields", "/api/openapi.json"} {
		first := ask(h, "GET", path, "")
		tag := first.Header().Get("ETag")
		if first.Code != 200 || !strings.HasPrefix(tag, `"`) || len(tag) < 20 {
			t.Errorf("%s answers %d with the ETag %s", path, first.Code, tag)
			continue
		}
		if got := ask(h, "HEAD", path, "").Header().Get("ETag"); got != tag {
			t.Errorf("%s carries the ETag %s for HEAD, %s for GET", path, got, tag)
		}
		for _, have := range []string{tag, `"other", ` + tag, "W/" + tag, "*"} {
			w := ask(h, "GET", path, "", admin("If-None-Match", have)...)
			if w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("ETag") != tag || w.Header().Get("Content-Type") != "" {
				t.Errorf("%s with %s answers %d %q", path, have, w.Code, w.Body)
			}
		}
		if w := ask(h, "GET", path, "", admin("If-None-Match", `"other"`)...); w.Code != 200 || w.Body.String() != first.Body.String() {
			t.Errorf("%s with another ETag answers %d", path, w.Code)
		}
	}
	for _, path := range []string{"/api/calls", "/api/status", "/api/calls/query", "/api/keys/none"} {
		if tag := ask(h, "GET", path, "").Header().Get("ETag"); tag != "" {
			t.Errorf("%s carries the ETag %s", path, tag)
		}
	}
}

func TestETagChangesWithTheResource(t *testing.T) {
	_, h := world(t)
	before := ask(h, "GET", "/api/keys", "").Header().Get("ETag")
	ask(h, "POST", "/api/keys", `{"name":"a"}`)
	if w := ask(h, "GET", "/api/keys", "", admin("If-None-Match", before)...); w.Code != 200 || w.Header().Get("ETag") == before {
		t.Errorf("after a change: %d %s", w.Code, w.Header().Get("ETag"))
	}
}

func TestChangeIsMadeOnlyIfTheResourceIsAsItWas(t *testing.T) {
	tests := map[string]struct{ method, path, resource, body, code string }{
		"revoke a key":       {"DELETE", "/api/keys/key_0001", "/api/keys/key_0001", "", "precondition_failed"},
		"rotate a key":       {"POST", "/api/keys/key_0001/rotate", "/api/keys/key_0001", `{"grace":"1h"}`, "precondition_failed"},
		"create a key":       {"POST", "/api/keys", "/api/keys", `{"name":"b"}`, "precondition_failed"},
		"set prices":         {"POST", "/api/prices", "/api/prices", `{"prices":[{"provider":"lab","model":"m","rates":{"input":"1"}}]}`, "precondition_failed"},
		"a key that is none": {"DELETE", "/api/keys/key_9", "/api/keys", "", "key_not_found"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, h := world(t)
			ask(h, "POST", "/api/keys", `{"name":"a"}`)
			tag := ask(h, "GET", tt.resource, "").Header().Get("ETag")
			before := ask(h, "GET", tt.resource, "").Body.String()
			for _, stale := range []string{`"stale"`, "W/" + tag} {
				w := ask(h, tt.method, tt.path, tt.body, admin("If-Match", stale)...)
				want := 412
				if tt.code != "precondition_failed" {
					want = 404
				}
				if p := decode[client.Problem](t, w, want); p.Code != tt.code || p.Hint == "" {
					t.Errorf("with %s: %+v", stale, p)
				}
				if got := ask(h, "GET", tt.resource, "").Body.String(); got != before {
					t.Errorf("it was changed all the same: %s", got)
				}
			}
			if tt.code != "precondition_failed" {
				return
			}
			if w := ask(h, tt.method, tt.path, tt.body, admin("If-Match", `"stale", `+tag)...); w.Code >= 300 {
				t.Errorf("with its own ETag: %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestOfTwoWhoSawTheSameOneChangesIt(t *testing.T) {
	_, h := world(t)
	ask(h, "POST", "/api/keys", `{"name":"a"}`)
	tag := ask(h, "GET", "/api/keys/key_0001", "").Header().Get("ETag")
	var wg sync.WaitGroup
	codes := make([]int, 8)
	for i := range codes {
		wg.Go(func() {
			codes[i] = ask(h, "POST", "/api/keys/key_0001/rotate", `{"grace":"1h"}`, admin("If-Match", tag)...).Code
		})
	}
	wg.Wait()
	made := 0
	for _, code := range codes {
		switch code {
		case 201:
			made++
		case 412:
		default:
			t.Errorf("one was answered %d", code)
		}
	}
	if made != 1 {
		t.Errorf("%d rotated the key: %v", made, codes)
	}
}

func TestLongAnswerGoesOutWithoutETag(t *testing.T) {
	wd, _ := world(t)
	text := strings.Repeat("x", 9<<20)
	id := apitest.ID(apitest.Noon(), 99)
	wd.AddRow(calls.Row{Call: record.Call{ID: id}}, &record.Content{Request: []byte(text), Response: []byte(text)})
	w := ask(wd.Server().Handler(), "GET", "/api/calls/"+id.Text("call")+"?content=true", "")
	if d := decode[client.CallDetail](t, w, 200); len(d.Content.Request) != len(text) || len(d.Content.Response) != len(text) || w.Header().Get("ETag") != "" {
		t.Errorf("%d bytes with the ETag %q", w.Body.Len(), w.Header().Get("ETag"))
	}
}

func TestHeadersOfPreconditionsReachTheClient(t *testing.T) {
	wd, _ := world(t)
	c := &client.Client{URL: "http://steward.test", Token: apitest.Token, HTTP: &http.Client{Transport: direct{wd.Server().Handler()}}}
	k, err := c.CreateKey(t.Context(), client.NewKey{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	_, tag, err := c.Key(t.Context(), k.ID)
	if err != nil || tag == "" {
		t.Fatalf("Key gives the ETag %q, %v", tag, err)
	}
	if _, err := c.IfMatch(tag).RotateKey(t.Context(), k.ID, 0); err != nil {
		t.Error(err)
	}
	if err := c.IfMatch(tag).RevokeKey(t.Context(), k.ID); err == nil || !strings.Contains(err.Error(), "If-Match") {
		t.Errorf("a stale change is %v", err)
	}
	once := c.Idempotent("one")
	a, err := once.CreateKey(t.Context(), client.NewKey{Name: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := once.CreateKey(t.Context(), client.NewKey{Name: "b"}); err != nil || a != b {
		t.Errorf("made twice: %+v and %+v, %v", a, b, err)
	}
}
