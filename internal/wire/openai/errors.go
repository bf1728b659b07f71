package openai

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
)

type errorBody struct {
	Error errorFields `json:"error"`
}

type errorFields struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    string  `json:"code"`
	CallID  string  `json:"call_id,omitempty"`
}

// encodeError writes f as OpenAI's error object, with the call's id added.
func encodeError(f *fault.Error, callID string) (int, []byte) {
	return f.HTTPStatus(), errorJSON(f, callID)
}

func errorJSON(f *fault.Error, callID string) []byte {
	e := errorFields{Message: f.Public(), Type: errorType(f), Code: f.StableCode(), CallID: callID}
	if f.Param != "" {
		e.Param = &f.Param
	}
	return mustMarshal(errorBody{e})
}

// errorType returns OpenAI's class of error, which its SDKs show.
func errorType(f *fault.Error) string {
	switch f.Code {
	case "budget_exceeded", "insufficient_quota":
		return "insufficient_quota"
	}
	switch f.Kind {
	case fault.Invalid, fault.TooLarge, fault.Conflict, fault.Unauthenticated, fault.NotFound:
		return "invalid_request_error" // OpenAI's word for a bad key and an unknown model too
	case fault.Denied:
		return "permission_error"
	case fault.Exhausted:
		return "rate_limit_error"
	case fault.Refused:
		return refusedType(f.HTTPStatus())
	}
	return "api_error"
}

func refusedType(status int) string {
	switch {
	case status == http.StatusForbidden:
		return "permission_error"
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status < 500:
		return "invalid_request_error"
	}
	return "api_error"
}

// decodeError turns a provider's error answer into a fault. The bodies of many
// servers are understood: OpenAI's, Google's in a list, {detail}, {message},
// OpenRouter's with the upstream's words in metadata.
func decodeError(status int, h http.Header, body []byte) *fault.Error {
	root, ok := parse(body)
	var e providerError
	switch {
	case ok && (root.IsObject() || root.IsArray()):
		e = readError(root)
	case blank(body):
		e.message = "an empty body"
	default:
		e.message = "a body that is not JSON"
	}
	f := e.fault(status)
	f.RetryAfter = retryAfter(h)
	return f
}

// providerError is what a provider says about an error.
type providerError struct {
	message, kind, code, param string
	status                     int  // numeric code within the body, else 0
	said                       bool // message is the provider's own sentence
}

// readError reads an error body or the error event of a stream.
func readError(root gjson.Result) providerError {
	if root.IsArray() {
		root = root.Get("0")
	}
	v := get(root, "error")
	if !v.IsObject() {
		e := providerError{message: text(v)}
		if e.message == "" {
			v = root
		}
		e.take(v)
		e.said = e.message != ""
		return e
	}
	var e providerError
	e.take(v)
	e.said = e.message != ""
	return e
}

func (e *providerError) take(v gjson.Result) {
	if !v.IsObject() {
		return
	}
	e.message = text(get(v, "message"))
	if e.message == "" {
		e.message = detailMessage(get(v, "detail"))
	}
	if upstream := upstreamMessage(v.Get("metadata.raw")); upstream != "" {
		e.message = strings.TrimSpace(e.message + ": " + upstream)
	}
	e.kind, e.param = text(get(v, "type")), text(get(v, "param"))
	if e.kind == "" {
		e.kind = text(get(v, "status")) // Google
	}
	code := get(v, "code")
	if code.Type == gjson.Number {
		e.status = int(count(code))
	} else {
		e.code = text(code)
		if n, err := strconv.Atoi(e.code); err == nil {
			e.status, e.code = n, ""
		}
	}
	if inner := text(v.Get("innererror.code")); inner != "" { // Azure
		e.code = inner
	}
	if n := count(get(v, "status_code")); n != 0 { // Groq, within streams
		e.status = int(n)
	}
	if e.status < 400 || e.status > 599 {
		e.status = 0
	}
}

// detailMessage reads FastAPI's detail: a sentence, or a list of complaints, of
// which it takes the place and the reason but not the input.
func detailMessage(v gjson.Result) string {
	if v.Type == gjson.String {
		return text(v)
	}
	var out []string
	each(v, func(v gjson.Result) bool {
		var place []string
		each(get(v, "loc"), func(v gjson.Result) bool {
			place = append(place, v.String())
			return true
		})
		if msg := text(get(v, "msg")); msg != "" {
			out = append(out, strings.TrimPrefix(strings.Join(place, ".")+": "+msg, ": "))
		}
		return len(out) < 3
	})
	return strings.Join(out, "; ")
}

// upstreamMessage reads OpenRouter's metadata.raw: a sentence, or the error body
// of the server behind it.
func upstreamMessage(v gjson.Result) string {
	s := text(v)
	if strings.HasPrefix(strings.TrimSpace(s), "{") {
		inner, ok := parse([]byte(s))
		if !ok {
			return ""
		}
		return readError(inner).message
	}
	return s
}

// longest is the most bytes of a provider's sentence that a fault repeats.
const longest = 400

// sentence is the fault's text.
func (e *providerError) sentence(status int) string {
	m := strings.Join(strings.Fields(e.message), " ")
	if len(m) > longest {
		m = m[:longest]
		for len(m) > 0 && !utf8.ValidString(m) {
			m = m[:len(m)-1]
		}
		m += "..."
	}
	switch {
	case !e.said && m == "":
		return "provider answered " + strconv.Itoa(status) + " without saying why"
	case !e.said:
		return "provider answered " + strconv.Itoa(status) + " with " + m
	}
	return "provider answered " + strconv.Itoa(status) + ": " + m
}

