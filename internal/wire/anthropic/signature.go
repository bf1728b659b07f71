package anthropic

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// Another provider's signed reasoning has to survive a caller that speaks
// Anthropic: such callers send thinking blocks back as they got them. So its
// tokens travel in the signature field as "FORMAT:BASE64", where no signature of
// Anthropic's own has a colon, and are unpacked when they return.

// carried is what travels of a foreign block beyond its text.
type carried struct {
	ID        string `json:"id,omitempty"`
	Signature string `json:"sig,omitempty"`
	Encrypted string `json:"enc,omitempty"`
	Summary   bool   `json:"sum,omitempty"`
}

var foreign = []llm.Format{
	llm.OpenAIChat, llm.OpenAIResponses, llm.GeminiGenerate, llm.BedrockConverse,
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
		ID: c.ID, Signature: c.Signature, Encrypted: c.Encrypted, Summary: c.Summary,
		Issuer: llm.Format(issuer),
	}, true
}
