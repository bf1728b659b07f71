package gemini_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/gemini"
)

func text(s string) llm.Part { return llm.Part{Kind: llm.KindText, Text: s} }

func user(parts ...llm.Part) llm.Message { return llm.Message{Role: llm.RoleUser, Parts: parts} }

func assistant(parts ...llm.Part) llm.Message {
	return llm.Message{Role: llm.RoleAssistant, Parts: parts}
}

func call(id, name, args string) llm.Part {
	return llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: id, Name: name, Arguments: args}}
}

func result(id string, parts ...llm.Part) llm.Part {
	return llm.Part{Kind: llm.KindToolResult, Result: &llm.ToolResult{CallID: id, Parts: parts}}
}

func ptr[T any](v T) *T { return &v }

// encode writes r, with a turn if it has none.
func encode(t *testing.T, r *llm.Request) (gjson.Result, llm.Lost) {
	t.Helper()
	if len(r.Messages) == 0 {
		r.Messages = []llm.Message{user(text("hi"))}
	}
	b, lost, err := gemini.Generate().EncodeRequest(r)
	if err != nil {
		t.Fatalf("EncodeRequest: %v", err)
	}
	if !gjson.ValidBytes(b) {
		t.Fatalf("not JSON: %s", b)
	}
	return gjson.ParseBytes(b), lost
}

