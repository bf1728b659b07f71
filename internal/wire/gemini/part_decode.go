package gemini

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// partReader reads parts; one serves a whole message list, so that calls are
// counted and results find their calls.
type partReader struct {
	unknown llm.Lost
	err     *fault.Error // the first fault
	called  bool         // a function call was seen
	made    int          // calls, and results without a call, so far: the position in made ids
	newID   func(n int) string
	open    []llm.ToolCall // calls without a result yet
}

func (r *partReader) fail(f *fault.Error) {
	if r.err == nil {
		r.err = f
	}
}

// text returns the string v; anything else is a fault at the path.
func (r *partReader) text(v gjson.Result, at string) string {
	if v.Type != gjson.String {
		r.fail(wrong(at, "a string"))
	}
	return v.Str
}

// fieldsOf holds what a part object says, before its kind is known.
type fieldsOf struct {
	data      string // the name of the field that holds the part's data
	value     gjson.Result
	thought   bool
	signature string
}

// part reads one part; false means that it holds nothing at all.
func (r *partReader) part(v gjson.Result, at string) (llm.Part, bool) {
	var f fieldsOf
	if !v.IsObject() {
		r.fail(wrong(at, "an object"))
		return llm.Part{}, false
	}
	fields(v, func(name string, x gjson.Result) {
		switch name {
		case "thought":
			f.thought = x.Bool()
		case "thoughtSignature":
			f.signature = r.text(x, at+".thoughtSignature")
		case "videoMetadata", "mediaResolution", "partMetadata":
			r.unknown.Add(name)
		default:
			if f.data == "" {
				f.data, f.value = name, x
			} else {
				r.unknown.Add(name)
			}
		}
	})
	p, ok := r.data(&f, v, at)
	if f.signature != "" && p.Kind != llm.KindReasoning && p.Kind != llm.KindOpaque {
		p.Signature, p.SignatureOf = f.signature, llm.GeminiGenerate
		ok = true
	}
	return p, ok
}

// data reads the part by the field that holds its data.
func (r *partReader) data(f *fieldsOf, whole gjson.Result, at string) (llm.Part, bool) {
	at += "." + f.data
	switch f.data {
	case "", "text":
		text := ""
		if f.data != "" {
			text = r.text(f.value, at)
		}
		if f.thought {
			return llm.Part{Kind: llm.KindReasoning, Text: text, Reasoning: &llm.ReasoningBlock{
				Signature: f.signature, Issuer: llm.GeminiGenerate, Summary: true,
			}}, text != "" || f.signature != ""
		}
		return llm.Part{Kind: llm.KindText, Text: text}, f.data != ""
	case "inlineData":
		return r.blob(f.value, at), true
	case "fileData":
		return r.file(f.value, at), true
	case "functionCall":
		return r.call(f.value, at), true
	case "functionResponse":
		return r.result(f.value, at), true
	}
	return llm.Part{Kind: llm.KindOpaque, Opaque: &llm.Opaque{
		Format: llm.GeminiGenerate, Type: f.data, Raw: compact(whole.Raw),
	}}, true
}

// kindOf says which kind of part a media type makes.
func kindOf(mime string) llm.Kind {
	head, _, _ := strings.Cut(mime, "/")
	switch head {
	case "image":
		return llm.KindImage
	case "audio":
		return llm.KindAudio
	case "video":
		return llm.KindVideo
	}
	return llm.KindDocument
}

func (r *partReader) blob(v gjson.Result, at string) llm.Part {
	m := llm.Media{}
	fields(v, func(name string, f gjson.Result) {
		switch name {
		case "mimeType":
			m.MIME = r.text(f, at+".mimeType")
		case "data":
			m.Data = standardBase64(r.text(f, at+".data"))
		case "displayName":
			m.Name = r.text(f, at+".displayName")
		default:
			r.unknown.Add("inlineData." + name)
		}
	})
	if m.MIME == "" {
		m.MIME = sniff(m.Data)
	}
	if strings.HasPrefix(m.MIME, "text/") && m.Data != "" {
		if b, err := base64.StdEncoding.DecodeString(m.Data); err == nil && utf8.Valid(b) {
			m.Plain, m.Data = string(b), ""
		}
	}
	return llm.Part{Kind: kindOf(m.MIME), Media: &m}
}

func (r *partReader) file(v gjson.Result, at string) llm.Part {
	m := llm.Media{}
	uri := ""
	fields(v, func(name string, f gjson.Result) {
		switch name {
		case "mimeType":
			m.MIME = r.text(f, at+".mimeType")
		case "fileUri":
			uri = r.text(f, at+".fileUri")
		case "displayName":
			m.Name = r.text(f, at+".displayName")
		default:
			r.unknown.Add("fileData." + name)
		}
	})
	if uri == "" {
		r.fail(wrong(at+".fileUri", "a URI"))
	}
	if m.MIME == "" {
		m.MIME = mimeOfURL(uri)
	}
	if googleOnly(uri) {
		m.FileID = uri
	} else {
		m.URL = uri
	}
	return llm.Part{Kind: kindOf(m.MIME), Media: &m}
}

