package normal_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/steward-llmops/steward/internal/otel/normal"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// shared opens a recorded span, or skips where the data is not at hand.
func shared(t *testing.T, folder, name string) []byte {
	t.Helper()
	dir := os.Getenv("STEWARD_SHARED")
	if dir == "" {
		t.Skip("STEWARD_SHARED is not set: recorded spans are not at hand")
	}
	b, err := os.ReadFile(filepath.Join(dir, "data", "otlp", folder, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// recorded is what a recorded span says, read by hand.
type recorded struct{ served, used, ended string }

func (w recorded) check(t *testing.T, r normal.Result) {
	t.Helper()
	if got := served(r); got != w.served {
		t.Errorf("served %q; want %q", got, w.served)
	}
	if got := used(r); got != w.used {
		t.Errorf("used %q; want %q", got, w.used)
	}
	if got := ended(r); got != w.ended {
		t.Errorf("ended %q; want %q", got, w.ended)
	}
	if r.Content == nil || len(r.Content.Raw) == 0 {
		t.Error("the span is not kept as it came")
	}
	if len(r.Content.Request) == 0 || r.Content.RequestType != "application/json" {
		t.Errorf("request is %d bytes of %q", len(r.Content.Request), r.Content.RequestType)
	}
	if len(r.Content.Response) == 0 {
		t.Error("no response")
	}
}

func TestRecordedOpenInference(t *testing.T) {
	const (
		nano   = "call chat openai gpt-5-nano-2025-08-07 (asked gpt-5-nano)"
		search = "call chat openai gpt-4o-mini-search-preview-2025-03-11 (asked gpt-4o-mini-search-preview)"
		babb   = "call completions openai babbage:2023-07-21-v2 (asked babbage-002)"
		embed  = "call embeddings openai text-embedding-3-small"
	)
	tests := map[string]recorded{
		"audio-transcription-basic": {"call audio_transcription openai whisper-1", "audio_micros=7000000", "ok"},
		"azure-chat-basic":          {nano, "input=8 output=79 output_reasoning=192", "ok stop"},
		"chat-bad-request":          {"call chat openai gpt-5-nano", "", "error 400 refused bad_request_error"},
		"chat-detailed-usage":       {nano, "input=12 output_reasoning=100", "ok length"},
		"chat-json-mode":            {nano, "input=21 output=24 output_reasoning=256", "ok stop"},
		"chat-multiturn":            {nano, "input=50 output=14 output_reasoning=512", "ok stop"},
		"chat-openai-agents-python": {nano, "input=171 output=298 output_reasoning=1664", "ok stop"},
		"chat-reasoning":            {nano, "input=27 output=75 output_reasoning=192", "ok stop"},
		"chat-streaming-web-search": {search, "", "ok stop"},
		"chat-text-to-audio": {"call chat openai gpt-4o-mini-audio-preview-2024-12-17 (asked gpt-4o-mini-audio-preview)",
			"input=22 output=6 output_audio=12", "ok stop"},
		"chat-tools":               {nano, "input=162 output=31 output_reasoning=256", "ok tool_calls"},
		"chat-web-search":          {search, "input=26 output=22", "ok stop"},
		"completion-basic":         {babb, "input=31 output=25", "ok length"},
		"completion-streaming":     {babb, "", "ok length"},
		"completion-text-batch":    {babb, "input=49 output=58", "ok stop"},
		"completion-token":         {babb, "input=31 output=25", "ok length"},
		"embeddings-bad-request":   {embed, "", "error 400 refused bad_request_error"},
		"embeddings-basic":         {embed, "input=7", "ok"},
		"embeddings-large-text":    {embed, "input=111", "ok"},
		"embeddings-mixed-batch":   {embed, "input=79", "ok"},
		"embeddings-unknown-model": {"call embeddings text-embedding-4-ultra", "", "error 404 refused not_found_error"},
		"image-generation-basic":   {"call images openai gpt-image-1-mini", "", "ok"},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			s := &tracepb.Span{}
			if err := protojson.Unmarshal(shared(t, "openinference", name), s); err != nil {
				t.Fatal(err)
			}
			s.TraceId, s.SpanId = []byte("0123456789abcdef"), []byte("01234567")
			s.StartTimeUnixNano, s.EndTimeUnixNano = uint64(began.UnixNano()), uint64(now.UnixNano())
			for _, e := range s.Events {
				e.TimeUnixNano = uint64(began.Add(time.Second).UnixNano())
			}
			r := read(t, s)
			want.check(t, r)
			if r.Cut.Any() {
				t.Errorf("cut %v; want nothing", r.Cut.Counts())
			}
			if streams := strings.Contains(name, "streaming"); r.Call.Stream != streams || (r.Call.FirstTokenMicros == 1_000_000) != streams {
				t.Errorf("stream is %v, first token after %d us", r.Call.Stream, r.Call.FirstTokenMicros)
			}
		})
	}
}

func TestRecordedGenAI(t *testing.T) {
	tests := map[string]recorded{
		"openinference_client_span_input_output_only":  {"call chat openai gpt-4-0613 (asked gpt-4)", "input=97 output=52", "ok stop"},
		"openinference_client_span_tool_calls":         {"call chat openai gpt-4-0613 (asked gpt-4)", "input=97 output=52", "ok stop"},
		"otel_genai_client_span_tool_calls":            {"call chat openai gpt-4 (reported gpt-4-0613)", "input=97 output=52", "ok stop"},
		"otel_genai_deprecated_client_span_tool_calls": {"call chat openai gpt-4 (reported gpt-4-0613)", "input=97 output=52", "ok stop"},
		"otel_genai_tool_execution_span":               {"tool execute_tool", "", "ok"},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			var a m
			if err := json.Unmarshal(shared(t, "genai", name), &a); err != nil {
				t.Fatal(err)
			}
			want.check(t, read(t, spanOf(a)))
		})
	}
}

