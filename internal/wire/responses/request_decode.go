package responses

import (
	"math"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// requestDecoder reads a caller's request; the first error ends it.
type requestDecoder struct {
	r   *llm.Request
	err *fault.Error

	instructions, input gjson.Result
	continues           bool // the input goes on from what the provider keeps
}

func decodeRequest(body []byte) (*llm.Request, error) {
	root, ok := parse(body)
	if !ok {
		return nil, fault.New(fault.Invalid, "invalid_json", "the body is not a JSON object").
			Hinted("send a JSON object, nested at most %d deep", maxDepth)
	}
	d := &requestDecoder{r: &llm.Request{}}
	root.ForEach(func(k, v gjson.Result) bool {
		if v.Type != gjson.Null {
			d.field(k.String(), v)
		}
		return d.err == nil
	})
	if d.err == nil {
		d.conversation()
	}
	if d.err != nil {
		return nil, d.err
	}
	d.r.StreamUsage = d.r.Stream // the format's streams always tell it
	return d.r, nil
}

// fail keeps the first error.
func (d *requestDecoder) fail(param, format string, args ...any) {
	if d.err == nil {
		d.err = invalid(param, format, args...)
	}
}

func (d *requestDecoder) field(key string, v gjson.Result) {
	r := d.r
	switch key {
	case "model":
		r.Model = d.str(key, v)
	case "input":
		d.input = v
	case "instructions":
		d.instructions = v
	case "stream":
		r.Stream = d.boolean(key, v)
	case "parallel_tool_calls":
		b := d.boolean(key, v)
		r.ParallelTools = &b
	case "max_output_tokens":
		r.MaxTokens = d.integer(key, v)
	case "temperature":
		r.Temperature = d.float(key, v)
	case "top_p":
		r.TopP = d.float(key, v)
	case "top_logprobs":
		r.TopLogProbs = d.integer(key, v)
		r.LogProbs = r.LogProbs || (r.TopLogProbs != nil && *r.TopLogProbs > 0)
	case "user":
		r.User = d.str(key, v)
	case "service_tier":
		r.ServiceTier = d.str(key, v)
	case "metadata":
		d.metadata(v)
	case "tools":
		d.list(key, v, d.tool)
	case "tool_choice":
		d.toolChoice(v)
	case "text":
		d.text(v)
	case "reasoning":
		d.reasoning(v)
	case "include":
		d.list(key, v, d.include)
	default:
		d.other(key, v)
	}
}

// other notes fields that llm has no word for, but where their value asks for
// nothing.
func (d *requestDecoder) other(key string, v gjson.Result) {
	switch key {
	case "store", "background":
		if v.Type == gjson.False {
			return
		}
	case "truncation":
		if v.String() == "disabled" {
			return
		}
	case "previous_response_id", "conversation", "prompt":
		d.continues = true
	}
	d.r.Unknown.Add(key)
}

func (d *requestDecoder) str(param string, v gjson.Result) string {
	if v.Type != gjson.String {
		d.fail(param, "%s must be a string", param)
	}
	return v.String()
}

func (d *requestDecoder) boolean(param string, v gjson.Result) bool {
	if !v.IsBool() {
		d.fail(param, "%s must be true or false", param)
	}
	return v.Bool()
}

func (d *requestDecoder) float(param string, v gjson.Result) *float64 {
	f := v.Float()
	if v.Type != gjson.Number || math.IsInf(f, 0) {
		d.fail(param, "%s must be a number", param)
	}
	return &f
}

func (d *requestDecoder) integer(param string, v gjson.Result) *int64 {
	n := v.Int()
	if v.Type != gjson.Number || float64(n) != v.Float() {
		d.fail(param, "%s must be an integer", param)
	}
	return &n
}

// list calls f for every element of the array v.
func (d *requestDecoder) list(param string, v gjson.Result, f func(param string, v gjson.Result)) {
	if !v.IsArray() {
		d.fail(param, "%s must be a list", param)
		return
	}
	i := 0
	v.ForEach(func(_, e gjson.Result) bool {
		f(param+"["+strconv.Itoa(i)+"]", e)
		i++
		return d.err == nil
	})
}

func (d *requestDecoder) metadata(v gjson.Result) {
	if !v.IsObject() {
		d.fail("metadata", "metadata must be an object")
		return
	}
	v.ForEach(func(k, v gjson.Result) bool {
		if d.r.Metadata == nil {
			d.r.Metadata = make(map[string]string)
		}
		d.r.Metadata[k.String()] = text(v)
		return true
	})
}

func (d *requestDecoder) include(_ string, v gjson.Result) {
	switch what := v.String(); what {
	case includeEncrypted:
		d.think().Encrypted = true
	case includeLogProbs:
		d.r.LogProbs = true
	default:
		d.r.Unknown.Add("include." + what)
	}
}

func (d *requestDecoder) think() *llm.Reasoning {
	if d.r.Reasoning == nil {
		d.r.Reasoning = &llm.Reasoning{}
	}
	return d.r.Reasoning
}

func (d *requestDecoder) reasoning(v gjson.Result) {
	if !v.IsObject() {
		d.fail("reasoning", "reasoning must be an object")
		return
	}
	t := d.think()
	v.ForEach(func(k, v gjson.Result) bool {
		if v.Type == gjson.Null {
			return true
		}
		switch key := k.String(); key {
		case "effort":
			if effort := d.str("reasoning.effort", v); effort == "none" {
				t.Off = true
			} else {
				t.Effort = effort
			}
		case "summary":
			t.Summary = d.str("reasoning.summary", v)
		case "generate_summary": // the older name
			if t.Summary == "" {
				t.Summary = d.str("reasoning.generate_summary", v)
			}
		default:
			d.r.Unknown.Add("reasoning." + key)
		}
		return d.err == nil
	})
}

func (d *requestDecoder) text(v gjson.Result) {
	if !v.IsObject() {
		d.fail("text", "text must be an object")
		return
	}
	v.ForEach(func(k, v gjson.Result) bool {
		if key := k.String(); key == "format" {
			d.format(v)
		} else if v.Type != gjson.Null {
			d.r.Unknown.Add("text." + key)
		}
		return d.err == nil
	})
}

func (d *requestDecoder) format(v gjson.Result) {
	switch typ := v.Get("type").String(); typ {
	case "text", "":
	case "json_object":
		d.r.Output = llm.OutputShape{Kind: "json"}
	case "json_schema":
		o := llm.OutputShape{Kind: "schema", Name: v.Get("name").String(), Description: v.Get("description").String()}
		if s := v.Get("schema"); s.IsObject() {
			o.Schema = raw(s)
		}
		if s := v.Get("strict"); s.IsBool() {
			strict := s.Bool()
			o.Strict = &strict
		}
		d.r.Output = o
	default:
		d.r.Unknown.Add("text.format." + typ)
	}
}

func (d *requestDecoder) tool(param string, v gjson.Result) {
	if !v.IsObject() {
		d.fail(param, "%s must be an object", param)
		return
	}
	t := llm.Tool{Name: v.Get("name").String()}
	switch typ := v.Get("type").String(); typ {
	case "function":
		d.function(&t, v)
	case "custom":
		t.Description = v.Get("description").String()
		format := v.Get("format")
		if g := format.Get("grammar"); g.Exists() {
			format = g
		}
		t.Schema = customSchema(format)
		if format.Get("definition").Exists() {
			d.r.Unknown.Add("tools.format")
		}
	case "":
		d.fail(param+".type", "a tool has no type")
		return
	default:
		t.Opaque = &llm.Opaque{Format: llm.OpenAIResponses, Type: typ, Raw: raw(v)}
	}
	if t.Name == "" && t.Opaque == nil {
		d.fail(param+".name", "a tool has no name")
	}
	d.r.Tools = append(d.r.Tools, t)
}

func (d *requestDecoder) function(t *llm.Tool, v gjson.Result) {
	v.ForEach(func(k, v gjson.Result) bool {
		switch key := k.String(); key {
		case "type", "name":
		case "description":
			t.Description = v.String()
		case "parameters":
			if v.IsObject() {
				t.Schema = raw(v)
			}
		case "strict":
			if v.IsBool() {
				strict := v.Bool()
				t.Strict = &strict
			}
		default:
			if v.Type != gjson.Null && v.Type != gjson.False {
				d.r.Unknown.Add("tools." + key)
			}
		}
		return true
	})
}

func (d *requestDecoder) toolChoice(v gjson.Result) {
	c := &d.r.ToolChoice
	if v.Type == gjson.String {
		switch mode := v.String(); mode {
		case "auto", "none", "required":
			c.Mode = mode
		default:
			d.fail("tool_choice", "tool_choice is not one of auto, none and required")
		}
		return
	}
	switch v.Get("type").String() {
	case "function", "custom":
		c.Mode, c.Name = "tool", v.Get("name").String()
		if c.Name == "" {
			d.fail("tool_choice.name", "tool_choice has no name")
		}
	case "allowed_tools":
		c.Mode = "allowed"
		if v.Get("mode").String() == "required" {
			c.Mode = "required"
		}
		c.Allowed = []string{}
		each(v.Get("tools"), func(t gjson.Result) {
			if name := t.Get("name").String(); name != "" {
				c.Allowed = append(c.Allowed, name)
			} else {
				d.r.Unknown.Add("tool_choice.tools")
			}
		})
	case "":
		d.fail("tool_choice", "tool_choice is neither a word nor an object with a type")
	default: // one of the provider's own tools
		d.r.Unknown.Add("tool_choice")
	}
}
