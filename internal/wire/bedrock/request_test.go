package bedrock_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

func ptr[T any](v T) *T { return &v }

func ask(text string) []llm.Message {
	return []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.KindText, Text: text}}}}
}

// TestModelFamilies: what each family is told in its own words.
func TestModelFamilies(t *testing.T) {
	const (
		claude37, claude45 = "us.anthropic.claude-3-7-sonnet-20250219-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
		claude46, claude47 = "global.anthropic.claude-opus-4-6-v1", "anthropic.claude-opus-4-7"
		haiku3, claude2    = "anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-v2:1"
		nova, nova2        = "us.amazon.nova-pro-v1:0", "us.amazon.nova-2-lite-v1:0"
		gptOSS, qwen       = "openai.gpt-oss-120b-1:0", "qwen.qwen3-32b-v1:0"
		llama, deepseek    = "us.meta.llama4-maverick-17b-instruct-v1:0", "us.deepseek.r1-v1:0"
		alias              = "arn:aws:bedrock:us-east-1:1:application-inference-profile/otnfa2ysixqd"
	)
	budget := func(n int64) *llm.Reasoning { return &llm.Reasoning{Budget: &n} }
	effort := func(e string) *llm.Reasoning { return &llm.Reasoning{Effort: e} }
	tests := map[string]struct {
		model string
		req   llm.Request
		extra string // additionalModelRequestFields
		lost  []string
	}{
		"a budget, for a model that has them":     {claude37, llm.Request{Reasoning: budget(2000)}, `{"thinking":{"type":"enabled","budget_tokens":2000}}`, nil},
		"a budget below the least":                {claude37, llm.Request{Reasoning: budget(100)}, `{"thinking":{"type":"enabled","budget_tokens":1024}}`, []string{"reasoning.budget"}},
		"a budget that would take all":            {claude37, llm.Request{Reasoning: budget(5000), MaxTokens: ptr(int64(4000))}, `{"thinking":{"type":"enabled","budget_tokens":2000}}`, []string{"reasoning.budget"}},
		"a budget without room":                   {claude37, llm.Request{Reasoning: budget(5000), MaxTokens: ptr(int64(500))}, ``, []string{"reasoning"}},
		"an effort, for a model that has budgets": {claude45, llm.Request{Reasoning: effort("high")}, `{"thinking":{"type":"enabled","budget_tokens":16384}}`, nil},
		"an effort, for a model that has them":    {claude46, llm.Request{Reasoning: effort("low")}, `{"output_config":{"effort":"low"},"thinking":{"type":"adaptive"}}`, nil},
		"an effort that is not known":             {claude46, llm.Request{Reasoning: effort("minimal")}, `{"output_config":{"effort":"low"},"thinking":{"type":"adaptive"}}`, []string{"reasoning.effort"}},
		"adaptive, for a model that has budgets":  {claude45, llm.Request{Reasoning: &llm.Reasoning{Adaptive: true}}, `{"thinking":{"type":"enabled","budget_tokens":8192}}`, []string{"reasoning.adaptive"}},
		"a budget, for a model that refuses them": {claude47, llm.Request{Reasoning: budget(20000)}, `{"output_config":{"effort":"high"},"thinking":{"type":"adaptive"}}`, []string{"reasoning.budget"}},
		"off":                                         {claude45, llm.Request{Reasoning: &llm.Reasoning{Off: true}}, `{"thinking":{"type":"disabled"}}`, nil},
		"off, for a model that never thinks":          {haiku3, llm.Request{Reasoning: &llm.Reasoning{Off: true}}, ``, nil},
		"thinking, for a model that cannot":           {haiku3, llm.Request{Reasoning: effort("low")}, ``, []string{"reasoning"}},
		"thinking, for the oldest":                    {claude2, llm.Request{Reasoning: budget(2000)}, ``, []string{"reasoning"}},
		"thoughts shown, but not asked for":           {claude45, llm.Request{Reasoning: &llm.Reasoning{Show: true}}, ``, nil},
		"a forced tool forbids a budget":              {claude45, llm.Request{Reasoning: budget(2000), Tools: []llm.Tool{{Name: "a"}}, ToolChoice: llm.ToolChoice{Mode: "required"}}, ``, []string{"reasoning"}},
		"an effort, for Nova 2":                       {nova2, llm.Request{Reasoning: effort("high")}, `{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}}`, nil},
		"an effort, for Nova 2 with a limit":          {nova2, llm.Request{Reasoning: effort("high"), MaxTokens: ptr(int64(9))}, `{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"medium"}}`, []string{"reasoning.effort"}},
		"a budget, for Nova 2":                        {nova2, llm.Request{Reasoning: budget(9000)}, `{"reasoningConfig":{"type":"enabled","maxReasoningEffort":"medium"}}`, []string{"reasoning.budget"}},
		"off, for Nova 2":                             {nova2, llm.Request{Reasoning: &llm.Reasoning{Off: true}}, `{"reasoningConfig":{"type":"disabled"}}`, nil},
		"an effort, for Nova 1":                       {nova, llm.Request{Reasoning: effort("low")}, ``, []string{"reasoning"}},
		"an effort, for gpt-oss":                      {gptOSS, llm.Request{Reasoning: effort("xhigh")}, `{"reasoning_effort":"high"}`, []string{"reasoning.effort"}},
		"off, for gpt-oss":                            {gptOSS, llm.Request{Reasoning: &llm.Reasoning{Off: true}}, `{"reasoning_effort":"low"}`, []string{"reasoning"}},
		"an effort, for Qwen":                         {qwen, llm.Request{Reasoning: effort("medium")}, `{"reasoning_config":"medium"}`, nil},
		"off, for Qwen":                               {qwen, llm.Request{Reasoning: effort("none")}, ``, nil},
		"an effort, for one that always thinks":       {deepseek, llm.Request{Reasoning: effort("low")}, ``, []string{"reasoning"}},
		"Claude's own words, for an alias":            {alias, llm.Request{Reasoning: budget(2000)}, `{"thinking":{"type":"enabled","budget_tokens":2000}}`, nil},
		"an effort, for an alias":                     {alias, llm.Request{Reasoning: effort("low")}, ``, []string{"reasoning"}},
		"top_k, for Claude":                           {claude45, llm.Request{TopK: ptr(int64(5))}, `{"top_k":5}`, nil},
		"top_k, for a Claude that thinks":             {claude45, llm.Request{TopK: ptr(int64(5)), Reasoning: budget(2000)}, `{"thinking":{"type":"enabled","budget_tokens":2000}}`, []string{"top_k"}},
		"top_k, for Nova":                             {nova, llm.Request{TopK: ptr(int64(5))}, `{"inferenceConfig":{"topK":5}}`, nil},
		"top_k, for Llama":                            {llama, llm.Request{TopK: ptr(int64(5))}, ``, []string{"top_k"}},
		"a temperature, for a Claude that thinks":     {claude45, llm.Request{Temperature: ptr(0.5), Reasoning: budget(2000)}, `{"thinking":{"type":"enabled","budget_tokens":2000}}`, []string{"temperature"}},
		"an opaque tool and a shape of other formats": {claude45, llm.Request{Tools: []llm.Tool{{Opaque: &llm.Opaque{Format: llm.OpenAIResponses, Type: "web_search"}}}, Output: llm.OutputShape{Kind: "json"}}, ``, []string{"tools.web_search", "output.json"}},
		"a service tier that is not Bedrock's":        {claude45, llm.Request{ServiceTier: "scale"}, ``, []string{"service_tier"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.req.Model, tt.req.Messages = tt.model, ask("hi")
			body, lost, err := codec.EncodeRequest(&tt.req)
			if err != nil {
				t.Fatal(err)
			}
			if got := gjson.GetBytes(body, "additionalModelRequestFields").Raw; got != tt.extra {
				t.Errorf("extra fields %s, want %s", got, tt.extra)
			}
			if !slices.Equal(lost, tt.lost) {
				t.Errorf("lost %v, want %v", lost, tt.lost)
			}
		})
	}
}

