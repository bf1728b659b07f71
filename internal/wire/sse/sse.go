// Package sse reads and writes server-sent events as providers really send them
// (WHATWG HTML, section 9.2): CR, LF or CRLF, comments, missing spaces, data over
// several lines, and a last event without its blank line.
package sse

import (
	"bytes"
	"io"
)

// MaxEvent is the most bytes that one event may hold. What is longer is cut into
// events of this size, so that a hostile upstream cannot fill the memory.
const MaxEvent = 32 << 20

// Splitter cuts a byte stream into events. The zero Splitter is ready. It
// implements wire.Splitter.
type Splitter struct {
	line   []byte // an unfinished line of earlier chunks
	data   []byte // the data lines of the event so far, joined by LF
	name   []byte
	any    bool // a data line was seen
	lastCR bool // the chunk before ended in CR: a leading LF belongs to it
}

// Feed takes the next bytes and calls emit for each event that they complete.
// name and data are valid only during the call; end is the offset in p after
// the event's blank line.
func (s *Splitter) Feed(p []byte, emit func(name string, data []byte, end int)) {
	pos := 0
	if s.lastCR && len(p) > 0 {
		s.lastCR = false
		if p[0] == '\n' {
			pos = 1
		}
	}
	for pos < len(p) {
		rest := p[pos:]
		i := bytes.IndexByte(rest, '\n')
		if cr := bytes.IndexByte(rest[:limit(i, len(rest))], '\r'); cr >= 0 {
			i = cr
		}
		if i < 0 {
			s.line = append(s.line, rest...)
			if len(s.line) > MaxEvent {
				s.take(s.line)
				s.line = s.line[:0]
			}
			return
		}
		next := pos + i + 1
		if rest[i] == '\r' {
			if next == len(p) {
				s.lastCR = true
			} else if p[next] == '\n' {
				next++
			}
		}
		line := rest[:i]
		if len(s.line) > 0 {
			s.line = append(s.line, line...)
			line = s.line
		}
		pos = next
		if len(line) == 0 {
			s.dispatch(emit, pos)
		} else {
			s.take(line)
		}
		s.line = s.line[:0]
	}
}

func limit(i, n int) int {
	if i < 0 {
		return n
	}
	return i
}

// Flush emits an event that the end of the stream left without its blank line.
func (s *Splitter) Flush(emit func(name string, data []byte, end int)) {
	if len(s.line) > 0 {
		s.take(s.line)
		s.line = s.line[:0]
	}
	s.dispatch(emit, 0)
}

// take reads one line that is not empty.
func (s *Splitter) take(line []byte) {
	field, value, found := bytes.Cut(line, []byte(":"))
	if found && len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(field) {
	case "data":
		if s.any {
			s.data = append(s.data, '\n')
		}
		s.any = true
		s.data = append(s.data, value...)
	case "event":
		s.name = append(s.name[:0], value...)
	}
}

func (s *Splitter) dispatch(emit func(name string, data []byte, end int), end int) {
	if s.any {
		emit(string(s.name), s.data, end)
	}
	s.name, s.data, s.any = s.name[:0], s.data[:0], false
}

// Events reads r to its end and calls yield for each event; data is valid only
// during the call. It returns r's error, nil at io.EOF or when yield ends it.
func Events(r io.Reader, yield func(name string, data []byte) bool) error {
	var s Splitter
	stopped := false
	emit := func(name string, data []byte, _ int) {
		if !stopped {
			stopped = !yield(name, data)
		}
	}
	buf := make([]byte, 16<<10)
	for {
		n, err := r.Read(buf)
		s.Feed(buf[:n], emit)
		if stopped {
			return nil
		}
		if err == io.EOF {
			s.Flush(emit)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Append appends one event with a single line of data; an empty name is left out.
func Append(dst []byte, name string, data []byte) []byte {
	if name != "" {
		dst = append(dst, "event: "...)
		dst = append(dst, name...)
		dst = append(dst, '\n')
	}
	dst = append(dst, "data: "...)
	dst = append(dst, data...)
	return append(dst, '\n', '\n')
}
