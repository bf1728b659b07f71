package openai

import (
	"slices"

	"github.com/bytedance/sonic"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// callState is one tool call in the making.
type callState struct {
	key       int64 // the delta's index; -1: none
	part      int   // index of the part; -1: not begun, for want of a name
	id, name  string
	signature string
	arguments []byte
	sent      int // bytes of arguments sent
	closed    bool
}

// fragment is a piece of a tool call.
type fragment struct {
	key                            int64
	indexed                        bool // the server said an index
	id, name, arguments, signature string
}

func (d *streamDecoder) toolCall(v gjson.Result, signature string) {
	function := get(v, "function")
	if kind := get(v, "type").Str; !function.IsObject() && kind != "" && kind != "function" {
		p := opaque("tool_call."+kind, v)
		d.wholePart(&p)
		return
	}
	f := fragment{
		id:        text(get(v, "id")),
		name:      text(get(function, "name")),
		arguments: argumentsOf(get(function, "arguments")),
		signature: signature,
	}
	if s := signatureOf(get(v, "extra_content")); s != "" {
		f.signature = s
	}
	if index := get(v, "index"); index.Type == gjson.Number {
		f.key, f.indexed = count(index), true
	}
	d.call(&f)
}

// call adds a fragment to its call, or begins one.
func (d *streamDecoder) call(f *fragment) {
	d.called = true
	c := d.callFor(f)
	if c == nil {
		d.closeOpen()
		d.closeWhole()
		c = &callState{key: f.key, part: -1}
		if !f.indexed {
			c.key = -1
		}
		d.calls = append(d.calls, c)
	}
	if c.id == "" {
		c.id = f.id
	}
	if c.name == "" {
		c.name = f.name
	}
	c.arguments = append(c.arguments, f.arguments...)
	c.signature += f.signature
	if c.name != "" {
		d.startCall(c)
	}
}

// callFor finds the call that f continues: the one with its id, else the last with
// its index, else the last at all, unless f names another call. Some servers leave
// the index out, or set it to 0 on every call, and send calls whole; some make up a
// new id for every fragment.
func (d *streamDecoder) callFor(f *fragment) *callState {
	var last *callState
	for _, c := range d.calls {
		if f.indexed && c.key != f.key {
			continue
		}
		if f.id != "" && f.id == c.id {
			return c
		}
		last = c
	}
	switch {
	case last == nil || f.name == "" || last.name == "":
		return last
	case f.id != "" && last.id != "":
		return nil // another id and a name
	case sonic.Valid(last.arguments):
		return nil // named anew after a whole call
	}
	return last
}

// startCall begins c's part if it has none, and sends what has gathered.
func (d *streamDecoder) startCall(c *callState) {
	if c.part < 0 {
		d.closeOpen()
		c.part = d.next
		p := llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: callID(c.id, d.callRoot(), d.callNumber(c)), Name: c.name}}
		if c.signature != "" {
			p.SignatureOf = llm.GeminiGenerate
		}
		d.begin(&p)
	}
	if c.sent < len(c.arguments) {
		d.emit(llm.Event{Kind: llm.EventDelta, Index: c.part, Text: string(c.arguments[c.sent:])})
		c.sent = len(c.arguments)
	}
	if c.signature != "" {
		d.emit(llm.Event{Kind: llm.EventSign, Index: c.part, Text: c.signature})
		c.signature = ""
	}
}

// callRoot is what missing call ids are made of.
func (d *streamDecoder) callRoot() string {
	if d.answer == "" {
		return "0"
	}
	return d.answer
}

func (d *streamDecoder) callNumber(c *callState) int { return slices.Index(d.calls, c) }

// closeWhole ends the calls that can have no more: their arguments are whole.
func (d *streamDecoder) closeWhole() {
	for _, c := range d.calls {
		if c.part >= 0 && sonic.Valid(c.arguments) {
			d.endCall(c)
		}
	}
}

func (d *streamDecoder) endCall(c *callState) {
	if !c.closed {
		c.closed = true
		d.emit(llm.Event{Kind: llm.EventPartEnd, Index: c.part})
	}
}
