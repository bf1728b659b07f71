package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/steward-llmops/steward/examples/stewardtest"
)

func TestAnthropic(t *testing.T) {
	s := stewardtest.Start(t)
	client := newClient(s.URL, s.Key, option.WithHeader("x-sim-latency", "1ms"), option.WithHeader("x-sim-rate", "5000"))
	if err := run(t.Context(), client, "sim/small"); err != nil {
		t.Errorf("the program: %s", explain(err))
	}
	for _, target := range stewardtest.Targets() {
		t.Run(target, func(t *testing.T) {
			messages(t, s, client, target)
			t.Run("errors", func(t *testing.T) { failures(t, s, target) })
		})
	}
}

func messages(t *testing.T, s *stewardtest.Steward, client anthropic.Client, target string) {
	ctx, small := t.Context(), target+"/small"
	t.Run("chat", func(t *testing.T) {
		answer, err := chat(ctx, client, small, "Say hello.")
		if err != nil {
			t.Fatal(explain(err))
		}
		if textOf(answer) == "" || answer.StopReason != "end_turn" {
			t.Errorf("answer %q, stop reason %q; want text and end_turn", textOf(answer), answer.StopReason)
		}
		if u := answer.Usage; u.InputTokens <= 0 || u.OutputTokens <= 0 {
			t.Errorf("usage %d in, %d out", u.InputTokens, u.OutputTokens)
		}
	})
	t.Run("echo", func(t *testing.T) {
		const words = "Grüße, \"Welt\" \\ 世界 🙂\n\tend"
		answer, err := chat(ctx, client, target+"/echo", words)
		if err != nil {
			t.Fatal(explain(err))
		}
		if got := textOf(answer); got != words {
			t.Errorf("echo %q; want %q", got, words)
		}
	})
	t.Run("stream", func(t *testing.T) {
		var pieces []string
		whole, err := stream(ctx, client, small, "Tell a short story.", func(p string) { pieces = append(pieces, p) })
		if err != nil {
			t.Fatal(explain(err))
		}
		if len(pieces) < 2 || strings.Join(pieces, "") != textOf(whole) || whole.StopReason != "end_turn" {
			t.Errorf("%d pieces %q make %q, stop reason %q", len(pieces), pieces, textOf(whole), whole.StopReason)
		}
		if u := whole.Usage; u.InputTokens <= 0 || u.OutputTokens <= 0 {
			t.Errorf("usage %d in, %d out", u.InputTokens, u.OutputTokens)
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
		thought, text, err := reasoning(ctx, client, target+"/reasoning")
		if err != nil {
			t.Fatal(explain(err))
		}
		if thought == "" || text == "" || strings.Contains(text, thought) {
			t.Errorf("thought %q, answer %q; want both, apart", thought, text)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		s.Cancelled(t, target, "cancel-messages", func(ctx context.Context, model string, show func(string)) error {
			_, err := stream(ctx, newClient(s.URL, s.Key), model, "Tell a long story.", show)
			return err
		})
	})
	t.Run("a stream that breaks off is an error", func(t *testing.T) {
		broken := newClient(s.URL, s.Key, option.WithHeader("x-sim-fault", "cut,after=5"))
		if whole, err := stream(ctx, broken, small, "Tell a short story.", func(string) {}); err == nil {
			t.Errorf("half an answer came as a whole one: %q", textOf(whole))
		}
	})
}

// failures checks that each failure is the SDK's own error, with status and type.
func failures(t *testing.T, s *stewardtest.Steward, target string) {
	tests := map[string]struct {
		key, model, fault string
		status            int
		kind              anthropic.ErrorType
	}{
		"unknown model":            {s.Key, target + "-nonesuch/small", "", 404, "not_found_error"},
		"wrong key":                {"sk-wrong", target + "/small", "", 401, "authentication_error"},
		"the provider is too busy": {s.Key, target + "/small", "rate_limit", 429, "rate_limit_error"},
		"the prompt is too long":   {s.Key, target + "/small", "context_length", 400, "invalid_request_error"},
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
			for call, err := range map[string]error{"chat": chatErr, "stream": streamErr} {
				failed, ok := errors.AsType[*anthropic.Error](err)
				if !ok {
					t.Errorf("%s: error %v (%T); want *anthropic.Error", call, err, err)
					continue
				}
				if failed.StatusCode != tt.status || failed.Type() != tt.kind || failed.RequestID == "" {
					t.Errorf("%s: status %d, type %q, request %q, %s; want %d, %q and a request id", call,
						failed.StatusCode, failed.Type(), failed.RequestID, failed.RawJSON(), tt.status, tt.kind)
				}
			}
		})
	}
}