// googleOnly reports that nobody but Google can read uri: an upload of the Files
// API or an object in Cloud Storage.
func googleOnly(uri string) bool {
	return !strings.Contains(uri, "://") || strings.HasPrefix(uri, "gs://") ||
		strings.HasPrefix(uri, "https://generativelanguage.googleapis.com/")
}

func (r *partReader) call(v gjson.Result, at string) llm.Part {
	c := llm.ToolCall{Arguments: "{}"}
	fields(v, func(name string, f gjson.Result) {
		switch name {
		case "id":
			c.ID = r.text(f, at+".id")
		case "name":
			c.Name = r.text(f, at+".name")
		case "args":
			if !f.IsObject() {
				r.fail(wrong(at+".args", "an object"))
				return
			}
			c.Arguments = string(compact(f.Raw))
		default:
			r.unknown.Add("functionCall." + name)
		}
	})
	if c.Name == "" {
		r.fail(wrong(at+".name", "the name of a function"))
	}
	if c.ID == "" && r.newID != nil {
		c.ID = r.newID(r.made)
	}
	r.made++
	r.called = true
	r.open = append(r.open, c)
	return llm.Part{Kind: llm.KindToolCall, Call: &c}
}

func (r *partReader) result(v gjson.Result, at string) llm.Part {
	res := llm.ToolResult{}
	fields(v, func(name string, f gjson.Result) {
		switch name {
		case "id":
			res.CallID = r.text(f, at+".id")
		case "name":
			res.Name = r.text(f, at+".name")
		case "response":
			if !f.IsObject() {
				r.fail(wrong(at+".response", "an object"))
				return
			}
			text, isError := outputOf(f)
			res.Parts = append([]llm.Part{{Kind: llm.KindText, Text: text}}, res.Parts...)
			res.IsError = isError
		case "parts":
			each(f, func(_ int, e gjson.Result) {
				if p, ok := r.part(e, at+".parts"); ok {
					res.Parts = append(res.Parts, p)
				}
			})
		default:
			r.unknown.Add("functionResponse." + name)
		}
	})
	r.tie(&res)
	if res.Name == "" {
		r.fail(wrong(at+".name", "the name of the function that was called"))
	}
	return llm.Part{Kind: llm.KindToolResult, Result: &res}
}

// tie finds the call that a result answers: by id, else the first open call of
// the name, and fills in the name or id that is missing.
func (r *partReader) tie(res *llm.ToolResult) {
	for i, c := range r.open {
		if res.CallID != "" && c.ID == res.CallID || res.CallID == "" && c.Name == res.Name {
			res.CallID = c.ID
			if res.Name == "" {
				res.Name = c.Name
			}
			r.open = append(r.open[:i], r.open[i+1:]...)
			return
		}
	}
	if res.CallID == "" && r.newID != nil {
		res.CallID = r.newID(r.made)
		r.made++
	}
}

// outputOf reads a function's response. Google's convention is {"output": ...}
// for a result and {"error": ...} for a failure; a lone text under either is the
// text, any other object is its own JSON.
func outputOf(v gjson.Result) (text string, isError bool) {
	n := 0
	var key string
	var only gjson.Result
	v.ForEach(func(k, f gjson.Result) bool {
		n++
		key, only = k.Str, f
		return n < 2
	})
	if n == 1 && (key == "output" || key == "error") {
		if only.Type == gjson.String && !isObject(only.Str) {
			return only.Str, key == "error"
		}
		if key == "error" && only.IsObject() {
			return string(compact(only.Raw)), true
		}
	}
	return string(compact(v.Raw)), false
}

// responseOf is the inverse of outputOf.
func responseOf(text string, isError bool) json.RawMessage {
	object := isObject(text)
	if object && !isError {
		return compact(text)
	}
	var value any = text
	if object {
		value = compact(text)
	}
	key := "output"
	if isError {
		key = "error"
	}
	b, err := writer.Marshal(map[string]any{key: value})
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return b
}

// standardBase64 turns either base64 alphabet, padded or not, into the standard
// one with padding: the protobuf JSON mapping accepts both.
func standardBase64(s string) string {
	if strings.ContainsAny(s, "-_") {
		s = strings.NewReplacer("-", "+", "_", "/").Replace(s)
	}
	if n := len(s) % 4; n > 1 && !strings.HasSuffix(s, "=") {
		s += "=="[:4-n]
	}
	return s
}
