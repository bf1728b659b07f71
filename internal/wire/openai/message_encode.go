package openai

import (
	"encoding/json"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// chatMessage is a message of a request or an answer.
type chatMessage struct {
	Role             string          `json:"role"`
	Content          any             `json:"content"` // nil, a string, or []any of parts
	Refusal          *string         `json:"refusal,omitempty"`
	ReasoningContent string          `json:"reasoning_content,omitempty"`
	ReasoningDetails []detail        `json:"reasoning_details,omitempty"`
	ToolCalls        []any           `json:"tool_calls,omitempty"`
	ToolCallID       *string         `json:"tool_call_id,omitempty"`
	Annotations      []any           `json:"annotations,omitempty"`
	Images           []any           `json:"images,omitempty"`
	ExecutedTools    json.RawMessage `json:"executed_tools,omitempty"`
	ExtraContent     *extraContent   `json:"extra_content,omitempty"`
}

type extraContent struct {
	Google googleContent `json:"google"`
}

type googleContent struct {
	ThoughtSignature string `json:"thought_signature"`
}

type toolCall struct {
	ID           string        `json:"id"`
	Type         string        `json:"type"`
	Function     calledTool    `json:"function"`
	ExtraContent *extraContent `json:"extra_content,omitempty"`
}

type calledTool struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type textPart struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type imagePart struct {
	Type     string   `json:"type"`
	ImageURL imageURL `json:"image_url"`
}

type imageURL struct {
	URL    string `json:"url"`
	Detail string `json:"detail,omitempty"`
}

type soundPart struct {
	Type  string `json:"type"`
	Audio sound  `json:"input_audio"`
}

type sound struct {
	Data   string `json:"data"`
	Format string `json:"format"`
}

type videoPart struct {
	Type     string   `json:"type"`
	VideoURL imageURL `json:"video_url"`
}

type documentPart struct {
	Type string `json:"type"`
	File file   `json:"file"`
}

type file struct {
	FileData string `json:"file_data,omitempty"`
	FileID   string `json:"file_id,omitempty"`
	Filename string `json:"filename,omitempty"`
}

type thinkingPart struct {
	Type     string     `json:"type"`
	Thinking []textPart `json:"thinking"`
}

// partName returns the name under which a part is lost: "part.image".
func partName(p *llm.Part) string {
	if p.Kind == llm.KindOpaque && p.Opaque != nil {
		return "part." + p.Opaque.Type
	}
	names := [...]string{
		llm.KindText: "text", llm.KindReasoning: "reasoning", llm.KindRefusal: "refusal",
		llm.KindImage: "image", llm.KindDocument: "document", llm.KindAudio: "audio",
		llm.KindVideo: "video", llm.KindToolCall: "tool_call", llm.KindToolResult: "tool_result",
		llm.KindOpaque: "opaque",
	}
	if int(p.Kind) < len(names) {
		return "part." + names[p.Kind]
	}
	return "part.unknown"
}

func (e *requestEncoder) messages() []chatMessage {
	out := make([]chatMessage, 0, len(e.req.Messages)+1)
	if len(e.req.System) > 0 {
		// One string: many servers' templates take neither a list nor two messages.
		out = append(out, chatMessage{Role: "system", Content: e.join(e.req.System, "\n\n")})
	}
	for i := range e.req.Messages {
		m := &e.req.Messages[i]
		switch m.Role {
		case llm.RoleSystem:
			out = append(out, chatMessage{Role: "system", Content: e.join(m.Parts, "\n\n")})
		case llm.RoleAssistant:
			out = append(out, e.assistant(m.Parts))
		default:
			out = e.user(out, m.Parts)
		}
	}
	return out
}

// join returns the text of parts as one string; what is not text is lost.
func (e *requestEncoder) join(parts []llm.Part, between string) string {
	var texts []string
	for i := range parts {
		p := &parts[i]
		e.common(p)
		if p.Kind != llm.KindText {
			e.lost.Add(partName(p))
			continue
		}
		texts = append(texts, p.Text)
	}
	return strings.Join(texts, between)
}

// common declares what any part may hold and the format has no place for.
func (e *requestEncoder) common(p *llm.Part) {
	if p.Cache != nil {
		e.lost.Add("cache_control")
	}
	if len(p.Citations) > 0 {
		e.lost.Add("citations")
	}
}

// user adds a user message, after one tool message for each result in it: results
// must follow their calls at once.
func (e *requestEncoder) user(out []chatMessage, parts []llm.Part) []chatMessage {
	content := []any{}
	results := 0
	for i := range parts {
		p := &parts[i]
		if p.Kind == llm.KindToolResult && p.Result != nil {
			e.common(p)
			out = append(out, e.result(p.Result))
			results++
		} else if c := e.part(p); c != nil {
			content = append(content, c)
		}
	}
	if len(content) == 0 && results > 0 {
		return out
	}
	return append(out, chatMessage{Role: "user", Content: contentOf(content)})
}

// contentOf returns a lone text as a string, which every server takes.
func contentOf(parts []any) any {
	if len(parts) == 0 {
		return ""
	}
	if t, ok := parts[0].(textPart); ok && len(parts) == 1 {
		return t.Text
	}
	return parts
}

func (e *requestEncoder) result(r *llm.ToolResult) chatMessage {
	if r.IsError {
		e.lost.Add("tool_result.is_error")
	}
	var texts []string
	for i := range r.Parts {
		p := &r.Parts[i]
		e.common(p)
		switch {
		case p.Kind == llm.KindText:
			texts = append(texts, p.Text)
		case p.Kind == llm.KindDocument && p.Media != nil && p.Media.Plain != "":
			e.lost.Add("document.plain")
			texts = append(texts, p.Media.Plain)
		default:
			e.lost.Add("tool_result." + strings.TrimPrefix(partName(p), "part."))
		}
	}
	return chatMessage{Role: "tool", ToolCallID: &r.CallID, Content: strings.Join(texts, "\n")}
}

// part returns a part of a user message, nil where it is lost.
func (e *requestEncoder) part(p *llm.Part) any {
	e.common(p)
	if p.Signature != "" {
		e.lost.Add("part.signature")
	}
	m := p.Media
	if m == nil {
		m = &llm.Media{}
	}
	has := m.URL != "" || m.Data != ""
	switch p.Kind {
	case llm.KindText:
		return textPart{"text", p.Text}
	case llm.KindImage:
		if has {
			return imagePart{"image_url", imageURL{urlOf(m, "image/png"), m.Detail}}
		}
	case llm.KindAudio:
		if m.Data != "" {
			return soundPart{"input_audio", sound{m.Data, audioFormat(m.MIME)}}
		}
	case llm.KindVideo: // OpenRouter, vLLM
		if has {
			return videoPart{"video_url", imageURL{URL: urlOf(m, "video/mp4")}}
		}
	case llm.KindDocument:
		return e.document(p, m)
	case llm.KindOpaque:
		if p.Opaque != nil && p.Opaque.Format == llm.OpenAIChat {
			return p.Opaque.Raw
		}
	}
	e.lost.Add(partName(p))
	return nil
}

func (e *requestEncoder) document(p *llm.Part, m *llm.Media) any {
	switch {
	case m.Data != "":
		return documentPart{"file", file{FileData: urlOf(&llm.Media{MIME: m.MIME, Data: m.Data}, "application/pdf"), Filename: m.Name}}
	case strings.HasPrefix(m.FileID, "file-"): // OpenAI's own; other issuers' ids mean nothing there
		return documentPart{"file", file{FileID: m.FileID, Filename: m.Name}}
	case m.Plain != "":
		e.lost.Add("document.plain")
		return textPart{"text", m.Plain}
	}
	e.lost.Add(partName(p))
	return nil
}

// assistant writes a turn of the model's.
func (e *requestEncoder) assistant(parts []llm.Part) chatMessage {
	m := chatMessage{Role: "assistant"}
	var b assistantBody
	google := strings.Contains(strings.ToLower(e.req.Model), "gemini") // others refuse a field that they do not know
	for i := range parts {
		p := &parts[i]
		e.common(p)
		if p.Signature != "" && !google {
			e.lost.Add("part.signature")
			unsigned := *p
			unsigned.Signature, p = "", &unsigned
		}
		if p.Kind == llm.KindReasoning {
			e.thought(&m, p, &b)
			continue
		}
		if answerOnly(p) || !b.add(&m, p, &e.lost) {
			e.lost.Add(partName(p))
		}
	}
	b.finish(&m)
	return m
}

// answerOnly reports whether p is an extension of answers that providers do not
// take back.
func answerOnly(p *llm.Part) bool {
	return p.Kind == llm.KindImage || p.Kind == llm.KindOpaque && p.Opaque != nil && p.Opaque.Type == "executed_tools"
}

// thought writes a thought where the provider takes it back.
func (e *requestEncoder) thought(m *chatMessage, p *llm.Part, b *assistantBody) {
	if sealed(p) {
		if e.tongue == tongueDetails && p.Reasoning.Issuer == e.issuer {
			m.ReasoningDetails = append(m.ReasoningDetails, detailsOf(p, len(m.ReasoningDetails))...)
		} else {
			e.lost.Add("reasoning.signature")
		}
		return
	}
	switch {
	case p.Text == "":
	case e.tongue == tongueContent:
		m.ReasoningContent += p.Text
	case e.tongue == tongueChunks:
		b.chunks = append(b.chunks, thinkingPart{"thinking", []textPart{{"text", p.Text}}})
	default:
		e.lost.Add("part.reasoning")
	}
}

// assistantBody gathers the content of an assistant's message. Texts are joined
// without a break, because formats with citations cut one text into many.
type assistantBody struct {
	chunks  []any // what makes content a list: Mistral's thoughts, blocks unknown here
	texts   strings.Builder
	any     bool
	refusal strings.Builder
}

// add takes a part and reports whether the format has a place for it.
func (b *assistantBody) add(m *chatMessage, p *llm.Part, lost *llm.Lost) bool {
	google := p.Signature != "" && p.SignatureOf == llm.GeminiGenerate
	if p.Signature != "" && !google {
		lost.Add("part.signature")
	}
	switch p.Kind {
	case llm.KindText:
		b.any = true
		b.texts.WriteString(p.Text)
		if google {
			m.ExtraContent = &extraContent{googleContent{p.Signature}}
		}
	case llm.KindRefusal:
		b.refusal.WriteString(p.Text)
	case llm.KindToolCall:
		if p.Call == nil {
			return false
		}
		call := toolCall{ID: p.Call.ID, Type: "function", Function: calledTool{p.Call.Name, p.Call.Arguments}}
		if call.Function.Arguments == "" {
			call.Function.Arguments = "{}"
		}
		if google {
			call.ExtraContent = &extraContent{googleContent{p.Signature}}
		}
		m.ToolCalls = append(m.ToolCalls, call)
	case llm.KindImage:
		if p.Media == nil || p.Media.URL == "" && p.Media.Data == "" {
			return false
		}
		m.Images = append(m.Images, imagePart{"image_url", imageURL{urlOf(p.Media, "image/png"), p.Media.Detail}})
	case llm.KindOpaque:
		if p.Opaque == nil || p.Opaque.Format != llm.OpenAIChat {
			return false
		}
		switch {
		case strings.HasPrefix(p.Opaque.Type, "tool_call."):
			m.ToolCalls = append(m.ToolCalls, p.Opaque.Raw)
		case p.Opaque.Type == "executed_tools":
			m.ExecutedTools = p.Opaque.Raw
		default:
			b.chunks = append(b.chunks, p.Opaque.Raw)
		}
	default:
		return false
	}
	return true
}

func (b *assistantBody) finish(m *chatMessage) {
	if b.refusal.Len() > 0 {
		s := b.refusal.String()
		m.Refusal = &s
	}
	switch {
	case len(b.chunks) > 0:
		if b.any {
			b.chunks = append(b.chunks, textPart{"text", b.texts.String()})
		}
		m.Content = b.chunks
	case b.any:
		m.Content = b.texts.String()
	}
	if m.Content == nil && m.ToolCalls == nil && m.Refusal == nil {
		m.Content = ""
	}
}