func TestSampling(t *testing.T) {
	tests := map[string]struct {
		model     string
		temp, top *float64
		want      string
		lost      []string
	}{
		"both, for Nova":                 {"amazon.nova-pro-v1:0", ptr(0.2), ptr(0.9), `{"temperature":0.2,"topP":0.9}`, nil},
		"both, for a newer Claude":       {"anthropic.claude-sonnet-4-5-v1:0", ptr(0.2), ptr(0.9), `{"temperature":0.2}`, []string{"top_p"}},
		"both, for an older Claude":      {"anthropic.claude-3-5-sonnet-v1:0", ptr(0.2), ptr(0.9), `{"temperature":0.2,"topP":0.9}`, nil},
		"none is taken":                  {"anthropic.claude-opus-4-7", ptr(0.2), ptr(0.9), ``, []string{"temperature", "top_p"}},
		"defaults go without a word":     {"anthropic.claude-opus-4-7", ptr(1.0), ptr(1.0), ``, nil},
		"more than Bedrock's highest":    {"amazon.nova-pro-v1:0", ptr(1.7), nil, `{"temperature":1}`, []string{"temperature"}},
		"a top_p that is none is let go": {"amazon.nova-pro-v1:0", nil, ptr(1.5), ``, []string{"top_p"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body, lost, err := codec.EncodeRequest(&llm.Request{Model: tt.model, Messages: ask("hi"), Temperature: tt.temp, TopP: tt.top})
			if err != nil {
				t.Fatal(err)
			}
			if got := gjson.GetBytes(body, "inferenceConfig").Raw; got != tt.want || !slices.Equal(lost, tt.lost) {
				t.Errorf("%s, lost %v; want %s, %v", got, lost, tt.want, tt.lost)
			}
		})
	}
}

