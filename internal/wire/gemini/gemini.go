// Package gemini is the codec of Google's generateContent format, as the Gemini
// API and Vertex AI speak it: chat in one piece and as a stream (server-sent
// events or one JSON array), embeddings, token counts and the list of models.
//
// # What the format does its own way
//
// Field names are read in camelCase and snake_case, as the protobuf JSON mapping
// allows; they are written in camelCase. An int64 may be a string.
//
// A functionCall often has no id. The decoder then makes one (prefix "gmn_"),
// stable for the same bytes, so that other formats can tie results to calls; the
// encoder never sends such an id back.
//
// A thoughtSignature may sit on any part, even one without text. It is kept
// verbatim with its issuer and goes back to this format only.
//
// # Thinking
//
// thinkingBudget 0 is Reasoning.Off, -1 and above are Reasoning.Budget;
// thinkingLevel is Reasoning.Effort in lower case. In the other direction a model
// before Gemini 3 takes a budget only, so effort becomes tokens there (none 0,
// minimal and low 1024, medium 8192, high 24576, the figures of Google's own
// OpenAI endpoint), and a model from Gemini 3 on takes a level: xhigh and max
// become HIGH, "off" the lowest level the model has. Where the request does not
// name its model, what was said is written as it was said.
//
// # Searches
//
// Google charges Gemini 3 and later for each distinct query that is not empty,
// and earlier models once for a prompt that was searched for. llm.WebSearch
// counts so, by the prefix of modelVersion.
package gemini

import (
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// Generate returns the codec of generateContent and of streamGenerateContent
// with alt=sse. Its DecodeStream also reads the JSON array that the method sends
// without alt=sse; NewArraySplitter and NewArrayEncoder are that form's others.
func Generate() wire.Chat {
	return wire.Chat{
		Format:         llm.GeminiGenerate,
		DecodeRequest:  decodeRequest,
		EncodeRequest:  encodeRequest,
		DecodeResponse: decodeResponse,
		EncodeResponse: encodeResponse,
		DecodeStream:   decodeStream,
		NewEncoder:     func(*llm.Request) wire.Encoder { return &encoder{} },
		EncodeError:    encodeError,
		DecodeError:    decodeError,
		Measure:        measure,
		Observe:        observe,
		NewSplitter:    func() wire.Splitter { return &sse.Splitter{} },
		StreamType:     "text/event-stream",
	}
}

// finishes maps finishReason to llm; what is not listed is FinishOther.
var finishes = map[string]llm.Finish{
	"FINISH_REASON_UNSPECIFIED": llm.FinishNone,
	"STOP":                      llm.FinishStop,
	"MAX_TOKENS":                llm.FinishLength,
	"SAFETY":                    llm.FinishContentFilter,
	"RECITATION":                llm.FinishContentFilter,
	"BLOCKLIST":                 llm.FinishContentFilter,
	"PROHIBITED_CONTENT":        llm.FinishContentFilter,
	"SPII":                      llm.FinishContentFilter,
	"IMAGE_SAFETY":              llm.FinishContentFilter,
	"IMAGE_PROHIBITED_CONTENT":  llm.FinishContentFilter,
	"IMAGE_RECITATION":          llm.FinishContentFilter,
	"MODEL_ARMOR":               llm.FinishContentFilter,
}

// finishOf reads a finishReason; called reports that the answer calls functions,
// for which the format has no reason of its own.
func finishOf(reason string, called bool) llm.Finish {
	if reason == "" {
		return llm.FinishNone
	}
	f, ok := finishes[reason]
	if !ok {
		return llm.FinishOther
	}
	if f == llm.FinishStop && called {
		return llm.FinishToolCalls
	}
	return f
}

// reasonOf writes a finish as finishReason, and names what the word cannot say.
func reasonOf(f llm.Finish, lost *llm.Lost) string {
	switch f {
	case llm.FinishStop, llm.FinishStopSequence, llm.FinishToolCalls:
		return "STOP"
	case llm.FinishLength:
		return "MAX_TOKENS"
	case llm.FinishContext:
		lost.Add("finish.context_window")
		return "MAX_TOKENS"
	case llm.FinishContentFilter:
		return "SAFETY"
	case llm.FinishRefusal:
		lost.Add("finish.refusal")
		return "SAFETY"
	case llm.FinishPause:
		lost.Add("finish.pause")
	}
	return "OTHER"
}

// bareModel takes the resource prefix off a model's name: "models/x" and
// "projects/p/locations/l/publishers/google/models/x" are x.
func bareModel(name string) string {
	if i := strings.LastIndex(name, "models/"); i >= 0 {
		return name[i+len("models/"):]
	}
	return name
}

// generation returns the major version in a Gemini model's name, 0 where the
// name does not say ("gemini-flash-latest", a tuned model, an empty name).
func generation(model string) int {
	i := strings.Index(model, "gemini-")
	if i < 0 {
		return 0
	}
	n := 0
	for _, c := range []byte(model[i+len("gemini-"):]) {
		if c < '0' || c > '9' || n > 100 {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}
