package anthropic

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

func decodeRequest(body []byte) (*llm.Request, error) {
	d := requestReader{needMax: true}
	return d.read(body)
}

// DecodeCount reads a request to /v1/messages/count_tokens: a messages request
// without max_tokens. Errors are those of Chat.DecodeRequest.
func DecodeCount(body []byte) (*llm.Request, error) {
	d := requestReader{}
	return d.read(body)
}

// requestReader reads one request. Each step returns what is wrong, or nil.
type requestReader struct {
	reader
	req     llm.Request
	needMax bool
}

func (d *requestReader) read(body []byte) (*llm.Request, error) {
	obj, ok := parse(body)
	if !ok {
		return nil, invalid("", "the body is not a JSON object in UTF-8")
	}
	d.reader = reader{unknown: &d.req.Unknown, replay: true}
	var fail *fault.Error
	obj.ForEach(func(key, v gjson.Result) bool {
		if v.Type != gjson.Null {
			fail = d.field(key.String(), v)
		}
		return fail == nil
	})
	switch {
	case fail != nil:
		return nil, fail
	case len(d.req.Messages) == 0:
		return nil, invalid("messages", "messages must hold at least one message")
	case d.needMax && d.req.MaxTokens == nil:
		return nil, invalid("max_tokens", "max_tokens is missing").
			Hinted("Anthropic's format demands a limit of output tokens")
	}
	return &d.req, nil
}

func (d *requestReader) field(key string, v gjson.Result) *fault.Error {
	r := &d.req
	switch key {
	case "model":
		return str(key, v, &r.Model)
	case "stream":
		return boolean(key, v, &r.Stream)
	case "max_tokens":
		return integer(key, v, &r.MaxTokens)
	case "temperature":
		return number(key, v, &r.Temperature)
	case "top_p":
		return number(key, v, &r.TopP)
	case "top_k":
		return integer(key, v, &r.TopK)
	case "service_tier":
		return str(key, v, &r.ServiceTier)
	case "stop_sequences":
		return d.stop(v)
	case "system":
		return d.system(v)
	case "messages":
		return d.messages(v)
	case "tools":
		return d.tools(v)
	case "tool_choice":
		return d.toolChoice(v)
	case "metadata":
		r.User = v.Get("user_id").String()
		d.rest(fieldsOf(v), "metadata", "user_id")
	case "thinking":
		return d.thinkingConfig(v)
	case "output_config":
		d.outputConfig(v)
	case "output_format":
		d.outputFormat(v)
	default:
		r.Unknown.Add(key)
	}
	return nil
}

func (d *requestReader) stop(v gjson.Result) *fault.Error {
	d.req.Stop = nil
	var fail *fault.Error
	if !v.IsArray() {
		return invalid("stop_sequences", "stop_sequences must be a list of strings")
	}
	v.ForEach(func(_, s gjson.Result) bool {
		if s.Type != gjson.String {
			fail = invalid("stop_sequences", "stop_sequences must be a list of strings")
			return false
		}
		d.req.Stop = append(d.req.Stop, s.Str)
		return true
	})
	return fail
}

func (d *requestReader) system(v gjson.Result) *fault.Error {
	parts, fail := d.content(v, "system")
	for i := range parts {
		if parts[i].Kind != llm.KindText {
			return invalid("system", "system holds a block that is not text")
		}
	}
	d.req.System = parts
	return fail
}

func (d *requestReader) messages(v gjson.Result) *fault.Error {
	d.req.Messages = nil
	if !v.IsArray() {
		return invalid("messages", "messages must be a list")
	}
	var fail *fault.Error
	v.ForEach(func(_, m gjson.Result) bool {
		fail = d.message(m, "messages."+strconv.Itoa(len(d.req.Messages)))
		return fail == nil
	})
	return fail
}

func (d *requestReader) message(v gjson.Result, param string) *fault.Error {
	o := fieldsOf(v)
	var role llm.Role
	switch o.get("role").String() {
	case "user":
		role = llm.RoleUser
	case "assistant":
		role = llm.RoleAssistant
	case "system":
		role = llm.RoleSystem
	default:
		return invalid(param+".role", "%s.role must be user, assistant or system", param)
	}
	parts, fail := d.content(o.get("content"), param+".content")
	if fail != nil {
		return fail
	}
	d.rest(o, "messages", "role", "content")
	d.req.Messages = append(d.req.Messages, llm.Message{Role: role, Parts: parts})
	return nil
}

func (d *requestReader) tools(v gjson.Result) *fault.Error {
	d.req.Tools = nil
	if !v.IsArray() {
		return invalid("tools", "tools must be a list")
	}
	var fail *fault.Error
	v.ForEach(func(_, t gjson.Result) bool {
		fail = d.tool(t, "tools."+strconv.Itoa(len(d.req.Tools)))
		return fail == nil
	})
	return fail
}

