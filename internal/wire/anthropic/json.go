package anthropic

import (
	"encoding/json"
	"unicode/utf8"

	"github.com/bytedance/sonic"
	"github.com/tidwall/gjson"
)

// parse returns body as a JSON object, or ok false. sonic.Valid bounds the depth
// of nesting, which gjson's own check does not.
func parse(body []byte) (obj gjson.Result, ok bool) {
	if !sonic.Valid(body) || !gjson.ValidBytes(body) || !utf8.Valid(body) {
		return gjson.Result{}, false
	}
	obj = gjson.ParseBytes(body)
	return obj, obj.IsObject()
}

// rawOf copies a value's JSON text.
func rawOf(v gjson.Result) json.RawMessage { return json.RawMessage(v.Raw) }

// object is a JSON object taken apart in one pass. The first of equal keys wins.
type object []field

type field struct {
	key string
	val gjson.Result
}

// fieldsOf takes v apart; what is no object has no fields. Fields that are null
// count as absent.
func fieldsOf(v gjson.Result) object {
	if !v.IsObject() {
		return nil
	}
	o := make(object, 0, 6)
	v.ForEach(func(key, val gjson.Result) bool {
		if val.Type != gjson.Null {
			o = append(o, field{key.Str, val})
		}
		return true
	})
	return o
}

// get returns the value of key, which does not exist where the object lacks it.
func (o object) get(key string) gjson.Result {
	for i := range o {
		if o[i].key == key {
			return o[i].val
		}
	}
	return gjson.Result{}
}

func isObject(s string) bool { return gjson.Parse(s).IsObject() }

func given(v gjson.Result) bool { return v.Exists() && v.Type != gjson.Null }

// validObject reports whether s is the JSON text of an object.
func validObject(s string) bool {
	return sonic.ValidString(s) && isObject(s)
}

const hex = "0123456789abcdef"

// appendString appends s as a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, s[start:i]...)
				dst = append(dst, "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// textLen is the number of bytes that the JSON string at the start of raw (its
// opening quote included) stands for, counted without decoding it.
func textLen(raw []byte) int64 {
	var n int64
	for i := 1; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			return n
		case '\\':
			i++
			if i < len(raw) && raw[i] == 'u' {
				w, skip := escapeLen(raw[i+1:])
				n += w
				i += skip
				continue
			}
			n++
		default:
			n++
		}
	}
	return n
}

// escapeLen is the length in UTF-8 of the character whose four hex digits lead
// raw, and how many bytes of raw it takes; a surrogate pair counts once.
func escapeLen(raw []byte) (width int64, skip int) {
	if len(raw) < 4 {
		return 0, len(raw)
	}
	switch c := raw[0]; {
	case raw[0] == '0' && raw[1] == '0' && raw[2] < '8':
		return 1, 4
	case raw[0] == '0' && raw[1] < '8':
		return 2, 4
	case (c == 'd' || c == 'D') && raw[1] >= '8' && len(raw) >= 10 && raw[4] == '\\':
		return 4, 10
	}
	return 3, 4
}
