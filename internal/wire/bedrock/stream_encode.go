package bedrock

import (
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
)

// encoder writes one stream. Bedrock's blocks never overlap, llm's parts may: the
// part that began first is written as it comes, later ones wait for its end.
// messageStop and metadata wait for End, because usage may follow the finish.
type encoder struct {
	sent     bool // messageStart is out
	finished bool // llm's finish was seen
	finish   llm.Finish
	stopSeq  string
	usage    llm.Usage
	failed   bool

	parts   []*part // that have begun and not been written whole; the first is open
	next    int     // index of the next block
	ids     idBook
	lost    llm.Lost
	payload []byte
}

// part is a part on its way into a block.
type part struct {
	index  int // llm's
	llm    llm.Part
	opened bool // the block's index is taken
	hidden bool // nothing more of it can be written
	ended  bool // llm's end was seen
	wait   []llm.Event
	sign   string // signature so far: another provider's is packed whole
}

func newEncoder(*llm.Request) wire.Encoder { return &encoder{} }

// Lost is what could not be carried so far.
func (e *encoder) Lost() llm.Lost { return e.lost }

// Append appends what the caller shall read for ev.
func (e *encoder) Append(dst []byte, ev llm.Event) []byte {
	if e.failed || e.finished && ev.Kind != llm.EventUsage {
		return dst
	}
	switch ev.Kind {
	case llm.EventPing: // the format has none
	case llm.EventUsage:
		if ev.Usage != nil {
			e.usage = *ev.Usage
			e.usage.Others = slices.Clone(ev.Usage.Others)
		}
	case llm.EventStart:
		dst = e.messageStart(dst)
	case llm.EventPart:
		if ev.Part != nil {
			dst = e.begin(e.messageStart(dst), ev.Index, ev.Part)
		}
	case llm.EventFinish:
		dst = e.messageStart(dst)
		for len(e.parts) > 0 {
			dst = e.end(dst, e.parts[0])
		}
		e.finished, e.stopSeq = true, ev.StopSequence
		if e.finish != llm.FinishRefusal || ev.Finish != llm.FinishStop && ev.Finish != llm.FinishOther {
			e.finish = ev.Finish
		}
	default:
		dst = e.route(e.messageStart(dst), ev)
	}
	return dst
}

func (e *encoder) messageStart(dst []byte) []byte {
	if e.sent {
		return dst
	}
	e.sent = true
	return appendEvent(dst, eventMessageStart, []byte(`{"role":"assistant"}`))
}

// begin takes a part that begins.
func (e *encoder) begin(dst []byte, index int, src *llm.Part) []byte {
	if old := e.partAt(index); old != nil {
		dst = e.end(dst, old)
	}
	p := &part{index: index, llm: *src}
	if src.Reasoning != nil {
		block := *src.Reasoning
		p.llm.Reasoning = &block
	}
	if src.Call != nil {
		call := *src.Call
		p.llm.Call = &call
	}
	if src.Kind == llm.KindRefusal {
		e.finish = llm.FinishRefusal
	}
	e.parts = append(e.parts, p)
	if len(e.parts) == 1 {
		dst = e.open(dst, p)
	}
	return dst
}

func (e *encoder) partAt(index int) *part {
	for _, p := range e.parts {
		if p.index == index {
			return p
		}
	}
	return nil
}

// route takes a later event of a part: writes it, or lets it wait its turn. An
// event of a part that never began begins one of text, so that no text is lost.
func (e *encoder) route(dst []byte, ev llm.Event) []byte {
	p := e.partAt(ev.Index)
	if p == nil {
		if ev.Kind != llm.EventDelta {
			return dst
		}
		dst = e.begin(dst, ev.Index, &llm.Part{Kind: llm.KindText})
		p = e.partAt(ev.Index)
	}
	switch {
	case ev.Kind == llm.EventPartEnd:
		return e.end(dst, p)
	case p == e.parts[0]:
		return e.write(dst, p, ev)
	}
	p.wait = append(p.wait, ev)
	return dst
}

// end takes a part's end, and gives way to those that waited for it.
func (e *encoder) end(dst []byte, p *part) []byte {
	p.ended = true
	for len(e.parts) > 0 && e.parts[0].ended {
		dst = e.close(dst, e.parts[0])
		e.parts = e.parts[1:]
		if len(e.parts) > 0 {
			dst = e.open(dst, e.parts[0])
		}
	}
	return dst
}

