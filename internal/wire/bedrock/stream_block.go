package bedrock

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// block is a content block that has begun and not ended.
type block struct {
	wire  int // the provider's index
	index int // the part's
	kind  llm.Kind

	// A block that llm takes in one piece is held back until it is whole: a
	// redacted thought or picture, and what stays opaque.
	held   bool
	part   llm.Part
	data   []string          // pieces of base64
	start  gjson.Result      // an opaque block as it began
	input  strings.Builder   // a server tool's input
	result []json.RawMessage // a server tool's result
}

func (d *decoder) open(wire int, p *llm.Part, held bool) *block {
	if old := d.blockAt(wire); old != nil {
		d.close(old)
	}
	b := &block{wire: wire, index: d.next, kind: p.Kind, held: held, part: *p}
	d.next++
	d.blocks = append(d.blocks, b)
	if !held {
		d.emit(llm.Event{Kind: llm.EventPart, Index: b.index, Part: p})
	}
	return b
}

// blockStart begins the blocks that Bedrock announces: tools and pictures. Text
// and thoughts begin with their first delta.
func (d *decoder) blockStart(wire int, v gjson.Result) {
	for _, f := range fieldsOf(v) {
		switch {
		case f.key == "toolUse" && f.val.Get("type").String() != serverTool:
			name := f.val.Get("name").String()
			if name == "" {
				d.fail(badStream())
				return
			}
			d.open(wire, &llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: f.val.Get("toolUseId").String(), Name: name}}, false)
		case f.key == "image":
			mime := mimeOf("image", f.val.Get("format").String())
			d.open(wire, &llm.Part{Kind: llm.KindImage, Media: &llm.Media{MIME: mime}}, true)
		case f.val.IsObject():
			typ := f.val.Get("type").String()
			if typ == "" {
				typ = f.key
			}
			p := opaque(f.key, f.val, typ)
			d.open(wire, &p, true).start = f.val
		}
	}
}

// delta adds to the block at wire, beginning it where it has no start of its own.
func (d *decoder) delta(wire int, key string, v gjson.Result) {
	b := d.blockAt(wire)
	switch key {
	case "text":
		b = d.expect(b, wire, llm.KindText)
		d.piece(llm.EventDelta, b, v)
	case "citation":
		if v.IsObject() {
			b = d.expect(b, wire, llm.KindText)
			c := decodeCitation(v)
			d.emit(llm.Event{Kind: llm.EventCite, Index: b.index, Citation: &c})
		}
	case "reasoningContent":
		d.thought(b, wire, v)
	case "toolUse":
		input := v.Get("input")
		switch {
		case b != nil && b.kind == llm.KindOpaque:
			b.input.WriteString(input.String())
		case b == nil || b.kind != llm.KindToolCall: // a call without its name is beyond repair
			d.fail(badStream())
		case input.IsObject():
			d.emit(llm.Event{Kind: llm.EventDelta, Index: b.index, Text: input.Raw})
		default:
			d.piece(llm.EventDelta, b, input)
		}
	case "toolResult":
		if b != nil && b.kind == llm.KindOpaque {
			for _, c := range list(v) {
				b.result = append(b.result, rawOf(c))
			}
		}
	case "image":
		if data := v.Get("source.bytes").String(); data != "" {
			if b == nil || b.kind != llm.KindImage {
				b = d.open(wire, &llm.Part{Kind: llm.KindImage, Media: &llm.Media{}}, true)
			}
			b.data = append(b.data, data)
		}
	}
}

func (d *decoder) thought(b *block, wire int, v gjson.Result) {
	if data := v.Get("redactedContent"); data.Type == gjson.String {
		if b == nil || b.kind != llm.KindReasoning || !b.held {
			b = d.open(wire, &llm.Part{Kind: llm.KindReasoning, Reasoning: &llm.ReasoningBlock{
				Redacted: true, Issuer: llm.BedrockConverse,
			}}, true)
		}
		b.data = append(b.data, data.Str)
		return
	}
	b = d.expect(b, wire, llm.KindReasoning)
	d.piece(llm.EventDelta, b, v.Get("text"))
	d.piece(llm.EventSign, b, v.Get("signature"))
}

// expect returns a block of the kind that takes deltas: b, or a new one.
func (d *decoder) expect(b *block, wire int, kind llm.Kind) *block {
	if b != nil && b.kind == kind && !b.held {
		return b
	}
	p := &llm.Part{Kind: kind}
	if kind == llm.KindReasoning {
		p.Reasoning = &llm.ReasoningBlock{Issuer: llm.BedrockConverse}
	}
	return d.open(wire, p, false)
}

func (d *decoder) close(b *block) {
	d.drop(b)
	if b.held {
		switch b.kind {
		case llm.KindReasoning:
			b.part.Reasoning.Encrypted = joinBase64(b.data)
		case llm.KindImage:
			b.part.Media.Data = joinBase64(b.data)
		case llm.KindOpaque:
			b.part.Opaque.Raw = b.raw()
		}
		d.emit(llm.Event{Kind: llm.EventPart, Index: b.index, Part: &b.part})
	}
	d.emit(llm.Event{Kind: llm.EventPartEnd, Index: b.index})
}

// joinBase64 joins pieces each of which is base64 by itself.
func joinBase64(pieces []string) string {
	if len(pieces) == 1 {
		return pieces[0]
	}
	var whole []byte
	for _, p := range pieces {
		b, err := base64.StdEncoding.DecodeString(p)
		if err != nil {
			return strings.Join(pieces, "")
		}
		whole = append(whole, b...)
	}
	return base64.StdEncoding.EncodeToString(whole)
}

// raw is an opaque block as a whole answer would hold it: the fields of its
// start, with what came in deltas.
func (b *block) raw() json.RawMessage {
	inner := make(map[string]json.RawMessage)
	for _, f := range fieldsOf(b.start) {
		inner[f.key] = rawOf(f.val)
	}
	key := firstKey(b.part.Opaque.Raw)
	switch text := b.input.String(); {
	case key == "toolUse" && validObject(text):
		inner["input"] = json.RawMessage(text)
	case key == "toolUse":
		inner["input"] = toolInput(text, new(llm.Lost))
	case len(b.result) > 0:
		inner["content"], _ = output.Marshal(b.result)
	}
	raw, err := output.Marshal(map[string]any{key: inner})
	if err != nil {
		return b.part.Opaque.Raw
	}
	return raw
}

// firstKey is the name of the first field of an object.
func firstKey(raw []byte) (name string) {
	gjson.ParseBytes(raw).ForEach(func(key, _ gjson.Result) bool {
		name = key.String()
		return false
	})
	return name
}
