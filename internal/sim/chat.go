package sim

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
)

// decode reads the chat request with the format's codec, and answers with the
// codec's error where it cannot.
func (c *call) decode(codec wire.Chat, body []byte) (*llm.Request, bool) {
	if c.route.model != "" && c.route.family == openai && !gjson.GetBytes(body, "model").Exists() {
		if b, err := sjson.SetBytes(bytes.Clone(body), "model", c.route.model); err == nil {
			body = b
		}
	}
	req, err := codec.DecodeRequest(body)
	if err != nil {
		status, text := codec.EncodeError(fault.As(err), c.id)
		c.send(status, map[string][]string{"Content-Type": {"application/json"}}, text)
		return nil, false
	}
	if c.route.model != "" {
		req.Model = c.route.model
	}
	if c.route.family == gemini || c.route.family == bedrock {
		req.Stream = c.route.stream
	}
	c.model = req.Model
	return req, true
}

func (c *call) chat() {
	codec, ok := c.s.opt.Chat[c.route.format]
	if !ok {
		c.refuse("no_codec", "the simulator was built without "+string(c.route.format))
		return
	}
	req, ok := c.decode(codec, c.body)
	if !ok {
		return
	}
	a := c.s.think(req, c.route.format, &c.controls)
	c.spoil(a)
	c.count.InputTokens, c.count.OutputTokens = a.resp.Usage.InputTokens(), a.resp.Usage.OutputTokens()
	if !req.Stream {
		body, _, err := codec.EncodeResponse(a.whole(), req)
		if err != nil {
			c.refuse("error_500", fault.As(err).Public())
			return
		}
		c.unary(200, "application/json", body, a.resp.Usage.OutputTokens(), a.pace())
		return
	}
	c.streamChat(codec, req, a)
}

func (c *call) streamChat(codec wire.Chat, req *llm.Request, a *answer) {
	events := a.events(c.route.family == gemini)
	var frames []frame
	end := endClean
	if f := c.controls.fault; f.is("error_event") {
		frames = encodeFailing(c.route.format, codec.NewEncoder(req), events, f.place(deltas(events)),
			fault.New(fault.Upstream, "overloaded", "%s", troubles["overloaded_529"].says[c.route.family]))
	} else {
		frames, end = bend(f, c.route.format, encode(c.route.format, codec.NewEncoder(req), events, a.group))
	}
	contentType := codec.StreamType
	if c.route.array {
		whole := end == endClean && !c.controls.fault.is("no_terminator") && !c.controls.fault.is("cut")
		frames, contentType = asArray(frames, whole), "application/json"
	}
	c.stream(contentType, frames, a.pace(), end)
}

func deltas(events []llm.Event) (n int) {
	for i := range events {
		if events[i].Kind == llm.EventDelta {
			n++
		}
	}
	return n
}

// spoil plays the faults that change the answer itself.
func (c *call) spoil(a *answer) {
	f := c.controls.fault
	if f == nil {
		return
	}
	switch f.Name {
	case "wrong_usage":
		for q := range a.resp.Usage.N {
			a.resp.Usage.N[q] *= 2
		}
	case "no_usage":
		a.resp.Usage = llm.Usage{}
	case "content_filter":
		filter(&a.resp, f.param("as") == "refusal")
	}
}

// filter ends the answer as a provider's content filter does.
func filter(r *llm.Response, refuse bool) {
	r.Finish, r.StopSequence = llm.FinishContentFilter, ""
	if refuse {
		const words = "I'm sorry, but I can't help with that."
		r.Finish = llm.FinishRefusal
		r.Parts = []llm.Part{{Kind: llm.KindRefusal, Text: words}}
		r.Usage.N[llm.Output], r.Usage.N[llm.OutputReasoning] = CountTokens(words), 0
		return
	}
	for i := range r.Parts {
		if r.Parts[i].Kind == llm.KindText {
			head, n, _ := firstTokens(r.Parts[i].Text, CountTokens(r.Parts[i].Text)/2)
			r.Parts = append(r.Parts[:i], llm.Part{Kind: llm.KindText, Text: head})
			r.Usage.N[llm.Output] = n
			return
		}
	}
}

// countTokens answers how many tokens a request would read.
func (c *call) countTokens() {
	codec, ok := c.s.opt.Chat[c.route.format]
	if !ok {
		c.refuse("no_codec", "the simulator was built without "+string(c.route.format))
		return
	}
	body := c.body
	if inner := gjson.GetBytes(body, "generateContentRequest"); inner.IsObject() {
		body = []byte(inner.Raw)
	}
	if c.route.format == llm.AnthropicMessages && !gjson.GetBytes(body, "max_tokens").Exists() {
		if b, err := sjson.SetBytes(bytes.Clone(body), "max_tokens", 1); err == nil {
			body = b
		}
	}
	req, ok := c.decode(codec, body)
	if !ok {
		return
	}
	n := readPrompt(req).text
	c.count.InputTokens = n
	answer := map[string]any{"input_tokens": n}
	if c.route.family == gemini {
		answer = map[string]any{"totalTokens": n, "promptTokensDetails": []any{map[string]any{"modality": "TEXT", "tokenCount": n}}}
	}
	c.json(answer)
}

// json answers 200 with v.
func (c *call) json(v any) { c.unary(200, "application/json", mustJSON(v), 0, c.shortPace()) }

// shortPace is the pace of answers that need no thinking.
func (c *call) shortPace() (p pace) {
	if c.controls.latency != nil {
		p.first = *c.controls.latency
	}
	return p
}

// textOf joins the text parts of an answer.
func textOf(r *llm.Response) string {
	var b strings.Builder
	for i := range r.Parts {
		if r.Parts[i].Kind == llm.KindText {
			b.WriteString(r.Parts[i].Text)
		}
	}
	return b.String()
}
