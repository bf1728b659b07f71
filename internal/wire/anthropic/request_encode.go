package anthropic

import (
	"encoding/json"
	"slices"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

type requestJSON struct {
	Model         string            `json:"model"`
	MaxTokens     int64             `json:"max_tokens"`
	System        any               `json:"system,omitempty"` // string or []any
	Messages      []messageJSON     `json:"messages"`
	Tools         []any             `json:"tools,omitempty"`
	ToolChoice    *toolChoiceJSON   `json:"tool_choice,omitempty"`
	StopSequences []string          `json:"stop_sequences,omitempty"`
	Temperature   *float64          `json:"temperature,omitempty"`
	TopP          *float64          `json:"top_p,omitempty"`
	TopK          *int64            `json:"top_k,omitempty"`
	Thinking      *thinkingJSON     `json:"thinking,omitempty"`
	OutputConfig  *outputConfigJSON `json:"output_config,omitempty"`
	ServiceTier   string            `json:"service_tier,omitempty"`
	Metadata      *metadataJSON     `json:"metadata,omitempty"`
	Stream        bool              `json:"stream,omitempty"`
}

type messageJSON struct {
	Role    string `json:"role"`
	Content any    `json:"content"` // string or []any
}

type toolJSON struct {
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty"`
	Schema       json.RawMessage `json:"input_schema"`
	Strict       *bool           `json:"strict,omitempty"`
	CacheControl *cacheJSON      `json:"cache_control,omitempty"`
}

type toolChoiceJSON struct {
	Type            string `json:"type"`
	Name            string `json:"name,omitempty"`
	DisableParallel *bool  `json:"disable_parallel_tool_use,omitempty"`
}

type outputConfigJSON struct {
	Effort string      `json:"effort,omitempty"`
	Format *formatJSON `json:"format,omitempty"`
}

type formatJSON struct {
	Type   string          `json:"type"`
	Schema json.RawMessage `json:"schema"`
}

type metadataJSON struct {
	UserID string `json:"user_id"`
}

type cacheJSON struct {
	Type string `json:"type"`
	TTL  string `json:"ttl,omitempty"`
}

// requestWriter writes one request.
type requestWriter struct {
	req  *llm.Request
	out  requestJSON
	gen  generation
	lost llm.Lost
}

func encodeRequest(r *llm.Request) ([]byte, llm.Lost, error) {
	w := requestWriter{req: r, gen: generationOf(r.Model)}
	w.lost.AddAll(r.Unknown)
	w.out.Model, w.out.Stream, w.out.StopSequences = r.Model, r.Stream, r.Stop
	w.conversation()
	w.tools()
	w.toolChoice()
	w.reasoning()
	w.maxTokens()
	w.sampling()
	w.outputShape()
	w.rest()
	body, err := output.Marshal(&w.out)
	if err != nil {
		return nil, w.lost, fault.New(fault.Invalid, "invalid_request",
			"the request holds a piece that is not JSON").Because(err)
	}
	return body, w.lost, nil
}

// reasoning decides on thinking, after the conversation and the tools, which can
// forbid it.
func (w *requestWriter) reasoning() {
	t, effort := fitReasoning(w.req.Reasoning, w.gen, w.req.MaxTokens, &w.lost)
	if t.byBudget() && (w.forced() || unthinking(w.out.Messages)) {
		t = nil
		if w.gen.atLeast(4, 6) {
			t = adaptive(w.req.Reasoning)
			w.lost.Add("reasoning.budget")
		} else {
			w.lost.Add("reasoning")
		}
	}
	w.out.Thinking = t
	if effort != "" {
		w.outputConfig().Effort = effort
	}
}

// forced reports whether a tool must be called, which a model that thinks by
// budget refuses.
func (w *requestWriter) forced() bool {
	c := w.out.ToolChoice
	return c != nil && (c.Type == "any" || c.Type == "tool")
}

// maxTokens is the caller's limit, else DefaultMaxTokens beyond the thinking.
func (w *requestWriter) maxTokens() {
	if w.req.MaxTokens != nil {
		w.out.MaxTokens = *w.req.MaxTokens
		return
	}
	w.out.MaxTokens = DefaultMaxTokens
	if w.out.Thinking != nil {
		w.out.MaxTokens += w.out.Thinking.Budget
	}
}

// sampling fits temperature (0 to 1), top_p and top_k to what the model takes.
// A value that is the default anyway is dropped without a word.
func (w *requestWriter) sampling() {
	r := w.req
	refused := w.gen.atLeast(4, 7)
	fixed := refused || w.out.Thinking.on()
	if t := r.Temperature; t != nil {
		switch {
		case fixed && *t != 1:
			w.lost.Add("temperature")
		case fixed:
		case *t > 1 || *t < 0:
			w.lost.Add("temperature")
			clamped := min(max(*t, 0), 1)
			w.out.Temperature = &clamped
		default:
			w.out.Temperature = t
		}
	}
	if p := r.TopP; p != nil {
		alone := w.out.Temperature == nil || !w.gen.atLeast(4, 1)
		if alone && !refused && (!fixed || *p >= 0.95) {
			w.out.TopP = p
		} else if *p != 1 {
			w.lost.Add("top_p")
		}
	}
	if r.TopK != nil && fixed {
		w.lost.Add("top_k")
	} else {
		w.out.TopK = r.TopK
	}
}

func (w *requestWriter) outputConfig() *outputConfigJSON {
	if w.out.OutputConfig == nil {
		w.out.OutputConfig = &outputConfigJSON{}
	}
	return w.out.OutputConfig
}

// outputShape writes the schema of the answer. Its name is not reported as lost:
// it is a label that OpenAI demands and no model heeds.
func (w *requestWriter) outputShape() {
	switch o := w.req.Output; {
	case o.Kind == "":
	case o.Kind == "schema" && len(o.Schema) > 0:
		w.outputConfig().Format = &formatJSON{Type: "json_schema", Schema: o.Schema}
		if o.Description != "" {
			w.lost.Add("output.description")
		}
		if o.Strict != nil && !*o.Strict {
			w.lost.Add("output.strict")
		}
	default:
		w.lost.Add("output." + o.Kind)
	}
}

// rest writes the simple fields, and names those that Anthropic does not have.
func (w *requestWriter) rest() {
	r := w.req
	switch r.ServiceTier {
	case "":
	case "auto", "standard_only":
		w.out.ServiceTier = r.ServiceTier
	case "default", "standard":
		w.out.ServiceTier = "standard_only"
	default:
		w.lost.Add("service_tier")
	}
	if r.User != "" {
		w.out.Metadata = &metadataJSON{r.User}
	}
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"frequency_penalty", r.FrequencyPenalty != nil && *r.FrequencyPenalty != 0},
		{"presence_penalty", r.PresencePenalty != nil && *r.PresencePenalty != 0},
		{"seed", r.Seed != nil},
		{"logprobs", r.LogProbs},
		{"top_logprobs", r.TopLogProbs != nil},
		{"metadata", len(r.Metadata) > 0},
	} {
		if field.set {
			w.lost.Add(field.name)
		}
	}
}

