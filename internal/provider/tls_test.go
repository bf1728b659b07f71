package provider_test

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/provider"
)

func secure(t *testing.T, h http.HandlerFunc) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	pool := x509.NewCertPool()
	pool.AddCert(srv.Certificate())
	return srv, pool
}

func TestTLSGoesOverHTTP2OnFewConnections(t *testing.T) {
	for _, old := range []bool{false, true} {
		t.Run(fmt.Sprintf("HTTP/1.1 only %v", old), func(t *testing.T) {
			var remotes sync.Map
			var conns atomic.Int64
			srv, pool := secure(t, func(w http.ResponseWriter, r *http.Request) {
				if _, seen := remotes.LoadOrStore(r.RemoteAddr, true); !seen {
					conns.Add(1)
				}
				body, _ := io.ReadAll(r.Body)
				fmt.Fprintf(w, "%s %s", r.Proto, body)
			})
			p := lab(t, srv.URL+"/v1", func(s *provider.Settings) { s.RootCAs, s.NoHTTP2 = pool, old })
			want := "HTTP/2.0 hi"
			if old {
				want = "HTTP/1.1 hi"
			}
			for range 5 {
				a, err := p.Do(t.Context(), post("hi"))
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(a.Body)
				_ = a.Body.Close()
				if string(b) != want || err != nil {
					t.Fatalf("got %q, %v; want %q", b, err, want)
				}
			}
			if n := conns.Load(); n != 1 {
				t.Errorf("%d connections for five calls in a row, want 1", n)
			}
		})
	}
}

func TestTLSTimeoutsAndDistrust(t *testing.T) {
	stop := make(chan struct{})
	srv, pool := secure(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/idle" {
			_, _ = io.WriteString(w, "beginning")
			w.(http.Flusher).Flush()
		}
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	})
	defer close(stop)
	p := lab(t, srv.URL+"/v1", func(s *provider.Settings) {
		s.RootCAs = pool
		s.Timeouts = provider.Timeouts{FirstToken: 200 * time.Millisecond, Idle: 200 * time.Millisecond}
	})
	if _, err := p.Do(t.Context(), &provider.Outgoing{Method: "POST", Target: "/v1/silence"}); !fault.Is(err, fault.Timeout) {
		t.Errorf("silence: %v, want a timeout", err)
	}
	a, err := p.Do(t.Context(), &provider.Outgoing{Method: "POST", Target: "/v1/idle"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(a.Body)
	if string(b) != "beginning" || !fault.Is(p.Fault(t.Context(), err), fault.Timeout) {
		t.Errorf("idle: %q, %v; want the beginning and a timeout", b, err)
	}
	_ = a.Body.Close()
	if _, err := lab(t, srv.URL+"/v1", nil).Do(t.Context(), post("x")); !fault.Is(err, fault.Upstream) {
		t.Errorf("a certificate of nobody we trust: %v, want upstream", err)
	}
}
