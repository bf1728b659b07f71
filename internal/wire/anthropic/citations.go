package anthropic

import (
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// Anthropic's kinds of citation.
const (
	charLocation   = "char_location"
	pageLocation   = "page_location"
	blockLocation  = "content_block_location"
	webLocation    = "web_search_result_location"
	searchLocation = "search_result_location"
)

// decodeCitation reads one citation. Its own words are kept as Raw, so that a
// kind which is not known here loses nothing either.
func decodeCitation(v gjson.Result) llm.Citation {
	c := llm.Citation{
		Quote:         v.Get("cited_text").String(),
		Title:         v.Get("document_title").String(),
		FileID:        v.Get("file_id").String(),
		DocumentIndex: -1,
		Raw:           rawOf(v),
		RawFormat:     llm.AnthropicMessages,
	}
	if i := v.Get("document_index"); i.Type == gjson.Number {
		c.DocumentIndex = int(i.Int())
	}
	span := func(unit, start, end string) {
		c.Unit, c.Start, c.End = unit, v.Get(start).Int(), v.Get(end).Int()
	}
	switch v.Get("type").String() {
	case charLocation:
		span("char", "start_char_index", "end_char_index")
	case pageLocation:
		span("page", "start_page_number", "end_page_number")
	case blockLocation:
		span("block", "start_block_index", "end_block_index")
	case webLocation:
		c.Title, c.URL = v.Get("title").String(), v.Get("url").String()
	case searchLocation:
		c.Title, c.URL = v.Get("title").String(), v.Get("source").String()
		span("block", "start_block_index", "end_block_index")
	}
	return c
}

func decodeCitations(v gjson.Result) []llm.Citation {
	if !v.IsArray() {
		return nil
	}
	var list []llm.Citation
	v.ForEach(func(_, c gjson.Result) bool {
		if c.IsObject() {
			list = append(list, decodeCitation(c))
		}
		return true
	})
	return list
}

// encodeCitation writes a citation for a caller. One of another format becomes
// Anthropic's nearest kind; nil where there is none.
func encodeCitation(c *llm.Citation, lost *llm.Lost) json.RawMessage {
	if c.RawFormat == llm.AnthropicMessages && len(c.Raw) > 0 {
		return c.Raw
	}
	if c.InAnswer {
		lost.Add("citations.span")
	}
	var v any
	switch {
	case c.URL != "":
		v = webCitation{Type: webLocation, URL: c.URL, Title: c.Title, Quote: c.Quote}
	case c.Unit == "" || c.InAnswer || c.DocumentIndex < 0:
		lost.Add("citations")
		return nil
	default:
		v = documentCitation(c)
	}
	raw, err := output.Marshal(v)
	if err != nil {
		lost.Add("citations")
		return nil
	}
	return raw
}

type webCitation struct {
	Type           string `json:"type"`
	URL            string `json:"url"`
	Title          string `json:"title"`
	Quote          string `json:"cited_text"`
	EncryptedIndex string `json:"encrypted_index"`
}

func documentCitation(c *llm.Citation) map[string]any {
	v := map[string]any{
		"cited_text":     c.Quote,
		"document_index": c.DocumentIndex,
		"document_title": c.Title,
	}
	if c.FileID != "" {
		v["file_id"] = c.FileID
	}
	switch c.Unit {
	case "page":
		v["type"], v["start_page_number"], v["end_page_number"] = pageLocation, c.Start, c.End
	case "block":
		v["type"], v["start_block_index"], v["end_block_index"] = blockLocation, c.Start, c.End
	default:
		v["type"], v["start_char_index"], v["end_char_index"] = charLocation, c.Start, c.End
	}
	return v
}

// replayable reports whether Anthropic accepts the citation in a request: it is
// Anthropic's own. A web citation without its encrypted index was made by
// encodeCitation out of another provider's, and would be refused.
func replayable(c *llm.Citation) bool {
	if c.RawFormat != llm.AnthropicMessages || len(c.Raw) == 0 {
		return false
	}
	v := gjson.GetManyBytes(c.Raw, "type", "encrypted_index")
	return v[0].String() != webLocation || v[1].String() != ""
}
