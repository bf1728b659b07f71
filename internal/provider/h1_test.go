package provider_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/provider"
)

func lab(t testing.TB, baseURL string, mod func(*provider.Settings)) *provider.Provider {
	t.Helper()
	kind, ok := provider.KindByID("openai")
	if !ok {
		t.Fatal("no kind openai")
	}
	s := provider.Settings{Name: "lab", Kind: kind, BaseURL: baseURL, Key: "sk-upstream", Now: time.Now}
	if mod != nil {
		mod(&s)
	}
	p, err := provider.New(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func post(body string) *provider.Outgoing {
	return &provider.Outgoing{Method: "POST", Target: "/v1/chat/completions", Body: []byte(body)}
}

func TestDoSendsWhatItShouldAndReusesConnections(t *testing.T) {
	var conns atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Request-Id", "req_1")
		fmt.Fprintf(w, "%s %s auth=%s ua=%s cookie=%q steward=%q body=%s", r.Method, r.URL, r.Header.Get("Authorization"), r.UserAgent(), r.Header.Get("Cookie"), r.Header.Get("X-Steward-Tags"), body)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	p := lab(t, srv.URL+"/v1", nil)
	for range 5 {
		out := post("hi")
		out.Header = http.Header{"User-Agent": {"app"}, "Cookie": {"secret"}, "Authorization": {"Bearer sk-steward-x"}, "X-Steward-Tags": {"a=b"}}
		a, err := p.Do(t.Context(), out)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		want := `POST /v1/chat/completions auth=Bearer sk-upstream ua=app cookie="" steward="" body=hi`
		if string(b) != want || a.Status != 200 || provider.RequestID(a.Header) != "req_1" {
			t.Fatalf("got %d %q, want %q", a.Status, b, want)
		}
		if err := a.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections for five calls in a row, want 1", n)
	}
}

// serveRaw answers each connection with raw bytes written in the given pieces.
func serveRaw(t testing.TB, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go handle(c)
		}
	}()
	return "http://" + l.Addr().String()
}

func readRequest(c net.Conn) {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err == nil {
		_, _ = io.Copy(io.Discard, req.Body)
	}
}

func TestBodiesInAnyPieces(t *testing.T) {
	tests := map[string]struct {
		raw  string
		want string
		cut  bool
	}{
		"length":                 {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false},
		"chunked":                {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nX-T: 1\r\n\r\n", "hello", false},
		"until close":            {"HTTP/1.0 200 OK\r\n\r\nhello", "hello", false},
		"100 first":              {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", false},
		"bare LF":                {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok", false},
		"no body":                {"HTTP/1.1 204 No Content\r\n\r\n", "", false},
		"length cut":             {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "hello", true},
		"chunked cut in data":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "hel", true},
		"chunked without an end": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello", true},
		"chunked bad size":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", "", true},
	}
	for name, tt := range tests {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 1))
				url := serveRaw(t, func(c net.Conn) {
					defer c.Close()
					readRequest(c)
					for raw := []byte(tt.raw); len(raw) > 0; {
						n := 1 + rng.IntN(len(raw))
						if seed == 0 {
							n = len(raw)
						}
						_, _ = c.Write(raw[:n])
						raw = raw[n:]
					}
				})
				a, err := lab(t, url, nil).Do(t.Context(), post("x"))
				if err != nil {
					t.Fatal(err)
				}
				defer a.Body.Close()
				got, err := io.ReadAll(a.Body)
				if string(got) != tt.want || (err != nil) != tt.cut {
					t.Errorf("body %q, error %v; want %q, cut %v", got, err, tt.want, tt.cut)
				}
			})
		}
	}
}

func TestFaultsOfTheUpstream(t *testing.T) {
	tests := map[string]struct {
		handle func(net.Conn)
		kind   fault.Kind
		code   string
	}{
		"reset before the head":  {func(c net.Conn) { readRequest(c); _ = c.(*net.TCPConn).SetLinger(0); _ = c.Close() }, fault.Upstream, "upstream_reset"},
		"closed before the head": {func(c net.Conn) { readRequest(c); _ = c.Close() }, fault.Upstream, "upstream_reset"},
		"not HTTP":               {func(c net.Conn) { readRequest(c); _, _ = c.Write([]byte("SSH-2.0-OpenSSH\r\n\r\n")); _ = c.Close() }, fault.Upstream, "upstream_malformed"},
		"endless head": {func(c net.Conn) {
			readRequest(c)
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 50_000)))
			_ = c.Close()
		}, fault.Upstream, "upstream_malformed"},
		"two lengths": {func(c net.Conn) {
			readRequest(c)
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"))
			_ = c.Close()
		}, fault.Upstream, "upstream_malformed"},
		"silence": {func(c net.Conn) { readRequest(c); _, _ = io.Copy(io.Discard, c) }, fault.Timeout, "upstream_timeout"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := lab(t, serveRaw(t, tt.handle), func(s *provider.Settings) { s.Timeouts.FirstToken = 150 * time.Millisecond })
			_, err := p.Do(t.Context(), post("x"))
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != tt.kind || f.Code != tt.code {
				t.Errorf("Do = %v (%+v), want %v %s", err, f, tt.kind, tt.code)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		_, err := lab(t, "http://127.0.0.1:1", nil).Do(t.Context(), post("x"))
		if f := fault.As(err); f.Code != "upstream_unreachable" {
			t.Errorf("Do = %v, want upstream_unreachable", err)
		}
	})
}