func (d *requestReader) tool(v gjson.Result, param string) *fault.Error {
	if !v.IsObject() {
		return invalid(param, "%s must be an object", param)
	}
	t := llm.Tool{Name: v.Get("name").String()}
	if c := v.Get("cache_control"); c.IsObject() {
		t.Cache = d.cache(c, "tools")
	}
	if typ := v.Get("type").String(); typ != "" && typ != "custom" {
		t.Opaque = &llm.Opaque{Format: llm.AnthropicMessages, Type: typ, Raw: rawOf(v)}
		d.req.Tools = append(d.req.Tools, t)
		return nil
	}
	if t.Name == "" {
		return invalid(param+".name", "%s.name is missing", param)
	}
	t.Description = v.Get("description").String()
	if s := v.Get("input_schema"); given(s) {
		if !s.IsObject() {
			return invalid(param+".input_schema", "%s.input_schema must be a JSON schema", param)
		}
		t.Schema = rawOf(s)
	}
	if s := v.Get("strict"); s.IsBool() {
		strict := s.Bool()
		t.Strict = &strict
	}
	d.rest(fieldsOf(v), "tools", "type", "name", "description", "input_schema", "strict", "cache_control")
	d.req.Tools = append(d.req.Tools, t)
	return nil
}

func (d *requestReader) toolChoice(v gjson.Result) *fault.Error {
	c := &d.req.ToolChoice
	switch v.Get("type").String() {
	case "auto":
		c.Mode = "auto"
	case "any":
		c.Mode = "required"
	case "none":
		c.Mode = "none"
	case "tool":
		c.Mode, c.Name = "tool", v.Get("name").String()
		if c.Name == "" {
			return invalid("tool_choice.name", "tool_choice.name is missing")
		}
	default:
		return invalid("tool_choice.type", "tool_choice.type must be auto, any, tool or none")
	}
	if p := v.Get("disable_parallel_tool_use"); p.IsBool() {
		parallel := !p.Bool()
		d.req.ParallelTools = &parallel
	}
	d.rest(fieldsOf(v), "tool_choice", "type", "name", "disable_parallel_tool_use")
	return nil
}

// outputFormat reads the shape of the answer.
func (d *requestReader) outputFormat(v gjson.Result) {
	schema := v.Get("schema")
	if v.Get("type").String() != "json_schema" || !schema.IsObject() {
		d.req.Unknown.Add("output_format")
		return
	}
	d.req.Output = llm.OutputShape{Kind: "schema", Schema: rawOf(schema)}
	d.rest(fieldsOf(v), "output_format", "type", "schema")
}

func (d *requestReader) outputConfig(v gjson.Result) {
	if e := v.Get("effort"); e.Type == gjson.String {
		d.reasoning().Effort = e.Str
	}
	if f := v.Get("format"); given(f) {
		d.outputFormat(f)
	}
	d.rest(fieldsOf(v), "output_config", "effort", "format")
}

func (d *requestReader) reasoning() *llm.Reasoning {
	if d.req.Reasoning == nil {
		d.req.Reasoning = &llm.Reasoning{}
	}
	return d.req.Reasoning
}

func (d *requestReader) thinkingConfig(v gjson.Result) *fault.Error {
	r := d.reasoning()
	switch v.Get("type").String() {
	case "enabled":
		if fail := integer("thinking.budget_tokens", v.Get("budget_tokens"), &r.Budget); fail != nil {
			return fail
		}
	case "adaptive":
		r.Adaptive = true
	case "disabled":
		r.Off = true
	default:
		return invalid("thinking.type", "thinking.type must be enabled, adaptive or disabled")
	}
	switch v.Get("display").String() {
	case "summarized":
		r.Show = true
	case "omitted":
		d.req.Unknown.Add("thinking.display")
	}
	d.rest(fieldsOf(v), "thinking", "type", "budget_tokens", "display")
	return nil
}

func str(param string, v gjson.Result, dst *string) *fault.Error {
	if v.Type != gjson.String {
		return invalid(param, "%s must be a string", param)
	}
	*dst = v.Str
	return nil
}

func boolean(param string, v gjson.Result, dst *bool) *fault.Error {
	if !v.IsBool() {
		return invalid(param, "%s must be true or false", param)
	}
	*dst = v.Bool()
	return nil
}

func number(param string, v gjson.Result, dst **float64) *fault.Error {
	f, err := strconv.ParseFloat(v.Raw, 64)
	if v.Type != gjson.Number || err != nil {
		return invalid(param, "%s must be a number", param)
	}
	*dst = &f
	return nil
}

func integer(param string, v gjson.Result, dst **int64) *fault.Error {
	n, err := strconv.ParseInt(v.Raw, 10, 64)
	if v.Type != gjson.Number || err != nil || n < 0 {
		return invalid(param, "%s must be a whole number, not negative", param)
	}
	*dst = &n
	return nil
}
