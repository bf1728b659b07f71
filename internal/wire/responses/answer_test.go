package responses_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/responses"
)

func TestMeasure(t *testing.T) {
	quantities := func(list ...int64) (n [llm.NumQuantities]int64) {
		for i := 0; i < len(list); i += 2 {
			n[list[i]] = list[i+1]
		}
		return n
	}
	const (
		in, read, write, out, think = int64(llm.Input), int64(llm.CacheRead), int64(llm.CacheWrite), int64(llm.Output), int64(llm.OutputReasoning)
	)
	image := llm.ModelUsage{Model: "gpt-image-2", Usage: llm.Usage{Reported: true}}
	image.Usage.N = quantities(in, 10, int64(llm.InputImage), 20, int64(llm.OutputImage), 100)
	tests := map[string]struct {
		in   string
		want wire.Reading
	}{
		"cached, written and reasoning tokens are taken out": {
			`{"id":"resp_1","model":"m","status":"completed","service_tier":"flex","output":[{"type":"message","content":[{"type":"output_text","text":"hé"}]}],
			"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":30,"cache_write_tokens":20},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":4},"cost":0.25}}`,
			wire.Reading{ID: "resp_1", Model: "m", Finish: llm.FinishStop, FirstToken: true, Done: true, Complete: true, OutputBytes: 3,
				Usage: llm.Usage{Reported: true, ServiceTier: "flex", N: quantities(in, 50, read, 30, write, 20, out, 5, think, 4), Cost: money.Dollar / 4, CostReported: true}},
		},
		"details that are more than the whole, or negative": {
			`{"status":"completed","output":[],"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":30,"cache_write_tokens":5},"output_tokens":-4,"output_tokens_details":{"reasoning_tokens":9}}}`,
			wire.Reading{Finish: llm.FinishStop, Done: true, Complete: true, Usage: llm.Usage{Reported: true, N: quantities(read, 10)}},
		},
		"zero tokens are reported all the same": {
			`{"status":"completed","output":[],"service_tier":"auto","usage":{"input_tokens":0,"output_tokens":0}}`,
			wire.Reading{Finish: llm.FinishStop, Done: true, Complete: true, Usage: llm.Usage{Reported: true}},
		},
		"queued": {
			`{"id":"resp_1","model":"m","status":"queued","output":[],"usage":null}`,
			wire.Reading{ID: "resp_1", Model: "m"},
		},
		"a compaction": {
			`{"id":"resp_1","object":"response.compaction","output":[{"type":"message","role":"user","content":[{"type":"input_text","text":"x"}]},{"type":"compaction","encrypted_content":"e"}],"usage":{"input_tokens":3,"output_tokens":5}}`,
			wire.Reading{ID: "resp_1", Finish: llm.FinishStop, Done: true, Complete: true, Usage: llm.Usage{Reported: true, N: quantities(in, 3, out, 5)}},
		},
		"a count of input tokens is no usage": {`{"object":"response.input_tokens","input_tokens":18}`, wire.Reading{}},
		"server tools": {
			`{"status":"completed","output":[{"type":"web_search_call","action":{"type":"search"}},{"type":"web_search_call","action":{"type":"open_page"}},{"type":"web_search_call"},
			{"type":"file_search_call"},{"type":"code_interpreter_call","container_id":"a"},{"type":"code_interpreter_call","container_id":"b"},{"type":"code_interpreter_call","container_id":"a"}]}`,
			wire.Reading{Finish: llm.FinishStop, Done: true, Complete: true, Usage: llm.Usage{
				N: quantities(int64(llm.WebSearch), 2, int64(llm.FileSearch), 1, int64(llm.CodeSession), 2)}},
		},
		"searches that the provider counts itself, and its image model": {
			`{"status":"completed","output":[{"type":"web_search_call"}],"tools":[{"type":"image_generation","model":"gpt-image-2"}],
			"tool_usage":{"web_search":{"num_requests":3},"image_gen":{"input_tokens":30,"input_tokens_details":{"image_tokens":20,"text_tokens":10},"output_tokens":100,"output_tokens_details":{"image_tokens":100}}}}`,
			wire.Reading{Finish: llm.FinishStop, Done: true, Complete: true, Usage: llm.Usage{
				N: quantities(int64(llm.WebSearch), 3), Others: []llm.ModelUsage{image}}},
		},
		"the token limit": {
			`{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}`,
			wire.Reading{Finish: llm.FinishLength, Done: true, Complete: true},
		},
		"a tool call": {
			`{"status":"completed","output":[{"type":"function_call","name":"f","arguments":"{}"}]}`,
			wire.Reading{Finish: llm.FinishToolCalls, FirstToken: true, Done: true, Complete: true, OutputBytes: 2},
		},
		"no JSON": {`<html>`, wire.Reading{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			codec := responses.Responses()
			got := codec.Measure([]byte(tt.in))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Measure (-want +got):\n%s", diff)
			}
			resp, err := codec.DecodeResponse([]byte(tt.in))
			if err != nil {
				if got.Complete {
					t.Errorf("DecodeResponse: %v", err)
				}
				return
			}
			if diff := cmp.Diff(tt.want.Usage, resp.Usage); diff != "" || resp.Finish != tt.want.Finish {
				t.Errorf("DecodeResponse: finish %q, usage (-want +got):\n%s", resp.Finish, diff)
			}
		})
	}
}

