package anthropic

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/bytedance/sonic"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

func decodeStream(r io.Reader) llm.Stream {
	return func(yield func(llm.Event, error) bool) {
		d := decoder{yield: yield}
		err := sse.Events(r, d.event)
		d.end(err)
	}
}

// decoder turns the events of one stream into llm's.
type decoder struct {
	yield   func(llm.Event, error) bool
	stopped bool // the consumer left, or the last event is out

	started  bool
	meter    meter
	blocks   []*block // those that are open, in the order of their start
	next     int      // index of the next part
	complete bool     // a stop reason was seen
	finish   llm.Finish
	stopSeq  string
	refusal  []llm.Part
}

func (d *decoder) emit(e llm.Event) {
	if d.stopped {
		return
	}
	if !d.started {
		d.started = true
		if e.Kind != llm.EventStart {
			d.emit(llm.Event{Kind: llm.EventStart})
			d.emit(e)
			return
		}
	}
	d.stopped = !d.yield(e, nil)
}

func (d *decoder) fail(f *fault.Error) {
	if !d.stopped {
		d.stopped = true
		d.yield(llm.Event{}, f)
	}
}

// event takes one event; false ends the reading.
func (d *decoder) event(name string, data []byte) bool {
	kind := eventName(name, data)
	switch kind {
	case eventPing:
		d.emit(llm.Event{Kind: llm.EventPing})
		return !d.stopped
	case eventMessageStop:
		d.finished()
		return false
	case eventMessageStart, eventBlockStart, eventBlockDelta, eventBlockStop, eventMessageDelta, eventError:
	default:
		// An event of a kind that is not known adds nothing that can be read. One
		// without any kind may be a piece of the answer that broke.
		if kind == "" && !sonic.Valid(data) && !bytes.Equal(bytes.TrimSpace(data), []byte("[DONE]")) {
			d.fail(badStream())
		}
		return !d.stopped
	}
	if !utf8.Valid(data) {
		data = bytes.ToValidUTF8(data, []byte("\uFFFD"))
	}
	obj := gjson.ParseBytes(data)
	if !sonic.Valid(data) || !gjson.ValidBytes(data) || !obj.IsObject() {
		d.fail(badStream())
		return false
	}
	d.take(kind, obj)
	return !d.stopped
}

func badStream() *fault.Error {
	return fault.New(fault.Upstream, "bad_stream", "the provider's stream holds an event that cannot be read")
}

func (d *decoder) take(kind string, obj gjson.Result) {
	switch kind {
	case eventMessageStart:
		d.messageStart(obj.Get("message"))
	case eventBlockStart:
		d.blockStart(int(obj.Get("index").Int()), obj.Get("content_block"))
	case eventBlockDelta:
		d.blockDelta(int(obj.Get("index").Int()), obj.Get("delta"))
	case eventBlockStop:
		d.blockStop(int(obj.Get("index").Int()))
	case eventMessageDelta:
		d.messageDelta(obj)
	case eventError:
		d.fail(streamFault(obj))
	}
}

func (d *decoder) messageStart(msg gjson.Result) {
	if d.started {
		return
	}
	d.meter.model = msg.Get("model").String()
	d.emit(llm.Event{Kind: llm.EventStart, ID: msg.Get("id").String(), Model: d.meter.model})
	d.meter.start(msg.Get("usage"))
	d.usage()
}

func (d *decoder) usage() {
	if d.meter.seen {
		u := d.meter.usage()
		d.emit(llm.Event{Kind: llm.EventUsage, Usage: &u})
	}
}

func (d *decoder) messageDelta(obj gjson.Result) {
	delta := obj.Get("delta")
	if f := decodeStop(delta.Get("stop_reason")); f != llm.FinishNone {
		d.complete, d.finish = true, f
		d.stopSeq = delta.Get("stop_sequence").String()
		d.refusal = refusal(delta.Get("stop_details"))
	}
	if u := obj.Get("usage"); u.IsObject() {
		d.meter.final(u)
		d.usage()
	}
}

// finished ends a whole answer.
func (d *decoder) finished() {
	for len(d.blocks) > 0 {
		d.close(d.blocks[0])
	}
	for i := range d.refusal {
		d.whole(&d.refusal[i])
	}
	if !d.complete {
		d.finish = llm.FinishOther
	}
	d.emit(llm.Event{Kind: llm.EventFinish, Finish: d.finish, StopSequence: d.stopSeq})
	d.stopped = true
}

// whole emits a part that comes in one piece.
func (d *decoder) whole(p *llm.Part) {
	one := llm.Response{Parts: []llm.Part{*p}}
	for e := range one.Events() {
		switch e.Kind {
		case llm.EventStart, llm.EventUsage, llm.EventFinish:
		default:
			e.Index = d.next
			d.emit(e)
		}
	}
	d.next++
}

// end takes the end of the bytes: an answer whose stop reason was seen is whole,
// any other was cut off. A fault of the reader's own is passed on.
func (d *decoder) end(err error) {
	if d.stopped {
		return
	}
	if d.complete {
		d.finished()
		return
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.New(fault.Upstream, "stream_truncated", "the provider's stream ended before its answer was whole")
		f.Err = err
	}
	d.fail(f)
}

func (d *decoder) blockAt(index int) *block {
	for _, b := range d.blocks {
		if b.wire == index {
			return b
		}
	}
	return nil
}

func (d *decoder) drop(b *block) {
	d.blocks = slices.DeleteFunc(d.blocks, func(x *block) bool { return x == b })
}
