package bedrock

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
)

// exception is one of Bedrock's exceptions and what it means to us. Refused is
// what the caller can mend; what only the account's owner can mend is Upstream,
// so that another provider is tried.
type exception struct {
	name   string
	status int
	kind   fault.Kind
	code   string
}

// exceptions is the one mapping between Bedrock's errors and faults. The first
// row of a status is its default.
var exceptions = []exception{
	{"ValidationException", 400, fault.Refused, "invalid_request"},
	{"ServiceQuotaExceededException", 400, fault.Exhausted, "rate_limit_exceeded"},
	{"AccessDeniedException", 403, fault.Upstream, "provider_denied"},
	{"UnrecognizedClientException", 403, fault.Upstream, "provider_auth"},
	{"InvalidSignatureException", 403, fault.Upstream, "provider_auth"},
	{"IncompleteSignatureException", 403, fault.Upstream, "provider_auth"},
	{"SignatureDoesNotMatch", 403, fault.Upstream, "provider_auth"},
	{"MissingAuthenticationTokenException", 403, fault.Upstream, "provider_auth"},
	{"InvalidClientTokenId", 403, fault.Upstream, "provider_auth"},
	{"ExpiredTokenException", 403, fault.Upstream, "provider_auth"},
	{"ResourceNotFoundException", 404, fault.Refused, "model_not_found"},
	{"ModelTimeoutException", 408, fault.Upstream, "provider_timeout"},
	{"ThrottlingException", 429, fault.Exhausted, "rate_limit_exceeded"},
	{"ModelNotReadyException", 429, fault.Upstream, "overloaded"},
	{"ModelErrorException", 424, fault.Upstream, "provider_error"},
	{"ModelStreamErrorException", 424, fault.Upstream, "provider_error"},
	{"InternalServerException", 500, fault.Upstream, "provider_error"},
	{"ServiceUnavailableException", 503, fault.Upstream, "overloaded"},
}

// named finds an exception by its name. In streams it begins with a small letter.
func named(name string) (exception, bool) {
	for _, e := range exceptions {
		if strings.EqualFold(e.name, name) {
			return e, true
		}
	}
	return exception{}, false
}

func byStatus(status int) exception {
	for _, e := range exceptions {
		if e.status == status {
			return e
		}
	}
	switch {
	case status == http.StatusUnauthorized:
		return exception{"UnrecognizedClientException", status, fault.Upstream, "provider_auth"}
	case status == http.StatusRequestEntityTooLarge:
		return exception{"ValidationException", status, fault.Refused, "request_too_large"}
	case status >= 400 && status < 500:
		return exception{"ValidationException", status, fault.Refused, "invalid_request"}
	}
	return exception{"InternalServerException", status, fault.Upstream, "provider_error"}
}

// ErrorType returns the exception's name for f, which AWS's SDKs look for in the
// answer's header X-Amzn-Errortype before they look into the body.
func ErrorType(f *fault.Error) string {
	switch f.Kind {
	case fault.Exhausted:
		return "ThrottlingException"
	case fault.Unauthenticated:
		return "UnrecognizedClientException"
	case fault.Denied:
		return "AccessDeniedException"
	case fault.NotFound:
		return "ResourceNotFoundException"
	case fault.Unavailable:
		return "ServiceUnavailableException"
	case fault.Timeout:
		return "ModelTimeoutException"
	case fault.Upstream:
		if f.Code == "overloaded" {
			return "ServiceUnavailableException"
		}
		return "ModelErrorException"
	}
	return byStatus(statusOf(f)).name
}

// statusOf answers 503 for a provider without capacity, which SDKs try again.
func statusOf(f *fault.Error) int {
	if f.Kind == fault.Upstream && f.Code == "overloaded" {
		return http.StatusServiceUnavailable
	}
	return f.HTTPStatus()
}

type errorJSON struct {
	Message string `json:"message"`
	Type    string `json:"__type"`
	Code    string `json:"code"`
	Param   string `json:"param,omitempty"`
	CallID  string `json:"callId,omitempty"`
}

