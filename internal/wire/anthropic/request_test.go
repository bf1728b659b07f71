package anthropic_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/anthropic"
)

func ptr[T any](v T) *T { return &v }

func user(parts ...llm.Part) llm.Message { return llm.Message{Role: llm.RoleUser, Parts: parts} }
func said(parts ...llm.Part) llm.Message { return llm.Message{Role: llm.RoleAssistant, Parts: parts} }
func say(s string) llm.Part              { return llm.Part{Kind: llm.KindText, Text: s} }

func thought(s string, b llm.ReasoningBlock) llm.Part {
	return llm.Part{Kind: llm.KindReasoning, Text: s, Reasoning: &b}
}

func call(id, name, args string) llm.Part {
	return llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: id, Name: name, Arguments: args}}
}

func result(id, name string, parts ...llm.Part) llm.Part {
	return llm.Part{Kind: llm.KindToolResult, Result: &llm.ToolResult{CallID: id, Name: name, Parts: parts}}
}

func media(k llm.Kind, m llm.Media) llm.Part { return llm.Part{Kind: k, Media: &m} }

// TestEncodeRequest looks at one place of what is written for requests that came
// from other formats.
func TestEncodeRequest(t *testing.T) {
	const old, adaptive, newest = "claude-sonnet-4-5-20250929", "claude-opus-4-6", "claude-opus-4-7"
	hi := []llm.Message{user(say("hi"))}
	tool := []llm.Tool{{Name: "f"}, {Name: "g"}}
	loop := []llm.Message{user(say("hi")), said(call("c1", "f", "")), user(result("c1", "f", say("1")))}
	tests := map[string]struct {
		req  llm.Request
		path string
		want string // JSON; "" where there is nothing
		lost string
	}{
		"max_tokens has a default":                 {llm.Request{Messages: hi}, "max_tokens", "8192", ""},
		"max_tokens is the caller's":               {llm.Request{Messages: hi, MaxTokens: ptr[int64](7)}, "max_tokens", "7", ""},
		"the default leaves room for thoughts":     {llm.Request{Model: old, Messages: hi, Reasoning: &llm.Reasoning{Effort: "high"}}, "max_tokens", "24576", ""},
		"an effort becomes a budget":               {llm.Request{Model: old, Messages: hi, Reasoning: &llm.Reasoning{Effort: "medium"}}, "thinking", `{"type":"enabled","budget_tokens":8192}`, ""},
		"an effort is kept where it is known":      {llm.Request{Model: adaptive, Messages: hi, Reasoning: &llm.Reasoning{Effort: "medium"}}, "output_config.effort", `"medium"`, ""},
		"and makes the model think":                {llm.Request{Model: adaptive, Messages: hi, Reasoning: &llm.Reasoning{Effort: "medium"}}, "thinking", `{"type":"adaptive"}`, ""},
		"a wish to see thoughts is kept":           {llm.Request{Model: newest, Messages: hi, Reasoning: &llm.Reasoning{Effort: "low", Summary: "auto"}}, "thinking", `{"type":"adaptive","display":"summarized"}`, ""},
		"xhigh needs a new model":                  {llm.Request{Model: adaptive, Messages: hi, Reasoning: &llm.Reasoning{Effort: "xhigh"}}, "output_config.effort", `"max"`, "reasoning.effort"},
		"xhigh on a new model":                     {llm.Request{Model: newest, Messages: hi, Reasoning: &llm.Reasoning{Effort: "xhigh"}}, "output_config.effort", `"xhigh"`, ""},
		"minimal is low":                           {llm.Request{Model: newest, Messages: hi, Reasoning: &llm.Reasoning{Effort: "minimal"}}, "output_config.effort", `"low"`, "reasoning.effort"},
		"a budget is kept":                         {llm.Request{Model: adaptive, Messages: hi, Reasoning: &llm.Reasoning{Budget: ptr[int64](3000)}}, "thinking", `{"type":"enabled","budget_tokens":3000}`, ""},
		"a budget becomes an effort when refused":  {llm.Request{Model: newest, Messages: hi, Reasoning: &llm.Reasoning{Budget: ptr[int64](17000)}}, "output_config.effort", `"high"`, "reasoning.budget"},
		"a small budget is raised":                 {llm.Request{Model: old, Messages: hi, Reasoning: &llm.Reasoning{Budget: ptr[int64](10)}}, "thinking.budget_tokens", "1024", "reasoning.budget"},
		"a budget stays below the limit":           {llm.Request{Model: old, Messages: hi, MaxTokens: ptr[int64](4000), Reasoning: &llm.Reasoning{Budget: ptr[int64](5000)}}, "thinking.budget_tokens", "2000", "reasoning.budget"},
		"no room to think":                         {llm.Request{Model: old, Messages: hi, MaxTokens: ptr[int64](1000), Reasoning: &llm.Reasoning{Effort: "low"}}, "thinking", "", "reasoning.budget"},
		"thinking off":                             {llm.Request{Model: old, Messages: hi, Reasoning: &llm.Reasoning{Off: true}}, "thinking", `{"type":"disabled"}`, ""},
		"a budget of nothing is off":               {llm.Request{Model: old, Messages: hi, Reasoning: &llm.Reasoning{Budget: ptr[int64](0)}}, "thinking", `{"type":"disabled"}`, ""},
		"a free budget is adaptive":                {llm.Request{Model: adaptive, Messages: hi, Reasoning: &llm.Reasoning{Budget: ptr[int64](-1)}}, "thinking", `{"type":"adaptive"}`, ""},
		"a free budget before adaptive":            {llm.Request{Model: old, Messages: hi, Reasoning: &llm.Reasoning{Budget: ptr[int64](-1)}}, "thinking", `{"type":"enabled","budget_tokens":8192}`, "reasoning.adaptive"},
		"adaptive stays on an unknown model":       {llm.Request{Model: "lab", Messages: hi, Reasoning: &llm.Reasoning{Adaptive: true}}, "thinking", `{"type":"adaptive"}`, ""},
		"thinking gives way to a forced tool":      {llm.Request{Model: old, Messages: hi, Tools: tool, ToolChoice: llm.ToolChoice{Mode: "required"}, Reasoning: &llm.Reasoning{Effort: "low"}}, "thinking", "", "reasoning"},
		"thinking cannot join a tool loop":         {llm.Request{Model: old, Messages: loop, Reasoning: &llm.Reasoning{Effort: "low"}}, "thinking", "", "reasoning"},
		"temperature is clamped":                   {llm.Request{Messages: hi, Temperature: ptr(1.5)}, "temperature", "1", "temperature"},
		"temperature in range":                     {llm.Request{Messages: hi, Temperature: ptr(0.3)}, "temperature", "0.3", ""},
		"thinking fixes temperature":               {llm.Request{Model: old, Messages: hi, Temperature: ptr(0.3), Reasoning: &llm.Reasoning{Effort: "low"}}, "temperature", "", "temperature"},
		"the default temperature goes quietly":     {llm.Request{Model: newest, Messages: hi, Temperature: ptr(1.0), TopP: ptr(1.0)}, "temperature", "", ""},
		"new models take no temperature":           {llm.Request{Model: newest, Messages: hi, Temperature: ptr(0.0)}, "temperature", "", "temperature"},
		"top_p goes beside temperature":            {llm.Request{Model: old, Messages: hi, Temperature: ptr(0.5), TopP: ptr(0.5)}, "top_p", "", "top_p"},
		"top_p alone":                              {llm.Request{Model: old, Messages: hi, TopP: ptr(0.5)}, "top_p", "0.5", ""},
		"top_k":                                    {llm.Request{Model: old, Messages: hi, TopK: ptr[int64](5)}, "top_k", "5", ""},
		"OpenAI's own":                             {llm.Request{Messages: hi, Seed: ptr[int64](1), FrequencyPenalty: ptr(0.1), PresencePenalty: ptr(0.1), LogProbs: true, TopLogProbs: ptr[int64](2)}, "seed", "", "frequency_penalty presence_penalty seed logprobs top_logprobs"},
		"what the decoder did not know is lost":    {llm.Request{Messages: hi, Unknown: llm.Lost{"n"}}, "n", "", "n"},
		"metadata":                                 {llm.Request{Messages: hi, User: "u", Metadata: map[string]string{"a": "b"}}, "metadata", `{"user_id":"u"}`, "metadata"},
		"any JSON object cannot be asked for":      {llm.Request{Messages: hi, Output: llm.OutputShape{Kind: "json"}}, "output_config", "", "output.json"},
		"a schema can":                             {llm.Request{Messages: hi, Output: llm.OutputShape{Kind: "schema", Name: "x", Schema: json.RawMessage(`{"type":"object"}`)}}, "output_config", `{"format":{"type":"json_schema","schema":{"type":"object"}}}`, ""},
		"service tier auto":                        {llm.Request{Messages: hi, ServiceTier: "auto"}, "service_tier", `"auto"`, ""},
		"service tier flex":                        {llm.Request{Messages: hi, ServiceTier: "flex"}, "service_tier", "", "service_tier"},
		"required is any":                          {llm.Request{Messages: hi, Tools: tool, ToolChoice: llm.ToolChoice{Mode: "required"}}, "tool_choice", `{"type":"any"}`, ""},
		"one tool":                                 {llm.Request{Messages: hi, Tools: tool, ToolChoice: llm.ToolChoice{Mode: "tool", Name: "g"}}, "tool_choice", `{"type":"tool","name":"g"}`, ""},
		"no parallel calls":                        {llm.Request{Messages: hi, Tools: tool, ParallelTools: ptr(false)}, "tool_choice", `{"type":"auto","disable_parallel_tool_use":true}`, ""},
		"none has no parallel":                     {llm.Request{Messages: hi, Tools: tool, ToolChoice: llm.ToolChoice{Mode: "none"}, ParallelTools: ptr(false)}, "tool_choice", `{"type":"none"}`, ""},
		"a choice without tools goes":              {llm.Request{Messages: hi, ToolChoice: llm.ToolChoice{Mode: "auto"}, ParallelTools: ptr(true)}, "tool_choice", "", ""},
		"allowed tools are the only ones":          {llm.Request{Messages: hi, Tools: tool, ToolChoice: llm.ToolChoice{Mode: "allowed", Allowed: []string{"g"}}}, "tools.#.name", `["g"]`, ""},
		"a tool without a schema":                  {llm.Request{Messages: hi, Tools: tool[:1]}, "tools.0.input_schema", `{"type":"object","properties":{}}`, ""},
		"a schema without a type":                  {llm.Request{Messages: hi, Tools: []llm.Tool{{Name: "f", Schema: json.RawMessage(`{"properties":{}}`)}}}, "tools.0.input_schema.type", `"object"`, ""},
		"another vendor's tool":                    {llm.Request{Messages: hi, Tools: []llm.Tool{{Opaque: &llm.Opaque{Format: llm.OpenAIResponses, Type: "file_search"}}}}, "tools", "", "tools.file_search"},
		"instructions alone are the user's":        {llm.Request{System: []llm.Part{say("Write a poem.")}}, "messages", `[{"role":"user","content":"Write a poem."}]`, "message.system_position"},
		"system as a string":                       {llm.Request{System: []llm.Part{say("Be kind.")}, Messages: hi}, "system", `"Be kind."`, ""},
		"empty text is left out":                   {llm.Request{Messages: []llm.Message{user(say("hi")), said(say("")), user(say("there"))}}, "messages.#", "1", ""},
		"signed thoughts of its own go back":       {llm.Request{Messages: []llm.Message{user(say("hi")), said(thought("", llm.ReasoningBlock{Signature: "s", Issuer: llm.AnthropicMessages}))}}, "messages.1.content", `[{"type":"thinking","thinking":"","signature":"s"}]`, ""},
		"signed thoughts of others do not":         {llm.Request{Messages: []llm.Message{user(say("hi")), said(thought("t", llm.ReasoningBlock{Signature: "s", Issuer: llm.GeminiGenerate}), say("x"))}}, "messages.1.content", `"x"`, "reasoning.signature"},
		"nor Bedrock's":                            {llm.Request{Messages: []llm.Message{user(say("hi")), said(thought("t", llm.ReasoningBlock{Signature: "s", Issuer: llm.BedrockConverse}), say("x"))}}, "messages.1.content", `"x"`, "reasoning.signature"},
		"unsigned thoughts do not":                 {llm.Request{Messages: []llm.Message{user(say("hi")), said(thought("t", llm.ReasoningBlock{Issuer: llm.AnthropicMessages}), say("x"))}}, "messages.1.content", `"x"`, "reasoning"},
		"empty arguments are an object":            {llm.Request{Messages: []llm.Message{user(say("hi")), said(call("c", "f", ""))}}, "messages.1.content.0.input", "{}", ""},
		"arguments that are no object are wrapped": {llm.Request{Messages: []llm.Message{user(say("hi")), said(call("c", "f", `{"a":`))}}, "messages.1.content.0.input", `{"arguments":"{\"a\":"}`, "tool_call.arguments"},
		"an id that Anthropic refuses is cleaned":  {llm.Request{Messages: []llm.Message{user(say("hi")), said(call("call.1/x", "f", "")), user(result("call.1/x", ""))}}, "messages.2.content.0.tool_use_id", `"call_1_x"`, ""},
		"a call without an id gets one":            {llm.Request{Messages: []llm.Message{user(say("hi")), said(call("", "f", ""), call("", "g", "")), user(result("", "g"), result("", "f"))}}, "messages.2.content.#.tool_use_id", `["toolu_2","toolu_1"]`, ""},
		"sound cannot be sent":                     {llm.Request{Messages: []llm.Message{user(say("hi"), media(llm.KindAudio, llm.Media{Data: "x"}))}}, "messages.0.content", `"hi"`, "part.audio"},
		"a data URL is taken apart":                {llm.Request{Messages: []llm.Message{user(media(llm.KindImage, llm.Media{URL: "data:image/png;base64,iVBORw0K", Detail: "low"}))}}, "messages.0.content.0.source", `{"type":"base64","media_type":"image/png","data":"iVBORw0K"}`, "image.detail"},
		"an image's type is told by its bytes":     {llm.Request{Messages: []llm.Message{user(media(llm.KindImage, llm.Media{Data: "/9j/4AAQ"}))}}, "messages.0.content.0.source.media_type", `"image/jpeg"`, ""},
		"another vendor's file":                    {llm.Request{Messages: []llm.Message{user(say("hi"), media(llm.KindDocument, llm.Media{FileID: "file-abc"}))}}, "messages.0.content", `"hi"`, "part.document"},
		"an office file":                           {llm.Request{Messages: []llm.Message{user(say("hi"), media(llm.KindDocument, llm.Media{MIME: "application/msword", Data: "AAAA"}))}}, "messages.0.content", `"hi"`, "part.document"},
		"a text file":                              {llm.Request{Messages: []llm.Message{user(media(llm.KindDocument, llm.Media{MIME: "text/csv", Data: "YSxi", Name: "t.csv"}))}}, "messages.0.content.0", `{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a,b"},"title":"t.csv"}`, ""},
		"another vendor's block":                   {llm.Request{Messages: []llm.Message{user(say("hi"), llm.Part{Kind: llm.KindOpaque, Opaque: &llm.Opaque{Format: llm.OpenAIResponses, Type: "item_reference", Raw: json.RawMessage("{}")}})}}, "messages.0.content", `"hi"`, "item_reference"},
		"another vendor's citation":                {llm.Request{Messages: []llm.Message{user(say("hi")), said(llm.Part{Text: "x", Citations: []llm.Citation{{URL: "u"}}})}}, "messages.1.content", `"x"`, "citations"},
		"a citation that was made here":            {llm.Request{Messages: []llm.Message{user(say("hi")), said(llm.Part{Text: "x", Citations: []llm.Citation{{Raw: json.RawMessage(`{"type":"web_search_result_location","encrypted_index":""}`), RawFormat: llm.AnthropicMessages}}})}}, "messages.1.content", `"x"`, "citations"},
		"Gemini's signature on a call":             {llm.Request{Messages: []llm.Message{user(say("hi")), said(llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: "c", Name: "f"}, Signature: "s", SignatureOf: llm.GeminiGenerate})}}, "messages.1.content.#", "1", "part.signature"},
		"a block of instructions of its own stays": {llm.Request{Messages: []llm.Message{user(say("hi")), {Role: llm.RoleSystem, Parts: []llm.Part{{Kind: llm.KindOpaque, Opaque: &llm.Opaque{Format: llm.AnthropicMessages, Type: "tool_addition", Raw: json.RawMessage(`{"type":"tool_addition"}`)}}}}}}, "messages.1", `{"role":"system","content":[{"type":"tool_addition"}]}`, ""},
		"instructions in the middle become a turn": {llm.Request{Messages: []llm.Message{user(say("hi")), said(say("x")), {Role: llm.RoleSystem, Parts: []llm.Part{say("Stop.")}}}}, "messages.2", `{"role":"user","content":"<system>\nStop.\n</system>"}`, "message.system_position"},
		"a refusal goes back as text":              {llm.Request{Messages: []llm.Message{user(say("hi")), said(llm.Part{Kind: llm.KindRefusal, Text: "No."})}}, "messages.1.content", `"No."`, ""},
		"stream false is left out":                 {llm.Request{Messages: hi}, "stream", "", ""},
		"a cache mark without a life":              {llm.Request{Messages: []llm.Message{user(llm.Part{Text: "hi", Cache: &llm.CacheMark{}})}}, "messages.0.content.0.cache_control", `{"type":"ephemeral"}`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body, lost, err := codec.EncodeRequest(&tt.req)
			if err != nil || !json.Valid(body) {
				t.Fatalf("EncodeRequest: %v: %s", err, body)
			}
			if got := gjson.GetBytes(body, tt.path).Raw; got != tt.want {
				t.Errorf("%s = %s; want %s\nin %s", tt.path, got, tt.want, body)
			}
			if got := strings.Join(lost, " "); got != tt.lost {
				t.Errorf("lost %q; want %q", got, tt.lost)
			}
		})
	}
}

