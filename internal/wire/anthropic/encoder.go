package anthropic

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/bytedance/sonic"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// encoder writes one stream. Anthropic's blocks never overlap, llm's parts may:
// the part that began first is written as it comes, later ones wait for its end.
//
// message_start waits for the first event after llm's start, because the input
// tokens often come with it; message_delta waits for End, because OpenAI reports
// usage after the finish reason.
type encoder struct {
	start    llm.Event
	sent     bool // message_start is out
	finished bool // llm's finish was seen
	finish   llm.Finish
	stopSeq  string
	usage    llm.Usage
	failed   bool

	parts []*part // that have begun and not been written whole; the first is open
	next  int     // index of the next block
	ids   idBook
	lost  llm.Lost
}

// part is a part on its way into a block.
type part struct {
	index  int // llm's
	llm    llm.Part
	opened bool // content_block_start is out
	hidden bool // nothing of it can be written
	ended  bool // llm's end was seen
	wait   []llm.Event
	sign   string // signature so far: callers take it in one piece only
}

func newEncoder(*llm.Request) wire.Encoder { return &encoder{} }

// Lost is what could not be carried so far.
func (e *encoder) Lost() llm.Lost { return e.lost }

// Append appends what the caller shall read for ev.
func (e *encoder) Append(dst []byte, ev llm.Event) []byte {
	if e.finished && ev.Kind != llm.EventUsage || e.failed {
		return dst
	}
	switch ev.Kind {
	case llm.EventStart:
		e.start = ev
	case llm.EventUsage:
		if ev.Usage != nil {
			e.usage = *ev.Usage
			e.usage.Others = slices.Clone(ev.Usage.Others)
		}
	case llm.EventPing:
		dst = e.messageStart(dst)
		dst = append(dst, "event: ping\ndata: {\"type\":\"ping\"}\n\n"...)
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
		if p.llm.Text != "" {
			dst = e.text(dst, p, deltaText, "text", p.llm.Text)
		}
		for i := range p.llm.Citations {
			dst = e.cite(dst, p, &p.llm.Citations[i])
		}
	case llm.KindReasoning:
		dst = e.openReasoning(dst, p)
	case llm.KindToolCall:
		dst = e.openCall(dst, p)
	case llm.KindOpaque:
		dst = e.openOpaque(dst, p)
	default:
		p.hidden = true
	}
	for _, ev := range p.wait {
		dst = e.write(dst, p, ev)
	}
	p.wait = nil
	return dst
}

func (e *encoder) openReasoning(dst []byte, p *part) []byte {
	if data := redactedData(p.llm.Reasoning); data != "" {
		p.hidden = true // its one frame is all there is
		b, _ := output.Marshal(&blockJSON{Type: typeRedacted, Data: data})
		return e.stopFrame(e.startFrame(dst, p, b))
	}
	if p.llm.Text != "" {
		dst = e.text(dst, p, deltaThinking, "thinking", p.llm.Text)
	}
	return dst
}

func (e *encoder) openCall(dst []byte, p *part) []byte {
	call := p.llm.Call
	if call == nil {
		p.hidden = true
		return dst
	}
	b := []byte(`{"type":"tool_use","id":`)
	b = appendString(b, e.ids.call(call.ID, call.Name))
	b = append(b, `,"name":`...)
	b = appendString(b, call.Name)
	dst = e.startFrame(dst, p, append(b, `,"input":{}}`...))
	if call.Arguments != "" {
		dst = e.text(dst, p, deltaInput, "partial_json", call.Arguments)
	}
	return dst
}

// openOpaque writes a block of Anthropic's own as Anthropic would: its input,
// where it has one, comes as a delta.
func (e *encoder) openOpaque(dst []byte, p *part) []byte {
	raw := []byte(ownRaw(p.llm.Opaque, &e.lost))
	input := gjson.GetBytes(raw, "input").Raw
	if !isObject(input) || input == "{}" {
		input = ""
	} else if bare, err := sjson.SetRawBytes(raw, "input", []byte("{}")); err == nil {
		raw = bare
	} else {
		input = ""
	}
	raw = oneLine(raw)
	p.hidden = true // deltas are no part of an opaque block
	if len(raw) == 0 || raw[0] != '{' {
		return dst
	}
	dst = e.startFrame(dst, p, raw)
	if input != "" {
		dst = e.text(dst, p, deltaInput, "partial_json", input)
	}
	return e.stopFrame(dst)
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
	case ev.Kind != llm.EventDelta || ev.Text == "":
	case p.llm.Kind == llm.KindToolCall:
		return e.text(dst, p, deltaInput, "partial_json", ev.Text)
	case p.llm.Kind == llm.KindReasoning:
		return e.text(dst, p, deltaThinking, "thinking", ev.Text)
	default:
		return e.text(dst, p, deltaText, "text", ev.Text)
	}
	return dst
}

