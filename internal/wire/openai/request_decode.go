package openai

import (
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// decodeRequest reads a Chat Completions request. A missing model is left empty,
// because Azure's paths carry it.
func decodeRequest(body []byte) (*llm.Request, error) {
	root, ok := parse(body)
	if !ok || !root.IsObject() {
		return nil, fault.New(fault.Invalid, "invalid_json", "the request body is not a JSON object")
	}
	d := requestDecoder{req: &llm.Request{}}
	fields(root, func(k string, v gjson.Result) bool {
		if v.Type != gjson.Null {
			d.field(k, v)
		}
		return d.err == nil
	})
	if d.err == nil && !d.messages {
		d.fail("messages", "messages is missing; it must be a list")
	}
	if d.err != nil {
		return nil, d.err
	}
	return d.req, nil
}

type requestDecoder struct {
	req       *llm.Request
	messages  bool // the field was there
	begun     bool // a message other than leading system text was seen
	newLimit  bool // max_completion_tokens was there: it wins over max_tokens
	toolNames map[string]string
	err       *fault.Error
}

func (d *requestDecoder) fail(param, format string, args ...any) {
	if d.err == nil {
		d.err = fault.New(fault.Invalid, "invalid_request", format, args...).At(param)
	}
}

// field reads one field of the request, which is not null.
func (d *requestDecoder) field(name string, v gjson.Result) {
	r := d.req
	switch name {
	case "model":
		r.Model = d.str(name, v)
	case "stream":
		r.Stream = d.flag(name, v)
	case "stream_options":
		d.streamOptions(v)
	case "messages":
		d.messageList(v)
	case "tools":
		d.toolList(v)
	case "tool_choice":
		d.toolChoice(v)
	case "parallel_tool_calls":
		b := d.flag(name, v)
		r.ParallelTools = &b
	case "max_tokens":
		if n := d.whole(name, v); !d.newLimit {
			r.MaxTokens = n
		}
	case "max_completion_tokens":
		r.MaxTokens, d.newLimit = d.whole(name, v), true
	case "temperature":
		r.Temperature = d.number(name, v)
	case "top_p":
		r.TopP = d.number(name, v)
	case "top_k": // OpenRouter, vLLM
		r.TopK = d.whole(name, v)
	case "frequency_penalty":
		r.FrequencyPenalty = d.number(name, v)
	case "presence_penalty":
		r.PresencePenalty = d.number(name, v)
	case "seed":
		r.Seed = d.whole(name, v)
	case "stop":
		d.stop(v)
	case "logprobs":
		r.LogProbs = d.flag(name, v)
	case "top_logprobs":
		r.TopLogProbs = d.whole(name, v)
	case "response_format":
		d.responseFormat(v)
	case "reasoning_effort":
		d.effort(d.str(name, v))
	case "reasoning", "thinking", "enable_thinking", "thinking_budget":
		d.thinking(name, v)
	case "service_tier":
		r.ServiceTier = d.str(name, v)
	case "user":
		r.User = d.str(name, v)
	case "metadata":
		d.metadata(v)
	case "n":
		if n, ok := whole(v); !ok || n != 1 {
			r.Unknown.Add(name)
		}
	default:
		r.Unknown.Add(name)
	}
}

func (d *requestDecoder) str(name string, v gjson.Result) string {
	if v.Type != gjson.String {
		d.fail(name, "%s must be a string", name)
	}
	return text(v)
}

func (d *requestDecoder) flag(name string, v gjson.Result) bool {
	if v.Type != gjson.True && v.Type != gjson.False {
		d.fail(name, "%s must be true or false", name)
	}
	return v.Type == gjson.True
}

func (d *requestDecoder) whole(name string, v gjson.Result) *int64 {
	n, ok := whole(v)
	if !ok {
		d.fail(name, "%s must be a whole number", name)
	}
	return &n
}

func (d *requestDecoder) number(name string, v gjson.Result) *float64 {
	if v.Type != gjson.Number {
		d.fail(name, "%s must be a number", name)
	}
	n := v.Num
	return &n
}

func (d *requestDecoder) streamOptions(v gjson.Result) {
	fields(v, func(k string, v gjson.Result) bool {
		switch {
		case k == "include_usage":
			d.req.StreamUsage = v.Type == gjson.True
		case v.Type != gjson.Null:
			d.req.Unknown.Add("stream_options." + k)
		}
		return true
	})
}

func (d *requestDecoder) stop(v gjson.Result) {
	if v.Type == gjson.String {
		d.req.Stop = []string{text(v)}
		return
	}
	if !v.IsArray() {
		d.fail("stop", "stop must be a string or a list of strings")
		return
	}
	each(v, func(s gjson.Result) bool {
		d.req.Stop = append(d.req.Stop, d.str("stop", s))
		return true
	})
}

func (d *requestDecoder) metadata(v gjson.Result) {
	if !v.IsObject() {
		d.fail("metadata", "metadata must be an object")
		return
	}
	m := map[string]string{}
	fields(v, func(k string, v gjson.Result) bool {
		if v.Type == gjson.String {
			m[k] = text(v)
		} else {
			m[k] = v.Raw
		}
		return true
	})
	d.req.Metadata = m
}

func (d *requestDecoder) responseFormat(v gjson.Result) {
	switch get(v, "type").Str {
	case "text":
	case "json_object":
		d.req.Output = llm.OutputShape{Kind: "json"}
	case "json_schema":
		s := get(v, "json_schema")
		if !s.IsObject() {
			d.fail("response_format.json_schema", "response_format.json_schema must be an object")
			return
		}
		o := llm.OutputShape{Kind: "schema", Name: text(get(s, "name")), Description: text(get(s, "description"))}
		if schema := get(s, "schema"); schema.IsObject() {
			o.Schema = raw(schema)
		}
		o.Strict = optionalFlag(get(s, "strict"))
		d.req.Output = o
	default:
		d.req.Unknown.Add("response_format")
	}
}

func optionalFlag(v gjson.Result) *bool {
	if v.Type != gjson.True && v.Type != gjson.False {
		return nil
	}
	b := v.Type == gjson.True
	return &b
}

func (d *requestDecoder) reasoning() *llm.Reasoning {
	if d.req.Reasoning == nil {
		d.req.Reasoning = &llm.Reasoning{}
	}
	return d.req.Reasoning
}

func (d *requestDecoder) effort(word string) {
	switch word {
	case "", "default": // Groq's word for the model's own choice
	case "none":
		d.reasoning().Off = true
	default:
		d.reasoning().Effort = word
	}
}

// thinking reads what other servers have for reasoning_effort: OpenRouter's
// reasoning, DeepSeek's and Z.ai's thinking, Qwen's enable_thinking.
func (d *requestDecoder) thinking(name string, v gjson.Result) {
	switch {
	case name == "enable_thinking":
		d.reasoning().Off = v.Type == gjson.False
	case name == "thinking_budget":
		d.reasoning().Budget = d.whole(name, v)
	case !v.IsObject():
		d.fail(name, "%s must be an object", name)
	default:
		fields(v, func(k string, v gjson.Result) bool {
			d.thinkingField(name, k, v)
			return true
		})
	}
}

func (d *requestDecoder) thinkingField(parent, name string, v gjson.Result) {
	switch {
	case v.Type == gjson.Null:
	case name == "type":
		d.reasoning().Off = v.Str == "disabled"
	case name == "enabled":
		d.reasoning().Off = v.Type == gjson.False
	case name == "effort":
		d.effort(text(v))
	case name == "max_tokens" || name == "budget_tokens":
		d.reasoning().Budget = d.whole(parent+"."+name, v)
	case name == "summary":
		d.reasoning().Summary = text(v)
	case name == "exclude" && v.Type == gjson.False:
	default:
		d.req.Unknown.Add(parent + "." + name)
	}
}
