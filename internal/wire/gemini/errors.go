package gemini

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
)

// domain is the ErrorInfo domain of faults that are ours.
const domain = "steward"

// statusWords are the gRPC status words by HTTP status, as Google's gateways map
// them; what is not listed is UNKNOWN.
var statusWords = map[int]string{
	400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 402: "RESOURCE_EXHAUSTED", 403: "PERMISSION_DENIED",
	404: "NOT_FOUND", 405: "UNIMPLEMENTED", 408: "DEADLINE_EXCEEDED", 409: "ABORTED", 412: "FAILED_PRECONDITION",
	413: "INVALID_ARGUMENT", 415: "INVALID_ARGUMENT", 416: "OUT_OF_RANGE", 422: "INVALID_ARGUMENT",
	429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 500: "INTERNAL", 501: "UNIMPLEMENTED", 502: "UNAVAILABLE",
	503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}

// httpStatuses are the HTTP statuses of gRPC codes, for errors that give only the
// word.
var httpStatuses = map[string]int{
	"INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "OUT_OF_RANGE": 400, "UNAUTHENTICATED": 401,
	"PERMISSION_DENIED": 403, "NOT_FOUND": 404, "ABORTED": 409, "ALREADY_EXISTS": 409,
	"RESOURCE_EXHAUSTED": 429, "CANCELLED": 499, "INTERNAL": 500, "DATA_LOSS": 500, "UNKNOWN": 500,
	"UNIMPLEMENTED": 501, "UNAVAILABLE": 503, "DEADLINE_EXCEEDED": 504,
}

type errorJSON struct {
	Error statusJSON `json:"error"`
}

type statusJSON struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"`
	Details []any  `json:"details,omitempty"`
}

