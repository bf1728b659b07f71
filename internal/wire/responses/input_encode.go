package responses

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/steward-llmops/steward/internal/llm"
)

type messageItem struct {
	Type    string `json:"type"`
	Role    string `json:"role"`
	Content any    `json:"content"` // string or []any
}

type callItem struct {
	Type      string `json:"type"`
	CallID    string `json:"call_id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type customCallItem struct {
	Type   string `json:"type"`
	CallID string `json:"call_id"`
	Name   string `json:"name"`
	Input  string `json:"input"`
}

type outputItem struct {
	Type   string `json:"type"`
	CallID string `json:"call_id"`
	Output any    `json:"output"` // string or []any
}

type reasoningItem struct {
	Type      string        `json:"type"`
	ID        string        `json:"id,omitempty"`
	Summary   []textContent `json:"summary"`
	Content   []textContent `json:"content,omitempty"`
	Encrypted string        `json:"encrypted_content,omitempty"`
}

type textContent struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type outputText struct {
	Type        string            `json:"type"`
	Text        string            `json:"text"`
	Annotations []json.RawMessage `json:"annotations"`
}

type refusalContent struct {
	Type    string `json:"type"`
	Refusal string `json:"refusal"`
}

type imageContent struct {
	Type   string `json:"type"`
	URL    string `json:"image_url,omitempty"`
	FileID string `json:"file_id,omitempty"`
	Detail string `json:"detail"`
}

type fileContent struct {
	Type   string `json:"type"`
	Data   string `json:"file_data,omitempty"`
	FileID string `json:"file_id,omitempty"`
	URL    string `json:"file_url,omitempty"`
	Name   string `json:"filename,omitempty"`
	Detail string `json:"detail,omitempty"`
}

type audioContent struct {
	Type  string    `json:"type"`
	Audio audioData `json:"input_audio"`
}

type audioData struct {
	Data   string `json:"data"`
	Format string `json:"format"`
}

func (e *requestEncoder) input() []any {
	items := []any{}
	for i := range e.r.Messages {
		m := &e.r.Messages[i]
		for from := 0; from < len(m.Parts); {
			to := from
			for to < len(m.Parts) && spoken(&m.Parts[to]) {
				to++
			}
			if to > from {
				items = e.message(items, m.Role, m.Parts[from:to])
				from = to
				continue
			}
			items = e.item(items, &m.Parts[from])
			from++
		}
	}
	return items
}

// marks notes what a part carries that no content of the format does.
func (e *requestEncoder) marks(p *llm.Part) {
	if p.Cache != nil {
		e.lost.Add("cache_control")
	}
	if p.Signature != "" {
		e.lost.Add("part.signature")
	}
}

// message writes parts that are one message's content.
func (e *requestEncoder) message(items []any, role llm.Role, parts []llm.Part) []any {
	if p := &parts[0]; len(parts) == 1 && p.Kind == llm.KindText && len(p.Citations) == 0 {
		e.marks(p)
		return append(items, messageItem{"message", string(role), p.Text})
	}
	content := e.content(role, parts)
	if len(content) == 0 {
		return items
	}
	return append(items, messageItem{"message", string(role), content})
}

// item writes a part that is an item of its own.
func (e *requestEncoder) item(items []any, p *llm.Part) []any {
	e.marks(p)
	switch p.Kind {
	case llm.KindToolCall:
		return append(items, e.call(p.Call))
	case llm.KindToolResult:
		return append(items, e.result(p.Result))
	case llm.KindReasoning:
		if p.Reasoning == nil || p.Reasoning.Issuer != llm.OpenAIResponses {
			e.lost.Add("reasoning.signature")
			return items
		}
		return append(items, thought(p))
	}
	if p.Opaque.Format != llm.OpenAIResponses {
		e.lost.Add(p.Opaque.Type)
		return items
	}
	return append(items, p.Opaque.Raw)
}

func thought(p *llm.Part) reasoningItem {
	it := reasoningItem{Type: "reasoning", ID: p.Reasoning.ID, Summary: []textContent{}, Encrypted: sealed(p.Reasoning)}
	switch {
	case p.Text == "":
	case p.Reasoning.Summary:
		it.Summary = append(it.Summary, textContent{"summary_text", p.Text})
	default:
		it.Content = append(it.Content, textContent{"reasoning_text", p.Text})
	}
	return it
}

// sealed returns the encrypted content of a block of ours. A stream brings it as
// the block's signature, after the text.
func sealed(b *llm.ReasoningBlock) string {
	if b.Encrypted != "" {
		return b.Encrypted
	}
	return b.Signature
}

func (e *requestEncoder) call(c *llm.ToolCall) any {
	e.calls++
	p := pending{asked: c.ID, id: c.ID, name: c.Name, custom: e.custom[c.Name]}
	if p.id == "" {
		p.id = "call_" + strconv.Itoa(e.calls)
	}
	e.open = append(e.open, p)
	if p.custom {
		return customCallItem{"custom_tool_call", p.id, c.Name, customInput(c.Arguments)}
	}
	return callItem{"function_call", p.id, c.Name, arguments(c)}
}

// arguments returns the arguments as the format wants them, never empty.
func arguments(c *llm.ToolCall) string {
	if c.Arguments == "" {
		return "{}"
	}
	return c.Arguments
}

func (e *requestEncoder) result(r *llm.ToolResult) any {
	call := e.answered(r)
	it := outputItem{Type: "function_call_output", CallID: call.id, Output: ""}
	if call.custom {
		it.Type = "custom_tool_call_output"
	}
	if r.IsError {
		e.lost.Add("tool_result.is_error")
	}
	switch {
	case len(r.Parts) == 1 && r.Parts[0].Kind == llm.KindText:
		e.marks(&r.Parts[0])
		it.Output = r.Parts[0].Text
	case len(r.Parts) > 0:
		if content := e.content(llm.RoleUser, r.Parts); len(content) > 0 {
			it.Output = content
		}
	}
	return it
}

// answered finds the call that a result belongs to: by id, else, where a format
// has none, the first of the name that is open.
func (e *requestEncoder) answered(r *llm.ToolResult) pending {
	for i, p := range e.open {
		if p.asked == r.CallID && (r.CallID != "" || r.Name == "" || p.name == r.Name) {
			e.open = append(e.open[:i:i], e.open[i+1:]...)
			return p
		}
	}
	id := r.CallID
	if id == "" {
		id = "call_" + r.Name
	}
	return pending{id: id}
}

func (e *requestEncoder) content(role llm.Role, parts []llm.Part) []any {
	content := make([]any, 0, len(parts))
	for i := range parts {
		p := &parts[i]
		e.marks(p)
		if c := e.element(role, p); c != nil {
			content = append(content, c)
		}
	}
	return content
}

// element writes one part as content, or nil and a loss where the format cannot.
func (e *requestEncoder) element(role llm.Role, p *llm.Part) any {
	switch p.Kind {
	case llm.KindText:
		if role != llm.RoleAssistant {
			return textContent{"input_text", p.Text}
		}
		return outputText{"output_text", p.Text, e.annotations(p)}
	case llm.KindRefusal:
		if role != llm.RoleAssistant {
			return textContent{"input_text", p.Text}
		}
		return refusalContent{"refusal", p.Text}
	case llm.KindOpaque:
		if p.Opaque.Format == llm.OpenAIResponses {
			return p.Opaque.Raw
		}
		e.lost.Add(p.Opaque.Type)
		return nil
	case llm.KindImage, llm.KindDocument, llm.KindAudio:
		if role == llm.RoleUser && p.Media != nil {
			if c := media(p.Kind, p.Media); c != nil {
				return c
			}
		}
	}
	e.lost.Add("part." + kindName(p.Kind))
	return nil
}

func kindName(k llm.Kind) string {
	switch k {
	case llm.KindText:
		return "text"
	case llm.KindReasoning:
		return "reasoning"
	case llm.KindRefusal:
		return "refusal"
	case llm.KindImage:
		return "image"
	case llm.KindDocument:
		return "document"
	case llm.KindAudio:
		return "audio"
	case llm.KindVideo:
		return "video"
	case llm.KindToolCall:
		return "tool_call"
	case llm.KindToolResult:
		return "tool_result"
	}
	return "opaque"
}

func (e *requestEncoder) annotations(p *llm.Part) []json.RawMessage {
	out := []json.RawMessage{}
	n := int64(utf8.RuneCountInString(p.Text))
	for i := range p.Citations {
		if a, ok := appendAnnotation(nil, &p.Citations[i], n); ok {
			out = append(out, a)
		} else {
			e.lost.Add("citations")
		}
	}
	return out
}

// media writes an image, a document or a sound; nil where it cannot be said.
func media(k llm.Kind, m *llm.Media) any {
	switch k {
	case llm.KindImage:
		c := imageContent{Type: "input_image", URL: m.URL, FileID: m.FileID, Detail: m.Detail}
		if c.Detail == "" {
			c.Detail = "auto"
		}
		if m.Data != "" {
			c.URL = dataURLOf(m, "image/png")
		}
		if c.URL == "" && c.FileID == "" {
			return nil
		}
		return c
	case llm.KindDocument:
		return document(m)
	}
	if m.Data == "" {
		return nil
	}
	return audioContent{"input_audio", audioData{m.Data, audioFormat(m.MIME)}}
}

func document(m *llm.Media) any {
	c := fileContent{Type: "input_file", FileID: m.FileID, URL: m.URL, Name: m.Name, Detail: m.Detail}
	switch {
	case m.Plain != "":
		plain := *m
		plain.Data = base64.StdEncoding.EncodeToString([]byte(m.Plain))
		c.Data = dataURLOf(&plain, "text/plain")
	case m.Data != "":
		c.Data = dataURLOf(m, "application/pdf")
	case c.FileID == "" && c.URL == "":
		return nil
	}
	if c.Data != "" && c.Name == "" {
		c.Name = "document" + extension(c.Data) // the format requires a name with data
	}
	return c
}

func dataURLOf(m *llm.Media, mime string) string {
	if m.MIME != "" {
		mime = m.MIME
	}
	return "data:" + mime + ";base64," + m.Data
}

func extension(url string) string {
	switch {
	case strings.HasPrefix(url, "data:text/plain"):
		return ".txt"
	case strings.HasPrefix(url, "data:application/pdf"):
		return ".pdf"
	}
	return ""
}
