package calls

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// stream joins the texts of events: what stands at the same place in one event after
// the other is one text.
type stream struct {
	g      *gatherer
	places map[string]*strings.Builder
	order  []*strings.Builder
}

func newStream(g *gatherer) *stream {
	return &stream{g: g, places: map[string]*strings.Builder{}}
}

// array takes a JSON array as a stream of its elements (Gemini without SSE).
func (g *gatherer) array(body []byte) {
	s := newStream(g)
	gjson.ParseBytes(body).ForEach(func(_, x gjson.Result) bool {
		s.event(x)
		return !g.full()
	})
	s.end()
}

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return bytes.TrimSpace(line)
}

// lines takes JSON values on lines of their own, as one stream or each for itself.
func (g *gatherer) lines(body []byte, joined bool) {
	s := newStream(g)
	for len(body) > 0 && !g.full() {
		var line []byte
		line, body, _ = bytes.Cut(body, []byte("\n"))
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0:
		case !usable(line):
			g.loose(string(line))
		case joined:
			s.event(gjson.ParseBytes(line))
		default:
			g.walk(gjson.ParseBytes(line), "", false)
		}
	}
	s.end()
}

// isSSE reports whether a body is server-sent events: one of its first lines is a field
// of an event.
func isSSE(body []byte) bool {
	for range 8 {
		var line []byte
		line, body, _ = bytes.Cut(body, []byte("\n"))
		for _, field := range []string{"data:", "event:", "id:", "retry:"} {
			if bytes.HasPrefix(line, []byte(field)) {
				return true
			}
		}
		if len(line) > 0 && line[0] != ':' && line[0] != '\r' {
			return false
		}
	}
	return false
}

// sse takes the data of server-sent events as one stream.
func (g *gatherer) sse(body []byte) {
	s := newStream(g)
	var data []byte
	dispatch := func() {
		data = bytes.TrimSpace(data)
		switch {
		case len(data) == 0 || string(data) == "[DONE]":
		case usable(data):
			s.event(gjson.ParseBytes(data))
		case data[0] == '{' || data[0] == '[':
			g.loose(string(data))
		default:
			s.put("data", string(data))
		}
		data = data[:0]
	}
	for len(body) > 0 && !g.full() {
		var line []byte
		line, body, _ = bytes.Cut(body, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			dispatch()
		} else if part, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			if len(data) > 0 {
				data = append(data, '\n')
			}
			data = append(data, bytes.TrimPrefix(part, []byte(" "))...)
		}
	}
	dispatch()
	s.end()
}

// frame takes the first message of an AWS event stream apart: a prelude (its length, that
// of its headers, a checksum), headers, payload, a checksum. n is its length.
func frame(b []byte) (payload []byte, n int, ok bool) {
	if len(b) < 16 || binary.BigEndian.Uint32(b[8:]) != crc32.ChecksumIEEE(b[:8]) {
		return nil, 0, false
	}
	length, headers := uint64(binary.BigEndian.Uint32(b)), uint64(binary.BigEndian.Uint32(b[4:]))
	if length < headers+16 || length > uint64(len(b)) {
		return nil, 0, false
	}
	return b[12+headers : length-4], int(length), true
}

// frames takes the payloads of an AWS event stream as one stream; those of a model's own
// format are in base64 (InvokeModelWithResponseStream).
func (g *gatherer) frames(body []byte) {
	s := newStream(g)
	for !g.full() {
		payload, n, ok := frame(body)
		if !ok {
			break
		}
		body = body[n:]
		if !usable(payload) {
			continue
		}
		v := gjson.ParseBytes(payload)
		if inner, err := base64.StdEncoding.DecodeString(v.Get("bytes").String()); err == nil && len(inner) > 0 && usable(inner) {
			v = gjson.ParseBytes(inner)
		}
		s.event(v)
	}
	s.end()
}

// parts are the keys whose values say which part of an answer an object belongs to. A
// type does so at the top only: below it, it often comes with the first event alone.
var parts = map[string]bool{
	"index": true, "output_index": true, "content_index": true, "summary_index": true, "item_id": true, "thought": true,
	"contentBlockIndex": true,
}

// event takes one event.
func (s *stream) event(v gjson.Result) { s.walk(v, "", "", false) }

// walk takes the strings below v, which stands at place under key.
func (s *stream) walk(v gjson.Result, place, key string, within bool) {
	if s.g.full() {
		return
	}
	switch {
	case !within && key == "logprobs":
	case v.Type == gjson.String:
		if within || !machine[key] {
			s.put(place, v.String())
		}
	case v.IsObject():
		if !within {
			place = part(place, v)
		}
		v.ForEach(func(k, x gjson.Result) bool {
			name := k.String()
			s.walk(x, place+"."+name, name, within || payload(name, x))
			return !s.g.full()
		})
	case v.IsArray():
		i := 0
		v.ForEach(func(_, x gjson.Result) bool {
			at := strconv.Itoa(i)
			if x.IsObject() && x.Get("index").Exists() { // its own number is in part
				at = ""
			}
			i++
			s.walk(x, place+"["+at+"]", key, within)
			return !s.g.full()
		})
	}
}

// part returns the place with what tells objects there apart.
func part(place string, v gjson.Result) string {
	top := place == ""
	v.ForEach(func(k, x gjson.Result) bool {
		if name := k.String(); (parts[name] || top && name == "type") && !x.IsObject() && !x.IsArray() {
			place += "(" + name + "=" + x.Raw + ")"
		}
		return true
	})
	return place
}

// put appends a text to those of its place.
func (s *stream) put(place, text string) {
	if encoded(text, 256) { // a piece of sound or of an image
		return
	}
	if text = cut(text, s.g.left); text == "" {
		return
	}
	b := s.places[place]
	if b == nil {
		b = &strings.Builder{}
		s.places[place] = b
		s.order = append(s.order, b)
	}
	b.WriteString(text)
	s.g.left -= len(text)
}

// end hands the joined texts over.
func (s *stream) end() {
	for _, b := range s.order {
		s.g.left += b.Len()
	}
	for _, b := range s.order {
		s.g.value(b.String())
	}
}
