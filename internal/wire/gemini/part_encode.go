package gemini

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// noSignature stands in for the thoughtSignature of a function call that another
// model made: base64 of the words that Google documents for the purpose. Gemini 3
// refuses a call without one.
const noSignature = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="

// partWriter writes parts of a request or an answer.
type partWriter struct {
	lost   llm.Lost
	answer bool // the parts are a model's answer, for people to read
	err    *fault.Error
	gen    int               // generation of the model that reads; 0: unknown
	names  map[string]string // functions by call id
}

// parts writes the parts of one message.
func (w *partWriter) parts(list []llm.Part) []any {
	var out []any
	unsigned := w.gen >= 3 // a call must bring a signature, if it is the message's first
	for i := range list {
		p := &list[i]
		if p.Kind == llm.KindText && p.Text == "" && p.Signature == "" && len(list) > 1 {
			continue // an empty text says nothing, and some models refuse it
		}
		n := len(out)
		out = append(out, w.part(p)...)
		if p.Kind == llm.KindToolCall && len(out) > n {
			if q, ok := out[n].(*partJSON); ok && unsigned && q.ThoughtSignature == "" {
				q.ThoughtSignature = noSignature
			}
			unsigned = false
		}
	}
	return out
}

// part writes one part: none where it is lost, several for a result with media.
func (w *partWriter) part(p *llm.Part) []any {
	if p.Cache != nil {
		w.lost.Add("cache_control")
	}
	sig := w.signature(p.Signature, p.SignatureOf)
	switch p.Kind {
	case llm.KindText:
		text := p.Text
		return []any{&partJSON{Text: &text, ThoughtSignature: sig}}
	case llm.KindRefusal:
		w.lost.Add("part.refusal")
		text := p.Text
		return []any{&partJSON{Text: &text}}
	case llm.KindReasoning:
		return w.reasoning(p)
	case llm.KindImage, llm.KindDocument, llm.KindAudio, llm.KindVideo:
		if q := w.media(p); q != nil {
			q.ThoughtSignature = sig
			return []any{q}
		}
	case llm.KindToolCall:
		return w.call(p, sig)
	case llm.KindToolResult:
		return w.result(p.Result, sig)
	case llm.KindOpaque:
		return w.opaque(p.Opaque)
	}
	return nil
}

// signature returns sig if this format issued it.
func (w *partWriter) signature(sig string, issuer llm.Format) string {
	if sig == "" || issuer == llm.GeminiGenerate {
		return sig
	}
	w.lost.Add("reasoning.signature")
	return ""
}

// reasoning writes a thought. What another issuer signed or encrypted stays out of
// a request, because its text is bound to its signature; of an answer the caller
// gets to read it.
func (w *partWriter) reasoning(p *llm.Part) []any {
	q := &partJSON{Thought: true}
	if b := p.Reasoning; b != nil {
		if b.Encrypted != "" || b.Signature != "" && b.Issuer != llm.GeminiGenerate {
			w.lost.Add("reasoning.signature")
			if !w.answer {
				return nil
			}
		} else {
			q.ThoughtSignature = b.Signature
		}
	}
	if p.Text == "" && q.ThoughtSignature == "" {
		return nil
	}
	text := p.Text
	q.Text = &text
	return []any{q}
}

func (w *partWriter) opaque(o *llm.Opaque) []any {
	if o == nil {
		return nil
	}
	if o.Format != llm.GeminiGenerate || !isObject(string(o.Raw)) {
		name := o.Type
		if name == "" {
			name = "part.opaque"
		}
		w.lost.Add(name)
		return nil
	}
	return []any{o.Raw}
}

func (w *partWriter) media(p *llm.Part) *partJSON {
	m := p.Media
	if m == nil {
		return nil
	}
	if m.Detail != "" && m.Detail != "auto" {
		w.lost.Add("part.detail")
	}
	if m.Name != "" {
		w.lost.Add("part.name")
	}
	mime, data, url := m.MIME, m.Data, m.URL
	if t, d, ok := fromDataURL(url); ok {
		url, data = "", d
		if mime == "" {
			mime = t
		}
	}
	switch {
	case m.Plain != "":
		if mime == "" {
			mime = "text/plain"
		}
		data = base64.StdEncoding.EncodeToString([]byte(m.Plain))
	case data != "":
		if mime == "" {
			mime = sniff(data)
		}
	case url == "" && strings.Contains(m.FileID, "://"):
		url = m.FileID
	case url == "" && m.FileID != "":
		w.lost.Add("part.file_id")
		return nil
	}
	if url == "" {
		return &partJSON{InlineData: &blobJSON{MIMEType: mime, Data: data}}
	}
	if mime == "" {
		mime = mimeOfURL(url)
	}
	return &partJSON{FileData: &fileJSON{MIMEType: mime, FileURI: url}}
}

func (w *partWriter) call(p *llm.Part, sig string) []any {
	c := p.Call
	if c == nil {
		return nil
	}
	if c.ID != "" && w.names != nil {
		w.names[c.ID] = c.Name
	}
	args, ok := arguments(c.Arguments)
	if !ok {
		w.lost.Add("tool_call.arguments")
	}
	return []any{&partJSON{
		FunctionCall:     &callJSON{ID: sentID(c.ID), Name: c.Name, Args: args},
		ThoughtSignature: sig,
	}}
}

// arguments returns a call's arguments as an object; false means that they are
// none, and then the object is empty.
func arguments(text string) (json.RawMessage, bool) {
	if strings.TrimSpace(text) == "" {
		return json.RawMessage("{}"), true
	}
	if !isObject(text) {
		return json.RawMessage("{}"), false
	}
	return compact(text), true
}

// sentID is the id as it goes on the wire: none, if this package made it.
func sentID(id string) string {
	if strings.HasPrefix(id, madeID) {
		return ""
	}
	return id
}

// result writes a tool's answer. Its media go inside for models that read them
// there (Gemini 3 on, or unknown), else beside it.
func (w *partWriter) result(r *llm.ToolResult, sig string) []any {
	if r == nil {
		return nil
	}
	name := r.Name
	if known, ok := w.names[r.CallID]; ok {
		name = known
	}
	if name == "" {
		w.fail(fault.New(fault.Invalid, "tool_result_unmatched",
			"a tool result answers no earlier tool call").At("messages").
			Hinted("send the assistant message with the tool call before its result"))
		return nil
	}
	var texts []string
	var media []any
	for i := range r.Parts {
		if p := &r.Parts[i]; p.Kind == llm.KindText {
			texts = append(texts, p.Text)
			if p.Cache != nil {
				w.lost.Add("cache_control")
			}
		} else {
			media = append(media, w.part(p)...)
		}
	}
	q := &resultJSON{ID: sentID(r.CallID), Name: name, Response: responseOf(strings.Join(texts, "\n"), r.IsError)}
	out := []any{&partJSON{FunctionResponse: q, ThoughtSignature: sig}}
	if w.gen != 0 && w.gen < 3 {
		return append(out, media...)
	}
	q.Parts = media
	return out
}

func (w *partWriter) fail(f *fault.Error) {
	if w.err == nil {
		w.err = f
	}
}
