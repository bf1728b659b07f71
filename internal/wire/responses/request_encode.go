package responses

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bytedance/sonic"

	"github.com/steward-llmops/steward/internal/llm"
)

// api writes JSON as this codec wants it: sorted, compact, valid UTF-8, and
// without escapes for HTML.
var api = sonic.Config{SortMapKeys: true, CompactMarshaler: true, ValidateString: true}.Froze()

// Values of include.
const (
	includeEncrypted = "reasoning.encrypted_content"
	includeLogProbs  = "message.output_text.logprobs"
)

type requestBody struct {
	Model             string            `json:"model"`
	Instructions      string            `json:"instructions,omitempty"`
	Input             []any             `json:"input"`
	Stream            bool              `json:"stream,omitempty"`
	Tools             []any             `json:"tools,omitempty"`
	ToolChoice        any               `json:"tool_choice,omitempty"`
	ParallelToolCalls *bool             `json:"parallel_tool_calls,omitempty"`
	MaxOutputTokens   *int64            `json:"max_output_tokens,omitempty"`
	Temperature       *float64          `json:"temperature,omitempty"`
	TopP              *float64          `json:"top_p,omitempty"`
	TopLogProbs       *int64            `json:"top_logprobs,omitempty"`
	Text              *textBody         `json:"text,omitempty"`
	Reasoning         *reasoningBody    `json:"reasoning,omitempty"`
	Include           []string          `json:"include,omitempty"`
	Store             bool              `json:"store"` // false: what llm carries never asks to be kept
	ServiceTier       string            `json:"service_tier,omitempty"`
	User              string            `json:"user,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty"`
}

type textBody struct {
	Format formatBody `json:"format"`
}

type formatBody struct {
	Type        string          `json:"type"`
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"schema,omitempty"`
	Strict      *bool           `json:"strict,omitempty"`
}

type reasoningBody struct {
	Effort  string `json:"effort,omitempty"`
	Summary string `json:"summary,omitempty"`
}

type functionTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters"`
	Strict      bool            `json:"strict"` // always said: the format's own default is true
}

type customTool struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

type namedChoice struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

type allowedChoice struct {
	Type  string        `json:"type"`
	Mode  string        `json:"mode"`
	Tools []namedChoice `json:"tools"`
}

func encodeRequest(r *llm.Request) ([]byte, llm.Lost, error) {
	e := requestEncoder{r: r, custom: customNames(r.Tools)}
	e.lost.AddAll(r.Unknown)
	b := requestBody{
		Model: r.Model, Stream: r.Stream, ParallelToolCalls: r.ParallelTools,
		MaxOutputTokens: r.MaxTokens, Temperature: r.Temperature, TopP: r.TopP,
		User: r.User, Metadata: r.Metadata,
	}
	b.Instructions = e.instructions()
	b.Input = e.input()
	b.Tools = encodeTools(r.Tools, &e.lost)
	b.ToolChoice = encodeChoice(r.ToolChoice, e.custom)
	b.Text = encodeShape(&r.Output)
	b.Reasoning = e.reasoning()
	if r.Reasoning != nil && r.Reasoning.Encrypted {
		b.Include = append(b.Include, includeEncrypted)
	}
	if r.LogProbs {
		b.Include = append(b.Include, includeLogProbs)
		b.TopLogProbs = r.TopLogProbs
	}
	b.ServiceTier = e.tier()
	e.losses()
	body, err := api.Marshal(b)
	if err != nil {
		return nil, e.lost, fmt.Errorf("encode a responses request: %w", err)
	}
	return body, e.lost, nil
}

// requestEncoder writes a request for the provider.
type requestEncoder struct {
	r      *llm.Request
	lost   llm.Lost
	custom map[string]bool // names of custom tools

	open  []pending // tool calls that still wait for their result
	calls int
}

// pending is a call as it was written, with the id that it was given.
type pending struct {
	asked, id, name string
	custom          bool
}

