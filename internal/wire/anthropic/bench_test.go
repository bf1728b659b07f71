package anthropic_test

import (
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
)

const deltaFrame = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"A sentence of the usual length, \"quoted\"."}    }`

func BenchmarkObserveDelta(b *testing.B) {
	var r wire.Reading
	data := []byte(deltaFrame)
	b.ReportAllocs()
	for b.Loop() {
		codec.Observe("content_block_delta", data, &r)
	}
}

func BenchmarkObserveDeltaWithoutName(b *testing.B) {
	var r wire.Reading
	data := []byte(deltaFrame)
	b.ReportAllocs()
	for b.Loop() {
		codec.Observe("", data, &r)
	}
}

func BenchmarkObserveStream(b *testing.B) {
	stream := []byte(longStream(60))
	b.ReportAllocs()
	events := 0
	for b.Loop() {
		var r wire.Reading
		s := codec.NewSplitter()
		events = 0
		s.Feed(stream, func(name string, data []byte, _ int) {
			events++
			codec.Observe(name, data, &r)
		})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
}

func BenchmarkMeasure(b *testing.B) {
	body := []byte(`{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{"type":"text","text":"` +
		strings.Repeat("word ", 200) + `"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":200,"service_tier":"standard"}}`)
	b.ReportAllocs()
	for b.Loop() {
		codec.Measure(body)
	}
}

func BenchmarkDecodeStream(b *testing.B) {
	stream := longStream(60)
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range codec.DecodeStream(strings.NewReader(stream)) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkEncodeDelta(b *testing.B) {
	enc := codec.NewEncoder(nil)
	dst := enc.Append(nil, llm.Event{Kind: llm.EventStart, ID: "x"})
	dst = enc.Append(dst, llm.Event{Kind: llm.EventPart, Part: &llm.Part{}})
	e := llm.Event{Kind: llm.EventDelta, Text: "A sentence of the usual length, \"quoted\"."}
	b.ReportAllocs()
	for b.Loop() {
		dst = enc.Append(dst[:0], e)
	}
}

func BenchmarkRequest20KB(b *testing.B) {
	body := []byte(`{"model":"claude-sonnet-4-5","max_tokens":100,"system":"Be kind.","messages":[` +
		strings.TrimSuffix(strings.Repeat(`{"role":"user","content":[{"type":"text","text":"`+strings.Repeat("word ", 100)+`"}]},{"role":"assistant","content":"`+strings.Repeat("word ", 100)+`"},`, 19), ",") + `]}`)
	b.SetBytes(int64(len(body)))
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := codec.DecodeRequest(body); err != nil {
				b.Fatal(err)
			}
		}
	})
	req, _ := codec.DecodeRequest(body)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := codec.EncodeRequest(req); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// longStream is an answer in n deltas.
func longStream(n int) string {
	var s strings.Builder
	s.WriteString("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":25,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":1}}}\n\n")
	s.WriteString("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n")
	for range n {
		s.WriteString("event: content_block_delta\ndata: " + deltaFrame + "\n\n")
	}
	s.WriteString("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n")
	s.WriteString("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":300}}\n\n")
	s.WriteString("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
	return s.String()
}
