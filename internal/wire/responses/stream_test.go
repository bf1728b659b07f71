package responses_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/responses"
)

// stream writes events as a provider does: the name is the type in each.
func stream(events ...string) string {
	var b strings.Builder
	for _, e := range events {
		name, _, _ := strings.Cut(strings.TrimPrefix(e, `{"type":"`), `"`)
		b.WriteString("event: " + name + "\ndata: " + e + "\n\n")
	}
	return b.String()
}

const (
	created = `{"type":"response.created","response":{"id":"resp_1","model":"m-1","created_at":7,"status":"in_progress","output":[]}}`
	done    = `{"type":"response.completed","response":{"id":"resp_1","model":"m-1","status":"completed","output":[],"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":1}}}}`
)

var plainStream = stream(created,
	`{"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"msg_1","role":"assistant","content":[]}}`,
	`{"type":"response.content_part.added","output_index":0,"content_index":0,"part":{"type":"output_text","text":""}}`,
	`{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hel"}`,
	`{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"lo","logprobs":[{"token":"lo","logprob":-0.5,"bytes":[108,111],"top_logprobs":[]}]}`,
	`{"type":"response.output_text.annotation.added","output_index":0,"content_index":0,"annotation_index":0,"annotation":{"type":"url_citation","url":"u","title":"t","start_index":1,"end_index":3}}`,
	`{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"Hello"}`,
	`{"type":"response.content_part.done","output_index":0,"content_index":0,"part":{"type":"output_text","text":"Hello","annotations":[{"type":"url_citation","url":"u","title":"t","start_index":1,"end_index":3}]}}`,
	`{"type":"response.output_item.done","output_index":0,"item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[{"type":"url_citation","url":"u","title":"t","start_index":1,"end_index":3}]}]}}`,
	done)

var toolStream = stream(created,
	`{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":""}}`,
	`{"type":"response.output_item.added","output_index":1,"item":{"type":"custom_tool_call","id":"ctc_1","call_id":"call_2","name":"g","input":""}}`,
	`{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\":"}`,
	`{"type":"response.custom_tool_call_input.delta","output_index":1,"delta":"say \"x\""}`,
	`{"type":"response.function_call_arguments.delta","output_index":0,"delta":"1}"}`,
	`{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{\"a\":1}"}`,
	`{"type":"response.custom_tool_call_input.done","output_index":1,"input":"say \"x\"\n"}`,
	`{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"call_1","name":"f","arguments":"{\"a\":1}"}}`,
	`{"type":"response.output_item.done","output_index":1,"item":{"type":"custom_tool_call","call_id":"call_2","name":"g","input":"say \"x\"\n"}}`,
	done)

var thoughtStream = stream(created,
	`{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}`,
	`{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}`,
	`{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"one"}`,
	`{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":""}}`,
	`{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"two"}`,
	`{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"one"},{"type":"summary_text","text":"two"}],"encrypted_content":"sealed"}}`,
	done)

var errorStream = stream(created, `{"type":"error","code":"server_error","message":"it broke"}`)

