package anthropic_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// frames writes a stream short: event name, index, and what it brings.
func frames(t *testing.T, stream string) []string {
	t.Helper()
	var out []string
	err := sse.Events(strings.NewReader(stream), func(name string, data []byte) bool {
		e := object(tree(t, data))
		if e["type"] != name {
			t.Errorf("event %q holds %q", name, e["type"])
		}
		switch name {
		case "content_block_start":
			out = append(out, fmt.Sprintf("start %v %v", e["index"], object(e["content_block"])["type"]))
		case "content_block_delta":
			d := object(e["delta"])
			for _, key := range []string{"text", "thinking", "partial_json", "signature"} {
				if s, ok := d[key]; ok {
					out = append(out, fmt.Sprintf("%v %v %v", d["type"], e["index"], s))
				}
			}
		case "content_block_stop":
			out = append(out, fmt.Sprintf("stop %v", e["index"]))
		case "message_start":
			out = append(out, fmt.Sprintf("message_start %v", object(object(e["message"])["usage"])["input_tokens"]))
		case "message_delta":
			out = append(out, fmt.Sprintf("message_delta %v %v %v", object(e["delta"])["stop_reason"], object(e["usage"])["input_tokens"], object(e["usage"])["output_tokens"]))
		case "error":
			out = append(out, fmt.Sprintf("error %v %v", object(e["error"])["type"], object(e["error"])["code"]))
		default:
			out = append(out, name)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func used(in, out int64) llm.Event {
	u := llm.Usage{Reported: true}
	u.N[llm.Input], u.N[llm.Output] = in, out
	return llm.Event{Kind: llm.EventUsage, Usage: &u}
}

func begin(i int, p llm.Part) llm.Event { return llm.Event{Kind: llm.EventPart, Index: i, Part: &p} }
func delta(i int, s string) llm.Event   { return llm.Event{Kind: llm.EventDelta, Index: i, Text: s} }
func sign(i int, s string) llm.Event    { return llm.Event{Kind: llm.EventSign, Index: i, Text: s} }
func end(i int) llm.Event               { return llm.Event{Kind: llm.EventPartEnd, Index: i} }
func finish(f llm.Finish) llm.Event     { return llm.Event{Kind: llm.EventFinish, Finish: f} }

func TestEncoder(t *testing.T) {
	start := llm.Event{Kind: llm.EventStart, ID: "x", Model: "m"}
	tests := map[string]struct {
		events []llm.Event
		want   []string
		lost   string
	}{
		"usage that comes first is in message_start": {
			[]llm.Event{start, used(7, 0), begin(0, say("")), delta(0, "a"), end(0), used(7, 3), finish(llm.FinishStop)},
			[]string{"message_start 7", "start 0 text", "text_delta 0 a", "stop 0", "message_delta end_turn 7 3", "message_stop"}, ""},
		"usage may come last, as OpenAI's": {
			[]llm.Event{start, begin(0, say("")), delta(0, "a"), end(0), finish(llm.FinishLength), used(7, 3)},
			[]string{"message_start 0", "start 0 text", "text_delta 0 a", "stop 0", "message_delta max_tokens 7 3", "message_stop"}, ""},
		"calls that overlap follow one another": {
			[]llm.Event{start, begin(0, call("a", "f", "")), begin(1, call("b", "g", "")), delta(1, "{\"b\""), delta(0, "{\"a\""), delta(1, ":1}"), end(1), delta(0, ":2}"), end(0), finish(llm.FinishToolCalls)},
			[]string{"message_start 0", "start 0 tool_use", `input_json_delta 0 {"a"`, `input_json_delta 0 :2}`, "stop 0", "start 1 tool_use", `input_json_delta 1 {"b"`, "input_json_delta 1 :1}", "stop 1", "message_delta tool_use 0 0", "message_stop"}, ""},
		"what waits goes on when its turn comes": {
			[]llm.Event{start, begin(0, say("")), delta(0, "a"), begin(1, call("b", "g", "")), delta(1, "{"), end(0), delta(1, "}"), end(1), finish(llm.FinishToolCalls)},
			[]string{"message_start 0", "start 0 text", "text_delta 0 a", "stop 0", "start 1 tool_use", "input_json_delta 1 {", "input_json_delta 1 }", "stop 1", "message_delta tool_use 0 0", "message_stop"}, ""},
		"the finish ends what is open": {
			[]llm.Event{start, begin(0, say("")), delta(0, "a"), begin(1, call("b", "g", "")), delta(1, "{}"), finish(llm.FinishToolCalls)},
			[]string{"message_start 0", "start 0 text", "text_delta 0 a", "stop 0", "start 1 tool_use", "input_json_delta 1 {}", "stop 1", "message_delta tool_use 0 0", "message_stop"}, ""},
		"an empty text has no block": {
			[]llm.Event{start, begin(0, say("")), end(0), begin(1, call("b", "g", "")), end(1), finish(llm.FinishToolCalls)},
			[]string{"message_start 0", "start 0 tool_use", "stop 0", "message_delta tool_use 0 0", "message_stop"}, ""},
		"a thought without a signature": {
			[]llm.Event{start, begin(0, thought("", llm.ReasoningBlock{})), delta(0, "hm"), end(0), finish(llm.FinishStop)},
			[]string{"message_start 0", "start 0 thinking", "thinking_delta 0 hm", "stop 0", "message_delta end_turn 0 0", "message_stop"}, ""},
		"a signature in pieces is sent in one": {
			[]llm.Event{start, begin(0, thought("", llm.ReasoningBlock{Issuer: llm.AnthropicMessages})), sign(0, "a"), sign(0, "b"), end(0), finish(llm.FinishStop)},
			[]string{"message_start 0", "start 0 thinking", "signature_delta 0 ab", "stop 0", "message_delta end_turn 0 0", "message_stop"}, ""},
		"a refusal in words is a refusal": {
			[]llm.Event{start, begin(0, llm.Part{Kind: llm.KindRefusal}), delta(0, "No."), end(0), finish(llm.FinishStop)},
			[]string{"message_start 0", "start 0 text", "text_delta 0 No.", "stop 0", "message_delta refusal 0 0", "message_stop"}, ""},
		"what cannot be shown is lost": {
			[]llm.Event{start, begin(0, llm.Part{Kind: llm.KindAudio}), delta(0, "x"), end(0), begin(1, say("")), {Kind: llm.EventLogProbs, Index: 1}, sign(1, "s"), delta(1, "a"), end(1), finish(llm.FinishOther)},
			[]string{"message_start 0", "start 0 text", "text_delta 0 a", "stop 0", "message_delta end_turn 0 0", "message_stop"}, "part.audio logprobs part.signature finish.other"},
		"a ping after the start": {
			[]llm.Event{start, {Kind: llm.EventPing}, finish(llm.FinishStop)},
			[]string{"message_start 0", "ping", "message_delta end_turn 0 0", "message_stop"}, ""},
		"text of a part that never began": {
			[]llm.Event{start, delta(3, "a"), finish(llm.FinishContentFilter)},
			[]string{"message_start 0", "start 0 text", "text_delta 0 a", "stop 0", "message_delta refusal 0 0", "message_stop"}, "finish.content_filter"},
		"no finish is a fault": {
			[]llm.Event{start, begin(0, say("")), delta(0, "a")},
			[]string{"message_start 0", "start 0 text", "text_delta 0 a", "error api_error stream_truncated"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			enc := codec.NewEncoder(&llm.Request{})
			var out []byte
			for _, e := range tt.events {
				out = enc.Append(out, e)
			}
			out = enc.End(out)
			if diff := cmp.Diff(tt.want, frames(t, string(out))); diff != "" {
				t.Errorf("frames (-want +got):\n%s", diff)
			}
			if got := strings.Join(enc.Lost(), " "); got != tt.lost {
				t.Errorf("lost %q; want %q", got, tt.lost)
			}
		})
	}
}

func TestEncoderFailsForGood(t *testing.T) {
	enc := codec.NewEncoder(nil)
	out := enc.Append(nil, llm.Event{Kind: llm.EventStart})
	out = enc.Append(out, begin(0, say("")))
	out = enc.Append(out, delta(0, "a"))
	out = enc.Fail(out, fault.New(fault.Upstream, "overloaded", "no capacity"))
	out = enc.Append(out, finish(llm.FinishStop))
	out = enc.End(out)
	want := []string{"message_start 0", "start 0 text", "text_delta 0 a", "error overloaded_error overloaded"}
	if diff := cmp.Diff(want, frames(t, string(out))); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
}

const streamHead = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"i\",\"model\":\"m\",\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n" +
	"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n" +
	"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hel\"}}\n\n"

const streamStop = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n"

func TestStreamFaults(t *testing.T) {
	errorEvent := func(typ string) string {
		return streamHead + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"" + typ + "\",\"message\":\"why\"}}\n\n"
	}
	tests := map[string]struct {
		stream io.Reader
		kind   fault.Kind
		code   string
		status int
	}{
		"overloaded":              {strings.NewReader(errorEvent("overloaded_error")), fault.Upstream, "overloaded", 529},
		"rate limit":              {strings.NewReader(errorEvent("rate_limit_error")), fault.Exhausted, "rate_limit_exceeded", 429},
		"invalid":                 {strings.NewReader(errorEvent("invalid_request_error")), fault.Refused, "invalid_request", 400},
		"a type that is new":      {strings.NewReader(errorEvent("boredom_error")), fault.Upstream, "provider_error", 500},
		"an error behind the end": {strings.NewReader(streamHead + streamStop + errorEvent("api_error")[len(streamHead):]), fault.Upstream, "provider_error", 500},
		"cut off":                 {strings.NewReader(streamHead), fault.Upstream, "stream_truncated", 0},
		"empty":                   {strings.NewReader(""), fault.Upstream, "stream_truncated", 0},
		"a broken event":          {strings.NewReader(streamHead + "event: content_block_delta\ndata: {\"type\":\"content_bl\n\n" + streamStop), fault.Upstream, "bad_stream", 0},
		"a broken connection":     {io.MultiReader(strings.NewReader(streamHead), broken{io.ErrUnexpectedEOF}), fault.Upstream, "stream_truncated", 0},
		"the reader's own fault":  {io.MultiReader(strings.NewReader(streamHead), broken{fault.New(fault.Timeout, "idle", "too slow")}), fault.Timeout, "idle", 0},
		"a cancelled reader":      {io.MultiReader(strings.NewReader(streamHead), broken{context.Canceled}), fault.Upstream, "stream_truncated", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resp, err := llm.Collect(codec.DecodeStream(tt.stream))
			f := fault.As(err)
			if f == nil || f.Kind != tt.kind || f.Code != tt.code || f.Status != tt.status {
				t.Fatalf("fault %+v; want %s %s %d", f, tt.kind, tt.code, tt.status)
			}
			if b, ok := tt.stream.(*strings.Reader); ok && b.Size() > 0 && resp.Parts[0].Text != "Hel" {
				t.Errorf("what came before is lost: %+v", resp)
			}
		})
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestAStopReasonIsEnough(t *testing.T) {
	for name, r := range map[string]io.Reader{
		"no terminator":       strings.NewReader(streamHead + streamStop),
		"a broken connection": io.MultiReader(strings.NewReader(streamHead+streamStop), broken{errors.New("reset")}),
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := llm.Collect(codec.DecodeStream(r))
			if err != nil || resp.Finish != llm.FinishStop || resp.Usage.N[llm.Output] != 5 {
				t.Errorf("Collect = %+v, %v", resp, err)
			}
		})
	}
}

func TestStreamStopsWhenTheReaderLeaves(t *testing.T) {
	for n := range 6 {
		seen := 0
		for range codec.DecodeStream(strings.NewReader(streamHead + streamStop)) {
			if seen++; seen > n {
				break
			}
		}
		if seen != n+1 {
			t.Errorf("left after %d events, saw %d", n+1, seen)
		}
	}
}

func TestObserve(t *testing.T) {
	type step struct {
		name, data string
		first      bool
		bytes      int64
		complete   bool
		done       bool
	}
	steps := []step{
		{"message_start", `{"type":"message_start","message":{"id":"i","model":"m","usage":{"input_tokens":3,"output_tokens":1}}}`, false, 0, false, false},
		{"ping", `{"type":"ping"}`, false, 0, false, false},
		{"", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`, false, 0, false, false},
		{"content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}`, false, 0, false, false},
		{"content_block_delta", `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\n\u00e9\ud83d\ude00\""}}`, true, 9, false, false},
		{"", `{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"ab"}}`, true, 11, false, false},
		{"content_block_delta", `{"index":0,"delta":{"partial_json":"{}","type":"input_json_delta"},"type":"content_block_delta"}`, true, 13, false, false},
		{"content_block_delta", `not json`, true, 13, false, false},
		{"content_block_start", ``, true, 13, false, false},
		{"", ``, true, 13, false, false},
		{"message_delta", `{"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":4}}`, true, 13, false, false},
		{"message_delta", `{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"output_tokens":5}}`, true, 13, true, false},
		{"message_stop", `{"type":"message_stop"}`, true, 13, true, true},
	}
	var r wire.Reading
	for i, s := range steps {
		codec.Observe(s.name, []byte(s.data), &r)
		got := step{s.name, s.data, r.FirstToken, r.OutputBytes, r.Complete, r.Done}
		if got != s {
			t.Errorf("after step %d: %+v; want %+v", i, got, s)
		}
	}
	if r.ID != "i" || r.Model != "m" || r.Finish != llm.FinishLength || bill2(&r.Usage) != "input=3 output=5" {
		t.Errorf("reading %+v", r)
	}
	var first wire.Reading
	codec.Observe("content_block_start", []byte(`{"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}`), &first)
	if !first.FirstToken {
		t.Error("a tool call is output")
	}
	var bad wire.Reading
	codec.Observe("error", []byte(`{"type":"error","error":{"type":"overloaded_error","message":"x"}}`), &bad)
	if bad.Err == nil || bad.Err.Code != "overloaded" || bad.Done || bad.Complete {
		t.Errorf("reading of an error %+v", bad)
	}
}

func TestObserveCountsNoPlaceholder(t *testing.T) {
	r := observed(t, streamHead)
	if !r.Usage.Reported || bill2(&r.Usage) != "input=3" || r.OutputBytes != 3 || r.Complete {
		t.Errorf("a stream that was cut reads %+v", r)
	}
}

func TestObserveCopesWithAnEventThatBreaksOff(t *testing.T) {
	const event = `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"n","input":{"a":[1,"x"]}}}`
	for n := range len(event) {
		var r wire.Reading
		codec.Observe("content_block_start", []byte(event[:n]), &r)
		codec.Observe("", []byte(event[:n]), &r)
	}
}

func TestObserveDeltaAllocatesNothing(t *testing.T) {
	var r wire.Reading
	data := []byte(deltaFrame)
	if n := testing.AllocsPerRun(100, func() { codec.Observe("content_block_delta", data, &r) }); n != 0 {
		t.Errorf("%v allocations a delta", n)
	}
}

func TestEncodeResponse(t *testing.T) {
	tests := map[string]struct {
		resp    llm.Response
		content string
		stop    any
		lost    string
	}{
		"a URL that another vendor cites": {llm.Response{Finish: llm.FinishStop, Parts: []llm.Part{{Text: "a", Citations: []llm.Citation{{URL: "u", Title: "t", InAnswer: true, End: 1}}}}},
			`[{"type":"text","text":"a","citations":[{"type":"web_search_result_location","url":"u","title":"t","cited_text":"","encrypted_index":""}]}]`, "end_turn", "citations.span"},
		"pages that another vendor cites": {llm.Response{Finish: llm.FinishStop, Parts: []llm.Part{{Text: "a", Citations: []llm.Citation{{Quote: "q", Unit: "page", Start: 1, End: 2}}}}},
			`[{"type":"text","text":"a","citations":[{"cited_text":"q","document_index":0,"document_title":"","end_page_number":2,"start_page_number":1,"type":"page_location"}]}]`, "end_turn", ""},
		"a file that cannot be cited": {llm.Response{Finish: llm.FinishStop, Parts: []llm.Part{{Text: "a", Citations: []llm.Citation{{FileID: "f", DocumentIndex: -1}}}}},
			`[{"type":"text","text":"a"}]`, "end_turn", "citations"},
		"images that were made":     {llm.Response{Finish: llm.FinishStop, Parts: []llm.Part{media(llm.KindImage, llm.Media{Data: "x"})}}, `[]`, "end_turn", "part.image"},
		"a pause":                   {llm.Response{Finish: llm.FinishPause}, `[]`, "pause_turn", ""},
		"a full window":             {llm.Response{Finish: llm.FinishContext}, `[]`, "model_context_window_exceeded", ""},
		"a filter":                  {llm.Response{Finish: llm.FinishContentFilter}, `[]`, "refusal", "finish.content_filter"},
		"no finish":                 {llm.Response{}, `[]`, nil, ""},
		"a refusal in words":        {llm.Response{Finish: llm.FinishStop, Parts: []llm.Part{{Kind: llm.KindRefusal, Text: "No."}}}, `[{"type":"text","text":"No."}]`, "refusal", ""},
		"a thought without a token": {llm.Response{Finish: llm.FinishStop, Parts: []llm.Part{thought("hm", llm.ReasoningBlock{Issuer: llm.OpenAIChat})}}, `[{"type":"thinking","thinking":"hm","signature":""}]`, "end_turn", ""},
		"arguments of nothing":      {llm.Response{Finish: llm.FinishToolCalls, Parts: []llm.Part{call("c", "f", "")}}, `[{"type":"tool_use","id":"c","name":"f","input":{}}]`, "tool_use", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body, lost, err := codec.EncodeResponse(&tt.resp, nil)
			if err != nil {
				t.Fatal(err)
			}
			v := object(tree(t, body))
			if diff := cmp.Diff(tree(t, []byte(tt.content)), v["content"]); diff != "" {
				t.Errorf("content (-want +got):\n%s", diff)
			}
			if v["stop_reason"] != tt.stop || strings.Join(lost, " ") != tt.lost {
				t.Errorf("stop reason %v, lost %v; want %v, %s", v["stop_reason"], lost, tt.stop, tt.lost)
			}
		})
	}
}
