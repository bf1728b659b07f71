package api

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/steward-llmops/steward/client"
)

// signInPath is where browsers sign in and out.
const signInPath = "/api/session"

// caller is who sent a request, as a session needs to know it.
type caller struct {
	remote netip.Addr
	cookie string
	secure bool
}

// signInInput is a sign-in and who sent it.
type signInInput struct {
	caller caller
	Body   client.SignIn
}

// Resolve implements huma.Resolver.
func (in *signInInput) Resolve(c huma.Context) []error {
	in.caller = callerOf(c)
	return nil
}

// sessionInput is who asks for, or ends, a session.
type sessionInput struct{ caller caller }

// Resolve implements huma.Resolver.
func (in *sessionInput) Resolve(c huma.Context) []error {
	in.caller = callerOf(c)
	return nil
}

func callerOf(c huma.Context) caller {
	r, _ := humago.Unwrap(c)
	who := caller{remote: remote(r), secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"}
	if cookie, err := r.Cookie(cookieName); err == nil {
		who.cookie = cookie.Value
	}
	return who
}

type sessionOutput struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   client.Session
}

func (s *Server) signing(api huma.API) {
	open := []map[string][]string{{}}
	huma.Register(api, huma.Operation{OperationID: "sign-in", Method: http.MethodPost, Path: signInPath,
		Summary:     "Sign in a browser",
		Description: "With the admin token, or with the token of a first-visit link, which works once and from the same machine only.",
		Tags:        []string{"session"}, Security: open}, s.signIn)
	huma.Register(api, huma.Operation{OperationID: "show-session", Method: http.MethodGet, Path: signInPath,
		Summary: "Tell whether the browser is signed in", Tags: []string{"session"}, Security: open},
		func(_ context.Context, in *sessionInput) (*body[client.Session], error) {
			signedIn := in.caller.cookie != "" && s.Sessions.Check(in.caller.cookie) == nil
			return &body[client.Session]{client.Session{SignedIn: signedIn}}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "sign-out", Method: http.MethodDelete, Path: signInPath,
		Summary: "Sign out the browser", Tags: []string{"session"}}, s.signOut)
}

func (s *Server) signIn(_ context.Context, in *signInInput) (*sessionOutput, error) {
	if !s.isAdmin(in.Body.Token) {
		if err := s.FirstVisit.Redeem(in.Body.Token, in.caller.remote); err != nil {
			return nil, failed(err)
		}
	}
	value, end, err := s.Sessions.Start()
	if err != nil {
		return nil, failed(err)
	}
	out := &sessionOutput{Cookie: sessionCookie(value, in.caller.secure)}
	out.Cookie.MaxAge = max(1, int(end.Sub(s.Now())/time.Second))
	out.Body = client.Session{SignedIn: true, Expires: end.UTC().Format(time.RFC3339)}
	return out, nil
}

func (s *Server) signOut(_ context.Context, in *sessionInput) (*sessionOutput, error) {
	if in.caller.cookie != "" {
		s.Sessions.End(in.caller.cookie)
	}
	out := &sessionOutput{Cookie: sessionCookie("", in.caller.secure)}
	out.Cookie.MaxAge = -1
	return out, nil
}

func sessionCookie(value string, secure bool) http.Cookie {
	return http.Cookie{Name: cookieName, Value: value, Path: "/api", HttpOnly: true, Secure: secure,
		SameSite: http.SameSiteStrictMode}
}
