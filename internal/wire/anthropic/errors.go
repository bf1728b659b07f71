package anthropic

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
)

// StatusOverloaded is Anthropic's HTTP status for a lack of capacity that is not
// the caller's doing.
const StatusOverloaded = 529

// errorType is one of Anthropic's error types and what it means to us.
type errorType struct {
	name   string
	status int
	kind   fault.Kind
	code   string
}

// errorTypes is the one mapping from what Anthropic answers to faults. Refused
// is what the caller can mend; what only the provider account's owner can mend
// (key, permission, credit) is Upstream, so that another provider is tried.
var errorTypes = []errorType{
	{"invalid_request_error", http.StatusBadRequest, fault.Refused, "invalid_request"},
	{"authentication_error", http.StatusUnauthorized, fault.Upstream, "provider_auth"},
	{"billing_error", http.StatusPaymentRequired, fault.Upstream, "provider_billing"},
	{"permission_error", http.StatusForbidden, fault.Upstream, "provider_denied"},
	{"not_found_error", http.StatusNotFound, fault.Refused, "not_found"},
	{"request_too_large", http.StatusRequestEntityTooLarge, fault.Refused, "request_too_large"},
	{"rate_limit_error", http.StatusTooManyRequests, fault.Exhausted, "rate_limit_exceeded"},
	{"api_error", http.StatusInternalServerError, fault.Upstream, "provider_error"},
	{"timeout_error", http.StatusGatewayTimeout, fault.Upstream, "provider_timeout"},
	{"overloaded_error", StatusOverloaded, fault.Upstream, "overloaded"},
}

func typeNamed(name string) (errorType, bool) {
	for _, t := range errorTypes {
		if t.name == name {
			return t, true
		}
	}
	return errorType{}, false
}

func typeOfStatus(status int) errorType {
	for _, t := range errorTypes {
		if t.status == status {
			return t
		}
	}
	if status >= 400 && status < 500 {
		return errorType{"invalid_request_error", status, fault.Refused, "invalid_request"}
	}
	return errorType{"api_error", status, fault.Upstream, "provider_error"}
}

// answer returns the status and type that answer f, in Anthropic's words.
func answer(f *fault.Error) (status int, name string) {
	switch f.Kind {
	case fault.Unavailable:
		return StatusOverloaded, "overloaded_error"
	case fault.Exhausted:
		if f.Code == "budget_exceeded" {
			return http.StatusPaymentRequired, "billing_error"
		}
		return http.StatusTooManyRequests, "rate_limit_error"
	case fault.Upstream:
		if f.Code == "overloaded" || f.Status == StatusOverloaded {
			return StatusOverloaded, "overloaded_error"
		}
		return f.HTTPStatus(), "api_error"
	}
	status = f.HTTPStatus()
	return status, typeOfStatus(status).name
}

type errorJSON struct {
	Type  string `json:"type"`
	Error struct {
		Type    string `json:"type"`
		Message string `json:"message"`
		Code    string `json:"code"`
		Param   string `json:"param,omitempty"`
	} `json:"error"`
	RequestID string `json:"request_id,omitempty"`
}

// encodeError writes f as Anthropic's error, with two fields more: error.code,
// our stable code, and error.param, the request field at fault.
func encodeError(f *fault.Error, callID string) (int, []byte) {
	status, name := answer(f)
	v := errorJSON{Type: "error", RequestID: callID}
	v.Error.Type, v.Error.Message = name, f.Public()
	v.Error.Code, v.Error.Param = f.StableCode(), f.Param
	body, err := output.Marshal(v)
	if err != nil { // strings alone cannot fail to marshal
		return status, []byte(`{"type":"error","error":{"type":"api_error","message":"internal error"}}`)
	}
	return status, body
}

// decodeError reads an error answer. The status decides; the body's type refines
// what the status leaves open.
func decodeError(status int, h http.Header, body []byte) *fault.Error {
	t := typeOfStatus(status)
	obj, _ := parse(body)
	if named, ok := typeNamed(obj.Get("error.type").String()); ok && sameClass(named.status, status) {
		t = named
	}
	f := faultOf(t, obj.Get("error.message").String())
	f.Status = status
	f.RetryAfter = retryAfter(h)
	id := h.Get("request-id")
	if id == "" {
		id = obj.Get("request_id").String()
	}
	if id = printable(id); id != "" {
		f.Err = errors.New("anthropic request " + id)
	}
	return f
}

// sameClass reports whether an error type that belongs to the status own may
// refine an answer with the status got: a 400 may be a billing error, but a
// proxy's 502 is never the caller's mistake.
func sameClass(own, got int) bool { return own/100 == got/100 && got != http.StatusTooManyRequests }

// faultOf returns the fault of a type with the provider's own sentence. The
// sentence of a fault in our own account is left out: it is not the caller's
// business, and may name our credentials.
func faultOf(t errorType, message string) *fault.Error {
	if t.kind == fault.Refused {
		lower := strings.ToLower(message)
		switch {
		case strings.Contains(lower, "credit balance is too low"):
			t, _ = typeNamed("billing_error")
		case strings.Contains(lower, "prompt is too long"), strings.Contains(lower, "exceed context limit"):
			t.code = "context_length_exceeded"
		}
	}
	f := fault.New(t.kind, t.code, "the provider answered %s", t.name)
	f.Status = t.status
	private := t.code == "provider_auth" || t.code == "provider_billing" || t.code == "provider_denied"
	if message = printable(message); message != "" && !private {
		f.Message = message
	}
	return f
}

// printable shortens a foreign text to one line of at most 500 bytes.
func printable(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 500 {
		s = strings.ToValidUTF8(s[:500], "") + "..."
	}
	return s
}

// retryAfter returns how long the provider asks to wait: retry-after-ms, or
// retry-after in seconds, or as a date counted from the answer's own Date.
func retryAfter(h http.Header) time.Duration {
	const limit = 24 * time.Hour
	within := func(d float64) time.Duration {
		if !(d > 0) {
			return 0
		}
		return time.Duration(min(d, float64(limit)))
	}
	if ms, err := strconv.ParseFloat(h.Get("retry-after-ms"), 64); err == nil {
		return within(ms * float64(time.Millisecond))
	}
	value := h.Get("retry-after")
	if s, err := strconv.ParseFloat(value, 64); err == nil {
		return within(s * float64(time.Second))
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return within(float64(at.Sub(now)))
}

// streamFault reads the error object of an error event, or of an error body that
// came with status 200.
func streamFault(v gjson.Result) *fault.Error {
	t, ok := typeNamed(v.Get("error.type").String())
	if !ok {
		t = typeOfStatus(http.StatusInternalServerError)
	}
	return faultOf(t, v.Get("error.message").String())
}

// badAnswer is the fault of a provider whose answer cannot be read.
func badAnswer(what string) *fault.Error {
	return fault.New(fault.Upstream, "bad_response", "the provider's answer is %s", what)
}
