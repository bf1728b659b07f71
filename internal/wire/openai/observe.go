package openai

import (
	"bytes"
	"strings"

	"github.com/bytedance/sonic"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
)

// measure reads a whole answer for the record: one pass over its top level, one
// over the first choice, one over its message.
func measure(body []byte) wire.Reading {
	r := wire.Reading{Done: true}
	if !sonic.Valid(body) {
		r.Err = fault.New(fault.Upstream, "bad_response", "the provider's answer is not JSON")
		return r
	}
	root := gjson.Parse(view(body))
	a := readAnswer(root)
	r.ID, r.Model = clone(a.id), clone(a.model)
	a.usageInto(&r.Usage)
	if r.Err = ownFault("", body, root, &a); r.Err != nil {
		return r
	}
	c, ok := choice0(a.choices)
	if !ok {
		r.Err = fault.New(fault.Upstream, "bad_response", "the provider's answer has no choices")
		return r
	}
	c.delta = gjson.Result{} // only streams have it
	var saw seen
	saw.choice(&c, &r)
	return r
}

// clone returns v's text in memory of its own.
func clone(v gjson.Result) string { return strings.Clone(text(v)) }

// ownFault is faultIn for a root that shares data's memory: the fault does not.
func ownFault(name string, data []byte, root gjson.Result, a *answer) *fault.Error {
	if faultIn(name, root, a) == nil {
		return nil
	}
	root = gjson.ParseBytes(data)
	own := readAnswer(root)
	return faultIn(name, root, &own)
}

// seen is the State of a stream's Reading: what kinds of output there were.
type seen struct {
	any, called, refused bool
}

// observe folds one event of a stream into r.
func observe(name string, data []byte, r *wire.Reading) {
	r.UsageOnly = false
	data = bytes.TrimSpace(data)
	if r.Done || len(data) == 0 {
		return
	}
	if string(data) == "[DONE]" {
		r.Done = true
		return
	}
	if !sonic.Valid(data) || data[0] != '{' && data[0] != '[' {
		r.Err = malformed()
		return
	}
	root := gjson.Result{Type: gjson.JSON, Raw: view(data)}
	a := readAnswer(root)
	if f := ownFault(name, data, root, &a); f != nil {
		r.Err = f
		return
	}
	saw, ok := r.State.(*seen)
	if !ok {
		saw = &seen{}
		r.State = saw
		r.ID, r.Model = clone(a.id), clone(a.model)
	}
	hasUsage := a.usageInto(&r.Usage)
	c, ok := choice0(a.choices)
	if !ok {
		r.UsageOnly = hasUsage
		return
	}
	saw.choice(&c, r)
}

// choice takes the first choice of an event.
func (s *seen) choice(c *choice, r *wire.Reading) {
	if c.failure.IsObject() {
		r.Err = streamFault(gjson.Parse(strings.Clone(c.failure.Raw)))
		return
	}
	delta := c.delta
	if !delta.IsObject() && !s.any {
		delta = c.message
	}
	m := readMessage(delta, nil)
	if m.content.Raw == "" {
		m.content = c.text
	}
	s.message(&m, r)
	r.FirstToken = s.any
	s.finish(c, r)
}

// message counts what a message or delta brings.
func (s *seen) message(m *message, r *wire.Reading) {
	said := size(m.content) + size(get(m.audio, "transcript"))
	thought := sizeOfDetails(m.details)
	if thought == 0 {
		thought = size(m.reasoning)
	}
	refusal := size(m.refusal)
	s.refused = s.refused || refusal > 0
	var arguments int64
	each(m.toolCalls, func(v gjson.Result) bool {
		s.called = true
		arguments += size(get(get(v, "function"), "arguments"))
		return true
	})
	if m.functionCall.IsObject() {
		s.called = true
		arguments += size(get(m.functionCall, "arguments"))
	}
	n := said + thought + refusal + arguments
	r.OutputBytes += n
	s.any = s.any || n > 0 || s.called || m.images.Raw != ""
}

// finish notes the finish reason, if the choice has one.
func (s *seen) finish(c *choice, r *wire.Reading) {
	if c.finish.Type != gjson.String || c.finish.Str == "" {
		return
	}
	if f := broken(c.finish.Str); f != nil {
		r.Err = f
		return
	}
	if r.Finish == llm.FinishNone {
		r.Finish = finishOf(c.finish.Str)
	}
	r.Finish = settle(r.Finish, s.called, s.refused)
	r.Complete = true
}

// size returns the bytes of v's text: of a string, or of the parts of a list.
func size(v gjson.Result) int64 {
	if v.Type == gjson.String {
		return int64(len(text(v)))
	}
	if v.Type != gjson.JSON {
		return 0
	}
	var n int64
	if v.IsObject() { // arguments that are no string
		return int64(len(v.Raw))
	}
	each(v, func(v gjson.Result) bool {
		n += size(get(v, "text")) + size(get(v, "thinking"))
		return true
	})
	return n
}

// sizeOfDetails returns the bytes of readable thought in reasoning_details.
func sizeOfDetails(v gjson.Result) int64 {
	var n int64
	each(v, func(v gjson.Result) bool {
		n += size(get(v, "text")) + size(get(v, "summary"))
		return true
	})
	return n
}
