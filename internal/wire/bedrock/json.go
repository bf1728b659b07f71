package bedrock

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/bytedance/sonic"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// parse returns body as a JSON object, or ok false.
func parse(body []byte) (obj gjson.Result, ok bool) {
	if !valid(body) || !utf8.Valid(body) {
		return gjson.Result{}, false
	}
	obj = gjson.ParseBytes(body)
	return obj, obj.IsObject()
}

// valid reports whether b is JSON. sonic bounds the depth of nesting, gjson
// refuses control characters within strings; neither does both.
func valid(b []byte) bool { return sonic.Valid(b) && gjson.ValidBytes(b) }

func rawOf(v gjson.Result) json.RawMessage { return json.RawMessage(v.Raw) }

// object is a JSON object taken apart in one pass, without its null fields. The
// first of equal keys wins.
type object []field

type field struct {
	key string
	val gjson.Result
}

// fieldsOf takes v apart; what is no object has no fields.
func fieldsOf(v gjson.Result) object {
	if !v.IsObject() {
		return nil
	}
	o := make(object, 0, 4)
	v.ForEach(func(key, val gjson.Result) bool {
		if val.Type != gjson.Null {
			o = append(o, field{key.String(), val})
		}
		return true
	})
	return o
}

func (o object) get(key string) gjson.Result {
	for i := range o {
		if o[i].key == key {
			return o[i].val
		}
	}
	return gjson.Result{}
}

// rest adds to unknown the fields of o, a thing called name, that are not among
// those known.
func (o object) rest(unknown *llm.Lost, name string, known ...string) {
	for i := range o {
		if !slices.Contains(known, o[i].key) {
			unknown.Add(name + "." + o[i].key)
		}
	}
}

// list returns the elements of an array, nothing for anything else.
func list(v gjson.Result) []gjson.Result {
	if !v.IsArray() {
		return nil
	}
	return v.Array()
}

func given(v gjson.Result) bool { return v.Exists() && v.Type != gjson.Null }

func isObject(s string) bool { return gjson.Parse(s).IsObject() }

// validObject reports whether s is the JSON text of an object.
func validObject(s string) bool { return sonic.ValidString(s) && gjson.Valid(s) && isObject(s) }

const hex = "0123456789abcdef"

// appendString appends s as a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		size, escape := 1, ""
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && size == 1 {
				escape = "\uFFFD"
			}
		case c == '"':
			escape = `\"`
		case c == '\\':
			escape = `\\`
		case c == '\n':
			escape = `\n`
		case c == '\r':
			escape = `\r`
		case c == '\t':
			escape = `\t`
		case c < ' ':
			escape = `\u00` + string(hex[c>>4]) + string(hex[c&15])
		}
		if escape != "" {
			dst = append(dst, s[start:i]...)
			dst = append(dst, escape...)
			start = i + size
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// textLen is the number of bytes that the JSON string at the start of raw (its
// opening quote included) stands for, counted without decoding it.
func textLen(raw string) (n int64) {
	for i := 1; i < len(raw) && raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
			if i < len(raw) && raw[i] == 'u' {
				width, skip := escapeLen(raw[i+1:])
				n += width
				i += skip
				continue
			}
		}
		n++
	}
	return n
}

// escapeLen is the length in UTF-8 of the character whose four hex digits lead
// raw, and how many bytes of raw it takes; a surrogate pair counts once.
func escapeLen(raw string) (width int64, skip int) {
	switch {
	case len(raw) < 4:
		return 0, len(raw)
	case raw[:2] == "00" && raw[2] < '8':
		return 1, 4
	case raw[0] == '0' && raw[1] < '8':
		return 2, 4
	case (raw[0] == 'd' || raw[0] == 'D') && raw[1] >= '8' && len(raw) >= 10 && raw[4] == '\\':
		return 4, 10
	}
	return 3, 4
}
