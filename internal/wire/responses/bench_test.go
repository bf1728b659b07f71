package responses_test

import (
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/responses"
)

const delta = `{"type":"response.output_text.delta","content_index":0,"delta":" Paris","item_id":"msg_0123456789abcdef0123456789abcdef","logprobs":[],"obfuscation":"7VLGp4ah","output_index":0,"sequence_number":42}`

func BenchmarkObserveDelta(b *testing.B) {
	codec := responses.Responses()
	data := []byte(delta)
	var r wire.Reading
	b.ReportAllocs()
	for b.Loop() {
		codec.Observe("response.output_text.delta", data, &r)
	}
}

// longStream is an answer of n deltas.
func longStream(n int) string {
	events := []string{created}
	for range n {
		events = append(events, delta)
	}
	return stream(append(events, done)...)
}

func BenchmarkObserveStreamOf60(b *testing.B) {
	codec := responses.Responses()
	in := []byte(longStream(60))
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		var r wire.Reading
		s := codec.NewSplitter()
		s.Feed(in, func(name string, data []byte, _ int) { codec.Observe(name, data, &r) })
		if !r.Done {
			b.Fatal("not done")
		}
	}
}

func BenchmarkTranslateStreamOf60(b *testing.B) {
	codec := responses.Responses()
	in := longStream(60)
	req := &llm.Request{Model: "m"}
	b.ReportAllocs()
	for b.Loop() {
		enc := codec.NewEncoder(req)
		var out []byte
		for e, err := range codec.DecodeStream(strings.NewReader(in)) {
			if err != nil {
				b.Fatal(err)
			}
			out = enc.Append(out[:0], e)
		}
		enc.End(out)
	}
}

func BenchmarkMeasure(b *testing.B) {
	codec := responses.Responses()
	body := []byte(`{"id":"resp_1","object":"response","status":"completed","model":"m","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"` +
		strings.Repeat("lorem ipsum ", 100) + `","annotations":[]}]}],"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":1}}}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		codec.Measure(body)
	}
}

// longRequest is a request of about 20 KB.
var longRequest = `{"model":"m","instructions":"` + strings.Repeat("be brief ", 200) + `","input":[` + strings.Repeat(
	`{"role":"user","content":[{"type":"input_text","text":"`+strings.Repeat("what is this? ", 40)+`"}]},`+
		`{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"`+strings.Repeat("result ", 50)+`"},`, 16) +
	`{"role":"user","content":"x"}],"tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{}}}]}`

func BenchmarkDecodeRequest20KB(b *testing.B) {
	codec := responses.Responses()
	body := []byte(longRequest)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.DecodeRequest(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeRequest20KB(b *testing.B) {
	codec := responses.Responses()
	req, err := codec.DecodeRequest([]byte(longRequest))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := codec.EncodeRequest(req); err != nil {
			b.Fatal(err)
		}
	}
}
