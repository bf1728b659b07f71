package responses

import (
	"cmp"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// content returns the part of a message's content that an event is about, begun
// as kind if it is new; nil if the item is over.
func (d *streamDecoder) content(v gjson.Result, kind llm.Kind) *openPart {
	it := d.item(v)
	if it.done {
		return nil
	}
	return d.contentAt(it, v.Get("content_index").Int(), kind)
}

func (d *streamDecoder) contentAt(it *openItem, at int64, kind llm.Kind) *openPart {
	p := it.contents[at]
	if p == nil {
		p = &openPart{}
		it.contents[at] = p
	}
	if !p.begun {
		d.begin(p, llm.Part{Kind: kind})
	}
	return p
}

func (d *streamDecoder) contentAdded(v gjson.Result) {
	part := v.Get("part")
	switch part.Get("type").String() {
	case "output_text":
		d.delta(d.content(v, llm.KindText), part.Get("text").String())
	case "refusal":
		d.delta(d.content(v, llm.KindRefusal), part.Get("refusal").String())
	case "reasoning_text":
		d.delta(d.thoughtSection(v, "content"), part.Get("text").String())
	}
}

func (d *streamDecoder) contentDone(v gjson.Result) {
	it := d.item(v)
	if part := v.Get("part"); !it.done && part.IsObject() && part.Get("type").String() != "reasoning_text" {
		d.contentWhole(it, v.Get("content_index").Int(), part)
	}
}

// contentWhole settles and ends one element of a message's content.
func (d *streamDecoder) contentWhole(it *openItem, at int64, v gjson.Result) {
	whole := content(v)
	switch whole.Kind {
	case llm.KindText, llm.KindRefusal:
		p := d.contentAt(it, at, whole.Kind)
		if p.ended {
			return
		}
		d.settle(p, whole.Text)
		notes := v.Get("annotations").Array()
		for _, a := range notes[min(p.cites, len(notes)):] {
			d.cite(p, a)
		}
		if !p.probs {
			d.logProbs(p, v.Get("logprobs"))
		}
		d.partEnd(p)
	default:
		p := it.contents[at]
		if p == nil {
			p = &openPart{}
			it.contents[at] = p
		}
		if !p.begun {
			d.begin(p, whole)
			d.partEnd(p)
		}
	}
}

func (d *streamDecoder) cite(p *openPart, annotation gjson.Result) {
	if p.ended || !annotation.IsObject() {
		return
	}
	p.cites++
	c := citation(annotation)
	d.emit(llm.Event{Kind: llm.EventCite, Index: p.index, Citation: &c})
}

func (d *streamDecoder) logProbs(p *openPart, v gjson.Result) {
	if p == nil || p.ended {
		return
	}
	if probs := logProbs(v); len(probs) > 0 {
		p.probs = true
		d.emit(llm.Event{Kind: llm.EventLogProbs, Index: p.index, LogProbs: probs})
	}
}

// call returns the tool call that an event is about, begun as soon as its name is
// known; nil if it is over.
func (d *streamDecoder) call(v gjson.Result) *openPart {
	it := d.item(v)
	if it.done {
		return nil
	}
	if it.single == nil {
		it.single = &openPart{custom: it.typ == "custom_tool_call"}
	}
	if p := it.single; !p.begun && it.name != "" {
		id := it.callID
		if id == "" {
			id = it.id
		}
		d.begin(p, llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: id, Name: it.name}})
	}
	return it.single
}

// thoughtSection returns the reasoning that an event is about, after a separator
// where the event opens a further section of it. sort is "summary" or "content".
func (d *streamDecoder) thoughtSection(v gjson.Result, sort string) *openPart {
	it := d.item(v)
	if it.done {
		return nil
	}
	if it.single == nil {
		it.single = &openPart{}
	}
	p := it.single
	if section := sort + v.Get(sort+"_index").Raw; section != it.section {
		it.section = section
		it.sections++
	}
	if !p.begun {
		d.begin(p, llm.Part{Kind: llm.KindReasoning, Reasoning: &llm.ReasoningBlock{
			ID: it.id, Summary: sort == "summary", Issuer: llm.OpenAIResponses,
		}})
	}
	for ; it.sections > 1; it.sections-- {
		d.delta(p, betweenThoughts)
	}
	return p
}

