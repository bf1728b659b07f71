package api

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
)

// description introduces the API to its readers.
const description = `Keys, calls and questions about them, traces, sessions, costs, providers, models, prices, metrics and the server's state.

Lists are in pages (next is passed as before), or have a limit and say whether there is more. Answers of resources carry a strong ETag, which If-None-Match and If-Match take. A POST with an Idempotency-Key is made once. Every error is a problem document (RFC 9457) with a stable code, a sentence and a hint.`

// describe mends what the library does not know: our problem in the place of its error
// model, rows of tables, headers that every operation of a kind takes, and the router's
// "..." in paths.
func describe(o *huma.OpenAPI) {
	schemas := o.Components.Schemas
	ref := schemas.Schema(reflect.TypeFor[client.Problem](), true, "Problem")
	delete(schemas.Map(), "ErrorModel")
	delete(schemas.Map(), "ErrorDetail")
	if schemas.Map()["TableRow"] != nil {
		schemas.Map()["TableRow"] = rowSchema()
	}
	const wild = "/api/prices/{provider}/{model...}"
	o.Paths["/api/prices/{provider}/{model}"] = o.Paths[wild]
	delete(o.Paths, wild)
	for path, item := range o.Paths {
		for method, op := range map[string]*huma.Operation{http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodDelete: item.Delete} {
			if op == nil {
				continue
			}
			for _, r := range op.Responses {
				if m := r.Content["application/problem+json"]; m != nil {
					m.Schema = ref
				}
			}
			describeHeaders(op, method, path)
		}
	}
}

// describeHeaders adds the headers that are read and written around operations.
func describeHeaders(op *huma.Operation, method, path string) {
	text := &huma.Schema{Type: huma.TypeString}
	take := func(name, doc string) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "header", Description: doc, Schema: text})
	}
	give := func(name, doc string) {
		for status, r := range op.Responses {
			if strings.HasPrefix(status, "2") {
				if r.Headers == nil {
					r.Headers = map[string]*huma.Param{}
				}
				r.Headers[name] = &huma.Param{Description: doc, Schema: text}
			}
		}
	}
	concrete := strings.NewReplacer("{", "", "}", "").Replace(path)
	switch {
	case method == http.MethodGet && tagged(concrete):
		give("ETag", "A strong validator of the answer")
		take("If-None-Match", "ETags that the caller has; where one is current, the answer is 304 without a body")
		op.Responses["304"] = &huma.Response{Description: "The caller has it already"}
	case method == http.MethodPost && path != signInPath:
		take("Idempotency-Key", "Up to 255 characters; the same key with the same body gives the first answer again, for 24 hours")
		give("Idempotent-Replayed", "true: this is the answer to an earlier request with the same Idempotency-Key")
	}
	if method != http.MethodGet && resourceOf(concrete) != "" {
		take("If-Match", "ETags of the resource that is changed; where none is current, nothing is changed and the answer is 412")
	}
}

// rowSchema describes the flat object that a row of a table is.
func rowSchema() *huma.Schema {
	figure := func() *huma.Schema { return &huma.Schema{Type: huma.TypeNumber, Nullable: true} }
	figures := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: figure()}
	return &huma.Schema{Type: huma.TypeObject,
		Description: "One group: a text for each dimension, a number or null for each measure and, with compare, previous: the measures of the period before",
		AdditionalProperties: &huma.Schema{OneOf: []*huma.Schema{
			{Type: huma.TypeString}, figure(), figures}}}
}
