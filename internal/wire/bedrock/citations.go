package bedrock

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// The places that a citation can point to. Documents and search results are
// counted apart.
var locations = []struct{ key, index, unit string }{
	{"documentChar", "documentIndex", "char"},
	{"documentPage", "documentIndex", "page"},
	{"documentChunk", "documentIndex", "block"},
	{"searchResultLocation", "searchResultIndex", "block"},
}

// cited reads text with its sources.
func (r reader) cited(v gjson.Result) llm.Part {
	var text strings.Builder
	for _, c := range list(v.Get("content")) {
		text.WriteString(c.Get("text").String())
	}
	p := llm.Part{Kind: llm.KindText, Text: text.String()}
	for _, c := range list(v.Get("citations")) {
		if c.IsObject() {
			p.Citations = append(p.Citations, decodeCitation(c))
		}
	}
	return p
}

// decodeCitation reads one citation, whose own words are kept as Raw.
func decodeCitation(v gjson.Result) llm.Citation {
	c := llm.Citation{
		Title: v.Get("title").String(), DocumentIndex: -1,
		Raw: rawOf(v), RawFormat: llm.BedrockConverse,
	}
	var quote strings.Builder
	for _, s := range list(v.Get("sourceContent")) {
		quote.WriteString(s.Get("text").String())
	}
	c.Quote = quote.String()
	if source := v.Get("source").String(); strings.Contains(source, "://") {
		c.URL = source
	}
	if u := v.Get("location.web.url").String(); u != "" {
		c.URL = u
	}
	for _, l := range locations {
		at := v.Get("location").Get(l.key)
		if !at.IsObject() {
			continue
		}
		c.Unit, c.Start, c.End = l.unit, at.Get("start").Int(), at.Get("end").Int()
		if i := at.Get(l.index); i.Type == gjson.Number && l.index == "documentIndex" {
			c.DocumentIndex = int(i.Int())
		}
	}
	return c
}

type citationJSON struct {
	Title    string         `json:"title,omitempty"`
	Source   string         `json:"source,omitempty"`
	Content  []textJSON     `json:"sourceContent,omitempty"`
	Location map[string]any `json:"location,omitempty"`
}

type textJSON struct {
	Text string `json:"text"`
}

// encodeCitation writes a citation for a caller. One of another format becomes
// Bedrock's nearest kind; nil where there is none.
func encodeCitation(c *llm.Citation, lost *llm.Lost) json.RawMessage {
	if ownCitation(c) {
		return c.Raw
	}
	if c.InAnswer {
		lost.Add("citations.span")
	}
	v := citationJSON{Title: c.Title}
	if c.Quote != "" {
		v.Content = []textJSON{{c.Quote}}
	}
	switch {
	case c.URL != "":
		v.Source = c.URL
		web := map[string]string{"url": c.URL}
		if u, err := url.Parse(c.URL); err == nil && u.Host != "" {
			web["domain"] = u.Hostname()
		}
		v.Location = map[string]any{"web": web}
	case c.InAnswer || c.DocumentIndex < 0 || c.Unit == "":
		if c.Title == "" && c.Quote == "" {
			lost.Add("citations")
			return nil
		}
	default:
		for _, l := range locations[:3] {
			if l.unit == c.Unit {
				v.Location = map[string]any{l.key: map[string]int64{
					l.index: int64(c.DocumentIndex), "start": c.Start, "end": c.End,
				}}
			}
		}
	}
	raw, err := output.Marshal(v)
	if err != nil {
		lost.Add("citations")
		return nil
	}
	return raw
}

// ownCitation reports whether the citation is in Bedrock's own words.
func ownCitation(c *llm.Citation) bool {
	return c.RawFormat == llm.BedrockConverse && validObject(string(c.Raw))
}

type citedJSON struct {
	Content   []textJSON        `json:"content"`
	Citations []json.RawMessage `json:"citations"`
}
