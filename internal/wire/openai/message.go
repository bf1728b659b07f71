package openai

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// message is an assistant's message or delta, as the servers write it, its
// fields found in one pass.
type message struct {
	content, refusal, annotations, images, audio, executed gjson.Result
	reasoning                                              gjson.Result // a string
	details, toolCalls, functionCall, extra                gjson.Result
}

// take puts the field away and reports whether it is one of a message's.
func (m *message) take(name string, v gjson.Result) bool {
	switch name {
	case "content":
		m.content = v
	case "refusal":
		m.refusal = v
	case "reasoning_content":
		if v.Type == gjson.String && (v.Str != "" || m.reasoning.Raw == "") {
			m.reasoning = v
		}
	case "reasoning", "reasoning_text":
		// Some servers send the same thought under two names.
		if v.Type == gjson.String && m.reasoning.Str == "" {
			m.reasoning = v
		}
	case "reasoning_details":
		m.details = v
	case "tool_calls":
		m.toolCalls = v
	case "function_call":
		m.functionCall = v
	case "extra_content":
		m.extra = v
	case "annotations":
		m.annotations = v
	case "images":
		m.images = v
	case "audio":
		m.audio = v
	case "executed_tools":
		m.executed = v
	case "role":
	default:
		return false
	}
	return true
}

// readMessage sorts v's fields and calls other for each that is none of a
// message's.
func readMessage(v gjson.Result, other func(name string, v gjson.Result)) message {
	var m message
	fields(v, func(k string, v gjson.Result) bool {
		if v.Type != gjson.Null && !m.take(k, v) && other != nil {
			other(k, v)
		}
		return true
	})
	return m
}

// parts returns what the message holds, thoughts first. answer is the id of the
// answer, out of which missing call ids are made; it is empty for a request.
func (m *message) parts(answer string) []llm.Part {
	parts := m.thoughts()
	body := contentParts(m.content)
	parts = append(parts, body...)
	if m.refusal.Type == gjson.String {
		if s := text(m.refusal); s != "" {
			parts = append(parts, llm.Part{Kind: llm.KindRefusal, Text: s})
		}
	}
	each(m.images, func(v gjson.Result) bool {
		parts = append(parts, contentPart(v))
		return true
	})
	parts = append(parts, m.audioParts()...)
	if m.executed.IsArray() && len(m.executed.Array()) > 0 {
		parts = append(parts, opaque("executed_tools", m.executed))
	}
	calls := m.calls(answer)
	m.sign(parts, calls)
	return append(parts, calls...)
}

// thoughts returns the reasoning outside of content.
func (m *message) thoughts() []llm.Part {
	var parts []llm.Part
	each(m.details, func(v gjson.Result) bool {
		parts = append(parts, partOfDetail(v))
		return true
	})
	if len(parts) > 0 {
		return parts
	}
	if s := text(m.reasoning); s != "" {
		return []llm.Part{thought(s)}
	}
	return nil
}

func thought(s string) llm.Part {
	return llm.Part{Kind: llm.KindReasoning, Text: s, Reasoning: &llm.ReasoningBlock{Issuer: llm.OpenAIChat}}
}

func opaque(kind string, v gjson.Result) llm.Part {
	return llm.Part{Kind: llm.KindOpaque, Opaque: &llm.Opaque{Format: llm.OpenAIChat, Type: kind, Raw: raw(v)}}
}

// audioParts returns a spoken answer: its transcript as text, then the sound.
func (m *message) audioParts() []llm.Part {
	if !m.audio.IsObject() {
		return nil
	}
	var parts []llm.Part
	if s := text(get(m.audio, "transcript")); s != "" {
		parts = append(parts, llm.Part{Text: s})
	}
	media := llm.Media{FileID: text(get(m.audio, "id")), Data: text(get(m.audio, "data"))}
	if media != (llm.Media{}) {
		parts = append(parts, llm.Part{Kind: llm.KindAudio, Media: &media})
	}
	return parts
}

func (m *message) calls(answer string) []llm.Part {
	var parts []llm.Part
	each(m.toolCalls, func(v gjson.Result) bool {
		function := get(v, "function")
		if !function.IsObject() {
			parts = append(parts, opaque("tool_call."+get(v, "type").Str, v))
			return true
		}
		p := llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{
			ID:        callID(text(get(v, "id")), answer, len(parts)),
			Name:      text(get(function, "name")),
			Arguments: argumentsOf(get(function, "arguments")),
		}}
		if s := signatureOf(get(v, "extra_content")); s != "" {
			p.Signature, p.SignatureOf = s, llm.GeminiGenerate
		}
		parts = append(parts, p)
		return true
	})
	if len(parts) == 0 && m.functionCall.IsObject() {
		name := text(get(m.functionCall, "name"))
		id := name // a legacy function message answers by name
		if answer != "" {
			id = callID("", answer, 0)
		}
		parts = append(parts, llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{
			ID: id, Name: name, Arguments: argumentsOf(get(m.functionCall, "arguments")),
		}})
	}
	return parts
}