func TestCachePoints(t *testing.T) {
	marked := func(ttl string) *llm.Request {
		return &llm.Request{
			System:   []llm.Part{{Kind: llm.KindText, Text: "s", Cache: &llm.CacheMark{TTL: ttl}}},
			Messages: ask("hi"), Tools: []llm.Tool{{Name: "a", Cache: &llm.CacheMark{}}},
		}
	}
	tests := map[string]struct {
		model, ttl, system string
		tools              int64
		lost               []string
	}{
		"a Claude that knows lives":        {"anthropic.claude-sonnet-4-5-v1:0", "1h", `{"type":"default","ttl":"1h"}`, 2, nil},
		"a Claude that knows but one":      {"anthropic.claude-3-7-sonnet-v1:0", "1h", `{"type":"default"}`, 2, []string{"cache_control.ttl"}},
		"the life that is the default":     {"anthropic.claude-3-7-sonnet-v1:0", "5m", `{"type":"default"}`, 2, nil},
		"a Claude without a cache":         {"anthropic.claude-3-haiku-v1:0", "", ``, 1, []string{"cache_control"}},
		"Nova, which caches no tools":      {"amazon.nova-pro-v1:0", "", `{"type":"default"}`, 1, []string{"cache_control"}},
		"a model without a cache":          {"mistral.pixtral-large-2502-v1:0", "", ``, 1, []string{"cache_control"}},
		"a model of which nothing is said": {"my-alias", "1h", `{"type":"default","ttl":"1h"}`, 2, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			req := marked(tt.ttl)
			req.Model = tt.model
			body, lost, err := codec.EncodeRequest(req)
			if err != nil {
				t.Fatal(err)
			}
			v := gjson.GetManyBytes(body, "system.1.cachePoint", "toolConfig.tools.#")
			if v[0].Raw != tt.system || v[1].Int() != tt.tools || !slices.Equal(lost, tt.lost) {
				t.Errorf("%s\nlost %v; want %s, %d tools, %v", body, lost, tt.system, tt.tools, tt.lost)
			}
		})
	}
}

