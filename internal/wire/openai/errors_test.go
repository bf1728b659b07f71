package openai_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/wire/openai"
)

func TestDecodeError(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		kind   fault.Kind
		code   string
		text   string // within the sentence
	}{
		"openai":                {400, `{"error":{"message":"Unsupported value","type":"invalid_request_error","param":"messages[0].role","code":"unsupported_value"}}`, fault.Refused, "unsupported_value", "Unsupported value"},
		"code null":             {400, `{"error":{"message":"No","type":"invalid_request_error","param":null,"code":null}}`, fault.Refused, "invalid_request_error", "No"},
		"google in a list":      {400, `[{"error":{"code":400,"message":"Bad thing","status":"INVALID_ARGUMENT"}}]`, fault.Refused, "invalid_request", "Bad thing"},
		"detail":                {422, `{"detail":"Wrong"}`, fault.Refused, "invalid_request", "Wrong"},
		"detail as a list":      {422, `{"detail":[{"loc":["body","n"],"msg":"too big","input":"SECRET"}]}`, fault.Refused, "invalid_request", "body.n: too big"},
		"message":               {400, `{"id":"x","message":"Wrong"}`, fault.Refused, "invalid_request", "Wrong"},
		"error is a string":     {400, `{"error":"Wrong"}`, fault.Refused, "invalid_request", "Wrong"},
		"vllm":                  {400, `{"object":"error","message":"Wrong","type":"BadRequestError","code":400}`, fault.Refused, "invalid_request", "Wrong"},
		"groq":                  {400, `{"error":{"message":"Failed to call a function","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"SECRET"}}`, fault.Refused, "tool_use_failed", "Failed to call"},
		"openrouter":            {429, `{"error":{"code":429,"message":"Provider returned error","metadata":{"provider_name":"G","raw":"m is limited"}}}`, fault.Exhausted, "rate_limit_exceeded", "Provider returned error: m is limited"},
		"openrouter, nested":    {400, `{"error":{"code":400,"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"message\":\"inner words\"}}"}}}`, fault.Refused, "invalid_request", "inner words"},
		"unknown model":         {404, `{"error":{"message":"The model x does not exist","code":"model_not_found"}}`, fault.Refused, "model_not_found", "does not exist"},
		"unknown model as 400":  {400, `{"error":{"message":"no","code":"model_not_found"}}`, fault.Refused, "model_not_found", "no"},
		"context by code":       {400, `{"error":{"message":"too much","code":"context_length_exceeded"}}`, fault.Refused, "context_length_exceeded", "too much"},
		"context by words":      {400, `{"error":{"message":"This model's maximum context length is 8192 tokens"}}`, fault.Refused, "context_length_exceeded", "8192"},
		"filter":                {400, `{"error":{"message":"The response was filtered due to Azure OpenAI's content management policy","code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation"}}}`, fault.Refused, "content_filter", "filtered"},
		"moderation as 403":     {403, `{"error":{"code":403,"message":"Your input was flagged by moderation","metadata":{}}}`, fault.Refused, "content_filter", "flagged"},
		"quota":                 {429, `{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","code":"insufficient_quota"}}`, fault.Exhausted, "insufficient_quota", "quota"},
		"payment required":      {402, `{"error":{"message":"Insufficient Balance","code":"invalid_request_error"}}`, fault.Exhausted, "insufficient_quota", "Balance"},
		"our key":               {401, `{"error":{"message":"Incorrect API key provided: SECRET","code":"invalid_api_key"}}`, fault.Upstream, "provider_auth", "Steward's credentials"},
		"our rights":            {403, `{"error":{"message":"SECRET"}}`, fault.Upstream, "provider_auth", "Steward's credentials"},
		"server error":          {500, `{"error":{"message":"The server had an error","type":"server_error"}}`, fault.Upstream, "provider_error", "had an error"},
		"overloaded":            {529, `{"error":{"message":"busy"}}`, fault.Upstream, "provider_overloaded", "busy"},
		"timeout":               {408, `{}`, fault.Timeout, "provider_timeout", "without saying why"},
		"conflict":              {409, `{"error":{"message":"locked"}}`, fault.Upstream, "provider_conflict", "locked"},
		"too large":             {413, `{"error":{"message":"big"}}`, fault.Refused, "request_too_large", "big"},
		"html":                  {502, `<html>SECRET</html>`, fault.Upstream, "provider_error", "provider answered 502 with a body that is not JSON"},
		"empty":                 {503, ``, fault.Upstream, "provider_overloaded", "provider answered 503 with an empty body"},
		"a number":              {500, `5`, fault.Upstream, "provider_error", "not JSON"},
		"an empty list":         {500, `[]`, fault.Upstream, "provider_error", "without saying why"},
		"a code that is prose":  {400, `{"error":{"message":"m","code":"SECRET and Words"}}`, fault.Refused, "invalid_request", "m"},
		"a very long sentence":  {400, `{"error":{"message":"` + strings.Repeat("ä ", 5000) + `SECRET"}}`, fault.Refused, "invalid_request", "..."},
		"a sentence with lines": {400, `{"error":{"message":"a\n\n b"}}`, fault.Refused, "invalid_request", "400: a b"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := openai.Chat().DecodeError(tt.status, http.Header{}, []byte(tt.body))
			if f.Kind != tt.kind || f.Code != tt.code || f.Status != tt.status {
				t.Errorf("DecodeError = %v %s %d; want %v %s", f.Kind, f.Code, f.Status, tt.kind, tt.code)
			}
			if !strings.Contains(f.Message, tt.text) || strings.Contains(f.Public(), "SECRET") || len(f.Message) > 500 {
				t.Errorf("sentence %q; want %q in it and no content", f.Message, tt.text)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	tests := map[string]struct {
		header map[string]string
		want   time.Duration
	}{
		"none":                 {nil, 0},
		"seconds":              {map[string]string{"Retry-After": "7"}, 7 * time.Second},
		"half a second":        {map[string]string{"Retry-After": "0.5"}, 500 * time.Millisecond},
		"milliseconds win":     {map[string]string{"Retry-After": "7", "retry-after-ms": "250"}, 250 * time.Millisecond},
		"a date":               {map[string]string{"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30 * time.Second},
		"a date gone by":       {map[string]string{"Retry-After": "Wed, 21 Oct 2026 07:27:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0},
		"a date without clock": {map[string]string{"Retry-After": "Wed, 21 Oct 2026 07:28:30 GMT"}, 0},
		"negative":             {map[string]string{"Retry-After": "-3"}, 0},
		"absurd":               {map[string]string{"Retry-After": "1e300"}, 0},
		"words":                {map[string]string{"Retry-After": "soon"}, 0},
		"not a number":         {map[string]string{"Retry-After": "NaN", "retry-after-ms": "NaN"}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			for k, v := range tt.header {
				h.Set(k, v)
			}
			if got := openai.Chat().DecodeError(429, h, nil).RetryAfter; got != tt.want {
				t.Errorf("retry after %v; want %v", got, tt.want)
			}
		})
	}
}

func TestEncodeError(t *testing.T) {
	tests := map[string]struct {
		f      *fault.Error
		status int
		want   map[string]any
	}{
		"invalid": {fault.New(fault.Invalid, "invalid_request", "n is %d", 3).At("n").Hinted("lower n").Because(errors.New("SECRET")), 400,
			map[string]any{"message": "n is 3 (lower n)", "type": "invalid_request_error", "param": "n", "code": "invalid_request", "call_id": "call-1"}},
		"no code":       {fault.New(fault.Unauthenticated, "", "who"), 401, map[string]any{"message": "who", "type": "invalid_request_error", "param": nil, "code": "unauthenticated", "call_id": "call-1"}},
		"denied":        {fault.New(fault.Denied, "d", "no"), 403, map[string]any{"message": "no", "type": "permission_error", "param": nil, "code": "d", "call_id": "call-1"}},
		"not found":     {fault.New(fault.NotFound, "model_not_found", "no"), 404, map[string]any{"message": "no", "type": "invalid_request_error", "param": nil, "code": "model_not_found", "call_id": "call-1"}},
		"limit":         {fault.New(fault.Exhausted, "rate_limit_exceeded", "no"), 429, map[string]any{"message": "no", "type": "rate_limit_error", "param": nil, "code": "rate_limit_exceeded", "call_id": "call-1"}},
		"budget":        {fault.New(fault.Exhausted, "budget_exceeded", "no"), 429, map[string]any{"message": "no", "type": "insufficient_quota", "param": nil, "code": "budget_exceeded", "call_id": "call-1"}},
		"upstream":      {fault.New(fault.Upstream, "x", "no"), 502, map[string]any{"message": "no", "type": "api_error", "param": nil, "code": "x", "call_id": "call-1"}},
		"refused":       {&fault.Error{Kind: fault.Refused, Code: "x", Message: "no", Status: 422}, 422, map[string]any{"message": "no", "type": "invalid_request_error", "param": nil, "code": "x", "call_id": "call-1"}},
		"refused model": {&fault.Error{Kind: fault.Refused, Code: "x", Message: "no", Status: 404}, 404, map[string]any{"message": "no", "type": "invalid_request_error", "param": nil, "code": "x", "call_id": "call-1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := openai.Chat().EncodeError(tt.f, "call-1")
			var got map[string]map[string]any
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]map[string]any{"error": tt.want}, got); diff != "" || status != tt.status {
				t.Errorf("status %d; want %d (-want +got):\n%s", status, tt.status, diff)
			}
		})
	}
}

func TestErrorsInsideAnAnswerOfStatus200(t *testing.T) {
	tests := map[string]struct {
		body string
		kind fault.Kind
		code string
	}{
		"openrouter":         {`{"error":{"code":502,"message":"down"},"choices":[{"message":{"content":"half"}}]}`, fault.Upstream, "provider_error"},
		"within the choice":  {`{"choices":[{"error":{"code":429,"message":"slow"},"message":{"content":"half"},"finish_reason":"error"}]}`, fault.Exhausted, "rate_limit_exceeded"},
		"finish says so":     {`{"choices":[{"message":{"content":"half"},"finish_reason":"error"}]}`, fault.Upstream, "provider_error"},
		"in a list":          {`[{"error":{"code":400,"message":"bad"}}]`, fault.Refused, "invalid_request"},
		"error is a string":  {`{"error":"down"}`, fault.Upstream, "provider_error"},
		"no choices":         {`{"id":"x","choices":[]}`, fault.Upstream, "bad_response"},
		"another format":     {`{"candidates":[]}`, fault.Upstream, "bad_response"},
		"no JSON":            {`<html>`, fault.Upstream, "bad_response"},
		"quota":              {`{"error":{"type":"insufficient_quota","message":"m"}}`, fault.Exhausted, "insufficient_quota"},
		"choices of nothing": {`{"choices":[null,7]}`, fault.Upstream, "bad_response"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := openai.Chat().DecodeResponse([]byte(tt.body))
			f := fault.As(err)
			if f == nil || f.Kind != tt.kind || f.Code != tt.code {
				t.Errorf("DecodeResponse: %+v; want %v %s", f, tt.kind, tt.code)
			}
			r := openai.Chat().Measure([]byte(tt.body))
			if r.Err == nil || r.Err.Kind != tt.kind || r.Err.Code != tt.code || r.Complete {
				t.Errorf("Measure: %+v, complete %v; want %v %s", r.Err, r.Complete, tt.kind, tt.code)
			}
		})
	}
	if _, err := openai.Chat().DecodeResponse([]byte(`{"error":null,"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}`)); err != nil {
		t.Errorf("an error that is null: %v", err)
	}
}
