package openai

import (
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// The walk over JSON that is known to be valid. It finds the end of a string by
// its quote, many bytes at a time, where gjson looks at every byte of a prompt
// once for each level above it. The Str of its results is not unescaped: see text.

// each calls f for each element of a list, until f returns false. What is no list
// has none.
func each(v gjson.Result, f func(v gjson.Result) bool) {
	if !v.IsArray() {
		return
	}
	s := v.Raw
	for i := between(s, 1); i < len(s) && s[i] != ']'; i = between(s, i) {
		end := skip(s, i)
		if end == i || !f(valueOf(s[i:end])) {
			return
		}
		i = end
	}
}

// fields calls f for each field of an object, until f returns false. What is no
// object has none.
func fields(v gjson.Result, f func(name string, v gjson.Result) bool) {
	if !v.IsObject() {
		return
	}
	s := v.Raw
	for i := between(s, 1); i < len(s) && s[i] == '"'; i = between(s, i) {
		end := stringEnd(s, i)
		name := text(gjson.Result{Type: gjson.String, Raw: s[i:end]})
		i = between(s, end)
		if i >= len(s) {
			return
		}
		end = skip(s, i)
		if end == i || !f(name, valueOf(s[i:end])) {
			return
		}
		i = end
	}
}

// get returns the last field of v with the name; where there is none, a result
// that does not exist.
func get(v gjson.Result, name string) gjson.Result {
	var found gjson.Result
	fields(v, func(k string, v gjson.Result) bool {
		if k == name {
			found = v
		}
		return true
	})
	return found
}

// between returns the first position from i on that is neither white space nor a
// comma or colon.
func between(s string, i int) int {
	for i < len(s) && (s[i] <= ' ' || s[i] == ',' || s[i] == ':') {
		i++
	}
	return i
}

// skip returns the end of the value at i.
func skip(s string, i int) int {
	switch s[i] {
	case '"':
		return stringEnd(s, i)
	case '{', '[':
		return nestEnd(s, i)
	}
	for i < len(s) && s[i] > ' ' && s[i] != ',' && s[i] != '}' && s[i] != ']' {
		i++
	}
	return i
}

// stringEnd returns the position after the string that begins at i: a quote with
// an even number of backslashes before it.
func stringEnd(s string, i int) int {
	for at := i + 1; ; {
		n := strings.IndexByte(s[at:], '"')
		if n < 0 {
			return len(s)
		}
		at += n + 1
		escapes := 0
		for k := at - 2; k > i && s[k] == '\\'; k-- {
			escapes++
		}
		if escapes%2 == 0 {
			return at
		}
	}
}

// nestEnd returns the position after the object or list that begins at i.
func nestEnd(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch s[i] {
		case '"':
			i = stringEnd(s, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return len(s)
}

// valueOf returns the value whose bytes are raw, which is not empty.
func valueOf(raw string) gjson.Result {
	v := gjson.Result{Raw: raw}
	switch raw[0] {
	case '"':
		v.Type = gjson.String
		if len(raw) >= 2 {
			v.Str = raw[1 : len(raw)-1]
		}
	case '{', '[':
		v.Type = gjson.JSON
	case 't':
		v.Type = gjson.True
	case 'f':
		v.Type = gjson.False
	case 'n':
		v.Type = gjson.Null
	default:
		v.Type = gjson.Number
		v.Num, _ = strconv.ParseFloat(raw, 64) // out of range is infinite
	}
	return v
}
