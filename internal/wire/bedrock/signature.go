package bedrock

import (
	"encoding/base64"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/tunnel"
)

// Callers that speak Bedrock send reasoning back as they got it. So another
// provider's tokens travel in the signature as "FORMAT:BASE64", which none of
// Bedrock's own looks like, and are unpacked when they return. Redacted content
// is a blob that SDKs decode, so there the whole is base64 once more.

func carry(b *llm.ReasoningBlock) string { return tunnel.Pack(b, llm.BedrockConverse) }

func uncarry(signature string) (*llm.ReasoningBlock, bool) {
	return tunnel.Unpack(signature, llm.BedrockConverse)
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
