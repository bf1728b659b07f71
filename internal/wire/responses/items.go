package responses

import (
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// item is one item of an input or an output, read in one pass.
type item struct {
	typ, role, id, callID, name   string
	content, arguments, input     gjson.Result
	output, summary, encrypted    gjson.Result
	namespace, phase, whole, acts gjson.Result
	hasRole                       bool
}

func readItem(v gjson.Result) item {
	it := item{whole: v}
	v.ForEach(func(k, v gjson.Result) bool {
		switch k.String() {
		case "type":
			it.typ = v.Str // empty where it is no string
		case "role":
			it.role, it.hasRole = v.String(), true
		case "id":
			it.id = v.String()
		case "call_id":
			it.callID = v.String()
		case "name":
			it.name = v.String()
		case "content":
			it.content = v
		case "arguments":
			it.arguments = v
		case "input":
			it.input = v
		case "output":
			it.output = v
		case "summary":
			it.summary = v
		case "encrypted_content":
			it.encrypted = v
		case "namespace":
			it.namespace = v
		case "phase":
			it.phase = v
		case "action":
			it.acts = v
		}
		return true
	})
	if it.typ == "" && it.hasRole {
		it.typ = "message"
	}
	return it
}

// text returns a string as it is, and anything else as its JSON.
func text(v gjson.Result) string {
	switch v.Type {
	case gjson.Null:
		return ""
	case gjson.String:
		return v.String()
	}
	return v.Raw
}

// call returns the tool call in a function_call or custom_tool_call.
func (it *item) call() llm.Part {
	id := it.callID
	if id == "" {
		id = it.id
	}
	c := &llm.ToolCall{ID: id, Name: it.name}
	if it.typ == "custom_tool_call" {
		c.Arguments = customArguments(text(it.input))
	} else {
		c.Arguments = text(it.arguments)
	}
	return llm.Part{Kind: llm.KindToolCall, Call: c}
}

// betweenThoughts separates the sections of one reasoning item in its text.
const betweenThoughts = "\n\n"

// reasoning returns the thought in a reasoning item: its summary sections, then
// its own words, one text.
func (it *item) reasoning() llm.Part {
	var sections []string
	each(it.summary, func(v gjson.Result) {
		sections = append(sections, v.Get("text").String())
	})
	summarised := len(sections) > 0
	each(it.content, func(v gjson.Result) {
		sections = append(sections, v.Get("text").String())
	})
	words := strings.Join(sections, betweenThoughts)
	return llm.Part{Kind: llm.KindReasoning, Text: words, Reasoning: &llm.ReasoningBlock{
		ID:        it.id,
		Encrypted: it.encrypted.String(),
		Redacted:  words == "" && it.encrypted.String() != "",
		Summary:   summarised,
		Issuer:    llm.OpenAIResponses,
	}}
}

// opaque returns the item as it is.
func (it *item) opaque() llm.Part {
	return llm.Part{Kind: llm.KindOpaque, Opaque: &llm.Opaque{
		Format: llm.OpenAIResponses, Type: it.typ, Raw: raw(it.whole),
	}}
}

// parts returns what an output item holds.
func (it *item) parts() []llm.Part {
	switch it.typ {
	case "message":
		if it.role != "" && it.role != "assistant" {
			return []llm.Part{it.opaque()} // a compaction repeats the user's messages
		}
		return contents(it.content)
	case "function_call", "custom_tool_call":
		return []llm.Part{it.call()}
	case "reasoning":
		return []llm.Part{it.reasoning()}
	}
	return []llm.Part{it.opaque()}
}

// contents returns the parts of a message's content, a string or a list.
func contents(v gjson.Result) []llm.Part {
	switch {
	case v.Type == gjson.String:
		return []llm.Part{{Kind: llm.KindText, Text: v.String()}}
	case !v.IsArray():
		return nil
	}
	var parts []llm.Part
	each(v, func(c gjson.Result) {
		parts = append(parts, content(c))
	})
	return parts
}

// contentMark sets the type of opaque content apart from that of opaque items.
const contentMark = "content."

// content returns one element of a message's content.
func content(v gjson.Result) llm.Part {
	p := llm.Part{}
	switch typ := v.Get("type").Str; typ {
	case "input_text", "output_text", "text":
		p.Text = v.Get("text").String()
		each(v.Get("annotations"), func(a gjson.Result) {
			if a.IsObject() {
				p.Citations = append(p.Citations, citation(a))
			}
		})
		p.LogProbs = logProbs(v.Get("logprobs"))
	case "refusal":
		p.Kind, p.Text = llm.KindRefusal, v.Get("refusal").String()
	case "input_image":
		p.Kind = llm.KindImage
		p.Media = &llm.Media{FileID: v.Get("file_id").String(), Detail: v.Get("detail").String()}
		link(p.Media, v.Get("image_url").String())
	case "input_file":
		p.Kind = llm.KindDocument
		p.Media = &llm.Media{
			FileID: v.Get("file_id").String(), URL: v.Get("file_url").String(),
			Name: v.Get("filename").String(), Detail: v.Get("detail").String(),
		}
		fileData(p.Media, v.Get("file_data").String())
	case "input_audio":
		p.Kind = llm.KindAudio
		a := v.Get("input_audio")
		p.Media = &llm.Media{MIME: audioMIME(a.Get("format").String()), Data: a.Get("data").String()}
	default:
		p.Kind = llm.KindOpaque
		p.Opaque = &llm.Opaque{Format: llm.OpenAIResponses, Type: contentMark + typ, Raw: raw(v)}
	}
	if mark := v.Get("prompt_cache_breakpoint"); mark.Exists() && mark.Type != gjson.Null {
		p.Cache = &llm.CacheMark{}
	}
	return p
}

// link puts a URL, or the data in it, into m.
func link(m *llm.Media, url string) {
	if mime, data, ok := dataURL(url); ok {
		m.MIME, m.Data = mime, data
		return
	}
	m.URL = url
}

// fileData puts a file's bytes into m: a data URL, or bare base64.
func fileData(m *llm.Media, s string) {
	if mime, data, ok := dataURL(s); ok {
		m.MIME, m.Data = mime, data
		return
	}
	m.Data = s
}

// dataURL takes "data:image/png;base64,AAAA" apart. Parameters of the type are
// dropped ("text/plain;charset=utf-8").
func dataURL(url string) (mime, data string, ok bool) {
	rest, ok := strings.CutPrefix(url, "data:")
	if !ok {
		return "", "", false
	}
	head, data, ok := strings.Cut(rest, ",")
	if !ok {
		return "", "", false
	}
	head, ok = strings.CutSuffix(head, ";base64")
	mime, _, _ = strings.Cut(head, ";")
	return mime, data, ok
}

func audioMIME(format string) string {
	switch format {
	case "":
		return ""
	case "mp3":
		return "audio/mpeg"
	}
	return "audio/" + format
}

func audioFormat(mime string) string {
	switch mime {
	case "audio/mpeg", "audio/mp3":
		return "mp3"
	case "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "":
		return "wav"
	}
	return strings.TrimPrefix(mime, "audio/")
}

// citation reads an annotation. Spans count characters of the answer.
func citation(v gjson.Result) llm.Citation {
	c := llm.Citation{
		Title: v.Get("title").String(), URL: v.Get("url").String(), FileID: v.Get("file_id").String(),
		DocumentIndex: -1, Start: v.Get("start_index").Int(), End: v.Get("end_index").Int(), InAnswer: true,
		Raw: raw(v), RawFormat: llm.OpenAIResponses,
	}
	if c.Title == "" {
		c.Title = v.Get("filename").String()
	}
	if at := v.Get("index"); at.Exists() && !v.Get("end_index").Exists() {
		c.Start, c.End = at.Int(), at.Int()
	}
	return c
}

// appendAnnotation appends c as an annotation on a text of n characters so far,
// and reports whether the format can say it.
func appendAnnotation(dst []byte, c *llm.Citation, n int64) ([]byte, bool) {
	if c.RawFormat == llm.OpenAIResponses && len(c.Raw) > 0 && json.Valid(c.Raw) {
		return append(dst, flat(c.Raw)...), true
	}
	start, end := c.Start, c.End
	if !c.InAnswer {
		start, end = 0, n
	}
	switch {
	case c.URL != "":
		dst = append(dst, `{"type":"url_citation"`...)
		dst = memberInt(dst, "start_index", start)
		dst = memberInt(dst, "end_index", end)
		dst = memberString(dst, "url", c.URL)
		dst = memberString(dst, "title", c.Title)
	case c.FileID != "":
		dst = append(dst, `{"type":"file_citation"`...)
		dst = memberString(dst, "file_id", c.FileID)
		dst = memberString(dst, "filename", c.Title)
		dst = memberInt(dst, "index", end)
	default:
		return dst, false
	}
	return append(dst, '}'), true
}

func logProbs(v gjson.Result) []llm.TokenLogProb {
	var out []llm.TokenLogProb
	each(v, func(t gjson.Result) {
		p := tokenLogProb(t)
		each(t.Get("top_logprobs"), func(top gjson.Result) {
			p.Top = append(p.Top, tokenLogProb(top))
		})
		out = append(out, p)
	})
	return out
}

func tokenLogProb(t gjson.Result) llm.TokenLogProb {
	p := llm.TokenLogProb{Token: t.Get("token").String(), LogProb: t.Get("logprob").Float()}
	each(t.Get("bytes"), func(b gjson.Result) {
		p.Bytes = append(p.Bytes, int(b.Int()))
	})
	return p
}
