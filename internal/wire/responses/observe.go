package responses

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
)

// measure reads a whole answer for the record: a response, one that is fetched
// later, or a compaction.
func measure(body []byte) wire.Reading {
	var r wire.Reading
	if !shallow(body) || !gjson.ValidBytes(body) {
		return r
	}
	read(&r, gjson.ParseBytes(body), "", nil)
	return r
}

// read folds a response object into r. name is the event that brought it, empty
// for a whole answer; t counts what the events before it told.
func read(r *wire.Reading, v gjson.Result, name string, t *tally) {
	o := readObject(v)
	if name != "" {
		o.settle(name)
	}
	whole := tally{}
	var s seen
	items, size := 0, int64(0)
	each(o.outed, func(v gjson.Result) {
		items++
		typ := v.Get("type").String()
		whole.add(typ, v)
		size += weigh(typ, v, &s)
	})
	if t == nil || items > 0 {
		t = &whole
	}
	if o.id != "" {
		r.ID = o.id
	}
	if o.model != "" {
		r.Model = o.model
	}
	r.OutputBytes = max(r.OutputBytes, size)
	r.FirstToken = r.FirstToken || r.OutputBytes > 0 || s.call
	r.Usage = o.bill.read(t)
	if r.Err = o.fault(); r.Err != nil {
		return
	}
	if o.status == "" && !o.outed.IsArray() {
		return // no answer: a count of tokens, an error of another shape
	}
	r.Finish = o.finish(s)
	r.Complete = r.Finish != llm.FinishNone
	r.Done = r.Complete
}

// weigh returns the bytes of text, thought and arguments in an item, and notes what
// the finish depends on.
func weigh(typ string, v gjson.Result, s *seen) (n int64) {
	switch typ {
	case "function_call", "custom_tool_call":
		s.call = true
		return int64(len(v.Get("arguments").String()) + len(v.Get("input").String()))
	case "message", "reasoning":
		for _, list := range []string{"content", "summary"} {
			each(v.Get(list), func(c gjson.Result) {
				switch c.Get("type").String() {
				case "refusal":
					s.refusal = true
					n += int64(len(c.Get("refusal").String()))
				case "output_text":
					s.words = true
					fallthrough
				case "summary_text", "reasoning_text":
					n += int64(len(c.Get("text").String()))
				}
			})
		}
	}
	return n
}

// observe folds one event into r. A delta costs a look at its name and its length.
func observe(name string, data []byte, r *wire.Reading) {
	if name == "" {
		name = gjson.GetBytes(data, "type").String()
	}
	if strings.HasSuffix(name, ".delta") {
		switch name {
		case "response.output_text.delta", "response.refusal.delta",
			"response.function_call_arguments.delta", "response.custom_tool_call_input.delta",
			"response.reasoning_text.delta", "response.reasoning_summary_text.delta":
			r.FirstToken = true
			r.OutputBytes += deltaLen(data)
		}
		return
	}
	switch name {
	case "response.created", "response.queued", "response.in_progress":
		if r.ID == "" {
			r.ID = gjson.GetBytes(data, "response.id").String()
			r.Model = gjson.GetBytes(data, "response.model").String()
		}
	case "response.output_item.added":
		switch gjson.GetBytes(data, "item.type").String() {
		case "message", "reasoning", "": // text follows
		default:
			r.FirstToken = true
		}
	case "response.output_item.done":
		observeItem(data, r)
	case completed, incomplete, failed:
		if !shallow(data) || !gjson.ValidBytes(data) {
			return // torn: the answer is not known to be complete
		}
		t, _ := r.State.(*tally)
		read(r, gjson.GetBytes(data, "response"), name, t)
	case "error":
		e := gjson.GetBytes(data, "error")
		if !e.IsObject() {
			e = gjson.ParseBytes(data)
		}
		r.Err = streamFault(e)
	}
}

// observeItem counts the server tools, for answers whose last event has no output.
func observeItem(data []byte, r *wire.Reading) {
	v := gjson.GetBytes(data, "item")
	typ := v.Get("type").String()
	if typ != "reasoning" { // which may hold nothing but what is sealed
		r.FirstToken = true
	}
	if !strings.HasSuffix(typ, "_call") || strings.HasPrefix(typ, "function") {
		return
	}
	t, ok := r.State.(*tally)
	if !ok {
		t = &tally{}
		r.State = t
	}
	t.add(typ, v)
}

var deltaKey = []byte(`"delta":"`)

// deltaLen returns the length of an event's delta. The key cannot occur inside a
// string, where its quotes would be escaped.
func deltaLen(data []byte) int64 {
	if i := bytes.Index(data, deltaKey); i >= 0 {
		rest := data[i+len(deltaKey):]
		if j := bytes.IndexByte(rest, '"'); j >= 0 && bytes.IndexByte(rest[:j], '\\') < 0 {
			return int64(j)
		}
	}
	return int64(len(gjson.GetBytes(data, "delta").String()))
}
