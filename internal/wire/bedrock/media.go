package bedrock

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// formats maps Bedrock's names of formats to MIME types, by the kind of block.
// The first row of a type is the one written.
var formats = map[string][]struct{ format, mime string }{
	"image": {
		{"png", "image/png"}, {"jpeg", "image/jpeg"}, {"gif", "image/gif"}, {"webp", "image/webp"},
	},
	"document": {
		{"pdf", "application/pdf"}, {"csv", "text/csv"}, {"html", "text/html"},
		{"txt", "text/plain"}, {"md", "text/markdown"},
		{"doc", "application/msword"},
		{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"xls", "application/vnd.ms-excel"},
		{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	},
	"video": {
		{"mp4", "video/mp4"}, {"mov", "video/quicktime"}, {"mkv", "video/x-matroska"}, {"webm", "video/webm"},
		{"flv", "video/x-flv"}, {"mpeg", "video/mpeg"}, {"mpg", "video/mpeg"}, {"wmv", "video/x-ms-wmv"},
		{"three_gp", "video/3gpp"},
	},
	"audio": {
		{"mp3", "audio/mpeg"}, {"wav", "audio/wav"}, {"opus", "audio/opus"}, {"aac", "audio/aac"},
		{"flac", "audio/flac"}, {"ogg", "audio/ogg"}, {"m4a", "audio/mp4"}, {"mp4", "audio/mp4"},
		{"webm", "audio/webm"}, {"mka", "audio/x-matroska"}, {"mkv", "audio/x-matroska"},
		{"mpeg", "audio/mpeg"}, {"mpga", "audio/mpeg"}, {"pcm", "audio/pcm"},
	},
}

// aliases are other names that people give to the types above.
var aliases = map[string]string{
	"image/jpg": "image/jpeg", "audio/mp3": "audio/mpeg", "audio/x-wav": "audio/wav", "audio/wave": "audio/wav",
	"audio/x-m4a": "audio/mp4", "audio/x-aac": "audio/aac", "video/x-m4v": "video/mp4", "video/matroska": "video/x-matroska",
	"text/x-markdown": "text/markdown", "application/csv": "text/csv", "application/json": "text/plain",
	"application/xml": "text/plain", "text/xml": "text/plain",
}

// mimeOf returns the type of a format; one that is not known keeps its name.
func mimeOf(kind, format string) string {
	for _, f := range formats[kind] {
		if f.format == format {
			return f.mime
		}
	}
	switch {
	case format == "":
		return ""
	case kind == "document":
		return "application/" + format
	}
	return kind + "/" + format
}

// formatOf is the inverse: "" where Bedrock has no such format.
func formatOf(kind, mime string) string {
	mime, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(mime)), ";")
	mime = strings.TrimSpace(mime)
	if a, ok := aliases[mime]; ok {
		mime = a
	}
	for _, f := range formats[kind] {
		if f.mime == mime {
			return f.format
		}
	}
	if kind == "document" && strings.HasPrefix(mime, "text/") {
		return "txt"
	}
	return ""
}

// sniff tells a format by the first bytes of its base64, or by the end of its
// name; "" where it cannot.
func sniff(kind, data, name string) string {
	for _, s := range []struct{ prefix, kind, format string }{
		{"iVBORw", "image", "png"}, {"/9j/", "image", "jpeg"}, {"R0lGOD", "image", "gif"},
		{"UklGR", "image", "webp"}, {"JVBERi", "document", "pdf"},
	} {
		if s.kind == kind && strings.HasPrefix(data, s.prefix) {
			return s.format
		}
	}
	ext := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	switch ext {
	case "jpg":
		ext = "jpeg"
	case "htm":
		ext = "html"
	case "3gp":
		ext = "three_gp"
	}
	for _, f := range formats[kind] {
		if f.format == ext {
			return ext
		}
	}
	return ""
}

var kinds = map[string]llm.Kind{
	"image": llm.KindImage, "document": llm.KindDocument, "video": llm.KindVideo, "audio": llm.KindAudio,
}

func (r reader) media(key string, v gjson.Result) llm.Part {
	m := &llm.Media{MIME: mimeOf(key, v.Get("format").String())}
	if !r.source(m, v.Get("source")) {
		return opaque(key, v, key)
	}
	fieldsOf(v).rest(r.unknown, key, "format", "source")
	return llm.Part{Kind: kinds[key], Media: m}
}