func TestDecodeRequestSaysWhatIsWrong(t *testing.T) {
	tests := map[string]struct{ body, param string }{
		"no JSON":              {`{"model":`, ""},
		"no object":            {`[]`, ""},
		"no UTF-8":             {"{\"model\":\"\xff\"}", ""},
		"no messages":          {`{"max_tokens":1}`, "messages"},
		"empty messages":       {`{"max_tokens":1,"messages":[]}`, "messages"},
		"messages no list":     {`{"max_tokens":1,"messages":{}}`, "messages"},
		"no limit":             {`{"messages":[{"role":"user","content":"a"}]}`, "max_tokens"},
		"a limit in words":     {`{"max_tokens":"1","messages":[{"role":"user","content":"a"}]}`, "max_tokens"},
		"a broken limit":       {`{"max_tokens":1.5,"messages":[{"role":"user","content":"a"}]}`, "max_tokens"},
		"a role":               {`{"max_tokens":1,"messages":[{"role":"robot","content":"a"}]}`, "messages.0.role"},
		"no content":           {`{"max_tokens":1,"messages":[{"role":"user"}]}`, "messages.0.content"},
		"a block":              {`{"max_tokens":1,"messages":[{"role":"user","content":["a"]}]}`, "messages.0.content.0"},
		"a nested block":       {`{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"x","content":[{"type":"text"}]}]}]}`, "messages.0.content.0.content.0.text"},
		"a result of no call":  {`{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result"}]}]}`, "messages.0.content.0.tool_use_id"},
		"a call of no tool":    {`{"max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"tool_use"}]}]}`, "messages.0.content.0.name"},
		"a tool without name":  {`{"max_tokens":1,"tools":[{}],"messages":[{"role":"user","content":"a"}]}`, "tools.0.name"},
		"a choice":             {`{"max_tokens":1,"tool_choice":{"type":"maybe"},"messages":[{"role":"user","content":"a"}]}`, "tool_choice.type"},
		"thinking":             {`{"max_tokens":1,"thinking":{"type":"hard"},"messages":[{"role":"user","content":"a"}]}`, "thinking.type"},
		"thinking by no limit": {`{"max_tokens":1,"thinking":{"type":"enabled"},"messages":[{"role":"user","content":"a"}]}`, "thinking.budget_tokens"},
		"temperature":          {`{"max_tokens":1,"temperature":"hot","messages":[{"role":"user","content":"a"}]}`, "temperature"},
		"stream":               {`{"max_tokens":1,"stream":"yes","messages":[{"role":"user","content":"a"}]}`, "stream"},
		"stop":                 {`{"max_tokens":1,"stop_sequences":[1],"messages":[{"role":"user","content":"a"}]}`, "stop_sequences"},
		"an image in system":   {`{"max_tokens":1,"system":[{"type":"image","source":{}}],"messages":[{"role":"user","content":"a"}]}`, "system"},
		"nested too deep":      {`{"messages":` + strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20) + `}`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := codec.DecodeRequest([]byte(tt.body))
			if !fault.Is(err, fault.Invalid) || fault.As(err).Param != tt.param {
				t.Errorf("DecodeRequest = %v; want an invalid %q", err, tt.param)
			}
		})
	}
}

