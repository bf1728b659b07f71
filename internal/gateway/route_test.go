package gateway

import (
	"testing"
)

func TestRoute(t *testing.T) {
	tests := map[string]struct{ surface, model, method, path string }{
		"/v1/chat/completions":                              {"openai-chat", "", "", ""},
		"/v1/responses":                                     {"openai-responses", "", "", ""},
		"/v1/responses/resp_1":                              {"openai-responses", "", "", "/responses/resp_1"},
		"/v1/embeddings":                                    {"openai-embeddings", "", "", ""},
		"/v1/messages":                                      {"anthropic-messages", "", "", ""},
		"/v1/messages/count_tokens":                         {"anthropic-count-tokens", "", "", ""},
		"/v1/messages/batches":                              {"anthropic-passthrough", "", "", "/v1/messages/batches"},
		"/v1/models":                                        {"models", "", "", ""},
		"/v1/models/openai/gpt-5":                           {"models", "openai/gpt-5", "", "/v1/models/openai/gpt-5"},
		"/v1beta/models":                                    {"gemini-models", "", "", ""},
		"/v1beta/models/gemini-3:generateContent":           {"gemini-generate", "gemini-3", "generateContent", "/v1beta/models/gemini-3:generateContent"},
		"/v1beta/models/sim/echo:streamGenerateContent":     {"gemini-generate", "sim/echo", "streamGenerateContent", "/v1beta/models/sim/echo:streamGenerateContent"},
		"/v1beta/models/sim%2Fecho:countTokens":             {"gemini-count-tokens", "sim/echo", "countTokens", "/v1beta/models/sim%2Fecho:countTokens"},
		"/v1beta/models/ollama%2Fllama3:8b":                 {"gemini-models", "ollama/llama3:8b", "8b", "/v1beta/models/ollama%2Fllama3:8b"},
		"/v1beta/models/ollama%2Fllama3:8b:generateContent": {"gemini-generate", "ollama/llama3:8b", "generateContent", "/v1beta/models/ollama%2Fllama3:8b:generateContent"},
		"/v1beta/models/e:batchEmbedContents":               {"gemini-embed", "e", "batchEmbedContents", "/v1beta/models/e:batchEmbedContents"},
		"/v1beta/sim/echo:generateContent":                  {"gemini-generate", "sim/echo", "generateContent", "/v1beta/models/sim/echo:generateContent"},
		"/v1beta/tunedModels/mine:generateContent":          {"gemini-passthrough", "", "", "/v1beta/tunedModels/mine:generateContent"},
		"/v1beta/cachedContents":                            {"gemini-passthrough", "", "", "/v1beta/cachedContents"},
		"/upload/v1beta/files":                              {"gemini-passthrough", "", "", "/upload/v1beta/files"},
		"/v1beta1/projects/p/locations/l/publishers/google/models/g:predict": {"vertex-generate", "g", "predict", "/v1beta1/projects/p/locations/l/publishers/google/models/g:predict"},
		"/model/us.anthropic.claude%3A0/converse":                            {"bedrock-converse", "us.anthropic.claude:0", "converse", "/model/us.anthropic.claude%3A0/converse"},
		"/model/amazon.titan/invoke":                                         {"bedrock-passthrough", "amazon.titan", "invoke", "/model/amazon.titan/invoke"},
		"/v1/files":                                                          {"openai-files", "", "", "/files"},
		"/v1/images/generations":                                             {"openai-images", "", "", "/images/generations"},
		"/v1/audio/speech":                                                   {"openai-audio", "", "", "/audio/speech"},
		"/v1/vector_stores/vs_1/files":                                       {"openai-passthrough", "", "", "/vector_stores/vs_1/files"},
		"/passthrough/lab/v1/anything":                                       {"passthrough", "", "", "lab/v1/anything"},
	}
	for path, want := range tests {
		t.Run(path, func(t *testing.T) {
			a, ok := route(path)
			if !ok {
				t.Fatalf("route(%q) found nothing", path)
			}
			if a.surface.name != want.surface || a.model != want.model || a.method != want.method || a.path != want.path {
				t.Errorf("route(%q) = %s model=%q method=%q path=%q, want %+v", path, a.surface.name, a.model, a.method, a.path, want)
			}
		})
	}
	for _, path := range []string{"/", "/v2/chat", "/model/x", "/api/keys", "/metrics"} {
		if a, ok := route(path); ok {
			t.Errorf("route(%q) = %s, want nothing", path, a.surface.name)
		}
	}
}
