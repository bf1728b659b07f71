package sim

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// frame is one event of a stream in its bytes, terminator included.
type frame struct {
	data   []byte
	tokens int // of the answer that came with it
}

// encode writes events with a codec's encoder and cuts the bytes into frames.
func encode(format llm.Format, enc wire.Encoder, events []llm.Event, group int) []frame {
	buf := make([]byte, 0, 256*len(events))
	var frames []frame
	tokens := 0
	for i := range events {
		if events[i].Kind == llm.EventDelta {
			tokens += group
		}
		at := len(buf)
		buf = enc.Append(buf, events[i])
		frames, tokens = appendFrames(frames, format, buf[at:], tokens)
	}
	at := len(buf)
	buf = enc.End(buf)
	frames, _ = appendFrames(frames, format, buf[at:], tokens)
	return frames
}

// encodeFailing writes the first n deltas and the format's error frame.
func encodeFailing(format llm.Format, enc wire.Encoder, events []llm.Event, n int, f *fault.Error) []frame {
	var buf []byte
	var frames []frame
	for i := range events {
		if events[i].Kind == llm.EventDelta {
			if n--; n < 0 {
				break
			}
		}
		at := len(buf)
		buf = enc.Append(buf, events[i])
		frames, _ = appendFrames(frames, format, buf[at:], 1)
	}
	at := len(buf)
	buf = enc.Fail(buf, f)
	frames, _ = appendFrames(frames, format, buf[at:], 0)
	return frames
}

// appendFrames cuts b, which holds whole events, and gives the tokens to the
// first of them. It returns the tokens that found no frame.
func appendFrames(dst []frame, format llm.Format, b []byte, tokens int) ([]frame, int) {
	for len(b) > 0 {
		n := frameLen(format, b)
		dst = append(dst, frame{b[:n:n], tokens})
		b, tokens = b[n:], 0
	}
	return dst, tokens
}

// frameLen returns the length of the first event of b, all of b where it is not
// terminated.
func frameLen(format llm.Format, b []byte) int {
	if format == llm.BedrockConverse {
		if len(b) >= 4 {
			if n := int(binary.BigEndian.Uint32(b)); n >= binaryLeast && n <= len(b) {
				return n
			}
		}
		return len(b)
	}
	n := len(b)
	for _, end := range []string{"\n\n", "\r\n\r\n", "\r\r"} {
		if i := bytes.Index(b[:n], []byte(end)); i >= 0 {
			n = i + len(end)
		}
	}
	return n
}

// read returns the name and payload of a frame; ok is false for one without
// data (a comment) or a broken one.
func (f frame) read(format llm.Format) (name string, data []byte, ok bool) {
	if format == llm.BedrockConverse {
		headers, payload, ok := splitBinary(f.data)
		return eventType(headers), payload, ok
	}
	emit := func(n string, d []byte, _ int) { name, data, ok = n, bytes.Clone(d), true }
	var s sse.Splitter
	s.Feed(f.data, emit)
	s.Flush(emit)
	return name, data, ok
}

// with returns the frame with other data under the same name and headers.
func (f frame) with(format llm.Format, data []byte) frame {
	if format == llm.BedrockConverse {
		headers, _, ok := splitBinary(f.data)
		if !ok {
			return f
		}
		return frame{appendBinary(nil, headers, data), f.tokens}
	}
	name, _, _ := f.read(format)
	return frame{sse.Append(nil, name, data), f.tokens}
}

// newFrame makes a frame of its own.
func newFrame(format llm.Format, name string, data []byte) frame {
	if format == llm.BedrockConverse {
		return frame{data: appendBinary(nil, eventHeaders(name), data)}
	}
	return frame{data: sse.Append(nil, name, data)}
}

// asArray turns server-sent events into the JSON array that Gemini streams
// without alt=sse. Without closed the closing bracket is missing.
func asArray(frames []frame, closed bool) []frame {
	out := make([]frame, 0, len(frames)+1)
	for i, f := range frames {
		_, data, ok := f.read(llm.GeminiGenerate)
		if !ok {
			continue
		}
		lead := "[{"
		if i > 0 {
			lead = ",\r\n{"
		}
		out = append(out, frame{append([]byte(lead[:len(lead)-1]), data...), f.tokens})
	}
	if closed {
		out = append(out, frame{data: []byte("]\n")})
	}
	return out
}

// The binary event stream of AWS (application/vnd.amazon.eventstream): total
// length, headers' length, their checksum, headers, payload, checksum of all.
const (
	binaryPrelude = 12
	binaryLeast   = 16
)

func splitBinary(b []byte) (headers, payload []byte, ok bool) {
	if len(b) < binaryLeast || int(binary.BigEndian.Uint32(b)) != len(b) {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint32(b[4:]))
	if n < 0 || binaryPrelude+n > len(b)-4 {
		return nil, nil, false
	}
	return b[binaryPrelude : binaryPrelude+n], b[binaryPrelude+n : len(b)-4], true
}

func appendBinary(dst, headers, payload []byte) []byte {
	at := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, uint32(binaryLeast+len(headers)+len(payload)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(headers)))
	dst = binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[at:]))
	dst = append(append(dst, headers...), payload...)
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[at:]))
}

// stringHeader is the type byte of a header whose value is a string.
const stringHeader = 7

func eventHeaders(name string) []byte {
	var b []byte
	for _, h := range [][2]string{{":event-type", name}, {":content-type", "application/json"}, {":message-type", "event"}} {
		b = append(b, byte(len(h[0])))
		b = append(b, h[0]...)
		b = append(b, stringHeader)
		b = binary.BigEndian.AppendUint16(b, uint16(len(h[1])))
		b = append(b, h[1]...)
	}
	return b
}

// eventType finds ":event-type" among string headers.
func eventType(h []byte) string {
	for len(h) > 0 {
		n := int(h[0])
		if len(h) < 1+n+3 || h[1+n] != stringHeader {
			return ""
		}
		size := int(binary.BigEndian.Uint16(h[2+n:]))
		if len(h) < 4+n+size {
			return ""
		}
		if string(h[1:1+n]) == ":event-type" {
			return string(h[4+n : 4+n+size])
		}
		h = h[4+n+size:]
	}
	return ""
}
