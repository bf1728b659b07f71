// Package provider reaches vendors: one client for all, told apart by rows of
// catalog.yaml. It knows addresses, keys, connections and deadlines; what is said
// over them is wire's business.
package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// Timeouts bound an exchange with a provider. Zero values take the defaults.
type Timeouts struct {
	Connect    time.Duration // zero means 5 s
	FirstToken time.Duration // from the request to the answer's head; zero means 120 s
	Idle       time.Duration // between two reads of the answer; zero means 60 s
	Total      time.Duration // the whole exchange; zero means 10 minutes
}

func (t Timeouts) orDefaults() Timeouts {
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{{&t.Connect, 5 * time.Second}, {&t.FirstToken, 120 * time.Second}, {&t.Idle, 60 * time.Second}, {&t.Total, 10 * time.Minute}} {
		if *d.v <= 0 {
			*d.v = d.def
		}
	}
	return t
}

// Settings describe one configured provider.
type Settings struct {
	Name      string // as models are addressed: NAME/MODEL
	Kind      Kind
	BaseURL   string            // empty: the kind's
	Key       string            // resolved; empty: none
	Headers   map[string]string // added to each request
	Models    []string          // if not empty, the only models that may be called
	Prices    string            // list in the price catalogue; empty: the kind's
	Translate llm.Format        // format of translated calls; empty: the kind's first chat format
	Timeouts  Timeouts
	MaxConns  int  // idle connections that are kept; zero means 512
	NoHTTP2   bool // HTTP/1.1 even where the provider offers HTTP/2
	// RootCAs are whom to trust for the provider's certificate; nil: the system's.
	RootCAs    *x509.CertPool
	Region     string
	Project    string
	Location   string
	APIVersion string // Azure's dated API; empty: its v1 API
	Deployment string // Azure: what stands for every model; empty: the model's own name
	// Signer authenticates kinds whose requests are signed or carry tokens that
	// expire (AuthSigV4, AuthGoogle); nil: Key is used as it is.
	Signer Signer
	// Dial overrides how connections are made (the built-in simulator); nil: TCP.
	Dial func(ctx context.Context) (net.Conn, error)
	Now  func() time.Time
}

// Signer authenticates a request just before it leaves. It may add headers.
type Signer interface {
	Sign(ctx context.Context, out *Outgoing, url *url.URL) error
}

// Outgoing is a request to a provider.
type Outgoing struct {
	Method string
	Target string // path and query, below the provider's origin
	// Header is the caller's header, of which what may be forwarded is; nil: none.
	Header http.Header
	// Extra headers are sent as they are, and win over Header.
	Extra []Field
	Body  []byte
	// Stream is a body that is not held in memory; then Length is its length (-1:
	// unknown) and Body is not used.
	Stream io.Reader
	Length int64
	// Rest is what of Stream has not been read yet, for who changes its beginning.
	Rest io.Reader
}

// Field is one header line.
type Field struct{ Name, Value string }

// Answer is a provider's answer. Body must be closed; closing it before its end
// tells the provider to stop.
type Answer struct {
	Status int
	Header http.Header
	Length int64 // -1: not known
	Body   io.ReadCloser
}

// Provider is one configured upstream. It is safe for concurrent use.
type Provider struct {
	Settings
	base   *url.URL
	prefix string // base's path without a trailing slash
	auth   []Field
	lean   *h1
	full   *http.Transport
}

// New checks the settings and returns the provider. It makes no connection.
func New(s Settings) (*Provider, error) {
	s.Timeouts = s.Timeouts.orDefaults()
	if s.Prices == "" {
		s.Prices = s.Kind.Prices
	}
	if s.MaxConns <= 0 {
		s.MaxConns = 512
	}
	raw := s.BaseURL
	if raw == "" {
		raw = s.Kind.BaseURL
	}
	if raw == "" {
		return nil, fault.New(fault.Invalid, "provider_base_url", "provider %q of kind %q needs a base_url", s.Name, s.Kind.ID)
	}
	location := s.Location
	if s.Kind.ID == "vertex" && (location == "" || location == "global") && s.BaseURL == "" {
		raw = "https://aiplatform.googleapis.com"
	}
	raw = strings.NewReplacer("{region}", s.Region, "{project}", s.Project, "{location}", location).Replace(raw)
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "provider_base_url", "provider %q: base_url %q is not an http or https URL", s.Name, raw)
	}
	if s.Translate == "" {
		for _, f := range s.Kind.Formats {
			if f != llm.OpenAIEmbeddings && f != llm.GeminiEmbed {
				s.Translate = f
				break
			}
		}
	}
	p := &Provider{Settings: s, base: u, prefix: strings.TrimRight(u.EscapedPath(), "/"), auth: authFields(s)}
	if u.Scheme == "http" {
		p.lean = newLean(s, u)
	} else {
		p.full = newFull(s)
	}
	return p, nil
}

