package gemini

import (
	"fmt"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// madeID begins the call ids that this package makes where the format has none.
const madeID = "gmn_"

func decodeRequest(body []byte) (*llm.Request, error) {
	v, ok := parse(body)
	if !ok {
		return nil, fault.New(fault.Invalid, "invalid_json", "the request body is not a JSON object")
	}
	return readRequest(v)
}

// readRequest reads a GenerateContentRequest.
func readRequest(v gjson.Result) (*llm.Request, error) {
	d := requestReader{req: &llm.Request{}}
	d.newID = func(n int) string { return madeID + strconv.Itoa(n) }
	fields(v, d.field)
	if d.err == nil && len(d.req.Messages) == 0 {
		d.fail(wrong("contents", "a list of at least one message"))
	}
	if d.err != nil {
		return nil, d.err
	}
	d.req.Unknown.AddAll(d.unknown)
	return d.req, nil
}

type requestReader struct {
	partReader
	req *llm.Request
}

func (d *requestReader) field(name string, f gjson.Result) {
	r := d.req
	switch name {
	case "model":
		r.Model = bareModel(d.text(f, name))
	case "contents":
		each(f, d.content)
	case "systemInstruction":
		d.system(f)
	case "tools":
		each(f, d.tool)
	case "toolConfig":
		d.toolConfig(f)
	case "generationConfig":
		d.config(f)
	case "serviceTier":
		r.ServiceTier = tierWord(d.text(f, name))
	default: // safetySettings, cachedContent, labels, store, modelArmorConfig, ...
		d.unknown.Add(name)
	}
}

func (d *requestReader) content(i int, v gjson.Result) {
	at := fmt.Sprintf("contents[%d]", i)
	if !v.IsObject() {
		d.fail(wrong(at, "an object with parts"))
		return
	}
	m := llm.Message{Role: llm.RoleUser}
	fields(v, func(name string, f gjson.Result) {
		switch name {
		case "role":
			switch d.text(f, at+".role") {
			case "model":
				m.Role = llm.RoleAssistant
			case "", "user", "function", "tool":
			default:
				d.fail(wrong(at+".role", `"user" or "model"`))
			}
		case "parts":
			m.Parts = d.parts(f, at+".parts")
		default:
			d.unknown.Add("contents." + name)
		}
	})
	d.req.Messages = append(d.req.Messages, m)
}

func (d *requestReader) parts(v gjson.Result, at string) []llm.Part {
	var list []llm.Part
	each(v, func(k int, e gjson.Result) {
		if p, ok := d.part(e, at+"["+strconv.Itoa(k)+"]"); ok {
			list = append(list, p)
		}
	})
	return list
}

// system reads the instruction: a content, its parts, or (as some clients write
// it) a plain text. Only text means anything there.
func (d *requestReader) system(v gjson.Result) {
	if v.Type == gjson.String {
		d.req.System = []llm.Part{{Kind: llm.KindText, Text: v.Str}}
		return
	}
	if !v.IsObject() {
		d.fail(wrong("systemInstruction", "an object with parts"))
		return
	}
	own := requestReader{} // its parts are no turn of the conversation
	list := own.parts(field(v, "parts"), "systemInstruction.parts")
	if own.err != nil {
		d.fail(own.err)
	}
	d.unknown.AddAll(own.unknown)
	for _, p := range list {
		if p.Kind != llm.KindText {
			d.unknown.Add("systemInstruction.parts")
			continue
		}
		p.Signature, p.SignatureOf = "", ""
		d.req.System = append(d.req.System, p)
	}
}

// tool reads one Tool message, which may hold several functions and built-ins.
func (d *requestReader) tool(i int, v gjson.Result) {
	at := "tools[" + strconv.Itoa(i) + "]"
	if !v.IsObject() {
		d.fail(wrong(at, "an object"))
		return
	}
	fields(v, func(name string, f gjson.Result) {
		if name == "functionDeclarations" {
			each(f, func(k int, e gjson.Result) {
				d.function(e, fmt.Sprintf("%s.functionDeclarations[%d]", at, k))
			})
			return
		}
		var raw object
		raw.add(name, compact(f.Raw))
		d.req.Tools = append(d.req.Tools, llm.Tool{Name: name, Opaque: &llm.Opaque{
			Format: llm.GeminiGenerate, Type: name, Raw: raw.bytes(),
		}})
	})
}

func (d *requestReader) function(v gjson.Result, at string) {
	t := llm.Tool{}
	fields(v, func(name string, f gjson.Result) {
		switch name {
		case "name":
			t.Name = d.text(f, at+".name")
		case "description":
			t.Description = d.text(f, at+".description")
		case "parameters":
			if !f.IsObject() {
				d.fail(wrong(at+".parameters", "a schema object"))
				return
			}
			t.Schema = fromOpenAPI(f)
		case "parametersJsonSchema":
			t.Schema = compact(f.Raw)
		default:
			d.unknown.Add("tools.functionDeclarations." + name)
		}
	})
	if t.Name == "" {
		d.fail(wrong(at+".name", "the name of a function"))
	}
	d.req.Tools = append(d.req.Tools, t)
}

func (d *requestReader) toolConfig(v gjson.Result) {
	fields(v, func(name string, f gjson.Result) {
		if name != "functionCallingConfig" {
			d.unknown.Add("toolConfig." + name)
			return
		}
		var mode string
		var allowed []string
		fields(f, func(name string, f gjson.Result) {
			switch name {
			case "mode":
				mode = d.text(f, "toolConfig.functionCallingConfig.mode")
			case "allowedFunctionNames":
				each(f, func(_ int, e gjson.Result) {
					allowed = append(allowed, d.text(e, "toolConfig.functionCallingConfig.allowedFunctionNames"))
				})
			default:
				d.unknown.Add("toolConfig.functionCallingConfig." + name)
			}
		})
		d.req.ToolChoice = d.choice(mode, allowed)
	})
}

// choice reads a mode; the words are case-sensitive. VALIDATED is "auto" with the
// promise that calls fit their schemas, which llm has no word for; with a list of
// names it is "allowed", the one mode that may call or speak within such a list.
func (d *requestReader) choice(mode string, allowed []string) llm.ToolChoice {
	switch mode {
	case "", "MODE_UNSPECIFIED":
		if len(allowed) > 0 {
			return llm.ToolChoice{Mode: "allowed", Allowed: allowed}
		}
		return llm.ToolChoice{}
	case "NONE":
		return llm.ToolChoice{Mode: "none"}
	case "ANY":
		if len(allowed) == 1 {
			return llm.ToolChoice{Mode: "tool", Name: allowed[0]}
		}
		return llm.ToolChoice{Mode: "required", Allowed: allowed}
	case "VALIDATED", "AUTO":
		if len(allowed) > 0 {
			return llm.ToolChoice{Mode: "allowed", Allowed: allowed}
		}
		if mode == "VALIDATED" {
			d.unknown.Add("toolConfig.functionCallingConfig.mode")
		}
		return llm.ToolChoice{Mode: "auto"}
	}
	d.fail(wrong("toolConfig.functionCallingConfig.mode", "AUTO, ANY, NONE or VALIDATED"))
	return llm.ToolChoice{}
}
