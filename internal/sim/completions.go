package sim

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// completions answers OpenAI's older format, which has no codec of its own.
func (c *call) completions() {
	body := gjson.ParseBytes(c.body)
	if !gjson.ValidBytes(c.body) || !body.IsObject() {
		c.refuse("invalid", "the body is not a JSON object")
		return
	}
	req := completionRequest(body)
	a := c.s.think(req, llm.OpenAIChat, &c.controls)
	c.spoil(a)
	c.count.InputTokens, c.count.OutputTokens = a.resp.Usage.InputTokens(), a.resp.Usage.OutputTokens()
	text := textOf(&a.resp)
	finish := "stop"
	if a.resp.Finish == llm.FinishLength || a.resp.Finish == llm.FinishContentFilter {
		finish = string(a.resp.Finish)
	}
	if !req.Stream {
		whole := completionChunk(a, text, finish)
		if a.resp.Usage.Reported {
			whole["usage"] = openaiUsage(&a.resp.Usage)
		}
		c.unary(200, "application/json", mustJSON(whole), a.resp.Usage.OutputTokens(), a.pace())
		return
	}
	var frames []frame
	add := func(v any, tokens int) {
		f := newFrame(llm.OpenAIChat, "", mustJSON(v))
		f.tokens = tokens
		frames = append(frames, f)
	}
	for len(text) > 0 {
		piece, n, _ := firstTokens(text, int64(a.group))
		text = text[len(piece):]
		add(completionChunk(a, piece, nil), int(n))
	}
	add(completionChunk(a, "", finish), 0)
	if req.StreamUsage && a.resp.Usage.Reported {
		last := completionChunk(a, "", nil)
		last["choices"], last["usage"] = []any{}, openaiUsage(&a.resp.Usage)
		add(last, 0)
	}
	frames = append(frames, newFrame(llm.OpenAIChat, "", []byte("[DONE]")))
	end := endClean
	if f := c.controls.fault; f.is("error_event") {
		frames = append(frames[:f.place(len(frames))], newFrame(llm.OpenAIChat, "", overloadedBody()))
	} else {
		frames, end = bend(f, llm.OpenAIChat, frames)
	}
	c.stream("text/event-stream", frames, a.pace(), end)
}

func overloadedBody() []byte {
	_, _, b := refusal("overloaded_529", openai, "", "")
	return b
}

// completionRequest reads a completion request as a chat of one turn.
func completionRequest(body gjson.Result) *llm.Request {
	req := &llm.Request{
		Model:       body.Get("model").Str,
		Stream:      body.Get("stream").Bool(),
		StreamUsage: body.Get("stream_options.include_usage").Bool(),
	}
	prompt := body.Get("prompt")
	text := prompt.Str
	if prompt.IsArray() {
		var parts []string
		for _, p := range prompt.Array() {
			parts = append(parts, p.String())
		}
		text = strings.Join(parts, " ")
	}
	req.Messages = []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{{Text: text}}}}
	maxTokens := int64(16) // the format's own default
	if n := body.Get("max_tokens"); n.Type == gjson.Number {
		maxTokens = n.Int()
	}
	req.MaxTokens = &maxTokens
	if seed := body.Get("seed"); seed.Type == gjson.Number {
		n := seed.Int()
		req.Seed = &n
	}
	if stop := body.Get("stop"); stop.Type == gjson.String {
		req.Stop = []string{stop.Str}
	} else {
		for _, s := range stop.Array() {
			req.Stop = append(req.Stop, s.String())
		}
	}
	return req
}

func completionChunk(a *answer, text string, finish any) map[string]any {
	return map[string]any{
		"id": "cmpl-" + strings.TrimPrefix(a.resp.ID, "chatcmpl-"), "object": "text_completion", "created": a.resp.Created, "model": a.resp.Model,
		"choices": []any{map[string]any{"text": text, "index": 0, "logprobs": nil, "finish_reason": finish}},
	}
}

func openaiUsage(u *llm.Usage) map[string]any {
	in, out := u.InputTokens(), u.OutputTokens()
	return map[string]any{
		"prompt_tokens": in, "completion_tokens": out, "total_tokens": in + out,
		"prompt_tokens_details":     map[string]any{"cached_tokens": u.CachedTokens()},
		"completion_tokens_details": map[string]any{"reasoning_tokens": u.N[llm.OutputReasoning]},
	}
}
