package bedrock

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

type requestJSON struct {
	Messages   []messageJSON     `json:"messages"`
	System     []any             `json:"system,omitempty"`
	Inference  *inferenceJSON    `json:"inferenceConfig,omitempty"`
	Tools      *toolConfigJSON   `json:"toolConfig,omitempty"`
	Output     *outputJSON       `json:"outputConfig,omitempty"`
	Additional map[string]any    `json:"additionalModelRequestFields,omitempty"`
	Tier       *tierJSON         `json:"serviceTier,omitempty"`
	Metadata   map[string]string `json:"requestMetadata,omitempty"`
}

type messageJSON struct {
	Role    string `json:"role"`
	Content []any  `json:"content"`
}

type inferenceJSON struct {
	MaxTokens     *int64   `json:"maxTokens,omitempty"`
	Temperature   *float64 `json:"temperature,omitempty"`
	TopP          *float64 `json:"topP,omitempty"`
	StopSequences []string `json:"stopSequences,omitempty"`
}

type toolConfigJSON struct {
	Tools  []any           `json:"tools"`
	Choice *toolChoiceJSON `json:"toolChoice,omitempty"`
}

type toolChoiceJSON struct {
	Auto *struct{} `json:"auto,omitempty"`
	Any  *struct{} `json:"any,omitempty"`
	Tool *nameJSON `json:"tool,omitempty"`
}

type nameJSON struct {
	Name string `json:"name"`
}

type toolSpecJSON struct {
	Spec struct {
		Name        string     `json:"name"`
		Description string     `json:"description,omitempty"`
		InputSchema schemaJSON `json:"inputSchema"`
		Strict      *bool      `json:"strict,omitempty"`
	} `json:"toolSpec"`
}

type schemaJSON struct {
	JSON json.RawMessage `json:"json"`
}

type outputJSON struct {
	Text struct {
		Type      string `json:"type"`
		Structure struct {
			Schema struct {
				Schema      string `json:"schema"`
				Name        string `json:"name,omitempty"`
				Description string `json:"description,omitempty"`
			} `json:"jsonSchema"`
		} `json:"structure"`
	} `json:"textFormat"`
}

// requestWriter writes one request.
type requestWriter struct {
	req   *llm.Request
	out   requestJSON
	model model
	lost  llm.Lost
}

func encodeRequest(r *llm.Request) ([]byte, llm.Lost, error) {
	w := requestWriter{req: r, model: modelOf(r.Model)}
	w.lost.AddAll(r.Unknown)
	w.conversation()
	w.tools()
	w.inference()
	w.reasoning()
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

// extra sets a parameter of the model's own family.
func (w *requestWriter) extra(key string, v any) {
	if w.out.Additional == nil {
		w.out.Additional = make(map[string]any, 2)
	}
	w.out.Additional[key] = v
}

func (w *requestWriter) inference() {
	r := w.req
	c := inferenceJSON{Temperature: r.Temperature, TopP: r.TopP}
	if r.MaxTokens != nil {
		n := max(*r.MaxTokens, 1)
		c.MaxTokens = &n
	}
	for _, s := range r.Stop {
		if s != "" { // which Bedrock refuses, and which would stop nothing
			c.StopSequences = append(c.StopSequences, s)
		}
	}
	if c.MaxTokens != nil || c.Temperature != nil || c.TopP != nil || c.StopSequences != nil {
		w.out.Inference = &c
	}
}

// sampling fits temperature (0 to 1), topP and top_k to what the model takes. A
// value that is the default anyway is dropped without a word.
func (w *requestWriter) sampling() {
	refused := w.model.family == claude && w.model.atLeast(4, 7)
	fixed := refused || w.thinks()
	if c := w.out.Inference; c != nil {
		if t := c.Temperature; t != nil {
			switch {
			case fixed:
				c.Temperature = nil
				if *t != 1 {
					w.lost.Add("temperature")
				}
			case *t > 1 || *t < 0:
				w.lost.Add("temperature")
				fit := min(max(*t, 0), 1)
				c.Temperature = &fit
			}
		}
		if p := c.TopP; p != nil {
			alone := w.model.family != claude || c.Temperature == nil || !w.model.atLeast(4, 1)
			if !alone || refused || fixed && *p < 0.95 || *p > 1 || *p < 0 {
				c.TopP = nil
				if *p != 1 {
					w.lost.Add("top_p")
				}
			}
		}
		if c.MaxTokens == nil && c.Temperature == nil && c.TopP == nil && c.StopSequences == nil {
			w.out.Inference = nil
		}
	}
	w.topK(fixed)
}

func (w *requestWriter) topK(fixed bool) {
	k := w.req.TopK
	switch {
	case k == nil:
	case w.model.family == claude && !fixed, w.model.family == unknown && !fixed:
		w.extra("top_k", *k)
	case w.model.family == nova || w.model.family == nova2:
		w.extra("inferenceConfig", map[string]int64{"topK": *k})
	default:
		w.lost.Add("top_k")
	}
}

// thinks reports whether Claude was told to think, which fixes its sampling.
func (w *requestWriter) thinks() bool {
	t, ok := w.out.Additional["thinking"].(thinkingJSON)
	return ok && t.Type != "disabled"
}

// forced reports whether a tool must be called.
func (w *requestWriter) forced() bool {
	t := w.out.Tools
	return t != nil && t.Choice != nil && t.Choice.Auto == nil
}

func (w *requestWriter) outputShape() {
	o := w.req.Output
	switch {
	case o.Kind == "":
		return
	case o.Kind != "schema" || !validObject(string(o.Schema)):
		w.lost.Add("output." + o.Kind)
		return
	}
	v := &outputJSON{}
	v.Text.Type = "json_schema"
	s := &v.Text.Structure.Schema
	s.Schema, s.Name, s.Description = string(o.Schema), cleanWord(o.Name, ""), o.Description
	w.out.Output = v
	if o.Strict != nil && !*o.Strict {
		w.lost.Add("output.strict")
	}
}

// rest writes the simple fields, and names those that Converse does not have.
func (w *requestWriter) rest() {
	r := w.req
	switch r.ServiceTier {
	case "", "auto":
	case "default", "standard", "standard_only":
		w.out.Tier = &tierJSON{"default"}
	case "flex", "priority", "reserved":
		w.out.Tier = &tierJSON{r.ServiceTier}
	default:
		w.lost.Add("service_tier")
	}
	for _, k := range slices.Sorted(maps.Keys(r.Metadata)) {
		v := r.Metadata[k]
		if len(w.out.Metadata) == mostMetadata || k == "" || !plainWord(k) || !plainWord(v) {
			w.lost.Add("metadata")
			continue
		}
		if w.out.Metadata == nil {
			w.out.Metadata = make(map[string]string, len(r.Metadata))
		}
		w.out.Metadata[k] = v
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"frequency_penalty", r.FrequencyPenalty != nil && *r.FrequencyPenalty != 0},
		{"presence_penalty", r.PresencePenalty != nil && *r.PresencePenalty != 0},
		{"seed", r.Seed != nil},
		{"logprobs", r.LogProbs},
		{"top_logprobs", r.TopLogProbs != nil},
		{"user", r.User != ""},
		{"parallel_tool_calls", r.ParallelTools != nil && !*r.ParallelTools},
	} {
		if f.set {
			w.lost.Add(f.name)
		}
	}
}

