package sim

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// surface is what a path asks for.
type surface uint8

const (
	nowhere surface = iota
	chat
	embeddings
	countTokens
	completions
	modelList
	modelOne
	moderations
	images
	speech
	transcriptions
	files
	fileOne
	fileContent
	batches
	batchOne
	batchCancel
)

// route is where a request goes. Any prefix is accepted, so that the base URL of
// any vendor's SDK may point here.
type route struct {
	surface surface
	family  family
	format  llm.Format
	model   string // from the path; empty: the body says
	stream  bool   // the path asks for a stream
	array   bool   // Gemini: a JSON array instead of events
	id      string // of a file or batch
	method  string // that the surface answers; empty: it looks itself
}

// tails are the ends of paths, longest first.
var tails = []struct {
	end string
	to  route
}{
	{"/chat/completions", route{surface: chat, format: llm.OpenAIChat, method: "POST"}},
	{"/messages/count_tokens", route{surface: countTokens, family: anthropic, format: llm.AnthropicMessages, method: "POST"}},
	{"/messages", route{surface: chat, family: anthropic, format: llm.AnthropicMessages, method: "POST"}},
	{"/responses", route{surface: chat, format: llm.OpenAIResponses, method: "POST"}},
	{"/embeddings", route{surface: embeddings, format: llm.OpenAIEmbeddings, method: "POST"}},
	{"/completions", route{surface: completions, method: "POST"}},
	{"/moderations", route{surface: moderations, method: "POST"}},
	{"/images/generations", route{surface: images, method: "POST"}},
	{"/audio/speech", route{surface: speech, method: "POST"}},
	{"/audio/transcriptions", route{surface: transcriptions, method: "POST"}},
	{"/audio/translations", route{surface: transcriptions, method: "POST"}},
	{"/models", route{surface: modelList, method: "GET"}},
	{"/files", route{surface: files}},
	{"/batches", route{surface: batches}},
}

// verbs are Gemini's methods, after the colon.
var verbs = map[string]route{
	"generateContent":       {surface: chat, format: llm.GeminiGenerate},
	"streamGenerateContent": {surface: chat, format: llm.GeminiGenerate, stream: true},
	"countTokens":           {surface: countTokens, format: llm.GeminiGenerate},
	"embedContent":          {surface: embeddings, format: llm.GeminiEmbed},
	"batchEmbedContents":    {surface: embeddings, format: llm.GeminiEmbed},
}

func routeOf(r *http.Request) route {
	path := strings.TrimSuffix(r.URL.EscapedPath(), "/")
	to := routePath(path)
	switch {
	case to.family == gemini:
		to.array = to.stream && r.URL.Query().Get("alt") != "sse"
	case to.surface == modelList || to.surface == modelOne:
		if strings.Contains(path, "/v1beta/") {
			to.family = gemini
		} else if r.Header.Get("Anthropic-Version") != "" {
			to.family = anthropic
		}
	}
	return to
}

func routePath(path string) route {
	if i := strings.LastIndexByte(path, ':'); i > strings.LastIndexByte(path, '/') {
		if to, ok := verbs[path[i+1:]]; ok {
			to.family, to.method = gemini, "POST"
			to.model = modelAfter(path[:i], "/models/", "/endpoints/", "/tunedModels/")
			return to
		}
	}
	for _, verb := range []string{"/converse", "/converse-stream"} {
		if head, ok := strings.CutSuffix(path, verb); ok && strings.Contains(head, "/model/") {
			return route{surface: chat, family: bedrock, format: llm.BedrockConverse, method: "POST",
				model: modelAfter(head, "/model/"), stream: verb == "/converse-stream"}
		}
	}
	for _, t := range tails {
		if head, ok := strings.CutSuffix(path, t.end); ok {
			to := t.to
			if strings.Contains(head, "/deployments/") { // Azure
				to.model = modelAfter(head, "/deployments/")
			}
			return to
		}
	}
	return routeItem(path)
}

// routeItem finds paths that end in the id of a thing.
func routeItem(path string) route {
	if model := modelAfter(path, "/models/"); model != "" {
		return route{surface: modelOne, model: model, method: "GET"}
	}
	head, last := cutLast(path)
	switch {
	case strings.HasSuffix(head, "/files"):
		return route{surface: fileOne, id: last}
	case strings.HasSuffix(head, "/batches"):
		return route{surface: batchOne, id: last, method: "GET"}
	}
	above, id := cutLast(head)
	switch {
	case last == "content" && strings.HasSuffix(above, "/files"):
		return route{surface: fileContent, id: id, method: "GET"}
	case last == "cancel" && strings.HasSuffix(above, "/batches"):
		return route{surface: batchCancel, id: id, method: "POST"}
	}
	return route{}
}

func cutLast(path string) (head, last string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// modelAfter returns what follows the first of the marks, unescaped. A slash in
// the model may be raw or escaped.
func modelAfter(path string, marks ...string) string {
	for _, mark := range marks {
		if _, rest, ok := strings.Cut(path, mark); ok {
			if model, err := url.PathUnescape(rest); err == nil {
				return model
			}
			return rest
		}
	}
	return ""
}