func TestDecodeRequestReadsSettings(t *testing.T) {
	const head = `{"model":"m","max_tokens":100,"messages":[{"role":"user","content":"a"}],`
	base := func(edit func(*llm.Request)) *llm.Request {
		r := &llm.Request{Model: "m", MaxTokens: ptr[int64](100), Messages: []llm.Message{user(say("a"))}}
		edit(r)
		return r
	}
	tests := map[string]struct {
		field string
		want  *llm.Request
	}{
		"thinking by a budget": {`"thinking":{"type":"enabled","budget_tokens":50}`, base(func(r *llm.Request) { r.Reasoning = &llm.Reasoning{Budget: ptr[int64](50)} })},
		"adaptive with effort": {`"output_config":{"effort":"max"},"thinking":{"type":"adaptive","display":"summarized"}`, base(func(r *llm.Request) { r.Reasoning = &llm.Reasoning{Adaptive: true, Effort: "max", Show: true} })},
		"hidden thoughts": {`"thinking":{"type":"adaptive","display":"omitted"}`, base(func(r *llm.Request) {
			r.Reasoning = &llm.Reasoning{Adaptive: true}
			r.Unknown = llm.Lost{"thinking.display"}
		})},
		"thinking off":     {`"thinking":{"type":"disabled"}`, base(func(r *llm.Request) { r.Reasoning = &llm.Reasoning{Off: true} })},
		"the older format": {`"output_format":{"type":"json_schema","schema":{}}`, base(func(r *llm.Request) { r.Output = llm.OutputShape{Kind: "schema", Schema: json.RawMessage("{}")} })},
		"any tool, one call": {`"tool_choice":{"type":"any","disable_parallel_tool_use":true}`, base(func(r *llm.Request) {
			r.ToolChoice.Mode = "required"
			r.ParallelTools = ptr(false)
		})},
		"no tool":         {`"tool_choice":{"type":"none"}`, base(func(r *llm.Request) { r.ToolChoice.Mode = "none" })},
		"one tool":        {`"tool_choice":{"type":"tool","name":"f"}`, base(func(r *llm.Request) { r.ToolChoice = llm.ToolChoice{Mode: "tool", Name: "f"} })},
		"nulls":           {`"system":null,"tools":null,"temperature":null,"container":null`, base(func(*llm.Request) {})},
		"an empty string": {`"system":""`, base(func(*llm.Request) {})},
		"unknown fields": {`"anthropic_beta":["x"],"metadata":{"user_id":"u","team":"t"}`, base(func(r *llm.Request) {
			r.User = "u"
			r.Unknown = llm.Lost{"anthropic_beta", "metadata.team"}
		})},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := codec.DecodeRequest([]byte(head + tt.field + "}"))
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", tt.field, err, diff)
			}
		})
	}
}

