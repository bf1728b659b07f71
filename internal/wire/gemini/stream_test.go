package gemini_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/gemini"
)

func cut(s wire.Splitter, pieces ...string) []string {
	var got []string
	emit := func(_ string, data []byte, _ int) { got = append(got, string(data)) }
	for _, p := range pieces {
		s.Feed([]byte(p), emit)
	}
	s.Flush(emit)
	return got
}

func TestArraySplitter(t *testing.T) {
	tests := map[string]struct {
		in   string
		want []string
	}{
		"one line":             {`[{"a":1},{"b":2}]`, []string{`{"a":1}`, `{"b":2}`}},
		"as Google sends it":   {"[{\n \"a\": 1\n}\n,\r\n{\"b\":[{}]}\n]\n", []string{"{\n \"a\": 1\n}", `{"b":[{}]}`}},
		"brackets in strings":  {`[{"a":"}],{"},{"b":"\"]}\\"}]`, []string{`{"a":"}],{"}`, `{"b":"\"]}\\"}`}},
		"empty":                {`[]`, nil},
		"nothing":              {"", nil},
		"objects without list": {"{\"a\":1}\n{\"b\":2}", []string{`{"a":1}`, `{"b":2}`}},
		"cut off":              {`[{"a":1},{"b":"x`, []string{`{"a":1}`, `{"b":"x`}},
		"not closed":           {`[{"a":1}`, []string{`{"a":1}`}},
		"bare values":          {`[1, "x,]", true,[2]]`, []string{"1", `"x,]"`, "true", "[2]"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, cut(gemini.NewArraySplitter(), tt.in)); diff != "" {
				t.Errorf("elements of %q (-want +got):\n%s", tt.in, diff)
			}
			if diff := cmp.Diff(tt.want, cut(gemini.NewArraySplitter(), strings.Split(tt.in, "")...)); diff != "" {
				t.Errorf("byte by byte (-want +got):\n%s", diff)
			}
		})
	}
}

func TestArraySplitterReportsWhereAnElementEnds(t *testing.T) {
	s := gemini.NewArraySplitter()
	var got []string
	for _, p := range []string{"[{\"a\":1}\n,{\"b\"", ":2},\n{\"c\":3}]"} {
		last := 0
		s.Feed([]byte(p), func(_ string, _ []byte, end int) {
			got = append(got, p[last:end])
			last = end
		})
	}
	if diff := cmp.Diff([]string{`[{"a":1}`, `:2}`, ",\n{\"c\":3}"}, got); diff != "" {
		t.Errorf("bytes up to each end (-want +got):\n%s", diff)
	}
}

func TestArraySplitterBoundsItsMemory(t *testing.T) {
	s := gemini.NewArraySplitter()
	longest, total := 0, 0
	emit := func(_ string, data []byte, _ int) {
		longest = max(longest, len(data))
		total += len(data)
	}
	s.Feed([]byte(`[{"a":"`), emit)
	piece := []byte(strings.Repeat("x", 1<<20))
	for range 70 {
		s.Feed(piece, emit)
	}
	s.Flush(emit)
	if longest > 32<<20 || total != 70<<20+6 {
		t.Errorf("longest event %d of %d bytes", longest, total)
	}
}

func TestDecodeStreamStops(t *testing.T) {
	body := "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\n\n"
	n := 0
	for range gemini.Generate().DecodeStream(strings.NewReader(strings.Repeat(body, 3))) {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d events after a break", n)
	}
}

func TestDecodeStreamOfABrokenConnection(t *testing.T) {
	broken := iotest.ErrReader(errors.New("reset"))
	chunk := "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}%s}]}\n\n"
	_, err := llm.Collect(gemini.Generate().DecodeStream(io.MultiReader(strings.NewReader(fmt.Sprintf(chunk, "")), broken)))
	if f := fault.As(err); f == nil || f.Kind != fault.Upstream || f.Code != "stream_truncated" {
		t.Errorf("err = %v; want a truncated stream", err)
	}
	resp, err := llm.Collect(gemini.Generate().DecodeStream(io.MultiReader(strings.NewReader(fmt.Sprintf(chunk, `,"finishReason":"STOP"`)), broken)))
	if err != nil || resp.Finish != llm.FinishStop {
		t.Errorf("a break after the finish: %+v, %v", resp, err)
	}
}

