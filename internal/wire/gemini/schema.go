package gemini

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// openAPIKeys are the keywords of Google's Schema message, an OpenAPI 3.0 subset,
// that a JSON schema may use without a loss. "default" and "examples" are handled
// apart.
var openAPIKeys = map[string]bool{
	"type": true, "format": true, "title": true, "description": true, "enum": true,
	"items": true, "minItems": true, "maxItems": true, "properties": true, "required": true,
	"minProperties": true, "maxProperties": true, "minLength": true, "maxLength": true,
	"pattern": true, "anyOf": true, "default": true, "minimum": true, "maximum": true,
}

// openAPIFormats are the formats that the Schema message knows.
var openAPIFormats = map[string]bool{
	"float": true, "double": true, "int32": true, "int64": true, "date-time": true,
}

var schemaTypes = map[string]string{
	"string": "STRING", "number": "NUMBER", "integer": "INTEGER", "boolean": "BOOLEAN",
	"array": "ARRAY", "object": "OBJECT", "null": "NULL",
}

// int64Keys may be strings, by the protobuf JSON mapping.
var int64Keys = map[string]bool{
	"minItems": true, "maxItems": true, "minLength": true, "maxLength": true,
	"minProperties": true, "maxProperties": true,
}

// object writes a JSON object field by field, in order.
type object struct {
	buf bytes.Buffer
}

func (o *object) add(key string, raw []byte) {
	if o.buf.Len() == 0 {
		o.buf.WriteByte('{')
	} else {
		o.buf.WriteByte(',')
	}
	o.buf.Write(quoted(key))
	o.buf.WriteByte(':')
	o.buf.Write(raw)
}

func (o *object) bytes() json.RawMessage {
	if o.buf.Len() == 0 {
		return json.RawMessage("{}")
	}
	o.buf.WriteByte('}')
	return o.buf.Bytes()
}

func quoted(s string) []byte {
	b, err := writer.Marshal(s)
	if err != nil {
		return []byte(`""`)
	}
	return b
}

// array writes the elements of v, each through convert.
func array(v gjson.Result, convert func(gjson.Result) json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('[')
	each(v, func(i int, e gjson.Result) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(convert(e))
	})
	b.WriteByte(']')
	return b.Bytes()
}

// mapped writes the object v with each value through convert.
func mapped(v gjson.Result, convert func(gjson.Result) json.RawMessage) json.RawMessage {
	var o object
	v.ForEach(func(k, e gjson.Result) bool {
		o.add(k.Str, convert(e))
		return true
	})
	return o.bytes()
}

// fromOpenAPI turns a Schema message into a JSON schema: types in lower case,
// nullable as a type, properties in the order of propertyOrdering.
func fromOpenAPI(v gjson.Result) json.RawMessage {
	if !v.IsObject() {
		return compact(v.Raw)
	}
	nullable := field(v, "nullable").Bool()
	order := field(v, "propertyOrdering")
	var o object
	typed := false
	fields(v, func(name string, f gjson.Result) {
		switch {
		case name == "nullable" || name == "propertyOrdering":
		case name == "type":
			typed = addType(&o, f, nullable)
		case name == "format" && f.Str == "enum":
		case name == "example":
			o.add("examples", append(append([]byte{'['}, compact(f.Raw)...), ']'))
		case name == "items" || name == "additionalProperties":
			o.add(name, fromOpenAPI(f))
		case name == "anyOf":
			o.add(name, anyOf(f, nullable))
			typed = true
		case name == "properties" && f.IsObject():
			o.add(name, mapped(ordered(f, order), fromOpenAPI))
		case (name == "defs" || name == "$defs") && f.IsObject():
			o.add("$defs", mapped(f, fromOpenAPI))
		case name == "ref":
			o.add("$ref", quoted(strings.Replace(f.Str, "#/defs/", "#/$defs/", 1)))
		case int64Keys[name]:
			if n, ok := integer(f); ok {
				o.add(name, strconv.AppendInt(nil, n, 10))
			}
		default:
			o.add(name, compact(f.Raw))
		}
	})
	if nullable && !typed {
		return json.RawMessage(`{"anyOf":[` + string(o.bytes()) + `,{"type":"null"}]}`)
	}
	return o.bytes()
}

func addType(o *object, f gjson.Result, nullable bool) bool {
	if f.Type != gjson.String || f.Str == "TYPE_UNSPECIFIED" {
		return false
	}
	word := quoted(strings.ToLower(f.Str))
	if nullable && f.Str != "NULL" {
		word = append(append([]byte("["), word...), `,"null"]`...)
	}
	o.add("type", word)
	return true
}

func anyOf(f gjson.Result, nullable bool) json.RawMessage {
	list := array(f, fromOpenAPI)
	if nullable && !bytes.Contains(list, []byte(`{"type":"null"}`)) {
		list = append(list[:len(list)-1], `,{"type":"null"}]`...)
		list = bytes.Replace(list, []byte("[,"), []byte("["), 1)
	}
	return list
}

