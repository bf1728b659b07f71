package openai

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// The words of OpenRouter's reasoning_details for who signed a block, and one of
// our own, which OpenRouter never sends.
const (
	signedAnthropic = "anthropic-claude-v1"
	signedResponses = "openai-responses-v1"
	signedGemini    = "google-gemini-v1"
	signedBedrock   = "bedrock-converse-v1"
)

func issuerOf(format string) llm.Format {
	switch format {
	case signedAnthropic:
		return llm.AnthropicMessages
	case signedResponses:
		return llm.OpenAIResponses
	case signedGemini:
		return llm.GeminiGenerate
	case signedBedrock:
		return llm.BedrockConverse
	}
	return llm.OpenAIChat
}

func formatOf(issuer llm.Format) string {
	switch issuer {
	case llm.AnthropicMessages:
		return signedAnthropic
	case llm.BedrockConverse:
		return signedBedrock
	case llm.OpenAIResponses:
		return signedResponses
	case llm.GeminiGenerate:
		return signedGemini
	}
	return "unknown"
}

// detail is one entry of reasoning_details.
type detail struct {
	Type      string `json:"type"`
	Text      string `json:"text,omitempty"`
	Summary   string `json:"summary,omitempty"`
	Data      string `json:"data,omitempty"`
	Signature string `json:"signature,omitempty"`
	ID        string `json:"id,omitempty"`
	Format    string `json:"format"`
	Index     int    `json:"index"`
}

const (
	detailText      = "reasoning.text"
	detailSummary   = "reasoning.summary"
	detailEncrypted = "reasoning.encrypted"
)

// partOfDetail reads one entry of reasoning_details.
func partOfDetail(v gjson.Result) llm.Part {
	p := llm.Part{Kind: llm.KindReasoning, Reasoning: &llm.ReasoningBlock{
		ID:     text(get(v, "id")),
		Issuer: issuerOf(get(v, "format").Str),
	}}
	switch get(v, "type").Str {
	case detailEncrypted:
		p.Reasoning.Encrypted, p.Reasoning.Redacted = text(get(v, "data")), true
	case detailSummary:
		p.Text, p.Reasoning.Summary = text(get(v, "summary")), true
	default:
		p.Text, p.Reasoning.Signature = text(get(v, "text")), text(get(v, "signature"))
	}
	return p
}

// detailsOf writes one reasoning part as entries of reasoning_details, the first
// with index index.
func detailsOf(p *llm.Part, index int) []detail {
	block := p.Reasoning
	if block == nil {
		block = &llm.ReasoningBlock{}
	}
	format := formatOf(block.Issuer)
	var out []detail
	switch {
	case block.Summary && p.Text != "":
		out = append(out, detail{Type: detailSummary, Summary: p.Text, ID: block.ID, Format: format, Index: index})
	case p.Text != "" || block.Signature != "":
		out = append(out, detail{Type: detailText, Text: p.Text, Signature: block.Signature, ID: block.ID, Format: format, Index: index})
	}
	if block.Encrypted != "" {
		out = append(out, detail{Type: detailEncrypted, Data: block.Encrypted, ID: block.ID, Format: format, Index: index + len(out)})
	}
	return out
}

// sealed reports whether p carries a signature or encrypted content, which only
// its issuer can read.
func sealed(p *llm.Part) bool {
	return p.Reasoning != nil && (p.Reasoning.Signature != "" || p.Reasoning.Encrypted != "")
}

// tongue is how a server takes thoughts back in an assistant message.
type tongue uint8

const (
	tongueNone    tongue = iota // it refuses or ignores them
	tongueContent               // reasoning_content
	tongueChunks                // Mistral's thinking chunks
	tongueDetails               // OpenRouter's reasoning_details
)

// tongueOf guesses from the model's name how its server takes thoughts back, and
// for reasoning_details, whose signed blocks it takes. Servers that are not known
// to take them may refuse the whole request, so they get none.
func tongueOf(model string) (tongue, llm.Format) {
	m := strings.ToLower(model)
	if vendor, name, ok := strings.Cut(m, "/"); ok {
		switch {
		case vendor == "anthropic":
			return tongueDetails, llm.AnthropicMessages
		case vendor == "google" && strings.HasPrefix(name, "gemini"):
			return tongueDetails, llm.GeminiGenerate
		case vendor == "openai" && !strings.HasPrefix(name, "gpt-oss"):
			return tongueDetails, llm.OpenAIResponses
		}
	}
	for _, family := range []string{"deepseek", "kimi", "glm-", "minimax"} {
		if strings.Contains(m, family) {
			return tongueContent, llm.OpenAIChat
		}
	}
	if strings.HasPrefix(m, "magistral") {
		return tongueChunks, llm.OpenAIChat
	}
	return tongueNone, ""
}

// thinkingModel reports whether model is one of OpenAI's reasoning models, which
// refuse max_tokens.
func thinkingModel(model string) bool {
	m := strings.ToLower(model[strings.LastIndexByte(model, '/')+1:])
	switch {
	case len(m) > 1 && m[0] == 'o' && digit(m[1]):
		return true
	case strings.HasPrefix(m, "gpt-") && len(m) > 4 && digit(m[4]):
		return m[4] >= '5' || len(m) > 5 && digit(m[5])
	}
	return strings.HasPrefix(m, "codex-")
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
