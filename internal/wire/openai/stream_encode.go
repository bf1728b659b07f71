package openai

import (
	"strconv"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// encoder writes a stream in chunks as OpenAI sends them.
type encoder struct {
	head    []byte // a chunk up to its choices
	usage   bool   // the caller asked for usage
	parts   map[int]*partState
	calls   int
	details int
	last    *llm.Usage
	refused bool
	ended   bool // the finish chunk was written
	lost    llm.Lost
}

// partState is what the encoder keeps of a part.
type partState struct {
	kind   llm.Kind
	call   int    // index among the calls
	any    bool   // arguments were written
	format string // of a signed thought: it also goes into reasoning_details
	detail int
	block  llm.ReasoningBlock
	google bool // its signature is Google's
}

// newEncoder returns the encoder of an answer to req.
func newEncoder(req *llm.Request) wire.Encoder {
	return &encoder{usage: req != nil && req.StreamUsage, parts: map[int]*partState{}}
}

// Append implements wire.Encoder.
func (e *encoder) Append(dst []byte, ev llm.Event) []byte {
	if ev.Kind != llm.EventStart && ev.Kind != llm.EventPing && e.head == nil {
		dst = e.start(dst, &llm.Event{})
	}
	switch ev.Kind {
	case llm.EventStart:
		if e.head == nil {
			dst = e.start(dst, &ev)
		}
	case llm.EventPart:
		if ev.Part != nil {
			dst = e.part(dst, ev.Index, ev.Part)
		}
	case llm.EventDelta:
		dst = e.delta(dst, ev.Index, ev.Text)
	case llm.EventSign:
		dst = e.sign(dst, ev.Index, ev.Text)
	case llm.EventCite:
		dst = e.cite(dst, ev.Citation)
	case llm.EventLogProbs:
		dst = e.logProbs(dst, ev.Index, ev.LogProbs)
	case llm.EventPartEnd:
		if p := e.parts[ev.Index]; p != nil && p.kind == llm.KindToolCall && !p.any {
			dst = e.delta(dst, ev.Index, "{}") // clients parse the arguments
		}
	case llm.EventUsage:
		e.last = ev.Usage
	case llm.EventFinish:
		e.ended = true
		dst = e.open(dst)
		dst = append(dst, `},"logprobs":null,"finish_reason":"`...)
		dst = append(dst, finishName(ev.Finish, e.refused, &e.lost)...)
		dst = e.close(append(dst, '"'))
	case llm.EventPing:
		dst = append(dst, ": ping\n\n"...)
	}
	return dst
}

// start prepares what all chunks share and writes the first, which has the role.
func (e *encoder) start(dst []byte, ev *llm.Event) []byte {
	h := append(e.head, `data: {"id":`...)
	h = quote(h, ev.ID)
	h = append(h, `,"object":"chat.completion.chunk","created":`...)
	h = strconv.AppendInt(h, ev.Created, 10)
	h = append(h, `,"model":`...)
	h = quote(h, ev.Model)
	e.head = append(h, `,"choices":[`...)
	dst = e.open(dst)
	dst = append(dst, `"role":"assistant","content":"","refusal":null`...)
	return e.closeDelta(dst)
}

// open begins a chunk up to the inside of its delta.
func (e *encoder) open(dst []byte) []byte {
	dst = append(dst, e.head...)
	return append(dst, `{"index":0,"delta":{`...)
}

// closeDelta ends a chunk whose delta is written.
func (e *encoder) closeDelta(dst []byte) []byte {
	return e.close(append(dst, `},"logprobs":null,"finish_reason":null`...))
}

// close ends a chunk whose choice is written but for its brace.
func (e *encoder) close(dst []byte) []byte {
	dst = append(dst, `}]`...)
	if e.usage {
		dst = append(dst, `,"usage":null`...)
	}
	return append(dst, "}\n\n"...)
}

// field writes a chunk whose delta has one text.
func (e *encoder) field(dst []byte, name, s string) []byte {
	dst = e.open(dst)
	dst = append(append(append(dst, '"'), name...), `":`...)
	return e.closeDelta(quote(dst, s))
}

func (e *encoder) part(dst []byte, index int, p *llm.Part) []byte {
	s := &partState{kind: p.Kind, google: p.SignatureOf == llm.GeminiGenerate}
	e.parts[index] = s
	switch p.Kind {
	case llm.KindText:
		return e.delta(dst, index, p.Text)
	case llm.KindRefusal:
		e.refused = true
		return e.delta(dst, index, p.Text)
	case llm.KindReasoning:
		return e.thought(dst, index, s, p)
	case llm.KindToolCall:
		if p.Call == nil {
			return dst
		}
		s.call = e.calls
		e.calls++
		dst = e.openCall(dst, s)
		dst = append(dst, `,"id":`...)
		dst = quote(dst, p.Call.ID)
		dst = append(dst, `,"type":"function","function":{"name":`...)
		dst = quote(dst, p.Call.Name)
		dst = e.closeDelta(append(dst, `,"arguments":""}}]`...))
		return e.delta(dst, index, p.Call.Arguments)
	case llm.KindImage:
		if p.Media != nil && (p.Media.URL != "" || p.Media.Data != "") {
			return e.image(dst, p.Media)
		}
	case llm.KindOpaque:
		if p.Opaque != nil && p.Opaque.Format == llm.OpenAIChat && p.Opaque.Type == "executed_tools" {
			if raw, err := marshaler.Marshal(p.Opaque.Raw); err == nil { // on one line
				dst = append(e.open(dst), `"executed_tools":`...)
				return e.closeDelta(append(dst, raw...))
			}
		}
	}
	e.lost.Add(partName(p))
	return dst
}

func (e *encoder) openCall(dst []byte, s *partState) []byte {
	dst = append(e.open(dst), `"tool_calls":[{"index":`...)
	return strconv.AppendInt(dst, int64(s.call), 10)
}

func (e *encoder) image(dst []byte, m *llm.Media) []byte {
	dst = append(e.open(dst), `"images":[{"type":"image_url","image_url":{"url":`...)
	dst = quote(dst, urlOf(m, "image/png"))
	return e.closeDelta(append(dst, `}}]`...))
}

// thought begins a thought. One that its issuer signs goes into
// reasoning_details too, so that the caller can send it back whole.
func (e *encoder) thought(dst []byte, index int, s *partState, p *llm.Part) []byte {
	if p.Reasoning != nil {
		s.block = *p.Reasoning
	}
	if sealed(p) || s.block.Issuer != "" && s.block.Issuer != llm.OpenAIChat {
		s.format, s.detail = formatOf(s.block.Issuer), e.details
		e.details++
	}
	if s.block.Encrypted != "" {
		if p.Text != "" || !s.block.Redacted {
			e.details++ // the text has an entry of its own
		}
		dst = e.detail(dst, detail{Type: detailEncrypted, Data: s.block.Encrypted, ID: s.block.ID, Format: formatOf(s.block.Issuer), Index: e.details - 1})
	}
	if s.block.Signature != "" {
		dst = e.sign(dst, index, s.block.Signature)
	}
	return e.delta(dst, index, p.Text)
}

func (e *encoder) detail(dst []byte, d detail) []byte {
	dst = append(e.open(dst), `"reasoning_details":`...)
	return e.closeDelta(appendDetail(dst, d))
}

func appendDetail(dst []byte, d detail) []byte {
	return append(dst, mustMarshal([]detail{d})...)
}

func (e *encoder) delta(dst []byte, index int, s string) []byte {
	p := e.parts[index]
	if s == "" || p == nil {
		return dst
	}
	switch p.kind {
	case llm.KindText:
		return e.field(dst, "content", s)
	case llm.KindRefusal:
		return e.field(dst, "refusal", s)
	case llm.KindToolCall:
		p.any = true
		dst = append(e.openCall(dst, p), `,"function":{"arguments":`...)
		return e.closeDelta(append(quote(dst, s), `}}]`...))
	case llm.KindReasoning:
		p.any = true
		dst = append(e.open(dst), `"reasoning_content":`...)
		dst = quote(dst, s)
		if p.format != "" {
			d := detail{Type: detailText, Text: s, ID: p.block.ID, Format: p.format, Index: p.detail}
			if p.block.Summary {
				d.Type, d.Text, d.Summary = detailSummary, "", s
			}
			dst = appendDetail(append(dst, `,"reasoning_details":`...), d)
		}
		return e.closeDelta(dst)
	}
	return dst
}

func (e *encoder) sign(dst []byte, index int, signature string) []byte {
	p := e.parts[index]
	switch {
	case p == nil || signature == "":
	case p.kind == llm.KindReasoning:
		if p.format == "" {
			p.format, p.detail = formatOf(p.block.Issuer), e.details
			e.details++
		}
		d := detail{Type: detailText, Signature: signature, ID: p.block.ID, Format: p.format, Index: p.detail}
		if p.block.Issuer == llm.OpenAIResponses { // its seal is the thought itself
			d.Type, d.Signature, d.Data = detailEncrypted, "", signature
			if p.any {
				d.Index = e.details
				e.details++
			}
		}
		return e.detail(dst, d)
	case !p.google:
		e.lost.Add("part.signature")
	case p.kind == llm.KindToolCall:
		dst = append(e.openCall(dst, p), `,"extra_content":{"google":{"thought_signature":`...)
		return e.closeDelta(append(quote(dst, signature), `}}}]`...))
	case p.kind == llm.KindText:
		dst = append(e.open(dst), `"extra_content":{"google":{"thought_signature":`...)
		return e.closeDelta(append(quote(dst, signature), `}}`...))
	default:
		e.lost.Add("part.signature")
	}
	return dst
}

func (e *encoder) cite(dst []byte, c *llm.Citation) []byte {
	if c == nil {
		return dst
	}
	a := annotationOf(c)
	if a == nil {
		e.lost.Add("citations")
		return dst
	}
	body, err := marshaler.Marshal([]any{a})
	if err != nil {
		e.lost.Add("citations")
		return dst
	}
	dst = append(e.open(dst), `"annotations":`...)
	return e.closeDelta(append(dst, body...))
}

func (e *encoder) logProbs(dst []byte, index int, list []llm.TokenLogProb) []byte {
	if len(list) == 0 {
		return dst
	}
	probs := logProbs{Content: logProbBodies(list)}
	if p := e.parts[index]; p != nil && p.kind == llm.KindRefusal {
		probs.Content, probs.Refusal = nil, probs.Content
	}
	body, err := marshaler.Marshal(probs)
	if err != nil {
		e.lost.Add("logprobs")
		return dst
	}
	dst = append(e.open(dst), `},"logprobs":`...)
	dst = append(dst, body...)
	return e.close(append(dst, `,"finish_reason":null`...))
}

// End implements wire.Encoder. A stream without a finish reason is not complete
// and ends in an error.
func (e *encoder) End(dst []byte) []byte {
	if !e.ended {
		return e.Fail(dst, truncated())
	}
	if e.usage {
		body := []byte("null")
		if e.last != nil {
			body = mustMarshal(usageBodyOf(e.last))
		}
		dst = append(dst, e.head...)
		dst = append(dst, `],"usage":`...)
		dst = append(dst, body...)
		dst = append(dst, "}\n\n"...)
	}
	return append(dst, "data: [DONE]\n\n"...)
}

// Fail implements wire.Encoder.
func (e *encoder) Fail(dst []byte, f *fault.Error) []byte {
	return sse.Append(dst, "", errorJSON(f, ""))
}

// Lost implements wire.Encoder.
func (e *encoder) Lost() llm.Lost { return e.lost }
