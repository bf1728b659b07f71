package googleauth_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/provider"
	"github.com/steward-llmops/steward/internal/provider/googleauth"
)

// endpoint is a token endpoint that checks who asks.
type endpoint struct {
	*httptest.Server
	key   *rsa.PrivateKey
	asked atomic.Int64
	down  atomic.Bool
	gate  chan struct{} // if not nil, an answer waits for it
}

func newEndpoint(t *testing.T) *endpoint {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e := &endpoint{key: key}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		claims := e.claims(r.FormValue("assertion"))
		if e.gate != nil {
			<-e.gate
		}
		switch {
		case e.down.Load():
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant","error_description":"s3cr3t"}`)
		case claims["iss"] != "robot@example.com" || claims["scope"] != googleauth.CloudPlatform || claims["aud"] != e.URL:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"error":"claims"}`)
		default:
			fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, e.asked.Add(1))
		}
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) claims(assertion string) (claims map[string]any) {
	parts := strings.Split(assertion, ".")
	if len(parts) == 3 {
		raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
		_ = json.Unmarshal(raw, &claims)
	}
	return claims
}

func (e *endpoint) account(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(e.key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "robot@example.com", "private_key_id": "1", "token_uri": e.URL,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// now is a clock that tests move.
type now struct{ ahead atomic.Int64 }

func (n *now) time() time.Time { return time.Now().Add(time.Duration(n.ahead.Load())) }

func signer(t *testing.T, o googleauth.Options) *googleauth.Signer {
	t.Helper()
	s, err := googleauth.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func token(ctx context.Context, s *googleauth.Signer) (string, error) {
	out := &provider.Outgoing{Extra: []provider.Field{{Name: "Authorization", Value: "Bearer old"}, {Name: "X", Value: "y"}}}
	if err := s.Sign(ctx, out, nil); err != nil {
		return "", err
	}
	if len(out.Extra) != 2 || out.Extra[0].Name != "X" || out.Extra[1].Name != "Authorization" {
		return "", fmt.Errorf("fields are %v", out.Extra)
	}
	return out.Extra[1].Value, nil
}

func expect(t *testing.T, s *googleauth.Signer, want string) {
	t.Helper()
	if got, err := token(t.Context(), s); err != nil || got != "Bearer "+want {
		t.Errorf("signed with %q, %v; want %q", got, err, want)
	}
}

func TestTokenIsKeptAndRenewed(t *testing.T) {
	e, clock := newEndpoint(t), &now{}
	s := signer(t, googleauth.Options{ServiceAccountJSON: e.account(t), Now: clock.time})
	if e.asked.Load() != 0 {
		t.Error("New asked for a token")
	}
	expect(t, s, "token-1")
	expect(t, s, "token-1")

	clock.ahead.Store(int64(56 * time.Minute)) // near its end
	expect(t, s, "token-2")

	clock.ahead.Store(int64(118 * time.Minute))
	e.down.Store(true)
	if got, err := token(t.Context(), s); err == nil {
		t.Errorf("signed with %q, which has ended", got)
	} else if f := fault.As(err); f.Kind != fault.Upstream || !strings.Contains(err.Error(), "400 invalid_grant") || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("Sign: %v", err)
	}
	e.down.Store(false)
	expect(t, s, "token-3")
}

func TestEndpointDownWhileTokenLasts(t *testing.T) {
	e, clock := newEndpoint(t), &now{}
	s := signer(t, googleauth.Options{ServiceAccountJSON: e.account(t), Now: clock.time})
	expect(t, s, "token-1")
	clock.ahead.Store(int64(57 * time.Minute))
	e.down.Store(true)
	expect(t, s, "token-1")
	e.down.Store(false)
	expect(t, s, "token-1") // not asked again at once
	clock.ahead.Store(int64(58 * time.Minute))
	expect(t, s, "token-2")
}

func TestManyCallsAskOnce(t *testing.T) {
	e := newEndpoint(t)
	s := signer(t, googleauth.Options{ServiceAccountJSON: e.account(t)})
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if got, err := token(context.Background(), s); err != nil || got != "Bearer token-1" {
				t.Errorf("signed with %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := e.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestCallerWhoLeavesDoesNotWait(t *testing.T) {
	e := newEndpoint(t)
	e.gate = make(chan struct{})
	s := signer(t, googleauth.Options{ServiceAccountJSON: e.account(t)})
	var wg sync.WaitGroup
	started := make(chan struct{})
	wg.Go(func() {
		close(started)
		if _, err := token(context.Background(), s); err != nil {
			t.Error(err)
		}
	})
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	gone := make(chan error)
	wg.Go(func() {
		_, err := token(ctx, s)
		gone <- err
	})
	// Either the one who left was waiting, or it was first and asks itself.
	select {
	case err := <-gone:
		if !fault.Is(err, fault.Cancelled) {
			t.Errorf("Sign: %v", err)
		}
		close(e.gate)
	case e.gate <- struct{}{}:
		close(e.gate)
		<-gone
	}
	wg.Wait()
}

func TestApplicationDefault(t *testing.T) {
	e := newEndpoint(t)
	file := filepath.Join(t.TempDir(), "key.json")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
	s := signer(t, googleauth.Options{})
	if _, err := token(t.Context(), s); fault.As(err).StableCode() != "provider_credentials" {
		t.Errorf("without a file: %v", err)
	}
	if err := os.WriteFile(file, e.account(t), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, s, "token-1")
}

func TestNewRefuses(t *testing.T) {
	tests := map[string]string{
		"what is no JSON":    `s3cr3t`,
		"another type":       `{"type":"authorized_user","refresh_token":"s3cr3t"}`,
		"a broken file":      `{"type":"service_account","private_key":7}`,
		"not even an object": `["s3cr3t"]`,
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := googleauth.New(googleauth.Options{ServiceAccountJSON: []byte(in)})
			if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("New: %v", err)
			}
		})
	}
	t.Run("a key that is none fails when it signs", func(t *testing.T) {
		s, err := googleauth.New(googleauth.Options{ServiceAccountJSON: []byte(`{"type":"service_account","client_email":"a","private_key":"s3cr3t","token_uri":"http://127.0.0.1:1"}`)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = token(t.Context(), s)
		if fault.As(err).StableCode() != "provider_credentials" || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("Sign: %v", err)
		}
	})
}
