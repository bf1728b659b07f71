package bedrock

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/steward-llmops/steward/internal/wire"
)

// A frame of application/vnd.amazon.eventstream, all numbers big-endian:
//
//	4  length of the whole frame
//	4  length of the headers
//	4  CRC-32 (IEEE) of the eight bytes before
//	n  headers: length of name (1), name, type (1), value
//	m  payload
//	4  CRC-32 of all before
const (
	preludeLen = 12
	leastFrame = preludeLen + 4
	// mostFrame bounds what a peer can make us hold. AWS's own SDKs take 16 MiB
	// of payload and 128 KiB of headers.
	mostFrame   = 16 << 20
	mostHeaders = 128 << 10
)

// Malformed is the name of the event that stands for bytes which are no frame.
// Where a length cannot be trusted it is the last event of the stream.
const Malformed = exceptionPrefix + "malformed"

const exceptionPrefix = "exception:"

// frame is one message of the stream, whose slices point into the bytes read.
type frame struct {
	messageType   string // "event", "exception" or "error"
	eventType     string
	exceptionType string
	errorCode     string
	errorMessage  string
	payload       []byte
}

// frameLen returns the length of the frame that begins b: 0 where more bytes are
// needed to tell, -1 where b begins no frame.
func frameLen(b []byte) int {
	if len(b) < preludeLen {
		return 0
	}
	total, headers := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if crc32.ChecksumIEEE(b[:8]) != binary.BigEndian.Uint32(b[8:]) ||
		total < leastFrame || total > mostFrame || headers > mostHeaders || headers > total-leastFrame {
		return -1
	}
	return int(total)
}

// parseFrame reads a whole frame, of the length that frameLen gave.
func parseFrame(b []byte) (f frame, ok bool) {
	body := b[:len(b)-4]
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(b[len(body):]) {
		return f, false
	}
	end := preludeLen + int(binary.BigEndian.Uint32(b[4:]))
	f.payload = body[end:]
	return f, f.headers(body[preludeLen:end])
}

// valueLen is the length of a header's value by its type; -1: the value's own
// first two bytes say.
var valueLen = [...]int{0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 6: -1, 7: -1, 8: 8, 9: 16}

const stringType = 7

func (f *frame) headers(h []byte) bool {
	for len(h) > 0 {
		n := int(h[0])
		if n == 0 || len(h) < n+2 {
			return false
		}
		name, kind := h[1:1+n], int(h[1+n])
		h = h[2+n:]
		if kind >= len(valueLen) {
			return false
		}
		size := valueLen[kind]
		if size < 0 {
			if len(h) < 2 {
				return false
			}
			size = int(binary.BigEndian.Uint16(h))
			h = h[2:]
		}
		if len(h) < size {
			return false
		}
		if kind == stringType {
			f.header(name, h[:size])
		}
		h = h[size:]
	}
	return true
}

func (f *frame) header(name, value []byte) {
	switch string(name) {
	case ":message-type":
		f.messageType = intern(value)
	case ":event-type":
		f.eventType = intern(value)
	case ":exception-type":
		f.exceptionType = intern(value)
	case ":error-code":
		f.errorCode = string(value)
	case ":error-message":
		f.errorMessage = string(value)
	}
}

// intern saves the allocation for the words that make up nearly all headers.
func intern(b []byte) string {
	for _, known := range [...]string{"event", eventBlockDelta, eventBlockStop, eventBlockStart, eventMessageStart, eventMessageStop, eventMetadata, eventChunk} {
		if string(b) == known {
			return known
		}
	}
	return string(b)
}

// event returns the frame as the gateway sees it.
func (f *frame) event() (name string, data []byte) {
	switch {
	case f.messageType == "error":
		data = appendString([]byte(`{"message":`), f.errorMessage)
		return exceptionPrefix + f.errorCode, append(data, '}')
	case f.exceptionType != "" || f.messageType == "exception":
		return exceptionPrefix + f.exceptionType, f.payload
	}
	return f.eventType, f.payload
}

// appendFrame appends a frame with a JSON payload. header is ":event-type" or
// ":exception-type", name its value, kind the ":message-type".
func appendFrame(dst []byte, kind, header, name string, payload []byte) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, preludeLen)...)
	dst = appendHeader(dst, header, name)
	dst = appendHeader(dst, ":content-type", "application/json")
	dst = appendHeader(dst, ":message-type", kind)
	headers := len(dst) - at - preludeLen
	dst = append(dst, payload...)
	prelude := dst[at:]
	binary.BigEndian.PutUint32(prelude, uint32(len(dst)-at+4))
	binary.BigEndian.PutUint32(prelude[4:], uint32(headers))
	binary.BigEndian.PutUint32(prelude[8:], crc32.ChecksumIEEE(prelude[:8]))
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[at:]))
}

func appendEvent(dst []byte, name string, payload []byte) []byte {
	return appendFrame(dst, "event", ":event-type", name, payload)
}

func appendException(dst []byte, name string, payload []byte) []byte {
	return appendFrame(dst, "exception", ":exception-type", name, payload)
}

func appendHeader(dst []byte, name, value string) []byte {
	dst = append(dst, byte(len(name)))
	dst = append(dst, name...)
	dst = append(dst, stringType)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(value)))
	return append(dst, value...)
}

// Splitter cuts a binary event stream into events. The zero Splitter is ready;
// it is for one goroutine.
//
// An event's name is its ":event-type", that of an exception "exception:" and
// its ":exception-type" (or ":error-code"). A frame whose checksum is wrong
// comes as Malformed without data; where its length cannot be trusted either,
// nothing can follow, and the rest of the stream is swallowed.
type Splitter struct {
	part []byte // a frame whose end has not come
	lost bool
}

var _ wire.Splitter = (*Splitter)(nil)

// Feed takes the next bytes; see wire.Splitter.
func (s *Splitter) Feed(p []byte, emit func(name string, data []byte, end int)) {
	at := 0
	for !s.lost && at < len(p) {
		if len(s.part) > 0 {
			at += s.fill(p[at:])
			n := frameLen(s.part)
			if n == 0 || n > len(s.part) {
				return
			}
			s.take(s.part, n, at, emit)
			s.part = s.part[:0]
			continue
		}
		n := frameLen(p[at:])
		if n == 0 || n > len(p)-at {
			s.part = append(s.part, p[at:]...)
			return
		}
		if n > 0 {
			at += n
			s.take(p[at-n:], n, at, emit)
		} else {
			s.take(nil, n, len(p), emit)
		}
	}
}

// fill adds to the frame begun what belongs to it, and returns how much.
func (s *Splitter) fill(p []byte) int {
	want := preludeLen
	if n := frameLen(s.part); n > 0 {
		want = n
	}
	n := min(want-len(s.part), len(p))
	s.part = append(s.part, p[:n]...)
	if want == preludeLen && n < len(p) {
		if total := frameLen(s.part); total > 0 {
			m := min(total-len(s.part), len(p)-n)
			s.part = append(s.part, p[n:n+m]...)
			n += m
		}
	}
	return n
}

func (s *Splitter) take(b []byte, n, end int, emit func(name string, data []byte, end int)) {
	if n < 0 {
		s.lost, s.part = true, nil
		emit(Malformed, nil, end)
		return
	}
	f, ok := parseFrame(b[:n])
	if !ok {
		emit(Malformed, nil, end)
		return
	}
	name, data := f.event()
	emit(name, data, end)
}

// Flush emits nothing: a frame without its end cannot be read.
func (s *Splitter) Flush(func(name string, data []byte, end int)) { s.part = nil }