// play writes events in one form.
func play(enc wire.Encoder, list ...llm.Event) string {
	var b []byte
	for _, e := range list {
		b = enc.Append(b, e)
	}
	return string(enc.End(b))
}

func TestEncoder(t *testing.T) {
	start := llm.Event{Kind: llm.EventStart, ID: "r", Model: "gpt"}
	begin := func(i int, p llm.Part) llm.Event { return llm.Event{Kind: llm.EventPart, Index: i, Part: &p} }
	delta := func(i int, s string) llm.Event { return llm.Event{Kind: llm.EventDelta, Index: i, Text: s} }
	end := func(i int) llm.Event { return llm.Event{Kind: llm.EventPartEnd, Index: i} }
	usage := llm.Event{Kind: llm.EventUsage, Usage: &llm.Usage{Reported: true, N: [llm.NumQuantities]int64{llm.Input: 3, llm.Output: 2}}}
	finish := func(f llm.Finish) llm.Event { return llm.Event{Kind: llm.EventFinish, Finish: f} }
	chunk := func(parts, rest string) string {
		return `{"candidates":[{"content":{"role":"model","parts":[` + parts + `]},` + rest + `}],`
	}
	const used = `"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5,"promptTokensDetails":[{"modality":"TEXT","tokenCount":3}],"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":2}]},`
	const tail = `"modelVersion":"gpt","responseId":"r"}`

	tests := map[string]struct {
		events []llm.Event
		want   []string
		lost   llm.Lost
	}{
		"text": {
			[]llm.Event{start, begin(0, text("")), delta(0, "a"), delta(0, "b"), end(0), usage, finish(llm.FinishStop)},
			[]string{chunk(`{"text":"a"}`, `"index":0`) + tail, chunk(`{"text":"b"}`, `"index":0`) + tail, chunk(`{"text":""}`, `"finishReason":"STOP","index":0`) + used + tail}, nil,
		},
		"overlapping calls are whole": {
			[]llm.Event{start, begin(0, call("x", "f", "")), begin(1, call("y", "g", "")), delta(0, `{"a"`), delta(1, `{}`), delta(0, `: 1}`), end(0), end(1), finish(llm.FinishToolCalls)},
			[]string{chunk(`{"functionCall":{"id":"x","name":"f","args":{"a":1}}}`, `"index":0`) + tail, chunk(`{"functionCall":{"id":"y","name":"g","args":{}}}`, `"index":0`) + tail, chunk(`{"text":""}`, `"finishReason":"STOP","index":0`) + tail}, nil,
		},
		"a call without an end is written at the finish": {
			[]llm.Event{start, begin(0, call("x", "f", "")), finish(llm.FinishToolCalls)},
			[]string{chunk(`{"functionCall":{"id":"x","name":"f","args":{}}}`, `"index":0`) + tail, chunk(`{"text":""}`, `"finishReason":"STOP","index":0`) + tail}, nil,
		},
		"a broken call is left out and said so": {
			[]llm.Event{start, begin(0, call("x", "f", "")), delta(0, `{"a":`), end(0), finish(llm.FinishToolCalls)},
			[]string{chunk(`{"text":""}`, `"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: the arguments are not a JSON object","index":0`) + tail}, llm.Lost{"tool_call.arguments"},
		},
		"a call cut by the limit": {
			[]llm.Event{start, begin(0, call("x", "f", "")), delta(0, `{"a":`), finish(llm.FinishLength)},
			[]string{chunk(`{"text":""}`, `"finishReason":"MAX_TOKENS","index":0`) + tail}, llm.Lost{"tool_call.arguments"},
		},
		"usage after the finish": {
			[]llm.Event{start, finish(llm.FinishStop), usage},
			[]string{chunk(`{"text":""}`, `"finishReason":"STOP","index":0`) + tail, "{" + used + tail}, nil,
		},
		"another's signed thought shows without its signature": {
			[]llm.Event{start, begin(0, llm.Part{Kind: llm.KindReasoning, Reasoning: &llm.ReasoningBlock{Issuer: llm.AnthropicMessages}}), delta(0, "hm"), {Kind: llm.EventSign, Text: "s"}, end(0), finish(llm.FinishPause)},
			[]string{chunk(`{"text":"hm","thought":true}`, `"index":0`) + tail, chunk(`{"text":""}`, `"finishReason":"OTHER","index":0`) + tail}, llm.Lost{"reasoning.signature", "finish.pause"},
		},
		"our own signature follows its text": {
			[]llm.Event{start, begin(0, llm.Part{Kind: llm.KindText, SignatureOf: llm.GeminiGenerate}), delta(0, "a"), {Kind: llm.EventSign, Text: "s"}, end(0), finish(llm.FinishStop)},
			[]string{chunk(`{"text":"a"}`, `"index":0`) + tail, chunk(`{"text":"","thoughtSignature":"s"}`, `"index":0`) + tail, chunk(`{"text":""}`, `"finishReason":"STOP","index":0`) + tail}, nil,
		},
		"events of parts that never began": {
			[]llm.Event{start, delta(7, "x"), end(7), {Kind: llm.EventSign, Index: 7}, {Kind: llm.EventCite, Index: 7}, {Kind: llm.EventPing}}, nil, nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			enc := gemini.Generate().NewEncoder(nil)
			want := ""
			for _, c := range tt.want {
				want += "data: " + c + "\n\n"
			}
			if diff := cmp.Diff(want, play(enc, tt.events...)); diff != "" {
				t.Errorf("sse (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.lost, enc.Lost()); diff != "" {
				t.Errorf("lost (-want +got):\n%s", diff)
			}
			array := play(gemini.NewArrayEncoder(nil), tt.events...)
			if diff := cmp.Diff("["+strings.Join(tt.want, ",\n")+"]", array); diff != "" || !json.Valid([]byte(array)) {
				t.Errorf("array (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncoderFail(t *testing.T) {
	f := fault.New(fault.Exhausted, "budget_exceeded", "the budget is used up")
	const want = `{"error":{"code":429,"message":"the budget is used up","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"budget_exceeded","domain":"steward"}]}}`
	first := llm.Event{Kind: llm.EventPart, Part: &llm.Part{Kind: llm.KindText, Text: "a"}}
	const chunk = `{"candidates":[{"content":{"role":"model","parts":[{"text":"a"}]},"index":0}]}`

	enc := gemini.Generate().NewEncoder(nil)
	if got := string(enc.Fail(enc.Append(nil, first), f)); got != "data: "+chunk+"\n\ndata: "+want+"\n\n" {
		t.Errorf("sse: %s", got)
	}
	enc = gemini.NewArrayEncoder(nil)
	if got := string(enc.Fail(nil, f)); got != "["+want+"]" {
		t.Errorf("array, nothing before: %s", got)
	}
	enc = gemini.NewArrayEncoder(nil)
	got := string(enc.Fail(enc.Append(nil, first), f))
	if got != "["+chunk+",\n"+want+"]" {
		t.Errorf("array: %s", got)
	}
	if _, err := llm.Collect(gemini.Generate().DecodeStream(strings.NewReader(got))); !fault.Is(err, fault.Exhausted) {
		t.Errorf("read back: %v", err)
	}
}

func TestEncodeResponseOfOtherFormats(t *testing.T) {
	resp := &llm.Response{
		Finish: llm.FinishStopSequence, StopSequence: "END",
		Parts: []llm.Part{
			{Kind: llm.KindText, Text: "é says so", Citations: []llm.Citation{
				{Title: "Doc", Quote: "so", DocumentIndex: 0, Start: 4, End: 9, Unit: "page"},
				{URL: "https://a.example", InAnswer: true, Start: 0, End: 1, DocumentIndex: -1},
				{DocumentIndex: 2},
			}},
			call("1", "f", "nope"),
		},
	}
	b, lost, err := gemini.Generate().EncodeResponse(resp, nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"candidates":[{"content":{"role":"model","parts":[{"text":"é says so"}]},"finishReason":"STOP","index":0,` +
		`"groundingMetadata":{"groundingChunks":[{"retrievedContext":{"title":"Doc","text":"so"}},{"web":{"uri":"https://a.example"}}],` +
		`"groundingSupports":[{"segment":{"endIndex":10,"text":"é says so"},"groundingChunkIndices":[0]},{"segment":{"endIndex":2,"text":"é"},"groundingChunkIndices":[1]}]}}]}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(llm.Lost{"citations.span", "citations", "tool_call.arguments", "stop_sequence"}, lost); diff != "" {
		t.Errorf("lost (-want +got):\n%s", diff)
	}
}

// chunked returns a reader that gives s in random pieces.
func chunked(s string, seed uint64) io.Reader {
	rng := rand.New(rand.NewPCG(seed, 1))
	var parts []io.Reader
	for len(s) > 0 {
		n := 1 + rng.IntN(min(len(s), 40))
		parts = append(parts, strings.NewReader(s[:n]))
		s = s[n:]
	}
	return io.MultiReader(parts...)
}

func FuzzAnyChunkingGivesTheSameEvents(f *testing.F) {
	chunk := `{"candidates":[{"content":{"parts":[{"text":"a \"}]"},{"functionCall":{"name":"f","args":{"x":"]"}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1}}`
	f.Add("data: "+chunk+"\r\n\r\ndata: "+chunk+"\n\n", uint64(1))
	f.Add("["+chunk+",\n"+chunk+"]", uint64(2))
	f.Add("\xef\xbb\xbf [{\"error\":{\"code\":\"429\"}}]", uint64(3))
	f.Add("[1,\"\\\"\",{\"a\":", uint64(4))
	f.Fuzz(func(t *testing.T, in string, seed uint64) {
		codec := gemini.Generate()
		want := events(codec.DecodeStream(strings.NewReader(in)))
		got := events(codec.DecodeStream(chunked(in, seed)))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("chunked %q (-whole +chunked):\n%s", in, diff)
		}
		if !strings.Contains(want, "\nfinish ") && !strings.HasPrefix(want, "finish ") && strings.Count(want, "error ") == 0 {
			t.Errorf("%q ends without a finish or an error:\n%s", in, want)
		}
	})
}

func FuzzArraySplitter(f *testing.F) {
	f.Add(`[{"a":"\\\""},[1],"x",{}]`, uint64(1))
	f.Add("{}{\"a\":[}]", uint64(2))
	f.Fuzz(func(t *testing.T, in string, seed uint64) {
		want := cut(gemini.NewArraySplitter(), in)
		s := gemini.NewArraySplitter()
		var got []string
		rng := rand.New(rand.NewPCG(seed, 2))
		for rest := in; len(rest) > 0; {
			n := 1 + rng.IntN(len(rest))
			piece := rest[:n]
			s.Feed([]byte(piece), func(_ string, data []byte, end int) {
				if end < 0 || end > n || end > 0 && !strings.HasSuffix(string(data), piece[max(0, end-len(data)):end]) {
					t.Errorf("%q ends at %d of %q", data, end, piece)
				}
				got = append(got, string(data))
			})
			rest = rest[n:]
		}
		s.Flush(func(_ string, data []byte, _ int) { got = append(got, string(data)) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("chunked %q (-whole +chunked):\n%s", in, diff)
		}
		var list []json.RawMessage
		if json.Unmarshal([]byte(in), &list) == nil {
			if len(list) != len(want) {
				t.Fatalf("%q has %d elements; the splitter finds %q", in, len(list), want)
			}
			for i := range list {
				if string(list[i]) != want[i] {
					t.Errorf("element %d of %q is %q; want %s", i, in, want[i], list[i])
				}
			}
		}
	})
}
