package gemini

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// mimeOfExt names media types by extension, for formats that give a URL only.
var mimeOfExt = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
	".webp": "image/webp", ".heic": "image/heic", ".heif": "image/heif", ".bmp": "image/bmp",
	".pdf": "application/pdf", ".txt": "text/plain", ".md": "text/markdown", ".csv": "text/csv",
	".html": "text/html", ".xml": "text/xml", ".json": "application/json", ".rtf": "text/rtf",
	".wav": "audio/wav", ".mp3": "audio/mpeg", ".aac": "audio/aac", ".ogg": "audio/ogg",
	".flac": "audio/flac", ".aiff": "audio/aiff", ".m4a": "audio/mp4", ".opus": "audio/opus",
	".mp4": "video/mp4", ".mpeg": "video/mpeg", ".mov": "video/quicktime", ".avi": "video/avi",
	".webm": "video/webm", ".wmv": "video/wmv", ".mpg": "video/mpeg", ".3gp": "video/3gpp",
}

// mimeOfURL guesses the media type of what uri points to; empty means unknown.
// A YouTube page is a film.
func mimeOfURL(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	switch strings.TrimPrefix(u.Hostname(), "www.") {
	case "youtube.com", "youtu.be", "m.youtube.com":
		return "video/mp4"
	}
	return mimeOfExt[strings.ToLower(path.Ext(u.Path))]
}

// sniff guesses the media type of base64 data from its first bytes.
func sniff(data string) string {
	head := data[:min(len(data), 684)]
	head = head[:len(head)/4*4]
	b, err := base64.StdEncoding.DecodeString(head)
	if err != nil || len(b) == 0 {
		return "application/octet-stream"
	}
	mime, _, _ := strings.Cut(http.DetectContentType(b), ";")
	return mime
}

// fromDataURL takes a data: URL apart; false means that url is none in base64.
func fromDataURL(url string) (mime, data string, ok bool) {
	rest, ok := strings.CutPrefix(url, "data:")
	if !ok {
		return "", "", false
	}
	head, data, ok := strings.Cut(rest, ",")
	if !ok || !strings.HasSuffix(head, ";base64") {
		return "", "", false
	}
	mime, _, _ = strings.Cut(strings.TrimSuffix(head, ";base64"), ";")
	return mime, standardBase64(data), true
}
