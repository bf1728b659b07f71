package gemini

import (
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// encoder writes a stream: each chunk is a whole GenerateContentResponse, a
// function call comes in one piece, the last chunk has the reason and the usage.
type encoder struct {
	answerWriter
	array     bool
	wrote     bool // a chunk was written
	id, model string
	parts     map[int]*outPart
	order     []int // indices of parts in the order in which they began
	usage     *usageJSON
	finished  bool
}

// outPart is a part that the answer has brought.
type outPart struct {
	head  llm.Part
	text  []byte // text so far, or a call's arguments
	sign  string // signature so far
	ended bool
}

// Append implements wire.Encoder.
func (e *encoder) Append(dst []byte, ev llm.Event) []byte {
	switch ev.Kind {
	case llm.EventStart:
		e.id, e.model = ev.ID, ev.Model
	case llm.EventPart:
		return e.begin(dst, ev.Index, ev.Part)
	case llm.EventDelta:
		return e.delta(dst, ev.Index, ev.Text)
	case llm.EventSign:
		if p := e.parts[ev.Index]; p != nil {
			p.sign += ev.Text
		}
	case llm.EventCite:
		if p := e.parts[ev.Index]; p != nil && ev.Citation != nil {
			p.head.Citations = append(p.head.Citations, *ev.Citation)
		}
	case llm.EventLogProbs:
		if len(ev.LogProbs) > 0 {
			return e.chunk(dst, candidateJSON{Content: content(emptyText()), LogprobsResult: writeLogProbs(ev.LogProbs)})
		}
	case llm.EventPartEnd:
		return e.endPart(dst, ev.Index)
	case llm.EventUsage:
		e.usage = writeUsage(ev.Usage)
		if e.finished && e.usage != nil { // the reason has gone out already
			return e.write(dst, &answerJSON{UsageMetadata: e.usage, ModelVersion: e.model, ResponseID: e.id})
		}
	case llm.EventFinish:
		return e.finish(dst, &ev)
	}
	return dst
}

func (e *encoder) begin(dst []byte, index int, head *llm.Part) []byte {
	if head == nil {
		return dst
	}
	if e.parts == nil {
		e.parts = map[int]*outPart{}
	}
	p := &outPart{head: *head, sign: head.Signature}
	p.head.Citations = nil
	switch head.Kind {
	case llm.KindToolCall:
		if head.Call != nil {
			p.text = append(p.text, head.Call.Arguments...)
		}
	case llm.KindReasoning:
		if head.Reasoning != nil {
			p.sign = head.Reasoning.Signature
		}
	}
	e.parts[index] = p
	e.order = append(e.order, index)
	if head.Text != "" && spoken(head.Kind) {
		return e.delta(dst, index, head.Text)
	}
	return dst
}

// spoken says which kinds come as text, piece by piece.
func spoken(k llm.Kind) bool {
	return k == llm.KindText || k == llm.KindReasoning || k == llm.KindRefusal
}

func (e *encoder) delta(dst []byte, index int, text string) []byte {
	p := e.parts[index]
	if p == nil || text == "" {
		return dst
	}
	switch p.head.Kind {
	case llm.KindToolCall:
		p.text = append(p.text, text...)
		return dst
	case llm.KindText:
		p.text = append(p.text, text...)
	case llm.KindReasoning:
		if b := p.head.Reasoning; b != nil && b.Encrypted != "" {
			e.lost.Add("reasoning.signature")
		}
	case llm.KindRefusal:
		e.lost.Add("part.refusal")
	default:
		return dst
	}
	return e.chunk(dst, candidateJSON{Content: content(&partJSON{
		Text: &text, Thought: p.head.Kind == llm.KindReasoning,
	})})
}

// endPart writes what had to wait for the part's end: calls, media, signatures.
func (e *encoder) endPart(dst []byte, index int) []byte {
	p := e.parts[index]
	if p == nil || p.ended {
		return dst
	}
	p.ended = true
	switch p.head.Kind {
	case llm.KindText, llm.KindRefusal:
		return e.signature(dst, p.sign, p.head.SignatureOf, false)
	case llm.KindReasoning:
		issuer := llm.Format("")
		if p.head.Reasoning != nil {
			issuer = p.head.Reasoning.Issuer
		}
		return e.signature(dst, p.sign, issuer, true)
	case llm.KindToolCall:
		if p.head.Call == nil {
			return dst
		}
		call := *p.head.Call
		call.Arguments = string(p.text)
		if !e.callable(&call) {
			return dst
		}
		p.head.Call = &call
	}
	p.head.Signature = p.sign
	if parts := e.part(&p.head); len(parts) > 0 {
		return e.chunk(dst, candidateJSON{Content: content(parts...)})
	}
	return dst
}

// signature writes a signature on a part without text, which belongs to the text
// before it.
func (e *encoder) signature(dst []byte, sign string, issuer llm.Format, thought bool) []byte {
	if sign = e.answerWriter.signature(sign, issuer); sign == "" {
		return dst
	}
	p := emptyText()
	p.Thought, p.ThoughtSignature = thought, sign
	return e.chunk(dst, candidateJSON{Content: content(p)})
}

func (e *encoder) finish(dst []byte, ev *llm.Event) []byte {
	if e.finished {
		return dst
	}
	for _, i := range e.order {
		dst = e.endPart(dst, i)
	}
	for n, i := range e.order {
		p := e.parts[i]
		for k := range p.head.Citations {
			e.ground.add(n, string(p.text), &p.head.Citations[k], &e.lost)
		}
	}
	if ev.StopSequence != "" {
		e.lost.Add("stop_sequence")
	}
	c := candidateJSON{Content: content(emptyText()), GroundingMetadata: e.ground.metadata()}
	c.FinishReason, c.FinishMessage = e.reason(ev.Finish)
	dst = e.chunk(dst, c)
	e.finished = true
	return dst
}

func content(parts ...any) *contentJSON { return &contentJSON{Role: "model", Parts: parts} }

func emptyText() *partJSON { return &partJSON{Text: new(string)} }

func (e *encoder) chunk(dst []byte, c candidateJSON) []byte {
	return e.write(dst, &answerJSON{
		Candidates: []candidateJSON{c}, UsageMetadata: e.usage, ModelVersion: e.model, ResponseID: e.id,
	})
}

func (e *encoder) write(dst []byte, v any) []byte {
	b, err := writer.Marshal(v)
	if err != nil { // a number that JSON has no word for
		e.lost.Add("part")
		return dst
	}
	return e.frame(dst, b)
}

func (e *encoder) frame(dst, b []byte) []byte {
	if !e.array {
		return sse.Append(dst, "", b)
	}
	if e.wrote {
		dst = append(dst, ",\n"...)
	} else {
		dst = append(dst, '[')
	}
	e.wrote = true
	return append(dst, b...)
}

// End implements wire.Encoder: the array is closed, an event stream needs nothing.
func (e *encoder) End(dst []byte) []byte {
	if !e.array {
		return dst
	}
	if !e.wrote {
		dst = append(dst, '[')
	}
	return append(dst, ']')
}

// Fail implements wire.Encoder.
func (e *encoder) Fail(dst []byte, f *fault.Error) []byte {
	_, body := encodeError(f, "")
	dst = e.frame(dst, body)
	return e.End(dst)
}

// Lost implements wire.Encoder.
func (e *encoder) Lost() llm.Lost { return e.lost }