// mostMetadata is how many pairs requestMetadata takes, each of at most 256
// characters out of those of plainWord.
const mostMetadata = 16

func plainWord(s string) bool {
	return len(s) <= 256 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' ||
			strings.ContainsRune(" \t\n\r:_@$#=/+,-.", r))
	})
}

// tools writes the tools and the choice among them. A choice that allows only
// some, and one that forbids all, is kept by leaving tools out.
func (w *requestWriter) tools() {
	c := w.req.ToolChoice
	allowed := c.Allowed
	names := w.calledTools()
	if c.Mode == "none" {
		if len(names) == 0 {
			return
		}
		w.lost.Add("tool_choice.none") // tools that were used must be described
	}
	config := &toolConfigJSON{}
	for i := range w.req.Tools {
		if t := &w.req.Tools[i]; allowed == nil || slices.Contains(allowed, t.Name) {
			w.tool(config, t)
		}
	}
	if len(config.Tools) == 0 {
		for _, name := range names {
			w.tool(config, &llm.Tool{Name: name})
		}
	}
	if len(config.Tools) == 0 {
		return
	}
	w.out.Tools = config
	switch c.Mode {
	case "", "none":
	case "auto", "allowed":
		config.Choice = &toolChoiceJSON{Auto: &struct{}{}}
	case "required":
		config.Choice = &toolChoiceJSON{Any: &struct{}{}}
	case "tool":
		config.Choice = &toolChoiceJSON{Tool: &nameJSON{c.Name}}
	default:
		w.lost.Add("tool_choice")
	}
}

// calledTools returns the names of the tools that the conversation has called:
// Bedrock refuses a conversation with calls and without tools.
func (w *requestWriter) calledTools() []string {
	var names []string
	for _, m := range w.out.Messages {
		for _, b := range m.Content {
			if b, ok := b.(*blockJSON); ok && b.ToolUse != nil && !slices.Contains(names, b.ToolUse.Name) {
				names = append(names, b.ToolUse.Name)
			}
		}
	}
	return names
}

func (w *requestWriter) tool(config *toolConfigJSON, t *llm.Tool) {
	if t.Opaque != nil {
		if t.Opaque.Format != llm.BedrockConverse || !validObject(string(t.Opaque.Raw)) {
			w.lost.Add("tools." + t.Opaque.Type)
			return
		}
		config.Tools = append(config.Tools, t.Opaque.Raw)
	} else {
		v := &toolSpecJSON{}
		v.Spec.Name, v.Spec.Description, v.Spec.Strict = t.Name, t.Description, t.Strict
		v.Spec.InputSchema.JSON = objectSchema(t.Schema)
		config.Tools = append(config.Tools, v)
	}
	if t.Cache == nil {
		return
	}
	if !w.model.cachesTools() {
		w.lost.Add("cache_control")
		return
	}
	config.Tools = append(config.Tools, w.cachePoint(t.Cache))
}

// objectSchema returns the schema with the type that Bedrock demands.
func objectSchema(schema json.RawMessage) json.RawMessage {
	if !validObject(string(schema)) {
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

// cachePoint writes a cache breakpoint; a life other than the default of five
// minutes is lost on models that know no other.
func (w *requestWriter) cachePoint(m *llm.CacheMark) *blockJSON {
	p := &cachePointJSON{Type: "default"}
	switch {
	case w.model.cacheTTL():
		p.TTL = m.TTL
	case m.TTL != "" && m.TTL != "5m":
		w.lost.Add("cache_control.ttl")
	}
	return &blockJSON{CachePoint: p}
}