// source reads where the bytes are; false for a kind of source that is not known.
func (r reader) source(m *llm.Media, v gjson.Result) bool {
	if b := v.Get("bytes"); b.Type == gjson.String {
		m.Data = b.Str
		return true
	}
	if s3 := v.Get("s3Location"); s3.Get("uri").Type == gjson.String {
		m.URL = s3.Get("uri").Str
		fieldsOf(s3).rest(r.unknown, "s3Location", "uri")
		return true
	}
	return false
}

func (r reader) document(v gjson.Result) llm.Part {
	m := &llm.Media{MIME: mimeOf("document", v.Get("format").String()), Name: v.Get("name").String()}
	source := v.Get("source")
	switch text := source.Get("text"); {
	case text.Type == gjson.String:
		m.Plain = text.Str
	case source.Get("content").IsArray():
		var texts []string
		for _, c := range source.Get("content").Array() {
			texts = append(texts, c.Get("text").String())
		}
		r.unknown.Add("document.blocks")
		m.Plain = strings.Join(texts, "\n\n")
	case !r.source(m, source):
		return opaque("document", v, "document")
	}
	if m.Plain != "" && m.MIME == "" {
		m.MIME = "text/plain"
	}
	if v.Get("citations.enabled").Bool() {
		r.unknown.Add("document.citations")
	}
	fieldsOf(v).rest(r.unknown, "document", "format", "source", "name", "citations")
	return llm.Part{Kind: llm.KindDocument, Media: m}
}

type mediaJSON struct {
	Format string      `json:"format,omitempty"`
	Name   string      `json:"name,omitempty"`
	Source *sourceJSON `json:"source"`
}

type sourceJSON struct {
	Bytes string  `json:"bytes,omitempty"`
	S3    *s3JSON `json:"s3Location,omitempty"`
}

type s3JSON struct {
	URI string `json:"uri"`
}

// encodeMedia writes a picture, document, film or sound; nil where Bedrock cannot
// take it: it fetches from S3 alone, and knows only the formats above.
func encodeMedia(key string, m *llm.Media) *mediaJSON {
	if m == nil {
		return nil
	}
	mime, data, url, name := m.MIME, m.Data, m.URL, m.Name
	if head, tail, ok := strings.Cut(strings.TrimPrefix(url, "data:"), ";base64,"); ok && strings.HasPrefix(url, "data:") {
		mime, data, url = head, tail, ""
	}
	out := &mediaJSON{}
	switch {
	case m.Plain != "" && key == "document":
		out.Source = &sourceJSON{Bytes: base64.StdEncoding.EncodeToString([]byte(m.Plain))}
		if formatOf(key, mime) == "" {
			mime = "text/plain"
		}
	case data != "":
		out.Source = &sourceJSON{Bytes: data}
	case strings.HasPrefix(url, "s3://"):
		out.Source = &sourceJSON{S3: &s3JSON{url}}
		if name == "" {
			name = url
		}
	default:
		return nil
	}
	out.Format = formatOf(key, mime)
	if out.Format == "" {
		out.Format = sniff(key, data, name)
	}
	if out.Format == "" {
		return nil
	}
	return out
}

// nameBook gives documents names that Bedrock takes (letters, digits, single
// spaces, hyphens, parentheses and brackets) and that differ within a request.
type nameBook struct{ used []string }

const mostName = 200 // characters, by the API's reference

func (b *nameBook) name(name, format string) string {
	name = cleanName(strings.TrimSuffix(name, "."+format))
	if name == "" {
		name = "Document"
	}
	unique := name
	taken := func(used string) bool { return strings.EqualFold(used, unique) }
	for n := 2; slices.ContainsFunc(b.used, taken); n++ {
		tail := " " + strconv.Itoa(n)
		unique = strings.TrimRight(name[:min(len(name), mostName-len(tail))], " ") + tail
	}
	b.used = append(b.used, unique)
	return unique
}

func cleanName(name string) string {
	out := make([]byte, 0, len(name))
	for _, r := range name {
		c := byte('-')
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9',
			r == '(', r == ')', r == '[', r == ']':
			c = byte(r)
		case r == ' ', r == '\t', r == '\n', r == '\r':
			c = ' '
		}
		if (c == '-' && r != '-' || c == ' ') && len(out) > 0 && out[len(out)-1] == c {
			continue // runs become one
		}
		out = append(out, c)
	}
	clean := strings.TrimSpace(string(out[:min(len(out), mostName)]))
	if strings.Trim(clean, "-()[] ") == "" {
		return ""
	}
	return clean
}
