package tunnel_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/tunnel"
)

func TestWhatIsPackedComesBackToItsIssuerOnly(t *testing.T) {
	block := &llm.ReasoningBlock{ID: "rs_1", Signature: "c2ln", Encrypted: "enc", Summary: true, Issuer: llm.OpenAIResponses}
	packed := tunnel.Pack(block, llm.AnthropicMessages)
	got, ok := tunnel.Unpack(packed, llm.AnthropicMessages)
	if !ok {
		t.Fatalf("Unpack(%q) found nothing", packed)
	}
	if diff := cmp.Diff(block, got); diff != "" {
		t.Errorf("block (-want +got):\n%s", diff)
	}
	if own := tunnel.Pack(block, llm.OpenAIResponses); own != "" {
		t.Errorf("a format's own block was packed: %q", own)
	}
	if _, ok := tunnel.Unpack(packed, llm.OpenAIResponses); ok {
		t.Error("a format unpacked its own tokens: they are never packed")
	}
	for _, s := range []string{"", "c2ln", "nobody:e30", "openai-responses:***", "openai-responses:bm90anNvbg"} {
		if _, ok := tunnel.Unpack(s, llm.AnthropicMessages); ok {
			t.Errorf("Unpack(%q) found a block", s)
		}
	}
	if packed := tunnel.Pack(&llm.ReasoningBlock{Issuer: llm.GeminiGenerate}, llm.AnthropicMessages); packed != "" {
		t.Errorf("a block without tokens was packed: %q", packed)
	}
}
