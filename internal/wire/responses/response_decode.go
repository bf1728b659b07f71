package responses

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// object is a response object, read in one pass.
type object struct {
	id, model, kind, status    string
	created                    int64
	failure, incomplete, outed gjson.Result // error, incomplete_details, output
	bill                       bill
}

func readObject(v gjson.Result) object {
	var o object
	v.ForEach(func(k, v gjson.Result) bool {
		switch key := k.String(); key {
		case "id":
			o.id = v.String()
		case "model":
			o.model = v.String()
		case "object":
			o.kind = v.String()
		case "status":
			o.status = v.String()
		case "created_at":
			o.created = v.Int()
		case "error":
			o.failure = v
		case "incomplete_details":
			o.incomplete = v
		case "output":
			o.outed = v
		default:
			o.bill.take(key, v)
		}
		return true
	})
	return o
}

// seen is what of an answer's parts its finish depends on.
type seen struct{ call, refusal, words bool }

func (s *seen) add(p *llm.Part) {
	switch p.Kind {
	case llm.KindToolCall:
		s.call = true
	case llm.KindRefusal:
		s.refusal = true
	case llm.KindText:
		s.words = true
	}
}

// finish says why the answer ended; FinishNone where it has not.
func (o *object) finish(s seen) llm.Finish {
	switch o.status {
	case "queued", "in_progress":
		return llm.FinishNone
	case "incomplete":
		switch o.incomplete.Get("reason").String() {
		case "max_output_tokens", "max_tokens":
			return llm.FinishLength
		case "content_filter":
			return llm.FinishContentFilter
		}
		return llm.FinishOther
	}
	switch {
	case s.call:
		return llm.FinishToolCalls
	case s.refusal && !s.words:
		return llm.FinishRefusal
	}
	return llm.FinishStop
}

// settle gives the status that the stream's last event stands for to an object that
// does not have it.
func (o *object) settle(name string) {
	switch o.status {
	case "completed", "incomplete", "failed", "cancelled":
	default:
		o.status = strings.TrimPrefix(name, "response.")
	}
	if name == failed {
		o.status = "failed"
	}
}

// fault returns why the answer failed; nil if it has not.
func (o *object) fault() *fault.Error {
	switch o.status {
	case "failed":
		return streamFault(o.failure)
	case "cancelled":
		return fault.New(fault.Upstream, "response_cancelled", "the provider's answer was cancelled")
	case "":
		if o.failure.IsObject() {
			return streamFault(o.failure)
		}
	}
	return nil
}

func decodeResponse(body []byte) (*llm.Response, error) {
	root, ok := parse(body)
	if !ok {
		return nil, fault.New(fault.Upstream, "bad_answer", "the provider's answer is not a JSON object")
	}
	o := readObject(root)
	if f := o.fault(); f != nil {
		return nil, f
	}
	if o.status == "" && !o.outed.IsArray() {
		return nil, fault.New(fault.Upstream, "bad_answer", "the provider's answer has no output")
	}
	r := &llm.Response{ID: o.id, Model: o.model, Created: o.created}
	var t tally
	var s seen
	each(o.outed, func(v gjson.Result) {
		it := readItem(v)
		t.add(it.typ, v)
		for _, p := range it.parts() {
			s.add(&p)
			r.Parts = append(r.Parts, p)
		}
	})
	r.Finish = o.finish(s)
	r.Usage = o.bill.read(&t)
	return r, nil
}
