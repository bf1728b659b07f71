package responses_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/responses"
)

func say(s string) llm.Part { return llm.Part{Kind: llm.KindText, Text: s} }

func ptr[T any](v T) *T { return &v }

func user(parts ...llm.Part) llm.Message { return llm.Message{Role: llm.RoleUser, Parts: parts} }

func assistant(parts ...llm.Part) llm.Message {
	return llm.Message{Role: llm.RoleAssistant, Parts: parts}
}

func opaque(typ, raw string) llm.Part {
	return llm.Part{Kind: llm.KindOpaque, Opaque: &llm.Opaque{Format: llm.OpenAIResponses, Type: typ, Raw: json.RawMessage(raw)}}
}

func TestDecodeRequest(t *testing.T) {
	call := llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: "c", Name: "f", Arguments: "{}"}}
	result := func(parts ...llm.Part) llm.Part {
		return llm.Part{Kind: llm.KindToolResult, Result: &llm.ToolResult{CallID: "c", Parts: parts}}
	}
	tests := map[string]struct {
		in   string
		want llm.Request
	}{
		"input as a string": {`{"model":"m","input":"hi"}`, llm.Request{Model: "m", Messages: []llm.Message{user(say("hi"))}}},
		"leading developer and system messages follow the instructions": {
			`{"input":[{"role":"developer","content":"b"},{"role":"system","content":[{"type":"input_text","text":"c"}]},{"role":"user","content":"u"},{"role":"developer","content":"d"}],"instructions":"a"}`,
			llm.Request{System: []llm.Part{say("a"), say("b"), say("c")}, Messages: []llm.Message{
				user(say("u")), {Role: llm.RoleSystem, Parts: []llm.Part{say("d")}},
			}},
		},
		"thought, words and calls are one turn; their results another": {
			`{"input":[{"type":"reasoning","id":"rs","summary":[]},{"role":"assistant","content":"w"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"r"},{"role":"user","content":"u"}]}`,
			llm.Request{Messages: []llm.Message{
				assistant(llm.Part{Kind: llm.KindReasoning, Reasoning: &llm.ReasoningBlock{ID: "rs", Issuer: llm.OpenAIResponses}}, say("w"), call),
				user(result(say("r"))), user(say("u")),
			}},
		},
		"two messages of the assistant stay two": {
			`{"input":[{"role":"assistant","content":"a"},{"role":"assistant","content":"b"}]}`,
			llm.Request{Messages: []llm.Message{assistant(say("a")), assistant(say("b"))}},
		},
		"results that are lists, empty, or no text at all": {
			`{"input":[{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"x"}]},{"type":"function_call_output","call_id":"c","output":""},{"type":"function_call_output","call_id":"c","output":{"a":1}}]}`,
			llm.Request{Messages: []llm.Message{user(result(say("x")), result(), result(say(`{"a":1}`)))}},
		},
		"reasoning with its own words": {
			`{"input":[{"type":"reasoning","id":"rs","summary":[],"content":[{"type":"reasoning_text","text":"t"}],"encrypted_content":"e"}]}`,
			llm.Request{Messages: []llm.Message{assistant(llm.Part{Kind: llm.KindReasoning, Text: "t",
				Reasoning: &llm.ReasoningBlock{ID: "rs", Encrypted: "e", Issuer: llm.OpenAIResponses}})}},
		},
		"sealed reasoning": {
			`{"input":[{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"e"}]}`,
			llm.Request{Messages: []llm.Message{assistant(llm.Part{Kind: llm.KindReasoning,
				Reasoning: &llm.ReasoningBlock{ID: "rs", Encrypted: "e", Redacted: true, Issuer: llm.OpenAIResponses}})}},
		},
		"items of server tools, of either side": {
			`{"input":[{"type":"mcp_call","id":"1"},{"type":"computer_call_output","call_id":"2"},{"type":"item_reference","id":"3"}]}`,
			llm.Request{Messages: []llm.Message{
				assistant(opaque("mcp_call", `{"type":"mcp_call","id":"1"}`)),
				user(opaque("computer_call_output", `{"type":"computer_call_output","call_id":"2"}`)),
				assistant(opaque("item_reference", `{"type":"item_reference","id":"3"}`)),
			}},
		},
		"media": {
			`{"input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,QQ=="},{"type":"input_image","file_id":"f","detail":"high"},{"type":"input_file","file_data":"QQ==","filename":"a.pdf"},{"type":"input_file","file_data":"data:text/plain;charset=utf-8;base64,QQ=="},{"type":"input_audio","input_audio":{"data":"QQ==","format":"mp3"}}]}]}`,
			llm.Request{Messages: []llm.Message{user(
				llm.Part{Kind: llm.KindImage, Media: &llm.Media{MIME: "image/png", Data: "QQ=="}},
				llm.Part{Kind: llm.KindImage, Media: &llm.Media{FileID: "f", Detail: "high"}},
				llm.Part{Kind: llm.KindDocument, Media: &llm.Media{Data: "QQ==", Name: "a.pdf"}},
				llm.Part{Kind: llm.KindDocument, Media: &llm.Media{MIME: "text/plain", Data: "QQ=="}},
				llm.Part{Kind: llm.KindAudio, Media: &llm.Media{MIME: "audio/mpeg", Data: "QQ=="}},
			)}},
		},
		"choices of tools": {
			`{"input":"x","tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"},{"type":"web_search"}]}}`,
			llm.Request{Messages: []llm.Message{user(say("x"))}, ToolChoice: llm.ToolChoice{Mode: "allowed", Allowed: []string{"f"}},
				Unknown: llm.Lost{"tool_choice.tools"}},
		},
		"settings": {
			`{"input":"x","stream":true,"top_logprobs":3,"reasoning":{"effort":"xhigh","generate_summary":"concise"},"text":{"format":{"type":"json_object"}},"max_output_tokens":7,"parallel_tool_calls":true,"metadata":{"a":"b"},"user":"u","service_tier":"priority","tool_choice":"required"}`,
			llm.Request{Messages: []llm.Message{user(say("x"))}, Stream: true, StreamUsage: true, LogProbs: true, TopLogProbs: ptr[int64](3),
				Reasoning: &llm.Reasoning{Effort: "xhigh", Summary: "concise"}, Output: llm.OutputShape{Kind: "json"}, MaxTokens: ptr[int64](7),
				ParallelTools: ptr(true), Metadata: map[string]string{"a": "b"}, User: "u", ServiceTier: "priority",
				ToolChoice: llm.ToolChoice{Mode: "required"}},
		},
		"nulls say nothing": {
			`{"input":"x","instructions":null,"tools":null,"temperature":null,"reasoning":null,"metadata":null,"store":null,"conversation":null}`,
			llm.Request{Messages: []llm.Message{user(say("x"))}},
		},
		"a conversation that goes on without input": {
			`{"previous_response_id":"resp_1"}`, llm.Request{Unknown: llm.Lost{"previous_response_id"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := responses.Responses().DecodeRequest([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeRequestSaysWhichFieldIsWrong(t *testing.T) {
	tests := map[string]struct{ in, param string }{
		"no JSON":                   {`{"input":`, ""},
		"no object":                 {`[]`, ""},
		"nested too deep":           {strings.Repeat(`{"a":`, 600) + "1" + strings.Repeat("}", 600), ""},
		"no input":                  {`{"model":"m"}`, "input"},
		"input of a wrong type":     {`{"input":3}`, "input"},
		"model of a wrong type":     {`{"model":3,"input":"x"}`, "model"},
		"a fraction of a token":     {`{"input":"x","max_output_tokens":1.5}`, "max_output_tokens"},
		"temperature of words":      {`{"input":"x","temperature":"hot"}`, "temperature"},
		"temperature without end":   {`{"input":"x","temperature":1e999}`, "temperature"},
		"stream of words":           {`{"input":"x","stream":"yes"}`, "stream"},
		"tools that are no list":    {`{"input":"x","tools":{}}`, "tools"},
		"a tool without a type":     {`{"input":"x","tools":[{"name":"f"}]}`, "tools[0].type"},
		"a tool without a name":     {`{"input":"x","tools":[{"type":"web_search"},{"type":"function"}]}`, "tools[1].name"},
		"a choice that is none":     {`{"input":"x","tool_choice":"maybe"}`, "tool_choice"},
		"an item without a type":    {`{"input":[{"id":"x"}]}`, "input[0].type"},
		"an item that is no object": {`{"input":["x"]}`, "input[0]"},
		"an unknown role":           {`{"input":[{"role":"user","content":"x"},{"role":"tool","content":"x"}]}`, "input[1].role"},
		"content without a type":    {`{"input":[{"role":"user","content":[{"text":"x"}]}]}`, "input[0].content[0]"},
		"content of a wrong type":   {`{"input":[{"role":"user","content":5}]}`, "input[0].content"},
		"a call without a name":     {`{"input":[{"type":"function_call","call_id":"c"}]}`, "input[0].name"},
		"an output without a call":  {`{"input":[{"type":"function_call_output","output":"x"}]}`, "input[0].call_id"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := responses.Responses().DecodeRequest([]byte(tt.in))
			f := fault.As(err)
			if f == nil || f.Kind != fault.Invalid || f.Param != tt.param {
				t.Errorf("DecodeRequest(%.80s) = %v; want a fault at %q", tt.in, err, tt.param)
			}
		})
	}
}

func TestEncodeRequestDeclaresLosses(t *testing.T) {
	foreign := &llm.Opaque{Format: llm.AnthropicMessages, Type: "server_tool_use", Raw: []byte(`{}`)}
	one := []llm.Message{user(say("x"))}
	tests := map[string]struct {
		r    llm.Request
		lost llm.Lost
		path string // in the body
		want string
	}{
		"settings that the format has no word for": {
			r: llm.Request{Messages: one, Stop: []string{"s"}, TopK: ptr[int64](1), Seed: ptr[int64](2),
				FrequencyPenalty: ptr(0.1), PresencePenalty: ptr(0.2), Unknown: llm.Lost{"logit_bias"}},
			lost: llm.Lost{"logit_bias", "stop", "top_k", "seed", "frequency_penalty", "presence_penalty"},
			path: "input", want: `[{"type":"message","role":"user","content":"x"}]`,
		},
		"cache marks": {
			r: llm.Request{System: []llm.Part{{Text: "a", Cache: &llm.CacheMark{}}, {Text: "b"}}, Messages: one,
				Tools: []llm.Tool{{Name: "f", Cache: &llm.CacheMark{TTL: "1h"}}}},
			lost: llm.Lost{"cache_control"}, path: "instructions", want: `"a\n\nb"`,
		},
		"another format's thoughts, tools and blocks": {
			r: llm.Request{Messages: []llm.Message{assistant(
				llm.Part{Kind: llm.KindReasoning, Text: "t", Reasoning: &llm.ReasoningBlock{Signature: "s", Issuer: llm.AnthropicMessages}},
				llm.Part{Kind: llm.KindOpaque, Opaque: foreign}, say("w"))},
				Tools: []llm.Tool{{Name: "code", Opaque: &llm.Opaque{Format: llm.AnthropicMessages, Type: "code_execution_20250825"}}}},
			lost: llm.Lost{"reasoning.signature", "server_tool_use", "code_execution_20250825"},
			path: "input", want: `[{"type":"message","role":"assistant","content":"w"}]`,
		},
		"films, sounds by address, a failed tool": {
			r: llm.Request{Messages: []llm.Message{
				user(llm.Part{Kind: llm.KindVideo, Media: &llm.Media{URL: "u"}}, llm.Part{Kind: llm.KindAudio, Media: &llm.Media{URL: "u"}}, say("x")),
				user(llm.Part{Kind: llm.KindToolResult, Result: &llm.ToolResult{CallID: "c", IsError: true, Parts: []llm.Part{say("no")}}}),
			}},
			lost: llm.Lost{"part.video", "part.audio", "tool_result.is_error"},
			path: "input.1", want: `{"type":"function_call_output","call_id":"c","output":"no"}`,
		},
		"a thinking budget": {
			r:    llm.Request{Messages: one, Reasoning: &llm.Reasoning{Budget: ptr[int64](4000), Show: true}},
			lost: llm.Lost{"reasoning.budget"}, path: "reasoning", want: `{"effort":"medium","summary":"auto"}`,
		},
		"encrypted reasoning": {
			r:    llm.Request{Messages: one, Reasoning: &llm.Reasoning{Encrypted: true}},
			path: "include", want: `["reasoning.encrypted_content"]`,
		},
		"reasoning that a stream brought": {
			r: llm.Request{Messages: []llm.Message{assistant(llm.Part{Kind: llm.KindReasoning, Text: "t",
				Reasoning: &llm.ReasoningBlock{ID: "rs", Signature: "e", Summary: true, Issuer: llm.OpenAIResponses}})}},
			path: "input.0", want: `{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"e"}`,
		},
		"a plain document gets a name": {
			r:    llm.Request{Messages: []llm.Message{user(llm.Part{Kind: llm.KindDocument, Media: &llm.Media{Plain: "hé"}})}},
			path: "input.0.content.0", want: `{"type":"input_file","file_data":"data:text/plain;base64,aMOp","filename":"document.txt"}`,
		},
		"calls without ids meet their results by name": {
			r: llm.Request{Messages: []llm.Message{
				assistant(llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{Name: "a"}}, llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{Name: "b"}}),
				user(llm.Part{Kind: llm.KindToolResult, Result: &llm.ToolResult{Name: "b", Parts: []llm.Part{say("x")}}}),
			}},
			path: "input.#.call_id", want: `["call_1","call_2","call_2"]`,
		},
		"Anthropic's word for the default tier": {
			r: llm.Request{Messages: one, ServiceTier: "standard_only"}, path: "service_tier", want: `"default"`,
		},
		"a tier that nobody knows": {
			r: llm.Request{Messages: one, ServiceTier: "gold"}, lost: llm.Lost{"service_tier"}, path: "service_tier",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body, lost, err := responses.Responses().EncodeRequest(&tt.r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.lost, lost); diff != "" {
				t.Errorf("lost (-want +got):\n%s", diff)
			}
			if got := gjson.GetBytes(body, tt.path).Raw; got != tt.want {
				t.Errorf("%s is %s, want %s", tt.path, got, tt.want)
			}
		})
	}
}
