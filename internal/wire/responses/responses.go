// Package responses is the codec of OpenAI's Responses API: requests made of
// items, answers made of output items, and streams that tell each item's life
// from added to done.
//
// What the format has and llm has not travels as llm.Opaque, raw: every item of
// a server tool, and content of a type that is not known ("content.<type>").
// A custom tool, whose input is free text, becomes a function with the one
// argument "input", so that models of other formats can call it too; the way
// back is told by the tool's schema (see custom.go).
package responses

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// Responses returns the codec of OpenAI's Responses API.
func Responses() wire.Chat {
	return wire.Chat{
		Format:         llm.OpenAIResponses,
		DecodeRequest:  decodeRequest,
		EncodeRequest:  encodeRequest,
		DecodeResponse: decodeResponse,
		EncodeResponse: encodeResponse,
		DecodeStream:   decodeStream,
		NewEncoder:     func(req *llm.Request) wire.Encoder { return newEncoder(req) },
		EncodeError:    encodeError,
		DecodeError:    decodeError,
		Measure:        measure,
		Observe:        observe,
		NewSplitter:    func() wire.Splitter { return new(sse.Splitter) },
		StreamType:     "text/event-stream",
	}
}

// maxDepth is the deepest nesting of JSON that is read. The readers below
// recurse, and a stack is not endless.
const maxDepth = 512

// parse checks that body is one JSON object, so that what follows may trust it. What
// is not UTF-8 becomes U+FFFD.
func parse(body []byte) (gjson.Result, bool) {
	if !shallow(body) || !gjson.ValidBytes(body) {
		return gjson.Result{}, false
	}
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\ufffd"))
	}
	r := gjson.ParseBytes(body)
	return r, r.IsObject()
}

// shallow reports whether body nests no deeper than maxDepth.
func shallow(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		if quoted {
			j := bytes.IndexByte(body[i:], '"')
			if j < 0 {
				return true
			}
			k := i + j - 1
			for k >= i && body[k] == '\\' {
				k--
			}
			quoted = (i+j-1-k)%2 == 1
			i += j
			continue
		}
		switch body[i] {
		case '"':
			quoted = true
		case '{', '[':
			if depth++; depth > maxDepth {
				return false
			}
		case '}', ']':
			depth--
		}
	}
	return true
}

// raw copies v's text on one line, as a line of an event stream must be.
func raw(v gjson.Result) json.RawMessage { return flat([]byte(v.Raw)) }

// flat returns b without line breaks. In valid JSON they stand between tokens only.
func flat(b []byte) []byte {
	if bytes.IndexByte(b, '\n') < 0 && bytes.IndexByte(b, '\r') < 0 {
		return b
	}
	var out bytes.Buffer
	if json.Compact(&out, b) != nil {
		return []byte("null")
	}
	return out.Bytes()
}

func invalid(param, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "invalid_value", format, args...).At(param)
}

// each calls f for every element of v, where v is an array.
func each(v gjson.Result, f func(gjson.Result)) {
	if v.IsArray() {
		v.ForEach(func(_, e gjson.Result) bool {
			f(e)
			return true
		})
	}
}
