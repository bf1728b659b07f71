package gemini

import (
	"bytes"
	"io"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// decodeStream reads either form of the stream, told apart by its first byte.
func decodeStream(r io.Reader) llm.Stream {
	return func(yield func(llm.Event, error) bool) {
		d := streamReader{yield: yield}
		d.run(r)
	}
}

// streamReader turns chunks into events. Text of one kind goes on in one part
// until the kind changes or the part is signed.
type streamReader struct {
	yield   func(llm.Event, error) bool
	stopped bool // the consumer has left, or an error was yielded

	started bool
	id      string
	model   string
	finish  string
	block   bool
	next    int // index of the next part
	open    int // index of the open text or thought, -1: none
	kind    llm.Kind
	signed  bool
	texts   []textBuf
	reader  partReader
	seen    map[string]bool // citations sent
	search  searches
	usage   llm.Usage
}

// textBuf is a text so far, kept for citations, whose spans count bytes.
type textBuf struct {
	index int
	buf   []byte
}

func (d *streamReader) run(r io.Reader) {
	d.open = -1
	var s wire.Splitter
	buf := make([]byte, 16<<10)
	emit := func(flushing bool) func(string, []byte, int) {
		return func(_ string, data []byte, _ int) {
			if !d.stopped {
				d.chunk(data, flushing)
			}
		}
	}
	feed, flush := emit(false), emit(true)
	for !d.stopped {
		n, err := r.Read(buf)
		p := buf[:n]
		if s == nil {
			if p = trimStart(p); len(p) > 0 {
				s = splitterFor(p[0])
			}
		}
		if s != nil {
			s.Feed(p, feed)
		}
		if err == io.EOF {
			if s != nil && !d.stopped {
				s.Flush(flush)
			}
			d.end(nil)
			return
		}
		if err != nil {
			d.end(err)
			return
		}
	}
}

// trimStart takes white space and the bytes of a byte order mark off.
func trimStart(p []byte) []byte {
	for len(p) > 0 && bytes.IndexByte([]byte(" \t\r\n\xef\xbb\xbf"), p[0]) >= 0 {
		p = p[1:]
	}
	return p
}

func splitterFor(first byte) wire.Splitter {
	if first == '[' || first == '{' {
		return NewArraySplitter()
	}
	return &sse.Splitter{}
}

// send yields one event.
func (d *streamReader) send(e llm.Event) {
	if !d.stopped && !d.yield(e, nil) {
		d.stopped = true
	}
}

// fail yields the fault that ends the stream.
func (d *streamReader) fail(f *fault.Error) {
	if !d.stopped {
		d.stopped = true
		d.yield(llm.Event{}, f)
	}
}

// end closes the stream: it is whole only if it said how it finished.
func (d *streamReader) end(err error) {
	if d.stopped {
		return
	}
	if d.finish == "" && !d.block {
		f := fault.New(fault.Upstream, "stream_truncated", "the provider's stream ended before the answer was complete")
		if err != nil {
			f = f.Because(err)
		}
		d.fail(f)
		return
	}
	d.close()
	finish := finishOf(d.finish, d.reader.called)
	if d.block {
		finish = llm.FinishContentFilter
	}
	d.send(llm.Event{Kind: llm.EventFinish, Finish: finish})
}

// chunk reads one GenerateContentResponse. flushing says that the stream has
// ended within it.
func (d *streamReader) chunk(data []byte, flushing bool) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || string(data) == "[DONE]" { // some proxies end the stream so
		return
	}
	v, ok := parse(data)
	if !ok {
		switch {
		case flushing && (d.finish != "" || d.block): // the answer itself is whole
		case flushing:
			d.fail(fault.New(fault.Upstream, "stream_truncated", "the provider's stream ended within a chunk"))
		default:
			d.fail(fault.New(fault.Upstream, "stream_malformed", "the provider's stream has a chunk that is not a JSON object"))
		}
		return
	}
	a := readAnswer(v)
	if a.failure.Exists() {
		d.fail(streamFault(a.failure))
		return
	}
	d.start(&a)
	d.reader.newID = func(n int) string {
		if d.id != "" {
			a.id = d.id
		}
		return a.callIDs()(n)
	}
	each(field(a.content, "parts"), func(_ int, e gjson.Result) { d.part(e) })
	if d.reader.err != nil {
		d.fail(fault.New(fault.Upstream, "stream_malformed", "the provider's stream has a malformed part").Because(d.reader.err))
		return
	}
	d.extras(&a)
	if finishOf(a.finish, false) != llm.FinishNone {
		d.finish = a.finish
	}
	d.block = d.block || a.blocked()
}

