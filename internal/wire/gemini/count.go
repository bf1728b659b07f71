package gemini

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// DecodeCount reads a countTokens request: the contents alone (Vertex AI also
// takes instruction, tools and configuration beside them), or a whole
// generateContentRequest. An error is a *fault.Error of kind Invalid.
func DecodeCount(body []byte) (*llm.Request, error) {
	v, ok := parse(body)
	if !ok {
		return nil, fault.New(fault.Invalid, "invalid_json", "the request body is not a JSON object")
	}
	if inner := field(v, "generateContentRequest"); inner.IsObject() {
		return readRequest(inner)
	}
	return readRequest(v)
}

// EncodeCount writes the answer to countTokens.
func EncodeCount(tokens int64) []byte {
	return append(strconv.AppendInt([]byte(`{"totalTokens":`), tokens, 10), '}')
}

// MeasureCount returns the tokens that an answer to countTokens gives; false
// where it gives none.
func MeasureCount(body []byte) (int64, bool) {
	var n int64
	var ok bool
	fields(view(body), func(name string, f gjson.Result) {
		if name == "totalTokens" {
			n, ok = integer(f)
		}
	})
	if n < 0 {
		return 0, false
	}
	return n, ok
}
