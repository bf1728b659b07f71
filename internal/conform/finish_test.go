package conform_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"golang.org/x/tools/txtar"

	"github.com/steward-llmops/steward/internal/llm"
)

// reasons are why an answer ends, in the words of each format, put in the place of
// the reason in a dialect's answer.
var reasons = map[llm.Format][]string{
	llm.OpenAIChat:        {"stop", "length", "content_filter", "tool_calls", "function_call", "unheard_of"},
	llm.OpenAIResponses:   {"completed", "incomplete max_output_tokens", "incomplete content_filter"},
	llm.AnthropicMessages: {"end_turn", "max_tokens", "stop_sequence", "refusal", "pause_turn", "model_context_window_exceeded", "unheard_of"},
	llm.GeminiGenerate:    {"STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "MALFORMED_FUNCTION_CALL", "OTHER", "UNHEARD_OF"},
	llm.BedrockConverse:   {"end_turn", "max_tokens", "stop_sequence", "guardrail_intervened", "content_filtered", "model_context_window_exceeded", "unheard_of"},
}

// because puts a reason into an answer or stream of the dialect.
func (d *dialect) because(text, reason string) string {
	switch d.format {
	case llm.OpenAIChat:
		return strings.ReplaceAll(text, `"finish_reason":"stop"`, `"finish_reason":"`+reason+`"`)
	case llm.OpenAIResponses:
		if status, why, ok := strings.Cut(reason, " "); ok {
			text = strings.Replace(text, "event: response.completed\ndata: {\"type\":\"response.completed\"", "event: response.incomplete\ndata: {\"type\":\"response.incomplete\"", 1)
			at := max(0, strings.Index(text, "event: response.incomplete"))
			tail := strings.Replace(text[at:], `"incomplete_details":null`, `"incomplete_details":{"reason":"`+why+`"}`, 1)
			return text[:at] + strings.Replace(tail, `"status":"completed","output"`, `"status":"`+status+`","output"`, 1)
		}
		return text
	case llm.AnthropicMessages:
		if reason == "stop_sequence" {
			text = strings.ReplaceAll(text, `"stop_reason":"end_turn","stop_sequence":null`, `"stop_reason":"end_turn","stop_sequence":"END"`)
		}
		return strings.ReplaceAll(text, `"stop_reason":"end_turn"`, `"stop_reason":"`+reason+`"`)
	case llm.GeminiGenerate:
		return strings.ReplaceAll(text, `"finishReason":"STOP"`, `"finishReason":"`+reason+`"`)
	}
	return strings.ReplaceAll(text, `"stopReason":"end_turn"`, `"stopReason":"`+reason+`"`)
}

// reasonIn reads why an answer ended out of what a client of the dialect got.
func (d *dialect) reasonIn(t *testing.T, body []byte, stream bool) string {
	var docs []gjson.Result
	switch {
	case !stream:
		docs = []gjson.Result{gjson.ParseBytes(body)}
	case d.format == llm.BedrockConverse:
		for line := range strings.Lines(eventLines(t, body)) {
			_, data, _ := strings.Cut(line, " ")
			docs = append(docs, gjson.Parse(data))
		}
	default:
		docs = events([]byte(strings.ReplaceAll(string(body), "\r\n", "\n")))
	}
	found := ""
	for _, e := range docs {
		switch d.format {
		case llm.OpenAIChat:
			found += e.Get("choices.0.finish_reason").String()
		case llm.OpenAIResponses:
			if e.Get("type").Str == "response.completed" || e.Get("type").Str == "response.incomplete" {
				e = e.Get("response")
			}
			if status := e.Get("status").Str; status == "completed" || status == "incomplete" {
				found += strings.TrimSpace(status + " " + e.Get("incomplete_details.reason").String())
			}
		case llm.AnthropicMessages:
			if found += e.Get("stop_reason").String() + e.Get("delta.stop_reason").String(); e.Get("stop_sequence").String()+e.Get("delta.stop_sequence").String() != "" {
				found += "=" + e.Get("stop_sequence").String() + e.Get("delta.stop_sequence").String()
			}
		case llm.GeminiGenerate:
			found += e.Get("candidates.0.finishReason").String()
		default:
			found += e.Get("stopReason").String()
		}
	}
	return found
}

// TestReasons tables why an answer ended: what a provider says, what the record
// says, and what a client of each other format gets to read.
func TestReasons(t *testing.T) {
	up := newUpstream(t)
	b := newBare(t, up.URL)
	all := dialects(t)
	delete(all, "gemini-array")
	order := []string{"openai-chat", "openai-responses", "anthropic-messages", "gemini-generate", "bedrock-converse"}
	var out txtar.Archive
	for _, pn := range order {
		p, ok := all[pn]
		if !ok {
			continue
		}
		var table strings.Builder
		for _, reason := range reasons[p.format] {
			row := ""
			for _, dn := range order {
				d, ok := all[dn]
				if !ok {
					continue
				}
				var said [2]string
				for i, stream := range []bool{false, true} {
					up.answer(func(w http.ResponseWriter, _ *received) {
						w.Header().Set("Content-Type", "application/json")
						text := p.because(p.whole, reason)
						if stream {
							w.Header().Set("Content-Type", p.streamType)
							text = p.because(p.stream(), reason)
							if p.format == llm.BedrockConverse {
								text = strings.Join(append(append([]string{}, p.frames[:4]...), string(eventStream(`messageStop {"stopReason":"`+reason+`"}`)), p.frames[5]), "")
							}
						}
						_, _ = w.Write([]byte(text))
					})
					w := httptest.NewRecorder()
					if b.serve(w, d.request("k", string(p.format)+"/m-1", stream)) || w.Code != 200 {
						said[i] = fmt.Sprintf("%d %s", w.Code, w.Header().Get("X-Steward-Error"))
						continue
					}
					said[i] = d.reasonIn(t, w.Body.Bytes(), stream)
				}
				row += fmt.Sprintf("    %-18s %s\n", dn, said[0])
				if said[0] != said[1] {
					t.Errorf("%s %s to %s: whole %q, streamed %q", pn, reason, dn, said[0], said[1])
				}
			}
			fmt.Fprintf(&table, "%s: recorded as %s\n%s", reason, b.journal.last(t).Finish, row)
		}
		out.Files = append(out.Files, txtar.File{Name: pn, Data: []byte(table.String())})
	}
	golden(t, filepath.Join("testdata", "reasons.txtar"), &out)
}
