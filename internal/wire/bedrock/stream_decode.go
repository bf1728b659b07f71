package bedrock

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// The events of a stream. chunk is InvokeModelWithResponseStream's.
const (
	eventMessageStart = "messageStart"
	eventBlockStart   = "contentBlockStart"
	eventBlockDelta   = "contentBlockDelta"
	eventBlockStop    = "contentBlockStop"
	eventMessageStop  = "messageStop"
	eventMetadata     = "metadata"
	eventChunk        = "chunk"
)

func decodeStream(r io.Reader) llm.Stream {
	return func(yield func(llm.Event, error) bool) {
		d := decoder{yield: yield}
		d.end(d.read(r))
	}
}

// decoder turns the events of one stream into llm's.
type decoder struct {
	yield   func(llm.Event, error) bool
	stopped bool // the consumer left, or the last event is out

	started  bool
	blocks   []*block // those that are open, in the order of their start
	next     int      // index of the next part
	complete bool     // a stop reason was seen
	finish   llm.Finish
	stopSeq  string
}

// read feeds the frames of r to event; it returns r's error, nil at its end.
func (d *decoder) read(r io.Reader) error {
	var s Splitter
	buf := make([]byte, 16<<10)
	for {
		n, err := r.Read(buf)
		s.Feed(buf[:n], func(name string, data []byte, _ int) {
			if !d.stopped {
				d.event(name, data)
			}
		})
		switch {
		case d.stopped || err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
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

func (d *decoder) event(name string, data []byte) {
	switch name {
	case eventMessageStart, eventBlockStart, eventBlockDelta, eventBlockStop, eventMessageStop, eventMetadata:
	default:
		if strings.HasPrefix(name, exceptionPrefix) {
			d.fail(streamFault(name, data))
		}
		return
	}
	if !utf8.Valid(data) {
		data = bytes.ToValidUTF8(data, []byte("\uFFFD"))
	}
	// The strings of a result point into its text, and so must not into data.
	obj, ok := parse(bytes.Clone(data))
	if !ok {
		d.fail(badStream())
		return
	}
	o := fieldsOf(obj)
	wire := int(count(o.get("contentBlockIndex")))
	switch name {
	case eventMessageStart:
		if !d.started {
			d.emit(llm.Event{Kind: llm.EventStart})
		}
	case eventBlockStart:
		d.blockStart(wire, o.get("start"))
	case eventBlockDelta:
		for _, f := range fieldsOf(o.get("delta")) {
			d.delta(wire, f.key, f.val)
		}
	case eventBlockStop:
		if b := d.blockAt(wire); b != nil {
			d.close(b)
		}
	case eventMessageStop:
		d.complete, d.finish = true, stopOf(o.get("stopReason"))
		d.stopSeq = stopSequence(o.get("additionalModelResponseFields"))
	case eventMetadata:
		d.metadata(o)
	}
}

// metadata ends the stream, unless it comes before the stop reason.
func (d *decoder) metadata(o object) {
	if u := decodeUsage(o.get("usage")); u.Reported {
		decodeTerms(&u, o.get("serviceTier"), o.get("performanceConfig"))
		d.emit(llm.Event{Kind: llm.EventUsage, Usage: &u})
	}
	if d.complete {
		d.finished()
	}
}

// finished ends a whole answer.
func (d *decoder) finished() {
	for len(d.blocks) > 0 {
		d.close(d.blocks[0])
	}
	d.emit(llm.Event{Kind: llm.EventFinish, Finish: d.finish, StopSequence: d.stopSeq})
	d.stopped = true
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

func (d *decoder) blockAt(wire int) *block {
	for _, b := range d.blocks {
		if b.wire == wire {
			return b
		}
	}
	return nil
}

func (d *decoder) drop(b *block) {
	d.blocks = slices.DeleteFunc(d.blocks, func(x *block) bool { return x == b })
}

// piece emits more of a block.
func (d *decoder) piece(kind llm.EventKind, b *block, v gjson.Result) {
	if v.Type == gjson.String && v.Str != "" {
		d.emit(llm.Event{Kind: kind, Index: b.index, Text: v.Str})
	}
}
