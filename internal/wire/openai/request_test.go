package openai_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/openai"
)

func ptr[T any](v T) *T { return &v }

func user(parts ...llm.Part) []llm.Message {
	return []llm.Message{{Role: llm.RoleUser, Parts: parts}}
}

func TestRequestsThatAreRefused(t *testing.T) {
	tests := map[string]struct{ body, param string }{
		"no JSON":                  {`{"model":`, ""},
		"a list":                   {`[]`, ""},
		"nothing":                  {``, ""},
		"no messages":              {`{"model":"m"}`, "messages"},
		"messages no list":         {`{"messages":"hi"}`, "messages"},
		"a message no object":      {`{"messages":["hi"]}`, "messages[0]"},
		"an unknown role":          {`{"messages":[{"role":"user","content":"a"},{"role":"king","content":"b"}]}`, "messages[1].role"},
		"content that is a number": {`{"messages":[{"role":"user","content":7}]}`, "messages[0].content"},
		"temperature in words":     {`{"temperature":"hot","messages":[]}`, "temperature"},
		"half a token":             {`{"max_tokens":1.5,"messages":[]}`, "max_tokens"},
		"stream in words":          {`{"stream":"yes","messages":[]}`, "stream"},
		"tools no list":            {`{"tools":{},"messages":[]}`, "tools"},
		"a function without name":  {`{"tools":[{"type":"function","function":{}}],"messages":[]}`, "tools[0].function.name"},
		"an unknown tool choice":   {`{"tool_choice":"maybe","messages":[]}`, "tool_choice"},
		"a schema that is none":    {`{"response_format":{"type":"json_schema"},"messages":[]}`, "response_format.json_schema"},
		"stop is a number":         {`{"stop":3,"messages":[]}`, "stop"},
		"model is a number":        {`{"model":3,"messages":[]}`, "model"},
		"nested beyond reason":     {strings.Repeat("[", 1<<20), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := openai.Chat().DecodeRequest([]byte(tt.body))
			f := fault.As(err)
			if f == nil || f.Kind != fault.Invalid || f.Param != tt.param {
				t.Errorf("DecodeRequest = %+v; want invalid at %q", f, tt.param)
			}
		})
	}
}

func TestRequestVariants(t *testing.T) {
	tests := map[string]struct {
		field string
		want  func(*llm.Request)
	}{
		"effort none":          {`"reasoning_effort":"none"`, func(r *llm.Request) { r.Reasoning = &llm.Reasoning{Off: true} }},
		"effort default":       {`"reasoning_effort":"default"`, func(r *llm.Request) {}},
		"thinking disabled":    {`"thinking":{"type":"disabled"}`, func(r *llm.Request) { r.Reasoning = &llm.Reasoning{Off: true} }},
		"qwen's switch":        {`"enable_thinking":false`, func(r *llm.Request) { r.Reasoning = &llm.Reasoning{Off: true} }},
		"openrouter's effort":  {`"reasoning":{"effort":"high","max_tokens":null}`, func(r *llm.Request) { r.Reasoning = &llm.Reasoning{Effort: "high"} }},
		"one stop":             {`"stop":"a"`, func(r *llm.Request) { r.Stop = []string{"a"} }},
		"no stop":              {`"stop":null`, func(r *llm.Request) {}},
		"json mode":            {`"response_format":{"type":"json_object"}`, func(r *llm.Request) { r.Output.Kind = "json" }},
		"text mode":            {`"response_format":{"type":"text"}`, func(r *llm.Request) {}},
		"a grammar":            {`"response_format":{"type":"grammar"}`, func(r *llm.Request) { r.Unknown = llm.Lost{"response_format"} }},
		"one answer":           {`"n":1`, func(r *llm.Request) {}},
		"many answers":         {`"n":3`, func(r *llm.Request) { r.Unknown = llm.Lost{"n"} }},
		"choice of one tool":   {`"tool_choice":{"type":"function","function":{"name":"f"}}`, func(r *llm.Request) { r.ToolChoice = llm.ToolChoice{Mode: "tool", Name: "f"} }},
		"choice of a custom":   {`"tool_choice":{"type":"custom","custom":{"name":"f"}}`, func(r *llm.Request) { r.ToolChoice = llm.ToolChoice{Mode: "tool", Name: "f"} }},
		"choice none":          {`"tool_choice":"none"`, func(r *llm.Request) { r.ToolChoice.Mode = "none" }},
		"allowed tools":        {`"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}}`, func(r *llm.Request) { r.ToolChoice = llm.ToolChoice{Mode: "allowed", Allowed: []string{"f"}} }},
		"whole number as 1e2":  {`"max_tokens":1e2`, func(r *llm.Request) { r.MaxTokens = ptr(int64(100)) }},
		"new limit comes last": {`"max_tokens":7,"max_completion_tokens":8`, func(r *llm.Request) { r.MaxTokens = ptr(int64(8)) }},
		"new limit is first":   {`"max_completion_tokens":8,"max_tokens":7`, func(r *llm.Request) { r.MaxTokens = ptr(int64(8)) }},
		"usage in the stream":  {`"stream_options":{"include_usage":true}`, func(r *llm.Request) { r.StreamUsage = true }},
		"an escape of no kind": {`"user":"a\qb\u12"`, func(r *llm.Request) { r.User = `a\qb\u12` }},
		"half a surrogate":     {`"user":"\ud83dx\ude00\ud83d\ude00"`, func(r *llm.Request) { r.User = "\ufffdx\ufffd😀" }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := openai.Chat().DecodeRequest([]byte(`{"model":"m","messages":[{"role":"user","content":"hi"}],` + tt.field + `}`))
			if err != nil {
				t.Fatal(err)
			}
			want := &llm.Request{Model: "m", Messages: user(llm.Part{Text: "hi"})}
			tt.want(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.field, diff)
			}
		})
	}
}

