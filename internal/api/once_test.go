package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/api"
	"github.com/steward-llmops/steward/internal/api/apitest"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/security/access"
)

// direct is a network that ends at a handler.
type direct struct{ h http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.Body == nil { // a server's request always has one
		r.Body = http.NoBody
	}
	d.h.ServeHTTP(w, r)
	return w.Result(), nil
}

func TestSameKeyAndBodyIsMadeOnce(t *testing.T) {
	tests := map[string]struct {
		path, body string
		status     int
	}{
		"create a key":           {"/api/keys", `{"name":"a"}`, 201},
		"rotate a key":           {"/api/keys/key_0001/rotate", `{"grace":"1h"}`, 201},
		"set prices":             {"/api/prices", `{"prices":[{"provider":"lab","model":"m","rates":{"input":"1"}}]}`, 200},
		"test a provider":        {"/api/providers/sim/test", "", 200},
		"what is refused, too":   {"/api/keys", `{"name":"a","expires":"soon"}`, 400},
		"what does not fit, too": {"/api/keys", `{}`, 422},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, h := world(t)
			ask(h, "POST", "/api/keys", `{"name":"first"}`)
			with := admin("Idempotency-Key", "k-1")
			first := ask(h, "POST", tt.path, tt.body, with...)
			if first.Code != tt.status || first.Header().Get("Idempotent-Replayed") != "" {
				t.Fatalf("the first is %d %s", first.Code, first.Body)
			}
			keys := ask(h, "GET", "/api/keys", "").Body.String()
			again := ask(h, "POST", tt.path, tt.body, with...)
			if again.Code != first.Code || again.Body.String() != first.Body.String() || again.Header().Get("Idempotent-Replayed") != "true" ||
				again.Header().Get("Content-Type") != first.Header().Get("Content-Type") {
				t.Errorf("again it is %d %s %v; first it was %s", again.Code, again.Body, again.Header(), first.Body)
			}
			if got := ask(h, "GET", "/api/keys", "").Body.String(); got != keys {
				t.Errorf("it was made again: %s", got)
			}
			other := ask(h, "POST", tt.path, tt.body+" ", with...)
			if p := decode[client.Problem](t, other, 422); p.Code != "idempotency_key_reused" || p.Hint == "" {
				t.Errorf("with another body: %+v", p)
			}
		})
	}
}

func TestKeyOfAnotherRequestIsRefused(t *testing.T) {
	_, h := world(t)
	ask(h, "POST", "/api/keys", `{"name":"a"}`, admin("Idempotency-Key", "k")...)
	if p := decode[client.Problem](t, ask(h, "POST", "/api/prices", `{"name":"a"}`, admin("Idempotency-Key", "k")...), 422); p.Code != "idempotency_key_reused" {
		t.Errorf("problem is %+v", p)
	}
	for _, bad := range []string{strings.Repeat("x", 256), "a b", "a\x7f", "ü"} {
		if p := decode[client.Problem](t, ask(h, "POST", "/api/keys", `{"name":"a"}`, admin("Idempotency-Key", bad)...), 400); p.Code != "invalid_idempotency_key" {
			t.Errorf("%q is %+v", bad, p)
		}
	}
}

func TestKeysAreThoseOfWhoSendsThem(t *testing.T) {
	wd, h := world(t)
	ask(h, "POST", "/api/keys", `{"name":"a"}`, admin("Idempotency-Key", "k")...)
	for n := range 2 {
		cookie, _, err := wd.Start()
		if err != nil {
			t.Fatal(err)
		}
		w := ask(h, "POST", "/api/keys", `{"name":"a"}`, "Cookie", "steward_session="+cookie, "X-Steward-CSRF", "1", "Idempotency-Key", "k")
		if k := decode[client.CreatedKey](t, w, 201); k.ID != fmt.Sprintf("key_%04d", n+2) {
			t.Errorf("session %d got the key %s of another", n, k.ID)
		}
	}
	if w := ask(h, "POST", "/api/keys", `{"name":"a"}`, "X", "y", "Idempotency-Key", "k"); w.Code != 401 {
		t.Errorf("somebody who is nobody got %d", w.Code)
	}
}