// fault sorts the error by who can mend it.
func (e *providerError) fault(status int) *fault.Error {
	f := &fault.Error{Kind: fault.Refused, Status: status, Param: e.param, Message: e.sentence(status)}
	switch {
	case e.quota() || status == http.StatusPaymentRequired:
		f.Kind, f.Code = fault.Exhausted, "insufficient_quota"
		f.Hint = "the account at the provider has no credit left; top it up or route elsewhere"
	case status == http.StatusTooManyRequests:
		f.Kind, f.Code = fault.Exhausted, "rate_limit_exceeded"
	case e.filtered():
		f.Code = "content_filter"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		// The provider's sentence may quote the key.
		f.Kind, f.Code, f.Param = fault.Upstream, "provider_auth", ""
		f.Message = "provider answered " + strconv.Itoa(status) + " to Steward's credentials"
		f.Hint = "check the provider's key and its rights"
	case status == http.StatusRequestTimeout:
		f.Kind, f.Code = fault.Timeout, "provider_timeout"
	case status == http.StatusConflict:
		f.Kind, f.Code = fault.Upstream, "provider_conflict"
	case status == http.StatusServiceUnavailable || status == 529:
		f.Kind, f.Code = fault.Upstream, "provider_overloaded"
	case status >= 500:
		f.Kind, f.Code = fault.Upstream, "provider_error"
	case e.tooLong():
		f.Code = "context_length_exceeded"
		f.Hint = "shorten the conversation or route to a model with a larger window"
	case status == http.StatusRequestEntityTooLarge:
		f.Code = "request_too_large"
	case e.code == "model_not_found" || status == http.StatusNotFound:
		f.Code = "model_not_found"
	default:
		f.Code = e.stable()
	}
	return f
}

// stable returns the provider's own code where it is one word, else a general one.
func (e *providerError) stable() string {
	for _, s := range []string{e.code, e.kind} {
		if s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" {
			return s
		}
	}
	return "invalid_request"
}

func (e *providerError) is(words ...string) bool {
	for _, w := range words {
		if e.code == w || e.kind == w {
			return true
		}
	}
	return false
}

func (e *providerError) says(phrases ...string) bool {
	m := strings.ToLower(e.message)
	for _, p := range phrases {
		if strings.Contains(m, p) {
			return true
		}
	}
	return false
}

func (e *providerError) quota() bool {
	return e.is("insufficient_quota", "billing_hard_limit_reached", "insufficient_balance", "exceeded_current_quota_error") ||
		e.says("insufficient balance", "insufficient credits", "exceeded your current quota, please check your plan and billing")
}

func (e *providerError) filtered() bool {
	return e.is("content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation", "moderation_blocked") ||
		e.says("content management policy", "flagged by moderation", "requires moderation", "content exists risk")
}

func (e *providerError) tooLong() bool {
	return e.is("context_length_exceeded", "string_above_max_length") ||
		e.says("maximum context length", "context length", "context window", "prompt is too long",
			"input token count", "maximum number of tokens", "too many tokens", "reduce the length")
}

// faultIn returns the fault that an answer or a chunk itself reports: {"error":
// ...}, the same in a list, vLLM's {"object":"error"}, or an event that is named
// "error".
func faultIn(name string, root gjson.Result, a *answer) *fault.Error {
	switch {
	case root.IsArray():
		if root.Get("0.error").Exists() {
			return streamFault(root)
		}
	case a.fault.Exists() && !(a.fault.Type == gjson.String && a.fault.Str == "") && a.fault.Type != gjson.False:
		return streamFault(root)
	case !a.choices.Exists() && (name == "error" || get(root, "object").Str == "error"):
		return streamFault(root)
	}
	return nil
}

// streamFault turns an error within an answer of status 200 into a fault. Its
// status is what the error says, or what its words mean.
func streamFault(v gjson.Result) *fault.Error {
	e := readError(v)
	status := e.status
	switch {
	case status != 0:
	case e.is("rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED", "insufficient_quota"):
		status = http.StatusTooManyRequests
	case e.is("invalid_request_error", "INVALID_ARGUMENT", "BadRequestError", "context_length_exceeded", "content_filter"):
		status = http.StatusBadRequest
	case e.is("authentication_error", "invalid_api_key", "UNAUTHENTICATED"):
		status = http.StatusUnauthorized
	case e.is("overloaded_error", "overloaded", "UNAVAILABLE"):
		status = http.StatusServiceUnavailable
	default:
		status = http.StatusInternalServerError
	}
	return e.fault(status)
}

// retryAfter reads retry-after-ms, or Retry-After in seconds or as a date, which
// is measured against the answer's own Date.
func retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 && ms < 1e12 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	after := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(after, 64); err == nil {
		if s > 0 && s < 1e9 {
			return time.Duration(s * float64(time.Second))
		}
		return 0
	}
	at, err := http.ParseTime(after)
	now, err2 := http.ParseTime(h.Get("Date"))
	if err != nil || err2 != nil || !at.After(now) {
		return 0
	}
	return at.Sub(now)
}
