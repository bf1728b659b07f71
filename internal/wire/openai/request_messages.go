package openai

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

func (d *requestDecoder) messageList(v gjson.Result) {
	d.messages = true
	if !v.IsArray() {
		d.fail("messages", "messages must be a list")
		return
	}
	i := 0
	each(v, func(v gjson.Result) bool {
		d.message("messages["+strconv.Itoa(i)+"]", v)
		i++
		return d.err == nil
	})
}

// message reads one message.
func (d *requestDecoder) message(path string, v gjson.Result) {
	if !v.IsObject() {
		d.fail(path, "%s must be an object", path)
		return
	}
	var role, name, callID string
	m := readMessage(v, func(field string, v gjson.Result) {
		switch field {
		case "name":
			name = text(v)
		case "tool_call_id":
			callID = text(v)
		default:
			d.req.Unknown.Add("messages." + field)
		}
	})
	role = text(get(v, "role"))
	if t := m.content.Type; t == gjson.Number || t == gjson.True || t == gjson.False {
		d.fail(path+".content", "%s.content must be a string or a list of parts", path)
		return
	}
	switch role {
	case "system", "developer":
		d.nameless(name)
		d.system(&m)
	case "user":
		d.nameless(name)
		d.add(llm.RoleUser, contentParts(m.content))
	case "assistant":
		d.nameless(name)
		if m.audio.IsObject() {
			d.req.Unknown.Add("messages.audio")
			m.audio = gjson.Result{}
		}
		d.remember(&m)
		d.add(llm.RoleAssistant, m.parts(""))
	case "tool":
		d.toolResult(&m, callID, name)
	case "function": // before tools: answers by name
		d.toolResult(&m, name, name)
	default:
		d.fail(path+".role", "%s.role must be system, developer, user, assistant or tool", path)
	}
}

func (d *requestDecoder) nameless(name string) {
	if name != "" {
		d.req.Unknown.Add("messages.name")
	}
}

func (d *requestDecoder) add(role llm.Role, parts []llm.Part) {
	d.begun = true
	d.req.Messages = append(d.req.Messages, llm.Message{Role: role, Parts: parts})
}

// system puts leading system text apart; later ones stay in their place.
func (d *requestDecoder) system(m *message) {
	parts := contentParts(m.content)
	if d.begun {
		d.add(llm.RoleSystem, parts)
		return
	}
	for _, p := range parts {
		if p.Kind != llm.KindText {
			d.req.Unknown.Add("system." + partName(&p))
			continue
		}
		d.req.System = append(d.req.System, p)
	}
}

// remember keeps the names of called functions, which tool messages leave out
// and other formats want.
func (d *requestDecoder) remember(m *message) {
	each(m.toolCalls, func(v gjson.Result) bool {
		if d.toolNames == nil {
			d.toolNames = map[string]string{}
		}
		d.toolNames[text(get(v, "id"))] = text(get(get(v, "function"), "name"))
		return true
	})
}

// toolResult adds a result to the user message that the tool message before it
// began, or begins one.
func (d *requestDecoder) toolResult(m *message, callID, name string) {
	if name == "" {
		name = d.toolNames[callID]
	}
	part := llm.Part{Kind: llm.KindToolResult, Result: &llm.ToolResult{
		CallID: callID, Name: name, Parts: contentParts(m.content),
	}}
	if last := len(d.req.Messages) - 1; last >= 0 && onlyResults(&d.req.Messages[last]) {
		d.req.Messages[last].Parts = append(d.req.Messages[last].Parts, part)
		return
	}
	d.add(llm.RoleUser, []llm.Part{part})
}

func onlyResults(m *llm.Message) bool {
	if m.Role != llm.RoleUser || len(m.Parts) == 0 {
		return false
	}
	for i := range m.Parts {
		if m.Parts[i].Kind != llm.KindToolResult {
			return false
		}
	}
	return true
}
