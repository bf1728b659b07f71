// Package anthropic is the codec of Anthropic's Messages API: requests, answers,
// streams, errors, token counts and the list of models, in both directions.
//
// Reading walks the JSON field by field instead of unmarshalling into structs,
// so that every field is either understood or named in Request.Unknown (law 4).
// Writing marshals structs; the frames of a stream, which come by the hundred,
// are appended by hand.
//
// What Anthropic has no word for is declared in the llm.Lost of each encoder by
// the name of the field or part ("seed", "part.audio", "finish.other").
package anthropic

import (
	"github.com/bytedance/sonic"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// DefaultMaxTokens is max_tokens, which Anthropic demands, where the caller gave
// no limit. A thinking budget comes on top, because Anthropic counts thoughts
// within max_tokens.
const DefaultMaxTokens = 8192

// Messages returns the codec of /v1/messages.
func Messages() wire.Chat {
	return wire.Chat{
		Format:         llm.AnthropicMessages,
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
		NewSplitter:    func() wire.Splitter { return new(sse.Splitter) },
		StreamType:     "text/event-stream; charset=utf-8",
	}
}

// output marshals without HTML escapes, checks embedded JSON but keeps it as it
// is, and replaces bytes that are no UTF-8.
var output = sonic.Config{ValidateString: true, SortMapKeys: true}.Froze()
