// Package openai holds the codecs of OpenAI's Chat Completions and Embeddings
// formats, as OpenAI speaks them and as the many compatible servers do (DeepSeek,
// Groq, Mistral, OpenRouter, Perplexity, xAI, Google's and Moonshot's compatible
// endpoints, vLLM and its kin), and the meters of OpenAI's other surfaces, whose
// bytes pass unchanged.
//
// Decoding is lenient where servers differ and strict where text could be lost:
// what cannot be read is a fault, never a gap. Towards callers the codec uses
// three extensions that compatible servers have made common: reasoning_content
// (thoughts), reasoning_details (thoughts with their signatures, so that a client
// that sends the message back keeps a signed conversation alive), and
// extra_content.google.thought_signature.
package openai

import (
	"github.com/bytedance/sonic"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// streamType is the Content-Type of a Chat Completions stream.
const streamType = "text/event-stream"

// marshaler writes JSON with sorted map keys and valid UTF-8, and checks the raw
// pieces that came from elsewhere.
var marshaler = sonic.Config{
	SortMapKeys:      true,
	ValidateString:   true,
	CopyString:       true,
	CompactMarshaler: true,
}.Froze()

// Chat returns the codec of Chat Completions.
func Chat() wire.Chat {
	return wire.Chat{
		Format:         llm.OpenAIChat,
		DecodeRequest:  decodeRequest,
		EncodeRequest:  encodeRequest,
		DecodeResponse: decodeResponse,
		EncodeResponse: encodeResponse,
		DecodeStream:   decodeStream,
		NewEncoder:     newEncoder,
		EncodeError:    encodeError,
		DecodeError:    decodeError,
		Measure:        measure,
		Observe:        observe,
		NewSplitter:    func() wire.Splitter { return &sse.Splitter{} },
		StreamType:     streamType,
	}
}

// Embeddings returns the codec of Embeddings.
func Embeddings() wire.Embed {
	return wire.Embed{
		Format:         llm.OpenAIEmbeddings,
		DecodeRequest:  decodeEmbedRequest,
		EncodeRequest:  encodeEmbedRequest,
		DecodeResponse: decodeEmbedResponse,
		EncodeResponse: encodeEmbedResponse,
		EncodeError:    encodeError,
		DecodeError:    decodeError,
		Measure:        measureEmbed,
	}
}
