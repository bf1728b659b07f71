package openai

import (
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// answer is a whole answer or one chunk of a stream, its fields found in one pass.
type answer struct {
	id, model, created, choices, usage, groq gjson.Result
	tier, fault, results, citations          gjson.Result
}

func readAnswer(root gjson.Result) answer {
	var a answer
	fields(root, func(k string, v gjson.Result) bool {
		if v.Type == gjson.Null {
			return true
		}
		switch k {
		case "id":
			a.id = v
		case "model":
			a.model = v
		case "created":
			a.created = v
		case "choices":
			a.choices = v
		case "usage":
			a.usage = v
		case "x_groq":
			a.groq = v
		case "service_tier":
			a.tier = v
		case "error":
			a.fault = v
		case "search_results":
			a.results = v
		case "citations":
			a.citations = v
		}
		return true
	})
	return a
}

// usageInto folds the answer's usage into u and reports whether it had any.
func (a *answer) usageInto(u *llm.Usage) bool {
	if a.tier.Type == gjson.String {
		u.ServiceTier = tierOf(a.tier.Str)
	}
	if a.usage.IsObject() {
		return usageOf(a.usage, u)
	}
	if a.groq.IsObject() {
		return usageOf(get(a.groq, "usage"), u)
	}
	return false
}

// choice is one entry of choices.
type choice struct {
	index                                  int64
	message, delta, finish, probs, failure gjson.Result
	text                                   gjson.Result // of a legacy completion
}

// choice0 returns the choice with index 0; of choices without an index, the first.
func choice0(choices gjson.Result) (choice, bool) {
	var c choice
	found := false
	each(choices, func(v gjson.Result) bool {
		if !v.IsObject() {
			return true
		}
		c = readChoice(v)
		found = c.index == 0
		return !found
	})
	return c, found
}

func readChoice(v gjson.Result) choice {
	var c choice
	fields(v, func(k string, v gjson.Result) bool {
		switch k {
		case "index":
			c.index = count(v)
		case "message":
			c.message = v
		case "delta":
			c.delta = v
		case "finish_reason":
			c.finish = v
		case "logprobs":
			c.probs = v
		case "error":
			c.failure = v
		case "text":
			c.text = v
		}
		return true
	})
	return c
}

// decodeResponse reads a whole answer. Of several choices only the first is read.
func decodeResponse(body []byte) (*llm.Response, error) {
	root, ok := parse(body)
	if !ok {
		return nil, fault.New(fault.Upstream, "bad_response", "the provider's answer is not JSON").
			Hinted("check the provider's base URL")
	}
	a := readAnswer(root)
	if f := faultIn("", root, &a); f != nil {
		return nil, f
	}
	c, ok := choice0(a.choices)
	if !ok {
		return nil, fault.New(fault.Upstream, "bad_response", "the provider's answer has no choices").
			Hinted("check the provider's base URL")
	}
	if c.failure.IsObject() {
		return nil, streamFault(c.failure)
	}
	if f := broken(c.finish.Str); f != nil {
		return nil, f
	}
	r := &llm.Response{ID: text(a.id), Model: text(a.model), Created: count(a.created)}
	a.usageInto(&r.Usage)
	m := readMessage(c.message, nil)
	if !c.message.IsObject() {
		m.content = c.text
	}
	r.Parts = m.parts(r.ID)
	attach(r.Parts, &m, &a, &c)
	called, refused := holds(r.Parts)
	r.Finish = settle(finishOf(text(c.finish)), called, refused)
	return r, nil
}

// holds reports whether there is a tool call among parts, and a refusal.
func holds(parts []llm.Part) (called, refused bool) {
	for i := range parts {
		called = called || parts[i].Kind == llm.KindToolCall
		refused = refused || parts[i].Kind == llm.KindRefusal
	}
	return called, refused
}

// attach puts citations and log probabilities on the answer's text.
func attach(parts []llm.Part, m *message, a *answer, c *choice) {
	said := find(parts, llm.KindText)
	if said != nil {
		each(m.annotations, func(v gjson.Result) bool {
			said.Citations = append(said.Citations, citationOf(v))
			return true
		})
		if len(said.Citations) == 0 {
			said.Citations = sourcesOf(a.results, a.citations)
		}
		said.LogProbs = logProbsOf(get(c.probs, "content"))
	}
	if refused := find(parts, llm.KindRefusal); refused != nil {
		refused.LogProbs = logProbsOf(get(c.probs, "refusal"))
	}
}

func find(parts []llm.Part, kind llm.Kind) *llm.Part {
	for i := range parts {
		if parts[i].Kind == kind {
			return &parts[i]
		}
	}
	return nil
}

type completion struct {
	ID          string       `json:"id"`
	Object      string       `json:"object"`
	Created     int64        `json:"created"`
	Model       string       `json:"model"`
	Choices     []choiceBody `json:"choices"`
	Usage       *usageBody   `json:"usage,omitempty"`
	ServiceTier string       `json:"service_tier,omitempty"`
}

type choiceBody struct {
	Index        int         `json:"index"`
	Message      chatMessage `json:"message"`
	LogProbs     *logProbs   `json:"logprobs"`
	FinishReason string      `json:"finish_reason"`
}

// encodeResponse writes an answer for the caller.
func encodeResponse(resp *llm.Response, _ *llm.Request) ([]byte, llm.Lost, error) {
	var lost llm.Lost
	message, probs := answerMessage(resp.Parts, &lost)
	out := completion{
		ID:          resp.ID,
		Object:      "chat.completion",
		Created:     resp.Created,
		Model:       resp.Model,
		Usage:       usageBodyOf(&resp.Usage),
		ServiceTier: resp.Usage.ServiceTier,
		Choices: []choiceBody{{
			Message:      message,
			LogProbs:     probs,
			FinishReason: finishName(resp.Finish, message.Refusal != nil, &lost),
		}},
	}
	body, err := marshaler.Marshal(&out)
	if err != nil {
		return nil, lost, fault.New(fault.Internal, "encode_response", "the answer cannot be written").Because(err)
	}
	return body, lost, nil
}

// answerMessage writes the message of an answer. Thoughts go into
// reasoning_content, and with their signatures into reasoning_details.
func answerMessage(parts []llm.Part, lost *llm.Lost) (chatMessage, *logProbs) {
	m := chatMessage{Role: "assistant"}
	var b assistantBody
	var probs logProbs
	signed := false
	for i := range parts {
		signed = signed || parts[i].Kind == llm.KindReasoning && sealed(&parts[i])
	}
	for i := range parts {
		p := &parts[i]
		if p.Kind == llm.KindReasoning {
			m.ReasoningContent += p.Text
			if signed {
				m.ReasoningDetails = append(m.ReasoningDetails, detailsOf(p, len(m.ReasoningDetails))...)
			}
			continue
		}
		if !b.add(&m, p, lost) {
			lost.Add(partName(p))
			continue
		}
		for k := range p.Citations {
			if a := annotationOf(&p.Citations[k]); a != nil {
				m.Annotations = append(m.Annotations, a)
			} else {
				lost.Add("citations")
			}
		}
		if p.Kind == llm.KindRefusal {
			probs.Refusal = append(probs.Refusal, logProbBodies(p.LogProbs)...)
		} else {
			probs.Content = append(probs.Content, logProbBodies(p.LogProbs)...)
		}
	}
	b.finish(&m)
	if probs.Content == nil && probs.Refusal == nil {
		return m, nil
	}
	return m, &probs
}
