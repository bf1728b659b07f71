package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unsafe"

	"github.com/bytedance/sonic"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/steward-llmops/steward/internal/fault"
)

// asked is what the call path needs to know of a JSON request, read in one pass
// over its top level without decoding the rest.
type asked struct {
	model       string
	modelAt     span // the value's bytes, quotes included; zero: there is none
	stream      bool
	hasUsage    bool // stream_options.include_usage is set to true
	hasOptions  bool // stream_options is there
	maxTokens   int64
	choices     int64 // n; 0: not said
	user        string
	serviceTier string
}

type span struct{ from, to int }

// scan reads the top level of a JSON object. A name that says where the call goes
// ("model", "stream") may stand there once only, however it is written: upstreams
// differ in which of two they believe, so two are refused.
func scan(body []byte) (a asked, err error) {
	if !sonic.Valid(body) {
		return a, invalidJSON(body)
	}
	text := unsafe.String(unsafe.SliceData(body), len(body))
	root := gjson.Parse(text)
	if !root.IsObject() {
		return a, fault.New(fault.Invalid, "invalid_json", "the request body is not a JSON object")
	}
	seen := 0
	root.ForEach(func(key, value gjson.Result) bool {
		switch name := key.Str; {
		case strings.EqualFold(name, "model"):
			if name != "model" || a.modelAt.to > 0 {
				err = ambiguous("model")
				return false
			}
			from := offset(text, value.Raw)
			a.model, a.modelAt = strings.Clone(value.Str), span{from, from + len(value.Raw)}
			if value.Type != gjson.String {
				err = fault.New(fault.Invalid, "invalid_model", "model is not a string").At("model")
				return false
			}
		case strings.EqualFold(name, "stream"):
			if seen++; name != "stream" || seen > 1 {
				err = ambiguous("stream")
				return false
			}
			a.stream = value.Type == gjson.True
		case name == "stream_options":
			a.hasOptions = value.IsObject()
			a.hasUsage = value.Get("include_usage").Type == gjson.True
		case name == "max_tokens", name == "max_completion_tokens", name == "max_output_tokens":
			a.maxTokens = max(a.maxTokens, value.Int())
		case name == "n":
			a.choices = value.Int()
		case name == "user":
			a.user = strings.Clone(value.Str)
		case name == "service_tier":
			a.serviceTier = strings.Clone(value.Str)
		}
		return true
	})
	return a, err
}

func ambiguous(name string) *fault.Error {
	return fault.New(fault.Invalid, "ambiguous_request", "%q stands more than once in the request, or in another spelling", name).
		At(name).Hinted("send it once, in lower case")
}

// offset returns where part lies in text, of which it is a slice.
func offset(text, part string) int {
	return int(uintptr(unsafe.Pointer(unsafe.StringData(part))) - uintptr(unsafe.Pointer(unsafe.StringData(text))))
}

// invalidJSON says where a body stops being JSON.
func invalidJSON(body []byte) error {
	f := fault.New(fault.Invalid, "invalid_json", "the request body is not valid JSON").Hinted("send a JSON object in UTF-8")
	if len(bytes.TrimSpace(body)) == 0 {
		f.Message = "the request body is empty"
		return f
	}
	var into any
	var syntax *json.SyntaxError
	if err := json.Unmarshal(body, &into); errors.As(err, &syntax) {
		at := min(int(syntax.Offset), len(body))
		line := 1 + bytes.Count(body[:at], []byte{'\n'})
		column := at - bytes.LastIndexByte(body[:at], '\n') - 1
		f.Message = "the request body is not valid JSON at line " + strconv.Itoa(line) + ", column " + strconv.Itoa(column) + " (byte " + strconv.Itoa(at) + ")"
	}
	return f
}

// patchModel returns the body with the model's value replaced, every other byte
// as it was. It may write into buf, whose content is not needed.
func patchModel(buf, body []byte, a *asked, model string) []byte {
	if a.model == model {
		return body
	}
	quoted, err := json.Marshal(model)
	if err != nil {
		return body // a string always marshals
	}
	out := append(buf[:0], body[:a.modelAt.from]...)
	out = append(out, quoted...)
	return append(out, body[a.modelAt.to:]...)
}

// askUsage returns the body with stream_options.include_usage set, so that a
// stream can be metered.
func askUsage(body []byte, a *asked) []byte {
	if a.hasOptions {
		if out, err := sjson.SetRawBytes(body, "stream_options.include_usage", []byte("true")); err == nil {
			return out
		}
		return body
	}
	at := bytes.IndexByte(body, '{') + 1
	const option = `"stream_options":{"include_usage":true},`
	if len(bytes.TrimSpace(body[at:])) > 0 && bytes.TrimSpace(body[at:])[0] == '}' {
		return body
	}
	out := make([]byte, 0, len(body)+len(option))
	out = append(out, body[:at]...)
	out = append(out, option...)
	return append(out, body[at:]...)
}
