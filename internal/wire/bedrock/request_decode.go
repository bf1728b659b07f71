package bedrock

import (
	"encoding/json"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

func invalid(param, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "invalid_request", format, args...).At(param)
}

func decodeRequest(body []byte) (*llm.Request, error) {
	obj, ok := parse(body)
	if !ok {
		return nil, invalid("", "the body is not a JSON object in UTF-8")
	}
	d := requestReader{}
	d.reader = reader{unknown: &d.req.Unknown, replay: true}
	for _, f := range fieldsOf(obj) {
		if fail := d.field(f.key, f.val); fail != nil {
			return nil, fail
		}
	}
	if len(d.req.Messages) == 0 {
		return nil, invalid("messages", "messages must hold at least one message")
	}
	return &d.req, nil
}

// requestReader reads one request. Each step returns what is wrong, or nil.
type requestReader struct {
	reader
	req llm.Request
}

func (d *requestReader) field(key string, v gjson.Result) *fault.Error {
	switch key {
	case "system":
		return d.system(v)
	case "messages":
		return d.messages(v)
	case "inferenceConfig":
		return d.inference(v)
	case "toolConfig":
		return d.toolConfig(v)
	case "additionalModelRequestFields":
		return d.additional(v)
	case "outputConfig":
		return d.outputConfig(v)
	case "requestMetadata":
		return d.metadata(v)
	case "serviceTier":
		d.req.ServiceTier = v.Get("type").String()
		fieldsOf(v).rest(&d.req.Unknown, key, "type")
	default: // guardrailConfig, performanceConfig, promptVariables and what is to come
		d.req.Unknown.Add(key)
	}
	return nil
}

func (d *requestReader) system(v gjson.Result) *fault.Error {
	parts, fail := d.content(v, "system")
	if fail != nil {
		return fail
	}
	for i := range parts {
		p := &parts[i]
		if p.Kind == llm.KindOpaque {
			// Guarded instructions are instructions; the guardrail's interest in
			// them is what cannot be said elsewhere.
			text := gjson.GetBytes(p.Opaque.Raw, "guardContent.text.text")
			if text.Type == gjson.String {
				d.req.Unknown.Add("system." + p.Opaque.Type)
				*p = llm.Part{Kind: llm.KindText, Text: text.Str, Cache: p.Cache}
			}
		}
		if p.Kind != llm.KindText {
			return invalid("system", "system holds a block that is not text")
		}
	}
	d.req.System = parts
	return nil
}

func (d *requestReader) messages(v gjson.Result) *fault.Error {
	if !v.IsArray() {
		return invalid("messages", "messages must be a list")
	}
	d.req.Messages = nil
	for i, m := range v.Array() {
		param := "messages." + strconv.Itoa(i)
		o := fieldsOf(m)
		role := llm.Role(o.get("role").String())
		if role != llm.RoleUser && role != llm.RoleAssistant {
			return invalid(param+".role", "%s.role must be user or assistant", param)
		}
		parts, fail := d.content(o.get("content"), param+".content")
		if fail != nil {
			return fail
		}
		o.rest(&d.req.Unknown, "messages", "role", "content")
		d.req.Messages = append(d.req.Messages, llm.Message{Role: role, Parts: parts})
	}
	return nil
}

func (d *requestReader) inference(v gjson.Result) *fault.Error {
	r := &d.req
	for _, f := range fieldsOf(v) {
		var fail *fault.Error
		param := "inferenceConfig." + f.key
		switch f.key {
		case "maxTokens":
			fail = integer(param, f.val, &r.MaxTokens)
		case "temperature":
			fail = number(param, f.val, &r.Temperature)
		case "topP":
			fail = number(param, f.val, &r.TopP)
		case "stopSequences":
			r.Stop, fail = stringList(param, f.val)
		default:
			r.Unknown.Add(param)
		}
		if fail != nil {
			return fail
		}
	}
	return nil
}

func (d *requestReader) toolConfig(v gjson.Result) *fault.Error {
	for _, f := range fieldsOf(v) {
		var fail *fault.Error
		switch f.key {
		case "tools":
			fail = d.tools(f.val)
		case "toolChoice":
			fail = d.toolChoice(f.val)
		default:
			d.req.Unknown.Add("toolConfig." + f.key)
		}
		if fail != nil {
			return fail
		}
	}
	return nil
}

func (d *requestReader) tools(v gjson.Result) *fault.Error {
	if !v.IsArray() {
		return invalid("toolConfig.tools", "toolConfig.tools must be a list")
	}
	d.req.Tools = nil
	for i, t := range v.Array() {
		param := "toolConfig.tools." + strconv.Itoa(i)
		o := fieldsOf(t)
		if len(o) == 0 {
			return invalid(param, "%s must be a tool", param)
		}
		for _, f := range o {
			if fail := d.tool(f.key, f.val, param); fail != nil {
				return fail
			}
		}
	}
	return nil
}

