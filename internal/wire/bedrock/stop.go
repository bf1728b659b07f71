package bedrock

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// stopReasons pairs stop reasons with finish reasons; the first row of a finish
// is the one written.
var stopReasons = []struct {
	name   string
	finish llm.Finish
}{
	{"end_turn", llm.FinishStop},
	{"tool_use", llm.FinishToolCalls},
	{"max_tokens", llm.FinishLength},
	{"stop_sequence", llm.FinishStopSequence},
	{"content_filtered", llm.FinishContentFilter},
	{"guardrail_intervened", llm.FinishContentFilter},
	{"model_context_window_exceeded", llm.FinishContext},
}

// decodeStop reads a stop reason; those that are not known, such as
// malformed_model_output, are FinishOther.
func decodeStop(name string) llm.Finish {
	for _, r := range stopReasons {
		if r.name == name {
			return r.finish
		}
	}
	switch {
	case name == "":
		return llm.FinishNone
	case name == "refusal": // Claude's, which Bedrock passes on
		return llm.FinishRefusal
	}
	return llm.FinishOther
}

// stopOf reads the reason of messageStop, which ends an answer even without one.
func stopOf(v gjson.Result) llm.Finish {
	if f := decodeStop(v.String()); f != llm.FinishNone {
		return f
	}
	return llm.FinishOther
}

// encodeStop returns the stop reason for f, "" where the answer has none.
func encodeStop(f llm.Finish, lost *llm.Lost) string {
	for _, r := range stopReasons {
		if r.finish == f {
			return r.name
		}
	}
	switch f {
	case llm.FinishNone:
		return ""
	case llm.FinishRefusal:
		lost.Add("finish.refusal")
		return "content_filtered"
	}
	lost.Add("finish." + strings.ToLower(string(f)))
	return "end_turn"
}
