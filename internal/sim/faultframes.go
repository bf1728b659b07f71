package sim

import (
	"bytes"
	"slices"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// ending says what becomes of the connection after the last byte.
type ending uint8

const (
	endClean ending = iota
	endHard         // closed without the terminating chunk
	endReset        // reset
	endStall        // left open, silent
)

// bend applies a fault to a stream. f may be nil.
func bend(f *Fault, format llm.Format, frames []frame) ([]frame, ending) {
	if f == nil || len(frames) == 0 {
		return frames, endClean
	}
	at := f.place(len(frames))
	switch f.Name {
	case "cut":
		return frames[:at], endClean
	case "cut_hard":
		return frames[:at], endHard
	case "reset_mid":
		return frames[:at], endReset
	case "stall":
		return frames[:at], endStall
	case "malformed", "bad_json":
		frames = slices.Clone(frames)
		at = min(at, len(frames)-1)
		frames[at].data = broken(format, frames[at].data)
	case "no_terminator":
		return unterminated(format, frames), endClean
	case "unknown_event":
		return slices.Insert(slices.Clone(frames), at, unknown(format)), endClean
	case "no_usage":
		return edit(format, frames, withoutUsage), endClean
	case "duplicate_usage":
		return duplicateUsage(format, frames), endClean
	case "usage_every_chunk":
		return usageEverywhere(format, frames), endClean
	case "padding":
		return padded(format, frames), endClean
	}
	return frames, endClean
}

// bendBody applies a fault to a whole answer.
func bendBody(f *Fault, body []byte) (pieces []frame, end ending) {
	half := []frame{{data: body[:len(body)/2]}}
	if f == nil {
		return []frame{{data: body}}, endClean
	}
	switch f.Name {
	case "cut", "malformed", "bad_json":
		return half, endClean
	case "cut_hard":
		return half, endHard
	case "reset_mid":
		return half, endReset
	case "stall":
		return half, endStall
	case "no_usage":
		body = withoutUsage(body)
	case "padding":
		body = append(bytes.Clone(body), strings.Repeat(" ", 1+len(body)%31)...)
	}
	return []frame{{data: body}}, endClean
}

// edit rewrites the data of each frame that is JSON.
func edit(format llm.Format, frames []frame, change func([]byte) []byte) []frame {
	out := slices.Clone(frames)
	for i, f := range out {
		if _, data, ok := f.read(format); ok && gjson.ValidBytes(data) {
			if changed := change(data); !bytes.Equal(changed, data) {
				out[i] = f.with(format, changed)
			}
		}
	}
	return out
}

// broken spoils an event: its JSON breaks off, or its checksum is wrong.
func broken(format llm.Format, b []byte) []byte {
	if format == llm.BedrockConverse {
		b = bytes.Clone(b)
		b[len(b)-1] ^= 0xff
		return b
	}
	text := bytes.TrimRight(b, "\r\n")
	cut := max(0, len(text)-max(1, len(text)/3))
	return append(bytes.Clone(text[:cut]), "\n\n"...)
}

// terminators names what ends a stream, by event name or "type".
var terminators = map[string]bool{
	"message_stop": true, "response.completed": true, "response.incomplete": true, "metadata": true,
}

func unterminated(format llm.Format, frames []frame) []frame {
	for i := len(frames) - 1; i >= 0 && i >= len(frames)-2; i-- {
		name, data, ok := frames[i].read(format)
		if ok && (string(data) == "[DONE]" || terminators[name] || terminators[gjson.GetBytes(data, "type").Str]) {
			return frames[:i]
		}
	}
	return frames
}

func unknown(format llm.Format) frame {
	switch format {
	case llm.AnthropicMessages, llm.OpenAIResponses:
		return newFrame(format, "sim.unknown", []byte(`{"type":"sim.unknown","note":"skip me"}`))
	case llm.BedrockConverse:
		return newFrame(format, "simUnknown", []byte(`{"note":"skip me"}`))
	case llm.GeminiGenerate:
		return newFrame(format, "", []byte(`{"simUnknown":{"note":"skip me"}}`))
	}
	return newFrame(format, "sim.unknown", []byte(`{"object":"sim.unknown","choices":[]}`))
}

// usagePaths are where the formats keep token counts.
var usagePaths = []string{"usage", "message.usage", "response.usage", "usageMetadata"}

func withoutUsage(data []byte) []byte {
	for _, path := range usagePaths {
		if gjson.GetBytes(data, path).Exists() {
			if b, err := sjson.DeleteBytes(data, path); err == nil {
				data = b
			}
		}
	}
	return data
}

// lastUsage finds the frame with the final token counts; -1: none.
func lastUsage(format llm.Format, frames []frame) (at int, data []byte) {
	for i := len(frames) - 1; i >= 0; i-- {
		_, data, ok := frames[i].read(format)
		if !ok {
			continue
		}
		for _, path := range usagePaths {
			if gjson.GetBytes(data, path).IsObject() {
				return i, data
			}
		}
	}
	return -1, nil
}

func duplicateUsage(format llm.Format, frames []frame) []frame {
	at, data := lastUsage(format, frames)
	if at < 0 {
		return frames
	}
	again := frames[at]
	again.tokens = 0
	switch format {
	case llm.OpenAIChat:
		if b, err := sjson.SetRawBytes(data, "choices", []byte("[]")); err == nil {
			again = again.with(format, b)
		}
	case llm.GeminiGenerate:
		if b, err := sjson.DeleteBytes(data, "candidates"); err == nil {
			again = again.with(format, b)
		}
	}
	return slices.Insert(slices.Clone(frames), at+1, again)
}

// counts says where a format keeps its usage and the output tokens within.
var counts = map[llm.Format]struct{ usage, output string }{
	llm.OpenAIChat:        {"usage", "completion_tokens"},
	llm.AnthropicMessages: {"usage", "output_tokens"},
	llm.GeminiGenerate:    {"usageMetadata", "candidatesTokenCount"},
	llm.BedrockConverse:   {"usage", "outputTokens"},
}

// usageEverywhere puts running counts on every event before the final ones: on
// the event itself (OpenAI, Gemini), or on one after it (Anthropic, Bedrock).
func usageEverywhere(format llm.Format, frames []frame) []frame {
	at, final := lastUsage(format, frames)
	place, ok := counts[format]
	if at < 0 || !ok {
		return frames
	}
	total := gjson.GetBytes(final, place.usage)
	var out []frame
	running := 0
	for i, f := range frames {
		out = append(out, f)
		if running += f.tokens; i >= at || f.tokens == 0 {
			continue
		}
		now, err := sjson.Set(total.Raw, place.output, running)
		if format == llm.OpenAIChat && err == nil {
			now, err = sjson.Set(now, "total_tokens", total.Get("prompt_tokens").Int()+int64(running))
		}
		if err != nil {
			return frames
		}
		if usage := []byte(now); format == llm.OpenAIChat || format == llm.GeminiGenerate {
			out[len(out)-1] = edit(format, out[len(out)-1:], func(data []byte) []byte {
				b, err := sjson.SetRawBytes(data, place.usage, usage)
				if err != nil {
					return data
				}
				return b
			})[0]
		} else if format == llm.AnthropicMessages {
			out = append(out, newFrame(format, "message_delta", []byte(`{"type":"message_delta","delta":{"stop_reason":null,"stop_sequence":null},"usage":`+now+`}`)))
		} else {
			out = append(out, newFrame(format, "metadata", []byte(`{"usage":`+now+`,"metrics":{"latencyMs":1}}`)))
		}
	}
	return out
}

func padded(format llm.Format, frames []frame) []frame {
	out := slices.Clone(frames)
	for i, f := range out {
		name, data, ok := f.read(format)
		if !ok || len(data) == 0 || data[0] != '{' {
			continue
		}
		fill := base62[:1+int(hashString(fnvOffset, string(data))%31)]
		key := ""
		switch {
		case format == llm.BedrockConverse:
			key = "p"
		case format == llm.OpenAIChat, format == llm.OpenAIResponses && strings.HasSuffix(name, ".delta"):
			key = "obfuscation"
		}
		if key == "" {
			data = append(data, strings.Repeat(" ", len(fill))...)
		} else if b, err := sjson.SetBytes(data, key, fill); err == nil {
			data = b
		}
		out[i] = f.with(format, data)
	}
	return out
}
