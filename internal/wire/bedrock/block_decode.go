package bedrock

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// reader turns content blocks into parts. A block of Bedrock's is an object with
// one field, whose name says what it is.
type reader struct {
	// unknown gets the names of fields that llm has no word for.
	unknown *llm.Lost
	// replay unpacks other providers' signatures that a caller sends back.
	replay bool
}

// content reads a list of blocks. param names it in errors.
func (r reader) content(v gjson.Result, param string) ([]llm.Part, *fault.Error) {
	if !v.IsArray() {
		return nil, invalid(param, "%s must be a list of blocks", param)
	}
	var parts []llm.Part
	for i, block := range v.Array() {
		at := func() string { return param + "." + strconv.Itoa(i) }
		o := fieldsOf(block)
		if len(o) == 0 {
			return nil, invalid(at(), "%s must be a content block", at())
		}
		for _, f := range o {
			if f.key == "cachePoint" {
				if len(parts) == 0 {
					r.unknown.Add("cachePoint")
					continue
				}
				parts[len(parts)-1].Cache = r.cache(f.val)
				continue
			}
			p, fail := r.block(f.key, f.val, at)
			if fail != nil {
				return nil, fail
			}
			parts = append(parts, p...)
		}
	}
	return parts, nil
}

func (r reader) block(key string, v gjson.Result, at func() string) ([]llm.Part, *fault.Error) {
	one := func(p llm.Part) ([]llm.Part, *fault.Error) { return []llm.Part{p}, nil }
	switch key {
	case "text":
		if v.Type != gjson.String {
			return nil, invalid(at()+".text", "%s.text must be a string", at())
		}
		return one(llm.Part{Kind: llm.KindText, Text: v.Str})
	case "json": // within a tool's result
		return one(llm.Part{Kind: llm.KindText, Text: v.Raw})
	case "citationsContent":
		return one(r.cited(v))
	case "image", "video", "audio":
		return one(r.media(key, v))
	case "document":
		return one(r.document(v))
	case "reasoningContent":
		return one(r.reasoning(v))
	case "toolUse":
		p, fail := r.toolUse(v, at)
		return []llm.Part{p}, fail
	case "toolResult":
		p, fail := r.toolResult(v, at)
		return []llm.Part{p}, fail
	}
	return one(opaque(key, v, key))
}

// opaque keeps a block as it is; typ names it where it is lost.
func opaque(key string, v gjson.Result, typ string) llm.Part {
	raw, err := output.Marshal(map[string]json.RawMessage{key: rawOf(v)})
	if err != nil { // v is JSON that was parsed before
		raw = []byte("{}")
	}
	return llm.Part{Kind: llm.KindOpaque, Opaque: &llm.Opaque{Format: llm.BedrockConverse, Type: typ, Raw: raw}}
}

func (r reader) cache(v gjson.Result) *llm.CacheMark {
	fieldsOf(v).rest(r.unknown, "cachePoint", "type", "ttl")
	return &llm.CacheMark{TTL: v.Get("ttl").String()}
}

// reasoning reads a thought. Unsigned ones (DeepSeek, Kimi, Qwen) are text alone.
func (r reader) reasoning(v gjson.Result) llm.Part {
	if data := v.Get("redactedContent"); data.Type == gjson.String {
		block, ok := uncarryData(data.Str)
		if !ok || !r.replay {
			block = &llm.ReasoningBlock{Encrypted: data.Str, Issuer: llm.BedrockConverse}
		}
		block.Redacted = true
		return llm.Part{Kind: llm.KindReasoning, Reasoning: block}
	}
	text := v.Get("reasoningText")
	if !text.IsObject() {
		return opaque("reasoningContent", v, "reasoningContent")
	}
	fieldsOf(text).rest(r.unknown, "reasoningText", "text", "signature")
	signature := text.Get("signature").String()
	block, ok := uncarry(signature)
	if !ok || !r.replay {
		block = &llm.ReasoningBlock{Signature: signature, Issuer: llm.BedrockConverse}
	}
	return llm.Part{Kind: llm.KindReasoning, Text: text.Get("text").String(), Reasoning: block}
}

// serverTool is the type of calls that Bedrock itself carries out.
const serverTool = "server_tool_use"

func (r reader) toolUse(v gjson.Result, at func() string) (llm.Part, *fault.Error) {
	o := fieldsOf(v)
	if o.get("type").String() == serverTool {
		return opaque("toolUse", v, serverTool), nil
	}
	name := o.get("name")
	if name.Type != gjson.String || name.Str == "" {
		return llm.Part{}, invalid(at()+".toolUse.name", "%s.toolUse.name must be the tool's name", at())
	}
	o.rest(r.unknown, "toolUse", "toolUseId", "name", "input", "type")
	return llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{
		ID: o.get("toolUseId").String(), Name: name.Str, Arguments: arguments(o.get("input")),
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

func (r reader) toolResult(v gjson.Result, at func() string) (llm.Part, *fault.Error) {
	o := fieldsOf(v)
	if o.get("type").Exists() {
		return opaque("toolResult", v, "server_tool_result"), nil
	}
	id := o.get("toolUseId")
	if id.Type != gjson.String || id.Str == "" {
		return llm.Part{}, invalid(at()+".toolResult.toolUseId", "%s.toolResult.toolUseId must name the call that it answers", at())
	}
	result := &llm.ToolResult{CallID: id.Str, IsError: o.get("status").String() == "error"}
	if content := o.get("content"); content.Exists() {
		var fail *fault.Error
		if result.Parts, fail = r.content(content, at()+".toolResult.content"); fail != nil {
			return llm.Part{}, fail
		}
	}
	o.rest(r.unknown, "toolResult", "toolUseId", "content", "status")
	return llm.Part{Kind: llm.KindToolResult, Result: result}, nil
}
