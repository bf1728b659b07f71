package sim

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// family is a vendor's house style: of errors, ids and lists.
type family uint8

const (
	openai family = iota
	anthropic
	gemini
	bedrock
)

// trouble is a reason to refuse a request, in each family's own words. A family
// without a type of its own for it takes the words of the status.
type trouble struct {
	status int
	code   string // OpenAI's code
	kinds  [4]string
	says   [4]string
}

var troubles = map[string]trouble{
	"rate_limit": {429, "rate_limit_exceeded",
		[4]string{"requests", "rate_limit_error", "RESOURCE_EXHAUSTED", "ThrottlingException"},
		[4]string{"Rate limit reached for requests. Limit: 500 / min. Please try again later.", "This request would exceed your organization's rate limit of 50 requests per minute.", "Resource has been exhausted (e.g. check quota).", "Too many requests, please wait before trying again."}},
	"quota": {429, "insufficient_quota",
		[4]string{"insufficient_quota", "rate_limit_error", "RESOURCE_EXHAUSTED", "ServiceQuotaExceededException"},
		[4]string{"You exceeded your current quota, please check your plan and billing details.", "Your credit balance is too low to access the API: insufficient_quota.", "You exceeded your current quota, please check your plan and billing details.", "Your account has exceeded its service quota."}},
	"error_500": {500, "",
		[4]string{"server_error", "api_error", "INTERNAL", "InternalServerException"},
		[4]string{"The server had an error while processing your request. Sorry about that!", "Internal server error", "An internal error has occurred. Please retry or report it.", "The system encountered an unexpected error during processing. Try your request again."}},
	"error_503": {503, "",
		[4]string{"server_error", "api_error", "UNAVAILABLE", "ServiceUnavailableException"},
		[4]string{"The engine is currently overloaded, please try again later.", "Service unavailable", "The model is overloaded. Please try again later.", "The service isn't currently available. Try again later."}},
	"overloaded_529": {529, "",
		[4]string{"overloaded_error", "overloaded_error", "UNAVAILABLE", "ModelNotReadyException"},
		[4]string{"Overloaded", "Overloaded", "The model is overloaded. Please try again later.", "The model is overloaded."}},
	"auth_401": {401, "invalid_api_key",
		[4]string{"invalid_request_error", "authentication_error", "UNAUTHENTICATED", "UnrecognizedClientException"},
		[4]string{"Incorrect API key provided.", "invalid x-api-key", "API key not valid. Please pass a valid API key.", "The security token included in the request is invalid."}},
	"context_length": {400, "context_length_exceeded",
		[4]string{"invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT", "ValidationException"},
		[4]string{"This model's maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens. Please reduce the length of the messages.", "prompt is too long: 215345 tokens > 200000 maximum", "The input token count (1153434) exceeds the maximum number of tokens allowed (1048576).", "Input is too long for requested model."}},
	"content_filter": {400, "content_filter",
		[4]string{"invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT", "ValidationException"},
		[4]string{"The response was filtered due to the prompt triggering the content management policy.", "Output blocked by content filtering policy", "The prompt was blocked: PROHIBITED_CONTENT.", "The request was blocked by the content filter."}},
	"invalid": {400, "",
		[4]string{"invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT", "ValidationException"}, [4]string{}},
	"not_found": {404, "not_found",
		[4]string{"invalid_request_error", "not_found_error", "NOT_FOUND", "ResourceNotFoundException"}, [4]string{}},
	"method": {405, "method_not_allowed",
		[4]string{"invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT", "ValidationException"}, [4]string{}},
	"too_large": {413, "request_too_large",
		[4]string{"invalid_request_error", "request_too_large", "INVALID_ARGUMENT", "ValidationException"}, [4]string{}},
	"no_codec": {501, "not_implemented",
		[4]string{"invalid_request_error", "api_error", "UNIMPLEMENTED", "ValidationException"}, [4]string{}},
}

// refusal returns the status, headers and body of a trouble in a family's form;
// text replaces the family's sentence where it is not empty.
func refusal(name string, fam family, text, requestID string) (int, http.Header, []byte) {
	t := troubles[name]
	if text == "" {
		text = t.says[fam]
	}
	h := http.Header{"Content-Type": {"application/json"}}
	var body any
	switch fam {
	case anthropic:
		body = map[string]any{"type": "error", "error": map[string]any{"type": t.kinds[fam], "message": text}, "request_id": requestID}
	case gemini:
		body = map[string]any{"error": map[string]any{"code": t.status, "message": text, "status": t.kinds[fam]}}
	case bedrock:
		h.Set("x-amzn-errortype", t.kinds[fam])
		body = map[string]any{"message": text}
	default:
		var code any
		if t.code != "" {
			code = t.code
		}
		body = map[string]any{"error": map[string]any{"message": text, "type": t.kinds[fam], "param": nil, "code": code}}
	}
	return t.status, h, mustJSON(body)
}

// rateHeaders are the headers that come with a rate limit.
func rateHeaders(h http.Header, fam family, retryAfter string) {
	if retryAfter == "none" {
		return
	}
	h.Set("retry-after", retryAfter)
	switch fam {
	case openai:
		h.Set("x-ratelimit-limit-requests", "500")
		h.Set("x-ratelimit-remaining-requests", "0")
		h.Set("x-ratelimit-reset-requests", retryAfter+"s")
	case anthropic:
		h.Set("anthropic-ratelimit-requests-limit", "50")
		h.Set("anthropic-ratelimit-requests-remaining", "0")
	}
}

// mustJSON encodes values of our own making, which never fail.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte(`{"error":{"message":` + strconv.Quote(err.Error()) + `}}`)
	}
	return b
}
