package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"

	"github.com/steward-llmops/steward/examples/stewardtest"
)

func TestOpenAI(t *testing.T) {
	s := stewardtest.Start(t)
	client := newClient(s.URL, s.Key, option.WithHeader("x-sim-latency", "1ms"), option.WithHeader("x-sim-rate", "5000"))
	if err := run(t.Context(), client, "sim/small"); err != nil {
		t.Errorf("the program: %s", explain(err))
	}
	for _, target := range stewardtest.Targets() {
		t.Run(target, func(t *testing.T) {
			t.Run("chat completions", func(t *testing.T) { completions(t, s, client, target) })
			t.Run("responses", func(t *testing.T) { responsesAPI(t, s, client, target) })
			t.Run("errors", func(t *testing.T) { failures(t, s, target) })
		})
	}
}

func completions(t *testing.T, s *stewardtest.Steward, client openai.Client, target string) {
	ctx, small := t.Context(), target+"/small"
	t.Run("chat", func(t *testing.T) {
		answer, err := chat(ctx, client, small, "Say hello.")
		if err != nil {
			t.Fatal(explain(err))
		}
		if c := answer.Choices[0]; c.Message.Content == "" || c.FinishReason != "stop" {
			t.Errorf("answer %q, finish reason %q; want text and stop", c.Message.Content, c.FinishReason)
		}
		u := answer.Usage
		if u.PromptTokens <= 0 || u.CompletionTokens <= 0 || u.TotalTokens != u.PromptTokens+u.CompletionTokens {
			t.Errorf("usage %d + %d = %d", u.PromptTokens, u.CompletionTokens, u.TotalTokens)
		}
	})
	t.Run("echo", func(t *testing.T) {
		const words = "Grüße, \"Welt\" \\ 世界 🙂\n\tend"
		answer, err := chat(ctx, client, target+"/echo", words)
		if err != nil {
			t.Fatal(explain(err))
		}
		if got := answer.Choices[0].Message.Content; got != words {
			t.Errorf("echo %q; want %q", got, words)
		}
	})
	t.Run("stream", func(t *testing.T) {
		var pieces []string
		whole, err := stream(ctx, client, small, "Tell a short story.", func(p string) { pieces = append(pieces, p) })
		if err != nil {
			t.Fatal(explain(err))
		}
		c := whole.Choices[0]
		if len(pieces) < 2 || strings.Join(pieces, "") != c.Message.Content || c.FinishReason != "stop" {
			t.Errorf("%d pieces %q make %q, finish reason %q", len(pieces), pieces, c.Message.Content, c.FinishReason)
		}
		if whole.Usage.PromptTokens <= 0 || whole.Usage.CompletionTokens <= 0 {
			t.Errorf("usage %+v", whole.Usage)
		}
	})
	t.Run("tools", func(t *testing.T) { checkTools(t, client, small, tools) })
	t.Run("structured", func(t *testing.T) {
		text, err := structured(ctx, client, small)
		if err != nil {
			t.Fatal(explain(err))
		}
		stewardtest.CheckPerson(t, text)
	})
	t.Run("image", func(t *testing.T) { checkImage(t, client, small, image) })
	t.Run("reasoning", func(t *testing.T) { checkReasoning(t, client, target+"/reasoning", reasoning) })
	t.Run("cancel", func(t *testing.T) {
		s.Cancelled(t, target, "cancel-chat", func(ctx context.Context, model string, show func(string)) error {
			_, err := stream(ctx, newClient(s.URL, s.Key), model, "Tell a long story.", show)
			return err
		})
	})
	t.Run("a stream that breaks off is an error", func(t *testing.T) {
		broken := newClient(s.URL, s.Key, option.WithHeader("x-sim-fault", "cut,after=5"))
		if whole, err := stream(ctx, broken, small, "Tell a short story.", func(string) {}); err == nil {
			t.Errorf("half an answer came as a whole one: %+v", whole.Choices)
		}
	})
}

