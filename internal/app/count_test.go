package app_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTokensAreCountedHereWhereTheProviderCannot(t *testing.T) {
	mock := httptest.NewServer(http.NotFoundHandler())
	defer mock.Close()
	h := open(t, t.TempDir(), "providers: {lab: {kind: openai, base_url: \""+mock.URL+"/v1\"}}\n", nil)
	secret := h.key(t)
	tests := map[string]struct{ path, body, want string }{
		"Anthropic": {"/v1/messages/count_tokens", `{"model":"lab/m","messages":[{"role":"user","content":"hello world"}]}`, `{"input_tokens":3}`},
		"Gemini":    {"/v1beta/models/lab%2Fm:countTokens", `{"contents":[{"role":"user","parts":[{"text":"hello world"}]}]}`, `{"totalTokens":3}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, answer, header := h.do(t, "POST", tt.path, secret, tt.body)
			// "hello world" is two tokens, and the end of the message one.
			if status != 200 || answer != tt.want || header.Get("X-Steward-Estimated") != "3" {
				t.Errorf("%d %s (estimated %q), want %s", status, answer, header.Get("X-Steward-Estimated"), tt.want)
			}
		})
	}
}
