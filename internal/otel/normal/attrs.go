package normal

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
)

// attrs gives the attributes of one thing by name. Of a name that stands twice, the
// last counts, as it would in the application.
type attrs struct {
	n    *reader
	list []*commonpb.KeyValue
	by   map[string]*commonpb.AnyValue
}

func newAttrs(n *reader, list []*commonpb.KeyValue) *attrs {
	a := &attrs{n: n, list: list, by: make(map[string]*commonpb.AnyValue, len(list))}
	for _, kv := range list {
		if kv.GetValue().GetValue() != nil {
			a.by[kv.GetKey()] = kv.GetValue()
		}
	}
	return a
}

// has reports whether one of the names has a value that is not empty.
func (a *attrs) has(names ...string) bool { return a.text(names...) != "" }

// text returns the first of the names that is not empty, as text: strings as they
// are, other scalars in decimal, and the rest as JSON.
func (a *attrs) text(names ...string) string {
	for _, name := range names {
		if v, ok := a.by[name]; ok {
			if s := textOf(v); strings.TrimSpace(s) != "" {
				return s
			}
		}
	}
	return ""
}

// word is text, trimmed, without the quotes that some emitters put round a string,
// and no longer than a name may be.
func (a *attrs) word(names ...string) string {
	for _, name := range names {
		v, ok := a.by[name]
		if !ok {
			continue
		}
		if s := strings.TrimSpace(unquote(strings.TrimSpace(textOf(v)))); s != "" && s != "null" && s != "{}" && s != "[]" {
			return a.n.clip(s, a.n.limits.Name)
		}
	}
	return ""
}

// count returns the first of the names that is a quantity. Those that are none are
// left out and counted.
func (a *attrs) count(names ...string) (int64, bool) {
	for _, name := range names {
		v, ok := a.by[name]
		if !ok {
			continue
		}
		f, ok := floatOf(v)
		if !ok {
			if strings.TrimSpace(textOf(v)) != "" {
				a.n.cut.Figures++
			}
			continue
		}
		if n, ok := a.n.quantity(f); ok {
			return n, true
		}
	}
	return 0, false
}

// float returns the first of the names that is a finite number.
func (a *attrs) float(names ...string) (float64, bool) {
	for _, name := range names {
		v, ok := a.by[name]
		if !ok {
			continue
		}
		if f, ok := floatOf(v); ok && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f, true
		}
		if strings.TrimSpace(textOf(v)) != "" {
			a.n.cut.Figures++
		}
	}
	return 0, false
}

// truth reports whether one of the names is true.
func (a *attrs) truth(names ...string) bool {
	for _, name := range names {
		if v, ok := a.by[name]; ok {
			switch x := v.GetValue().(type) {
			case *commonpb.AnyValue_BoolValue:
				if x.BoolValue {
					return true
				}
			case *commonpb.AnyValue_StringValue:
				if strings.EqualFold(x.StringValue, "true") {
					return true
				}
			case *commonpb.AnyValue_IntValue:
				if x.IntValue == 1 {
					return true
				}
			}
		}
	}
	return false
}

// words returns the first of the names that holds texts: an array, a JSON array in a
// string, or a list with commas.
func (a *attrs) words(names ...string) []string {
	for _, name := range names {
		v, ok := a.by[name]
		if !ok {
			continue
		}
		if list := wordsOf(v); len(list) > 0 {
			return list
		}
	}
	return nil
}

func wordsOf(v *commonpb.AnyValue) []string {
	var list []string
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	if arr := v.GetArrayValue(); arr != nil {
		for _, e := range arr.GetValues() {
			add(textOf(e))
		}
		return list
	}
	s := strings.TrimSpace(textOf(v))
	if strings.HasPrefix(s, "[") && wellFormed(s) {
		var parsed []any
		if json.Unmarshal([]byte(s), &parsed) == nil {
			for _, e := range parsed {
				if t, ok := e.(string); ok {
					add(t)
				}
			}
			return list
		}
	}
	for part := range strings.SplitSeq(unquote(s), ",") {
		add(part)
	}
	return list
}

// quantity takes f for a count: whole, not negative, and small enough to be exact.
func (n *reader) quantity(f float64) (int64, bool) {
	if math.IsNaN(f) || f < 0 || f > 1<<53 {
		n.cut.Figures++
		return 0, false
	}
	return int64(math.Round(f)), true
}

// textOf writes a value as text: strings as they are, the rest as JSON would.
func textOf(v *commonpb.AnyValue) string {
	switch x := v.GetValue().(type) {
	case nil:
		return ""
	case *commonpb.AnyValue_StringValue:
		return x.StringValue
	}
	return string(appendJSON(nil, v))
}

// floatOf reads a number, or a text that is one.
func floatOf(v *commonpb.AnyValue) (float64, bool) {
	switch x := v.GetValue().(type) {
	case *commonpb.AnyValue_IntValue:
		return float64(x.IntValue), true
	case *commonpb.AnyValue_DoubleValue:
		return x.DoubleValue, true
	case *commonpb.AnyValue_StringValue:
		f, err := strconv.ParseFloat(strings.TrimSpace(unquote(strings.TrimSpace(x.StringValue))), 64)
		return f, err == nil
	}
	return 0, false
}

// unquote takes away the quotes of a JSON string.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		var t string
		if json.Unmarshal([]byte(s), &t) == nil {
			return t
		}
	}
	return s
}

// appendJSON writes a value as JSON. Bytes are base64, and numbers that JSON does not
// have are null. The value's nesting is bounded before.
func appendJSON(b []byte, v *commonpb.AnyValue) []byte {
	switch x := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return appendString(b, x.StringValue)
	case *commonpb.AnyValue_BoolValue:
		return strconv.AppendBool(b, x.BoolValue)
	case *commonpb.AnyValue_IntValue:
		return strconv.AppendInt(b, x.IntValue, 10)
	case *commonpb.AnyValue_DoubleValue:
		if math.IsNaN(x.DoubleValue) || math.IsInf(x.DoubleValue, 0) {
			return append(b, "null"...)
		}
		return strconv.AppendFloat(b, x.DoubleValue, 'g', -1, 64)
	case *commonpb.AnyValue_BytesValue:
		return appendString(b, base64.StdEncoding.EncodeToString(x.BytesValue))
	case *commonpb.AnyValue_ArrayValue:
		b = append(b, '[')
		for i, e := range x.ArrayValue.GetValues() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, e)
		}
		return append(b, ']')
	case *commonpb.AnyValue_KvlistValue:
		b = append(b, '{')
		for i, kv := range x.KvlistValue.GetValues() {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, kv.GetKey()), ':')
			b = appendJSON(b, kv.GetValue())
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

// appendString writes a JSON string, leaving <, > and & as they are.
func appendString(b []byte, s string) []byte {
	var w strings.Builder
	enc := json.NewEncoder(&w)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil { // of strings, it never fails
		return append(b, `""`...)
	}
	return append(b, strings.TrimSuffix(w.String(), "\n")...)
}

// deepest is the nesting of a JSON document that is looked into.
const deepest = 200

// wellFormed reports whether s is one JSON document that is not nested absurdly.
func wellFormed(s string) bool {
	depth, inText := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			if depth++; depth > deepest {
				return false
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return json.Valid([]byte(s))
}
