package otel

import (
	"github.com/steward-llmops/steward/internal/record"
)

// The names that are emitted: version 1.41 of the conventions, the last in which those
// of GenAI were frozen. They are written down here so that a newer library cannot
// rename what goes out; a test compares them with the library's.
const (
	schemaURL = "https://opentelemetry.io/schemas/1.41.0"

	keyOperation       = "gen_ai.operation.name"
	keyProvider        = "gen_ai.provider.name"
	keyRequestModel    = "gen_ai.request.model"
	keyRequestStream   = "gen_ai.request.stream"
	keyResponseModel   = "gen_ai.response.model"
	keyResponseID      = "gen_ai.response.id"
	keyFinishReasons   = "gen_ai.response.finish_reasons"
	keyFirstChunk      = "gen_ai.response.time_to_first_chunk"
	keyInputTokens     = "gen_ai.usage.input_tokens"
	keyOutputTokens    = "gen_ai.usage.output_tokens"
	keyCacheRead       = "gen_ai.usage.cache_read.input_tokens"
	keyCacheCreation   = "gen_ai.usage.cache_creation.input_tokens"
	keyReasoning       = "gen_ai.usage.reasoning.output_tokens"
	keyConversation    = "gen_ai.conversation.id"
	keyTokenType       = "gen_ai.token.type"
	keyInputMessages   = "gen_ai.input.messages"
	keyOutputMessages  = "gen_ai.output.messages"
	keySystem          = "gen_ai.system_instructions"
	keyErrorType       = "error.type"
	keyServerAddress   = "server.address"
	keyServerPort      = "server.port"
	keyStatusCode      = "http.response.status_code"
	keyUser            = "user.id"
	keyServiceName     = "service.name"
	keyServiceVersion  = "service.version"
	keyServiceInstance = "service.instance.id"

	metricTokens    = "gen_ai.client.token.usage"
	metricOperation = "gen_ai.client.operation.duration"
	metricRequest   = "gen_ai.server.request.duration"
	metricPerToken  = "gen_ai.server.time_per_output_token"
	metricFirst     = "gen_ai.server.time_to_first_token"
)

// The names of what the conventions have no word for.
const (
	keyCall       = "steward.call.id"
	keyCost       = "steward.cost.nano_usd"
	keyPricing    = "steward.pricing"
	keyOrg        = "steward.org"
	keyTeam       = "steward.team"
	keyProject    = "steward.project"
	keyKeyName    = "steward.key.name"
	keyAsked      = "steward.model.asked"
	keyServedBy   = "steward.provider"
	keyCache      = "steward.cache"
	keyAttempts   = "steward.attempts"
	keyAttempt    = "steward.attempt"
	keyRequestID  = "steward.attempt.request_id"
	keyContentCut = "steward.content.cut"
	tagPrefix     = "steward.tag."
)

// operations are the conventions' words for operations; others stay as they are.
var operations = map[string]string{"completions": "text_completion"}

func operationOf(op string) string {
	if word, ok := operations[op]; ok {
		return word
	}
	return op
}

// providerNames are the conventions' words for kinds of provider; others stay as they
// are.
var providerNames = map[string]string{
	"gemini": "gcp.gemini", "vertex": "gcp.vertex_ai", "azure": "azure.ai.openai", "bedrock": "aws.bedrock",
	"mistral": "mistral_ai", "xai": "x_ai", "moonshot": "moonshot_ai",
}

// Naming says what the names of configured providers stand for.
type Naming interface {
	// Kind returns the kind of a configured provider ("openai", "bedrock"); empty
	// where there is none of that name.
	Kind(provider string) string
	// Address returns host and port that the provider is reached at; empty and 0
	// where they are not known.
	Address(provider string) (host string, port int)
}

// nobody stands for the provider of a call that reached none: Steward itself answered.
const nobody = "steward"

// providerOf returns the conventions' word for who served.
func providerOf(naming Naming, provider string) string {
	if provider == "" {
		return nobody
	}
	kind := provider
	if naming != nil {
		if k := naming.Kind(provider); k != "" {
			kind = k
		}
	}
	if kind == "openai-compatible" {
		kind = provider // a server of one's own is known by its own name
	}
	if word, ok := providerNames[kind]; ok {
		return word
	}
	return kind
}

// errorOf returns what error.type says of a call; empty: it went well.
func errorOf(c *record.Call) string {
	switch {
	case c.Outcome == record.OK:
		return ""
	case c.ErrorCode != "":
		return c.ErrorCode
	case c.ErrorKind != "":
		return c.ErrorKind
	}
	return string(c.Outcome)
}
