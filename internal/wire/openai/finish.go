package openai

import (
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// finishOf reads a finish_reason, with the further words of compatible servers.
func finishOf(s string) llm.Finish {
	switch s {
	case "":
		return llm.FinishNone
	case "stop", "eos", "end_turn", "eos_token":
		return llm.FinishStop
	case "stop_sequence":
		return llm.FinishStopSequence
	case "length", "max_tokens":
		return llm.FinishLength
	case "model_length": // Mistral
		return llm.FinishContext
	case "tool_calls", "function_call", "tool_use":
		return llm.FinishToolCalls
	case "content_filter", "sensitive": // Z.ai
		return llm.FinishContentFilter
	case "refusal":
		return llm.FinishRefusal
	}
	return llm.FinishOther
}

// broken returns the fault of a finish_reason which says that the server broke
// off, nil for every other: such an answer is no success.
func broken(s string) *fault.Error {
	switch s {
	case "error", "abort", "network_error": // OpenRouter; vLLM and SGLang; Z.ai
		return fault.New(fault.Upstream, "provider_error", "the provider broke the answer off").
			Hinted("try again")
	case "insufficient_system_resource": // DeepSeek
		return fault.New(fault.Upstream, "provider_overloaded", "the provider ran out of capacity and broke the answer off").
			Hinted("try again")
	}
	return nil
}

// settle makes finish agree with what the answer holds: a server that forces a
// call, and Google's, say "stop" though the answer is a call, and a refusal is
// told by its part only.
func settle(finish llm.Finish, called, refused bool) llm.Finish {
	switch {
	case finish == llm.FinishStop && called:
		return llm.FinishToolCalls
	case finish == llm.FinishStop && refused:
		return llm.FinishRefusal
	}
	return finish
}

// finishName writes a finish as OpenAI's word, and declares what the word hides.
func finishName(f llm.Finish, refused bool, lost *llm.Lost) string {
	switch f {
	case llm.FinishStop:
		return "stop"
	case llm.FinishStopSequence:
		lost.Add("stop_sequence")
		return "stop"
	case llm.FinishLength:
		return "length"
	case llm.FinishContext:
		lost.Add("finish." + string(f))
		return "length"
	case llm.FinishToolCalls:
		return "tool_calls"
	case llm.FinishContentFilter:
		return "content_filter"
	case llm.FinishRefusal:
		if refused {
			return "stop"
		}
		return "content_filter"
	case llm.FinishNone:
		lost.Add("finish.none")
		return "stop"
	}
	lost.Add("finish." + string(f))
	return "stop"
}
