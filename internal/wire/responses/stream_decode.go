package responses

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// Names of the events that end a stream.
const (
	completed  = "response.completed"
	incomplete = "response.incomplete"
	failed     = "response.failed"
)

func decodeStream(r io.Reader) llm.Stream {
	return func(yield func(llm.Event, error) bool) {
		d := &streamDecoder{yield: yield, items: make(map[string]*openItem)}
		err := sse.Events(r, d.event)
		switch {
		case d.over:
		case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
			var f *fault.Error
			if !errors.As(err, &f) {
				f = fault.New(fault.Upstream, "stream_broken", "the provider's stream broke off").Because(err)
			}
			yield(llm.Event{}, f)
		default:
			yield(llm.Event{}, fault.New(fault.Upstream, "stream_truncated", "the provider's stream ended before its answer did"))
		}
	}
}

// streamDecoder turns the format's events into llm's. Text that comes both in
// deltas and whole ("done") is passed on once: what a whole text has more than
// its deltas is passed on as one more.
type streamDecoder struct {
	yield   func(llm.Event, error) bool
	over    bool // nothing may be yielded any more
	started bool

	items map[string]*openItem
	order []*openItem
	next  int // index of the next part
	tally tally
	seen  seen
}

// openItem is an output item on its way.
type openItem struct {
	typ, id, callID, name string
	at                    int64 // output_index; -1 where the events do not say
	done                  bool
	contents              map[int64]*openPart // of a message, by content_index
	single                *openPart           // of every other item
	sections              int64               // reasoning: sections begun
	section               string              // reasoning: the section that is open
}

// openPart is a part on its way.
type openPart struct {
	index  int
	begun  bool
	ended  bool
	custom bool   // its text is the input of a custom tool
	got    []byte // the text so far, as the provider wrote it
	held   int    // how much of got still waits for the part to begin
	cites  int
	probs  bool
}

// event takes one event and reports whether to go on.
func (d *streamDecoder) event(name string, data []byte) bool {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || string(data) == "[DONE]" {
		return true
	}
	v, ok := parse(data)
	if !ok {
		d.end(fault.New(fault.Upstream, "bad_event", "the provider's stream holds an event that is not a JSON object"))
		return false
	}
	if t := v.Get("type").String(); t != "" {
		name = t
	}
	switch name {
	case "response.created", "response.in_progress", "response.queued":
		d.start(v.Get("response"))
	case "response.output_item.added":
		d.added(v)
	case "response.output_item.done":
		d.itemDone(d.item(v), v.Get("item"))
	case "response.content_part.added":
		d.contentAdded(v)
	case "response.content_part.done":
		d.contentDone(v)
	case "response.output_text.annotation.added":
		if p := d.content(v, llm.KindText); p != nil {
			d.cite(p, v.Get("annotation"))
		}
	case "response.reasoning_summary_part.added":
		d.thoughtSection(v, "summary")
	case completed, incomplete, failed:
		d.terminal(name, v.Get("response"))
	case "error":
		e := v.Get("error")
		if !e.IsObject() {
			e = v
		}
		d.end(streamFault(e))
	default:
		d.words(name, v)
	}
	return !d.over
}

// words takes the events that bring text, as it comes or whole.
func (d *streamDecoder) words(name string, v gjson.Result) {
	switch name {
	case "response.output_text.delta":
		p := d.content(v, llm.KindText)
		d.delta(p, v.Get("delta").String())
		d.logProbs(p, v.Get("logprobs"))
	case "response.output_text.done":
		p := d.content(v, llm.KindText)
		d.settle(p, v.Get("text").String())
		if p != nil && !p.probs {
			d.logProbs(p, v.Get("logprobs"))
		}
	case "response.refusal.delta":
		d.delta(d.content(v, llm.KindRefusal), v.Get("delta").String())
	case "response.refusal.done":
		d.settle(d.content(v, llm.KindRefusal), v.Get("refusal").String())
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		d.delta(d.call(v), v.Get("delta").String())
	case "response.function_call_arguments.done":
		d.settle(d.call(v), v.Get("arguments").String())
	case "response.custom_tool_call_input.done":
		d.settle(d.call(v), v.Get("input").String())
	case "response.reasoning_summary_text.delta":
		d.delta(d.thoughtSection(v, "summary"), v.Get("delta").String())
	case "response.reasoning_text.delta":
		d.delta(d.thoughtSection(v, "content"), v.Get("delta").String())
	}
}

