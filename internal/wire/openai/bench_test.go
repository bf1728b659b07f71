package openai_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/openai"
)

// An event of each sort with everything that OpenAI puts in.
const (
	benchHead    = `{"id":"chatcmpl-CB1rPBwbpgw0dSdlTvTkAzJR2CQYU","object":"chat.completion.chunk","created":1756837031,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_f33640a400",`
	benchContent = benchHead + `"choices":[{"index":0,"delta":{"content":" quantities"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"3Yy2eJ7mSUx0"}`
	benchTool    = benchHead + `"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\":\""}}]},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"3Yy2eJ7mSUx0"}`
	benchUsage   = benchHead + `"choices":[],"usage":{"prompt_tokens":353,"completion_tokens":26,"total_tokens":379,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"obfuscation":"3Yy2"}`
)

func BenchmarkObserve(b *testing.B) {
	for name, event := range map[string]string{"content": benchContent, "tool": benchTool, "usage": benchUsage} {
		b.Run(name, func(b *testing.B) {
			chat := openai.Chat()
			data := []byte(event)
			var r wire.Reading
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				chat.Observe("", data, &r)
			}
		})
	}
}

func benchAnswer() []byte {
	return []byte(`{"id":"chatcmpl-1","object":"chat.completion","created":1756837031,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"` +
		strings.Repeat("some words, ", 85) + `","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":353,"completion_tokens":26,"total_tokens":379,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":"fp_f33640a400"}`)
}

func BenchmarkMeasure(b *testing.B) {
	chat, body := openai.Chat(), benchAnswer()
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if r := chat.Measure(body); !r.Complete {
			b.Fatal(r.Err)
		}
	}
}

func benchRequest() []byte {
	return []byte(`{"model":"gpt-4o","stream":true,"temperature":0.5,"messages":[{"role":"system","content":"` + strings.Repeat("You are helpful. ", 100) +
		`"},{"role":"user","content":[{"type":"text","text":"` + strings.Repeat("Tell me.\\n", 800) + `"}]},{"role":"assistant","content":"` +
		strings.Repeat("Well, ", 900) + `"},{"role":"user","content":"` + strings.Repeat("And then? ", 500) + `"}]}`)
}

func BenchmarkDecodeRequest20K(b *testing.B) {
	chat, body := openai.Chat(), benchRequest()
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := chat.DecodeRequest(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeRequest20K(b *testing.B) {
	chat := openai.Chat()
	req, err := chat.DecodeRequest(benchRequest())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := chat.EncodeRequest(req); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeStream60Chunks(b *testing.B) {
	chat := openai.Chat()
	stream := []byte(strings.Repeat("data: "+benchContent+"\n\n", 60) + ending("stop") + "data: " + benchUsage + "\n\n" + doneEvent)
	b.ReportAllocs()
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		for _, err := range chat.DecodeStream(bytes.NewReader(stream)) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkEncodeDelta(b *testing.B) {
	enc := openai.Chat().NewEncoder(&llm.Request{})
	buf := enc.Append(nil, llm.Event{Kind: llm.EventStart, ID: "chatcmpl-1", Model: "gpt-4o"})
	buf = enc.Append(buf, llm.Event{Kind: llm.EventPart, Part: &llm.Part{}})
	b.ReportAllocs()
	for b.Loop() {
		buf = enc.Append(buf[:0], llm.Event{Kind: llm.EventDelta, Text: " quantities"})
	}
}
