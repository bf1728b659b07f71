package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/genai"

	"github.com/steward-llmops/steward/examples/stewardtest"
)

func TestGemini(t *testing.T) {
	s := stewardtest.Start(t)
	client := connect(t, s.URL, s.Key, "x-sim-latency", "1ms", "x-sim-rate", "5000")
	if err := run(t.Context(), client, "sim/small"); err != nil {
		t.Errorf("the program: %s", explain(err))
	}
	for _, target := range stewardtest.Targets() {
		t.Run(target, func(t *testing.T) {
			generate(t, s, client, target)
			t.Run("errors", func(t *testing.T) { failures(t, s, target) })
		})
	}
}

// connect returns a client that sends the headers, given as names and values.
func connect(t *testing.T, url, key string, headers ...string) *genai.Client {
	t.Helper()
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	client, err := newClient(t.Context(), url, key, h)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func generate(t *testing.T, s *stewardtest.Steward, client *genai.Client, target string) {
	ctx, small := t.Context(), target+"/small"
	t.Run("chat", func(t *testing.T) {
		answer, err := chat(ctx, client, small, "Say hello.")
		if err != nil {
			t.Fatal(explain(err))
		}
		if answer.Text() == "" || answer.Candidates[0].FinishReason != "STOP" {
			t.Errorf("answer %q, finish reason %q; want text and STOP", answer.Text(), answer.Candidates[0].FinishReason)
		}
		u := answer.UsageMetadata
		if u == nil || u.PromptTokenCount <= 0 || u.CandidatesTokenCount <= 0 || u.TotalTokenCount != u.PromptTokenCount+u.CandidatesTokenCount {
			t.Errorf("usage %+v", u)
		}
	})
	t.Run("echo", func(t *testing.T) {
		const words = "Grüße, \"Welt\" \\ 世界 🙂\n\tend"
		answer, err := chat(ctx, client, target+"/echo", words)
		if err != nil {
			t.Fatal(explain(err))
		}
		if got := answer.Text(); got != words {
			t.Errorf("echo %q; want %q", got, words)
		}
	})
	t.Run("stream", func(t *testing.T) {
		const words = "one two three four five six seven eight nine ten"
		var pieces []string
		finish, usage, err := stream(ctx, client, target+"/echo", words, func(p string) { pieces = append(pieces, p) })
		if err != nil {
			t.Fatal(explain(err))
		}
		if len(pieces) < 2 || strings.Join(pieces, "") != words || finish != "STOP" {
			t.Errorf("%d pieces %q, finish reason %q; want %q and STOP", len(pieces), pieces, finish, words)
		}
		if usage == nil || usage.PromptTokenCount <= 0 || usage.CandidatesTokenCount <= 0 {
			t.Errorf("usage %+v", usage)
		}
	})
	t.Run("tools", func(t *testing.T) {
		var asked []place
		text, err := tools(ctx, client, small, func(where place) string {
			asked = append(asked, where)
			return "18 degrees and a light breeze"
		})
		if err != nil {
			t.Fatal(explain(err))
		}
		if len(asked) != 1 || asked[0].City == "" || asked[0].Unit != "celsius" && asked[0].Unit != "fahrenheit" {
			t.Errorf("the tool was called with %+v; want one valid call", asked)
		}
		if !strings.Contains(text, "get_weather") || !strings.Contains(text, "18 degrees and a light breeze") {
			t.Errorf("answer %q does not tell the tool's result", text)
		}
	})
	t.Run("structured", func(t *testing.T) {
		text, err := structured(ctx, client, small)
		if err != nil {
			t.Fatal(explain(err))
		}
		stewardtest.CheckPerson(t, text)
	})
	t.Run("image", func(t *testing.T) {
		png := stewardtest.Picture(t)
		text, err := image(ctx, client, small, png)
		if err != nil {
			t.Fatal(explain(err))
		}
		stewardtest.CheckSeen(t, text, png)
	})
	t.Run("reasoning", func(t *testing.T) {
		thought, text, tokens, err := reasoning(ctx, client, target+"/reasoning")
		if err != nil {
			t.Fatal(explain(err))
		}
		if thought == "" || text == "" || strings.Contains(text, thought) {
			t.Errorf("thought %q, answer %q; want both, apart", thought, text)
		}
		if tokens <= 0 {
			t.Errorf("%d tokens of thinking", tokens)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		s.Cancelled(t, target, "cancel-generate", func(ctx context.Context, model string, show func(string)) error {
			_, _, err := stream(ctx, connect(t, s.URL, s.Key), model, "Tell a long story.", show)
			return err
		})
	})
	t.Run("a stream that breaks off is an error", func(t *testing.T) {
		broken := connect(t, s.URL, s.Key, "x-sim-fault", "cut,after=5")
		if finish, _, err := stream(ctx, broken, small, "Tell a short story.", func(string) {}); err == nil {
			t.Errorf("half an answer came as a whole one, finish reason %s", finish)
		}
	})
}

// failures checks that each failure is the SDK's own error, with code and status.
func failures(t *testing.T, s *stewardtest.Steward, target string) {
	tests := map[string]struct {
		key, model, fault string
		code              int
		status            string
	}{
		"unknown model":            {s.Key, target + "-nonesuch/small", "", 404, "NOT_FOUND"},
		"wrong key":                {"sk-wrong", target + "/small", "", 401, "UNAUTHENTICATED"},
		"the provider is too busy": {s.Key, target + "/small", "rate_limit", 429, "RESOURCE_EXHAUSTED"},
		"the prompt is too long":   {s.Key, target + "/small", "context_length", 400, "INVALID_ARGUMENT"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if tt.fault != "" {
				headers = []string{"x-sim-fault", tt.fault}
			}
			client := connect(t, s.URL, tt.key, headers...)
			_, chatErr := chat(t.Context(), client, tt.model, "Hello")
			_, _, streamErr := stream(t.Context(), client, tt.model, "Hello", func(string) {})
			for call, err := range map[string]error{"chat": chatErr, "stream": streamErr} {
				failed, ok := errors.AsType[genai.APIError](err)
				if !ok {
					t.Errorf("%s: error %v (%T); want genai.APIError", call, err, err)
					continue
				}
				if failed.Code != tt.code || failed.Status != tt.status || failed.Message == "" {
					t.Errorf("%s: code %d, status %q, message %q; want %d, %q and a message", call,
						failed.Code, failed.Status, failed.Message, tt.code, tt.status)
				}
			}
		})
	}
}
