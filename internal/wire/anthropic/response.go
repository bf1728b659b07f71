package anthropic

import (
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

func decodeResponse(body []byte) (*llm.Response, error) {
	obj, ok := parse(body)
	switch {
	case !ok:
		return nil, badAnswer("not a JSON object")
	case obj.Get("type").String() == "error":
		return nil, streamFault(obj)
	case !obj.Get("content").IsArray():
		return nil, badAnswer("without content")
	}
	r := reader{unknown: new(llm.Lost)}
	parts, fail := r.content(obj.Get("content"), "content")
	if fail != nil {
		return nil, badAnswer("malformed").Because(fail)
	}
	resp := &llm.Response{
		ID: obj.Get("id").String(), Model: obj.Get("model").String(),
		Parts:        append(parts, refusal(obj.Get("stop_details"))...),
		Finish:       decodeStop(obj.Get("stop_reason")),
		StopSequence: obj.Get("stop_sequence").String(),
	}
	m := meter{model: resp.Model}
	m.final(obj.Get("usage"))
	resp.Usage = m.usage()
	return resp, nil
}

// refusal returns why the answer was refused, which Anthropic says beside the
// content, as a part of it.
func refusal(details gjson.Result) []llm.Part {
	if why := details.Get("explanation"); why.Type == gjson.String && why.Str != "" {
		return []llm.Part{{Kind: llm.KindRefusal, Text: why.Str}}
	}
	return nil
}

type answerJSON struct {
	ID           string    `json:"id"`
	Type         string    `json:"type"`
	Role         string    `json:"role"`
	Model        string    `json:"model"`
	Content      []any     `json:"content"`
	StopReason   *string   `json:"stop_reason"`
	StopSequence *string   `json:"stop_sequence"`
	Usage        usageJSON `json:"usage"`
}

func newAnswer(id, model string) answerJSON {
	return answerJSON{ID: id, Type: "message", Role: "assistant", Model: model, Content: []any{}}
}

// orNull is a string that JSON shows as null where it is empty.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func encodeResponse(resp *llm.Response, _ *llm.Request) ([]byte, llm.Lost, error) {
	var lost llm.Lost
	v := newAnswer(resp.ID, resp.Model)
	ids := &idBook{}
	finish := resp.Finish
	for i := range resp.Parts {
		p := &resp.Parts[i]
		if b := answerBlock(p, ids, &lost); b != nil {
			v.Content = append(v.Content, b)
		}
		finish = refused(finish, p)
	}
	v.StopReason = orNull(encodeStop(finish, &lost))
	v.StopSequence = orNull(resp.StopSequence)
	v.Usage = encodeUsage(&resp.Usage, &lost)
	body, err := output.Marshal(&v)
	if err != nil {
		return nil, lost, fault.New(fault.Upstream, "bad_response",
			"the provider's answer holds a piece that is not JSON").Because(err)
	}
	return body, lost, nil
}

// refused turns an ordinary end into a refusal where a part says so: OpenAI has
// refusals as words, Anthropic as a stop reason.
func refused(f llm.Finish, p *llm.Part) llm.Finish {
	if p.Kind == llm.KindRefusal && (f == llm.FinishStop || f == llm.FinishOther) {
		return llm.FinishRefusal
	}
	return f
}

// answerBlock writes a part of an answer; nil where it is empty or lost.
func answerBlock(p *llm.Part, ids *idBook, lost *llm.Lost) any {
	partLoss(p, lost)
	switch p.Kind {
	case llm.KindText, llm.KindRefusal:
		if p.Text == "" && len(p.Citations) == 0 {
			return nil
		}
		b := &blockJSON{Type: typeText, Text: &p.Text}
		for i := range p.Citations {
			if c := encodeCitation(&p.Citations[i], lost); json.Valid(c) {
				b.Citations = append(b.Citations, c)
			}
		}
		return b
	case llm.KindReasoning:
		if data := redactedData(p.Reasoning); data != "" {
			return &blockJSON{Type: typeRedacted, Data: data}
		}
		signature := answerSignature(p.Reasoning)
		if p.Text == "" && signature == "" {
			return nil
		}
		return &blockJSON{Type: typeThinking, Thinking: &p.Text, Signature: &signature}
	case llm.KindToolCall:
		if p.Call == nil {
			return nil
		}
		return &blockJSON{
			Type: typeToolUse, ID: ids.call(p.Call.ID, p.Call.Name), Name: p.Call.Name,
			Input: toolInput(p.Call.Arguments, lost),
		}
	case llm.KindOpaque:
		if raw := ownRaw(p.Opaque, lost); raw != nil {
			return raw
		}
	}
	return nil
}

// partLoss names what of an answer's part Anthropic's blocks have no place for.
func partLoss(p *llm.Part, lost *llm.Lost) {
	if p.Signature != "" {
		lost.Add("part.signature")
	}
	if len(p.LogProbs) > 0 {
		lost.Add("logprobs")
	}
	switch p.Kind {
	case llm.KindImage:
		lost.Add("part.image")
	case llm.KindDocument:
		lost.Add("part.document")
	case llm.KindAudio:
		lost.Add("part.audio")
	case llm.KindVideo:
		lost.Add("part.video")
	case llm.KindToolResult:
		lost.Add("part.tool_result")
	}
}

// redactedData is the data of a thought of which nothing is readable; "" for any
// other.
func redactedData(b *llm.ReasoningBlock) string {
	switch {
	case b == nil || !b.Redacted:
		return ""
	case b.Issuer == llm.AnthropicMessages:
		return b.Encrypted
	}
	return carry(b)
}

// answerSignature is the signature that a caller gets with a thought, to send
// it back: Anthropic's own, or another provider's packed; "" where it has none.
func answerSignature(b *llm.ReasoningBlock) string {
	switch {
	case b == nil:
		return ""
	case b.Issuer == llm.AnthropicMessages:
		return b.Signature
	}
	return carry(b)
}