// ordered returns the object v with the keys that order names first.
func ordered(v, order gjson.Result) gjson.Result {
	if !order.IsArray() || !v.IsObject() {
		return v
	}
	values := map[string]string{}
	v.ForEach(func(k, f gjson.Result) bool {
		values[k.Str] = f.Raw
		return true
	})
	var o object
	take := func(name string) {
		if raw, ok := values[name]; ok {
			o.add(name, []byte(raw))
			delete(values, name)
		}
	}
	each(order, func(_ int, e gjson.Result) { take(e.Str) })
	v.ForEach(func(k, _ gjson.Result) bool {
		take(k.Str)
		return true
	})
	return gjson.ParseBytes(o.bytes())
}

// fitsOpenAPI reports that the Schema message can say all of the JSON schema v.
func fitsOpenAPI(v gjson.Result, root bool) bool {
	if !v.IsObject() {
		return false
	}
	fits := true
	typ := ""
	v.ForEach(func(k, f gjson.Result) bool {
		switch key := k.Str; {
		case key == "type":
			typ = typeWord(f)
			fits = typ != ""
		case key == "format":
			fits = openAPIFormats[f.Str]
		case key == "enum":
			each(f, func(_ int, e gjson.Result) { fits = fits && e.Type == gjson.String })
		case key == "items":
			fits = fitsOpenAPI(f, false)
		case key == "anyOf":
			each(f, func(_ int, e gjson.Result) { fits = fits && fitsOpenAPI(e, false) })
		case key == "properties":
			n := 0
			f.ForEach(func(_, e gjson.Result) bool {
				n++
				fits = fits && fitsOpenAPI(e, false)
				return fits
			})
			fits = fits && n > 0
		case key == "examples":
			fits = f.IsArray() && f.Get("#").Int() == 1
		case dropped(key):
		case int64Keys[key]:
			_, fits = integer(f)
		default:
			fits = openAPIKeys[key]
		}
		return fits
	})
	if typ == "OBJECT" && !v.Get("properties").Exists() {
		return false // the message wants its objects to have properties
	}
	return fits && typ != "" || fits && !root && v.Get("anyOf").Exists()
}

// typeWord returns the one type of v but null, in Google's word; empty if there
// is not exactly one.
func typeWord(v gjson.Result) string {
	if v.Type == gjson.String {
		return schemaTypes[v.Str]
	}
	word := ""
	n := 0
	each(v, func(_ int, e gjson.Result) {
		if e.Str == "null" {
			return
		}
		n++
		word = schemaTypes[e.Str]
	})
	if n != 1 {
		return ""
	}
	return word
}

// dropped says which keywords Google's parsers do not take and nobody misses.
func dropped(key string) bool { return key == "$schema" || key == "$comment" }

// toOpenAPI turns a JSON schema that fits into a Schema message.
func toOpenAPI(v gjson.Result) json.RawMessage {
	var o object
	v.ForEach(func(k, f gjson.Result) bool {
		switch key := k.Str; key {
		case "type":
			o.add(key, quoted(typeWord(f)))
			if f.IsArray() && f.Get(`#(=="null")`).Exists() {
				o.add("nullable", []byte("true"))
			}
		case "items":
			o.add(key, toOpenAPI(f))
		case "anyOf":
			o.add(key, array(f, toOpenAPI))
		case "properties":
			o.add(key, mapped(f, toOpenAPI))
			var names []string
			f.ForEach(func(n, _ gjson.Result) bool {
				names = append(names, n.Str)
				return true
			})
			if b, err := writer.Marshal(names); err == nil && len(names) > 1 {
				o.add("propertyOrdering", b)
			}
		case "examples":
			o.add("example", compact(f.Get("0").Raw))
		default:
			if !dropped(key) {
				o.add(key, compact(f.Raw))
			}
		}
		return true
	})
	return o.bytes()
}

// clean copies a JSON schema without the keywords that Google's parser does not
// take; names of properties are left alone.
func clean(v gjson.Result) json.RawMessage {
	if !v.IsObject() {
		return compact(v.Raw)
	}
	var o object
	v.ForEach(func(k, f gjson.Result) bool {
		switch key := k.Str; {
		case dropped(key):
		case f.IsObject() && (key == "properties" || key == "$defs" || key == "definitions" || key == "patternProperties"):
			o.add(key, mapped(f, clean))
		case f.IsObject() && (key == "items" || key == "additionalProperties" || key == "not"):
			o.add(key, clean(f))
		case f.IsArray() && (key == "anyOf" || key == "oneOf" || key == "allOf" || key == "prefixItems" || key == "items"):
			o.add(key, array(f, clean))
		default:
			o.add(key, compact(f.Raw))
		}
		return true
	})
	return o.bytes()
}

// encodeSchema returns a JSON schema as Google takes it: as a Schema message
// where that says it all, else as JSON schema. Neither means that raw is no
// schema object.
func encodeSchema(raw json.RawMessage) (openAPI, jsonSchema json.RawMessage) {
	if !shallow(raw) || !gjson.ValidBytes(raw) {
		return nil, nil
	}
	v := gjson.ParseBytes(raw)
	switch {
	case !v.IsObject():
		return nil, nil
	case fitsOpenAPI(v, true):
		return toOpenAPI(v), nil
	}
	return nil, clean(v)
}
