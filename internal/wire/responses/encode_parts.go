package responses

import (
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// begin takes a new part.
func (e *encoder) begin(dst []byte, index int, part *llm.Part) []byte {
	p := &outPart{kind: part.Kind, open: true}
	e.parts[index] = p
	if part.Signature != "" {
		e.lost.Add("part.signature")
	}
	switch part.Kind {
	case llm.KindText, llm.KindRefusal:
		dst = e.addContent(dst, p)
		if part.Text != "" {
			dst = e.delta(dst, p, part.Text, nil)
		}
		for i := range part.Citations {
			dst = e.cite(dst, p, &part.Citations[i])
		}
		if len(part.LogProbs) > 0 {
			dst = e.delta(dst, p, "", part.LogProbs)
		}
	case llm.KindReasoning:
		dst = e.beginThought(dst, p, part)
	case llm.KindToolCall:
		dst = e.beginCall(dst, p, part.Call)
	case llm.KindOpaque:
		p.open = false
		dst = e.opaque(dst, p, part.Opaque)
	default:
		p.open = false
		dst = e.image(dst, part)
	}
	return dst
}

func (e *encoder) beginCall(dst []byte, p *outPart, c *llm.ToolCall) []byte {
	if c == nil {
		c = &llm.ToolCall{}
	}
	it := &outItem{typ: "function_call", callID: c.ID, name: c.Name}
	if e.custom[c.Name] {
		it.typ = "custom_tool_call"
	}
	p.item = it
	dst = e.open(dst, it)
	it.contents = []*outPart{p}
	if c.Arguments != "" {
		dst = e.delta(dst, p, c.Arguments, nil)
	}
	return dst
}

// beginThought keeps a thought back until it has words, or is over: a block of
// another format may hold nothing but what only its issuer can read.
func (e *encoder) beginThought(dst []byte, p *outPart, part *llm.Part) []byte {
	if part.Reasoning != nil {
		block := *part.Reasoning
		p.block = &block
	}
	if !p.own() && p.block != nil && (p.block.Signature != "" || p.block.Encrypted != "" || p.block.Redacted) {
		e.lost.Add("reasoning.signature")
	}
	if part.Text != "" {
		dst = e.delta(dst, p, part.Text, nil)
	}
	return dst
}

// showThought opens the item of a thought that was kept back.
func (e *encoder) showThought(dst []byte, p *outPart) []byte {
	it := &outItem{typ: "reasoning"}
	if p.own() {
		it.id = p.block.ID
	}
	p.item = it
	return e.open(dst, it)
}

// sign takes the signature of a part, whole or in pieces.
func (e *encoder) sign(index int, s string) {
	p := e.parts[index]
	switch {
	case p == nil || !p.open:
	case p.kind != llm.KindReasoning:
		e.lost.Add("part.signature")
	case p.own():
		p.block.Signature += s
	default:
		e.lost.Add("reasoning.signature")
	}
}

// opaque writes a block of this format as it is.
func (e *encoder) opaque(dst []byte, p *outPart, o *llm.Opaque) []byte {
	if o == nil {
		return dst
	}
	if o.Format != llm.OpenAIResponses {
		e.lost.Add(o.Type)
		return dst
	}
	b := opaqueJSON(o)
	if b == nil {
		e.lost.Add(o.Type)
		return dst
	}
	if strings.HasPrefix(o.Type, contentMark) {
		p.raw, p.open = b, true
		dst = e.addContent(dst, p)
		return e.partEnd(dst, p)
	}
	return e.whole(dst, &outItem{typ: o.Type, raw: b})
}

// image writes an image that the model made; other media have no item.
func (e *encoder) image(dst []byte, part *llm.Part) []byte {
	if part.Kind == llm.KindImage {
		if b := imageItem("ig_"+e.root+"_"+strconv.Itoa(len(e.items)), part.Media); b != nil {
			return e.whole(dst, &outItem{typ: "image_generation_call", raw: b})
		}
	}
	e.lost.Add("part." + kindName(part.Kind))
	return dst
}

// whole writes an item that comes in one piece.
func (e *encoder) whole(dst []byte, it *outItem) []byte {
	it.id, it.callID = "-", "-" // they are in raw
	dst = e.open(dst, it)
	return e.closeItem(dst, it)
}

// addContent adds a content to the open message, or to a new one.
func (e *encoder) addContent(dst []byte, p *outPart) []byte {
	it := e.message()
	if it == nil {
		it = &outItem{typ: "message"}
		dst = e.open(dst, it)
	}
	p.item, p.at = it, len(it.contents)
	dst = e.about(dst, "response.content_part.added", p)
	dst = shut(p.appendJSON(memberKey(dst, "part")))
	it.contents = append(it.contents, p)
	return dst
}

// about appends an event with the members that say which part it is about.
func (e *encoder) about(dst []byte, name string, p *outPart) []byte {
	dst = e.event(dst, name)
	dst = memberString(dst, "item_id", p.item.id)
	dst = memberInt(dst, "output_index", int64(p.item.at))
	switch {
	case p.kind == llm.KindToolCall:
		return dst
	case p.kind == llm.KindReasoning && !p.plain():
		return memberInt(dst, "summary_index", int64(p.at))
	}
	return memberInt(dst, "content_index", int64(p.at))
}

// delta passes on more of a part.
func (e *encoder) delta(dst []byte, p *outPart, s string, probs []llm.TokenLogProb) []byte {
	if s == "" && len(probs) == 0 {
		return dst
	}
	if p.kind == llm.KindReasoning && len(p.text) == 0 {
		dst = e.addThought(dst, p)
	}
	p.text = append(p.text, s...)
	p.probs = append(p.probs, probs...)
	name := "response.output_text.delta"
	switch p.kind {
	case llm.KindRefusal:
		name = "response.refusal.delta"
	case llm.KindToolCall:
		if p.item.typ == "custom_tool_call" {
			return dst // told at the end, when the text can be taken out of the arguments
		}
		name = "response.function_call_arguments.delta"
	case llm.KindReasoning:
		name = "response.reasoning_summary_text.delta"
		if p.plain() {
			name = "response.reasoning_text.delta"
		}
	}
	dst = memberString(e.about(dst, name, p), "delta", s)
	if p.kind == llm.KindText {
		dst = appendLogProbs(memberKey(dst, "logprobs"), probs)
	}
	return shut(dst)
}

// addThought tells of the one section of a thought that now begins.
func (e *encoder) addThought(dst []byte, p *outPart) []byte {
	dst = e.showThought(dst, p)
	name := "response.reasoning_summary_part.added"
	if p.plain() {
		name = "response.content_part.added"
	}
	dst = e.about(dst, name, p)
	dst = shut(p.appendJSON(memberKey(dst, "part")))
	p.item.contents = []*outPart{p}
	return dst
}

// cite passes on a citation.
func (e *encoder) cite(dst []byte, p *outPart, c *llm.Citation) []byte {
	note, ok := appendAnnotation(nil, c, p.characters())
	if !ok || p.kind != llm.KindText {
		e.lost.Add("citations")
		return dst
	}
	dst = e.about(dst, "response.output_text.annotation.added", p)
	dst = memberInt(dst, "annotation_index", int64(len(p.notes)))
	dst = shut(memberRaw(dst, "annotation", note))
	p.notes = append(p.notes, note)
	return dst
}

// partEnd tells that a part is whole, and its item with it unless that is a message.
func (e *encoder) partEnd(dst []byte, p *outPart) []byte {
	if !p.open {
		return dst
	}
	p.open = false
	switch p.kind {
	case llm.KindToolCall:
		dst = e.callEnd(dst, p)
		return e.closeItem(dst, p.item)
	case llm.KindReasoning:
		return e.thoughtEnd(dst, p)
	case llm.KindText:
		dst = memberString(e.about(dst, "response.output_text.done", p), "text", string(p.text))
		dst = shut(appendLogProbs(memberKey(dst, "logprobs"), p.probs))
	case llm.KindRefusal:
		dst = shut(memberString(e.about(dst, "response.refusal.done", p), "refusal", string(p.text)))
	}
	dst = e.about(dst, "response.content_part.done", p)
	dst = shut(p.appendJSON(memberKey(dst, "part")))
	if it := p.item; it.at < len(e.items)-1 && !it.busy() {
		dst = e.closeItem(dst, it) // other items have begun meanwhile
	}
	return dst
}

func (e *encoder) callEnd(dst []byte, p *outPart) []byte {
	if p.item.typ == "custom_tool_call" {
		p.text = []byte(customInput(string(p.text)))
		dst = shut(memberString(e.about(dst, "response.custom_tool_call_input.delta", p), "delta", string(p.text)))
		return shut(memberString(e.about(dst, "response.custom_tool_call_input.done", p), "input", string(p.text)))
	}
	if len(p.text) == 0 {
		dst = e.delta(dst, p, "{}", nil)
	}
	dst = memberString(e.about(dst, "response.function_call_arguments.done", p), "name", p.item.name)
	return shut(memberString(dst, "arguments", string(p.text)))
}

func (e *encoder) thoughtEnd(dst []byte, p *outPart) []byte {
	secret := ""
	if p.own() {
		secret = sealed(p.block)
	}
	if p.item == nil {
		if secret == "" && !(p.own() && p.block.ID != "") {
			return dst // nothing that the caller could read or send back
		}
		dst = e.showThought(dst, p)
	}
	if len(p.text) > 0 {
		text, part := "response.reasoning_summary_text.done", "response.reasoning_summary_part.done"
		if p.plain() {
			text, part = "response.reasoning_text.done", "response.content_part.done"
		}
		dst = shut(memberString(e.about(dst, text, p), "text", string(p.text)))
		dst = shut(p.appendJSON(memberKey(e.about(dst, part, p), "part")))
	}
	p.item.sealed = secret
	return e.closeItem(dst, p.item)
}
