package gemini

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/bytedance/sonic"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
)

// maxDepth is how deep JSON may nest; Google's own parser stops at 100.
const maxDepth = 256

// writer marshals without HTML escaping; raw values are compacted, invalid UTF-8
// is replaced, maps are sorted.
var writer = sonic.Config{CompactMarshaler: true, ValidateString: true, SortMapKeys: true}.Froze()

// view parses data without copying it: results must not outlive data.
func view(data []byte) gjson.Result {
	return gjson.Parse(unsafe.String(unsafe.SliceData(data), len(data)))
}

// parse checks that body is one JSON object of bearable depth and returns it; the
// result holds a copy.
func parse(body []byte) (gjson.Result, bool) {
	if !shallow(body) || !gjson.ValidBytes(body) {
		return gjson.Result{}, false
	}
	v := gjson.ParseBytes(body)
	return v, v.IsObject()
}

// shallow reports that body nests at most maxDepth deep, so that what recurses
// over it afterwards cannot exhaust the stack.
func shallow(body []byte) bool {
	depth := 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			n := stringEnd(body[i+1:])
			if n < 0 {
				return true // not JSON; the parser says so
			}
			i += n + 1
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

// stringEnd returns the index of the quote that ends the string that s continues,
// or -1.
func stringEnd(s []byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(s[from:], '"')
		if i < 0 {
			return -1
		}
		i += from
		slashes := 0
		for k := i - 1; k >= 0 && s[k] == '\\'; k-- {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
		from = i + 1
	}
}

// camel turns a proto field name into its JSON name: "inline_data" is "inlineData".
func camel(s string) string {
	if strings.IndexByte(s, '_') < 0 {
		return s
	}
	var b strings.Builder
	up := false
	for i := range len(s) {
		c := s[i]
		if c == '_' && i > 0 {
			up = true
			continue
		}
		if up && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		up = false
		b.WriteByte(c)
	}
	return b.String()
}

// fields calls visit for each field of the object v, by its camelCase name; null
// is the same as absent.
func fields(v gjson.Result, visit func(name string, f gjson.Result)) {
	if !v.IsObject() {
		return
	}
	v.ForEach(func(k, f gjson.Result) bool {
		if f.Type != gjson.Null {
			visit(camel(k.Str), f)
		}
		return true
	})
}

// field returns one field of v by its camelCase name.
func field(v gjson.Result, name string) gjson.Result {
	var found gjson.Result
	fields(v, func(n string, f gjson.Result) {
		if n == name {
			found = f
		}
	})
	return found
}

// each calls visit for every element of a repeated field. A single value stands
// for a list of one, as Google's parser takes it.
func each(v gjson.Result, visit func(i int, e gjson.Result)) {
	if v.Type == gjson.Null {
		return
	}
	if !v.IsArray() {
		visit(0, v)
		return
	}
	i := 0
	v.ForEach(func(_, e gjson.Result) bool {
		visit(i, e)
		i++
		return true
	})
}

// integer reads an int32 or int64: a number, or a string that holds one.
func integer(v gjson.Result) (int64, bool) {
	text := v.Raw
	switch v.Type {
	case gjson.String:
		text = v.Str
	case gjson.Number:
	default:
		return 0, false
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return 0, false
	}
	return int64(f), true
}

// float reads a finite double: a number, or a string that holds one.
func float(v gjson.Result) (float64, bool) {
	text := v.Raw
	switch v.Type {
	case gjson.String:
		text = v.Str
	case gjson.Number:
	default:
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// count reads a number of tokens; what is absent, malformed or negative is 0.
func count(v gjson.Result) int64 {
	n, ok := integer(v)
	if !ok || n < 0 {
		return 0
	}
	return n
}

// isObject reports that text is one JSON object of bearable depth.
func isObject(text string) bool {
	t := strings.TrimLeft(text, " \t\r\n")
	if t == "" || t[0] != '{' {
		return false
	}
	b := unsafe.Slice(unsafe.StringData(text), len(text))
	return shallow(b) && gjson.Valid(text)
}

// compact returns raw JSON without its white space.
func compact(raw string) json.RawMessage {
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(raw)); err != nil {
		return json.RawMessage(raw)
	}
	return b.Bytes()
}

// wrong is the fault of a request field that has the wrong form.
func wrong(at, want string) *fault.Error {
	return fault.New(fault.Invalid, "invalid_request", "%s must be %s", at, want).At(at)
}
