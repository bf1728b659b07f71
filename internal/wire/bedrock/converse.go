// Package bedrock is the codec of Amazon Bedrock's Converse API: requests,
// answers, binary event streams and errors, in both directions, and the readers
// that meter Bedrock's other operations (InvokeModel, CountTokens).
//
// Reading walks the JSON field by field, so that every field is either
// understood or named in Request.Unknown (law 4). Writing marshals structs; the
// frames of a stream are appended by hand.
//
// The model is not in the body but in the URL. Writing a request looks at
// Request.Model all the same, because what one family of models demands in
// additionalModelRequestFields another refuses.
package bedrock

import (
	"github.com/bytedance/sonic"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
)

// Converse returns the codec of /model/{model}/converse and converse-stream.
func Converse() wire.Chat {
	return wire.Chat{
		Format:         llm.BedrockConverse,
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
		NewSplitter:    func() wire.Splitter { return new(Splitter) },
		StreamType:     "application/vnd.amazon.eventstream",
	}
}

// output marshals without HTML escapes, checks embedded JSON but keeps it as it
// is, and replaces bytes that are no UTF-8.
var output = sonic.Config{ValidateString: true, SortMapKeys: true}.Froze()