func TestEveryLossIsDeclared(t *testing.T) {
	foreign := &llm.Opaque{Format: llm.AnthropicMessages, Type: "web_search_tool_result", Raw: json.RawMessage(`{}`)}
	tests := map[string]struct {
		req  llm.Request
		want llm.Lost
	}{
		"nothing":         {llm.Request{Messages: user(llm.Part{Text: "a"})}, nil},
		"top k":           {llm.Request{TopK: ptr(int64(3))}, llm.Lost{"top_k"}},
		"cache marks":     {llm.Request{System: []llm.Part{{Text: "a", Cache: &llm.CacheMark{}}}}, llm.Lost{"cache_control"}},
		"marks on tools":  {llm.Request{Tools: []llm.Tool{{Name: "f", Cache: &llm.CacheMark{}}}}, llm.Lost{"cache_control"}},
		"marks on parts":  {llm.Request{Messages: user(llm.Part{Text: "a", Cache: &llm.CacheMark{}})}, llm.Lost{"cache_control"}},
		"budget":          {llm.Request{Reasoning: &llm.Reasoning{Budget: ptr(int64(9))}}, llm.Lost{"reasoning.budget"}},
		"adaptive":        {llm.Request{Reasoning: &llm.Reasoning{Adaptive: true, Show: true, Summary: "auto", Encrypted: true}}, llm.Lost{"reasoning.adaptive", "reasoning.summary", "reasoning.show", "reasoning.encrypted"}},
		"effort max":      {llm.Request{Reasoning: &llm.Reasoning{Effort: "max"}}, llm.Lost{"reasoning.effort"}},
		"foreign tool":    {llm.Request{Tools: []llm.Tool{{Opaque: foreign}}}, llm.Lost{"tool.web_search_tool_result"}},
		"foreign block":   {llm.Request{Messages: user(llm.Part{Kind: llm.KindOpaque, Opaque: foreign})}, llm.Lost{"part.web_search_tool_result"}},
		"document by URL": {llm.Request{Messages: user(llm.Part{Kind: llm.KindDocument, Media: &llm.Media{URL: "https://example.com"}})}, llm.Lost{"part.document"}},
		"foreign file":    {llm.Request{Messages: user(llm.Part{Kind: llm.KindDocument, Media: &llm.Media{FileID: "file_011"}})}, llm.Lost{"part.document"}},
		"plain document":  {llm.Request{Messages: user(llm.Part{Kind: llm.KindDocument, Media: &llm.Media{Plain: "text"}})}, llm.Lost{"document.plain"}},
		"image by file":   {llm.Request{Messages: user(llm.Part{Kind: llm.KindImage, Media: &llm.Media{FileID: "f"}})}, llm.Lost{"part.image"}},
		"audio by URL":    {llm.Request{Messages: user(llm.Part{Kind: llm.KindAudio, Media: &llm.Media{URL: "https://example.com"}})}, llm.Lost{"part.audio"}},
		"image in a result": {llm.Request{Messages: user(llm.Part{Kind: llm.KindToolResult, Result: &llm.ToolResult{CallID: "c", IsError: true,
			Parts: []llm.Part{{Kind: llm.KindImage, Media: &llm.Media{Data: "x"}}}}})}, llm.Lost{"tool_result.is_error", "tool_result.image"}},
		"signed thought": {llm.Request{Messages: []llm.Message{{Role: llm.RoleAssistant, Parts: []llm.Part{
			{Kind: llm.KindReasoning, Text: "t", Reasoning: &llm.ReasoningBlock{Signature: "s", Issuer: llm.AnthropicMessages}}}}}}, llm.Lost{"reasoning.signature"}},
		"thought for a model that takes none": {llm.Request{Model: "gpt-4o", Messages: []llm.Message{{Role: llm.RoleAssistant, Parts: []llm.Part{
			{Kind: llm.KindReasoning, Text: "t"}}}}}, llm.Lost{"part.reasoning"}},
		"foreign signature": {llm.Request{Messages: []llm.Message{{Role: llm.RoleAssistant, Parts: []llm.Part{
			{Text: "t", Signature: "s", SignatureOf: llm.BedrockConverse}}}}}, llm.Lost{"part.signature"}},
		"citations":        {llm.Request{Messages: []llm.Message{{Role: llm.RoleAssistant, Parts: []llm.Part{{Text: "t", Citations: []llm.Citation{{URL: "u"}}}}}}}, llm.Lost{"citations"}},
		"unknown fields":   {llm.Request{Unknown: llm.Lost{"logit_bias", "n"}}, llm.Lost{"logit_bias", "n"}},
		"image in system":  {llm.Request{Messages: []llm.Message{{Role: llm.RoleSystem, Parts: []llm.Part{{Kind: llm.KindImage, Media: &llm.Media{Data: "x"}}}}}}, llm.Lost{"part.image"}},
		"bodiless parts":   {llm.Request{Messages: user(llm.Part{Kind: llm.KindImage}, llm.Part{Kind: llm.KindOpaque}, llm.Part{Kind: llm.KindToolCall}, llm.Part{Kind: 200})}, llm.Lost{"part.image", "part.opaque", "part.tool_call", "part.unknown"}},
		"a shape of none":  {llm.Request{Output: llm.OutputShape{Kind: "grammar"}}, llm.Lost{"response_format"}},
		"result for model": {llm.Request{Messages: []llm.Message{{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.KindToolResult}}}}}, llm.Lost{"part.tool_result"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body, lost, err := openai.Chat().EncodeRequest(&tt.req)
			if err != nil || !json.Valid(body) {
				t.Fatalf("EncodeRequest: %v, %s", err, body)
			}
			if diff := cmp.Diff(tt.want, lost); diff != "" {
				t.Errorf("lost (-want +got):\n%s\nin %s", diff, body)
			}
		})
	}
}

