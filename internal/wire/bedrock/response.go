package bedrock

import (
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// badAnswer is the fault of a provider whose answer cannot be read.
func badAnswer(what string) *fault.Error {
	return fault.New(fault.Upstream, "bad_response", "the provider's answer is %s", what)
}

func decodeResponse(body []byte) (*llm.Response, error) {
	obj, ok := parse(body)
	if !ok {
		return nil, badAnswer("not a JSON object")
	}
	o := fieldsOf(obj)
	content := o.get("output").Get("message.content")
	if !content.IsArray() {
		return nil, badAnswer("without content")
	}
	r := reader{unknown: new(llm.Lost)}
	parts, fail := r.content(content, "content")
	if fail != nil {
		return nil, badAnswer("malformed").Because(fail)
	}
	resp := &llm.Response{
		Parts: parts, Finish: decodeStop(o.get("stopReason").String()),
		StopSequence: stopSequence(o.get("additionalModelResponseFields")),
		Usage:        decodeUsage(o.get("usage")),
	}
	decodeTerms(&resp.Usage, o.get("serviceTier"), o.get("performanceConfig"))
	return resp, nil
}

// stopSequence reads which stop sequence ended the answer, which Claude says
// where additionalModelResponseFieldPaths asks for it.
func stopSequence(v gjson.Result) string {
	if s := v.Get("stop_sequence"); s.Type == gjson.String {
		return s.Str
	}
	return ""
}

type responseJSON struct {
	Output struct {
		Message messageJSON `json:"message"`
	} `json:"output"`
	StopReason string       `json:"stopReason,omitempty"`
	Usage      usageJSON    `json:"usage"`
	Metrics    metricsJSON  `json:"metrics"`
	Additional *stopSeqJSON `json:"additionalModelResponseFields,omitempty"`
	Tier       *tierJSON    `json:"serviceTier,omitempty"`
	Latency    *latencyJSON `json:"performanceConfig,omitempty"`
}

// metricsJSON is there because AWS's SDKs count on it. A codec has no clock, so
// that the time is always zero.
type metricsJSON struct {
	LatencyMs int64 `json:"latencyMs"`
}

type stopSeqJSON struct {
	StopSequence string `json:"stop_sequence"`
}

func stopSeqFields(s string) *stopSeqJSON {
	if s == "" {
		return nil
	}
	return &stopSeqJSON{s}
}

func encodeResponse(resp *llm.Response, _ *llm.Request) ([]byte, llm.Lost, error) {
	var lost llm.Lost
	v := responseJSON{}
	v.Output.Message = messageJSON{Role: string(llm.RoleAssistant), Content: []any{}}
	ids := idBook{}
	finish := resp.Finish
	for i := range resp.Parts {
		p := &resp.Parts[i]
		if b := answerBlock(p, &ids, &lost); b != nil {
			v.Output.Message.Content = append(v.Output.Message.Content, b)
		}
		finish = refused(finish, p)
	}
	v.StopReason = encodeStop(finish, &lost)
	v.Additional = stopSeqFields(resp.StopSequence)
	v.Usage = encodeUsage(&resp.Usage, &lost)
	v.Tier, v.Latency = terms(&resp.Usage)
	body, err := output.Marshal(&v)
	if err != nil {
		return nil, lost, fault.New(fault.Upstream, "bad_response",
			"the provider's answer holds a piece that is not JSON").Because(err)
	}
	return body, lost, nil
}

// refused turns an ordinary end into a refusal where a part says so.
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
		return answerText(p, lost)
	case llm.KindReasoning:
		if data := redactedData(p.Reasoning); data != "" {
			return &blockJSON{Reasoning: &reasoningJSON{Redacted: data}}
		}
		signature := answerSignature(p.Reasoning)
		if p.Text == "" && signature == "" {
			return nil
		}
		return &blockJSON{Reasoning: &reasoningJSON{Text: &reasoningTextJSON{p.Text, signature}}}
	case llm.KindToolCall:
		if p.Call == nil {
			return nil
		}
		return &blockJSON{ToolUse: &toolUseJSON{
			ID: ids.call(p.Call.ID, p.Call.Name), Name: p.Call.Name, Input: toolInput(p.Call.Arguments, lost),
		}}
	case llm.KindImage:
		if m := encodeMedia("image", p.Media); m != nil {
			return &blockJSON{Image: m}
		}
		lost.Add("part.image")
	case llm.KindOpaque:
		if raw := ownRaw(p.Opaque, lost); raw != nil {
			return raw
		}
	}
	return nil
}

func answerText(p *llm.Part, lost *llm.Lost) any {
	var cites []json.RawMessage
	for i := range p.Citations {
		if c := encodeCitation(&p.Citations[i], lost); c != nil {
			cites = append(cites, c)
		}
	}
	switch {
	case cites != nil:
		return &blockJSON{Cited: &citedJSON{[]textJSON{{p.Text}}, cites}}
	case p.Text != "":
		return textBlock(p.Text)
	}
	return nil
}

// partLoss names what of an answer's part Bedrock's blocks have no place for.
func partLoss(p *llm.Part, lost *llm.Lost) {
	if p.Signature != "" {
		lost.Add("part.signature")
	}
	if len(p.LogProbs) > 0 {
		lost.Add("logprobs")
	}
	switch p.Kind {
	case llm.KindDocument, llm.KindAudio, llm.KindVideo:
		lost.Add("part." + keyOf(p.Kind))
	case llm.KindToolResult:
		lost.Add("part.tool_result")
	}
}
