package anthropic

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/steward-llmops/steward/internal/llm"
)

// blockJSON is a content block; pointers tell an empty field from none.
type blockJSON struct {
	Type         string            `json:"type"`
	ID           string            `json:"id,omitempty"`
	Name         string            `json:"name,omitempty"`
	Input        json.RawMessage   `json:"input,omitempty"`
	ToolUseID    string            `json:"tool_use_id,omitempty"`
	Text         *string           `json:"text,omitempty"`
	Thinking     *string           `json:"thinking,omitempty"`
	Signature    *string           `json:"signature,omitempty"`
	Data         string            `json:"data,omitempty"`
	Source       *sourceJSON       `json:"source,omitempty"`
	Title        string            `json:"title,omitempty"`
	Content      any               `json:"content,omitempty"` // string or []any
	IsError      bool              `json:"is_error,omitempty"`
	Citations    []json.RawMessage `json:"citations,omitempty"`
	CacheControl *cacheJSON        `json:"cache_control,omitempty"`
}

type sourceJSON struct {
	Type      string `json:"type"`
	MediaType string `json:"media_type,omitempty"`
	Data      string `json:"data,omitempty"`
	URL       string `json:"url,omitempty"`
	FileID    string `json:"file_id,omitempty"`
}

// blockWriter turns the parts of a request into blocks.
type blockWriter struct {
	lost *llm.Lost
	ids  *idBook
}

// blocks returns a block for each part that Anthropic can carry.
func (w *blockWriter) blocks(parts []llm.Part, role llm.Role) []any {
	var out []any
	for i := range parts {
		p := &parts[i]
		if p.Signature != "" {
			w.lost.Add("part.signature")
		}
		if len(p.LogProbs) > 0 {
			w.lost.Add("part.logprobs")
		}
		if p.Kind == llm.KindOpaque {
			if raw := ownRaw(p.Opaque, w.lost); raw != nil {
				out = append(out, raw)
			}
			continue
		}
		b := w.block(p, role)
		if b == nil {
			continue
		}
		if b.Type != typeThinking && b.Type != typeRedacted {
			b.CacheControl = cacheControl(p.Cache)
		}
		out = append(out, b)
	}
	return out
}

// ownRaw returns an opaque block of Anthropic's own; another's is lost.
func ownRaw(o *llm.Opaque, lost *llm.Lost) json.RawMessage {
	if o == nil {
		return nil
	}
	if o.Format == llm.AnthropicMessages && validObject(string(o.Raw)) {
		return o.Raw
	}
	lost.Add(o.Type)
	return nil
}

// block returns nil for a part that is empty, or lost.
func (w *blockWriter) block(p *llm.Part, role llm.Role) *blockJSON {
	switch p.Kind {
	case llm.KindText, llm.KindRefusal:
		return w.text(p)
	case llm.KindReasoning:
		return w.reasoning(p, role)
	case llm.KindImage:
		return w.media(p.Media, typeImage)
	case llm.KindDocument:
		return w.media(p.Media, typeDocument)
	case llm.KindAudio:
		w.lost.Add("part.audio")
	case llm.KindVideo:
		w.lost.Add("part.video")
	case llm.KindToolCall:
		if p.Call != nil {
			return &blockJSON{
				Type: typeToolUse, ID: w.ids.call(p.Call.ID, p.Call.Name), Name: p.Call.Name,
				Input: toolInput(p.Call.Arguments, w.lost),
			}
		}
	case llm.KindToolResult:
		if p.Result != nil {
			return w.toolResult(p.Result)
		}
	}
	return nil
}

// text leaves out empty text, which Anthropic refuses.
func (w *blockWriter) text(p *llm.Part) *blockJSON {
	if p.Text == "" {
		return nil
	}
	b := &blockJSON{Type: typeText, Text: &p.Text}
	for i := range p.Citations {
		if c := &p.Citations[i]; replayable(c) && json.Valid(c.Raw) {
			b.Citations = append(b.Citations, c.Raw)
		} else {
			w.lost.Add("citations")
		}
	}
	return b
}