type errorInfoJSON struct {
	Type     string            `json:"@type"`
	Reason   string            `json:"reason"`
	Domain   string            `json:"domain"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

type badRequestJSON struct {
	Type            string               `json:"@type"`
	FieldViolations []fieldViolationJSON `json:"fieldViolations"`
}

type fieldViolationJSON struct {
	Field       string `json:"field"`
	Description string `json:"description"`
}

type retryInfoJSON struct {
	Type       string `json:"@type"`
	RetryDelay string `json:"retryDelay"`
}

const typeURL = "type.googleapis.com/google.rpc."

// encodeError writes a google.rpc.Status: the stable code and the call's id in an
// ErrorInfo, the field at fault in a BadRequest, the wait in a RetryInfo.
func encodeError(f *fault.Error, callID string) (int, []byte) {
	code := f.HTTPStatus()
	word := statusWords[code]
	if word == "" {
		word = "UNKNOWN"
	}
	info := errorInfoJSON{Type: typeURL + "ErrorInfo", Reason: f.StableCode(), Domain: domain}
	if callID != "" {
		info.Metadata = map[string]string{"callId": callID}
	}
	details := []any{info}
	if f.Param != "" {
		details = append(details, badRequestJSON{
			Type: typeURL + "BadRequest", FieldViolations: []fieldViolationJSON{{Field: f.Param, Description: f.Message}},
		})
	}
	if f.RetryAfter > 0 {
		details = append(details, retryInfoJSON{
			Type: typeURL + "RetryInfo", RetryDelay: strconv.FormatInt(int64(math.Ceil(f.RetryAfter.Seconds())), 10) + "s",
		})
	}
	body, err := writer.Marshal(errorJSON{Error: statusJSON{Code: code, Message: f.Public(), Status: word, Details: details}})
	if err != nil {
		body = []byte(`{"error":{"code":500,"message":"internal error","status":"INTERNAL"}}`)
	}
	return code, body
}

// upstreamError is a google.rpc.Status taken apart.
type upstreamError struct {
	code    int
	message string
	status  string
	reason  string
	retry   time.Duration
}

func readError(v gjson.Result) upstreamError {
	var e upstreamError
	fields(v, func(name string, f gjson.Result) {
		switch name {
		case "code":
			e.code = int(min(count(f), 999))
		case "message":
			e.message = f.Str
		case "status":
			e.status = f.Str
		case "details":
			each(f, func(_ int, d gjson.Result) {
				switch kind := field(d, "@type").Str; {
				case strings.HasSuffix(kind, "RetryInfo"):
					if wait, err := time.ParseDuration(field(d, "retryDelay").Str); err == nil && wait > 0 {
						e.retry = wait
					}
				case strings.HasSuffix(kind, "ErrorInfo"):
					e.reason = field(d, "reason").Str
				}
			})
		}
	})
	return e
}

// decodeError reads an error answer: {"error":...}, the same in an array, or
// anything at all.
func decodeError(status int, h http.Header, body []byte) *fault.Error {
	var e upstreamError
	if shallow(body) && gjson.ValidBytes(body) {
		v := gjson.ParseBytes(body)
		each(v, func(i int, first gjson.Result) {
			if i == 0 {
				e = readError(field(first, "error"))
			}
		})
	}
	e.code = status
	if wait := retryAfter(h); wait > 0 {
		e.retry = wait
	}
	return e.fault()
}

// streamFault reads an error object that came within an answer of status 200.
func streamFault(v gjson.Result) *fault.Error {
	e := readError(v)
	if e.code < 400 {
		e.code = httpStatuses[e.status]
	}
	return e.fault()
}

// ourKey lists the ErrorInfo reasons that blame the credentials or the project,
// which the caller cannot mend. Google answers some of them with 400.
func (e *upstreamError) ourKey() bool {
	switch e.reason {
	case "SERVICE_DISABLED", "BILLING_DISABLED", "CONSUMER_INVALID", "CONSUMER_SUSPENDED", "CREDENTIALS_MISSING",
		"USER_PROJECT_DENIED", "ACCOUNT_STATE_INVALID", "IAM_PERMISSION_DENIED", "REGION_NOT_SUPPORTED":
		return true
	}
	return e.code == http.StatusUnauthorized || strings.HasPrefix(e.reason, "API_KEY_") || strings.HasPrefix(e.reason, "ACCESS_TOKEN_")
}

// fault says who can mend e. The provider's words are passed on only in a
// refusal; elsewhere they may name our project, and stay in the cause.
func (e *upstreamError) fault() *fault.Error {
	var f *fault.Error
	switch {
	case e.ourKey():
		f = fault.New(fault.Upstream, "provider_auth", "the provider does not accept the credentials of this deployment")
	case e.code == http.StatusPaymentRequired:
		f = fault.New(fault.Upstream, "provider_billing", "the provider's account has no credit left")
	case e.code == http.StatusTooManyRequests:
		f = fault.New(fault.Exhausted, "rate_limit_exceeded", "the provider's rate limit or quota is used up")
		f.RetryAfter = e.retry
	case e.code >= 400 && e.code < 500:
		f = fault.New(fault.Refused, e.refusalCode(), "%s", e.words())
	default:
		f = fault.New(fault.Upstream, "provider_error", "the provider failed with status %d", e.code)
		f.RetryAfter = e.retry
	}
	f.Status = e.code
	if f.Kind != fault.Refused && e.message != "" {
		f.Err = errors.New(clip(e.message))
	}
	return f
}

func (e *upstreamError) refusalCode() string {
	if e.code == http.StatusNotFound {
		return "model_not_found"
	}
	if said := strings.ToLower(e.message); e.code == http.StatusBadRequest && strings.Contains(said, "token") && strings.Contains(said, "exceed") {
		return "context_length_exceeded" // "The input token count (...) exceeds the maximum number of tokens allowed"
	}
	if e.status != "" {
		return strings.ToLower(e.status)
	}
	if word := statusWords[e.code]; word != "" {
		return strings.ToLower(word)
	}
	return fault.Refused.String()
}

func (e *upstreamError) words() string {
	if e.message == "" {
		return "the provider refused the request with status " + strconv.Itoa(e.code)
	}
	return clip(e.message)
}

// clip shortens a provider's message, which may repeat what was sent to it.
func clip(s string) string {
	const most = 500
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// retryAfter reads the wait in the headers: seconds, or the time to wait for.
func retryAfter(h http.Header) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(text, 64); err == nil && s > 0 && s < 1e7 {
		return time.Duration(s * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil || !at.After(now) {
		return 0
	}
	return at.Sub(now)
}
