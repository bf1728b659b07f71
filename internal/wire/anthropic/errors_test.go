package anthropic_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/wire/anthropic"
)

func TestEncodeError(t *testing.T) {
	tests := map[string]struct {
		f      *fault.Error
		status int
		want   string
	}{
		"invalid":         {fault.New(fault.Invalid, "bad", "no").Hinted("do").At("tools"), 400, `{"type":"error","error":{"type":"invalid_request_error","message":"no (do)","code":"bad","param":"tools"},"request_id":"c1"}`},
		"unauthenticated": {fault.New(fault.Unauthenticated, "", "no"), 401, `{"type":"error","error":{"type":"authentication_error","message":"no","code":"unauthenticated"},"request_id":"c1"}`},
		"budget":          {fault.New(fault.Exhausted, "budget_exceeded", "no"), 402, `{"type":"error","error":{"type":"billing_error","message":"no","code":"budget_exceeded"},"request_id":"c1"}`},
		"denied":          {fault.New(fault.Denied, "", "no"), 403, `{"type":"error","error":{"type":"permission_error","message":"no","code":"denied"},"request_id":"c1"}`},
		"not found":       {fault.New(fault.NotFound, "model_not_found", "no"), 404, `{"type":"error","error":{"type":"not_found_error","message":"no","code":"model_not_found"},"request_id":"c1"}`},
		"conflict":        {fault.New(fault.Conflict, "", "no"), 409, `{"type":"error","error":{"type":"invalid_request_error","message":"no","code":"conflict"},"request_id":"c1"}`},
		"too large":       {fault.New(fault.TooLarge, "", "no"), 413, `{"type":"error","error":{"type":"request_too_large","message":"no","code":"too_large"},"request_id":"c1"}`},
		"limit":           {fault.New(fault.Exhausted, "rate_limit_exceeded", "no"), 429, `{"type":"error","error":{"type":"rate_limit_error","message":"no","code":"rate_limit_exceeded"},"request_id":"c1"}`},
		"internal":        {fault.New(fault.Internal, "", "no"), 500, `{"type":"error","error":{"type":"api_error","message":"no","code":"internal"},"request_id":"c1"}`},
		"upstream":        {fault.New(fault.Upstream, "", "no"), 502, `{"type":"error","error":{"type":"api_error","message":"no","code":"upstream"},"request_id":"c1"}`},
		"timeout":         {fault.New(fault.Timeout, "", "no"), 504, `{"type":"error","error":{"type":"timeout_error","message":"no","code":"timeout"},"request_id":"c1"}`},
		"unavailable":     {fault.New(fault.Unavailable, "", "no"), 529, `{"type":"error","error":{"type":"overloaded_error","message":"no","code":"unavailable"},"request_id":"c1"}`},
		"refused":         {&fault.Error{Kind: fault.Refused, Status: 422, Message: "no"}, 422, `{"type":"error","error":{"type":"invalid_request_error","message":"no","code":"refused"},"request_id":"c1"}`},
		"a cause is kept": {fault.New(fault.Internal, "", "no").Because(errors.New("secret")), 500, `{"type":"error","error":{"type":"api_error","message":"no","code":"internal"},"request_id":"c1"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := codec.EncodeError(tt.f, "c1")
			if status != tt.status || string(body) != tt.want {
				t.Errorf("EncodeError = %d %s; want %d %s", status, body, tt.status, tt.want)
			}
		})
	}
}

func TestDecodeError(t *testing.T) {
	said := func(typ, msg string) string {
		return `{"type":"error","error":{"type":"` + typ + `","message":"` + msg + `"},"request_id":"req_1"}`
	}
	tests := map[string]struct {
		status int
		header http.Header
		body   string
		want   fault.Error
	}{
		"the caller's mistake":        {400, nil, said("invalid_request_error", "max_tokens: too many"), fault.Error{Kind: fault.Refused, Code: "invalid_request", Status: 400, Message: "max_tokens: too many"}},
		"a prompt that is too long":   {400, nil, said("invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"), fault.Error{Kind: fault.Refused, Code: "context_length_exceeded", Status: 400, Message: "prompt is too long: 9 tokens > 8 maximum"}},
		"our credit, as a 400":        {400, nil, said("invalid_request_error", "Your credit balance is too low"), fault.Error{Kind: fault.Upstream, Code: "provider_billing", Status: 400, Message: "the provider answered billing_error"}},
		"our key":                     {401, nil, said("authentication_error", "invalid x-api-key"), fault.Error{Kind: fault.Upstream, Code: "provider_auth", Status: 401, Message: "the provider answered authentication_error"}},
		"our credit":                  {402, nil, said("billing_error", "pay"), fault.Error{Kind: fault.Upstream, Code: "provider_billing", Status: 402, Message: "the provider answered billing_error"}},
		"our permission":              {403, nil, said("permission_error", "no"), fault.Error{Kind: fault.Upstream, Code: "provider_denied", Status: 403, Message: "the provider answered permission_error"}},
		"a model that is not there":   {404, nil, said("not_found_error", "model: x"), fault.Error{Kind: fault.Refused, Code: "not_found", Status: 404, Message: "model: x"}},
		"too large":                   {413, nil, said("request_too_large", "big"), fault.Error{Kind: fault.Refused, Code: "request_too_large", Status: 413, Message: "big"}},
		"a limit, seconds":            {429, http.Header{"Retry-After": {"3"}}, said("rate_limit_error", "slow"), fault.Error{Kind: fault.Exhausted, Code: "rate_limit_exceeded", Status: 429, Message: "slow", RetryAfter: 3 * time.Second}},
		"a limit, milliseconds":       {429, http.Header{"Retry-After-Ms": {"250"}, "Retry-After": {"3"}}, said("rate_limit_error", "slow"), fault.Error{Kind: fault.Exhausted, Code: "rate_limit_exceeded", Status: 429, Message: "slow", RetryAfter: 250 * time.Millisecond}},
		"a limit, date":               {429, http.Header{"Retry-After": {"Wed, 21 Oct 2026 07:28:10 GMT"}, "Date": {"Wed, 21 Oct 2026 07:28:00 GMT"}}, "", fault.Error{Kind: fault.Exhausted, Code: "rate_limit_exceeded", Status: 429, Message: "the provider answered rate_limit_error", RetryAfter: 10 * time.Second}},
		"a wait that is nonsense":     {429, http.Header{"Retry-After": {"-1e400"}}, "", fault.Error{Kind: fault.Exhausted, Code: "rate_limit_exceeded", Status: 429, Message: "the provider answered rate_limit_error"}},
		"a wait without end":          {503, http.Header{"Retry-After": {"1e300"}}, "", fault.Error{Kind: fault.Upstream, Code: "provider_error", Status: 503, Message: "the provider answered api_error", RetryAfter: 24 * time.Hour}},
		"a broken provider":           {500, nil, said("api_error", "oops"), fault.Error{Kind: fault.Upstream, Code: "provider_error", Status: 500, Message: "oops"}},
		"a slow provider":             {504, nil, said("timeout_error", "slow"), fault.Error{Kind: fault.Upstream, Code: "provider_timeout", Status: 504, Message: "slow"}},
		"no capacity":                 {529, nil, said("overloaded_error", "Overloaded"), fault.Error{Kind: fault.Upstream, Code: "overloaded", Status: 529, Message: "Overloaded"}},
		"a proxy's page":              {502, nil, "<html>bad gateway</html>", fault.Error{Kind: fault.Upstream, Code: "provider_error", Status: 502, Message: "the provider answered api_error"}},
		"a proxy with a wrong type":   {502, nil, said("invalid_request_error", "x"), fault.Error{Kind: fault.Upstream, Code: "provider_error", Status: 502, Message: "x"}},
		"a limit whatever the type":   {429, nil, said("invalid_request_error", "x"), fault.Error{Kind: fault.Exhausted, Code: "rate_limit_exceeded", Status: 429, Message: "x"}},
		"lines are joined, cut short": {400, nil, said("invalid_request_error", `a\n b`), fault.Error{Kind: fault.Refused, Code: "invalid_request", Status: 400, Message: "a b"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := *codec.DecodeError(tt.status, tt.header, []byte(tt.body))
			if tt.body != "" && tt.body[0] == '{' && (got.Err == nil || got.Err.Error() != "anthropic request req_1") {
				t.Errorf("the provider's request id is lost: %v", got.Err)
			}
			got.Err = nil
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("DecodeError (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodeModels(t *testing.T) {
	models := []anthropic.Model{
		{ID: "claude-a", DisplayName: "Claude A", Created: time.Date(2026, 2, 3, 4, 5, 6, 0, time.FixedZone("", 3600))},
		{ID: "b"},
	}
	want := `{"data":[{"type":"model","id":"claude-a","display_name":"Claude A","created_at":"2026-02-03T03:05:06Z"},` +
		`{"type":"model","id":"b","display_name":"b","created_at":"1970-01-01T00:00:00Z"}],"has_more":false,"first_id":"claude-a","last_id":"b"}`
	if got := string(anthropic.EncodeModels(models)); got != want {
		t.Errorf("EncodeModels = %s; want %s", got, want)
	}
	if got, want := string(anthropic.EncodeModels(nil)), `{"data":[],"has_more":false,"first_id":null,"last_id":null}`; got != want {
		t.Errorf("EncodeModels(nil) = %s; want %s", got, want)
	}
	if got, want := string(anthropic.EncodeModel(models[1])), `{"type":"model","id":"b","display_name":"b","created_at":"1970-01-01T00:00:00Z"}`; got != want {
		t.Errorf("EncodeModel = %s; want %s", got, want)
	}
}