// reasoning replays a thought only where it is Anthropic's own and signed: any
// other would be refused, and break the conversation for good.
func (w *blockWriter) reasoning(p *llm.Part, role llm.Role) *blockJSON {
	r := p.Reasoning
	switch {
	case r == nil || r.Signature == "" && r.Encrypted == "":
		if p.Text != "" {
			w.lost.Add("reasoning")
		}
		return nil
	case r.Issuer != llm.AnthropicMessages || role != llm.RoleAssistant:
		w.lost.Add("reasoning.signature")
		return nil
	case r.Encrypted != "":
		return &blockJSON{Type: typeRedacted, Data: r.Encrypted}
	}
	return &blockJSON{Type: typeThinking, Thinking: &p.Text, Signature: &r.Signature}
}

func (w *blockWriter) toolResult(r *llm.ToolResult) *blockJSON {
	b := &blockJSON{Type: typeToolResult, ToolUseID: w.ids.result(r.CallID, r.Name), IsError: r.IsError}
	if blocks := w.blocks(r.Parts, llm.RoleUser); len(blocks) > 0 {
		b.Content = plain(blocks)
	}
	return b
}

// toolInput returns the arguments as the object that Anthropic demands. What is
// no object is wrapped, so that the model still sees it.
func toolInput(arguments string, lost *llm.Lost) json.RawMessage {
	if strings.TrimSpace(arguments) == "" {
		return json.RawMessage("{}")
	}
	if validObject(arguments) {
		return json.RawMessage(arguments)
	}
	lost.Add("tool_call.arguments")
	wrapped := appendString([]byte(`{"arguments":`), arguments)
	return append(wrapped, '}')
}

// media writes an image or a document; nil where Anthropic cannot take it.
func (w *blockWriter) media(m *llm.Media, typ string) *blockJSON {
	if m == nil {
		return nil
	}
	b := &blockJSON{Type: typ}
	if typ == typeDocument {
		b.Title = m.Name
	} else if m.Detail != "" && m.Detail != "auto" {
		w.lost.Add("image.detail")
	}
	if b.Source = mediaSource(m, typ); b.Source == nil {
		w.lost.Add("part." + typ)
		return nil
	}
	return b
}

func mediaSource(m *llm.Media, typ string) *sourceJSON {
	mime, data, url := m.MIME, m.Data, m.URL
	if head, tail, ok := strings.Cut(strings.TrimPrefix(url, "data:"), ";base64,"); ok && strings.HasPrefix(url, "data:") {
		mime, data, url = head, tail, ""
	}
	switch {
	case m.Plain != "":
		return textSource(m.Plain)
	case url != "":
		return &sourceJSON{Type: "url", URL: url}
	case m.FileID != "":
		// Only Anthropic's own files, whose ids begin so, can be read by it.
		if !strings.HasPrefix(m.FileID, "file_") {
			return nil
		}
		return &sourceJSON{Type: "file", FileID: m.FileID}
	case data == "":
		return nil
	}
	if mime == "" {
		mime = sniff(data)
	}
	mime, _, _ = strings.Cut(strings.ToLower(mime), ";")
	if typ == typeImage {
		if mime == "image/jpg" {
			mime = "image/jpeg"
		}
		return &sourceJSON{Type: "base64", MediaType: mime, Data: data}
	}
	if mime == "application/pdf" {
		return &sourceJSON{Type: "base64", MediaType: mime, Data: data}
	}
	if strings.HasPrefix(mime, "text/") || mime == "application/json" {
		if text, err := base64.StdEncoding.DecodeString(data); err == nil && utf8.Valid(text) && len(text) > 0 {
			return textSource(string(text))
		}
	}
	return nil
}

func textSource(text string) *sourceJSON {
	return &sourceJSON{Type: "text", MediaType: "text/plain", Data: text}
}

// sniff tells a type by the first bytes of its base64; "" where it cannot.
func sniff(data string) string {
	for _, s := range []struct{ prefix, mime string }{
		{"iVBORw", "image/png"}, {"/9j/", "image/jpeg"}, {"R0lGOD", "image/gif"},
		{"UklGR", "image/webp"}, {"JVBERi", "application/pdf"},
	} {
		if strings.HasPrefix(data, s.prefix) {
			return s.mime
		}
	}
	return ""
}
