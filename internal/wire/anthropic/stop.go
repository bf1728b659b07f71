package anthropic

import (
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// stopReasons pairs stop reasons with finish reasons. Anthropic's "compaction" asks for the answer to be sent back
// to go on, as pause_turn does.
var stopReasons = []struct {
	name   string
	finish llm.Finish
}{
	{"end_turn", llm.FinishStop},
	{"max_tokens", llm.FinishLength},
	{"stop_sequence", llm.FinishStopSequence},
	{"tool_use", llm.FinishToolCalls},
	{"pause_turn", llm.FinishPause},
	{"compaction", llm.FinishPause},
	{"refusal", llm.FinishRefusal},
	{"model_context_window_exceeded", llm.FinishContext},
}

func decodeStop(v gjson.Result) llm.Finish {
	if v.Type != gjson.String || v.Str == "" {
		return llm.FinishNone
	}
	for _, r := range stopReasons {
		if r.name == v.Str {
			return r.finish
		}
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
	case llm.FinishContentFilter:
		lost.Add("finish.content_filter")
		return "refusal"
	}
	lost.Add("finish.other")
	return "end_turn"
}