func authFields(s Settings) []Field {
	var fields []Field
	if s.Key != "" {
		switch s.Kind.Auth {
		case AuthXKey:
			fields = append(fields, Field{"X-Api-Key", s.Key})
		case AuthGoog:
			fields = append(fields, Field{"X-Goog-Api-Key", s.Key})
		case AuthAPIKey:
			fields = append(fields, Field{"Api-Key", s.Key})
		case AuthNone:
		default:
			fields = append(fields, Field{"Authorization", "Bearer " + s.Key})
		}
	}
	for name, value := range s.Headers {
		fields = append(fields, Field{http.CanonicalHeaderKey(name), value})
	}
	slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

func newLean(s Settings, u *url.URL) *h1 {
	dial := s.Dial
	if dial == nil {
		addr := u.Host
		if u.Port() == "" {
			addr = net.JoinHostPort(u.Hostname(), "80")
		}
		d := net.Dialer{Timeout: s.Timeouts.Connect, KeepAlive: 30 * time.Second}
		dial = func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "tcp", addr) }
	}
	return &h1{host: u.Host, dial: dial, maxIdle: s.MaxConns, idleFor: 90 * time.Second, now: s.Now}
}

func newFull(s Settings) *http.Transport {
	d := net.Dialer{Timeout: s.Timeouts.Connect, KeepAlive: 30 * time.Second}
	return &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12},
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         d.DialContext,
		TLSHandshakeTimeout: s.Timeouts.Connect * 2,
		ForceAttemptHTTP2:   !s.NoHTTP2,
		MaxIdleConns:        s.MaxConns, MaxIdleConnsPerHost: s.MaxConns,
		IdleConnTimeout:    90 * time.Second,
		DisableCompression: true,
		HTTP2:              &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 10 * time.Second},
	}
}

// Close closes idle connections.
func (p *Provider) Close() {
	if p.lean != nil {
		p.lean.close()
	} else {
		p.full.CloseIdleConnections()
	}
}

// Speaks reports whether the provider understands the format.
func (p *Provider) Speaks(f llm.Format) bool { return slices.Contains(p.Kind.Formats, f) }

// Upstream returns the name by which the provider knows a model.
func (p *Provider) Upstream(model string) string {
	if p.Deployment != "" && model != "" {
		return p.Deployment
	}
	return model
}

// Origin returns the provider's scheme and host, for messages.
func (p *Provider) Origin() string { return p.base.Scheme + "://" + p.base.Host }

// Bounded reports whether the client itself keeps the total time-out, so that the
// caller's context need not.
func (p *Provider) Bounded() bool { return p.lean != nil }

// Do sends the request and returns the answer's head; ctx bounds the whole
// exchange, the body included. Errors are faults: Upstream, Timeout, Cancelled.
func (p *Provider) Do(ctx context.Context, out *Outgoing) (*Answer, error) {
	out.Extra = append(out.Extra, p.auth...)
	if p.Signer != nil {
		u := *p.base
		u.RawQuery = ""
		if parsed, err := url.ParseRequestURI(out.Target); err == nil {
			u.Path, u.RawPath, u.RawQuery = parsed.Path, parsed.RawPath, parsed.RawQuery
		}
		if err := p.Signer.Sign(ctx, out, &u); err != nil {
			if f := fault.As(err); f.Kind == fault.Cancelled || f.Kind == fault.Timeout {
				return nil, f
			}
			return nil, fault.New(fault.Upstream, "provider_credentials", "provider %q has no usable credentials", p.Name).Because(err).
				Hinted("run steward provider test %s", p.Name)
		}
	}
	var a *Answer
	var err error
	if p.lean != nil && out.Stream == nil {
		a, err = p.lean.roundTrip(ctx, out, p.Timeouts)
	} else {
		a, err = p.roundTrip(ctx, out)
	}
	if err != nil {
		return nil, p.Fault(ctx, err)
	}
	return a, nil
}