func responsesAPI(t *testing.T, s *stewardtest.Steward, client openai.Client, target string) {
	ctx, small := t.Context(), target+"/small"
	t.Run("echo", func(t *testing.T) {
		const words = "Grüße, \"Welt\" \\ 世界 🙂\n\tend"
		got, err := respond(ctx, client, target+"/echo", words)
		if err != nil {
			t.Fatal(explain(err))
		}
		if got != words {
			t.Errorf("echo %q; want %q", got, words)
		}
	})
	t.Run("stream", func(t *testing.T) {
		var pieces []string
		whole, err := respondStream(ctx, client, small, "Tell a short story.", func(p string) { pieces = append(pieces, p) })
		if err != nil {
			t.Fatal(explain(err))
		}
		if text := whole.OutputText(); len(pieces) < 2 || strings.Join(pieces, "") != text {
			t.Errorf("%d pieces %q make %q", len(pieces), pieces, text)
		}
		if u := whole.Usage; whole.Status != "completed" || u.InputTokens <= 0 || u.OutputTokens <= 0 || u.TotalTokens != u.InputTokens+u.OutputTokens {
			t.Errorf("status %q, usage %d + %d = %d", whole.Status, u.InputTokens, u.OutputTokens, u.TotalTokens)
		}
	})
	t.Run("tools", func(t *testing.T) { checkTools(t, client, small, respondTools) })
	t.Run("structured", func(t *testing.T) {
		text, err := respondStructured(ctx, client, small)
		if err != nil {
			t.Fatal(explain(err))
		}
		stewardtest.CheckPerson(t, text)
	})
	t.Run("image", func(t *testing.T) { checkImage(t, client, small, respondImage) })
	t.Run("reasoning", func(t *testing.T) { checkReasoning(t, client, target+"/reasoning", respondReasoning) })
	t.Run("cancel", func(t *testing.T) {
		s.Cancelled(t, target, "cancel-responses", func(ctx context.Context, model string, show func(string)) error {
			_, err := respondStream(ctx, newClient(s.URL, s.Key), model, "Tell a long story.", show)
			return err
		})
	})
	t.Run("a stream that breaks off is an error", func(t *testing.T) {
		broken := newClient(s.URL, s.Key, option.WithHeader("x-sim-fault", "cut,after=5"))
		if whole, err := respondStream(ctx, broken, small, "Tell a short story.", func(string) {}); err == nil {
			t.Errorf("half an answer came as a whole one: %q", whole.OutputText())
		}
	})
}

// A conversation that OpenAI holds cannot be continued by a provider of another
// format: half of it must not be answered as if it were the whole.
func TestConversationHeldElsewhere(t *testing.T) {
	s := stewardtest.Start(t)
	client := newClient(s.URL, s.Key)
	for _, target := range []string{"anthropic", "gemini"} {
		_, err := client.Responses.New(t.Context(), responses.ResponseNewParams{Model: target + "/small", Input: ask("And then?"),
			PreviousResponseID: openai.String("resp_1")})
		failed, ok := errors.AsType[*openai.Error](err)
		if !ok || failed.StatusCode != 400 || failed.Code != "previous_response_not_found" {
			t.Errorf("%s: error %v; want status 400 and previous_response_not_found", target, err)
		}
	}
}

// checkTools checks that a round of tool calls brings the tool's result back.
func checkTools(t *testing.T, client openai.Client, model string,
	tools func(context.Context, openai.Client, string, func(place) string) (string, error)) {
	t.Helper()
	var asked []place
	text, err := tools(t.Context(), client, model, func(where place) string {
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
}

func checkImage(t *testing.T, client openai.Client, model string,
	image func(context.Context, openai.Client, string, []byte) (string, error)) {
	t.Helper()
	png := stewardtest.Picture(t)
	text, err := image(t.Context(), client, model, png)
	if err != nil {
		t.Fatal(explain(err))
	}
	stewardtest.CheckSeen(t, text, png)
}

func checkReasoning(t *testing.T, client openai.Client, model string,
	reasoning func(context.Context, openai.Client, string) (string, string, int64, error)) {
	t.Helper()
	thought, text, tokens, err := reasoning(t.Context(), client, model)
	if err != nil {
		t.Fatal(explain(err))
	}
	if thought == "" || text == "" || strings.Contains(text, thought) {
		t.Errorf("thought %q, answer %q; want both, apart", thought, text)
	}
	if tokens <= 0 {
		t.Errorf("%d tokens of thinking", tokens)
	}
}

// failures checks that each failure is the SDK's own error, with status and code.
// A provider's own words for a refusal may differ; its status and its type do not.
func failures(t *testing.T, s *stewardtest.Steward, target string) {
	tests := map[string]struct {
		key, model, fault string
		status            int
		code              string // empty: the provider's own
	}{
		"unknown model":            {s.Key, target + "-nonesuch/small", "", 404, "model_not_found"},
		"wrong key":                {"sk-wrong", target + "/small", "", 401, "invalid_api_key"},
		"the provider is too busy": {s.Key, target + "/small", "rate_limit", 429, ""},
		"the prompt is too long":   {s.Key, target + "/small", "context_length", 400, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			more := []option.RequestOption{option.WithMaxRetries(0)}
			if tt.fault != "" {
				more = append(more, option.WithHeader("x-sim-fault", tt.fault))
			}
			client := newClient(s.URL, tt.key, more...)
			_, chatErr := chat(t.Context(), client, tt.model, "Hello")
			_, streamErr := stream(t.Context(), client, tt.model, "Hello", func(string) {})
			_, respondErr := respond(t.Context(), client, tt.model, "Hello")
			for call, err := range map[string]error{"chat": chatErr, "stream": streamErr, "respond": respondErr} {
				failed, ok := errors.AsType[*openai.Error](err)
				if !ok {
					t.Errorf("%s: error %v (%T); want *openai.Error", call, err, err)
					continue
				}
				if failed.StatusCode != tt.status || failed.Code == "" || tt.code != "" && failed.Code != tt.code || failed.Message == "" {
					t.Errorf("%s: status %d, code %q, message %q; want %d, %q and a message", call,
						failed.StatusCode, failed.Code, failed.Message, tt.status, tt.code)
				}
			}
		})
	}
}
