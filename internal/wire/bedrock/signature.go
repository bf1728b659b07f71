package bedrock

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// Callers that speak Bedrock send reasoning back as they got it. So another
// provider's tokens travel in the signature as "FORMAT:BASE64", which none of
// Bedrock's own looks like, and are unpacked when they return. Redacted content
// is a blob that SDKs decode, so there the whole is base64 once more.

// carried is what travels of a foreign block beyond its text.
type carried struct {
	ID        string `json:"id,omitempty"`
	Signature string `json:"sig,omitempty"`
	Encrypted string `json:"enc,omitempty"`
	Summary   bool   `json:"sum,omitempty"`
}

var foreign = []llm.Format{
	llm.OpenAIChat, llm.OpenAIResponses, llm.GeminiGenerate, llm.AnthropicMessages,
}

// carry packs the tokens of a foreign block; "" where it has none, or nobody is
// known to read them.
func carry(b *llm.ReasoningBlock) string {
	if b.Signature == "" && b.Encrypted == "" || !slices.Contains(foreign, b.Issuer) {
		return ""
	}
	packed, err := json.Marshal(carried{b.ID, b.Signature, b.Encrypted, b.Summary})
	if err != nil {
		return ""
	}
	return string(b.Issuer) + ":" + base64.RawURLEncoding.EncodeToString(packed)
}

// uncarry is the inverse of carry.
func uncarry(signature string) (*llm.ReasoningBlock, bool) {
	issuer, packed, found := strings.Cut(signature, ":")
	if !found || !slices.Contains(foreign, llm.Format(issuer)) {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(packed)
	if err != nil {
		return nil, false
	}
	var c carried
	if json.Unmarshal(raw, &c) != nil {
		return nil, false
	}
	return &llm.ReasoningBlock{
		ID: c.ID, Signature: c.Signature, Encrypted: c.Encrypted, Summary: c.Summary, Issuer: llm.Format(issuer),
	}, true
}

func uncarryData(data string) (*llm.ReasoningBlock, bool) {
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil, false
	}
	return uncarry(string(raw))
}

// answerSignature is the signature that a caller gets with a thought: Bedrock's
// own, or another provider's packed; "" where it has none.
func answerSignature(b *llm.ReasoningBlock) string {
	switch {
	case b == nil:
		return ""
	case b.Issuer == llm.BedrockConverse:
		return b.Signature
	}
	return carry(b)
}

// redactedData is the data of a thought of which nothing is readable; "" for any
// other.
func redactedData(b *llm.ReasoningBlock) string {
	switch {
	case b == nil || !b.Redacted:
		return ""
	case b.Issuer == llm.BedrockConverse:
		return b.Encrypted
	}
	if c := carry(b); c != "" {
		return base64.StdEncoding.EncodeToString([]byte(c))
	}
	return ""
}
