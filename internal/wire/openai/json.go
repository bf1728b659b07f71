package openai

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/bytedance/sonic"
	"github.com/tidwall/gjson"
)

// parse returns the JSON value in data, and false where there is none. The value
// does not refer to data.
func parse(data []byte) (gjson.Result, bool) {
	if !sonic.Valid(data) {
		return gjson.Result{}, false
	}
	return gjson.ParseBytes(data), true
}

// view returns data as a string without copying it.
func view(data []byte) string { return unsafe.String(unsafe.SliceData(data), len(data)) }

// text returns the text of a JSON string, "" of anything else. It does not use
// gjson's Str, which ends at a raw control character and at an unknown escape:
// some servers send these, and no text may be lost.
func text(v gjson.Result) string {
	if v.Type != gjson.String || len(v.Raw) < 2 {
		return ""
	}
	inner := v.Raw[1 : len(v.Raw)-1]
	if strings.IndexByte(inner, '\\') < 0 {
		return inner
	}
	return unescape(inner)
}

// unescape decodes the inside of a JSON string. What is no known escape stays as
// it is; half a surrogate pair becomes U+FFFD.
func unescape(s string) string {
	out := make([]byte, 0, len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i+1 == len(s) {
			return string(append(out, s...))
		}
		out = append(out, s[:i]...)
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, ok := hex4(s)
			if !ok {
				out = append(out, '\\', 'u')
				continue
			}
			s = s[4:]
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if strings.HasPrefix(s, `\u`) {
					if low, ok := hex4(s[2:]); ok {
						pair = utf16.DecodeRune(r, low)
					}
				}
				if pair != utf8.RuneError {
					s = s[6:]
				}
				r = pair
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, '\\', c)
		}
	}
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:4], 16, 16)
	return rune(n), err == nil
}

// whole returns a JSON number without a fraction ("100", "100.0", "1e3").
func whole(v gjson.Result) (int64, bool) {
	if v.Type != gjson.Number {
		return 0, false
	}
	if n, err := strconv.ParseInt(v.Raw, 10, 64); err == nil {
		return n, true
	}
	f := v.Num
	if f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// count returns a number of things: never negative, rounded down, 0 where v is
// no number. Strings of digits count, because some servers quote numbers.
func count(v gjson.Result) int64 {
	if v.Type == gjson.String {
		n, err := strconv.ParseInt(v.Str, 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	if v.Type != gjson.Number {
		return 0
	}
	if n, err := strconv.ParseInt(v.Raw, 10, 64); err == nil {
		return max(n, 0)
	}
	if v.Num > 0 && v.Num < 1<<53 {
		return int64(v.Num)
	}
	return 0
}

// raw returns v's own bytes, as JSON that anybody can read: some servers leave
// control characters and backslashes in strings unescaped.
func raw(v gjson.Result) []byte {
	if gjson.Valid(v.Raw) {
		return []byte(v.Raw)
	}
	out := make([]byte, 0, len(v.Raw)+16)
	quoted := false
	for i := 0; i < len(v.Raw); i++ {
		c := v.Raw[i]
		switch {
		case quoted && c < 0x20:
			out = append(out, `\u00`...)
			out = append(out, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
			continue
		case quoted && c == '\\' && i+1 < len(v.Raw) && strings.IndexByte(`"\/bfnrtu`, v.Raw[i+1]) >= 0:
			out = append(out, c)
			i++
			c = v.Raw[i]
		case quoted && c == '\\':
			out = append(out, c)
		case c == '"':
			quoted = !quoted
		}
		out = append(out, c)
	}
	if !gjson.ValidBytes(out) { // beyond mending: its text, as a string
		text, err := json.Marshal(v.Raw)
		if err != nil {
			return []byte("null")
		}
		return text
	}
	return out
}

// blank reports whether data is nothing but white space.
func blank(data []byte) bool { return len(bytes.TrimSpace(data)) == 0 }

const hexDigits = "0123456789abcdef"

// quote appends s as a JSON string: escaped where JSON demands it and nowhere
// else, as OpenAI does. Bytes that are no UTF-8 become U+FFFD.
func quote(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += n
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
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}