func TestRecordedVercel(t *testing.T) {
	const (
		outer = "agent openai gpt-4o-mini"
		inner = "call chat openai gpt-4o-mini (reported gpt-4o-mini-2024-07-18)"
	)
	tests := map[string][]recorded{
		"ai-generateText":            {{outer, "input=14 output=20", "ok stop"}, {outer, "input=50 output=9", "ok stop"}},
		"ai-generateText-doGenerate": {{inner, "input=14 output=20", "ok stop"}, {inner, "input=50 output=9", "ok stop"}},
		"ai-streamText":              {{outer, "input=15 output=112", "ok stop"}},
		"ai-streamText-doStream":     {{inner, "input=15 output=112", "ok stop"}},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			var spans []struct {
				Name               string
				StartTime, EndTime [2]uint64
				Attributes         m
			}
			if err := json.Unmarshal(shared(t, "vercel", name), &spans); err != nil {
				t.Fatal(err)
			}
			if len(spans) != len(want) {
				t.Fatalf("%d spans; want %d", len(spans), len(want))
			}
			for i, s := range spans {
				span := spanOf(s.Attributes)
				span.StartTimeUnixNano, span.EndTimeUnixNano = s.StartTime[0]*1e9+s.StartTime[1], s.EndTime[0]*1e9+s.EndTime[1]
				r := read(t, span)
				want[i].check(t, r)
				if got := tags(r)["testCategory"]; got == "" {
					t.Errorf("tags %v; want testCategory", r.Call.Tags)
				}
				if streams := strings.HasPrefix(name, "ai-stream"); r.Call.Stream != streams {
					t.Errorf("stream is %v", r.Call.Stream)
				}
				if name == "ai-streamText-doStream" && (r.Call.FirstTokenMicros != 426_854 || r.Call.TotalMicros != 5_386_307) {
					t.Errorf("first token after %d us of %d; want 426854 of 5386307", r.Call.FirstTokenMicros, r.Call.TotalMicros)
				}
			}
		})
	}
}

func tags(r normal.Result) map[string]string {
	got := map[string]string{}
	for _, t := range r.Call.Tags {
		got[t.Name] = t.Value
	}
	return got
}