func TestCountNeedsNoLimit(t *testing.T) {
	r, err := anthropic.DecodeCount([]byte(`{"model":"m","messages":[{"role":"user","content":"a"}]}`))
	if err != nil || r.MaxTokens != nil || r.Model != "m" {
		t.Errorf("DecodeCount = %+v, %v", r, err)
	}
	if got := string(anthropic.EncodeCount(12)); got != `{"input_tokens":12}` {
		t.Errorf("EncodeCount = %s", got)
	}
	if _, ok := anthropic.MeasureCount([]byte(`{"input_tokens":null}`)); ok {
		t.Error("MeasureCount found a count where there is none")
	}
}

// TestForeignThoughtsComeBack sends another provider's signed reasoning through a
// caller that speaks Anthropic.
func TestForeignThoughtsComeBack(t *testing.T) {
	tests := map[string]llm.Part{
		"Gemini's signature":        thought("hm", llm.ReasoningBlock{Signature: "c2ln+/=", Issuer: llm.GeminiGenerate}),
		"a signature alone":         thought("", llm.ReasoningBlock{Signature: "s", Issuer: llm.GeminiGenerate}),
		"OpenAI's encrypted":        thought("sum", llm.ReasoningBlock{ID: "rs_1", Encrypted: "e", Summary: true, Issuer: llm.OpenAIResponses}),
		"Bedrock's redacted":        thought("", llm.ReasoningBlock{Encrypted: "e", Redacted: true, Issuer: llm.BedrockConverse}),
		"Anthropic's own":           thought("hm", llm.ReasoningBlock{Signature: "s", Issuer: llm.AnthropicMessages}),
		"Anthropic's own, redacted": thought("", llm.ReasoningBlock{Encrypted: "e", Redacted: true, Issuer: llm.AnthropicMessages}),
	}
	for name, part := range tests {
		t.Run(name, func(t *testing.T) {
			resp := &llm.Response{Parts: []llm.Part{part}, Finish: llm.FinishStop}
			whole, lost, err := codec.EncodeResponse(resp, nil)
			if err != nil || len(lost) > 0 {
				t.Fatalf("EncodeResponse: lost %v, %v", lost, err)
			}
			streamed, err := llm.Collect(codec.DecodeStream(strings.NewReader(encodeStream(t, resp.Events()))))
			if err != nil {
				t.Fatal(err)
			}
			again, _, _ := codec.EncodeResponse(streamed, nil)
			for _, body := range [][]byte{whole, again} {
				req, err := codec.DecodeRequest([]byte(`{"max_tokens":1,"messages":[{"role":"assistant","content":` + gjson.GetBytes(body, "content").Raw + `}]}`))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]llm.Part{part}, req.Messages[0].Parts); diff != "" {
					t.Errorf("came back (-sent +got):\n%s", diff)
				}
			}
		})
	}
}
