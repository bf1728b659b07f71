package calls

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/record"
)

// MaxText is how many bytes of text Searchable takes of one body.
const MaxText = 4 << 20

// Searchable returns the texts that a person would search in what was said: the string
// values of JSON, of any vendor's format; of a stream of JSON events, those that stand
// at the same place in one event after the other, joined, so that a phrase is found that
// came in pieces; else the body as it is. Words of machines (types, roles, ids), long
// encoded data and signatures are left out. Of what an application reported, the texts
// are those of its message; they count as request or answer where that has no body of
// its own. At most MaxText bytes are taken of a body.
func Searchable(c *record.Content) Texts {
	if c == nil {
		return Texts{}
	}
	t := Texts{Request: bodyTexts(c.Request, false), Answer: bodyTexts(c.Response, true), Other: rawTexts(c.Raw)}
	if len(t.Other) == 0 {
		return t
	}
	other := t.Other
	if len(c.Request) == 0 {
		t.Request, t.Other = other, nil
	}
	if len(c.Response) == 0 {
		t.Answer, t.Other = other, nil
	}
	return t
}

// gatherer collects texts up to a bound, each once.
type gatherer struct {
	list []string
	left int // bytes that may still be taken
}

func newGatherer() *gatherer { return &gatherer{left: MaxText} }

// full reports whether there is no more room.
func (g *gatherer) full() bool { return g.left <= 0 }

// add takes a text, or what there is room for.
func (g *gatherer) add(s string) {
	if s = strings.TrimSpace(s); s == "" || encoded(s, minEncoded) {
		return
	}
	if s = cut(s, g.left); s != "" {
		g.left -= len(s)
		g.list = append(g.list, s)
	}
}

// texts returns what was taken, without repetitions next to one another or apart.
func (g *gatherer) texts() []string {
	seen := make(map[string]bool, len(g.list))
	return slices.DeleteFunc(g.list, func(s string) bool {
		was := seen[s]
		seen[s] = true
		return was
	})
}

// cut returns the first n bytes of s, and does not split a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:max(n, 0)]
}

// minEncoded is from how many bytes a whole text can be data.
const minEncoded = 2000

// encoded reports whether a text is data and not words: a data URL, or base64 or hex
// whose first atLeast characters have no space.
func encoded(s string, atLeast int) bool {
	if len(s) < atLeast {
		return false
	}
	if strings.HasPrefix(s, "data:") {
		if i := strings.IndexByte(s[:min(len(s), 256)], ','); i > 0 && strings.HasSuffix(s[:i], ";base64") {
			return true
		}
	}
	for i := range atLeast {
		if c := s[i]; !letter(c) && !digit(c) && c != '+' && c != '/' && c != '-' && c != '_' && c != '=' {
			return false
		}
	}
	return true
}

// bodyTexts returns the texts of a body. joined says that it may be a stream, whose
// events make one text together.
func bodyTexts(body []byte, joined bool) []string {
	_, _, framed := frame(body)
	if !framed { // whose last byte may look like space
		body = bytes.TrimSpace(body)
	}
	if len(body) == 0 {
		return nil
	}
	g := newGatherer()
	switch {
	case framed:
		g.frames(body)
	case !utf8.Valid(body):
		return rawTexts(body)
	case body[0] == '[' && joined && usable(body):
		g.array(body)
	case (body[0] == '{' || body[0] == '[' || body[0] == '"') && usable(body):
		g.walk(gjson.ParseBytes(body), "", false)
	case isSSE(body):
		g.sse(body)
	case body[0] == '{' && usable(firstLine(body)):
		g.lines(body, joined)
	case body[0] == '{' || body[0] == '[':
		g.loose(string(body)) // cut off, or nested deeper than anything that was said
	default:
		g.add(string(body))
	}
	return g.texts()
}

// maxDepth is how deep JSON may be nested to be taken apart by its structure.
const maxDepth = 64

// usable reports whether data is valid JSON that is not nested too deeply. The depth is
// looked at first: the check of validity recurses.
func usable(data []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return gjson.ValidBytes(data)
}