// open makes p the part that is written as it comes, and writes what waited.
func (e *encoder) open(dst []byte, p *part) []byte {
	partLoss(&p.llm, &e.lost)
	switch p.llm.Kind {
	case llm.KindText, llm.KindRefusal:
		dst = e.text(dst, p, p.llm.Text)
		for i := range p.llm.Citations {
			dst = e.cite(dst, p, &p.llm.Citations[i])
		}
	case llm.KindReasoning:
		if data := redactedData(p.llm.Reasoning); data != "" {
			dst = e.delta(dst, p, `"reasoningContent":{"redactedContent":`, data, "}")
			return e.closeHidden(dst, p)
		}
		dst = e.text(dst, p, p.llm.Text)
	case llm.KindToolCall:
		dst = e.openCall(dst, p)
	case llm.KindImage:
		dst = e.image(dst, p)
	case llm.KindOpaque:
		dst = e.opaque(dst, p)
	default:
		p.hidden = true
	}
	for _, ev := range p.wait {
		dst = e.write(dst, p, ev)
	}
	p.wait = nil
	return dst
}

// closeHidden ends a block that was written whole; what else comes of its part is
// no part of it.
func (e *encoder) closeHidden(dst []byte, p *part) []byte {
	p.hidden = true
	if p.opened {
		dst = e.stop(dst)
	}
	for _, ev := range p.wait {
		dst = e.write(dst, p, ev)
	}
	p.wait = nil
	return dst
}

func (e *encoder) openCall(dst []byte, p *part) []byte {
	call := p.llm.Call
	if call == nil {
		p.hidden = true
		return dst
	}
	b := appendString([]byte(`{"toolUse":{"toolUseId":`), e.ids.call(call.ID, call.Name))
	b = appendString(append(b, `,"name":`...), call.Name)
	dst = e.start(dst, p, append(b, "}}"...))
	return e.text(dst, p, call.Arguments)
}

func (e *encoder) image(dst []byte, p *part) []byte {
	m := encodeMedia("image", p.llm.Media)
	if m == nil || m.Source.Bytes == "" {
		e.lost.Add("part.image")
		p.hidden = true
		return dst
	}
	dst = e.start(dst, p, append(appendString([]byte(`{"image":{"format":`), m.Format), "}}"...))
	dst = e.delta(dst, p, `"image":{"source":{"bytes":`, m.Source.Bytes, "}}")
	return e.closeHidden(dst, p)
}

// opaque writes a server tool's call or result, the opaque blocks that have a
// form in streams.
func (e *encoder) opaque(dst []byte, p *part) []byte {
	raw := ownRaw(p.llm.Opaque, &e.lost)
	p.hidden = true
	key := firstKey(raw)
	inner := gjson.GetBytes(raw, key)
	content := ""
	switch key {
	case "toolUse":
		content = "input"
	case "toolResult":
		content = "content"
	case "":
		return dst
	default:
		e.lost.Add(p.llm.Opaque.Type)
		return dst
	}
	head := make(map[string]any)
	for _, f := range fieldsOf(inner) {
		if f.key != content {
			head[f.key] = rawOf(f.val)
		}
	}
	start, err := output.Marshal(map[string]any{key: head})
	if err != nil {
		return dst
	}
	dst = e.start(dst, p, start)
	switch body := inner.Get(content); {
	case key == "toolUse":
		dst = e.delta(dst, p, `"toolUse":{"input":`, body.Raw, "}")
	case body.IsArray():
		e.payload = append(append(e.payload[:0], `{"delta":{"toolResult":`...), body.Raw...)
		dst = e.indexed(dst, eventBlockDelta, "}")
	}
	return e.closeHidden(dst, p)
}

// write writes a later event of the open part.
func (e *encoder) write(dst []byte, p *part, ev llm.Event) []byte {
	switch {
	case ev.Kind == llm.EventLogProbs:
		e.lost.Add("logprobs")
	case ev.Kind == llm.EventSign && p.llm.Kind != llm.KindReasoning:
		e.lost.Add("part.signature")
	case p.hidden:
	case ev.Kind == llm.EventSign:
		p.sign += ev.Text
	case ev.Kind == llm.EventCite && ev.Citation != nil:
		return e.cite(dst, p, ev.Citation)
	case ev.Kind == llm.EventDelta:
		return e.text(dst, p, ev.Text)
	}
	return dst
}