// itemDone takes an item that is whole: it passes on what the events before have
// not brought, which is everything for the items of server tools.
func (d *streamDecoder) itemDone(it *openItem, v gjson.Result) {
	if it.done || !v.IsObject() {
		return
	}
	r := readItem(v)
	d.tally.add(r.typ, v)
	if it.id == "" {
		it.id = r.id
	}
	switch {
	case r.typ == "message" && (r.role == "" || r.role == "assistant"):
		at := int64(0)
		each(r.content, func(c gjson.Result) {
			d.contentWhole(it, at, c)
			at++
		})
	case r.typ == "function_call" || r.typ == "custom_tool_call":
		d.callDone(it, &r)
	case r.typ == "reasoning":
		d.thoughtDone(it, &r)
	default:
		p := &openPart{}
		d.begin(p, r.opaque())
		it.single = p
	}
	d.close(it)
}

func (d *streamDecoder) callDone(it *openItem, r *item) {
	p := it.single
	if p == nil {
		p = &openPart{custom: r.typ == "custom_tool_call"}
		it.single = p
	}
	whole := text(r.arguments)
	if p.custom {
		whole = text(r.input)
	}
	if !p.begun {
		part := r.call()
		part.Call.Arguments = ""
		d.begin(p, part)
	}
	d.settle(p, whole)
}

func (d *streamDecoder) thoughtDone(it *openItem, r *item) {
	whole := r.reasoning()
	words := whole.Text
	if p := it.single; p != nil && p.begun {
		d.settle(p, words)
		if s := whole.Reasoning.Encrypted; s != "" && !p.ended {
			d.emit(llm.Event{Kind: llm.EventSign, Index: p.index, Text: s})
		}
		return
	}
	whole.Text = ""
	it.single = &openPart{}
	d.begin(it.single, whole)
	d.delta(it.single, words)
}

// close ends all that is open of an item.
func (d *streamDecoder) close(it *openItem) {
	it.done = true
	parts := make([]*openPart, 0, len(it.contents)+1)
	for _, p := range it.contents {
		parts = append(parts, p)
	}
	if p := it.single; p != nil {
		if !p.begun && p.held > 0 { // arguments of a call that was never named
			d.begin(p, llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: it.callID}})
		}
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b *openPart) int { return cmp.Compare(a.index, b.index) })
	for _, p := range parts {
		d.partEnd(p)
	}
}

// terminal takes the event that ends the answer, with the whole response in it.
func (d *streamDecoder) terminal(name string, response gjson.Result) {
	d.start(response)
	o := readObject(response)
	o.settle(name)
	d.catchUp(o.outed)
	for _, it := range d.order {
		if !it.done {
			d.close(it)
		}
	}
	if d.over {
		return
	}
	t := &d.tally
	if len(o.outed.Array()) > 0 {
		t = &tally{}
		each(o.outed, func(v gjson.Result) { t.add(v.Get("type").String(), v) })
	}
	usage := o.bill.read(t)
	d.emit(llm.Event{Kind: llm.EventUsage, Usage: &usage})
	if f := o.fault(); f != nil {
		d.end(f)
		return
	}
	d.emit(llm.Event{Kind: llm.EventFinish, Finish: o.finish(d.seen)})
	d.over = true
}

// catchUp passes on items of the final output that no event brought, or brought to
// an end. Where items cannot be told apart for certain, none is passed on twice.
func (d *streamDecoder) catchUp(output gjson.Result) {
	byID := make(map[string]bool)
	for _, it := range d.order {
		if it.at < 0 {
			return
		}
		if it.id != "" {
			byID[it.id] = true
		}
	}
	known := make(map[int64]*openItem, len(d.order))
	for _, it := range d.order {
		known[it.at] = it
	}
	missing := len(output.Array()) > len(d.order)
	at := int64(0)
	each(output, func(v gjson.Result) {
		it := known[at]
		if it == nil && missing && !byID[v.Get("id").String()] {
			it = &openItem{at: at, contents: make(map[int64]*openPart)}
			d.order = append(d.order, it)
		}
		if it != nil {
			d.itemDone(it, v)
		}
		at++
	})
}
