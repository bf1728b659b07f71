package otel

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"
)

// Messages is what was said in a call.
type Messages struct {
	System []llm.Part
	Input  []llm.Message
	Output []llm.Message
}

// Contents reads what was said in a call.
type Contents interface {
	// Messages returns what was said. Of a call whose content is not kept, or whose
	// format nobody reads, it returns the zero Messages.
	Messages(ctx context.Context, c *record.Call) (Messages, error)
}

// What of a conversation goes out at most.
const (
	maxText     = 32 << 10  // bytes of one text
	maxMessages = 512 << 10 // bytes of one attribute; the oldest messages go first
)

// addContent adds what was said, as the conventions write it.
func (a *attributes) addContent(m Messages, finish llm.Finish) {
	var r renderer
	a.text(keySystem, r.join(r.parts(m.System)))
	a.text(keyInputMessages, r.messages(m.Input, ""))
	a.text(keyOutputMessages, r.messages(m.Output, finish))
	if r.cut {
		a.truth(keyContentCut, true)
	}
}

// renderer writes messages as JSON.
type renderer struct{ cut bool }

type part = map[string]any

func (r *renderer) messages(list []llm.Message, finish llm.Finish) string {
	var out []json.RawMessage
	for i := range list {
		m := part{"role": roleOf(&list[i]), "parts": r.parts(list[i].Parts)}
		if finish != "" {
			m["finish_reason"] = string(finish)
		}
		if b, err := json.Marshal(m); err == nil {
			out = append(out, b)
		}
	}
	return r.join(out)
}

// roleOf returns the conventions' role: results of tools are the tool's.
func roleOf(m *llm.Message) string {
	if len(m.Parts) > 0 && !slices.ContainsFunc(m.Parts, func(p llm.Part) bool { return p.Kind != llm.KindToolResult }) {
		return "tool"
	}
	return string(m.Role)
}

func (r *renderer) parts(list []llm.Part) []json.RawMessage {
	out := []json.RawMessage{}
	for i := range list {
		if b, err := json.Marshal(r.part(&list[i])); err == nil {
			out = append(out, b)
		}
	}
	return out
}

// join returns the list as JSON, without its first members where it is too long;
// empty where there is none.
func (r *renderer) join(list []json.RawMessage) string {
	size := 2
	first := len(list)
	for first > 0 && size+len(list[first-1])+1 <= maxMessages {
		first--
		size += len(list[first]) + 1
	}
	r.cut = r.cut || first > 0
	if first == len(list) {
		return ""
	}
	b, err := json.Marshal(list[first:])
	if err != nil {
		return ""
	}
	return string(b)
}

func (r *renderer) part(p *llm.Part) part {
	switch p.Kind {
	case llm.KindReasoning:
		return part{"type": "reasoning", "content": r.clip(p.Text)}
	case llm.KindToolCall:
		if p.Call != nil {
			return part{"type": "tool_call", "id": p.Call.ID, "name": p.Call.Name, "arguments": r.value(p.Call.Arguments)}
		}
	case llm.KindToolResult:
		if p.Result != nil {
			return part{"type": "tool_call_response", "id": p.Result.CallID, "response": r.parts(p.Result.Parts)}
		}
	case llm.KindImage, llm.KindDocument, llm.KindAudio, llm.KindVideo:
		if p.Media != nil {
			return r.media(p)
		}
	case llm.KindOpaque:
		if p.Opaque != nil {
			return part{"type": p.Opaque.Type}
		}
	}
	return part{"type": "text", "content": r.clip(p.Text)}
}

var modalities = map[llm.Kind]string{llm.KindImage: "image", llm.KindDocument: "document", llm.KindAudio: "audio", llm.KindVideo: "video"}

// media names a medium; its bytes do not go out.
func (r *renderer) media(p *llm.Part) part {
	m := p.Media
	out := part{"type": "omitted", "modality": modalities[p.Kind], "mime_type": m.MIME}
	switch {
	case m.FileID != "":
		out["type"], out["file_id"] = "file", m.FileID
	case m.URL != "" && len(m.URL) <= 2048:
		out["type"], out["uri"] = "uri", m.URL
	default:
		r.cut = true
		out["bytes"] = len(m.Plain) + len(m.URL) + base64.StdEncoding.DecodedLen(len(m.Data))
	}
	return out
}

// value returns JSON as such, and anything else as text.
func (r *renderer) value(s string) any {
	if len(s) <= maxText && json.Valid([]byte(s)) {
		return json.RawMessage(s)
	}
	return r.clip(s)
}

func (r *renderer) clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	r.cut = true
	n := maxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
