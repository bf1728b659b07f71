package anthropic

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bytedance/sonic"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// block is a content block that has begun and not ended.
type block struct {
	wire  int // the provider's index
	index int // the part's
	kind  llm.Kind

	input     string // a tool's input as the start already had it
	sawDeltas bool   // input came in deltas, which win

	// An opaque block is held back until it is whole.
	held   llm.Part
	fields []heldField
	json   strings.Builder // its input, out of deltas
	cites  []json.RawMessage
}

// heldField is a string field of an opaque block that deltas add to.
type heldField struct {
	name string
	text *strings.Builder
}

func (d *decoder) blockStart(wire int, v gjson.Result) {
	if old := d.blockAt(wire); old != nil {
		d.close(old)
	}
	r := reader{unknown: new(llm.Lost)}
	p, fail := r.block(v, "content", wire)
	if fail != nil {
		d.fail(badStream().Because(fail))
		return
	}
	b := d.open(wire, p.Kind)
	switch p.Kind {
	case llm.KindText, llm.KindReasoning:
		d.begin(b, &p)
	case llm.KindToolCall:
		b.input, p.Call.Arguments = p.Call.Arguments, ""
		d.emit(llm.Event{Kind: llm.EventPart, Index: b.index, Part: &p})
	case llm.KindOpaque:
		b.held = p
	default: // comes whole
		d.emit(llm.Event{Kind: llm.EventPart, Index: b.index, Part: &p})
	}
}

func (d *decoder) open(wire int, kind llm.Kind) *block {
	b := &block{wire: wire, index: d.next, kind: kind}
	d.next++
	d.blocks = append(d.blocks, b)
	return b
}

// begin emits the start of a part, and as deltas what the block already holds.
func (d *decoder) begin(b *block, p *llm.Part) {
	one := llm.Response{Parts: []llm.Part{*p}}
	for e := range one.Events() {
		switch e.Kind {
		case llm.EventPart, llm.EventDelta, llm.EventSign, llm.EventCite:
			e.Index = b.index
			d.emit(e)
		}
	}
}

func (d *decoder) blockDelta(wire int, v gjson.Result) {
	typ := v.Get("type").String()
	b := d.blockAt(wire)
	if b == nil {
		if b = d.orphan(wire, typ); b == nil {
			return
		}
	}
	switch {
	case b.kind == llm.KindOpaque:
		b.hold(typ, v)
	case typ == deltaCitation:
		if c := v.Get("citation"); c.IsObject() {
			cite := decodeCitation(c)
			d.emit(llm.Event{Kind: llm.EventCite, Index: b.index, Citation: &cite})
		}
	case typ == deltaSignature:
		d.piece(llm.EventSign, b, v.Get("signature"))
	case typ == deltaThinking:
		d.piece(llm.EventDelta, b, v.Get("thinking"))
	case typ == deltaInput:
		json := v.Get("partial_json")
		b.sawDeltas = b.sawDeltas || json.Str != ""
		d.piece(llm.EventDelta, b, json)
	default: // text_delta, and kinds to come that bring text
		d.piece(llm.EventDelta, b, v.Get("text"))
	}
}

func (d *decoder) piece(kind llm.EventKind, b *block, v gjson.Result) {
	if v.Type == gjson.String && v.Str != "" {
		d.emit(llm.Event{Kind: kind, Index: b.index, Text: v.Str})
	}
}

// orphan begins the block of a delta whose start was lost, so that no text is. A
// tool call without its name is beyond repair.
func (d *decoder) orphan(wire int, typ string) *block {
	p := llm.Part{Kind: llm.KindText}
	switch typ {
	case deltaInput:
		d.fail(badStream())
		return nil
	case deltaThinking, deltaSignature:
		p.Kind = llm.KindReasoning
		p.Reasoning = &llm.ReasoningBlock{Issuer: llm.AnthropicMessages}
	}
	b := d.open(wire, p.Kind)
	d.emit(llm.Event{Kind: llm.EventPart, Index: b.index, Part: &p})
	return b
}

func (d *decoder) blockStop(wire int) {
	if b := d.blockAt(wire); b != nil {
		d.close(b)
	}
}

func (d *decoder) close(b *block) {
	d.drop(b)
	switch {
	case b.kind == llm.KindToolCall && !b.sawDeltas && b.input != "":
		d.emit(llm.Event{Kind: llm.EventDelta, Index: b.index, Text: b.input})
	case b.kind == llm.KindOpaque:
		b.held.Opaque.Raw = b.raw()
		d.emit(llm.Event{Kind: llm.EventPart, Index: b.index, Part: &b.held})
	}
	d.emit(llm.Event{Kind: llm.EventPartEnd, Index: b.index})
}

// hold adds a delta to an opaque block: each string is appended to the field of
// its name, whatever the kind of delta.
func (b *block) hold(typ string, v gjson.Result) {
	switch typ {
	case deltaInput:
		b.json.WriteString(v.Get("partial_json").String())
		return
	case deltaCitation:
		if c := v.Get("citation"); c.IsObject() {
			b.cites = append(b.cites, rawOf(c))
		}
		return
	}
	v.ForEach(func(key, val gjson.Result) bool {
		if val.Type == gjson.String && key.Str != "type" && simple(key.Str) {
			b.field(key.Str).WriteString(val.Str)
		}
		return true
	})
}

// simple reports whether name is a plain field name, not a path to sjson.
func simple(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z')
	})
}

func (b *block) field(name string) *strings.Builder {
	for _, f := range b.fields {
		if f.name == name {
			return f.text
		}
	}
	f := heldField{name, new(strings.Builder)}
	f.text.WriteString(gjson.GetBytes(b.held.Opaque.Raw, name).String())
	b.fields = append(b.fields, f)
	return f.text
}

// raw is the whole block. sjson can fail only on paths, which are simple here;
// then the block stays as it began.
func (b *block) raw() json.RawMessage {
	raw := []byte(b.held.Opaque.Raw)
	set := func(edited []byte, err error) {
		if err == nil {
			raw = edited
		}
	}
	for _, f := range b.fields {
		set(sjson.SetBytes(raw, f.name, f.text.String()))
	}
	if text := b.json.String(); sonic.ValidString(text) {
		set(sjson.SetRawBytes(raw, "input", []byte(text)))
	} else if text != "" {
		set(sjson.SetBytes(raw, "input", text))
	}
	if len(b.cites) > 0 {
		list := gjson.GetBytes(raw, "citations")
		var all []json.RawMessage
		list.ForEach(func(_, c gjson.Result) bool {
			all = append(all, rawOf(c))
			return true
		})
		if joined, err := output.Marshal(slices.Concat(all, b.cites)); err == nil {
			set(sjson.SetRawBytes(raw, "citations", joined))
		}
	}
	return raw
}
