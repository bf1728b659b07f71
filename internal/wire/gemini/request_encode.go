package gemini

import (
	"encoding/json"
	"fmt"

	"github.com/steward-llmops/steward/internal/llm"
)

func encodeRequest(r *llm.Request) ([]byte, llm.Lost, error) {
	w := requestWriter{partWriter: partWriter{gen: generation(r.Model), names: map[string]string{}}, req: r}
	w.lost.AddAll(r.Unknown)
	w.messages()
	w.tools()
	w.out.GenerationConfig = w.config()
	w.rest()
	if w.err != nil {
		return nil, w.lost, w.err
	}
	b, err := writer.Marshal(&w.out)
	if err != nil {
		return nil, w.lost, fmt.Errorf("write generateContent request: %w", err)
	}
	return b, w.lost, nil
}

type requestWriter struct {
	partWriter
	req *llm.Request
	out requestJSON
}

// messages writes the system text and the turns. System text amid the turns joins
// the leading one. Turns of one side are joined where the format wants a step in
// one content: all parts of the model, all results of its calls.
func (w *requestWriter) messages() {
	system := w.parts(w.req.System)
	var last *llm.Message
	for i := range w.req.Messages {
		m := &w.req.Messages[i]
		if m.Role == llm.RoleSystem {
			w.lost.Add("messages.system_position")
			system = append(system, w.parts(m.Parts)...)
			continue
		}
		parts := w.parts(m.Parts)
		if len(parts) == 0 {
			continue
		}
		n := len(w.out.Contents)
		if last != nil && last.Role == m.Role && joined(last, m) {
			w.out.Contents[n-1].Parts = append(w.out.Contents[n-1].Parts, parts...)
		} else {
			role := "user"
			if m.Role == llm.RoleAssistant {
				role = "model"
			}
			w.out.Contents = append(w.out.Contents, contentJSON{Role: role, Parts: parts})
		}
		last = m
	}
	if len(system) == 0 {
		return
	}
	if len(w.out.Contents) == 0 { // the format wants a turn
		w.lost.Add("system")
		w.out.Contents = []contentJSON{{Role: "user", Parts: system}}
		return
	}
	w.out.SystemInstruction = &contentJSON{Parts: system}
}

func joined(a, b *llm.Message) bool {
	return a.Role == llm.RoleAssistant || onlyResults(a) && onlyResults(b)
}

func onlyResults(m *llm.Message) bool {
	for i := range m.Parts {
		if m.Parts[i].Kind != llm.KindToolResult {
			return false
		}
	}
	return true
}

func (w *requestWriter) tools() {
	var functions *toolJSON
	for i := range w.req.Tools {
		t := &w.req.Tools[i]
		if t.Cache != nil {
			w.lost.Add("cache_control")
		}
		if o := t.Opaque; o != nil {
			if o.Format == llm.GeminiGenerate && isObject(string(o.Raw)) {
				w.out.Tools = append(w.out.Tools, o.Raw)
			} else {
				w.lost.Add("tools." + o.Type)
			}
			continue
		}
		if t.Strict != nil && *t.Strict {
			w.lost.Add("tools.strict")
		}
		if functions == nil {
			functions = &toolJSON{}
			w.out.Tools = append(w.out.Tools, functions)
		}
		f := functionJSON{Name: t.Name, Description: t.Description}
		f.Parameters, f.ParametersJSONSchema = encodeSchema(t.Schema)
		functions.FunctionDeclarations = append(functions.FunctionDeclarations, f)
	}
	w.choice()
}

func (w *requestWriter) choice() {
	c := w.req.ToolChoice
	var out choiceJSON
	switch c.Mode {
	case "":
		return
	case "auto":
		out.Mode = "AUTO"
	case "none":
		out.Mode = "NONE"
	case "required":
		out = choiceJSON{Mode: "ANY", AllowedFunctionNames: c.Allowed}
	case "tool":
		out = choiceJSON{Mode: "ANY", AllowedFunctionNames: []string{c.Name}}
	case "allowed": // AUTO takes no list
		out = choiceJSON{Mode: "VALIDATED", AllowedFunctionNames: c.Allowed}
	default:
		w.lost.Add("tool_choice")
		return
	}
	w.out.ToolConfig = &toolConfigJSON{FunctionCallingConfig: out}
}

// rest writes the tier and names what the format has no field for.
func (w *requestWriter) rest() {
	r := w.req
	switch r.ServiceTier {
	case "", "auto", "default":
	case "standard", "flex", "priority":
		w.out.ServiceTier = r.ServiceTier
	default:
		w.lost.Add("service_tier")
	}
	if r.ParallelTools != nil && !*r.ParallelTools {
		w.lost.Add("parallel_tool_calls")
	}
	if r.User != "" {
		w.lost.Add("user")
	}
	if len(r.Metadata) > 0 {
		w.lost.Add("metadata")
	}
}

// encodeShape writes the answer's form. The schema's name and description become
// its title and description, where it has none of its own.
func (w *requestWriter) encodeShape(c *configJSON) {
	o := &w.req.Output
	switch o.Kind {
	case "":
		return
	case "json", "schema":
		c.ResponseMIMEType = "application/json"
	default:
		w.lost.Add("response_format")
		return
	}
	if o.Kind == "schema" && len(o.Schema) > 0 {
		c.ResponseSchema, c.ResponseJSONSchema = encodeSchema(described(o))
		if c.ResponseSchema == nil && c.ResponseJSONSchema == nil {
			w.lost.Add("response_format.schema")
		}
	}
}

func described(o *llm.OutputShape) json.RawMessage {
	schema := o.Schema
	for _, f := range []struct{ key, text string }{{"title", o.Name}, {"description", o.Description}} {
		if f.text == "" || !isObject(string(schema)) {
			continue
		}
		schema = withText(schema, f.key, f.text)
	}
	return schema
}
