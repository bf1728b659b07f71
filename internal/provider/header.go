package provider

import (
	"net/http"
	"strings"
)

// eachHeader calls add for each header line that goes out: what may be forwarded
// of the caller's, then Extra. A name in Extra replaces the caller's.
func (o *Outgoing) eachHeader(add func(name, value string)) {
	for name, values := range o.Header {
		if !Forwardable(name) || o.extra(name) {
			continue
		}
		for _, v := range values {
			add(name, v)
		}
	}
	for _, f := range o.Extra {
		add(f.Name, f.Value)
	}
}

func (o *Outgoing) extra(name string) bool {
	for _, f := range o.Extra {
		if f.Name == name {
			return true
		}
	}
	return false
}

// Forwardable reports whether a caller's header, by canonical name, goes on to the
// provider. What speaks to Steward (its key, its own headers), what belongs to the
// connection, and what could carry a person's identity to a vendor stays here.
func Forwardable(name string) bool {
	switch name {
	case "Authorization", "X-Api-Key", "X-Goog-Api-Key", "Api-Key", "Cookie",
		"Host", "Content-Length", "Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Proxy-Authorization", "Proxy-Connection", "Expect", "Accept-Encoding",
		"Forwarded", "Via", "X-Real-Ip", "Origin", "Referer", "Baggage", "Traceparent", "Tracestate",
		"X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256":
		return false
	}
	return !strings.HasPrefix(name, "X-Steward-") && !strings.HasPrefix(name, "X-Forwarded-") && !strings.HasPrefix(name, "Sec-")
}

// Returnable reports whether a provider's answer header goes back to the caller.
// Limits of a shared key are not the caller's limits, and cookies and the
// provider's own transport are nobody's business.
func Returnable(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Trailer", "Upgrade", "Proxy-Connection",
		"Set-Cookie", "Date", "Server", "Via", "Alt-Svc", "Strict-Transport-Security", "Cf-Ray", "Cf-Cache-Status",
		"X-Content-Type-Options", "Www-Authenticate", "Content-Encoding":
		return false
	}
	return !strings.HasPrefix(name, "X-Ratelimit-") && !strings.HasPrefix(name, "Anthropic-Ratelimit-") &&
		!strings.HasPrefix(name, "Access-Control-") && !strings.HasPrefix(name, "X-Steward-")
}

// RequestID returns the provider's id of a request, out of its answer's header.
func RequestID(h http.Header) string {
	for _, name := range [...]string{"X-Request-Id", "Request-Id", "X-Amzn-Requestid", "X-Goog-Request-Id", "Cf-Ray"} {
		if v := h[name]; len(v) > 0 {
			return v[0]
		}
	}
	return ""
}
