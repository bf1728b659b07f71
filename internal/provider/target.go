package provider

import (
	"net/url"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// Target returns the path and query of a call in the format to the model.
func (p *Provider) Target(f llm.Format, model string, stream bool) string {
	switch f {
	case llm.OpenAIChat:
		return p.openAI("/chat/completions", model)
	case llm.OpenAIResponses:
		return p.openAI("/responses", model)
	case llm.OpenAIEmbeddings:
		return p.openAI("/embeddings", model)
	case llm.AnthropicMessages:
		return p.Join("/v1/messages")
	case llm.GeminiGenerate:
		if stream {
			return p.Gemini(model, "streamGenerateContent") + "?alt=sse"
		}
		return p.Gemini(model, "generateContent")
	case llm.GeminiEmbed:
		return p.Gemini(model, "embedContent")
	case llm.BedrockConverse:
		op := "/converse"
		if stream {
			op = "/converse-stream"
		}
		// AWS's SDKs escape the colon, and the signature is over the path as sent.
		return p.Join("/model/" + strings.ReplaceAll(url.PathEscape(model), ":", "%3A") + op)
	}
	return p.Join("/")
}

// openAI returns a path of the OpenAI surface; for Azure's dated API it names the
// deployment and the version, which is all the same as the model.
func (p *Provider) openAI(path, model string) string {
	model = p.Upstream(model)
	if p.Kind.ID == "azure" && p.APIVersion != "" && p.APIVersion != "v1" {
		return p.Join("/openai/deployments/"+url.PathEscape(model)+path) + "?api-version=" + url.QueryEscape(p.APIVersion)
	}
	if p.Kind.ID == "azure" && !strings.Contains(p.prefix, "/openai") {
		path = "/openai/v1" + path
	}
	return p.prefix + path
}

// OpenAIPath returns the target of any path of the OpenAI surface ("/files").
func (p *Provider) OpenAIPath(path string) string {
	return p.openAI(path, "")
}

// Gemini returns the path of a method of Google's surface ("generateContent").
func (p *Provider) Gemini(model, method string) string {
	if p.Kind.ID == "vertex" {
		location := p.Location
		if location == "" {
			location = "global"
		}
		return p.Join("/v1/projects/" + p.Project + "/locations/" + location + "/publishers/google/models/" + model + ":" + method)
	}
	return p.Join("/v1beta/models/" + model + ":" + method)
}

// Join puts a path of the vendor's API behind the base URL. A version that both
// have ("/v1") is written once, so that a base URL works with or without it.
func (p *Provider) Join(path string) string {
	if i := strings.IndexByte(path[1:], '/'); i > 0 {
		if first := path[:i+1]; strings.HasPrefix(first, "/v1") && strings.HasSuffix(p.prefix, first) {
			return p.prefix + path[i+1:]
		}
	}
	return p.prefix + path
}
