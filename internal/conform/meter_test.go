package conform_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"
)

// step is one call of a sequence, and what the journal must say of it.
type step struct {
	method, path, body string
	answer             string // of the provider
	stream             bool   // it is an event stream
	operation          string
	in, out            int64
	pricing            record.Pricing
	tier               string
	model              string
}

// TestMeteredWhereverItPasses runs sequences of calls through one Steward each:
// what one call is must not depend on what came before it on the same surface.
func TestMeteredWhereverItPasses(t *testing.T) {
	const (
		openAIAnswer = `{"id":"c1","object":"chat.completion","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":35,"completion_tokens":12,"total_tokens":47}}`
		claudeAnswer = `{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":20,"output_tokens":5}}`
		queued       = `{"id":"resp_1","object":"response","background":true,"status":"queued","model":"gpt-4o-2024-08-06","output":[],"usage":null}`
		finished     = `{"id":"resp_1","object":"response","background":true,"status":"completed","model":"gpt-4o-2024-08-06","output":[{"type":"message","id":"m","role":"assistant","status":"completed","content":[{"type":"output_text","text":"4","annotations":[]}]}],"usage":{"input_tokens":15,"output_tokens":9,"total_tokens":24}}`
	)
	tests := map[string][]step{
		"a chat below Gemini's OpenAI paths is metered, and what comes after it is no chat": {
			{"POST", "/v1beta/openai/chat/completions", `{"model":"gemini-2.5-pro","messages":[]}`, openAIAnswer, false, "chat", 35, 12, record.Priced, "", "gemini-2.5-pro"},
			{"POST", "/v1beta/cachedContents", `{"model":"models/gemini-2.5-flash","contents":[]}`, `{"name":"cachedContents/x"}`, false, "other", 0, 0, record.Priced, "", "models/gemini-2.5-flash"},
		},
		"embeddings below Gemini's OpenAI paths are metered": {
			{"POST", "/v1beta/openai/embeddings", `{"model":"gemini-embedding-001","input":"a"}`, `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"gemini-embedding-001","usage":{"prompt_tokens":3,"total_tokens":3}}`, false, "embeddings", 3, 0, record.Priced, "", "gemini-embedding-001"},
		},
		"a count of tokens on Vertex costs nothing": {
			{"POST", "/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash:countTokens", `{"contents":[]}`, `{"totalTokens":9}`, false, "count_tokens", 0, 0, record.Priced, "", "gemini-2.5-flash"},
		},
		"Claude on Vertex is metered": {
			{"POST", "/v1/projects/p/locations/global/publishers/anthropic/models/claude-sonnet-4-5:rawPredict", `{"anthropic_version":"vertex-2023-10-16","messages":[]}`, claudeAnswer, false, "chat", 20, 5, "", "", "claude-sonnet-4-5"},
		},
		"a call of a provider by its name is metered": {
			{"POST", "/passthrough/anthropic/v1/messages", `{"model":"claude-sonnet-4-5","messages":[]}`, claudeAnswer, false, "chat", 20, 5, record.Priced, "", "claude-sonnet-4-5"},
			{"GET", "/passthrough/anthropic/v1/models", ``, `{"data":[]}`, false, "other", 0, 0, record.Free, "", ""},
		},
		"a background answer is paid for once, by the call that fetches it": {
			{"POST", "/v1/responses", `{"model":"gpt-4o","background":true,"input":"2+2"}`, queued, false, "chat", 0, 0, record.Free, "", "gpt-4o"},
			{"GET", "/v1/responses/resp_1", ``, queued, false, "responses", 0, 0, record.Free, "", ""},
			{"GET", "/v1/responses/resp_1", ``, finished, false, "responses", 15, 9, record.Priced, "", "gpt-4o"},
			{"GET", "/v1/responses/resp_1", ``, finished, false, "responses", 0, 0, record.Free, "", ""},
		},
		"an answer that is fetched again is not paid for again": {
			{"POST", "/v1/responses", `{"model":"gpt-4o","input":"2+2"}`, finished, false, "chat", 15, 9, record.Priced, "", "gpt-4o"},
			{"GET", "/v1/responses/resp_1", ``, finished, false, "responses", 0, 0, record.Free, "", ""},
		},
		"a background stream is paid for as it comes, and free when it is read again": {
			{"POST", "/v1/responses", `{"model":"gpt-4o","background":true,"stream":true,"input":"2+2"}`, "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":" + finished + "}\n\n", true, "chat", 15, 9, record.Priced, "", "gpt-4o"},
			{"GET", "/v1/responses/resp_1?stream=true", ``, "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":" + finished + "}\n\n", true, "responses", 0, 0, record.Free, "", ""},
		},
		"a default tier by a vendor's own word is no tier": {
			{"POST", "/v1/chat/completions", `{"model":"groq/llama-3.3-70b-versatile","service_tier":"on_demand","messages":[]}`, openAIAnswer, false, "chat", 35, 12, record.Priced, "", "llama-3.3-70b-versatile"},
			{"POST", "/v1/messages", `{"model":"anthropic/claude-sonnet-4-5","service_tier":"standard_only","max_tokens":9,"messages":[]}`, claudeAnswer, false, "chat", 20, 5, record.Priced, "", "claude-sonnet-4-5"},
			{"POST", "/v1/chat/completions", `{"model":"openai/gpt-5","service_tier":"flex","messages":[]}`, openAIAnswer, false, "chat", 35, 12, record.Priced, "flex", "gpt-5"},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			up := newUpstream(t)
			providers := map[string]config.Provider{}
			for _, v := range vendors {
				providers[v.name] = config.Provider{Kind: v.name, BaseURL: up.URL + v.base, Key: "env:KEY"}
			}
			delete(providers, "openrouter") // it lists the models of all others
			delete(providers, "bedrock")
			h := open(t, providers)
			var ids []string
			for _, s := range steps {
				up.answer(func(w http.ResponseWriter, _ *received) {
					w.Header().Set("Content-Type", "application/json")
					if s.stream {
						w.Header().Set("Content-Type", "text/event-stream")
					}
					_, _ = io.WriteString(w, s.answer)
				})
				r := request{method: s.method, path: s.path, header: http.Header{"Content-Type": {"application/json"}}}
				if s.body != "" {
					r.body = []byte(s.body)
				}
				a := h.do(r)
				if a.status != http.StatusOK || string(a.body) != s.answer {
					t.Fatalf("%s %s: %d %s", s.method, s.path, a.status, excerpt(a.body))
				}
				ids = append(ids, a.id())
			}
			h.end()
			for i, s := range steps {
				c := h.record(ids[i])
				if c.Operation != s.operation || c.Usage.InputTokens() != s.in || c.Usage.OutputTokens() != s.out || c.Usage.Estimated ||
					s.pricing != "" && c.Pricing != s.pricing || c.Usage.ServiceTier != s.tier || c.Model != s.model || c.Stream != s.stream {
					t.Errorf("step %d, %s %s: operation %q, %d in, %d out, estimated %v, %s, tier %q, model %q, stream %v", i, s.method, s.path,
						c.Operation, c.Usage.InputTokens(), c.Usage.OutputTokens(), c.Usage.Estimated, c.Pricing, c.Usage.ServiceTier, c.Model, c.Stream)
				}
				if (c.Cost > 0) != (s.in+s.out > 0) {
					t.Errorf("step %d, %s %s: cost %s for %v", i, s.method, s.path, c.Cost, c.Usage.N[:llm.Requests])
				}
			}
		})
	}
}
