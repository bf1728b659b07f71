package anthropic

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// Anthropic's block types that have words in llm; all others stay opaque.
const (
	typeText       = "text"
	typeThinking   = "thinking"
	typeRedacted   = "redacted_thinking"
	typeImage      = "image"
	typeDocument   = "document"
	typeToolUse    = "tool_use"
	typeToolResult = "tool_result"
)

// reader turns content blocks into parts.
type reader struct {
	// unknown gets the names of fields that llm has no word for.
	unknown *llm.Lost
	// replay unpacks other providers' signatures that a caller sends back.
	replay bool
}

func invalid(param, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "invalid_request", format, args...).At(param)
}

// content reads a string, or a list of blocks. param names it in errors.
func (r reader) content(v gjson.Result, param string) ([]llm.Part, *fault.Error) {
	switch {
	case v.Type == gjson.String:
		if v.Str == "" {
			return nil, nil
		}
		return []llm.Part{{Kind: llm.KindText, Text: v.Str}}, nil
	case !v.IsArray():
		return nil, invalid(param, "%s must be a string or a list of blocks", param)
	}
	var parts []llm.Part
	var fail *fault.Error
	v.ForEach(func(_, block gjson.Result) bool {
		var p llm.Part
		if p, fail = r.block(block, param, len(parts)); fail == nil {
			parts = append(parts, p)
		}
		return fail == nil
	})
	return parts, fail
}

// block reads the block at position i of param.
func (r reader) block(v gjson.Result, param string, i int) (p llm.Part, fail *fault.Error) {
	at := func() string { return param + "." + strconv.Itoa(i) }
	typ := v.Get("type")
	if !v.IsObject() || typ.Type != gjson.String || typ.Str == "" {
		return p, invalid(at(), "%s must be a block with a type", at())
	}
	switch typ.Str {
	case typeText:
		p, fail = r.text(v, at)
	case typeThinking:
		p = r.thinking(v)
	case typeRedacted:
		p = r.redacted(v)
	case typeImage:
		p = r.image(v)
	case typeDocument:
		p = r.document(v)
	case typeToolUse:
		p, fail = r.toolUse(v, at)
	case typeToolResult:
		p, fail = r.toolResult(v, at)
	default:
		p = opaque(v, typ.Str)
	}
	if c := v.Get("cache_control"); fail == nil && c.IsObject() {
		p.Cache = r.cache(c, typ.Str)
	}
	return p, fail
}

func opaque(v gjson.Result, typ string) llm.Part {
	return llm.Part{Kind: llm.KindOpaque, Opaque: &llm.Opaque{
		Format: llm.AnthropicMessages, Type: typ, Raw: rawOf(v),
	}}
}

// rest names the fields of v, a thing called name, that are not among known.
func (r reader) rest(v gjson.Result, name string, known ...string) {
	v.ForEach(func(key, val gjson.Result) bool {
		if val.Type != gjson.Null && !slices.Contains(known, key.String()) {
			r.unknown.Add(name + "." + key.String())
		}
		return true
	})
}

func (r reader) cache(v gjson.Result, name string) *llm.CacheMark {
	r.rest(v, name+".cache_control", "type", "ttl")
	return &llm.CacheMark{TTL: v.Get("ttl").String()}
}

func (r reader) text(v gjson.Result, at func() string) (llm.Part, *fault.Error) {
	text := v.Get("text")
	if text.Type != gjson.String {
		return llm.Part{}, invalid(at()+".text", "%s.text must be a string", at())
	}
	r.rest(v, typeText, "type", "text", "citations", "cache_control")
	return llm.Part{
		Kind: llm.KindText, Text: text.Str, Citations: decodeCitations(v.Get("citations")),
	}, nil
}

// thinking reads a thought. One without text keeps its signature: newer models
// answer with the signature alone, and want it back.
func (r reader) thinking(v gjson.Result) llm.Part {
	r.rest(v, typeThinking, "type", "thinking", "signature")
	signature := v.Get("signature").String()
	block, ok := uncarry(signature)
	if !ok || !r.replay {
		block = &llm.ReasoningBlock{Signature: signature, Issuer: llm.AnthropicMessages}
	}
	return llm.Part{Kind: llm.KindReasoning, Text: v.Get("thinking").String(), Reasoning: block}
}