// tools writes the tools. A choice that allows only some of them is kept by
// leaving the others out.
func (w *requestWriter) tools() {
	allowed := w.req.ToolChoice.Allowed
	for i := range w.req.Tools {
		t := &w.req.Tools[i]
		if allowed != nil && !slices.Contains(allowed, t.Name) {
			continue
		}
		if t.Opaque != nil {
			if t.Opaque.Format == llm.AnthropicMessages && validObject(string(t.Opaque.Raw)) {
				w.out.Tools = append(w.out.Tools, t.Opaque.Raw)
			} else {
				w.lost.Add("tools." + t.Opaque.Type)
			}
			continue
		}
		w.out.Tools = append(w.out.Tools, toolJSON{
			Name: t.Name, Description: t.Description, Schema: objectSchema(t.Schema),
			Strict: t.Strict, CacheControl: cacheControl(t.Cache),
		})
	}
}

// objectSchema returns the schema with the type that Anthropic demands.
func objectSchema(schema json.RawMessage) json.RawMessage {
	if !isObject(string(schema)) {
		return json.RawMessage(`{"type":"object","properties":{}}`)
	}
	if gjson.GetBytes(schema, "type").Exists() {
		return schema
	}
	typed, err := sjson.SetBytes(schema, "type", "object")
	if err != nil {
		return schema
	}
	return typed
}

func (w *requestWriter) toolChoice() {
	c := w.req.ToolChoice
	if len(w.out.Tools) == 0 {
		return
	}
	out := toolChoiceJSON{}
	switch c.Mode {
	case "":
	case "auto", "none":
		out.Type = c.Mode
	case "required":
		out.Type = "any"
	case "allowed":
		out.Type = "auto"
	case "tool":
		out.Type, out.Name = "tool", c.Name
	default:
		w.lost.Add("tool_choice")
	}
	if p := w.req.ParallelTools; p != nil && c.Mode != "none" {
		if out.Type == "" {
			out.Type = "auto"
		}
		disable := !*p
		out.DisableParallel = &disable
	}
	if out.Type != "" {
		w.out.ToolChoice = &out
	}
}

func cacheControl(m *llm.CacheMark) *cacheJSON {
	if m == nil {
		return nil
	}
	return &cacheJSON{Type: "ephemeral", TTL: m.TTL}
}
