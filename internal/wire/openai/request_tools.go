package openai

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

func (d *requestDecoder) toolList(v gjson.Result) {
	if !v.IsArray() {
		d.fail("tools", "tools must be a list")
		return
	}
	i := 0
	each(v, func(v gjson.Result) bool {
		d.tool("tools["+strconv.Itoa(i)+"]", v)
		i++
		return d.err == nil
	})
}

func (d *requestDecoder) tool(path string, v gjson.Result) {
	if !v.IsObject() {
		d.fail(path, "%s must be an object", path)
		return
	}
	var t llm.Tool
	function := get(v, "function")
	if function.IsObject() {
		t.Name = text(get(function, "name"))
		t.Description = text(get(function, "description"))
		if schema := get(function, "parameters"); schema.IsObject() {
			t.Schema = raw(schema)
		}
		t.Strict = optionalFlag(get(function, "strict"))
		if t.Name == "" {
			d.fail(path+".function.name", "%s.function.name is missing", path)
		}
	} else {
		kind := get(v, "type").Str
		t.Name = text(v.Get("custom.name"))
		t.Opaque = &llm.Opaque{Format: llm.OpenAIChat, Type: kind, Raw: raw(v)}
	}
	if mark := get(v, "cache_control"); mark.IsObject() {
		t.Cache = &llm.CacheMark{TTL: text(get(mark, "ttl"))}
	}
	d.req.Tools = append(d.req.Tools, t)
}

func (d *requestDecoder) toolChoice(v gjson.Result) {
	if v.Type == gjson.String {
		switch v.Str {
		case "auto", "none", "required":
			d.req.ToolChoice.Mode = v.Str
		case "any": // Mistral
			d.req.ToolChoice.Mode = "required"
		default:
			d.fail("tool_choice", "tool_choice must be auto, none, required or an object")
		}
		return
	}
	switch get(v, "type").Str {
	case "function", "custom":
		name := ""
		for _, path := range []string{"function.name", "custom.name", "name"} {
			if name == "" {
				name = text(v.Get(path))
			}
		}
		d.req.ToolChoice = llm.ToolChoice{Mode: "tool", Name: name}
	case "allowed_tools":
		allowed := get(v, "allowed_tools")
		c := llm.ToolChoice{Mode: "allowed", Allowed: []string{}}
		if get(allowed, "mode").Str == "required" {
			c.Mode = "required"
		}
		each(get(allowed, "tools"), func(t gjson.Result) bool {
			name := t.Get("function.name")
			if !name.Exists() {
				name = t.Get("custom.name")
			}
			c.Allowed = append(c.Allowed, text(name))
			return true
		})
		d.req.ToolChoice = c
	default:
		d.fail("tool_choice", "tool_choice.type must be function, custom or allowed_tools")
	}
}
