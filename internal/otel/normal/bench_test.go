package normal_test

import (
	"testing"

	"github.com/steward-llmops/steward/internal/otel/normal"
)

func BenchmarkSpan(b *testing.B) {
	s := spanOf(m{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06",
		"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 50, "gen_ai.usage.cache_read.input_tokens": 800, "gen_ai.response.finish_reasons": []string{"stop"},
		"gen_ai.input.messages": `[{"role":"user","parts":[{"type":"text","content":"hello"}]}]`, "gen_ai.output.messages": `[{"role":"assistant","parts":[]}]`,
		"gen_ai.conversation.id": "c1", "user.id": "u1", "gen_ai.response.id": "r1", "server.address": "api.openai.com"})
	res := service(m{"service.name": "shop", "service.version": "1"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := normal.Span(who, res, nil, s, now, normal.Default); err != nil {
			b.Fatal(err)
		}
	}
}