// losses names the settings that the format has no word for.
func (e *requestEncoder) losses() {
	r := e.r
	for _, s := range []struct {
		name string
		set  bool
	}{
		{"stop", len(r.Stop) > 0},
		{"top_k", r.TopK != nil},
		{"seed", r.Seed != nil},
		{"frequency_penalty", r.FrequencyPenalty != nil},
		{"presence_penalty", r.PresencePenalty != nil},
	} {
		if s.set {
			e.lost.Add(s.name)
		}
	}
}

func (e *requestEncoder) instructions() string {
	var texts []string
	for i := range e.r.System {
		p := &e.r.System[i]
		e.marks(p)
		texts = append(texts, p.Text)
	}
	return strings.Join(texts, "\n\n")
}

func (e *requestEncoder) tier() string {
	switch tier := e.r.ServiceTier; tier {
	case "", "auto", "default", "flex", "priority", "scale":
		return tier
	case "standard_only", "standard": // Anthropic's and Google's words for it
		return "default"
	}
	e.lost.Add("service_tier")
	return ""
}

func (e *requestEncoder) reasoning() *reasoningBody {
	t := e.r.Reasoning
	if t == nil {
		return nil
	}
	b := reasoningBody{Effort: t.Effort, Summary: t.Summary}
	switch {
	case t.Off:
		b.Effort = "none"
	case t.Budget != nil:
		if b.Effort == "" {
			b.Effort = effortOf(*t.Budget)
		}
		if *t.Budget > 0 {
			e.lost.Add("reasoning.budget")
		}
	}
	if t.Show && b.Summary == "" {
		b.Summary = "auto"
	}
	if b == (reasoningBody{}) {
		return nil
	}
	return &b
}

// effortOf says in words how much thinking a budget of n tokens buys; -1 leaves it
// to the model.
func effortOf(n int64) string {
	switch {
	case n < 0:
		return ""
	case n == 0:
		return "none"
	case n <= 2048:
		return "low"
	case n <= 16384:
		return "medium"
	}
	return "high"
}

func encodeShape(o *llm.OutputShape) *textBody {
	switch o.Kind {
	case "json":
		return &textBody{formatBody{Type: "json_object"}}
	case "schema":
		name := o.Name
		if name == "" {
			name = "answer" // the format requires one
		}
		return &textBody{formatBody{Type: "json_schema", Name: name, Description: o.Description, Schema: o.Schema, Strict: o.Strict}}
	}
	return nil
}

func encodeTools(tools []llm.Tool, lost *llm.Lost) []any {
	out := make([]any, 0, len(tools))
	for i := range tools {
		t := &tools[i]
		if t.Cache != nil {
			lost.Add("cache_control")
		}
		switch {
		case t.Opaque != nil && t.Opaque.Format == llm.OpenAIResponses:
			out = append(out, t.Opaque.Raw)
		case t.Opaque != nil:
			lost.Add(t.Opaque.Type)
		case isCustom(t):
			out = append(out, customTool{Type: "custom", Name: t.Name, Description: t.Description})
		default:
			f := functionTool{Type: "function", Name: t.Name, Description: t.Description, Parameters: t.Schema}
			f.Strict = t.Strict != nil && *t.Strict
			if len(f.Parameters) == 0 {
				f.Parameters = json.RawMessage(`{"type":"object","properties":{}}`)
			}
			out = append(out, f)
		}
	}
	return out
}

func encodeChoice(c llm.ToolChoice, custom map[string]bool) any {
	typ := func(name string) namedChoice {
		if custom[name] {
			return namedChoice{"custom", name}
		}
		return namedChoice{"function", name}
	}
	if c.Mode == "tool" {
		return typ(c.Name)
	}
	if c.Allowed != nil && c.Mode != "none" {
		a := allowedChoice{Type: "allowed_tools", Mode: "auto", Tools: []namedChoice{}}
		if c.Mode == "required" {
			a.Mode = "required"
		}
		for _, name := range c.Allowed {
			a.Tools = append(a.Tools, typ(name))
		}
		return a
	}
	switch c.Mode {
	case "auto", "none", "required":
		return c.Mode
	}
	return nil
}
