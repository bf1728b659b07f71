package responses

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// encoder writes a stream for the caller: every item and every content is added,
// brought in deltas, and done, and the last event holds all of it again. A
// message stays open while texts follow one another, so that they are contents of
// one message.
type encoder struct {
	req    *llm.Request
	custom map[string]bool
	echo   []byte

	id, root, model string
	created         int64
	started, over   bool
	seq             int64

	items  []*outItem
	parts  map[int]*outPart
	usage  llm.Usage
	finish llm.Finish
	lost   llm.Lost
}

func newEncoder(req *llm.Request) *encoder {
	e := &encoder{req: req, parts: make(map[int]*outPart)}
	if req != nil {
		e.custom = customNames(req.Tools)
		e.model = req.Model
	}
	return e
}

// encodeResponse writes a whole answer by the same path as a stream.
func encodeResponse(resp *llm.Response, req *llm.Request) ([]byte, llm.Lost, error) {
	e := newEncoder(req)
	var scratch []byte
	for ev := range resp.Events() {
		scratch = e.Append(scratch[:0], ev)
	}
	status, details := e.outcome()
	return e.appendObject(nil, status, details), e.lost, nil
}

// Lost is what could not be carried so far.
func (e *encoder) Lost() llm.Lost { return e.lost }

// Append appends the events that tell the caller of ev.
func (e *encoder) Append(dst []byte, ev llm.Event) []byte {
	if e.over {
		return dst
	}
	if ev.Kind == llm.EventPing {
		return append(dst, ": ping\n\n"...)
	}
	if !e.started {
		dst = e.start(dst, &ev)
	}
	switch ev.Kind {
	case llm.EventPart:
		if ev.Part != nil {
			dst = e.begin(dst, ev.Index, ev.Part)
		}
	case llm.EventDelta:
		if p := e.parts[ev.Index]; p != nil && p.open {
			dst = e.delta(dst, p, ev.Text, nil)
		}
	case llm.EventLogProbs:
		if p := e.parts[ev.Index]; p != nil && p.open && p.kind == llm.KindText {
			dst = e.delta(dst, p, "", ev.LogProbs)
		}
	case llm.EventSign:
		e.sign(ev.Index, ev.Text)
	case llm.EventCite:
		if p := e.parts[ev.Index]; p != nil && p.open && ev.Citation != nil {
			dst = e.cite(dst, p, ev.Citation)
		}
	case llm.EventPartEnd:
		if p := e.parts[ev.Index]; p != nil {
			dst = e.partEnd(dst, p)
		}
	case llm.EventUsage:
		if ev.Usage != nil {
			e.usage = *ev.Usage
		}
	case llm.EventFinish:
		e.finish = ev.Finish
		if e.finish == llm.FinishRefusal && !e.refused() {
			e.finish = llm.FinishContentFilter // what it had said until then is no whole answer
		}
		if ev.StopSequence != "" {
			e.lost.Add("stop_sequence")
		}
		if ev.Finish == llm.FinishPause {
			e.lost.Add("finish.pause")
		}
		dst = e.closeAll(dst)
	}
	return dst
}

// refused reports whether the answer holds words of refusal.
func (e *encoder) refused() bool {
	for _, p := range e.parts {
		if p.kind == llm.KindRefusal {
			return true
		}
	}
	return false
}

// event appends an event up to its sequence number; the caller adds members and
// closes it with shut.
func (e *encoder) event(dst []byte, name string) []byte {
	dst = append(dst, "event: "...)
	dst = append(dst, name...)
	dst = append(dst, "\ndata: {\"type\":\""...)
	dst = append(dst, name...)
	dst = append(dst, "\",\"sequence_number\":"...)
	dst = strconv.AppendInt(dst, e.seq, 10)
	e.seq++
	return dst
}

func shut(dst []byte) []byte { return append(dst, "}\n\n"...) }

// start tells that the answer has begun. An answer without an id, or one that
// failed before it had one, gets one of the format's form all the same.
func (e *encoder) start(dst []byte, ev *llm.Event) []byte {
	e.started = true
	e.id, e.root = responseID(ev.ID)
	e.created = ev.Created
	if ev.Model != "" {
		e.model = ev.Model
	}
	for _, name := range []string{"response.created", "response.in_progress"} {
		dst = memberKey(e.event(dst, name), "response")
		dst = shut(e.appendObject(dst, "in_progress", nil))
	}
	return dst
}

