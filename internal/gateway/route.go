package gateway

import (
	"net/url"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// style is the family of a surface: whose error format and key header it has.
type style uint8

const (
	openAIStyle style = iota
	anthropicStyle
	geminiStyle
	bedrockStyle
)

// serveFunc serves a call that has been admitted.
type serveFunc func(*call) error

// surface is where a call came in.
type surface struct {
	name   string     // the record's Surface
	op     string     // the record's Operation
	style  style      //
	format llm.Format // chat and embeddings surfaces
	kinds  []string   // kinds of provider that understand a pass-through surface
	serve  serveFunc
}

// arrival is a routed request: its surface and what the path itself says.
type arrival struct {
	*surface
	model  string // from the path
	method string // Gemini's ":generateContent", Bedrock's "converse"
	path   string // pass-through: what to append to the provider's base
}

// openAIKinds understand OpenAI's own surfaces; a request goes to the first
// configured provider of these, unless it names one.
var openAIKinds = []string{"openai", "azure", "openai-compatible", "sim"}

var (
	chatSurface      = surface{name: "openai-chat", op: "chat", format: llm.OpenAIChat, serve: (*call).chat}
	responsesSurface = surface{name: "openai-responses", op: "chat", format: llm.OpenAIResponses, serve: (*call).chat}
	embedSurface     = surface{name: "openai-embeddings", op: "embeddings", format: llm.OpenAIEmbeddings, serve: (*call).embed}
	modelsSurface    = surface{name: "models", op: "models", serve: (*call).models}
	messagesSurface  = surface{name: "anthropic-messages", op: "chat", style: anthropicStyle, format: llm.AnthropicMessages, serve: (*call).chat}
	countSurface     = surface{name: "anthropic-count-tokens", op: "count_tokens", style: anthropicStyle, format: llm.AnthropicMessages, serve: (*call).count}
	geminiSurface    = surface{name: "gemini-generate", op: "chat", style: geminiStyle, format: llm.GeminiGenerate, serve: (*call).chat}
	geminiCount      = surface{name: "gemini-count-tokens", op: "count_tokens", style: geminiStyle, format: llm.GeminiGenerate, serve: (*call).count}
	geminiEmbed      = surface{name: "gemini-embed", op: "embeddings", style: geminiStyle, format: llm.GeminiEmbed, serve: (*call).embed}
	geminiModels     = surface{name: "gemini-models", op: "models", style: geminiStyle, serve: (*call).models}
	bedrockSurface   = surface{name: "bedrock-converse", op: "chat", style: bedrockStyle, format: llm.BedrockConverse, serve: (*call).chat}
	vertexSurface    = surface{name: "vertex-generate", op: "chat", style: geminiStyle, format: llm.GeminiGenerate, kinds: []string{"vertex"}, serve: (*call).vertex}

	anthropicPass = surface{name: "anthropic-passthrough", op: "other", style: anthropicStyle, kinds: []string{"anthropic", "sim"}, serve: (*call).pass}
	geminiPass    = surface{name: "gemini-passthrough", op: "other", style: geminiStyle, kinds: []string{"gemini"}, serve: (*call).pass}
	vertexPass    = surface{name: "vertex-passthrough", op: "other", style: geminiStyle, kinds: []string{"vertex"}, serve: (*call).pass}
	bedrockPass   = surface{name: "bedrock-passthrough", op: "other", style: bedrockStyle, kinds: []string{"bedrock"}, serve: (*call).pass}
	namedPass     = surface{name: "passthrough", op: "other", serve: (*call).passNamed}
)

// openAIPass holds the surfaces of OpenAI that pass through byte by byte, by the
// longest matching head of their path; the operation picks the meter.
var openAIPass = []struct {
	head    string
	surface surface
}{
	{"/completions", surface{name: "openai-completions", op: "completions", kinds: openAIKinds, serve: (*call).pass}},
	{"/images/", surface{name: "openai-images", op: "images", kinds: openAIKinds, serve: (*call).pass}},
	{"/audio/speech", surface{name: "openai-audio", op: "audio_speech", kinds: openAIKinds, serve: (*call).pass}},
	{"/audio/transcriptions", surface{name: "openai-audio", op: "audio_transcription", kinds: openAIKinds, serve: (*call).pass}},
	{"/audio/translations", surface{name: "openai-audio", op: "audio_translation", kinds: openAIKinds, serve: (*call).pass}},
	{"/moderations", surface{name: "openai-moderations", op: "moderations", kinds: openAIKinds, serve: (*call).pass}},
	{"/files", surface{name: "openai-files", op: "files", kinds: openAIKinds, serve: (*call).pass}},
	{"/uploads", surface{name: "openai-files", op: "files", kinds: openAIKinds, serve: (*call).pass}},
	{"/batches", surface{name: "openai-batches", op: "batches", kinds: openAIKinds, serve: (*call).pass}},
	{"/responses/", surface{name: "openai-responses", op: "responses", kinds: openAIKinds, serve: (*call).pass}},
	{"/", surface{name: "openai-passthrough", op: "other", kinds: openAIKinds, serve: (*call).pass}},
}

// route finds the surface of an escaped path.
func route(path string) (arrival, bool) {
	switch path {
	case "/v1/chat/completions":
		return arrival{surface: &chatSurface}, true
	case "/v1/responses":
		return arrival{surface: &responsesSurface}, true
	case "/v1/messages":
		return arrival{surface: &messagesSurface}, true
	case "/v1/embeddings":
		return arrival{surface: &embedSurface}, true
	case "/v1/messages/count_tokens":
		return arrival{surface: &countSurface}, true
	case "/v1/models":
		return arrival{surface: &modelsSurface}, true
	case "/v1beta/models":
		return arrival{surface: &geminiModels}, true
	}
	switch {
	case strings.HasPrefix(path, "/v1beta/models/"), strings.HasPrefix(path, "/v1/models/"):
		return routeModel(path)
	case strings.HasPrefix(path, "/v1/projects/"), strings.HasPrefix(path, "/v1beta1/projects/"):
		if model, method, ok := strings.Cut(after(path, "/models/"), ":"); ok {
			return arrival{surface: &vertexSurface, model: unescape(model), method: method, path: path}, true
		}
		return arrival{surface: &vertexPass, path: path}, true
	case isBareModel(path):
		return routeModel("/v1beta/models" + strings.TrimPrefix(path, "/v1beta"))
	case strings.HasPrefix(path, "/v1beta/"), strings.HasPrefix(path, "/upload/v1beta/"):
		return arrival{surface: &geminiPass, path: path}, true
	case strings.HasPrefix(path, "/model/"):
		return routeBedrock(path)
	case strings.HasPrefix(path, "/v1/messages/"):
		return arrival{surface: &anthropicPass, path: path}, true
	case strings.HasPrefix(path, "/passthrough/"):
		return arrival{surface: &namedPass, path: strings.TrimPrefix(path, "/passthrough/")}, true
	case strings.HasPrefix(path, "/v1/"):
		rest := strings.TrimPrefix(path, "/v1")
		for i := range openAIPass {
			if strings.HasPrefix(rest, openAIPass[i].head) {
				return arrival{surface: &openAIPass[i].surface, path: rest}, true
			}
		}
	}
	return arrival{}, false
}

// isBareModel tells "/v1beta/PROVIDER/MODEL:METHOD": Vercel's AI SDK leaves
// "models/" out where a name has a slash. Google's own collections are not meant.
func isBareModel(path string) bool {
	name, ok := strings.CutPrefix(path, "/v1beta/")
	if !ok || strings.HasPrefix(name, "tunedModels/") || strings.HasPrefix(name, "dynamic/") {
		return false
	}
	model, method, ok := cutLast(name, ':')
	if !ok || !strings.Contains(model, "/") {
		return false
	}
	switch method {
	case "generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents":
		return true
	}
	return false
}

// routeModel routes "/v1beta/models/MODEL" and "/v1beta/models/MODEL:METHOD"; a
// slash in MODEL may be raw or escaped.
func routeModel(path string) (arrival, bool) {
	rest := after(path, "/models/")
	model, method, ok := cutLast(rest, ':')
	a := arrival{model: unescape(model), method: method, path: path}
	switch {
	case !ok || !isMethod(method):
		a.model, a.surface = unescape(rest), &modelsSurface
		if strings.HasPrefix(path, "/v1beta/") {
			a.surface = &geminiModels
		}
	case method == "generateContent", method == "streamGenerateContent":
		a.surface = &geminiSurface
	case method == "countTokens":
		a.surface = &geminiCount
	case method == "embedContent", method == "batchEmbedContents":
		a.surface = &geminiEmbed
	default:
		a.surface = &geminiPass
	}
	return a, true
}

// isMethod tells Gemini's methods from the tail of a model's name ("llama3:8b").
func isMethod(s string) bool {
	return strings.HasSuffix(s, "Content") || strings.HasSuffix(s, "Contents") || strings.HasSuffix(s, "Tokens") ||
		strings.HasPrefix(s, "predict") || strings.HasPrefix(s, "async") || strings.HasPrefix(s, "batch")
}

func routeBedrock(path string) (arrival, bool) {
	model, method, ok := cutLast(strings.TrimPrefix(path, "/model/"), '/')
	if !ok {
		return arrival{}, false
	}
	a := arrival{surface: &bedrockPass, model: unescape(model), method: method, path: path}
	if method == "converse" || method == "converse-stream" {
		a.surface = &bedrockSurface
	}
	return a, true
}

func after(s, mark string) string {
	_, rest, _ := strings.Cut(s, mark)
	return rest
}

func cutLast(s string, sep byte) (before, rest string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}