// machine are the keys whose values are words of machines, outside of what a model or a
// person put in.
var machine = map[string]bool{
	"id": true, "item_id": true, "event_id": true, "response_id": true, "previous_response_id": true, "responseId": true,
	"object": true, "type": true, "role": true, "model": true, "modelVersion": true, "status": true, "phase": true,
	"finish_reason": true, "finishReason": true, "native_finish_reason": true, "done_reason": true, "stop_reason": true, "system_fingerprint": true, "service_tier": true,
	"obfuscation": true, "p": true, "signature": true, "thoughtSignature": true, "thought_signature": true, "encrypted_content": true,
	"tool_call_id": true, "tool_use_id": true, "call_id": true, "mimeType": true, "media_type": true, "mime_type": true,
	"trafficType": true, "encoding_format": true, "created_at": true, "createTime": true,
}

// payload reports whether a key holds what a model or a person put in, whatever its
// keys are called: arguments and results of tools, and metadata.
func payload(key string, v gjson.Result) bool {
	switch key {
	case "args", "arguments", "functionResponse", "function_response", "metadata":
		return true
	case "input": // of a tool's use; the input of a request is no object
		return v.IsObject()
	}
	return false
}

// walk takes every string value below v. within says that v lies in a payload.
func (g *gatherer) walk(v gjson.Result, key string, within bool) {
	if g.full() {
		return
	}
	switch {
	case !within && key == "logprobs": // tokens of the answer, and others that were not given
	case v.Type == gjson.String:
		if !within && machine[key] {
			return
		}
		g.value(v.String())
	case v.IsObject():
		v.ForEach(func(k, x gjson.Result) bool {
			name := k.String()
			g.walk(x, name, within || payload(name, x))
			return !g.full()
		})
	case v.IsArray():
		v.ForEach(func(_, x gjson.Result) bool {
			g.walk(x, key, within)
			return !g.full()
		})
	}
}

// value takes a text, and what is in it where it is JSON with escapes: without any, its
// parts are found in it as it is.
func (g *gatherer) value(s string) {
	g.add(s)
	t := strings.TrimSpace(s)
	if len(t) < 2 || t[0] != '{' && t[0] != '[' || !strings.ContainsRune(t, '\\') {
		return
	}
	if usable([]byte(t)) {
		inner := gjson.Parse(t)
		inner.ForEach(func(_, x gjson.Result) bool {
			g.nested(x)
			return !g.full()
		})
	}
}

// nested is walk for JSON in a text, which is not looked for in itself again.
func (g *gatherer) nested(v gjson.Result) {
	switch {
	case v.Type == gjson.String:
		g.add(v.String())
	case v.IsObject() || v.IsArray():
		v.ForEach(func(_, x gjson.Result) bool {
			g.nested(x)
			return !g.full()
		})
	}
}

// loose takes the string values of what is JSON in parts only: texts in quotes that no
// colon follows, but for those of machines.
func (g *gatherer) loose(s string) {
	key := ""
	for !g.full() {
		start := strings.IndexByte(s, '"')
		if start < 0 {
			return
		}
		end := start + 1
		for end < len(s) && s[end] != '"' {
			if s[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(s))
		text := s[start:end]
		s = s[min(end+1, len(s)):]
		if rest := strings.TrimLeft(s, " \t\r\n"); strings.HasPrefix(rest, ":") {
			key = text[1:]
			continue
		}
		if !machine[key] {
			g.value(gjson.Parse(text + `"`).String())
		}
	}
}

// minRun is the fewest bytes of a text in binary data.
const minRun = 4

// rawTexts returns the texts in binary data, such as a protobuf message: runs of valid
// UTF-8 without control characters, and what is in them where they are JSON.
func rawTexts(data []byte) []string {
	g := newGatherer()
	for len(data) > 0 && !g.full() {
		n, after := run(data)
		if n >= minRun {
			g.found(string(data[:n]))
		}
		data = data[n+after:]
	}
	return g.texts()
}

// run returns the length of the text at the start of data, and of what ends it.
func run(data []byte) (n, after int) {
	for n < len(data) {
		r, size := utf8.DecodeRune(data[n:])
		if r == utf8.RuneError && size <= 1 || r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			return n, size
		}
		n += size
	}
	return n, 0
}

// found takes a text out of binary data. Before it can stand a byte or two of the
// format that look like text.
func (g *gatherer) found(s string) {
	g.add(s)
	i := strings.IndexAny(s[:min(len(s), 8)], "{[")
	if i >= 0 && strings.ContainsRune(s, '\\') {
		g.loose(s[i:])
	}
}