// outcome returns the status that the finish stands for and its details.
func (e *encoder) outcome() (string, func([]byte) []byte) {
	status, reason := ending(e.finish)
	if reason == "" {
		return status, nil
	}
	return status, func(b []byte) []byte {
		b = append(b, `,"error":null,"incomplete_details":{"reason":`...)
		return append(appendString(b, reason), '}')
	}
}

// End appends the event that ends an answer: completed, or incomplete.
func (e *encoder) End(dst []byte) []byte {
	if e.over {
		return dst
	}
	if e.finish == llm.FinishNone {
		return e.Fail(dst, fault.New(fault.Upstream, "stream_truncated", "the answer ended before its finish"))
	}
	e.over = true
	dst = e.closeAll(dst)
	status, details := e.outcome()
	dst = memberKey(e.event(dst, "response."+status), "response")
	return shut(e.appendObject(dst, status, details))
}

// Fail appends the event that ends an answer which failed. Before the answer had
// begun it is preceded by an error event, which is all that some clients look for.
func (e *encoder) Fail(dst []byte, f *fault.Error) []byte {
	if e.over {
		return dst
	}
	e.over = true
	if !e.started {
		e.id, e.root = responseID("")
		dst = e.event(dst, "error")
		dst = memberString(dst, "code", f.StableCode())
		dst = memberString(dst, "message", f.Public())
		if f.Param == "" {
			dst = append(dst, `,"param":null`...)
		} else {
			dst = memberString(dst, "param", f.Param)
		}
		dst = append(appendError(memberKey(dst, "error"), f), '}')
		dst = shut(dst)
	}
	dst = memberKey(e.event(dst, failed), "response")
	return shut(e.appendObject(dst, "failed", func(b []byte) []byte {
		b = append(b, `,"error":{"code":`...)
		b = appendString(b, f.StableCode())
		b = memberString(b, "message", f.Public())
		return append(b, `},"incomplete_details":null`...)
	}))
}

// open adds an item to the output and tells the caller of it.
func (e *encoder) open(dst []byte, it *outItem) []byte {
	dst = e.closeMessage(dst)
	it.at = len(e.items)
	if it.id == "" {
		prefix := map[string]string{"message": "msg_", "function_call": "fc_", "custom_tool_call": "ctc_", "reasoning": "rs_"}
		it.id = prefix[it.typ] + e.root + "_" + strconv.Itoa(it.at)
	}
	if it.callID == "" && strings.HasSuffix(it.typ, "_call") {
		it.callID = "call_" + e.root + "_" + strconv.Itoa(it.at)
	}
	e.items = append(e.items, it)
	dst = e.event(dst, "response.output_item.added")
	dst = memberInt(dst, "output_index", int64(it.at))
	return shut(it.appendJSON(memberKey(dst, "item"), "in_progress"))
}

// closeItem tells the caller that an item is whole.
func (e *encoder) closeItem(dst []byte, it *outItem) []byte {
	if it.closed {
		return dst
	}
	it.closed, it.status = true, "completed"
	if status, _ := ending(e.finish); e.finish != llm.FinishNone && it.at == len(e.items)-1 {
		it.status = status
	}
	dst = e.event(dst, "response.output_item.done")
	dst = memberInt(dst, "output_index", int64(it.at))
	return shut(it.appendJSON(memberKey(dst, "item"), it.status))
}

// message returns the last item if it is a message that is still open.
func (e *encoder) message() *outItem {
	if n := len(e.items); n > 0 && e.items[n-1].typ == "message" && !e.items[n-1].closed {
		return e.items[n-1]
	}
	return nil
}

// closeMessage ends the open message, unless one of its texts still goes on.
func (e *encoder) closeMessage(dst []byte) []byte {
	it := e.message()
	if it == nil || it.busy() {
		return dst
	}
	return e.closeItem(dst, it)
}

func (it *outItem) busy() bool {
	for _, p := range it.contents {
		if p.open {
			return true
		}
	}
	return false
}

// closeAll ends all that is open.
func (e *encoder) closeAll(dst []byte) []byte {
	for _, it := range e.items {
		for _, p := range it.contents {
			dst = e.partEnd(dst, p)
		}
		dst = e.closeItem(dst, it)
	}
	for _, i := range slices.Sorted(maps.Keys(e.parts)) { // thoughts that were never shown
		dst = e.partEnd(dst, e.parts[i])
	}
	return dst
}
