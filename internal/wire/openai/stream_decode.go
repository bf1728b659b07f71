package openai

import (
	"bytes"
	"errors"
	"io"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// decodeStream reads a Chat Completions stream. It reads r until [DONE] or its
// end and does not close it.
func decodeStream(r io.Reader) llm.Stream {
	return func(yield func(llm.Event, error) bool) {
		d := streamDecoder{yield: yield, open: -1, text: -1, refusal: -1}
		err := sse.Events(r, d.event)
		switch {
		case d.over:
		case d.finish != llm.FinishNone:
			d.end() // without [DONE], or cut after all was said
		case err != nil:
			d.fail(readFault(err))
		default:
			d.fail(truncated())
		}
	}
}

func truncated() *fault.Error {
	return fault.New(fault.Upstream, "stream_truncated", "the provider's stream ended before the answer did").
		Hinted("try again")
}

// readFault keeps a fault that the reader itself gave (a timeout, a caller who
// left) and makes a truncation of everything else.
func readFault(err error) *fault.Error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	return truncated().Because(err)
}

func malformed() *fault.Error {
	return fault.New(fault.Upstream, "stream_malformed", "the provider's stream holds an event that is not JSON").
		Hinted("try again")
}

// streamDecoder turns chunks into events. Thought, text and refusal are open one
// at a time; a call is open until it is whole and another begins.
type streamDecoder struct {
	yield func(llm.Event, error) bool
	over  bool // nothing may be yielded any more

	started  bool
	answer   string // the answer's id
	next     int    // index of the next part
	open     int    // index of the open part that is no call; -1: none
	kind     llm.Kind
	detail   int64 // which entry of reasoning_details the open thought is; -1: none
	summary  bool  // the open thought is a summary
	calls    []*callState
	text     int // index of the last text part, for citations; -1: none
	refusal  int
	cited    bool
	sources  []llm.Citation
	audio    llm.Media
	hasAudio bool

	usage  llm.Usage
	finish llm.Finish
	called bool
}

func (d *streamDecoder) emit(e llm.Event) {
	if !d.over && !d.yield(e, nil) {
		d.over = true
	}
}

func (d *streamDecoder) fail(f *fault.Error) {
	if !d.over {
		d.over = true
		d.yield(llm.Event{}, f)
	}
}

// event takes one event of the stream; false ends the reading.
func (d *streamDecoder) event(name string, data []byte) bool {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return true
	}
	if string(data) == "[DONE]" {
		if d.finish == llm.FinishNone {
			d.fail(truncated())
		} else {
			d.end()
		}
		return false
	}
	root, ok := parse(data)
	if !ok || !root.IsObject() && !root.IsArray() {
		d.fail(malformed())
		return false
	}
	a := readAnswer(root)
	if f := faultIn(name, root, &a); f != nil {
		d.fail(f)
		return false
	}
	d.chunk(&a)
	return !d.over
}

func (d *streamDecoder) chunk(a *answer) {
	if !d.started && (a.id.Exists() || a.choices.Exists()) {
		d.started = true
		d.answer = text(a.id)
		d.emit(llm.Event{Kind: llm.EventStart, ID: d.answer, Model: text(a.model), Created: count(a.created)})
	}
	if c, ok := choice0(a.choices); ok {
		d.choice(&c)
	}
	if s := sourcesOf(a.results, a.citations); len(s) > 0 {
		d.sources = s // repeated on every chunk: the last list counts
	}
	if a.usageInto(&d.usage) {
		usage := d.usage
		d.emit(llm.Event{Kind: llm.EventUsage, Usage: &usage})
	}
}

func (d *streamDecoder) choice(c *choice) {
	if c.failure.IsObject() {
		d.fail(streamFault(c.failure))
		return
	}
	delta := c.delta
	if !delta.IsObject() {
		if d.next == 0 { // a server that streams whole messages
			delta = c.message
		}
	}
	m := readMessage(delta, nil)
	if c.text.Type == gjson.String && m.content.Raw == "" {
		m.content = c.text
	}
	d.delta(&m, c)
	reason := text(c.finish)
	if f := broken(reason); f != nil {
		d.fail(f)
		return
	}
	if f := finishOf(reason); f != llm.FinishNone && d.finish == llm.FinishNone {
		d.finish = f
	}
}

func (d *streamDecoder) delta(m *message, c *choice) {
	d.thoughts(m)
	signature := signatureOf(m.extra)
	for _, p := range contentParts(m.content) {
		switch p.Kind {
		case llm.KindText, llm.KindReasoning, llm.KindRefusal:
			d.say(&p, -1)
		default:
			d.wholePart(&p)
		}
	}
	if s := text(m.refusal); s != "" {
		d.say(&llm.Part{Kind: llm.KindRefusal, Text: s}, -1)
	}
	if m.audio.IsObject() {
		d.sound(m.audio)
	}
	each(m.images, func(v gjson.Result) bool {
		p := contentPart(v)
		d.wholePart(&p)
		return true
	})
	if m.executed.IsArray() && m.executed.Get("#").Int() > 0 {
		p := opaque("executed_tools", m.executed)
		d.wholePart(&p)
	}
	d.annotate(m, c)
	if signature != "" && m.toolCalls.Raw == "" {
		d.signText(signature)
		signature = ""
	}
	each(m.toolCalls, func(v gjson.Result) bool {
		d.toolCall(v, signature)
		signature = "" // it belongs to the first
		return true
	})
	if m.functionCall.IsObject() {
		d.call(&fragment{key: 0, indexed: true, name: text(get(m.functionCall, "name")), arguments: argumentsOf(get(m.functionCall, "arguments"))})
	}
}