// encodeError writes f as Bedrock's {"message":...}, with the exception's name
// for SDKs, our stable code, and the request field at fault.
func encodeError(f *fault.Error, callID string) (int, []byte) {
	body, err := output.Marshal(errorJSON{f.Public(), ErrorType(f), f.StableCode(), f.Param, callID})
	if err != nil { // strings alone cannot fail to marshal
		body = []byte(`{"message":"internal error"}`)
	}
	return statusOf(f), body
}

// streamException is the name of the exception that ends a stream with f: of all
// exceptions a stream can bring but five.
func streamException(f *fault.Error) string {
	switch status := statusOf(f); {
	case f.Kind == fault.Exhausted:
		return "throttlingException"
	case f.Kind == fault.Unavailable || status == http.StatusServiceUnavailable:
		return "serviceUnavailableException"
	case f.Kind == fault.Upstream || f.Kind == fault.Timeout:
		return "modelStreamErrorException"
	case status >= 400 && status < 500:
		return "validationException"
	}
	return "internalServerException"
}

// decodeError reads an error answer: the exception's name in the header or the
// body decides, where there is one, else the status.
func decodeError(status int, h http.Header, body []byte) *fault.Error {
	obj, _ := parse(body)
	e := byStatus(status)
	if n, ok := named(errorName(h, obj)); ok && n.status/100 == status/100 {
		e = n
	}
	e.status = status
	f := faultOf(e, errorMessage(obj))
	f.RetryAfter = retryAfter(h)
	return f
}

// errorName reads "ValidationException:http://internal.amazon.com/..." and
// "com.amazon.coral.service#UnrecognizedClientException".
func errorName(h http.Header, obj gjson.Result) string {
	name := h.Get("X-Amzn-Errortype")
	if name == "" {
		name = obj.Get("__type").String()
	}
	name, _, _ = strings.Cut(name, ":")
	return name[strings.LastIndexByte(name, '#')+1:]
}

func errorMessage(obj gjson.Result) string {
	for _, key := range []string{"message", "Message", "originalMessage"} {
		if m := obj.Get(key); m.Type == gjson.String && m.Str != "" {
			return m.Str
		}
	}
	return ""
}

// faultOf returns the fault of an exception with the provider's own sentence.
// That of a fault in our own account is left out: it is not the caller's
// business, and may name our credentials.
func faultOf(e exception, message string) *fault.Error {
	lower := strings.ToLower(message)
	switch {
	case e.kind == fault.Refused && (strings.Contains(lower, "too long for requested model") || strings.Contains(lower, "prompt is too long") ||
		strings.Contains(lower, "exceed context limit") || strings.Contains(lower, "maximum context length")):
		e.code = "context_length_exceeded"
	case e.kind == fault.Refused && strings.Contains(lower, "model identifier is invalid"):
		e.code = "model_not_found"
	case e.status == http.StatusForbidden && (strings.Contains(lower, "security token") || strings.Contains(lower, "signature") || strings.Contains(lower, "api key")):
		e.code = "provider_auth"
	}
	f := fault.New(e.kind, e.code, "the provider answered %s", e.name)
	f.Status = e.status
	if message = printable(message); message != "" && e.code != "provider_auth" && e.code != "provider_denied" {
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
	within := func(d float64) time.Duration {
		if !(d > 0) {
			return 0
		}
		return time.Duration(min(d, float64(24*time.Hour)))
	}
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return within(ms * float64(time.Millisecond))
	}
	value := h.Get("Retry-After")
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

// streamFault reads an exception that came within a stream, by the event's name.
func streamFault(name string, data []byte) *fault.Error {
	name = strings.TrimPrefix(name, exceptionPrefix)
	if exceptionPrefix+name == Malformed {
		return badStream()
	}
	e, ok := named(name)
	if !ok {
		e = byStatus(http.StatusInternalServerError)
	}
	obj, _ := parse(data)
	return faultOf(e, errorMessage(obj))
}

func badStream() *fault.Error {
	return fault.New(fault.Upstream, "bad_stream", "the provider's stream holds an event that cannot be read")
}
