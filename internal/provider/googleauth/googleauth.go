// Package googleauth authenticates requests to Google Cloud (Vertex AI) with
// access tokens, which it fetches, keeps, and renews before they end.
package googleauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"golang.org/x/oauth2/jwt"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/provider"
)

// CloudPlatform is the scope that Vertex AI asks for.
const CloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

// Options say who asks for tokens.
type Options struct {
	// ServiceAccountJSON is the key file of a service account. Empty: the
	// application default credentials, looked for by the first Sign
	// (GOOGLE_APPLICATION_CREDENTIALS, gcloud's file, the machine's own account).
	ServiceAccountJSON []byte
	Scopes             []string         // empty means CloudPlatform
	Client             *http.Client     // fetches tokens; nil means one with a timeout of 30 s
	Ahead              time.Duration    // a token this close to its end is renewed; zero means 5 minutes
	Now                func() time.Time // nil means time.Now
}

// Signer adds access tokens to requests. It is safe for concurrent use.
type Signer struct {
	o       Options
	account *jwt.Config // nil: the application default credentials

	mu    sync.Mutex
	token *oauth2.Token // nil: none yet
	after time.Time     // while the token lasts, it is not renewed before
	// renewing is held by the one call that fetches a token. Others use the old
	// one while it lasts, and wait else.
	renewing chan struct{}
}

var _ provider.Signer = (*Signer)(nil)

// New checks the options. It reads no file and makes no connection.
func New(o Options) (*Signer, error) {
	if len(o.Scopes) == 0 {
		o.Scopes = []string{CloudPlatform}
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 30 * time.Second}
	}
	if o.Ahead <= 0 {
		o.Ahead = 5 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Signer{o: o, renewing: make(chan struct{}, 1)}
	if len(o.ServiceAccountJSON) == 0 {
		return s, nil
	}
	var kind struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(o.ServiceAccountJSON, &kind) != nil || kind.Type != "service_account" {
		return nil, fault.New(fault.Invalid, "provider_credentials", "service_account is not the JSON key of a Google service account").
			Hinted("for credentials of another type leave it empty and set GOOGLE_APPLICATION_CREDENTIALS")
	}
	account, err := google.JWTConfigFromJSON(o.ServiceAccountJSON, o.Scopes...)
	if err != nil { // whose text may quote the key
		return nil, fault.New(fault.Invalid, "provider_credentials", "service_account cannot be read")
	}
	s.account = account
	return s, nil
}

// Sign adds the access token to out.Extra. Errors are faults, without any secret.
func (s *Signer) Sign(ctx context.Context, out *provider.Outgoing, _ *url.URL) error {
	token, err := s.current(ctx)
	if err != nil {
		return err
	}
	const name = "Authorization"
	kept := out.Extra[:0:0]
	for _, f := range out.Extra {
		if http.CanonicalHeaderKey(f.Name) != name {
			kept = append(kept, f)
		}
	}
	out.Extra = append(kept, provider.Field{Name: name, Value: "Bearer " + token})
	return nil
}

// current returns a token that is valid, renewing it where its end is near.
func (s *Signer) current(ctx context.Context) (string, error) {
	for {
		token, left := s.kept()
		if left > s.o.Ahead {
			return token, nil
		}
		if left > 0 {
			if !s.due() {
				return token, nil
			}
			select {
			case s.renewing <- struct{}{}:
			default: // somebody is at it
				return token, nil
			}
		} else {
			select {
			case s.renewing <- struct{}{}:
			case <-ctx.Done():
				return "", fault.New(fault.Cancelled, "client_closed", "the caller left before there was an access token").Because(ctx.Err())
			}
		}
		if _, now := s.kept(); now > left { // renewed meanwhile
			<-s.renewing
			continue
		}
		fresh, err := s.renew(ctx)
		<-s.renewing
		switch {
		case err == nil:
			return fresh, nil
		case left > 0:
			return token, nil
		}
		return "", err
	}
}

// pause is the least time between two attempts to renew a token that still lasts:
// the token endpoint may be down, or go on giving the same one.
const pause = 15 * time.Second

// kept returns the token at hand and how long it is still valid.
func (s *Signer) kept() (string, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == nil {
		return "", 0
	}
	if s.token.Expiry.IsZero() {
		return s.token.AccessToken, time.Hour
	}
	return s.token.AccessToken, s.token.Expiry.Sub(s.o.Now())
}

// due reports whether a token that still lasts may be renewed now, and lets
// nobody else for a while.
func (s *Signer) due() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	if now.Before(s.after) {
		return false
	}
	s.after = now.Add(pause)
	return true
}

// renew fetches a token. Its caller holds renewing.
func (s *Signer) renew(ctx context.Context) (string, error) {
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, s.o.Client)
	source, err := s.source(ctx)
	if err != nil {
		return "", fault.New(fault.Upstream, "provider_credentials", "no Google credentials were found").Because(err).
			Hinted("set service_account of the provider, or GOOGLE_APPLICATION_CREDENTIALS, or log in with gcloud auth application-default login")
	}
	token, err := source.Token()
	if err != nil {
		return "", fault.New(fault.Upstream, "provider_credentials", "Google gave no access token").Because(plain(err)).
			Hinted("check that the account exists, is enabled, and that the machine's clock is right")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
	return token.AccessToken, nil
}

func (s *Signer) source(ctx context.Context) (oauth2.TokenSource, error) {
	if s.account != nil {
		return s.account.TokenSource(ctx), nil
	}
	// Found anew each time, because what is found keeps its token to the end.
	c, err := google.FindDefaultCredentials(ctx, s.o.Scopes...)
	if err != nil {
		return nil, err
	}
	return c.TokenSource, nil
}

// plain says what the token endpoint answered, without the answer itself.
func plain(err error) error {
	var r *oauth2.RetrieveError
	if errors.As(err, &r) {
		status := 0
		if r.Response != nil {
			status = r.Response.StatusCode
		}
		return fmt.Errorf("the token endpoint answered %d %s", status, word(r.Body))
	}
	var u *url.Error
	if errors.As(err, &u) {
		return fmt.Errorf("the token endpoint cannot be reached: %w", u.Err)
	}
	return errors.New("the token endpoint's answer cannot be read")
}

// word returns the code of an OAuth error ("invalid_grant"), if it is one.
func word(body []byte) string {
	var v struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &v) != nil || len(v.Error) > 40 || strings.Trim(v.Error, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "without a reason"
	}
	return v.Error
}