func TestDocumentNames(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"allowed":            {"Report (a) [b]-c 7", "Report (a) [b]-c 7"},
		"its own ending":     {"report.pdf", "report"},
		"other characters":   {"q3_rep*/ort", "q3-rep-ort"},
		"spaces":             {"  a \t\n b  ", "a b"},
		"nothing allowed":    {"報告書", "Document"},
		"none":               {"", "Document"},
		"an injected prompt": {"ignore; <b>all</b>", "ignore- -b-all-b-"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			doc := llm.Part{Kind: llm.KindDocument, Media: &llm.Media{MIME: "application/pdf", Data: "JVBERi0=", Name: tt.in}}
			body, _, err := codec.EncodeRequest(&llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{doc, doc, doc}}}})
			if err != nil {
				t.Fatal(err)
			}
			got := gjson.GetBytes(body, "messages.0.content.#.document.name").Raw
			if want, _ := json.Marshal([]string{tt.want, tt.want + " 2", tt.want + " 3"}); got != string(want) {
				t.Errorf("names %s, want %s", got, want)
			}
			if gjson.GetBytes(body, "messages.0.content.3.text").String() != tt.want {
				t.Errorf("no text goes with the documents: %s", body)
			}
		})
	}
	long := strings.Repeat("x", 300)
	parts := []llm.Part{{Kind: llm.KindText, Text: "t"}}
	for range 12 {
		parts = append(parts, llm.Part{Kind: llm.KindDocument, Media: &llm.Media{MIME: "text/plain", Plain: "p", Name: long}})
	}
	body, _, _ := codec.EncodeRequest(&llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Parts: parts}}})
	seen := map[string]bool{}
	for _, n := range gjson.GetBytes(body, "messages.0.content.#.document.name").Array() {
		if seen[n.Str] || len(n.Str) > 200 {
			t.Errorf("name of %d characters, seen %v", len(n.Str), seen[n.Str])
		}
		seen[n.Str] = true
	}
	if len(seen) != 12 {
		t.Errorf("%d names", len(seen))
	}
}

func TestMedia(t *testing.T) {
	tests := map[string]struct {
		part llm.Part
		want string // the block, "" where it is lost
		lost []string
	}{
		"a picture by its first bytes":     {llm.Part{Kind: llm.KindImage, Media: &llm.Media{Data: "/9j/4AAQ"}}, `{"image":{"format":"jpeg","source":{"bytes":"/9j/4AAQ"}}}`, nil},
		"a picture of an unusual name":     {llm.Part{Kind: llm.KindImage, Media: &llm.Media{MIME: "image/JPG; q=1", Data: "AA=="}}, `{"image":{"format":"jpeg","source":{"bytes":"AA=="}}}`, nil},
		"a picture in S3":                  {llm.Part{Kind: llm.KindImage, Media: &llm.Media{URL: "s3://b/x.jpg"}}, `{"image":{"format":"jpeg","source":{"s3Location":{"uri":"s3://b/x.jpg"}}}}`, nil},
		"a picture on the web":             {llm.Part{Kind: llm.KindImage, Media: &llm.Media{URL: "https://e.org/x.jpg"}}, ``, []string{"part.image"}},
		"a picture of a format not taken":  {llm.Part{Kind: llm.KindImage, Media: &llm.Media{MIME: "image/tiff", Data: "AA=="}}, ``, []string{"part.image"}},
		"an upload known to another":       {llm.Part{Kind: llm.KindDocument, Media: &llm.Media{FileID: "file_1"}}, ``, []string{"part.document"}},
		"a film":                           {llm.Part{Kind: llm.KindVideo, Media: &llm.Media{MIME: "video/mp4", Data: "AA=="}}, `{"video":{"format":"mp4","source":{"bytes":"AA=="}}}`, nil},
		"a sound":                          {llm.Part{Kind: llm.KindAudio, Media: &llm.Media{MIME: "audio/wav", Data: "AA=="}}, `{"audio":{"format":"wav","source":{"bytes":"AA=="}}}`, nil},
		"a source file, which is a text":   {llm.Part{Kind: llm.KindDocument, Media: &llm.Media{MIME: "text/x-go", Data: "AA==", Name: "a"}}, `{"document":{"format":"txt","name":"a","source":{"bytes":"AA=="}}}`, nil},
		"a document by its name":           {llm.Part{Kind: llm.KindDocument, Media: &llm.Media{Data: "AA==", Name: "a.DOCX"}}, `{"document":{"format":"docx","name":"a-DOCX","source":{"bytes":"AA=="}}}`, nil},
		"a document that nothing tells of": {llm.Part{Kind: llm.KindDocument, Media: &llm.Media{Data: "AA=="}}, ``, []string{"part.document"}},
		"a block of another format":        {llm.Part{Kind: llm.KindOpaque, Opaque: &llm.Opaque{Format: llm.GeminiGenerate, Type: "executableCode"}}, ``, []string{"executableCode"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text := llm.Part{Kind: llm.KindText, Text: "t"}
			body, lost, err := codec.EncodeRequest(&llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{text, tt.part}}}})
			if err != nil {
				t.Fatal(err)
			}
			if got := gjson.GetBytes(body, "messages.0.content.1").Raw; got != tt.want || !slices.Equal(lost, tt.lost) {
				t.Errorf("%s, lost %v; want %s, %v", got, lost, tt.want, tt.lost)
			}
		})
	}
}

