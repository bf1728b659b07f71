package responses

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
)

// errorTypes are the words that OpenAI's clients know for each kind of fault.
var errorTypes = map[fault.Kind]string{
	fault.Invalid:         "invalid_request_error",
	fault.Unauthenticated: "invalid_request_error",
	fault.Denied:          "permission_error",
	fault.NotFound:        "invalid_request_error",
	fault.Conflict:        "conflict_error",
	fault.TooLarge:        "invalid_request_error",
	fault.Exhausted:       "rate_limit_error",
	fault.Refused:         "invalid_request_error",
}

func errorType(k fault.Kind) string {
	if t, ok := errorTypes[k]; ok {
		return t
	}
	return "server_error"
}

// appendError appends the object that describes f.
func appendError(dst []byte, f *fault.Error) []byte {
	dst = append(dst, `{"message":`...)
	dst = appendString(dst, f.Public())
	dst = memberString(dst, "type", errorType(f.Kind))
	if f.Param == "" {
		dst = append(dst, `,"param":null`...)
	} else {
		dst = memberString(dst, "param", f.Param)
	}
	dst = memberString(dst, "code", f.StableCode())
	return dst
}

func encodeError(f *fault.Error, callID string) (int, []byte) {
	b := appendError([]byte(`{"error":`), f)
	b = memberString(b, "call_id", callID)
	return f.HTTPStatus(), append(b, "}}"...)
}

// maxMessage is how much of a provider's sentence is passed on, in bytes.
const maxMessage = 1000

// said returns the provider's sentence, cut to a bearable length.
func said(v gjson.Result, otherwise string) string {
	s := strings.ToValidUTF8(strings.TrimSpace(v.String()), "")
	if s == "" {
		return otherwise
	}
	if len(s) > maxMessage {
		s = s[:maxMessage]
		for len(s) > 0 && !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}

func decodeError(status int, h http.Header, body []byte) *fault.Error {
	e := gjson.Result{}
	if shallow(body) && gjson.ValidBytes(body) {
		root := gjson.ParseBytes(body)
		if root.IsArray() {
			root = root.Get("0")
		}
		if e = root.Get("error"); !e.IsObject() {
			e = root
		}
	}
	f := &fault.Error{
		Kind: fault.Refused, Status: status, Code: code(e), Param: e.Get("param").String(),
		Message: said(e.Get("message"), "the provider refused the request with status "+strconv.Itoa(status)),
	}
	switch {
	case status == http.StatusUnauthorized:
		// The provider's sentence may quote the key.
		f.Kind, f.Code, f.Param = fault.Upstream, "provider_auth", ""
		f.Message = "the provider did not accept our credentials"
	case status == http.StatusForbidden:
		f.Kind, f.Code, f.Message = fault.Upstream, "provider_denied", "the provider denied our account this request"
	case status == http.StatusPaymentRequired:
		f.Kind, f.Code, f.Message = fault.Upstream, "provider_billing", "the provider's account is out of credit"
	case status == http.StatusTooManyRequests:
		f.Kind, f.RetryAfter = fault.Exhausted, retryAfter(h)
	case status == http.StatusRequestTimeout:
		f.Kind = fault.Timeout
	case status == http.StatusConflict || status >= 500:
		f.Kind, f.RetryAfter = fault.Upstream, retryAfter(h)
	}
	if f.Code == "" {
		f.Code = map[fault.Kind]string{
			fault.Refused: "provider_refused", fault.Exhausted: "rate_limit_exceeded",
			fault.Timeout: "provider_timeout", fault.Upstream: "provider_error",
		}[f.Kind]
	}
	return f
}

// code returns the error's code, or its type where it has none.
func code(e gjson.Result) string {
	for _, key := range []string{"code", "type"} {
		if v := e.Get(key); v.Type == gjson.String && v.String() != "" && v.String() != "error" {
			return v.String()
		}
	}
	return ""
}

// streamFault turns an error that came inside an answer of status 200, as an event
// or as a failed response, into a fault.
func streamFault(e gjson.Result) *fault.Error {
	f := &fault.Error{
		Kind: fault.Upstream, Code: code(e), Param: e.Get("param").String(),
		Message: said(e.Get("message"), "the provider's answer failed"),
	}
	switch f.Code {
	case "rate_limit_exceeded", "rate_limit_error", "insufficient_quota", "tokens", "requests":
		f.Kind = fault.Exhausted
	case "invalid_api_key", "authentication_error":
		f.Code, f.Message = "provider_auth", "the provider did not accept our credentials"
	case "", "server_error", "vector_store_timeout", "server_is_overloaded", "slow_down":
		if f.Code == "" {
			f.Code = "provider_error"
		}
	case "context_length_exceeded", "string_above_max_length", "content_filter", "bio_policy", "cyber_policy":
		f.Kind, f.Status = fault.Refused, http.StatusBadRequest
	default:
		// invalid_prompt, invalid_image, image_too_large, image_parse_error, ...
		if strings.HasPrefix(f.Code, "invalid_") || strings.Contains(f.Code, "image_") {
			f.Kind, f.Status = fault.Refused, http.StatusBadRequest
		}
	}
	return f
}

// retryAfter reads how long to wait: in milliseconds, seconds, or until a date,
// which counts from the answer's own.
func retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return span(ms, time.Millisecond)
	}
	v := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		return span(s, time.Second)
	}
	until, err := http.ParseTime(v)
	if err == nil {
		if now, err := http.ParseTime(h.Get("Date")); err == nil {
			return max(0, until.Sub(now))
		}
		return 0
	}
	var wait time.Duration
	for _, what := range []string{"Requests", "Tokens"} {
		if h.Get("X-Ratelimit-Remaining-"+what) == "0" {
			if d, err := time.ParseDuration(h.Get("X-Ratelimit-Reset-" + what)); err == nil {
				wait = max(wait, d)
			}
		}
	}
	return wait
}

// span returns n units, none where n is no sensible wait (a day at most).
func span(n float64, unit time.Duration) time.Duration {
	const day = 24 * time.Hour
	if !(n > 0) || n > float64(day/unit) {
		return 0
	}
	return time.Duration(n * float64(unit))
}