func TestEncodeRequest(t *testing.T) {
	png := llm.Part{Kind: llm.KindImage, Media: &llm.Media{MIME: "image/png", Data: "iVBORw0KGgo="}}
	tests := map[string]struct {
		req  llm.Request
		path string // of the part of the body that is compared
		want string
		lost llm.Lost
	}{
		"system text amid the turns joins the instruction": {
			llm.Request{System: []llm.Part{text("a")}, Messages: []llm.Message{user(text("q")), {Role: llm.RoleSystem, Parts: []llm.Part{text("b")}}, assistant(text("r"))}},
			"systemInstruction", `{"parts":[{"text":"a"},{"text":"b"}]}`, llm.Lost{"messages.system_position"},
		},
		"system text alone becomes a turn": {
			llm.Request{System: []llm.Part{text("a")}, Messages: []llm.Message{{Role: llm.RoleSystem}}},
			"contents", `[{"role":"user","parts":[{"text":"a"}]}]`, llm.Lost{"messages.system_position", "system"},
		},
		"parallel results are one turn, named by their calls": {
			llm.Request{Messages: []llm.Message{
				user(text("q")), assistant(text("I"), call("1", "f", "{}")), assistant(call("2", "g", "")),
				user(result("1", text("x"))), user(result("2", text("y"))), user(text("next")),
			}},
			"contents.#.parts.#.functionResponse.name", `[[],[],["f","g"],[]]`, nil,
		},
		"the model's steps are one turn": {
			llm.Request{Messages: []llm.Message{user(text("q")), assistant(text("I")), assistant(call("2", "g", ""))}},
			"contents.1.parts", `[{"text":"I"},{"functionCall":{"id":"2","name":"g","args":{}}}]`, nil,
		},
		"a result that is an object is the response": {
			llm.Request{Messages: []llm.Message{assistant(call("1", "f", "{}")), user(result("1", text(` {"a": 1} `)))}},
			"contents.1.parts.0.functionResponse.response", `{"a":1}`, nil,
		},
		"a result that is a list is its text": {
			llm.Request{Messages: []llm.Message{assistant(call("1", "f", "{}")), user(result("1", text("[1]")))}},
			"contents.1.parts.0.functionResponse.response", `{"output":"[1]"}`, nil,
		},
		"arguments that are no object are lost": {
			llm.Request{Messages: []llm.Message{assistant(call("1", "f", `{"a":`))}},
			"contents.0.parts.0.functionCall.args", `{}`, llm.Lost{"tool_call.arguments"},
		},
		"a call of another model gets the stand-in signature, the first one only": {
			llm.Request{Model: "gemini-3-flash-preview", Messages: []llm.Message{assistant(call("1", "f", "{}"), call("2", "f", "{}"))}},
			"contents.0.parts.#.thoughtSignature", `["c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="]`, nil,
		},
		"an older model needs no stand-in": {
			llm.Request{Model: "gemini-2.5-flash", Messages: []llm.Message{assistant(call("1", "f", "{}"))}},
			"contents.0.parts.#.thoughtSignature", `[]`, nil,
		},
		"another issuer's signature and its thought stay out": {
			llm.Request{Messages: []llm.Message{assistant(
				llm.Part{Kind: llm.KindReasoning, Text: "hm", Reasoning: &llm.ReasoningBlock{Signature: "s", Issuer: llm.AnthropicMessages}},
				llm.Part{Kind: llm.KindReasoning, Reasoning: &llm.ReasoningBlock{Encrypted: "e", Issuer: llm.OpenAIResponses}},
				llm.Part{Kind: llm.KindText, Text: "so", Signature: "s", SignatureOf: llm.BedrockConverse},
			)}},
			"contents.0.parts", `[{"text":"so"}]`, llm.Lost{"reasoning.signature"},
		},
		"an unsigned thought goes along": {
			llm.Request{Messages: []llm.Message{assistant(llm.Part{Kind: llm.KindReasoning, Text: "hm"})}},
			"contents.0.parts", `[{"text":"hm","thought":true}]`, nil,
		},
		"media by data, text, URL, data URL and upload": {
			llm.Request{Messages: []llm.Message{user(
				png,
				llm.Part{Kind: llm.KindDocument, Media: &llm.Media{Plain: "abc", Name: "a.txt"}},
				llm.Part{Kind: llm.KindImage, Media: &llm.Media{URL: "https://x.example/a.JPG?q=1", Detail: "high"}},
				llm.Part{Kind: llm.KindImage, Media: &llm.Media{URL: "data:image/gif;base64,R0lGODlh"}},
				llm.Part{Kind: llm.KindDocument, Media: &llm.Media{FileID: "file-123"}},
				llm.Part{Kind: llm.KindImage, Media: &llm.Media{Data: "iVBORw0KGgo="}},
			)}},
			"contents.0.parts", `[{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}},` +
				`{"inlineData":{"mimeType":"text/plain","data":"YWJj"}},` +
				`{"fileData":{"mimeType":"image/jpeg","fileUri":"https://x.example/a.JPG?q=1"}},` +
				`{"inlineData":{"mimeType":"image/gif","data":"R0lGODlh"}},` +
				`{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}]`,
			llm.Lost{"part.name", "part.detail", "part.file_id"},
		},
		"blocks and tools of other formats are lost by name": {
			llm.Request{
				Messages: []llm.Message{user(text("q"), llm.Part{Kind: llm.KindOpaque, Opaque: &llm.Opaque{Format: llm.AnthropicMessages, Type: "server_tool_use", Raw: json.RawMessage(`{}`)}})},
				Tools:    []llm.Tool{{Name: "web", Opaque: &llm.Opaque{Format: llm.OpenAIResponses, Type: "web_search"}}},
			},
			"tools", ``, llm.Lost{"server_tool_use", "tools.web_search"},
		},
		"what the format has no field for": {
			llm.Request{
				ParallelTools: ptr(false), User: "u", Metadata: map[string]string{"a": "b"}, ServiceTier: "scale",
				Unknown:  llm.Lost{"logit_bias"},
				Messages: []llm.Message{user(llm.Part{Kind: llm.KindText, Text: "x", Cache: &llm.CacheMark{}}, llm.Part{Kind: llm.KindRefusal, Text: "no"})},
				Tools:    []llm.Tool{{Name: "f", Strict: ptr(true), Cache: &llm.CacheMark{}}},
				Stop:     []string{"1", "2", "3", "4", "5", "6"},
			},
			"generationConfig.stopSequences", `["1","2","3","4","5"]`,
			llm.Lost{"logit_bias", "cache_control", "part.refusal", "tools.strict", "stop", "service_tier", "parallel_tool_calls", "user", "metadata"},
		},
		"a choice within a list": {
			llm.Request{ToolChoice: llm.ToolChoice{Mode: "allowed", Allowed: []string{"a"}}},
			"toolConfig.functionCallingConfig", `{"mode":"VALIDATED","allowedFunctionNames":["a"]}`, nil,
		},
		"a choice of one tool": {
			llm.Request{ToolChoice: llm.ToolChoice{Mode: "tool", Name: "a"}},
			"toolConfig.functionCallingConfig", `{"mode":"ANY","allowedFunctionNames":["a"]}`, nil,
		},
		"a schema's name and description move into it": {
			llm.Request{Output: llm.OutputShape{Kind: "schema", Name: "city", Description: "A city.", Schema: json.RawMessage(`{"type":"object","properties":{"n":{"type":"string"}},"additionalProperties":false}`)}},
			"generationConfig", `{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"n":{"type":"string"}},"additionalProperties":false,"title":"city","description":"A city."}}`, nil,
		},
		"any JSON": {
			llm.Request{Output: llm.OutputShape{Kind: "json"}},
			"generationConfig", `{"responseMimeType":"application/json"}`, nil,
		},
		"text is not escaped for HTML": {
			llm.Request{Messages: []llm.Message{user(text("a<b>&\u2028\"\\\x01"))}},
			"contents.0.parts.0.text", "\"a<b>&\u2028\\\"\\\\\\u0001\"", nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, lost := encode(t, &tt.req)
			if diff := cmp.Diff(tt.want, got.Get(tt.path).Raw); diff != "" {
				t.Errorf("%s (-want +got):\n%s\nof %s", tt.path, diff, got.Raw)
			}
			if diff := cmp.Diff(tt.lost, lost); diff != "" {
				t.Errorf("lost (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodeRequestRefusesAResultWithoutCall(t *testing.T) {
	_, _, err := gemini.Generate().EncodeRequest(&llm.Request{Messages: []llm.Message{user(result("x", text("y")))}})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("err = %v; want an invalid request", err)
	}
}

func TestThinking(t *testing.T) {
	tests := map[string]struct {
		model string
		in    llm.Reasoning
		want  string
		lost  llm.Lost
	}{
		"2.5: effort becomes tokens":             {"gemini-2.5-flash", llm.Reasoning{Effort: "medium"}, `{"thinkingBudget":8192}`, nil},
		"2.5: off":                               {"gemini-2.5-flash", llm.Reasoning{Off: true}, `{"thinkingBudget":0}`, nil},
		"2.5 pro: cannot be off":                 {"gemini-2.5-pro", llm.Reasoning{Off: true}, `{"thinkingBudget":128}`, llm.Lost{"reasoning.off"}},
		"2.5: a budget is held to the bounds":    {"gemini-2.5-flash", llm.Reasoning{Budget: ptr(int64(99999))}, `{"thinkingBudget":24576}`, llm.Lost{"reasoning.budget"}},
		"2.5: adaptive is dynamic":               {"gemini-2.5-flash", llm.Reasoning{Adaptive: true}, `{"thinkingBudget":-1}`, nil},
		"2.5: as the model likes":                {"gemini-2.5-flash", llm.Reasoning{Budget: ptr(int64(-1))}, `{"thinkingBudget":-1}`, nil},
		"2.0: does not think":                    {"gemini-2.0-flash", llm.Reasoning{Effort: "low"}, ``, llm.Lost{"reasoning"}},
		"2.0: off is as it is":                   {"gemini-2.0-flash", llm.Reasoning{Off: true}, ``, nil},
		"3: effort is a level":                   {"gemini-3-flash-preview", llm.Reasoning{Effort: "minimal", Summary: "auto"}, `{"includeThoughts":true,"thinkingLevel":"MINIMAL"}`, nil},
		"3: more than high":                      {"gemini-3-flash", llm.Reasoning{Effort: "xhigh"}, `{"thinkingLevel":"HIGH"}`, llm.Lost{"reasoning.effort"}},
		"3: off is the lowest level":             {"gemini-3-flash", llm.Reasoning{Off: true}, `{"thinkingLevel":"MINIMAL"}`, llm.Lost{"reasoning.off"}},
		"3 pro: off is low":                      {"gemini-3.1-pro-preview", llm.Reasoning{Off: true}, `{"thinkingLevel":"LOW"}`, llm.Lost{"reasoning.off"}},
		"3 pro: has no medium":                   {"gemini-3-pro-preview", llm.Reasoning{Effort: "medium"}, `{"thinkingLevel":"HIGH"}`, llm.Lost{"reasoning.effort"}},
		"3: a level and a budget exclude":        {"gemini-3-flash", llm.Reasoning{Effort: "low", Budget: ptr(int64(5))}, `{"thinkingLevel":"LOW"}`, llm.Lost{"reasoning.budget"}},
		"3: a budget for compatibility":          {"gemini-3-flash", llm.Reasoning{Budget: ptr(int64(5))}, `{"thinkingBudget":5}`, nil},
		"no name: as it was said":                {"", llm.Reasoning{Effort: "high", Budget: ptr(int64(5)), Show: true}, `{"includeThoughts":true,"thinkingBudget":5,"thinkingLevel":"HIGH"}`, nil},
		"a full resource name counts by its end": {"projects/p/locations/l/publishers/google/models/gemini-2.5-pro", llm.Reasoning{Effort: "high"}, `{"thinkingBudget":24576}`, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, lost := encode(t, &llm.Request{Model: tt.model, Reasoning: &tt.in})
			if raw := got.Get("generationConfig.thinkingConfig").Raw; raw != tt.want || !cmp.Equal(lost, tt.lost) {
				t.Errorf("%q with %+v: %s lost %v; want %s lost %v", tt.model, tt.in, raw, lost, tt.want, tt.lost)
			}
		})
	}
}

func TestSchemas(t *testing.T) {
	tests := map[string]struct{ in, openAPI, json string }{
		"plain":                  {`{"$schema":"s","type":"object","properties":{"b":{"type":["string","null"]},"a":{"type":"array","items":{"type":"integer"},"minItems":1}},"required":["b"]}`, `{"type":"OBJECT","properties":{"b":{"type":"STRING","nullable":true},"a":{"type":"ARRAY","items":{"type":"INTEGER"},"minItems":1}},"propertyOrdering":["b","a"],"required":["b"]}`, ``},
		"a property named type":  {`{"type":"object","properties":{"type":{"type":"string"},"$schema":{"type":"string"}}}`, `{"type":"OBJECT","properties":{"type":{"type":"STRING"},"$schema":{"type":"STRING"}},"propertyOrdering":["type","$schema"]}`, ``},
		"anyOf below":            {`{"type":"object","properties":{"x":{"anyOf":[{"type":"string"},{"type":"null"}]}}}`, `{"type":"OBJECT","properties":{"x":{"anyOf":[{"type":"STRING"},{"type":"NULL"}]}}}`, ``},
		"additionalProperties":   {`{"type":"object","properties":{"a":{"type":"string","$comment":"c"}},"additionalProperties":false}`, ``, `{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}`},
		"references":             {`{"$defs":{"D":{"type":"string","$schema":"x"}},"type":"object","properties":{"a":{"$ref":"#/$defs/D"}}}`, ``, `{"$defs":{"D":{"type":"string"}},"type":"object","properties":{"a":{"$ref":"#/$defs/D"}}}`},
		"numbers to choose from": {`{"type":"integer","enum":[1,2]}`, ``, `{"type":"integer","enum":[1,2]}`},
		"a format of its own":    {`{"type":"string","format":"email"}`, ``, `{"type":"string","format":"email"}`},
		"two types":              {`{"type":["string","integer"]}`, ``, `{"type":["string","integer"]}`},
		"no properties":          {`{"type":"object","properties":{}}`, ``, `{"type":"object","properties":{}}`},
		"no type":                {`{}`, ``, `{}`},
		"no object":              {`true`, ``, ``},
		"no JSON":                {`{`, ``, ``},
		"too deep":               {strings.Repeat(`{"items":`, 5000) + `{}` + strings.Repeat(`}`, 5000), ``, ``},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, _ := encode(t, &llm.Request{Tools: []llm.Tool{{Name: "f", Schema: json.RawMessage(tt.in)}}})
			f := got.Get("tools.0.functionDeclarations.0")
			if f.Get("parameters").Raw != tt.openAPI || f.Get("parametersJsonSchema").Raw != tt.json {
				t.Errorf("%.200s became %s", tt.in, f.Raw)
			}
		})
	}
}

