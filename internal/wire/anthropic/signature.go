package anthropic

import (
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/tunnel"
)

// Another provider's signed reasoning has to survive a caller that speaks
// Anthropic: such callers send thinking blocks back as they got them. So its
// tokens travel in the signature field as "FORMAT:BASE64", where no signature of
// Anthropic's own has a colon, and are unpacked when they return.

func carry(b *llm.ReasoningBlock) string { return tunnel.Pack(b, llm.AnthropicMessages) }

func uncarry(signature string) (*llm.ReasoningBlock, bool) {
	return tunnel.Unpack(signature, llm.AnthropicMessages)
}
