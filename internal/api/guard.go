package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
)

// cookieName names the session's cookie.
const cookieName = "steward_session"

// csrfHeader is what a page of our own sends with a request that changes
// something. No other site's page can, without a preflight that nobody answers.
const csrfHeader = "X-Steward-CSRF"

// maxBody bounds a request's body, in bytes.
const maxBody = 8 << 20

// guard lets through who has the admin token or a session.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if f := s.admit(r); f != nil {
			writeFault(w, f)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// admit returns nil for a request that may pass.
func (s *Server) admit(r *http.Request) *fault.Error {
	open := r.URL.Path == "/api/openapi.json" || r.URL.Path == signInPath && r.Method != http.MethodDelete
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if strings.EqualFold(scheme, "Bearer") && s.isAdmin(token) || open {
			return nil
		}
		return fault.New(fault.Unauthenticated, "invalid_token", "the admin token is not the one of this server").
			Hinted("use the content of admin-token in the server's data directory, as STEWARD_TOKEN or with --data")
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		if open {
			return sameSite(r)
		}
		return fault.New(fault.Unauthenticated, "not_signed_in", "you are not signed in").
			Hinted("send the admin token: Authorization: Bearer TOKEN (it is in admin-token in the data directory)")
	}
	if f := sameSite(r); f != nil {
		return f
	}
	if open {
		return nil
	}
	if err := s.Sessions.Check(cookie.Value); err != nil {
		return fault.As(err)
	}
	return nil
}

// sameSite refuses a request that changes something unless a page of our own
// sent it.
func sameSite(r *http.Request) *fault.Error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	if r.Header.Get(csrfHeader) != "" || r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return nil
	}
	return fault.New(fault.Denied, "cross_site", "a request with a cookie must come from Steward's own pages").
		Hinted("send the header %s: 1, or the admin token instead of a cookie", csrfHeader)
}

// isAdmin compares in a time that does not depend on where two tokens differ.
func (s *Server) isAdmin(token string) bool {
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.Token))
	return s.Token != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// remote returns the address of who sent the request: the zero Addr where a
// proxy stands between, or where the host that was asked for is not this
// machine, as when another site's name was pointed at it.
func remote(r *http.Request) netip.Addr {
	if r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" || r.Header.Get("X-Real-Ip") != "" {
		return netip.Addr{}
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return netip.Addr{}
	}
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}