func TestAnswerThatMayChangeIsNotKept(t *testing.T) {
	for _, kind := range []fault.Kind{fault.Unavailable, fault.Exhausted, fault.Internal} {
		wd, h := world(t)
		wd.Break(fault.New(kind, "", "not now"))
		with := admin("Idempotency-Key", "k")
		if w := ask(h, "POST", "/api/keys", `{"name":"a"}`, with...); w.Code != kind.HTTPStatus() {
			t.Errorf("broken, it is %d", w.Code)
		}
		wd.Break(nil)
		if w := ask(h, "POST", "/api/keys", `{"name":"a"}`, with...); w.Code != 201 || w.Header().Get("Idempotent-Replayed") != "" {
			t.Errorf("mended, it is %d", w.Code)
		}
	}
}

func TestAnswersAreKeptForADayAndAThousandOfThem(t *testing.T) {
	at := apitest.Noon()
	wd := apitest.New(func() time.Time { return at })
	h := wd.Server().Handler()
	post := func(key string) bool {
		w := ask(h, "POST", "/api/providers/sim/test", "", admin("Idempotency-Key", key)...)
		return w.Header().Get("Idempotent-Replayed") == "true"
	}
	post("old")
	at = at.Add(24*time.Hour - time.Second)
	if !post("old") {
		t.Error("forgotten within a day")
	}
	at = at.Add(time.Second)
	if post("old") {
		t.Error("kept for more than a day")
	}
	for n := range 1000 {
		post(fmt.Sprint(n))
	}
	if post("old") || !post("999") {
		t.Error("the oldest of more than a thousand is not the one forgotten")
	}
}

// slow is keys whose Create waits.
type slow struct {
	api.Keys
	begun, end chan struct{}
}

func (s slow) Create(ctx context.Context, n access.NewKey) (access.Key, string, error) {
	close(s.begun)
	<-s.end
	return s.Keys.Create(ctx, n)
}

func TestSecondWhileTheFirstIsBeingMade(t *testing.T) {
	s := apitest.New(apitest.Noon).Server()
	keys := slow{s.Keys, make(chan struct{}), make(chan struct{})}
	s.Keys = keys
	h := s.Handler()
	with := admin("Idempotency-Key", "k")
	var wg sync.WaitGroup
	wg.Go(func() {
		if w := ask(h, "POST", "/api/keys", `{"name":"a"}`, with...); w.Code != 201 {
			t.Errorf("the first is %d", w.Code)
		}
	})
	<-keys.begun
	w := ask(h, "POST", "/api/keys", `{"name":"a"}`, with...)
	if p := decode[client.Problem](t, w, 409); p.Code != "idempotency_in_flight" || w.Header().Get("Retry-After") == "" {
		t.Errorf("the second is %+v", p)
	}
	close(keys.end)
	wg.Wait()
	if w := ask(h, "POST", "/api/keys", `{"name":"a"}`, with...); w.Code != 201 || w.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("the third is %d", w.Code)
	}
}

// broken is keys whose Create does not come back.
type broken struct{ api.Keys }

func (broken) Create(context.Context, access.NewKey) (access.Key, string, error) {
	panic(errors.New("a bug"))
}

func TestRequestThatPanicsMayBeMadeAgain(t *testing.T) {
	s := apitest.New(apitest.Noon).Server()
	keys := s.Keys
	s.Keys = broken{keys}
	h := s.Handler()
	func() {
		defer func() { _ = recover() }() // as net/http does
		ask(h, "POST", "/api/keys", `{"name":"a"}`, admin("Idempotency-Key", "k")...)
	}()
	s.Keys = keys
	if w := ask(h, "POST", "/api/keys", `{"name":"a"}`, admin("Idempotency-Key", "k")...); w.Code != 201 {
		t.Errorf("after a panic: %d %s", w.Code, w.Body)
	}
}

func TestEvery429And503SaysWhenToComeAgain(t *testing.T) {
	wd, h := world(t)
	for kind, want := range map[fault.Kind]string{fault.Exhausted: "5", fault.Unavailable: "5", fault.Conflict: ""} {
		wd.Break(fault.New(kind, "", "not now"))
		if w := ask(h, "GET", "/api/calls", ""); w.Code != kind.HTTPStatus() || w.Header().Get("Retry-After") != want {
			t.Errorf("%s is answered %d with Retry-After %q, want %q", kind, w.Code, w.Header().Get("Retry-After"), want)
		}
	}
}
