package gemini

import (
	"bytes"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// ArrayType is the Content-Type of the stream without alt=sse.
const ArrayType = "application/json"

// NewArraySplitter returns the reader that cuts the stream without alt=sse into
// its elements: one JSON array of answers. It takes objects that stand one after
// another without an array too. Each element is an event without a name, which
// ends after the element's last byte; brackets and commas belong to what follows.
func NewArraySplitter() wire.Splitter { return &arraySplitter{} }

// arraySplitter finds the elements by counting brackets outside of strings. It
// keeps only what a chunk has left unfinished.
type arraySplitter struct {
	buf     []byte // the element so far, of earlier chunks
	inside  bool   // within an element
	depth   int    // open brackets of the element; 0: it is a bare word
	text    bool   // within a string
	escaped bool
	array   bool // the array has begun
}

// Feed implements wire.Splitter.
func (s *arraySplitter) Feed(p []byte, emit func(name string, data []byte, end int)) {
	start := 0
	for i := 0; i < len(p); i++ {
		c := p[i]
		switch {
		case s.text:
			i = s.skip(p, i)
			if !s.text && s.depth == 0 { // a bare string is an element
				s.finish(p[start:i+1], i+1, emit)
			}
		case !s.inside:
			if s.begins(c) {
				start = i
			}
		case c == '"':
			s.text = true
		case c == '{' || c == '[':
			s.depth++
		case s.depth > 0 && (c == '}' || c == ']'):
			if s.depth--; s.depth == 0 {
				s.finish(p[start:i+1], i+1, emit)
			}
		case s.depth == 0 && (c == ',' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t'):
			s.finish(p[start:i], i, emit)
		}
	}
	if s.inside {
		s.keep(p[start:], emit)
	}
}

// begins looks at a byte between elements, and reports that it begins one.
func (s *arraySplitter) begins(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ']':
		return false
	case '[':
		if !s.array {
			s.array = true
			return false
		}
		s.depth = 1
	case '{':
		s.depth = 1
	case '"':
		s.text = true
	}
	s.inside = true
	return true
}

// skip goes to the byte of p that ends the string, or to p's last byte.
func (s *arraySplitter) skip(p []byte, i int) int {
	for i < len(p) {
		if s.escaped {
			s.escaped = false
			i++
			continue
		}
		k := bytes.IndexAny(p[i:], `"\`)
		if k < 0 {
			break
		}
		i += k
		if p[i] == '"' {
			s.text = false
			return i
		}
		s.escaped = true
		i++
	}
	return len(p) - 1
}

func (s *arraySplitter) finish(piece []byte, end int, emit func(string, []byte, int)) {
	s.inside = false
	if len(s.buf) > 0 || len(piece) > sse.MaxEvent {
		s.keep(piece, emit)
		piece = s.buf
	}
	if len(piece) > 0 {
		emit("", piece, end)
	}
	s.buf = s.buf[:0]
}

// keep stores a piece of an unfinished element. An element over sse.MaxEvent is
// cut, so that a hostile upstream cannot fill the memory.
func (s *arraySplitter) keep(piece []byte, emit func(string, []byte, int)) {
	for len(s.buf)+len(piece) > sse.MaxEvent {
		n := sse.MaxEvent - len(s.buf)
		s.buf = append(s.buf, piece[:n]...)
		piece = piece[n:]
		emit("", s.buf, 0)
		s.buf = s.buf[:0]
	}
	s.buf = append(s.buf, piece...)
}

// Flush implements wire.Splitter: it emits an element that the end has cut off.
func (s *arraySplitter) Flush(emit func(name string, data []byte, end int)) {
	if s.inside && len(s.buf) > 0 {
		emit("", s.buf, 0)
	}
	*s = arraySplitter{buf: s.buf[:0]}
}

// NewArrayEncoder writes a stream as the method does without alt=sse: one JSON
// array of chunks (ArrayType).
func NewArrayEncoder(*llm.Request) wire.Encoder {
	return &encoder{array: true}
}
