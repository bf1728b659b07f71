package responses

import (
	"strconv"
	"unicode/utf8"

	"github.com/steward-llmops/steward/internal/llm"
)

// outItem is one item of the output as the caller knows it.
type outItem struct {
	typ    string // "message", "function_call", "custom_tool_call", "reasoning"; else raw is set
	id     string
	at     int // output_index
	status string
	closed bool

	contents []*outPart // of a message; of a reasoning item its one section, if any
	callID   string
	name     string
	sealed   string // encrypted reasoning
	raw      []byte
}

// outPart is a text on its way to the caller.
type outPart struct {
	kind  llm.Kind
	item  *outItem // nil until the part has something to show (reasoning)
	at    int      // content_index
	open  bool
	text  []byte
	notes [][]byte // annotations
	probs []llm.TokenLogProb
	raw   []byte // content that only this format understands
	block *llm.ReasoningBlock
}

// own reports whether a reasoning part is of this format.
func (p *outPart) own() bool { return p.block != nil && p.block.Issuer == llm.OpenAIResponses }

// plain reports whether a reasoning part shows the thought itself, which only this
// format's own providers give; all else is shown as a summary.
func (p *outPart) plain() bool { return p.own() && !p.block.Summary }

func (it *outItem) appendJSON(dst []byte, status string) []byte {
	if it.raw != nil {
		return append(dst, it.raw...)
	}
	dst = append(dst, `{"id":`...)
	dst = appendString(dst, it.id)
	dst = memberString(dst, "type", it.typ)
	dst = memberString(dst, "status", status)
	switch it.typ {
	case "message":
		dst = append(dst, `,"role":"assistant","content":[`...)
		for i, p := range it.contents {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = p.appendJSON(dst)
		}
		dst = append(dst, ']')
	case "function_call":
		dst = memberString(dst, "call_id", it.callID)
		dst = memberString(dst, "name", it.name)
		dst = memberString(dst, "arguments", it.words())
	case "custom_tool_call":
		dst = memberString(dst, "call_id", it.callID)
		dst = memberString(dst, "name", it.name)
		dst = memberString(dst, "input", it.words())
	case "reasoning":
		dst = it.appendThought(dst)
	}
	return append(dst, '}')
}

func (it *outItem) appendThought(dst []byte) []byte {
	var plain, summary []byte
	for _, p := range it.contents {
		if p.plain() {
			plain = p.appendJSON(plain)
		} else {
			summary = p.appendJSON(summary)
		}
	}
	dst = append(dst, `,"summary":[`...)
	dst = append(dst, summary...)
	dst = append(dst, ']')
	if plain != nil {
		dst = append(dst, `,"content":[`...)
		dst = append(dst, plain...)
		dst = append(dst, ']')
	}
	if it.sealed != "" {
		dst = memberString(dst, "encrypted_content", it.sealed)
	}
	return dst
}

// words returns the text of a call.
func (it *outItem) words() string {
	if len(it.contents) == 0 {
		return ""
	}
	return string(it.contents[0].text)
}

// appendJSON appends p as content.
func (p *outPart) appendJSON(dst []byte) []byte {
	switch {
	case p.raw != nil:
		return append(dst, p.raw...)
	case p.kind == llm.KindRefusal:
		dst = append(dst, `{"type":"refusal"`...)
		dst = memberString(dst, "refusal", string(p.text))
	case p.kind == llm.KindReasoning && p.plain():
		dst = append(dst, `{"type":"reasoning_text"`...)
		dst = memberString(dst, "text", string(p.text))
	case p.kind == llm.KindReasoning:
		dst = append(dst, `{"type":"summary_text"`...)
		dst = memberString(dst, "text", string(p.text))
	default:
		dst = append(dst, `{"type":"output_text"`...)
		dst = memberString(dst, "text", string(p.text))
		dst = append(dst, `,"annotations":[`...)
		for i, a := range p.notes {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, a...)
		}
		dst = append(dst, `],"logprobs":`...)
		dst = appendLogProbs(dst, p.probs)
	}
	return append(dst, '}')
}

// characters counts the text so far.
func (p *outPart) characters() int64 { return int64(utf8.RuneCount(p.text)) }

func appendLogProbs(dst []byte, probs []llm.TokenLogProb) []byte {
	dst = append(dst, '[')
	for i := range probs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendLogProb(dst, &probs[i])
		dst = append(dst, `,"top_logprobs":[`...)
		for k := range probs[i].Top {
			if k > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendLogProb(dst, &probs[i].Top[k]), '}')
		}
		dst = append(dst, "]}"...)
	}
	return append(dst, ']')
}

// appendLogProb appends p without its closing brace.
func appendLogProb(dst []byte, p *llm.TokenLogProb) []byte {
	dst = append(dst, `{"token":`...)
	dst = appendString(dst, p.Token)
	dst = append(dst, `,"logprob":`...)
	dst = appendFloat(dst, &p.LogProb, 0)
	dst = append(dst, `,"bytes":[`...)
	for i, b := range p.Bytes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(b), 10)
	}
	return append(dst, ']')
}

// imageItem writes an image that the model made as the item of this format's own
// image tool; nil where its bytes are not at hand.
func imageItem(id string, m *llm.Media) []byte {
	if m == nil || m.Data == "" {
		return nil
	}
	b := []byte(`{"id":`)
	b = appendString(b, id)
	b = append(b, `,"type":"image_generation_call","status":"completed"`...)
	if len(m.MIME) > len("image/") {
		b = memberString(b, "output_format", m.MIME[len("image/"):])
	}
	b = memberString(b, "result", m.Data)
	return append(b, '}')
}

// opaqueJSON returns o's bytes on one line, nil where they are no object with a type.
func opaqueJSON(o *llm.Opaque) []byte {
	v, ok := parse(o.Raw)
	if !ok || v.Get("type").Str == "" {
		return nil
	}
	return raw(v)
}