// sign puts the message's own thought signature (Google's compatible endpoint)
// on its text, or on its first call where there is no text.
func (m *message) sign(parts, calls []llm.Part) {
	s := signatureOf(m.extra)
	if s == "" {
		return
	}
	for _, list := range [][]llm.Part{parts, calls} {
		for i := range list {
			p := &list[i]
			if (p.Kind == llm.KindText || p.Kind == llm.KindToolCall) && p.Signature == "" {
				p.Signature, p.SignatureOf = s, llm.GeminiGenerate
				return
			}
		}
	}
}

func signatureOf(extra gjson.Result) string {
	if !extra.IsObject() {
		return ""
	}
	return text(extra.Get("google.thought_signature"))
}

// argumentsOf reads a call's arguments, which a few servers send as an object.
func argumentsOf(v gjson.Result) string {
	if v.IsObject() || v.IsArray() {
		return v.Raw
	}
	return text(v)
}

// callID returns id, or one made of the answer's id and the call's position where
// the server gave none (Google), because every other format needs one.
func callID(id, answer string, position int) string {
	if id != "" || answer == "" {
		return id
	}
	clean := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, answer)
	return "call_" + clean + "_" + strconv.Itoa(position)
}

// contentParts reads a content field: a string, or a list of parts.
func contentParts(v gjson.Result) []llm.Part {
	switch {
	case v.Type == gjson.String:
		if s := text(v); s != "" {
			return []llm.Part{{Text: s}}
		}
	case v.IsArray():
		var parts []llm.Part
		each(v, func(v gjson.Result) bool {
			if v.Type == gjson.String {
				parts = append(parts, llm.Part{Text: text(v)})
			} else {
				parts = append(parts, contentPart(v))
			}
			return true
		})
		return parts
	}
	return nil
}

// contentPart reads one part of a content list.
func contentPart(v gjson.Result) llm.Part {
	p := contentPartOf(v)
	if mark := get(v, "cache_control"); mark.IsObject() {
		p.Cache = &llm.CacheMark{TTL: text(get(mark, "ttl"))}
	}
	return p
}

func contentPartOf(v gjson.Result) llm.Part {
	kind := get(v, "type").Str
	switch kind {
	case "text", "input_text", "output_text":
		return llm.Part{Text: text(get(v, "text"))}
	case "refusal":
		return llm.Part{Kind: llm.KindRefusal, Text: text(get(v, "refusal"))}
	case "thinking":
		return thinkingChunk(v)
	case "image_url":
		url := get(v, "image_url")
		if url.Type == gjson.String {
			return llm.Part{Kind: llm.KindImage, Media: mediaOf(text(url))}
		}
		media := mediaOf(text(get(url, "url")))
		media.Detail = text(get(url, "detail"))
		return llm.Part{Kind: llm.KindImage, Media: media}
	case "input_audio":
		return audioPart(get(v, "input_audio"))
	case "video_url":
		url := get(v, "video_url")
		if url.IsObject() {
			url = get(url, "url")
		}
		return llm.Part{Kind: llm.KindVideo, Media: mediaOf(text(url))}
	case "document_url":
		media := mediaOf(text(get(v, "document_url")))
		media.Name = text(get(v, "document_name"))
		return llm.Part{Kind: llm.KindDocument, Media: media}
	case "file":
		return filePart(get(v, "file"), v)
	}
	return opaque(kind, v)
}

// thinkingChunk reads Mistral's {type: thinking, thinking: [{type: text, text}]}.
func thinkingChunk(v gjson.Result) llm.Part {
	inner := get(v, "thinking")
	if inner.Type == gjson.String {
		return thought(text(inner))
	}
	var b strings.Builder
	each(inner, func(v gjson.Result) bool {
		b.WriteString(text(get(v, "text")))
		return true
	})
	return thought(b.String())
}

func audioPart(v gjson.Result) llm.Part {
	media := &llm.Media{MIME: audioMIME(text(get(v, "format"))), Data: text(get(v, "data"))}
	if mime, data, ok := splitDataURL(media.Data); ok {
		media.Data = data
		if mime != "" {
			media.MIME = mime
		}
	} else if strings.HasPrefix(media.Data, "https://") || strings.HasPrefix(media.Data, "http://") {
		media.URL, media.Data = media.Data, ""
	}
	return llm.Part{Kind: llm.KindAudio, Media: media}
}

func filePart(file, whole gjson.Result) llm.Part {
	if !file.IsObject() {
		return opaque("file", whole)
	}
	media := &llm.Media{}
	if data := text(get(file, "file_data")); data != "" {
		if mime, body, ok := splitDataURL(data); ok {
			media.MIME, media.Data = mime, body
		} else if strings.HasPrefix(data, "https://") || strings.HasPrefix(data, "http://") {
			media.URL = data
		} else {
			media.Data = data
		}
	}
	media.FileID, media.Name = text(get(file, "file_id")), text(get(file, "filename"))
	return llm.Part{Kind: llm.KindDocument, Media: media}
}