func (r reader) redacted(v gjson.Result) llm.Part {
	r.rest(v, typeRedacted, "type", "data")
	data := v.Get("data").String()
	block, ok := uncarry(data)
	if !ok || !r.replay {
		block = &llm.ReasoningBlock{Encrypted: data, Issuer: llm.AnthropicMessages}
	}
	block.Redacted = true
	return llm.Part{Kind: llm.KindReasoning, Reasoning: block}
}

// source reads where an image's or document's bytes are; ok is false for a kind
// of source that is not known.
func source(v gjson.Result) (*llm.Media, bool) {
	s := v.Get("source")
	switch s.Get("type").String() {
	case "base64":
		return &llm.Media{MIME: s.Get("media_type").String(), Data: s.Get("data").String()}, true
	case "url":
		return &llm.Media{URL: s.Get("url").String()}, true
	case "file":
		return &llm.Media{FileID: s.Get("file_id").String()}, true
	case "text":
		return &llm.Media{MIME: s.Get("media_type").String(), Plain: s.Get("data").String()}, true
	}
	return nil, false
}

func (r reader) image(v gjson.Result) llm.Part {
	media, ok := source(v)
	if !ok {
		return opaque(v, typeImage)
	}
	r.rest(v, typeImage, "type", "source", "cache_control")
	return llm.Part{Kind: llm.KindImage, Media: media}
}

func (r reader) document(v gjson.Result) llm.Part {
	media, ok := source(v)
	if !ok {
		if media, ok = r.blocksAsText(v.Get("source")); !ok {
			return opaque(v, typeDocument)
		}
	}
	media.Name = v.Get("title").String()
	if v.Get("citations.enabled").Bool() {
		r.unknown.Add("document.citations")
	}
	r.rest(v, typeDocument, "type", "source", "title", "citations", "cache_control")
	return llm.Part{Kind: llm.KindDocument, Media: media}
}

// blocksAsText reads a document that is given as text or as blocks of text. The
// borders between blocks, by which Anthropic cites, are lost.
func (r reader) blocksAsText(s gjson.Result) (*llm.Media, bool) {
	content := s.Get("content")
	if s.Get("type").String() != "content" {
		return nil, false
	}
	if content.Type == gjson.String {
		return &llm.Media{MIME: "text/plain", Plain: content.Str}, true
	}
	var texts []string
	all := content.IsArray()
	content.ForEach(func(_, block gjson.Result) bool {
		text := block.Get("text")
		all = all && block.Get("type").String() == typeText && text.Type == gjson.String
		texts = append(texts, text.Str)
		return all
	})
	if !all {
		return nil, false
	}
	r.unknown.Add("document.blocks")
	return &llm.Media{MIME: "text/plain", Plain: strings.Join(texts, "\n\n")}, true
}

func (r reader) toolUse(v gjson.Result, at func() string) (llm.Part, *fault.Error) {
	name := v.Get("name")
	if name.Type != gjson.String || name.Str == "" {
		return llm.Part{}, invalid(at()+".name", "%s.name must be the tool's name", at())
	}
	if v.Get("caller.type").String() != "direct" && given(v.Get("caller")) {
		r.unknown.Add("tool_use.caller")
	}
	r.rest(v, typeToolUse, "type", "id", "name", "input", "caller", "cache_control")
	return llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{
		ID: v.Get("id").String(), Name: name.Str, Arguments: arguments(v.Get("input")),
	}}, nil
}

// arguments returns a tool's input as llm keeps it: the text of an object, ""
// for one that is empty.
func arguments(v gjson.Result) string {
	if !given(v) || v.IsObject() && strings.TrimSpace(v.Raw[1:len(v.Raw)-1]) == "" {
		return ""
	}
	return v.Raw
}

func (r reader) toolResult(v gjson.Result, at func() string) (llm.Part, *fault.Error) {
	id := v.Get("tool_use_id")
	if id.Type != gjson.String || id.Str == "" {
		return llm.Part{}, invalid(at()+".tool_use_id", "%s.tool_use_id must name the call that it answers", at())
	}
	result := &llm.ToolResult{CallID: id.Str, IsError: v.Get("is_error").Bool()}
	if content := v.Get("content"); given(content) {
		var fail *fault.Error
		if result.Parts, fail = r.content(content, at()+".content"); fail != nil {
			return llm.Part{}, fail
		}
	}
	r.rest(v, typeToolResult, "type", "tool_use_id", "content", "is_error", "cache_control")
	return llm.Part{Kind: llm.KindToolResult, Result: result}, nil
}