func (d *requestReader) tool(key string, v gjson.Result, param string) *fault.Error {
	r := &d.req
	switch key {
	case "cachePoint":
		if len(r.Tools) == 0 {
			r.Unknown.Add("cachePoint")
			return nil
		}
		r.Tools[len(r.Tools)-1].Cache = d.cache(v)
		return nil
	case "toolSpec":
	default: // systemTool
		raw, _ := output.Marshal(map[string]json.RawMessage{key: rawOf(v)})
		r.Tools = append(r.Tools, llm.Tool{
			Name:   v.Get("name").String(),
			Opaque: &llm.Opaque{Format: llm.BedrockConverse, Type: key, Raw: raw},
		})
		return nil
	}
	o := fieldsOf(v)
	t := llm.Tool{Name: o.get("name").String(), Description: o.get("description").String()}
	if t.Name == "" {
		return invalid(param+".toolSpec.name", "%s.toolSpec.name is missing", param)
	}
	if schema := o.get("inputSchema").Get("json"); given(schema) {
		if !schema.IsObject() {
			return invalid(param+".toolSpec.inputSchema", "%s.toolSpec.inputSchema.json must be a JSON schema", param)
		}
		t.Schema = rawOf(schema)
	}
	if s := o.get("strict"); s.IsBool() {
		strict := s.Bool()
		t.Strict = &strict
	}
	o.rest(&r.Unknown, "toolSpec", "name", "description", "inputSchema", "strict")
	r.Tools = append(r.Tools, t)
	return nil
}

func (d *requestReader) toolChoice(v gjson.Result) *fault.Error {
	c := &d.req.ToolChoice
	switch o := fieldsOf(v); {
	case o.get("auto").Exists():
		c.Mode = "auto"
	case o.get("any").Exists():
		c.Mode = "required"
	case o.get("tool").Exists():
		c.Mode, c.Name = "tool", o.get("tool").Get("name").String()
		if c.Name == "" {
			return invalid("toolConfig.toolChoice.tool.name", "toolConfig.toolChoice.tool.name is missing")
		}
	default:
		return invalid("toolConfig.toolChoice", "toolConfig.toolChoice must be auto, any or tool")
	}
	return nil
}

// outputConfig reads the shape of the answer. Bedrock carries the schema as a
// string.
func (d *requestReader) outputConfig(v gjson.Result) *fault.Error {
	o := fieldsOf(v)
	o.rest(&d.req.Unknown, "outputConfig", "textFormat")
	format := o.get("textFormat")
	spec := format.Get("structure.jsonSchema")
	if format.Get("type").String() != "json_schema" || !spec.IsObject() {
		if format.Exists() {
			d.req.Unknown.Add("outputConfig.textFormat")
		}
		return nil
	}
	schema := spec.Get("schema").String()
	if !validObject(schema) {
		const param = "outputConfig.textFormat.structure.jsonSchema.schema"
		return invalid(param, "%s must be a JSON schema, as a string", param)
	}
	d.req.Output = llm.OutputShape{
		Kind: "schema", Name: spec.Get("name").String(),
		Description: spec.Get("description").String(), Schema: json.RawMessage(schema),
	}
	fieldsOf(spec).rest(&d.req.Unknown, "jsonSchema", "name", "description", "schema")
	return nil
}

func (d *requestReader) metadata(v gjson.Result) *fault.Error {
	o := fieldsOf(v)
	for _, f := range o {
		if f.val.Type != gjson.String {
			return invalid("requestMetadata", "requestMetadata must map strings to strings")
		}
	}
	if len(o) > 0 {
		d.req.Metadata = make(map[string]string, len(o))
	}
	for _, f := range o {
		d.req.Metadata[f.key] = f.val.Str
	}
	return nil
}

// additional reads the parameters of single families of models.
func (d *requestReader) additional(v gjson.Result) *fault.Error {
	if !v.IsObject() {
		return invalid("additionalModelRequestFields", "additionalModelRequestFields must be an object")
	}
	for _, f := range fieldsOf(v) {
		param := "additionalModelRequestFields." + f.key
		switch {
		case f.key == "top_k" && f.val.Type == gjson.Number:
			if fail := integer(param, f.val, &d.req.TopK); fail != nil {
				return fail
			}
		case f.key == "inferenceConfig" && f.val.Get("topK").Type == gjson.Number: // Nova
			if fail := integer(param+".topK", f.val.Get("topK"), &d.req.TopK); fail != nil {
				return fail
			}
			fieldsOf(f.val).rest(&d.req.Unknown, param, "topK")
		case readReasoning(f.key, f.val, &d.req):
		default:
			d.req.Unknown.Add(param)
		}
	}
	return nil
}

func stringList(param string, v gjson.Result) ([]string, *fault.Error) {
	var out []string
	fail := invalid(param, "%s must be a list of strings", param)
	if !v.IsArray() {
		return nil, fail
	}
	for _, s := range v.Array() {
		if s.Type != gjson.String {
			return nil, fail
		}
		out = append(out, s.Str)
	}
	return out, nil
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

// DecodeCount reads the conversation of a count-tokens request:
// {"input":{"converse":{...}}}. ok is false for one that counts the body of an
// InvokeModel, which is not in this format.
func DecodeCount(body []byte) (r *llm.Request, ok bool, err error) {
	if !valid(body) {
		return nil, false, invalid("", "the body is not a JSON object in UTF-8")
	}
	inner := gjson.GetBytes(body, "input.converse")
	if !inner.IsObject() {
		return nil, false, nil
	}
	r, err = decodeRequest([]byte(inner.Raw))
	return r, err == nil, err
}