// close ends a part's block, if it has one.
func (e *encoder) close(dst []byte, p *part) []byte {
	if p.llm.Kind == llm.KindReasoning && !p.hidden {
		if sign := p.signature(); sign != "" {
			dst = e.text(dst, p, deltaSignature, "signature", sign)
		}
	}
	if p.opened && !p.hidden {
		dst = e.stopFrame(dst)
	}
	return dst
}

func (p *part) signature() string {
	block := llm.ReasoningBlock{}
	if p.llm.Reasoning != nil {
		block = *p.llm.Reasoning
	}
	block.Signature += p.sign
	return answerSignature(&block)
}

func (e *encoder) cite(dst []byte, p *part, c *llm.Citation) []byte {
	raw := encodeCitation(c, &e.lost)
	if p.hidden || !sonic.Valid(raw) {
		return dst
	}
	dst = e.delta(dst, p, deltaCitation, "citation")
	dst = append(dst, oneLine(raw)...)
	return append(dst, "}}\n\n"...)
}

// text writes a delta with one string.
func (e *encoder) text(dst []byte, p *part, kind, field, text string) []byte {
	dst = e.delta(dst, p, kind, field)
	dst = appendString(dst, text)
	return append(dst, "}}\n\n"...)
}

// delta begins a delta up to its value, and the block itself if need be: one
// that brings nothing is never begun.
func (e *encoder) delta(dst []byte, p *part, kind, field string) []byte {
	if !p.opened {
		bare := `{"type":"text","text":""}`
		if p.llm.Kind == llm.KindReasoning {
			bare = `{"type":"thinking","thinking":"","signature":""}`
		}
		dst = e.startFrame(dst, p, []byte(bare))
	}
	dst = append(dst, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":"...)
	dst = strconv.AppendInt(dst, int64(e.next-1), 10)
	dst = append(dst, `,"delta":{"type":"`...)
	dst = append(dst, kind...)
	dst = append(dst, `","`...)
	dst = append(dst, field...)
	return append(dst, `":`...)
}

// oneLine returns the JSON without line breaks, as a frame's data must be.
func oneLine(raw []byte) []byte {
	if !bytes.ContainsAny(raw, "\r\n") {
		return raw
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

func (e *encoder) startFrame(dst []byte, p *part, block []byte) []byte {
	p.opened = true
	dst = append(dst, "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":"...)
	dst = strconv.AppendInt(dst, int64(e.next), 10)
	e.next++
	dst = append(dst, `,"content_block":`...)
	dst = append(dst, block...)
	return append(dst, "}\n\n"...)
}

func (e *encoder) stopFrame(dst []byte) []byte {
	dst = append(dst, "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":"...)
	dst = strconv.AppendInt(dst, int64(e.next-1), 10)
	return append(dst, "}\n\n"...)
}

func (e *encoder) messageStart(dst []byte) []byte {
	if e.sent {
		return dst
	}
	e.sent = true
	var v struct {
		Type    string     `json:"type"`
		Message answerJSON `json:"message"`
	}
	v.Type, v.Message = eventMessageStart, newAnswer(e.start.ID, e.start.Model)
	v.Message.Usage = encodeUsage(&e.usage, &e.lost)
	v.Message.Usage.Iterations = nil
	return sse.Append(dst, eventMessageStart, marshal(v))
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
	var v struct {
		Type  string `json:"type"`
		Delta struct {
			StopReason   *string `json:"stop_reason"`
			StopSequence *string `json:"stop_sequence"`
		} `json:"delta"`
		Usage usageJSON `json:"usage"`
	}
	v.Type = eventMessageDelta
	v.Delta.StopReason = orNull(encodeStop(e.finish, &e.lost))
	v.Delta.StopSequence = orNull(e.stopSeq)
	v.Usage = encodeUsage(&e.usage, &e.lost)
	dst = sse.Append(dst, eventMessageDelta, marshal(v))
	return append(dst, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"...)
}

// Fail appends the error event, after which nothing is written any more.
func (e *encoder) Fail(dst []byte, f *fault.Error) []byte {
	e.failed = true
	_, body := encodeError(f, "")
	return sse.Append(dst, eventError, body)
}
