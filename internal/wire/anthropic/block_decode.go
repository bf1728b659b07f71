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
	o := fieldsOf(v)
	typ := o.get("type")
	if typ.Type != gjson.String || typ.Str == "" {
		return p, invalid(at(), "%s must be a block with a type", at())
	}
	switch typ.Str {
	case typeText:
		p, fail = r.text(o, at)
	case typeThinking:
		p = r.thinking(o)
	case typeRedacted:
		p = r.redacted(o)
	case typeImage:
		p = r.image(v, o)
	case typeDocument:
		p = r.document(v, o)
	case typeToolUse:
		p, fail = r.toolUse(o, at)
	case typeToolResult:
		p, fail = r.toolResult(o, at)
	default:
		p = opaque(v, typ.Str)
	}
	if c := o.get("cache_control"); fail == nil && c.IsObject() {
		p.Cache = r.cache(c, typ.Str)
	}
	return p, fail
}

func opaque(v gjson.Result, typ string) llm.Part {
	return llm.Part{Kind: llm.KindOpaque, Opaque: &llm.Opaque{
		Format: llm.AnthropicMessages, Type: typ, Raw: rawOf(v),
	}}
}

// rest names the fields of o, a thing called name, that are not among known.
func (r reader) rest(o object, name string, known ...string) {
	for i := range o {
		if !slices.Contains(known, o[i].key) {
			r.unknown.Add(name + "." + o[i].key)
		}
	}
}

func (r reader) cache(v gjson.Result, name string) *llm.CacheMark {
	r.rest(fieldsOf(v), name+".cache_control", "type", "ttl")
	return &llm.CacheMark{TTL: v.Get("ttl").String()}
}

func (r reader) text(o object, at func() string) (llm.Part, *fault.Error) {
	text := o.get("text")
	if text.Type != gjson.String {
		return llm.Part{}, invalid(at()+".text", "%s.text must be a string", at())
	}
	r.rest(o, typeText, "type", "text", "citations", "cache_control")
	return llm.Part{
		Kind: llm.KindText, Text: text.Str, Citations: decodeCitations(o.get("citations")),
	}, nil
}

// thinking reads a thought. One without text keeps its signature: newer models
// answer with the signature alone, and want it back.
func (r reader) thinking(o object) llm.Part {
	r.rest(o, typeThinking, "type", "thinking", "signature")
	signature := o.get("signature").String()
	block, ok := uncarry(signature)
	if !ok || !r.replay {
		block = &llm.ReasoningBlock{Signature: signature, Issuer: llm.AnthropicMessages}
	}
	return llm.Part{Kind: llm.KindReasoning, Text: o.get("thinking").String(), Reasoning: block}
}

func (r reader) redacted(o object) llm.Part {
	r.rest(o, typeRedacted, "type", "data")
	data := o.get("data").String()
	block, ok := uncarry(data)
	if !ok || !r.replay {
		block = &llm.ReasoningBlock{Encrypted: data, Issuer: llm.AnthropicMessages}
	}
	block.Redacted = true
	return llm.Part{Kind: llm.KindReasoning, Reasoning: block}
}

// source reads where an image's or document's bytes are; ok is false for a kind
// of source that is not known.
func source(s gjson.Result) (*llm.Media, bool) {
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

func (r reader) image(v gjson.Result, o object) llm.Part {
	media, ok := source(o.get("source"))
	if !ok {
		return opaque(v, typeImage)
	}
	r.rest(o, typeImage, "type", "source", "cache_control")
	return llm.Part{Kind: llm.KindImage, Media: media}
}

func (r reader) document(v gjson.Result, o object) llm.Part {
	media, ok := source(o.get("source"))
	if !ok {
		if media, ok = r.blocksAsText(o.get("source")); !ok {
			return opaque(v, typeDocument)
		}
	}
	media.Name = o.get("title").String()
	if o.get("citations").Get("enabled").Bool() {
		r.unknown.Add("document.citations")
	}
	r.rest(o, typeDocument, "type", "source", "title", "citations", "cache_control")
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

func (r reader) toolUse(o object, at func() string) (llm.Part, *fault.Error) {
	name := o.get("name")
	if name.Type != gjson.String || name.Str == "" {
		return llm.Part{}, invalid(at()+".name", "%s.name must be the tool's name", at())
	}
	if c := o.get("caller"); c.Exists() && c.Get("type").String() != "direct" {
		r.unknown.Add("tool_use.caller")
	}
	r.rest(o, typeToolUse, "type", "id", "name", "input", "caller", "cache_control")
	return llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{
		ID: o.get("id").String(), Name: name.Str, Arguments: arguments(o.get("input")),
	}}, nil
}

// arguments returns a tool's input as llm keeps it: the text of an object, ""
// for one that is empty.
func arguments(v gjson.Result) string {
	if !given(v) || v.IsObject() && len(v.Raw) >= 2 && strings.TrimSpace(v.Raw[1:len(v.Raw)-1]) == "" {
		return ""
	}
	return v.Raw
}

func (r reader) toolResult(o object, at func() string) (llm.Part, *fault.Error) {
	id := o.get("tool_use_id")
	if id.Type != gjson.String || id.Str == "" {
		return llm.Part{}, invalid(at()+".tool_use_id", "%s.tool_use_id must name the call that it answers", at())
	}
	result := &llm.ToolResult{CallID: id.Str, IsError: o.get("is_error").Bool()}
	if content := o.get("content"); given(content) {
		var fail *fault.Error
		if result.Parts, fail = r.content(content, at()+".content"); fail != nil {
			return llm.Part{}, fail
		}
	}
	r.rest(o, typeToolResult, "type", "tool_use_id", "content", "is_error", "cache_control")
	return llm.Part{Kind: llm.KindToolResult, Result: result}, nil
}
