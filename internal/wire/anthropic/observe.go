package anthropic

import (
	"bytes"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/wire"
)

// The events of a stream.
const (
	eventMessageStart = "message_start"
	eventBlockStart   = "content_block_start"
	eventBlockDelta   = "content_block_delta"
	eventBlockStop    = "content_block_stop"
	eventMessageDelta = "message_delta"
	eventMessageStop  = "message_stop"
	eventPing         = "ping"
	eventError        = "error"
)

// The kinds of delta.
const (
	deltaText      = "text_delta"
	deltaThinking  = "thinking_delta"
	deltaInput     = "input_json_delta"
	deltaSignature = "signature_delta"
	deltaCitation  = "citations_delta"
)

// eventName is the event's name; where the stream has none, the type within.
func eventName(name string, data []byte) string {
	if name != "" && name != "message" {
		return name
	}
	if bytes.HasPrefix(data, []byte(`{"type":"content_block_delta"`)) {
		return eventBlockDelta
	}
	return gjson.GetBytes(data, "type").String()
}

func measure(body []byte) wire.Reading {
	var r wire.Reading
	var m meter
	gjson.ParseBytes(body).ForEach(func(key, v gjson.Result) bool {
		switch key.Str {
		case "type":
			if v.Str == eventError {
				r.Err = streamFault(gjson.ParseBytes(body))
			}
		case "id":
			r.ID = v.String()
		case "model":
			r.Model = v.String()
		case "content":
			v.ForEach(func(_, block gjson.Result) bool {
				r.FirstToken = true
				r.OutputBytes += blockBytes(block)
				return true
			})
		case "stop_reason":
			r.Finish = decodeStop(v)
		case "usage":
			m.final(v)
		}
		return true
	})
	m.model = r.Model
	r.Usage = m.usage()
	r.Done = r.Err == nil
	r.Complete = r.Finish != ""
	return r
}

// blockBytes counts what the model wrote in a block.
func blockBytes(block gjson.Result) (n int64) {
	block.ForEach(func(key, v gjson.Result) bool {
		switch key.Str {
		case "text", "thinking":
			n += textLen([]byte(v.Raw))
		case "input":
			n += int64(len(arguments(v)))
		}
		return true
	})
	return n
}

// observe folds one event into r. Usage holds no output before message_delta:
// what message_start says of it is a placeholder.
func observe(name string, data []byte, r *wire.Reading) {
	r.UsageOnly = false
	switch eventName(name, data) {
	case eventBlockDelta:
		if n := deltaBytes(data); n > 0 {
			r.FirstToken = true
			r.OutputBytes += n
		} else if !r.FirstToken {
			r.FirstToken = gjson.GetBytes(data, "delta.signature").String() != ""
		}
	case eventMessageStart:
		msg := gjson.GetBytes(data, "message")
		r.ID, r.Model = msg.Get("id").String(), msg.Get("model").String()
		m := stateOf(r)
		m.start(msg.Get("usage"))
		r.Usage = m.usage()
	case eventBlockStart:
		block := gjson.GetBytes(data, "content_block")
		n := blockBytes(block)
		r.OutputBytes += n
		switch block.Get("type").String() {
		case typeText, typeThinking:
			r.FirstToken = r.FirstToken || n > 0
		default:
			r.FirstToken = r.FirstToken || block.IsObject()
		}
	case eventMessageDelta:
		v := gjson.GetManyBytes(data, "delta.stop_reason", "usage")
		if f := decodeStop(v[0]); f != "" {
			r.Finish, r.Complete = f, true
		}
		m := stateOf(r)
		m.final(v[1])
		r.Usage = m.usage()
	case eventMessageStop:
		r.Done = true
	case eventError:
		r.Err = streamFault(gjson.ParseBytes(data))
	}
}

// stateOf returns the meter that r carries from event to event.
func stateOf(r *wire.Reading) *meter {
	m, ok := r.State.(*meter)
	if !ok {
		m = &meter{}
		r.State = m
	}
	m.model = r.Model
	return m
}

// deltaBytes counts the text, thought or arguments of a content_block_delta. The
// shape that Anthropic sends is read in place, without a parse; in a string its
// quotes would be escaped, so the pattern cannot match there.
func deltaBytes(data []byte) int64 {
	_, rest, found := bytes.Cut(data, []byte(`"delta":{"type":"`))
	if !found {
		return slowDeltaBytes(data)
	}
	for _, prefix := range [...]string{
		deltaText + `","text":"`, deltaInput + `","partial_json":"`, deltaThinking + `","thinking":"`,
	} {
		if len(rest) >= len(prefix) && string(rest[:len(prefix)]) == prefix {
			return textLen(rest[len(prefix)-1:])
		}
	}
	return slowDeltaBytes(data)
}

func slowDeltaBytes(data []byte) (n int64) {
	gjson.GetBytes(data, "delta").ForEach(func(key, v gjson.Result) bool {
		switch key.Str {
		case "text", "thinking", "partial_json":
			if v.Type == gjson.String {
				n += textLen([]byte(v.Raw))
			}
		}
		return true
	})
	return n
}