// TestUnknownIsAlwaysLost holds for every encoder of requests.
func TestUnknownIsAlwaysLost(t *testing.T) {
	_, lost, err := codec.EncodeRequest(&llm.Request{Messages: ask("hi"), Unknown: llm.Lost{"logit_bias", "n"}})
	if err != nil || !slices.Equal(lost, []string{"logit_bias", "n"}) {
		t.Errorf("lost %v, %v", lost, err)
	}
}

func TestDecodeRequestRefuses(t *testing.T) {
	one := func(block string) string { return `{"messages":[{"role":"user","content":[` + block + `]}]}` }
	tests := map[string]struct{ in, param string }{
		"what is no JSON":             {`{`, ""},
		"a list":                      {`[]`, ""},
		"no messages":                 {`{}`, "messages"},
		"messages that are none":      {`{"messages":{}}`, "messages"},
		"another role":                {`{"messages":[{"role":"system","content":[]}]}`, "messages.0.role"},
		"text in place of blocks":     {`{"messages":[{"role":"user","content":"hi"}]}`, "messages.0.content"},
		"an empty block":              {one(`{}`), "messages.0.content.0"},
		"a call without a name":       {one(`{"toolUse":{"toolUseId":"x"}}`), "messages.0.content.0.toolUse.name"},
		"a result of nothing":         {one(`{"toolResult":{"content":[]}}`), "messages.0.content.0.toolResult.toolUseId"},
		"a bad block within a result": {one(`{"toolResult":{"toolUseId":"x","content":[{"text":1}]}}`), "messages.0.content.0.toolResult.content.0.text"},
		"a picture as instruction":    {`{"system":[{"image":{"format":"png","source":{"bytes":"AA=="}}}],"messages":[]}`, "system"},
		"a limit that is no number":   {`{"inferenceConfig":{"maxTokens":"1"}}`, "inferenceConfig.maxTokens"},
		"a limit below zero":          {`{"inferenceConfig":{"maxTokens":-1}}`, "inferenceConfig.maxTokens"},
		"a temperature that is none":  {`{"inferenceConfig":{"temperature":{}}}`, "inferenceConfig.temperature"},
		"stops that are none":         {`{"inferenceConfig":{"stopSequences":[1]}}`, "inferenceConfig.stopSequences"},
		"a tool without a name":       {`{"toolConfig":{"tools":[{"toolSpec":{}}]}}`, "toolConfig.tools.0.toolSpec.name"},
		"a schema that is none":       {`{"toolConfig":{"tools":[{"toolSpec":{"name":"a","inputSchema":{"json":1}}}]}}`, "toolConfig.tools.0.toolSpec.inputSchema"},
		"a choice of nothing":         {`{"toolConfig":{"toolChoice":{}}}`, "toolConfig.toolChoice"},
		"a choice of no tool":         {`{"toolConfig":{"toolChoice":{"tool":{}}}}`, "toolConfig.toolChoice.tool.name"},
		"an answer's schema that is no JSON": {`{"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{"}}}}}`,
			"outputConfig.textFormat.structure.jsonSchema.schema"},
		"metadata of numbers": {`{"requestMetadata":{"a":1}}`, "requestMetadata"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := codec.DecodeRequest([]byte(tt.in))
			if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Param != tt.param {
				t.Errorf("%v, at %+v; want an invalid %s", err, f, tt.param)
			}
		})
	}
}
