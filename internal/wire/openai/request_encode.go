package openai

import (
	"encoding/json"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

type chatRequest struct {
	Model               string            `json:"model"`
	Messages            []chatMessage     `json:"messages"`
	Stream              bool              `json:"stream,omitempty"`
	StreamOptions       *streamOptions    `json:"stream_options,omitempty"`
	Tools               []any             `json:"tools,omitempty"`
	ToolChoice          any               `json:"tool_choice,omitempty"`
	ParallelToolCalls   *bool             `json:"parallel_tool_calls,omitempty"`
	MaxTokens           *int64            `json:"max_tokens,omitempty"`
	MaxCompletionTokens *int64            `json:"max_completion_tokens,omitempty"`
	Temperature         *float64          `json:"temperature,omitempty"`
	TopP                *float64          `json:"top_p,omitempty"`
	FrequencyPenalty    *float64          `json:"frequency_penalty,omitempty"`
	PresencePenalty     *float64          `json:"presence_penalty,omitempty"`
	Seed                *int64            `json:"seed,omitempty"`
	Stop                []string          `json:"stop,omitempty"`
	LogProbs            bool              `json:"logprobs,omitempty"`
	TopLogProbs         *int64            `json:"top_logprobs,omitempty"`
	ResponseFormat      *responseFormat   `json:"response_format,omitempty"`
	ReasoningEffort     string            `json:"reasoning_effort,omitempty"`
	ServiceTier         string            `json:"service_tier,omitempty"`
	User                string            `json:"user,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type responseFormat struct {
	Type       string      `json:"type"`
	JSONSchema *jsonSchema `json:"json_schema,omitempty"`
}

type jsonSchema struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"schema,omitempty"`
	Strict      *bool           `json:"strict,omitempty"`
}

type functionTool struct {
	Type     string       `json:"type"`
	Function functionBody `json:"function"`
}

type functionBody struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
	Strict      *bool           `json:"strict,omitempty"`
}

type namedTool struct {
	Type     string   `json:"type"`
	Function toolName `json:"function"`
}

type toolName struct {
	Name string `json:"name"`
}

type allowedChoice struct {
	Type    string       `json:"type"`
	Allowed allowedTools `json:"allowed_tools"`
}

type allowedTools struct {
	Mode  string      `json:"mode"`
	Tools []namedTool `json:"tools"`
}

// encodeRequest writes r for the provider. A stream always asks for its usage:
// the meter needs it.
func encodeRequest(r *llm.Request) ([]byte, llm.Lost, error) {
	e := requestEncoder{req: r}
	e.tongue, e.issuer = tongueOf(r.Model)
	out := chatRequest{
		Model:             r.Model,
		Stream:            r.Stream,
		ParallelToolCalls: r.ParallelTools,
		Temperature:       r.Temperature,
		TopP:              r.TopP,
		FrequencyPenalty:  r.FrequencyPenalty,
		PresencePenalty:   r.PresencePenalty,
		Seed:              r.Seed,
		Stop:              r.Stop,
		LogProbs:          r.LogProbs,
		TopLogProbs:       r.TopLogProbs,
		ServiceTier:       r.ServiceTier,
		User:              r.User,
		Metadata:          r.Metadata,
	}
	if r.Stream {
		out.StreamOptions = &streamOptions{IncludeUsage: true}
	}
	if r.TopK != nil {
		e.lost.Add("top_k")
	}
	if r.Reasoning != nil || thinkingModel(r.Model) {
		out.MaxCompletionTokens = r.MaxTokens
	} else {
		out.MaxTokens = r.MaxTokens
	}
	out.ReasoningEffort = e.effort()
	out.ResponseFormat = e.output()
	out.Tools = e.tools()
	out.ToolChoice = e.choice()
	out.Messages = e.messages()
	e.lost.AddAll(r.Unknown)
	body, err := marshaler.Marshal(&out)
	if err != nil {
		return nil, e.lost, fault.New(fault.Invalid, "invalid_request", "the request holds JSON that cannot be written").Because(err)
	}
	return body, e.lost, nil
}

type requestEncoder struct {
	req    *llm.Request
	lost   llm.Lost
	tongue tongue
	issuer llm.Format // whose signed thoughts the provider takes
}

// effort says how much to think. A budget of tokens has no place in the format;
// where the model is known to think, the nearest effort stands for it.
func (e *requestEncoder) effort() string {
	r := e.req.Reasoning
	if r == nil {
		return ""
	}
	for _, wish := range []struct {
		asked bool
		name  string
	}{
		{r.Budget != nil, "reasoning.budget"},
		{r.Adaptive, "reasoning.adaptive"},
		{r.Summary != "", "reasoning.summary"},
		{r.Show, "reasoning.show"},
		{r.Encrypted, "reasoning.encrypted"},
	} {
		if wish.asked {
			e.lost.Add(wish.name)
		}
	}
	switch {
	case r.Off:
		return "none"
	case r.Effort == "max": // above OpenAI's scale
		e.lost.Add("reasoning.effort")
		return "xhigh"
	case r.Effort != "":
		return r.Effort
	case r.Budget != nil && *r.Budget >= 0 && thinkingModel(e.req.Model):
		return effortOf(*r.Budget)
	}
	return ""
}

func effortOf(budget int64) string {
	switch {
	case budget <= 4096:
		return "low"
	case budget <= 16384:
		return "medium"
	}
	return "high"
}

func (e *requestEncoder) output() *responseFormat {
	o := &e.req.Output
	switch o.Kind {
	case "":
		return nil
	case "json":
		return &responseFormat{Type: "json_object"}
	case "schema":
		name := o.Name
		if name == "" {
			name = "answer" // OpenAI demands one
		}
		return &responseFormat{Type: "json_schema", JSONSchema: &jsonSchema{
			Name: name, Description: o.Description, Schema: o.Schema, Strict: o.Strict,
		}}
	}
	e.lost.Add("response_format")
	return nil
}

func (e *requestEncoder) tools() []any {
	var out []any
	for i := range e.req.Tools {
		t := &e.req.Tools[i]
		if t.Cache != nil {
			e.lost.Add("cache_control")
		}
		switch {
		case t.Opaque == nil:
			out = append(out, functionTool{Type: "function", Function: functionBody{
				Name: t.Name, Description: t.Description, Parameters: t.Schema, Strict: t.Strict,
			}})
		case t.Opaque.Format == llm.OpenAIChat:
			out = append(out, t.Opaque.Raw)
		default:
			e.lost.Add("tool." + t.Opaque.Type)
		}
	}
	return out
}

func (e *requestEncoder) choice() any {
	c := &e.req.ToolChoice
	switch {
	case c.Mode == "tool":
		return namedTool{Type: "function", Function: toolName{c.Name}}
	case c.Allowed != nil && (c.Mode == "allowed" || c.Mode == "required"):
		mode := "auto"
		if c.Mode == "required" {
			mode = "required"
		}
		allowed := allowedTools{Mode: mode, Tools: []namedTool{}}
		for _, name := range c.Allowed {
			allowed.Tools = append(allowed.Tools, namedTool{Type: "function", Function: toolName{name}})
		}
		return allowedChoice{Type: "allowed_tools", Allowed: allowed}
	case c.Mode == "allowed":
		return "auto"
	case c.Mode != "":
		return c.Mode
	}
	return nil
}
