package otel_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	otelattribute "go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/semconv/v1.41.0/genaiconv"

	"github.com/steward-llmops/steward/internal/otel"
)

// What goes out is named by version 1.41 of the conventions, whatever library is
// linked.
func TestNamesArePinned(t *testing.T) {
	want := map[string]string{
		"operation": string(semconv.GenAIOperationNameKey), "provider": string(semconv.GenAIProviderNameKey),
		"request model": string(semconv.GenAIRequestModelKey), "stream": string(semconv.GenAIRequestStreamKey),
		"response model": string(semconv.GenAIResponseModelKey), "response id": string(semconv.GenAIResponseIDKey),
		"finish reasons": string(semconv.GenAIResponseFinishReasonsKey), "first chunk": string(semconv.GenAIResponseTimeToFirstChunkKey),
		"input tokens": string(semconv.GenAIUsageInputTokensKey), "output tokens": string(semconv.GenAIUsageOutputTokensKey),
		"cache read": string(semconv.GenAIUsageCacheReadInputTokensKey), "cache creation": string(semconv.GenAIUsageCacheCreationInputTokensKey),
		"reasoning": string(semconv.GenAIUsageReasoningOutputTokensKey), "conversation": string(semconv.GenAIConversationIDKey),
		"token type": string(semconv.GenAITokenTypeKey), "input messages": string(semconv.GenAIInputMessagesKey),
		"output messages": string(semconv.GenAIOutputMessagesKey), "system": string(semconv.GenAISystemInstructionsKey),
		"error type": string(semconv.ErrorTypeKey), "server address": string(semconv.ServerAddressKey), "server port": string(semconv.ServerPortKey),
		"status code": string(semconv.HTTPResponseStatusCodeKey), "user": string(semconv.UserIDKey),
		"service name": string(semconv.ServiceNameKey), "service version": string(semconv.ServiceVersionKey),
		"service instance": string(semconv.ServiceInstanceIDKey), "schema": semconv.SchemaURL,
		"tokens metric": genaiconv.ClientTokenUsage{}.Name(), "operation metric": genaiconv.ClientOperationDuration{}.Name(),
		"request metric": genaiconv.ServerRequestDuration{}.Name(), "per token metric": genaiconv.ServerTimePerOutputToken{}.Name(),
		"first metric": genaiconv.ServerTimeToFirstToken{}.Name(),
	}
	if diff := cmp.Diff(want, otel.EmittedNames); diff != "" {
		t.Errorf("what is emitted is not what the conventions say (-theirs +ours):\n%s", diff)
	}
	units := map[string]string{
		genaiconv.ClientTokenUsage{}.Name(): genaiconv.ClientTokenUsage{}.Unit(), genaiconv.ClientOperationDuration{}.Name(): genaiconv.ClientOperationDuration{}.Unit(),
		genaiconv.ServerRequestDuration{}.Name():    genaiconv.ServerRequestDuration{}.Unit(),
		genaiconv.ServerTimePerOutputToken{}.Name(): genaiconv.ServerTimePerOutputToken{}.Unit(),
		genaiconv.ServerTimeToFirstToken{}.Name():   genaiconv.ServerTimeToFirstToken{}.Unit(),
	}
	if diff := cmp.Diff(units, otel.EmittedUnits()); diff != "" {
		t.Errorf("units (-theirs +ours):\n%s", diff)
	}
}

func TestWordsArePinned(t *testing.T) {
	providers := map[string]otelattribute.KeyValue{
		"gemini": semconv.GenAIProviderNameGCPGemini, "vertex": semconv.GenAIProviderNameGCPVertexAI, "azure": semconv.GenAIProviderNameAzureAIOpenAI,
		"bedrock": semconv.GenAIProviderNameAWSBedrock, "mistral": semconv.GenAIProviderNameMistralAI, "xai": semconv.GenAIProviderNameXAI,
	}
	for kind, want := range providers {
		if got := otel.ProviderNames[kind]; got != want.Value.AsString() {
			t.Errorf("provider %s is %q, want %q", kind, got, want.Value.AsString())
		}
	}
	// These are the same in both vocabularies.
	for _, same := range []otelattribute.KeyValue{semconv.GenAIProviderNameOpenAI, semconv.GenAIProviderNameAnthropic, semconv.GenAIProviderNameGroq,
		semconv.GenAIProviderNameDeepseek, semconv.GenAIProviderNameCohere, semconv.GenAIProviderNamePerplexity} {
		if word, mapped := otel.ProviderNames[same.Value.AsString()]; mapped {
			t.Errorf("provider %s becomes %s", same.Value.AsString(), word)
		}
	}
	if got, want := otel.OperationNames["completions"], semconv.GenAIOperationNameTextCompletion.Value.AsString(); got != want {
		t.Errorf("completions are %q, want %q", got, want)
	}
}
