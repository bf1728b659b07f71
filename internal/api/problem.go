package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/fault"
)

// problem is a fault as an operation returns it.
type problem struct{ client.Problem }

// Error returns the sentence.
func (p *problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *problem) ContentType(string) string { return "application/problem+json" }

// failed turns an error into the problem that answers it. A cause stays here: it
// may name our own insides.
func failed(err error) error {
	f := fault.As(err)
	p := &problem{client.Problem{Type: "about:blank", Status: statusOf(f), Detail: f.Message,
		Code: f.StableCode(), Hint: f.Hint, Param: f.Param}}
	p.Title = title(p.Status)
	if f.Kind == fault.Internal && f.Hint == "" {
		p.Hint = "see Steward's log"
	}
	if after := retryAfter(f, p.Status); after != "" {
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {after}})
	}
	return p
}

// statuses are the codes whose HTTP status says more than that of their kind.
var statuses = map[string]int{
	"precondition_failed":    http.StatusPreconditionFailed,
	"idempotency_key_reused": http.StatusUnprocessableEntity,
}

func statusOf(f *fault.Error) int {
	if status, ok := statuses[f.Code]; ok {
		return status
	}
	return f.HTTPStatus()
}

// usualRetry is when to come again where nothing else is known.
const usualRetry = 5 * time.Second

// retryAfter returns the header of that name, in whole seconds: of every 429 and 503,
// and of others that know when to come again.
func retryAfter(f *fault.Error, status int) string {
	after := f.RetryAfter
	if after <= 0 && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) {
		after = usualRetry
	}
	if after <= 0 {
		return ""
	}
	return strconv.FormatInt(int64(after.Seconds()+0.999), 10)
}

func title(status int) string {
	if t := http.StatusText(status); t != "" {
		return t
	}
	return "Client Closed Request" // 499
}

// toProblem turns the library's own errors, which are about requests that do not
// fit the description, into our problems. Values are left out: one may be a secret.
func toProblem(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := client.Problem{Type: "about:blank", Title: title(e.Status), Status: e.Status, Detail: e.Detail, Code: "invalid_request"}
	switch {
	case e.Status >= 500:
		p.Code, p.Detail, p.Hint = "internal", "internal error", "see Steward's log"
		return p, nil
	case e.Status == http.StatusRequestEntityTooLarge:
		p.Code = "too_large"
	case e.Status == http.StatusNotAcceptable:
		p.Code, p.Hint = "not_acceptable", "accept application/json"
	case e.Status == http.StatusUnsupportedMediaType:
		p.Code, p.Hint = "unsupported_media_type", "send application/json"
	default:
		p.Hint = "see /api/openapi.json for what is expected"
	}
	for _, d := range e.Errors {
		p.Errors = append(p.Errors, client.ProblemField{Location: d.Location, Message: d.Message})
	}
	return p, nil
}

// writeFault answers a request that reached no operation.
func writeFault(w http.ResponseWriter, f *fault.Error) {
	status := statusOf(f)
	w.Header().Set("Content-Type", "application/problem+json")
	if after := retryAfter(f, status); after != "" {
		w.Header().Set("Retry-After", after)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="steward"`)
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(client.Problem{Type: "about:blank", Title: title(status), Status: status,
		Detail: f.Message, Code: f.StableCode(), Hint: f.Hint, Param: f.Param})
}

func noSuchPath(r *http.Request) *fault.Error {
	return fault.New(fault.NotFound, "no_such_operation", "the admin API has no such path, or not with %s", method(r)).
		Hinted("see /api/openapi.json for what there is")
}

// method returns the request's method where it is one that we know.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "this method"
}
