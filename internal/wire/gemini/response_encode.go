package gemini

import (
	"fmt"
	"time"

	"github.com/steward-llmops/steward/internal/llm"
)

// malformedCall is the format's own reason for a call whose arguments are not an
// object: such a call is left out, so that nobody runs it with arguments missing.
const malformedCall = "MALFORMED_FUNCTION_CALL"

func encodeResponse(resp *llm.Response, _ *llm.Request) ([]byte, llm.Lost, error) {
	w := answerWriter{partWriter: partWriter{answer: true}}
	out := answerJSON{ModelVersion: resp.Model, ResponseID: resp.ID, UsageMetadata: writeUsage(&resp.Usage)}
	if resp.Created > 0 {
		out.CreateTime = time.Unix(resp.Created, 0).UTC().Format(time.RFC3339)
	}
	var parts []any
	var probs []llm.TokenLogProb
	for i := range resp.Parts {
		p := &resp.Parts[i]
		if p.Kind == llm.KindToolCall && !w.callable(p.Call) {
			continue
		}
		written := w.part(p)
		if len(written) > 0 {
			for k := range p.Citations {
				w.ground.add(len(parts), p.Text, &p.Citations[k], &w.lost)
			}
		}
		parts = append(parts, written...)
		probs = append(probs, p.LogProbs...)
	}
	if resp.StopSequence != "" {
		w.lost.Add("stop_sequence")
	}
	c := candidateJSON{
		Content:           &contentJSON{Role: "model", Parts: parts},
		GroundingMetadata: w.ground.metadata(), LogprobsResult: writeLogProbs(probs),
	}
	c.FinishReason, c.FinishMessage = w.reason(resp.Finish)
	out.Candidates = []candidateJSON{c}
	b, err := writer.Marshal(&out)
	if err != nil {
		return nil, w.lost, fmt.Errorf("write generateContent response: %w", err)
	}
	return b, w.lost, nil
}

// answerWriter writes the parts of an answer, whole or as a stream.
type answerWriter struct {
	partWriter
	ground    grounder
	malformed bool // a call was left out
}

// callable reports that a call's arguments are an object, and notes if not.
func (w *answerWriter) callable(c *llm.ToolCall) bool {
	if c == nil {
		return false
	}
	if _, ok := arguments(c.Arguments); !ok {
		w.lost.Add("tool_call.arguments")
		w.malformed = true
		return false
	}
	return true
}

// reason returns finishReason and, where a call was left out, why.
func (w *answerWriter) reason(f llm.Finish) (reason, message string) {
	if w.malformed && (f == llm.FinishToolCalls || f == llm.FinishStop) {
		return malformedCall, "Malformed function call: the arguments are not a JSON object"
	}
	return reasonOf(f, &w.lost), ""
}

func writeLogProbs(list []llm.TokenLogProb) *logprobsJSON {
	if len(list) == 0 {
		return nil
	}
	out := &logprobsJSON{}
	top := false
	for i := range list {
		t := &list[i]
		out.ChosenCandidates = append(out.ChosenCandidates, tokenJSON{Token: t.Token, LogProbability: t.LogProb})
		row := topJSON{Candidates: []tokenJSON{}}
		for k := range t.Top {
			row.Candidates = append(row.Candidates, tokenJSON{Token: t.Top[k].Token, LogProbability: t.Top[k].LogProb})
			top = true
		}
		out.TopCandidates = append(out.TopCandidates, row)
	}
	if !top {
		out.TopCandidates = nil
	}
	return out
}