func (d *streamReader) start(a *answer) {
	if d.id == "" {
		d.id = a.id
	}
	if a.model != "" {
		d.model = a.model
	}
	if !d.started {
		d.started = true
		d.send(llm.Event{Kind: llm.EventStart, ID: a.id, Model: a.model, Created: a.createdAt()})
	}
}

// part sends the events of one part of a chunk.
func (d *streamReader) part(v gjson.Result) {
	p, ok := d.reader.part(v, "parts")
	if !ok || d.reader.err != nil {
		return
	}
	sig := p.Signature
	switch p.Kind {
	case llm.KindText:
	case llm.KindReasoning:
		sig = p.Reasoning.Signature
		p.Reasoning.Signature = ""
	default:
		d.whole(&p)
		return
	}
	if p.Text == "" && sig == "" {
		return
	}
	if d.open < 0 || d.kind != p.Kind || d.signed {
		d.begin(&p)
	}
	if p.Text != "" {
		if n := len(d.texts); p.Kind == llm.KindText {
			d.texts[n-1].buf = append(d.texts[n-1].buf, p.Text...)
		}
		d.send(llm.Event{Kind: llm.EventDelta, Index: d.open, Text: p.Text})
	}
	if sig != "" {
		d.signed = true
		d.send(llm.Event{Kind: llm.EventSign, Index: d.open, Text: sig})
	}
}

// begin opens a text or a thought.
func (d *streamReader) begin(p *llm.Part) {
	d.close()
	d.open, d.kind, d.signed = d.next, p.Kind, false
	d.next++
	head := llm.Part{Kind: p.Kind, Reasoning: p.Reasoning}
	if p.Kind == llm.KindText {
		head.SignatureOf = llm.GeminiGenerate // a signature may follow
		d.texts = append(d.texts, textBuf{index: d.open})
	}
	d.send(llm.Event{Kind: llm.EventPart, Index: d.open, Part: &head})
}

// close ends the open text or thought.
func (d *streamReader) close() {
	if d.open >= 0 {
		d.send(llm.Event{Kind: llm.EventPartEnd, Index: d.open})
		d.open = -1
	}
}

// whole sends a part that comes in one piece.
func (d *streamReader) whole(p *llm.Part) {
	d.close()
	i := d.next
	d.next++
	text, sig := "", p.Signature
	p.Signature = ""
	if p.Kind == llm.KindToolCall {
		text = p.Call.Arguments
		p.Call.Arguments = ""
	}
	d.send(llm.Event{Kind: llm.EventPart, Index: i, Part: p})
	if text != "" {
		d.send(llm.Event{Kind: llm.EventDelta, Index: i, Text: text})
	}
	if sig != "" {
		d.send(llm.Event{Kind: llm.EventSign, Index: i, Text: sig})
	}
	d.send(llm.Event{Kind: llm.EventPartEnd, Index: i})
}

// extras sends a chunk's log probabilities, citations and usage. Later chunks
// repeat citations of earlier ones; each goes out once.
func (d *streamReader) extras(a *answer) {
	if probs := readLogProbs(a.logprobs); len(probs) > 0 && len(d.texts) > 0 {
		d.send(llm.Event{Kind: llm.EventLogProbs, Index: d.texts[len(d.texts)-1].index, LogProbs: probs})
	}
	if a.grounding.Exists() || a.citations.Exists() {
		d.cite(a)
	}
	d.search.add(a.grounding)
	if a.usage.Exists() {
		d.usage = readUsage(a.usage)
	}
	n := d.search.count(d.model)
	if a.usage.Exists() || n != d.usage.N[llm.WebSearch] {
		d.usage.N[llm.WebSearch] = n
		u := d.usage
		d.send(llm.Event{Kind: llm.EventUsage, Usage: &u})
	}
}

func (d *streamReader) cite(a *answer) {
	texts := make([]textPart, len(d.texts))
	for i, t := range d.texts {
		texts[i] = textPart{index: t.index, text: string(t.buf)}
	}
	a.cite(texts, func(part int, c *llm.Citation) {
		key := strconv.Itoa(part) + " " + strconv.FormatInt(c.Start, 10) + " " + strconv.FormatInt(c.End, 10) + " " + c.URL + " " + c.Title
		if d.seen[key] {
			return
		}
		if d.seen == nil {
			d.seen = map[string]bool{}
		}
		d.seen[key] = true
		d.send(llm.Event{Kind: llm.EventCite, Index: part, Citation: c})
	})
}