// Fault turns an error of the network into a fault that names what happened.
func (p *Provider) Fault(ctx context.Context, err error) *fault.Error {
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	var timeout net.Error
	var op *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(context.Cause(ctx), errTotal):
		return fault.New(fault.Timeout, "upstream_timeout", "%s did not finish its answer within %s", p.Name, p.Timeouts.Total).Because(err)
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), errSlow):
		return fault.New(fault.Cancelled, "client_closed", "the caller left before the answer was complete").Because(err)
	case errors.As(err, &op) && op.Op == "dial":
		return fault.New(fault.Upstream, "upstream_unreachable", "%s cannot be reached at %s", p.Name, p.Origin()).Because(err).
			Hinted("check that it runs and that base_url is right: steward provider test %s", p.Name)
	case errors.Is(context.Cause(ctx), errSlow), errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		return fault.New(fault.Timeout, "upstream_timeout", "%s sent nothing for too long", p.Name).Because(err).
			Hinted("raise timeouts.first_token or timeouts.idle of the provider if its model is that slow")
	case errors.Is(err, errHead):
		return fault.New(fault.Upstream, "upstream_malformed", "%s did not answer in HTTP", p.Name).Because(err)
	}
	return fault.New(fault.Upstream, "upstream_reset", "%s broke the connection", p.Name).Because(err).
		Hinted("try again; if it goes on, check the provider's status page")
}

var (
	errSlow  = errors.New("provider too slow")
	errTotal = errors.New("total time used up")
)

// roundTrip goes through net/http: TLS, HTTP/2, and bodies that stream.
func (p *Provider) roundTrip(ctx context.Context, out *Outgoing) (*Answer, error) {
	rt := http.RoundTripper(p.full)
	if p.full == nil {
		dial := p.lean.dial
		rt = &http.Transport{DisableKeepAlives: true, DisableCompression: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, out.Method, p.Origin()+out.Target, nil)
	if err != nil {
		cancel(nil)
		return nil, fmt.Errorf("make request: %w", err)
	}
	slow := time.AfterFunc(p.Timeouts.FirstToken, func() { cancel(errSlow) })
	switch {
	case out.Stream != nil:
		// The provider's time begins when it has all of the upload.
		req.Body, req.ContentLength = io.NopCloser(&upload{out.Stream, slow, p.Timeouts.FirstToken}), out.Length
	case len(out.Body) > 0:
		body := string(out.Body) // a copy: net/http may read it after we have returned
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
	}
	out.eachHeader(func(name, value string) { req.Header[name] = append(req.Header[name], value) })
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "steward")
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		slow.Stop()
		cause := context.Cause(ctx)
		cancel(nil)
		if errors.Is(cause, errSlow) {
			return nil, os.ErrDeadlineExceeded
		}
		return nil, err
	}
	slow.Reset(p.Timeouts.Idle)
	header := resp.Header
	for _, name := range hopByHop {
		header.Del(name)
	}
	return &Answer{Status: resp.StatusCode, Header: header, Length: resp.ContentLength,
		Body: &fullBody{ReadCloser: resp.Body, slow: slow, idle: p.Timeouts.Idle, ctx: ctx, cancel: cancel}}, nil
}

// upload starts a timer anew with each piece of a body that is sent.
type upload struct {
	io.Reader
	timer *time.Timer
	wait  time.Duration
}

func (u *upload) Read(p []byte) (int, error) {
	u.timer.Reset(u.wait)
	return u.Reader.Read(p)
}

var hopByHop = []string{"Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Trailer", "Upgrade", "Proxy-Connection"}

// fullBody is a body through net/http with an idle timer.
type fullBody struct {
	io.ReadCloser
	slow   *time.Timer
	idle   time.Duration
	ctx    context.Context // to tell a slow provider from a caller who left
	cancel context.CancelCauseFunc
}

func (b *fullBody) Read(p []byte) (int, error) {
	b.slow.Reset(b.idle)
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF && errors.Is(context.Cause(b.ctx), errSlow) {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

func (b *fullBody) Close() error {
	b.slow.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