func TestAFailedAnswerIsAFault(t *testing.T) {
	body := `{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"it broke"},"output":[],"usage":{"input_tokens":3,"output_tokens":0}}`
	codec := responses.Responses()
	_, err := codec.DecodeResponse([]byte(body))
	if f := fault.As(err); f == nil || f.Kind != fault.Upstream || f.Code != "server_error" || f.Message != "it broke" {
		t.Errorf("DecodeResponse: %v", err)
	}
	r := codec.Measure([]byte(body))
	if r.Err == nil || r.Complete || r.Usage.N[llm.Input] != 3 {
		t.Errorf("Measure: %+v", r)
	}
}

func TestObserve(t *testing.T) {
	searched := stream(
		`{"type":"response.output_item.added","output_index":0,"item":{"type":"web_search_call"}}`,
		`{"type":"response.output_item.done","output_index":0,"item":{"type":"web_search_call","action":{"type":"search"}}}`, done)
	tests := map[string]struct {
		in    string
		check func(r *wire.Reading) bool
	}{
		"a preamble is no token":         {stream(created), func(r *wire.Reading) bool { return !r.FirstToken && r.ID == "resp_1" && r.Model == "m-1" }},
		"an empty message is no token":   {stream(created, `{"type":"response.output_item.added","item":{"type":"message"}}`), func(r *wire.Reading) bool { return !r.FirstToken }},
		"a tool item is":                 {stream(`{"type":"response.output_item.added","item":{"type":"function_call"}}`), func(r *wire.Reading) bool { return r.FirstToken }},
		"escapes count as what they say": {stream(`{"type":"response.output_text.delta","delta":"\"\n\u00e9\ud83d\ude00"}`), func(r *wire.Reading) bool { return r.OutputBytes == 8 && r.FirstToken }},
		"spaces in the JSON":             {stream(`{"type":"response.output_text.delta","delta" : "abc"}`), func(r *wire.Reading) bool { return r.OutputBytes == 3 }},
		"a key inside a text":            {stream(`{"type":"response.output_text.delta","item_id":"\"delta\":\"x","delta":"abc"}`), func(r *wire.Reading) bool { return r.OutputBytes == 3 }},
		"code of a server tool is no output": {stream(`{"type":"response.code_interpreter_call_code.delta","delta":"abc"}`),
			func(r *wire.Reading) bool { return r.OutputBytes == 0 && !r.FirstToken }},
		"no event name": {"data: " + done + "\n\n", func(r *wire.Reading) bool { return r.Done && r.Usage.N[llm.Input] == 5 }},
		"server tools, where the last event repeats none": {searched,
			func(r *wire.Reading) bool { return r.Usage.N[llm.WebSearch] == 1 && r.FirstToken }},
		"a torn last event": {"event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":\"comp", func(r *wire.Reading) bool { return !r.Done && !r.Complete }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if r := observeAll(responses.Responses(), []byte(tt.in), 5); !tt.check(&r) {
				t.Errorf("Observe gives %+v", r)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	type header = http.Header
	tests := map[string]struct {
		status int
		header header
		body   string
		want   fault.Error
	}{
		"refused": {400, nil, `{"error":{"message":"bad","type":"invalid_request_error","param":"input","code":"invalid_value"}}`,
			fault.Error{Kind: fault.Refused, Status: 400, Code: "invalid_value", Message: "bad", Param: "input"}},
		"a type without a code": {404, nil, `{"error":{"message":"no model","type":"invalid_request_error","param":null,"code":null}}`,
			fault.Error{Kind: fault.Refused, Status: 404, Code: "invalid_request_error", Message: "no model"}},
		"our key, which the sentence quotes": {401, nil, `{"error":{"message":"Incorrect API key provided: sk-abc","code":"invalid_api_key"}}`,
			fault.Error{Kind: fault.Upstream, Status: 401, Code: "provider_auth", Message: "the provider did not accept our credentials"}},
		"too many, in milliseconds": {429, header{"Retry-After-Ms": {"250"}, "Retry-After": {"1"}}, `{"error":{"message":"slow","code":"rate_limit_exceeded"}}`,
			fault.Error{Kind: fault.Exhausted, Status: 429, Code: "rate_limit_exceeded", Message: "slow", RetryAfter: 250 * time.Millisecond}},
		"too many, until a date": {429, header{"Retry-After": {"Wed, 21 Oct 2026 07:28:30 GMT"}, "Date": {"Wed, 21 Oct 2026 07:28:00 GMT"}}, `{"error":{"message":"slow"}}`,
			fault.Error{Kind: fault.Exhausted, Status: 429, Code: "rate_limit_exceeded", Message: "slow", RetryAfter: 30 * time.Second}},
		"too many, by the limit that is used up": {429, header{"X-Ratelimit-Remaining-Tokens": {"0"}, "X-Ratelimit-Reset-Tokens": {"6m0s"}, "X-Ratelimit-Remaining-Requests": {"5"}, "X-Ratelimit-Reset-Requests": {"1h"}}, `{}`,
			fault.Error{Kind: fault.Exhausted, Status: 429, Code: "rate_limit_exceeded", Message: "the provider refused the request with status 429", RetryAfter: 6 * time.Minute}},
		"broken, in an array": {500, nil, `[{"error":{"message":"oops","code":500}}]`,
			fault.Error{Kind: fault.Upstream, Status: 500, Code: "provider_error", Message: "oops"}},
		"a page": {502, header{"Retry-After": {"x"}}, `<html>bad gateway</html>`,
			fault.Error{Kind: fault.Upstream, Status: 502, Code: "provider_error", Message: "the provider refused the request with status 502"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := responses.Responses().DecodeError(tt.status, tt.header, []byte(tt.body))
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodeError(t *testing.T) {
	f := fault.New(fault.Exhausted, "budget_exceeded", `the budget "x" is used up`).Hinted("ask for more").At("model")
	status, body := responses.Responses().EncodeError(f, "call_1")
	want := `{"error":{"message":"the budget \"x\" is used up (ask for more)","type":"rate_limit_error","param":"model","code":"budget_exceeded","call_id":"call_1"}}`
	if status != 429 || string(body) != want {
		t.Errorf("EncodeError = %d %s; want 429 %s", status, body, want)
	}
	_, body = responses.Responses().EncodeError(&fault.Error{}, "")
	if e := gjson.GetBytes(body, "error"); e.Get("type").String() != "server_error" || e.Get("param").Raw != "null" || e.Get("code").String() != "internal" {
		t.Errorf("EncodeError of an empty fault = %s", body)
	}
}

func TestFail(t *testing.T) {
	codec := responses.Responses()
	f := fault.New(fault.Upstream, "stream_truncated", "it ended early")
	read := func(out []byte) (names []string, err error) {
		s := codec.NewSplitter()
		emit := func(name string, _ []byte, _ int) { names = append(names, name) }
		s.Feed(out, emit)
		_, err = llm.Collect(codec.DecodeStream(strings.NewReader(string(out))))
		return names, err
	}
	tests := map[string]struct {
		before []llm.Event
		want   []string
	}{
		"before the answer began": {nil, []string{"error", "response.failed"}},
		"in the middle": {
			[]llm.Event{{Kind: llm.EventStart, ID: "resp_1"}, {Kind: llm.EventPart, Part: &llm.Part{}}, {Kind: llm.EventDelta, Text: "x"}},
			[]string{"response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.output_text.delta", "response.failed"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			enc := codec.NewEncoder(&llm.Request{Model: "m"})
			var out []byte
			for _, e := range tt.before {
				out = enc.Append(out, e)
			}
			out = enc.Fail(out, f)
			n := len(out)
			out = enc.End(enc.Append(out, llm.Event{Kind: llm.EventDelta, Text: "late"}))
			if len(out) != n {
				t.Errorf("something comes after the failure: %s", out[n:])
			}
			if _, err := checkLifecycle(out); err != nil {
				t.Errorf("lifecycle: %v", err)
			}
			names, err := read(out)
			if diff := cmp.Diff(tt.want, names); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if got := fault.As(err); got == nil || got.Code != "stream_truncated" || got.Kind != fault.Upstream {
				t.Errorf("the caller reads %v", err)
			}
		})
	}
}

func TestAStreamWithoutFinishIsNoSuccess(t *testing.T) {
	codec := responses.Responses()
	enc := codec.NewEncoder(nil)
	out := enc.End(enc.Append(nil, llm.Event{Kind: llm.EventStart, ID: "resp_1"}))
	if final, err := checkLifecycle(out); err != nil || final["status"] != "failed" {
		t.Errorf("final %v, %v", final, err)
	}
}

func TestPartsMayOverlap(t *testing.T) {
	enc := responses.Responses().NewEncoder(nil)
	var out []byte
	for _, e := range []llm.Event{
		{Kind: llm.EventStart, ID: "1"},
		{Kind: llm.EventPart, Index: 0, Part: &llm.Part{}},
		{Kind: llm.EventPart, Index: 1, Part: &llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: "c", Name: "f"}}},
		{Kind: llm.EventDelta, Index: 0, Text: "a"},
		{Kind: llm.EventPing},
		{Kind: llm.EventDelta, Index: 1, Text: `{"x":`},
		{Kind: llm.EventDelta, Index: 0, Text: "b"},
		{Kind: llm.EventPartEnd, Index: 0},
		{Kind: llm.EventDelta, Index: 1, Text: `1}`},
		{Kind: llm.EventFinish, Finish: llm.FinishToolCalls}, // the call was never ended
		{Kind: llm.EventUsage, Usage: &llm.Usage{Estimated: true}},
	} {
		out = enc.Append(out, e)
	}
	out = enc.End(out)
	final, err := checkLifecycle(out)
	if err != nil {
		t.Fatalf("lifecycle: %v\n%s", err, out)
	}
	items := final["output"].([]any)
	if len(items) != 2 || items[1].(map[string]any)["arguments"] != `{"x":1}` || final["usage"] == nil {
		t.Errorf("final response %v", final)
	}
}

func TestAnImageThatTheModelMadeIsShown(t *testing.T) {
	resp := &llm.Response{ID: "r", Finish: llm.FinishStop, Parts: []llm.Part{{Kind: llm.KindImage, Media: &llm.Media{MIME: "image/png", Data: "QQ=="}}}}
	body, lost, err := responses.Responses().EncodeResponse(resp, nil)
	want := `{"id":"ig_r_0","type":"image_generation_call","status":"completed","output_format":"png","result":"QQ=="}`
	if got := gjson.GetBytes(body, "output.0").Raw; got != want || len(lost) > 0 || err != nil {
		t.Errorf("output %s, lost %q, %v; want %s", got, lost, err, want)
	}
}