func TestACallerWhoLeavesStopsTheUpstream(t *testing.T) {
	for _, when := range []string{"before the head", "in the body"} {
		t.Run(when, func(t *testing.T) {
			stopped := make(chan struct{})
			started := make(chan struct{})
			url := serveRaw(t, func(c net.Conn) {
				defer close(stopped)
				readRequest(c)
				if when == "in the body" {
					_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"))
				}
				close(started)
				_, _ = io.Copy(io.Discard, c) // until the gateway hangs up
			})
			ctx, leave := context.WithCancel(t.Context())
			p := lab(t, url, nil)
			go func() { <-started; leave() }()
			a, err := p.Do(ctx, post("x"))
			if err == nil {
				_, err = io.ReadAll(a.Body)
				err = p.Fault(ctx, err)
				_ = a.Body.Close()
			}
			if !fault.Is(err, fault.Cancelled) {
				t.Errorf("error = %v, want cancelled", err)
			}
			select {
			case <-stopped:
			case <-time.After(10 * time.Second):
				t.Error("the upstream was not told to stop")
			}
		})
	}
}

func TestAnIdleConnectionThatTheUpstreamClosedIsNotUsed(t *testing.T) {
	var served atomic.Int64
	closed := make(chan struct{}, 10)
	url := serveRaw(t, func(c net.Conn) {
		readRequest(c)
		served.Add(1)
		_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
		_ = c.Close() // although it said nothing of closing
		closed <- struct{}{}
	})
	p := lab(t, url, nil)
	for range 3 {
		a, err := p.Do(t.Context(), post("x"))
		if err != nil {
			t.Fatalf("Do: %v", err)
		}
		if b, err := io.ReadAll(a.Body); string(b) != "ok" || err != nil {
			t.Fatalf("body %q, %v", b, err)
		}
		_ = a.Body.Close()
		<-closed
	}
	if n := served.Load(); n != 3 {
		t.Errorf("served %d calls, want 3", n)
	}
}

func FuzzResponseAgreesWithNetHTTP(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		kind, _ := provider.KindByID("openai")
		client, server := net.Pipe()
		p, err := provider.New(provider.Settings{Name: "lab", Kind: kind, BaseURL: "http://x", Now: time.Now,
			Dial:     func(context.Context) (net.Conn, error) { return client, nil },
			Timeouts: provider.Timeouts{FirstToken: time.Second, Idle: time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			readRequest(server)
			_, _ = server.Write(raw)
			_ = server.Close()
		}()
		a, err := p.Do(t.Context(), post("x"))
		if err != nil {
			return // stricter than net/http is fine; what is accepted must agree
		}
		defer a.Body.Close()
		got, gotErr := io.ReadAll(a.Body)
		br := bufio.NewReader(bytes.NewReader(raw))
		var want *http.Response
		for {
			if want, err = http.ReadResponse(br, &http.Request{Method: "POST"}); err != nil || want.StatusCode >= 200 || want.StatusCode == 101 {
				break
			}
		}
		if err != nil {
			return // net/http is stricter about header values and versions
		}
		body, wantErr := io.ReadAll(want.Body)
		if a.Status != want.StatusCode || !bytes.Equal(got, body) || (gotErr == nil) != (wantErr == nil) {
			t.Errorf("%q: got %d %q %v, net/http %d %q %v", raw, a.Status, got, gotErr, want.StatusCode, body, wantErr)
		}
	})
}

func TestJoinToleratesAVersionInTheBaseURL(t *testing.T) {
	kind, _ := provider.KindByID("anthropic")
	for base, want := range map[string]string{
		"http://h": "/v1/messages", "http://h/": "/v1/messages", "http://h/v1": "/v1/messages", "http://h/proxy/v1/": "/proxy/v1/messages", "http://h/proxy": "/proxy/v1/messages",
	} {
		p, err := provider.New(provider.Settings{Name: "a", Kind: kind, BaseURL: base, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Target(llm.AnthropicMessages, "m", false); got != want {
			t.Errorf("base %s: target %q, want %q", base, got, want)
		}
	}
}

func TestCatalogueRowsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range provider.Kinds() {
		if k.ID == "" || k.Name == "" || k.Docs == "" || len(k.Formats) == 0 || k.Auth == "" || seen[k.ID] {
			t.Errorf("row %+v lacks something or is there twice", k)
		}
		seen[k.ID] = true
	}
	if len(seen) < 22 {
		t.Errorf("%d rows, want the 21 vendors of the plan and the simulator", len(seen))
	}
}
