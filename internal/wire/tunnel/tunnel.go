// Package tunnel carries a provider's signed reasoning through a caller that speaks
// another format. Such callers send reasoning back as they got it, signature and
// all; so the tokens of a foreign block travel in the signature as "FORMAT:BASE64",
// which no provider's own signature looks like, and are unpacked when they return.
// They go back to their issuer only.
package tunnel

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// issuers are the formats whose reasoning can be signed.
var issuers = []llm.Format{llm.OpenAIChat, llm.OpenAIResponses, llm.GeminiGenerate, llm.AnthropicMessages, llm.BedrockConverse}

// carried is what travels of a foreign block beyond its text.
type carried struct {
	ID        string `json:"id,omitempty"`
	Signature string `json:"sig,omitempty"`
	Encrypted string `json:"enc,omitempty"`
	Summary   bool   `json:"sum,omitempty"`
}

// Pack packs the tokens of a block that is foreign to the format own; "" where it
// has none, is own's, or nobody is known to read them.
func Pack(b *llm.ReasoningBlock, own llm.Format) string {
	if b.Signature == "" && b.Encrypted == "" || !foreign(b.Issuer, own) {
		return ""
	}
	packed, err := json.Marshal(carried{b.ID, b.Signature, b.Encrypted, b.Summary})
	if err != nil {
		return ""
	}
	return string(b.Issuer) + ":" + base64.RawURLEncoding.EncodeToString(packed)
}

// Unpack is the inverse of Pack; false for anything that Pack did not write.
func Unpack(signature string, own llm.Format) (*llm.ReasoningBlock, bool) {
	issuer, packed, found := strings.Cut(signature, ":")
	if !found || !foreign(llm.Format(issuer), own) {
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
	return &llm.ReasoningBlock{ID: c.ID, Signature: c.Signature, Encrypted: c.Encrypted, Summary: c.Summary, Issuer: llm.Format(issuer)}, true
}

func foreign(issuer, own llm.Format) bool { return issuer != own && slices.Contains(issuers, issuer) }