func TestTheNameOfTheTokenLimit(t *testing.T) {
	tests := map[string]struct {
		model     string
		reasoning *llm.Reasoning
		want      string
	}{
		"an old model":         {"gpt-4o", nil, "max_tokens"},
		"a served model":       {"llama-3", nil, "max_tokens"},
		"o-series":             {"o3-mini", nil, "max_completion_tokens"},
		"gpt-5":                {"gpt-5.2-pro", nil, "max_completion_tokens"},
		"gpt-10 one day":       {"gpt-10", nil, "max_completion_tokens"},
		"behind a vendor":      {"openai/o1", nil, "max_completion_tokens"},
		"open weights":         {"openai/gpt-oss-120b", nil, "max_tokens"},
		"olmo is not o-series": {"olmo-2", nil, "max_tokens"},
		"asked to think":       {"anything", &llm.Reasoning{Effort: "low"}, "max_completion_tokens"},
		"no model":             {"", nil, "max_tokens"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body, _, err := openai.Chat().EncodeRequest(&llm.Request{Model: tt.model, Reasoning: tt.reasoning, MaxTokens: ptr(int64(5))})
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"max_tokens", "max_completion_tokens"} {
				if got := gjson.GetBytes(body, key).Exists(); got != (key == tt.want) {
					t.Errorf("%s: %s", tt.model, body)
				}
			}
		})
	}
}

func TestBudgetsBecomeEffortWhereTheModelThinks(t *testing.T) {
	for model, want := range map[string]string{"gpt-5": "medium", "gpt-4o": ""} {
		body, lost, err := openai.Chat().EncodeRequest(&llm.Request{Model: model, Reasoning: &llm.Reasoning{Budget: ptr(int64(8000))}})
		if err != nil {
			t.Fatal(err)
		}
		if got := gjson.GetBytes(body, "reasoning_effort").Str; got != want || len(lost) != 1 {
			t.Errorf("%s: effort %q, lost %v; want %q", model, got, lost, want)
		}
	}
}

func TestResultsFollowTheirCallsAtOnce(t *testing.T) {
	result := func(id string) llm.Part {
		return llm.Part{Kind: llm.KindToolResult, Result: &llm.ToolResult{CallID: id, Parts: []llm.Part{{Text: id}}}}
	}
	body, _, err := openai.Chat().EncodeRequest(&llm.Request{Messages: user(llm.Part{Text: "and"}, result("a"), result("b"), llm.Part{Text: "then"})})
	if err != nil {
		t.Fatal(err)
	}
	want := `["tool","tool","user"]`
	if got := gjson.GetBytes(body, "messages.#.role").Raw; got != want {
		t.Errorf("roles %s; want %s", got, want)
	}
}

func TestABrokenPieceIsAFault(t *testing.T) {
	_, _, err := openai.Chat().EncodeRequest(&llm.Request{Tools: []llm.Tool{{Name: "f", Schema: json.RawMessage(`{"a`)}}})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("EncodeRequest with a broken schema: %v", err)
	}
}
