package gemini

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// textPart is a text of an answer that citations may point into.
type textPart struct {
	index int // of the part in the answer
	text  string
}

// span is a segment as the wire has it: bytes of one part.
type span struct {
	part, start, end int
	text             string
}

func readSpan(v gjson.Result) span {
	return span{
		part:  int(min(count(field(v, "partIndex")), 1<<30)),
		start: int(min(count(field(v, "startIndex")), 1<<30)),
		end:   int(min(count(field(v, "endIndex")), 1<<30)),
		text:  field(v, "text").Str,
	}
}

// cite calls emit for each citation of the answer, with the part it is on. A
// grounding support that names several chunks is several citations.
func (a *answer) cite(texts []textPart, emit func(part int, c *llm.Citation)) {
	if len(texts) == 0 {
		return
	}
	var chunks []gjson.Result
	each(field(a.grounding, "groundingChunks"), func(_ int, e gjson.Result) { chunks = append(chunks, e) })
	each(field(a.grounding, "groundingSupports"), func(_ int, e gjson.Result) {
		s := readSpan(field(e, "segment"))
		each(field(e, "groundingChunkIndices"), func(_ int, k gjson.Result) {
			if i := count(k); i < int64(len(chunks)) {
				c := readChunk(chunks[i])
				emit(s.place(texts, &c), &c)
			}
		})
	})
	for _, name := range []string{"citationSources", "citations"} { // Gemini API, Vertex
		each(field(a.citations, name), func(_ int, e gjson.Result) {
			c := llm.Citation{
				Title: field(e, "title").Str, URL: field(e, "uri").Str, DocumentIndex: -1,
			}
			if c.URL == "" && c.Title == "" {
				return
			}
			s := readSpan(e)
			s.text = ""
			emit(s.place(texts, &c), &c)
		})
	}
}

// readChunk reads a grounding chunk: a page, a passage of a store, a place.
func readChunk(v gjson.Result) llm.Citation {
	c := llm.Citation{DocumentIndex: -1, Raw: compact(v.Raw), RawFormat: llm.GeminiGenerate}
	fields(v, func(_ string, f gjson.Result) {
		fields(f, func(name string, x gjson.Result) {
			switch name {
			case "uri":
				c.URL = x.Str
			case "title":
				c.Title = x.Str
			case "text":
				c.Quote = x.Str
			}
		})
	})
	return c
}

// place finds the text that s points into, sets c's span in characters of it and
// returns the part's index. The part index on the wire counts what a stream has
// joined, so the segment's own text decides where there is one. A segment that is
// nowhere leaves c without a span, on the first text.
func (s span) place(texts []textPart, c *llm.Citation) int {
	for _, exact := range []bool{true, false} {
		for _, t := range texts {
			if (t.index == s.part) == exact && s.fits(t.text) {
				return s.set(t, s.start, s.end, c)
			}
		}
	}
	for _, t := range texts {
		if i := strings.Index(t.text, s.text); s.text != "" && i >= 0 {
			return s.set(t, i, i+len(s.text), c)
		}
	}
	return texts[0].index
}

func (s span) fits(text string) bool {
	return s.start < s.end && s.end <= len(text) && (s.text == "" || text[s.start:s.end] == s.text)
}

func (s span) set(t textPart, start, end int, c *llm.Citation) int {
	before := utf8.RuneCountInString(t.text[:start])
	c.Start, c.End = int64(before), int64(before+utf8.RuneCountInString(t.text[start:end]))
	c.InAnswer, c.Unit = true, "char"
	return t.index
}

// grounder gathers citations into a groundingMetadata.
type grounder struct {
	out    groundingJSON
	chunks map[string]int
}

// add puts a citation of the part at index with the given text. A citation
// without a span in the answer is on the whole text; where its words lie in a
// document is lost.
func (g *grounder) add(index int, text string, c *llm.Citation, lost *llm.Lost) {
	chunk := writeChunk(c)
	if chunk == nil {
		lost.Add("citations")
		return
	}
	s := segmentJSON{PartIndex: index, EndIndex: len(text), Text: text}
	if c.InAnswer {
		s.StartIndex, s.EndIndex = byteOf(text, c.Start), byteOf(text, c.End)
		if s.StartIndex > s.EndIndex {
			s.StartIndex = s.EndIndex
		}
		s.Text = text[s.StartIndex:s.EndIndex]
	} else if c.Start != 0 || c.End != 0 {
		lost.Add("citations.span")
	}
	k, ok := g.chunks[string(chunk)]
	if !ok {
		if g.chunks == nil {
			g.chunks = map[string]int{}
		}
		k = len(g.out.GroundingChunks)
		g.chunks[string(chunk)] = k
		g.out.GroundingChunks = append(g.out.GroundingChunks, chunk)
	}
	if n := len(g.out.GroundingSupports); n > 0 && g.out.GroundingSupports[n-1].Segment == s {
		last := &g.out.GroundingSupports[n-1]
		last.GroundingChunkIndices = append(last.GroundingChunkIndices, k)
		return
	}
	g.out.GroundingSupports = append(g.out.GroundingSupports, supportJSON{Segment: s, GroundingChunkIndices: []int{k}})
}

// metadata returns what was gathered; nil where that is nothing.
func (g *grounder) metadata() *groundingJSON {
	if len(g.out.GroundingChunks) == 0 {
		return nil
	}
	return &g.out
}

// writeChunk writes the source: a page of the web, else a passage of a document.
func writeChunk(c *llm.Citation) json.RawMessage {
	if c.RawFormat == llm.GeminiGenerate && isObject(string(c.Raw)) {
		return compact(string(c.Raw))
	}
	var kind string
	source := sourceJSON{URI: c.URL, Title: c.Title}
	switch {
	case c.URL != "":
		kind = "web"
	case c.Title != "" || c.Quote != "":
		kind, source.Text = "retrievedContext", c.Quote
	default:
		return nil
	}
	b, err := writer.Marshal(map[string]sourceJSON{kind: source})
	if err != nil {
		return nil
	}
	return b
}

// byteOf returns the byte at which character n of text begins; its length where
// there is no such character.
func byteOf(text string, n int64) int {
	for i := range text {
		if n <= 0 {
			return i
		}
		n--
	}
	return len(text)
}
