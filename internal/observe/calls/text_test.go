package calls_test

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// sse writes events as an OpenAI or Anthropic server does.
func sse(events ...string) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString("event: message\r\ndata: " + e + "\r\n\r\n")
	}
	return b.String()
}

// frames writes payloads as an AWS event stream.
func frames(payloads ...string) string {
	var out []byte
	for _, p := range payloads {
		const headers = "\x0b:event-type\x07\x00\x05chunk"
		start := len(out)
		out = binary.BigEndian.AppendUint32(out, uint32(16+len(headers)+len(p)))
		out = binary.BigEndian.AppendUint32(out, uint32(len(headers)))
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
		out = append(append(out, headers...), p...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
	}
	return string(out)
}

func TestSearchable(t *testing.T) {
	long := strings.Repeat("QUJD", 1000)
	tests := map[string]struct {
		request, answer, raw string
		want                 calls.Texts
	}{
		"nothing": {},
		"an OpenAI chat": {
			request: `{"model":"gpt-5","messages":[{"role":"system","content":"Be kind"},{"role":"user","content":[{"type":"text","text":"refund \"policy\"\n"}]}],"stream":false}`,
			answer:  `{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-5","choices":[{"index":0,"message":{"role":"assistant","content":"Sure\u00e9"},"finish_reason":"stop"}]}`,
			want:    calls.Texts{Request: []string{"Be kind", `refund "policy"`}, Answer: []string{"Sureé"}},
		},
		"chat deltas": {
			answer: sse(`{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}`,
				`{"id":"c","choices":[{"index":0,"delta":{"content":"the ref"}},{"index":1,"delta":{"content":"other "}}]}`,
				`{"id":"c","choices":[{"index":1,"delta":{"content":"choice"}},{"index":0,"delta":{"content":"und policy"}}]}`,
				`{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, `[DONE]`),
			want: calls.Texts{Answer: []string{"the refund policy", "other choice"}},
		},
		"tool arguments in pieces": {
			answer: sse(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"find","arguments":"{\"ci"}}]}}]}`,
				`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"ty\": \"Par\\u"}},{"index":1,"function":{"arguments":"[2]"}}]}}]}`,
				`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"0069s\"}"}}]}}]}`),
			want: calls.Texts{Answer: []string{"find", `{"city": "Par\u0069s"}`, "Paris", "[2]"}},
		},
		"responses": {
			answer: sse(`{"type":"response.created","response":{"id":"resp_1","object":"response","status":"in_progress","model":"gpt-5"}}`,
				`{"type":"response.output_text.delta","item_id":"m1","output_index":0,"content_index":0,"delta":"refund ","obfuscation":"x1"}`,
				`{"type":"response.reasoning_summary_text.delta","item_id":"r1","output_index":1,"summary_index":0,"delta":"think "}`,
				`{"type":"response.output_text.delta","item_id":"m1","output_index":0,"content_index":0,"delta":"policy","obfuscation":"x2"}`,
				`{"type":"response.reasoning_summary_text.delta","item_id":"r1","output_index":1,"summary_index":0,"delta":"hard"}`,
				`{"type":"response.output_text.done","item_id":"m1","output_index":0,"content_index":0,"text":"refund policy"}`),
			want: calls.Texts{Answer: []string{"refund policy", "think hard"}},
		},
		"anthropic": {
			answer: sse(`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[]}}`,
				`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`,
				`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"let me "}}`,
				`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"see"}}`,
				`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}`,
				`{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"first "}}`,
				`{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"block"}}`,
				`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"id\":"}}`,
				`{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"\"A-1\"}"}}`,
				`{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`),
			want: calls.Texts{Answer: []string{"let me see", "first block", `{"id":"A-1"}`}},
		},
		"gemini events": {
			answer: sse(`{"candidates":[{"content":{"parts":[{"text":"refund "}],"role":"model"},"index":0}],"modelVersion":"g","responseId":"r"}`,
				`{"candidates":[{"content":{"parts":[{"text":"policy"}],"role":"model"},"finishReason":"STOP","index":0}],"modelVersion":"g","responseId":"r"}`),
			want: calls.Texts{Answer: []string{"refund policy"}},
		},
		"gemini as one array": {
			answer: `[{"candidates":[{"content":{"parts":[{"text":"refund "}]}}]},` + "\n" + `{"candidates":[{"content":{"parts":[{"text":"policy"},{"functionCall":{"name":"f","args":{"id":"A-1"}}}]}}]}]`,
			want:   calls.Texts{Answer: []string{"refund policy", "f", "A-1"}},
		},
		"lines of JSON": {
			request: `{"text":"one"}` + "\n" + `{"text":"two"}`,
			answer:  `{"model":"m","message":{"role":"assistant","content":"refund "}}` + "\n" + `{"model":"m","message":{"content":"policy"},"done_reason":"stop"}` + "\n",
			want:    calls.Texts{Request: []string{"one", "two"}, Answer: []string{"refund policy"}},
		},
		"an event stream of Amazon's": {
			answer: frames(`{"contentBlockIndex":0,"delta":{"text":"refund "},"p":"abc"}`, `{"contentBlockIndex":0,"delta":{"text":"policy"},"p":"abcd"}`,
				`{"bytes":"`+base64.StdEncoding.EncodeToString([]byte(`{"type":"content_block_delta","index":0,"delta":{"text":"inner"}}`))+`"}`),
			want: calls.Texts{Answer: []string{"refund policy", "inner"}},
		},
		"a tool's use and its result": {
			request: `{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"find","input":{"id":"A-1","type":"urgent"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"{\"q\":\"a\\nb\"}"}]}]}`,
			want:    calls.Texts{Request: []string{"find", "A-1", "urgent", `{"q":"a\nb"}`, "a\nb"}},
		},
		"images and sound": {
			request: `{"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,` + long + `"},{"type":"input_audio","data":"` + long + `"},{"type":"input_text","text":"what is it"}]}]}`,
			answer:  sse(`{"type":"response.audio.delta","item_id":"a","delta":"`+long[:400]+`"}`, `{"type":"response.audio_transcript.delta","item_id":"a","delta":"a cat"}`),
			want:    calls.Texts{Request: []string{"what is it"}, Answer: []string{"a cat"}},
		},
		"no JSON": {
			request: "refund policy\n", answer: "data is what it begins with",
			want: calls.Texts{Request: []string{"refund policy"}, Answer: []string{"data is what it begins with"}},
		},
		"JSON that was cut": {
			request: `{"messages":[{"role":"user","content":"say \"hi\" and mo`,
			answer:  `data: {"choices":[{"index":0,"delta":{"content":"whole "}}]}` + "\n\n" + `data: {"choices":[{"index":0,"delta":{"content":"ha`,
			want:    calls.Texts{Request: []string{`say "hi" and mo`}, Answer: []string{"ha", "whole"}},
		},
		"deep JSON": {
			request: strings.Repeat(`[`, 1000) + `"deep"` + strings.Repeat(`]`, 1000),
			want:    calls.Texts{Request: []string{"deep"}},
		},
		"a form with a file": {
			request: "--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nrefund\r\n--b\r\n\r\n\xff\xfe\x00ok\x01--b--",
			want:    calls.Texts{Request: []string{"--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nrefund\r\n--b", "--b--"}},
		},
		"what an application reported": {
			raw: "\x0a\x10gen_ai.prompt\x12\xa8\x01\x0a\x05{\"role\":\"user\",\"text\":\"a\\nb\"}\x01\x02abc\x00d",
			want: calls.Texts{
				Request: []string{"gen_ai.prompt", `{"role":"user","text":"a\nb"}`, "a\nb"},
				Answer:  []string{"gen_ai.prompt", `{"role":"user","text":"a\nb"}`, "a\nb"},
			},
		},
		"a report with its bodies": {
			request: "asked", answer: "answered", raw: "\x01more\x02",
			want: calls.Texts{Request: []string{"asked"}, Answer: []string{"answered"}, Other: []string{"more"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := calls.Searchable(&record.Content{Request: []byte(tt.request), Response: []byte(tt.answer), Raw: []byte(tt.raw)})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSearchableBound(t *testing.T) {
	words := strings.Repeat("words and é ", 1<<19)
	for name, body := range map[string]string{
		"text": words, "JSON": `{"a":"` + words + `","b":"` + words + `"}`, "events": sse(`{"a":"`+words+`"}`, `{"b":"`+words+`"}`),
		"cut JSON": `{"a":"` + words + `","b":"` + words, "binary": "\xff" + words + "\xff" + words,
	} {
		t.Run(name, func(t *testing.T) {
			got := calls.Searchable(&record.Content{Response: []byte(body)})
			n := 0
			for _, s := range got.Answer {
				n += len(s)
				if !utf8.ValidString(s) {
					t.Error("a character was split")
				}
			}
			if n > calls.MaxText || n < calls.MaxText-8 {
				t.Errorf("%d bytes were taken; want %d", n, calls.MaxText)
			}
		})
	}
}

func FuzzSearchable(f *testing.F) {
	f.Add([]byte(`{"a":[{"type":"x","text":"hi"}]}`))
	f.Add([]byte(sse(`{"index":0,"delta":"a"}`, `{"index":0,"delta":"b"}`, "[DONE]", "x")))
	f.Add([]byte(`{"a":"b\`))
	f.Add([]byte("\x0a\x05{\"a\":\"b\\n\"}\xff{\"b\\"))
	f.Add([]byte(frames(`{"bytes":"e30="}`, `{"delta":{"text":"x"}}`)))
	f.Add([]byte("[[[[{\"a\"}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got := calls.Searchable(&record.Content{Request: body, Response: body, Raw: body})
		for _, list := range [][]string{got.Request, got.Answer, got.Other} {
			n := 0
			for _, s := range list {
				n += len(s)
			}
			if n > calls.MaxText || n > 16*len(body)+16 {
				t.Errorf("%d bytes of text in %d bytes", n, len(body))
			}
		}
	})
}
