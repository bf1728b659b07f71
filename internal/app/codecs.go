package app

import (
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/anthropic"
	"github.com/steward-llmops/steward/internal/wire/bedrock"
	"github.com/steward-llmops/steward/internal/wire/gemini"
	"github.com/steward-llmops/steward/internal/wire/openai"
	"github.com/steward-llmops/steward/internal/wire/responses"
)

// ChatCodecs is the one list of chat formats.
func ChatCodecs() map[llm.Format]wire.Chat {
	codecs := map[llm.Format]wire.Chat{}
	for _, c := range []wire.Chat{openai.Chat(), responses.Responses(), anthropic.Messages(), gemini.Generate(), bedrock.Converse()} {
		codecs[c.Format] = c
	}
	return codecs
}

// EmbedCodecs is the one list of embeddings formats.
func EmbedCodecs() map[llm.Format]wire.Embed {
	codecs := map[llm.Format]wire.Embed{}
	for _, c := range []wire.Embed{openai.Embeddings(), gemini.Embed()} {
		codecs[c.Format] = c
	}
	return codecs
}
