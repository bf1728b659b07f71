package responses

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// conversation reads instructions and input into system text and messages.
func (d *requestDecoder) conversation() {
	if d.instructions.Exists() {
		if s := d.str("instructions", d.instructions); s != "" {
			d.r.System = append(d.r.System, llm.Part{Kind: llm.KindText, Text: s})
		}
	}
	switch {
	case d.err != nil:
	case !d.input.Exists():
		if !d.continues {
			d.fail("input", "input is missing")
		}
	case d.input.Type == gjson.String:
		part := llm.Part{Kind: llm.KindText, Text: d.input.String()}
		d.r.Messages = append(d.r.Messages, llm.Message{Role: llm.RoleUser, Parts: []llm.Part{part}})
	case d.input.IsArray():
		d.list("input", d.input, d.item)
	default:
		d.fail("input", "input must be a string or a list of items")
	}
}

func (d *requestDecoder) item(param string, v gjson.Result) {
	if !v.IsObject() {
		d.fail(param, "%s must be an object", param)
		return
	}
	it := readItem(v)
	if it.namespace.Type == gjson.String {
		d.r.Unknown.Add("input.namespace")
	}
	if it.phase.Type == gjson.String {
		d.r.Unknown.Add("input.phase")
	}
	switch it.typ {
	case "message":
		d.message(param, &it)
	case "function_call", "custom_tool_call":
		if it.name == "" {
			d.fail(param+".name", "a tool call has no name")
			return
		}
		d.join(llm.RoleAssistant, it.call())
	case "function_call_output", "custom_tool_call_output":
		if it.callID == "" {
			d.fail(param+".call_id", "a tool's output has no call_id")
			return
		}
		d.join(llm.RoleUser, d.result(&it))
	case "reasoning":
		d.join(llm.RoleAssistant, it.reasoning())
	case "":
		d.fail(param+".type", "an item has neither type nor role")
	default:
		role := llm.RoleAssistant
		if fromCaller(it.typ) {
			role = llm.RoleUser
		}
		d.join(role, it.opaque())
	}
}

// fromCaller tells the items that the caller answers a server tool with.
func fromCaller(typ string) bool {
	return strings.HasSuffix(typ, "_output") || typ == "mcp_approval_response" || typ == "additional_tools"
}

func (d *requestDecoder) message(param string, it *item) {
	if it.content.Exists() && it.content.Type != gjson.String && !it.content.IsArray() && it.content.Type != gjson.Null {
		d.fail(param+".content", "content must be a string or a list")
		return
	}
	parts := contents(it.content)
	for i := range parts {
		if p := &parts[i]; p.Kind == llm.KindOpaque && p.Opaque.Type == contentMark {
			d.fail(param+".content["+strconv.Itoa(i)+"]", "content has no type")
			return
		}
	}
	if len(parts) == 0 {
		return
	}
	m := llm.Message{Parts: parts}
	switch it.role {
	case "user":
		m.Role = llm.RoleUser
	case "assistant":
		m.Role = llm.RoleAssistant
		d.assistant(m)
		return
	case "system", "developer":
		m.Role = llm.RoleSystem
		if len(d.r.Messages) == 0 && onlyText(parts) {
			d.r.System = append(d.r.System, parts...)
			return
		}
	default:
		d.fail(param+".role", "the role of a message is not one of user, assistant, system and developer")
		return
	}
	d.r.Messages = append(d.r.Messages, m)
}

func onlyText(parts []llm.Part) bool {
	for i := range parts {
		if parts[i].Kind != llm.KindText {
			return false
		}
	}
	return true
}

// assistant adds an assistant's message to the turn that is open, unless that
// ends in a message of its own: the border between the two would be lost.
func (d *requestDecoder) assistant(m llm.Message) {
	if last := d.last(llm.RoleAssistant); last != nil && !spoken(&last.Parts[len(last.Parts)-1]) {
		last.Parts = append(last.Parts, m.Parts...)
		return
	}
	d.r.Messages = append(d.r.Messages, m)
}

// spoken reports whether p is written as content of a message item.
func spoken(p *llm.Part) bool {
	switch p.Kind {
	case llm.KindToolCall, llm.KindToolResult, llm.KindReasoning:
		return false
	case llm.KindOpaque:
		return strings.HasPrefix(p.Opaque.Type, contentMark)
	}
	return true
}

// join adds a part that is an item of its own to the turn of role. A user's turn
// takes it only after parts of the same sort, so that words stay apart from results.
func (d *requestDecoder) join(role llm.Role, p llm.Part) {
	if last := d.last(role); last != nil && (role == llm.RoleAssistant || !spoken(&last.Parts[len(last.Parts)-1])) {
		last.Parts = append(last.Parts, p)
		return
	}
	d.r.Messages = append(d.r.Messages, llm.Message{Role: role, Parts: []llm.Part{p}})
}

// last returns the last message, if it is of role; it has at least one part.
func (d *requestDecoder) last(role llm.Role) *llm.Message {
	if n := len(d.r.Messages); n > 0 && d.r.Messages[n-1].Role == role {
		return &d.r.Messages[n-1]
	}
	return nil
}

func (d *requestDecoder) result(it *item) llm.Part {
	r := &llm.ToolResult{CallID: it.callID, Name: it.name}
	if it.output.IsArray() {
		r.Parts = contents(it.output)
	} else if s := text(it.output); s != "" {
		r.Parts = []llm.Part{{Kind: llm.KindText, Text: s}}
	}
	return llm.Part{Kind: llm.KindToolResult, Result: r}
}