// close ends a part's block, if it has one.
func (e *encoder) close(dst []byte, p *part) []byte {
	if p.llm.Kind == llm.KindReasoning && !p.hidden {
		block := llm.ReasoningBlock{}
		if p.llm.Reasoning != nil {
			block = *p.llm.Reasoning
		}
		block.Signature += p.sign
		if sign := answerSignature(&block); sign != "" {
			dst = e.delta(dst, p, `"reasoningContent":{"signature":`, sign, "}")
		}
	}
	if p.opened && !p.hidden {
		dst = e.stop(dst)
	}
	return dst
}

func (e *encoder) cite(dst []byte, p *part, c *llm.Citation) []byte {
	raw := encodeCitation(c, &e.lost)
	if p.hidden || raw == nil {
		return dst
	}
	e.take(p)
	e.payload = append(append(e.payload[:0], `{"delta":{"citation":`...), raw...)
	return e.indexed(dst, eventBlockDelta, "}")
}

// text writes more of a part in the words of its kind.
func (e *encoder) text(dst []byte, p *part, text string) []byte {
	switch {
	case text == "":
		return dst
	case p.llm.Kind == llm.KindToolCall:
		return e.delta(dst, p, `"toolUse":{"input":`, text, "}")
	case p.llm.Kind == llm.KindReasoning:
		return e.delta(dst, p, `"reasoningContent":{"text":`, text, "}")
	}
	return e.delta(dst, p, `"text":`, text, "")
}

// take gives the part its block's index. Text and thoughts begin without a frame.
func (e *encoder) take(p *part) {
	if !p.opened {
		p.opened = true
		e.next++
	}
}

// delta writes a delta with one string between lead and tail.
func (e *encoder) delta(dst []byte, p *part, lead, text, tail string) []byte {
	e.take(p)
	e.payload = append(append(e.payload[:0], `{"delta":{`...), lead...)
	e.payload = append(appendString(e.payload, text), tail...)
	return e.indexed(dst, eventBlockDelta, "}")
}

func (e *encoder) start(dst []byte, p *part, start []byte) []byte {
	e.take(p)
	e.payload = append(append(e.payload[:0], `{"start":`...), start...)
	return e.indexed(dst, eventBlockStart, "")
}

func (e *encoder) stop(dst []byte) []byte {
	e.payload = append(e.payload[:0], '{')
	return e.indexed(dst, eventBlockStop, "")
}

// indexed ends the payload with the open block's index, and appends its frame.
func (e *encoder) indexed(dst []byte, name, tail string) []byte {
	e.payload = append(e.payload, tail...)
	if len(e.payload) > 1 {
		e.payload = append(e.payload, ',')
	}
	e.payload = append(e.payload, `"contentBlockIndex":`...)
	e.payload = strconv.AppendInt(e.payload, int64(e.next-1), 10)
	e.payload = append(e.payload, '}')
	return appendEvent(dst, name, e.payload)
}

type messageStopJSON struct {
	StopReason string       `json:"stopReason"`
	Additional *stopSeqJSON `json:"additionalModelResponseFields,omitempty"`
}

type metadataJSON struct {
	Usage   usageJSON    `json:"usage"`
	Metrics metricsJSON  `json:"metrics"`
	Tier    *tierJSON    `json:"serviceTier,omitempty"`
	Latency *latencyJSON `json:"performanceConfig,omitempty"`
}

// End ends a whole answer. One that never had a finish reason was cut off, and
// ends as a fault.
func (e *encoder) End(dst []byte) []byte {
	if e.failed {
		return dst
	}
	if !e.finished {
		return e.Fail(dst, fault.New(fault.Upstream, "stream_truncated",
			"the stream ended before its answer was whole"))
	}
	stop := messageStopJSON{encodeStop(e.finish, &e.lost), stopSeqFields(e.stopSeq)}
	if stop.StopReason == "" {
		stop.StopReason = "end_turn"
	}
	meta := metadataJSON{Usage: encodeUsage(&e.usage, &e.lost)}
	meta.Tier, meta.Latency = terms(&e.usage)
	dst = appendEvent(dst, eventMessageStop, marshal(stop))
	return appendEvent(dst, eventMetadata, marshal(meta))
}

// marshal writes a struct of strings and numbers, which cannot fail.
func marshal(v any) []byte {
	b, err := output.Marshal(v)
	if err != nil {
		return []byte("{}")
	}
	return b
}

// Fail appends the exception, after which nothing is written any more.
func (e *encoder) Fail(dst []byte, f *fault.Error) []byte {
	e.failed = true
	payload := append(appendString([]byte(`{"message":`), f.Public()), '}')
	return appendException(dst, streamException(f), payload)
}