func (d *streamDecoder) emit(e llm.Event) {
	if d.over {
		return
	}
	if !d.started && e.Kind != llm.EventStart {
		d.started = true
		if !d.yield(llm.Event{Kind: llm.EventStart}, nil) {
			d.over = true
			return
		}
	}
	if !d.yield(e, nil) {
		d.over = true
	}
}

// end yields the error that ends the stream.
func (d *streamDecoder) end(f *fault.Error) {
	if !d.over {
		d.over = true
		d.yield(llm.Event{}, f)
	}
}

func (d *streamDecoder) start(response gjson.Result) {
	if d.started {
		return
	}
	d.started = true
	o := readObject(response)
	d.emit(llm.Event{Kind: llm.EventStart, ID: o.id, Model: o.model, Created: o.created})
}

// item returns the item that an event is about. output_index names it; some
// servers change the item_id from event to event, and a few send no index.
func (d *streamDecoder) item(v gjson.Result) *openItem {
	key, at := "", int64(-1)
	if i := v.Get("output_index"); i.Type == gjson.Number {
		key, at = "#"+i.Raw, i.Int()
	} else if key = v.Get("item_id").String(); key == "" {
		key = v.Get("item.id").String()
	}
	it := d.items[key]
	if it == nil {
		it = &openItem{at: at, contents: make(map[int64]*openPart)}
		d.items[key] = it
		d.order = append(d.order, it)
	}
	return it
}

func (d *streamDecoder) added(v gjson.Result) {
	it := d.item(v)
	r := readItem(v.Get("item"))
	it.typ, it.id, it.callID, it.name = r.typ, r.id, r.callID, r.name
	if it.typ == "function_call" || it.typ == "custom_tool_call" {
		p := d.call(v)
		given := text(r.arguments)
		if p.custom {
			given = text(r.input)
		}
		d.delta(p, given)
	}
}

// begin begins p as part.
func (d *streamDecoder) begin(p *openPart, part llm.Part) {
	p.index, p.begun = d.next, true
	d.next++
	d.seen.add(&part)
	d.emit(llm.Event{Kind: llm.EventPart, Index: p.index, Part: &part})
	if p.custom {
		d.emit(llm.Event{Kind: llm.EventDelta, Index: p.index, Text: customOpen})
	}
	if held := p.held; held > 0 {
		p.held = 0
		d.pass(p, string(p.got[len(p.got)-held:]))
	}
}

// pass yields more of p's text.
func (d *streamDecoder) pass(p *openPart, s string) {
	if p.custom {
		s = string(appendEscaped(nil, s))
	}
	d.emit(llm.Event{Kind: llm.EventDelta, Index: p.index, Text: s})
}

func (d *streamDecoder) delta(p *openPart, s string) {
	if p == nil || p.ended || s == "" {
		return
	}
	p.got = append(p.got, s...)
	if !p.begun {
		p.held += len(s)
		return
	}
	d.pass(p, s)
}

// settle passes on what whole has more than has come so far.
func (d *streamDecoder) settle(p *openPart, whole string) {
	if p == nil {
		return
	}
	if rest, ok := strings.CutPrefix(whole, string(p.got)); ok {
		d.delta(p, rest)
	}
}

func (d *streamDecoder) partEnd(p *openPart) {
	if !p.begun || p.ended {
		return
	}
	p.ended = true
	if p.custom {
		d.emit(llm.Event{Kind: llm.EventDelta, Index: p.index, Text: customShut})
	}
	d.emit(llm.Event{Kind: llm.EventPartEnd, Index: p.index})
}
