package api

import (
	"encoding/json"
	"net/http"
	"strconv"

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
	p := &problem{client.Problem{Type: "about:blank", Status: f.HTTPStatus(), Detail: f.Message,
		Code: f.StableCode(), Hint: f.Hint, Param: f.Param}}
	p.Title = title(p.Status)
	if f.Kind == fault.Internal && f.Hint == "" {
		p.Hint = "see Steward's log"
	}
	if f.RetryAfter > 0 {
		seconds := int64(f.RetryAfter.Seconds() + 0.999)
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {strconv.FormatInt(seconds, 10)}})
	}
	return p
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
	status := f.HTTPStatus()
	w.Header().Set("Content-Type", "application/problem+json")
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