func (d *streamDecoder) thoughts(m *message) {
	any := false
	each(m.details, func(v gjson.Result) bool {
		any = true
		p := partOfDetail(v)
		at := int64(-1)
		if get(v, "index").Exists() {
			at = count(get(v, "index"))
		}
		if p.Reasoning.Encrypted != "" {
			d.wholePart(&p)
		} else {
			d.say(&p, at)
		}
		return true
	})
	if !any {
		if s := text(m.reasoning); s != "" {
			p := thought(s)
			d.say(&p, -1)
		}
	}
}

// say adds p's text to the open part if it is of p's kind, else to a new one.
func (d *streamDecoder) say(p *llm.Part, detail int64) {
	signature := ""
	if p.Reasoning != nil {
		signature = p.Reasoning.Signature
	}
	if p.Text == "" && signature == "" {
		return
	}
	same := d.open >= 0 && d.kind == p.Kind
	if same && p.Kind == llm.KindReasoning {
		same = d.detail == detail && d.summary == p.Reasoning.Summary
	}
	if !same {
		d.closeOpen()
		head := llm.Part{Kind: p.Kind}
		if p.Reasoning != nil {
			block := *p.Reasoning
			block.Signature = ""
			head.Reasoning = &block
			d.detail, d.summary = detail, block.Summary
		}
		d.open, d.kind = d.begin(&head), p.Kind
		switch p.Kind {
		case llm.KindText:
			d.text = d.open
		case llm.KindRefusal:
			d.refusal = d.open
		}
	}
	if p.Text != "" {
		d.emit(llm.Event{Kind: llm.EventDelta, Index: d.open, Text: p.Text})
	}
	if signature != "" {
		d.emit(llm.Event{Kind: llm.EventSign, Index: d.open, Text: signature})
	}
}

func (d *streamDecoder) begin(p *llm.Part) int {
	i := d.next
	d.next++
	d.emit(llm.Event{Kind: llm.EventPart, Index: i, Part: p})
	return i
}

func (d *streamDecoder) closeOpen() {
	if d.open >= 0 {
		d.emit(llm.Event{Kind: llm.EventPartEnd, Index: d.open})
		d.open = -1
	}
}

// wholePart emits a part that came in one piece.
func (d *streamDecoder) wholePart(p *llm.Part) {
	d.closeOpen()
	d.emit(llm.Event{Kind: llm.EventPartEnd, Index: d.begin(p)})
}

// signText brings Google's signature of an answer, which comes after text that is
// sent already, on an empty text part of its own.
func (d *streamDecoder) signText(signature string) {
	d.closeOpen()
	i := d.begin(&llm.Part{SignatureOf: llm.GeminiGenerate})
	d.emit(llm.Event{Kind: llm.EventSign, Index: i, Text: signature})
	d.emit(llm.Event{Kind: llm.EventPartEnd, Index: i})
}

// sound gathers a spoken answer; its transcript is text at once.
func (d *streamDecoder) sound(v gjson.Result) {
	d.hasAudio = true
	if id := text(get(v, "id")); id != "" {
		d.audio.FileID = id
	}
	d.audio.Data += text(get(v, "data"))
	if s := text(get(v, "transcript")); s != "" {
		d.say(&llm.Part{Text: s}, -1)
	}
}

// annotate brings citations and log probabilities.
func (d *streamDecoder) annotate(m *message, c *choice) {
	each(m.annotations, func(v gjson.Result) bool {
		d.cited = true
		if d.text < 0 {
			d.closeOpen()
			d.text = d.begin(&llm.Part{})
			d.open, d.kind = d.text, llm.KindText
		}
		citation := citationOf(v)
		d.emit(llm.Event{Kind: llm.EventCite, Index: d.text, Citation: &citation})
		return true
	})
	if !c.probs.IsObject() {
		return
	}
	if p := logProbsOf(get(c.probs, "content")); len(p) > 0 && d.text >= 0 {
		d.emit(llm.Event{Kind: llm.EventLogProbs, Index: d.text, LogProbs: p})
	}
	if p := logProbsOf(get(c.probs, "refusal")); len(p) > 0 && d.refusal >= 0 {
		d.emit(llm.Event{Kind: llm.EventLogProbs, Index: d.refusal, LogProbs: p})
	}
}

// end closes what is open and tells usage and finish.
func (d *streamDecoder) end() {
	for _, c := range d.calls {
		d.startCall(c)
	}
	if !d.cited && d.text >= 0 {
		for i := range d.sources {
			d.emit(llm.Event{Kind: llm.EventCite, Index: d.text, Citation: &d.sources[i]})
		}
	}
	d.closeOpen()
	for _, c := range d.calls {
		d.endCall(c)
	}
	if d.hasAudio && d.audio != (llm.Media{}) {
		media := d.audio
		d.wholePart(&llm.Part{Kind: llm.KindAudio, Media: &media})
	}
	d.emit(llm.Event{Kind: llm.EventFinish, Finish: settle(d.finish, d.called, d.refusal >= 0)})
	d.over = true
}
