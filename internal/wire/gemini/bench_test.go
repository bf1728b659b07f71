package gemini_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/gemini"
)

const benchUsage = `"usageMetadata":{"promptTokenCount":59,"candidatesTokenCount":21,"totalTokenCount":110,"promptTokensDetails":[{"modality":"TEXT","tokenCount":59}],"thoughtsTokenCount":30},"modelVersion":"gemini-3-flash-preview","responseId":"hVP6afiZEuitz7IPypuAsQY"`

func benchChunk(text, rest string) string {
	return fmt.Sprintf(`{"candidates": [{"content": {"parts": [{"text": %q}],"role": "model"},"index": 0%s}],%s}`, text, rest, benchUsage)
}

func BenchmarkObserve(b *testing.B) {
	data := []byte(benchChunk(strings.Repeat("word ", 20), ""))
	var r wire.Reading
	observe := gemini.Generate().Observe
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		observe("", data, &r)
	}
}

func BenchmarkMeasure(b *testing.B) {
	data := []byte(benchChunk(strings.Repeat("word ", 2000), `,"finishReason":"STOP"`))
	measure := gemini.Generate().Measure
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		measure(data)
	}
}

func BenchmarkDecodeRequest(b *testing.B) {
	data := []byte(`{"contents":[{"role":"user","parts":[{"text":"` + strings.Repeat("word ", 2000) + `"}]}],"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object","properties":{"a":{"type":"string"}}}}]}],"generationConfig":{"temperature":0.5}}`)
	decode := gemini.Generate().DecodeRequest
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStream reads and writes a stream of 100 chunks.
func BenchmarkStream(b *testing.B) {
	var s strings.Builder
	for range 100 {
		s.WriteString("data: " + benchChunk("some words ", "") + "\n\n")
	}
	s.WriteString("data: " + benchChunk("", `,"finishReason":"STOP"`) + "\n\n")
	codec := gemini.Generate()
	var dst []byte
	b.SetBytes(int64(s.Len()))
	b.ReportAllocs()
	for b.Loop() {
		enc := codec.NewEncoder(&llm.Request{})
		dst = dst[:0]
		for e, err := range codec.DecodeStream(strings.NewReader(s.String())) {
			if err != nil {
				b.Fatal(err)
			}
			dst = enc.Append(dst, e)
		}
	}
}