func TestDecodeRequestRefuses(t *testing.T) {
	tests := map[string]struct{ in, param string }{
		"no JSON":                {`{"contents":`, ""},
		"a list":                 {`[]`, ""},
		"nothing to answer":      {`{}`, "contents"},
		"an empty conversation":  {`{"contents":[]}`, "contents"},
		"contents as text":       {`{"contents":"hi"}`, "contents[0]"},
		"a role that is none":    {`{"contents":[{"role":"system","parts":[{"text":"a"}]}]}`, "contents[0].role"},
		"a text that is none":    {`{"contents":[{"parts":[{"text":1}]}]}`, "contents[0].parts[0].text"},
		"a mode in lower case":   {`{"contents":[{"parts":[{"text":"a"}]}],"toolConfig":{"functionCallingConfig":{"mode":"any"}}}`, "toolConfig.functionCallingConfig.mode"},
		"a count that is none":   {`{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"maxOutputTokens":"many"}}`, "generationConfig.maxOutputTokens"},
		"a number that is none":  {`{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"temperature":true}}`, "generationConfig.temperature"},
		"a nameless function":    {`{"contents":[{"parts":[{"text":"a"}]}],"tools":[{"functionDeclarations":[{}]}]}`, "tools[0].functionDeclarations[0].name"},
		"a nameless result":      {`{"contents":[{"parts":[{"functionResponse":{"response":{}}}]}]}`, "contents[0].parts[0].functionResponse.name"},
		"arguments in a list":    {`{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":[]}}]}]}`, "contents[0].parts[0].functionCall.args"},
		"a level that is none":   {`{"contents":[{"parts":[{"text":"a"}]}],"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOTS"}}}`, "generationConfig.thinkingConfig.thinkingLevel"},
		"nested without end":     {`{"contents":` + strings.Repeat("[", 1<<20), ""},
		"nested deeply and well": {`{"x":` + strings.Repeat("[", 1<<16) + strings.Repeat("]", 1<<16) + `}`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := gemini.Generate().DecodeRequest([]byte(tt.in))
			f := fault.As(err)
			if f == nil || f.Kind != fault.Invalid || f.Param != tt.param {
				t.Errorf("DecodeRequest(%.80s) = %+v; want an invalid request at %q", tt.in, f, tt.param)
			}
		})
	}
}
