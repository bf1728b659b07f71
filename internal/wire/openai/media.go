package openai

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// mediaOf reads a URL field that may be a data URL.
func mediaOf(s string) *llm.Media {
	if mime, data, ok := splitDataURL(s); ok {
		return &llm.Media{MIME: mime, Data: data}
	}
	return &llm.Media{URL: s}
}

// splitDataURL takes "data:image/png;base64,iVBO..." apart. Data that is not in
// base64 is put into it.
func splitDataURL(s string) (mime, data string, ok bool) {
	if len(s) < 5 || !strings.EqualFold(s[:5], "data:") {
		return "", "", false
	}
	head, body, found := strings.Cut(s[5:], ",")
	if !found {
		return "", "", false
	}
	mime, params, _ := strings.Cut(head, ";")
	if params == "base64" || strings.HasSuffix(params, ";base64") {
		return mime, body, true
	}
	plain, err := url.PathUnescape(body)
	if err != nil {
		plain = body
	}
	return mime, base64.StdEncoding.EncodeToString([]byte(plain)), true
}

// urlOf writes media as a URL: its own, or a data URL. fallback is the type where
// the media says none.
func urlOf(m *llm.Media, fallback string) string {
	if m.URL != "" {
		return m.URL
	}
	mime := m.MIME
	if mime == "" {
		mime = fallback
	}
	return "data:" + mime + ";base64," + m.Data
}

// audioMIME returns the type of OpenAI's audio format name ("wav", "mp3").
func audioMIME(format string) string {
	switch format {
	case "":
		return ""
	case "mp3":
		return "audio/mpeg"
	}
	return "audio/" + format
}

// audioFormat is the inverse of audioMIME.
func audioFormat(mime string) string {
	switch mime {
	case "audio/mpeg", "audio/mp3":
		return "mp3"
	case "audio/x-wav", "audio/wave", "audio/vnd.wave":
		return "wav"
	}
	return strings.TrimPrefix(mime, "audio/")
}