func TestDecodeStream(t *testing.T) {
	usage := llm.Usage{Reported: true}
	usage.N[llm.Input], usage.N[llm.CacheRead] = 5, 4
	usage.N[llm.Output], usage.N[llm.OutputReasoning] = 2, 1
	answer := func(finish llm.Finish, parts ...llm.Part) *llm.Response {
		return &llm.Response{ID: "resp_1", Model: "m-1", Created: 7, Parts: parts, Finish: finish, Usage: usage}
	}
	call := func(id, name, args string) llm.Part {
		return llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: id, Name: name, Arguments: args}}
	}
	whole := `{"type":"response.output_item.done","output_index":0,"item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello"}]}}`
	tests := map[string]struct {
		in   string
		want *llm.Response
		kind fault.Kind // with code, where the stream ends in an error
		code string
	}{
		"text, a citation and log probabilities": {in: plainStream, want: answer(llm.FinishStop, llm.Part{
			Text: "Hello",
			Citations: []llm.Citation{{
				URL: "u", Title: "t", Start: 1, End: 3, InAnswer: true, DocumentIndex: -1, RawFormat: llm.OpenAIResponses,
				Raw: []byte(`{"type":"url_citation","url":"u","title":"t","start_index":1,"end_index":3}`),
			}},
			LogProbs: []llm.TokenLogProb{{Token: "lo", LogProb: -0.5, Bytes: []int{108, 111}}},
		})},
		"calls that overlap, one of a custom tool": {in: toolStream, want: answer(llm.FinishToolCalls,
			call("call_1", "f", `{"a":1}`), call("call_2", "g", `{"input":"say \"x\"\n"}`))},
		"a summary in two sections, sealed": {in: thoughtStream, want: answer(llm.FinishStop, llm.Part{
			Kind: llm.KindReasoning, Text: "one\n\ntwo",
			Reasoning: &llm.ReasoningBlock{ID: "rs_1", Summary: true, Signature: "sealed", Issuer: llm.OpenAIResponses},
		})},
		"an item that comes whole": {in: stream(created, whole, done), want: answer(llm.FinishStop, llm.Part{Text: "Hello"})},
		"everything in the last event": {
			in: stream(created, strings.Replace(done, `"output":[]`,
				`"output":[{"type":"message","content":[{"type":"output_text","text":"Hello"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]`, 1)),
			want: answer(llm.FinishToolCalls, llm.Part{Text: "Hello"}, call("c", "f", "{}")),
		},
		"deltas that were lost are made up from the whole text": {in: stream(created,
			`{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"He"}`, whole, done),
			want: answer(llm.FinishStop, llm.Part{Text: "Hello"})},
		"neither item nor content was added": {in: stream(created,
			`{"type":"response.output_text.delta","item_id":"m","delta":"Hello"}`, done),
			want: answer(llm.FinishStop, llm.Part{Text: "Hello"})},
		"item ids that change from event to event": {in: stream(created,
			`{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"x1","call_id":"c","name":"f","arguments":""}}`,
			`{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"x2","delta":"{}"}`,
			`{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"x3","call_id":"c","name":"f","arguments":"{}"}}`, done),
			want: answer(llm.FinishToolCalls, call("c", "f", "{}"))},
		"a name that comes only at the end": {in: stream(created,
			`{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{}"}`,
			`{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}`, done),
			want: answer(llm.FinishToolCalls, call("c", "f", "{}"))},
		"a refusal": {in: stream(created,
			`{"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"I can"}`,
			`{"type":"response.refusal.done","output_index":0,"content_index":0,"refusal":"I cannot"}`, done),
			want: answer(llm.FinishRefusal, llm.Part{Kind: llm.KindRefusal, Text: "I cannot"})},
		"unknown events": {in: stream(created, `{"type":"response.novelty","delta":"x"}`, `{"type":"keepalive"}`, whole, done),
			want: answer(llm.FinishStop, llm.Part{Text: "Hello"})},
		"incomplete, with usage": {in: stream(created, whole, strings.NewReplacer("response.completed", "response.incomplete",
			`"status":"completed"`, `"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}`).Replace(done)),
			want: answer(llm.FinishLength, llm.Part{Text: "Hello"})},
		"failed, with usage": {in: stream(created, whole, strings.NewReplacer("response.completed", "response.failed",
			`"status":"completed"`, `"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow down"}`).Replace(done)),
			want: answer("", llm.Part{Text: "Hello"}), kind: fault.Exhausted, code: "rate_limit_exceeded"},
		"an error event": {in: errorStream, kind: fault.Upstream, code: "server_error",
			want: &llm.Response{ID: "resp_1", Model: "m-1", Created: 7}},
		"an error event with an object": {in: stream(`{"type":"error","error":{"type":"invalid_request_error","code":"context_length_exceeded","message":"too long"}}`),
			kind: fault.Refused, code: "context_length_exceeded", want: &llm.Response{}},
		"cut off": {in: strings.TrimSuffix(plainStream, stream(done)), kind: fault.Upstream, code: "stream_truncated"},
		"nothing": {in: "", kind: fault.Upstream, code: "stream_truncated", want: &llm.Response{}},
		"no JSON": {in: "data: <html>\n\n", kind: fault.Upstream, code: "bad_event", want: &llm.Response{}},
	}
	codec := responses.Responses()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := llm.Collect(codec.DecodeStream(strings.NewReader(tt.in)))
			if f := fault.As(err); (f == nil) != (tt.code == "") || f != nil && (f.Code != tt.code || f.Kind != tt.kind) {
				t.Errorf("error %v of kind %v, want %s %q", err, f, tt.kind, tt.code)
			}
			if tt.want == nil {
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			reading := observeAll(codec, []byte(tt.in), 7)
			if diff := cmp.Diff(tt.want.Usage, reading.Usage); diff != "" {
				t.Errorf("observed usage (-want +got):\n%s", diff)
			}
			if (reading.Err == nil) != (tt.code == "" || tt.code == "stream_truncated" || tt.code == "bad_event") {
				t.Errorf("observed error %v, want code %q", reading.Err, tt.code)
			}
			if reading.Done != (err == nil) || reading.Complete != (err == nil) {
				t.Errorf("observed done %v, complete %v; decoded with %v", reading.Done, reading.Complete, err)
			}
			if n := len(tt.want.Parts); reading.FirstToken != (n > 0) {
				t.Errorf("observed first token %v, want %d parts", reading.FirstToken, n)
			}
		})
	}
}

func TestDecodeStreamStopsWhenTheReaderDoes(t *testing.T) {
	for stop := range 12 {
		n := 0
		for range responses.Responses().DecodeStream(strings.NewReader(toolStream)) {
			if n++; n > stop {
				break
			}
		}
		if n > stop+1 {
			t.Errorf("%d events after a break at %d", n, stop)
		}
	}
}
