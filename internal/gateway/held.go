package gateway

import (
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// threadUnsupported is the code by which Anthropic's SDKs learn that a server keeps
// no thread: they send the whole conversation then.
const threadUnsupported = "thread_unsupported_request"

// held are the fields, by format, that lean on something that the format's vendor
// keeps: a provider of another format has never seen it.
var held = map[llm.Format][]struct{ field, code string }{
	llm.AnthropicMessages: {{"thread", threadUnsupported}},
	llm.OpenAIResponses:   {{"previous_response_id", "previous_response_not_found"}, {"conversation", "unsupported_parameter"}, {"prompt", "unsupported_parameter"}},
}

// wholeRequest refuses to translate a request whose conversation is not all in it: the
// answer to a half of it would look like an answer to the whole.
func (c *call) wholeRequest() error {
	for _, h := range held[c.format] {
		if v := gjson.GetBytes(c.body, h.field); v.Exists() && v.Type != gjson.Null {
			return fault.New(fault.Invalid, h.code, "%s refers to what %s has never seen", h.field, c.target.Provider.Name).At(h.field).
				Hinted("send the whole conversation without %s", h.field)
		}
	}
	return nil
}

// detailed adds to an error's body what Anthropic's SDKs read of a refused thread.
func detailed(f *fault.Error, format llm.Format, body []byte) []byte {
	if format != llm.AnthropicMessages || f.Code != threadUnsupported {
		return body
	}
	out, err := sjson.SetRawBytes(body, "error.details", []byte(`{"error_code":"`+threadUnsupported+`","unsupported":["thread"]}`))
	if err != nil { // the body is our own JSON
		return body
	}
	return out
}
