package otel

// What is emitted, for the tests that pin it.
var (
	EmittedNames = map[string]string{
		"operation": keyOperation, "provider": keyProvider, "request model": keyRequestModel, "stream": keyRequestStream,
		"response model": keyResponseModel, "response id": keyResponseID, "finish reasons": keyFinishReasons, "first chunk": keyFirstChunk,
		"input tokens": keyInputTokens, "output tokens": keyOutputTokens, "cache read": keyCacheRead, "cache creation": keyCacheCreation,
		"reasoning": keyReasoning, "conversation": keyConversation, "token type": keyTokenType, "input messages": keyInputMessages,
		"output messages": keyOutputMessages, "system": keySystem, "error type": keyErrorType, "server address": keyServerAddress,
		"server port": keyServerPort, "status code": keyStatusCode, "user": keyUser, "service name": keyServiceName,
		"service version": keyServiceVersion, "service instance": keyServiceInstance, "schema": schemaURL,
		"tokens metric": metricTokens, "operation metric": metricOperation, "request metric": metricRequest,
		"per token metric": metricPerToken, "first metric": metricFirst,
	}
	ProviderNames  = providerNames
	OperationNames = operations
)

// EmittedUnits returns the unit of each metric.
func EmittedUnits() map[string]string {
	units := map[string]string{}
	for _, h := range histograms {
		units[h.name] = h.unit
	}
	return units
}

// The bounds of labels, of messages, of requests.
const (
	MaxModels    = maxModels
	MaxText      = maxText
	MaxMessages  = maxMessages
	RequestSpans = requestSpans
)
