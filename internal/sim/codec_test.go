package sim_test

import (
	"encoding/json"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// smallChat is a codec for tests: OpenAI's chat format, as far as the tests need
// it. It shares nothing with the simulator.
func smallChat() wire.Chat {
	return wire.Chat{
		Format: llm.OpenAIChat, StreamType: "text/event-stream",
		DecodeRequest: smallRequest, EncodeResponse: smallResponse,
		NewEncoder:  func(r *llm.Request) wire.Encoder { return &smallEncoder{usage: r.StreamUsage} },
		EncodeError: smallError,
	}
}

type smallMessage struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  []smallCall     `json:"tool_calls"`
}

type smallCall struct {
	Index    int    `json:"index"`
	ID       string `json:"id,omitempty"`
	Function struct {
		Name      string `json:"name,omitempty"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

func smallRequest(body []byte) (*llm.Request, error) {
	var in struct {
		Model         string          `json:"model"`
		Stream        bool            `json:"stream"`
		Messages      []smallMessage  `json:"messages"`
		MaxTokens     *int64          `json:"max_tokens"`
		Stop          []string        `json:"stop"`
		LogProbs      bool            `json:"logprobs"`
		TopLogProbs   *int64          `json:"top_logprobs"`
		ToolChoice    json.RawMessage `json:"tool_choice"`
		ParallelTools *bool           `json:"parallel_tool_calls"`
		Effort        string          `json:"reasoning_effort"`
		StreamOptions struct {
			IncludeUsage bool `json:"include_usage"`
		} `json:"stream_options"`
		Tools []struct {
			Function struct {
				Name       string          `json:"name"`
				Parameters json.RawMessage `json:"parameters"`
			} `json:"function"`
		} `json:"tools"`
		ResponseFormat struct {
			Type       string `json:"type"`
			JSONSchema struct {
				Schema json.RawMessage `json:"schema"`
			} `json:"json_schema"`
		} `json:"response_format"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.Model == "" {
		return nil, fault.New(fault.Invalid, "bad_request", "model is missing").At("model")
	}
	r := &llm.Request{Model: in.Model, Stream: in.Stream, StreamUsage: in.StreamOptions.IncludeUsage, MaxTokens: in.MaxTokens,
		Stop: in.Stop, LogProbs: in.LogProbs, TopLogProbs: in.TopLogProbs, ParallelTools: in.ParallelTools}
	if in.Effort != "" {
		r.Reasoning = &llm.Reasoning{Effort: in.Effort, Off: in.Effort == "none"}
	}
	for _, t := range in.Tools {
		r.Tools = append(r.Tools, llm.Tool{Name: t.Function.Name, Schema: t.Function.Parameters})
	}
	switch choice := string(in.ToolChoice); {
	case strings.HasPrefix(choice, `"`):
		r.ToolChoice.Mode = strings.Trim(choice, `"`)
	case choice != "":
		var named struct{ Function struct{ Name string } }
		if err := json.Unmarshal(in.ToolChoice, &named); err != nil {
			return nil, fault.New(fault.Invalid, "bad_request", "tool_choice is wrong")
		}
		r.ToolChoice = llm.ToolChoice{Mode: "tool", Name: named.Function.Name}
	}
	r.Output.Kind = map[string]string{"json_object": "json", "json_schema": "schema"}[in.ResponseFormat.Type]
	r.Output.Schema = in.ResponseFormat.JSONSchema.Schema
	for _, m := range in.Messages {
		parts := smallParts(m)
		switch m.Role {
		case "system":
			r.System = append(r.System, parts...)
		case "tool":
			r.Messages = append(r.Messages, llm.Message{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.KindToolResult, Result: &llm.ToolResult{CallID: m.ToolCallID, Parts: parts}}}})
		default:
			r.Messages = append(r.Messages, llm.Message{Role: llm.Role(m.Role), Parts: parts})
		}
	}
	return r, nil
}

func smallParts(m smallMessage) (parts []llm.Part) {
	var text string
	var list []struct {
		Type, Text string
		Cache      string `json:"cache"`
		ImageURL   struct {
			URL string `json:"url"`
		} `json:"image_url"`
	}
	if json.Unmarshal(m.Content, &text) == nil && text != "" {
		parts = append(parts, llm.Part{Text: text})
	} else if json.Unmarshal(m.Content, &list) == nil {
		for _, p := range list {
			part := llm.Part{Text: p.Text}
			if p.Type == "image_url" {
				mime, data, _ := strings.Cut(strings.TrimPrefix(p.ImageURL.URL, "data:"), ";base64,")
				part = llm.Part{Kind: llm.KindImage, Media: &llm.Media{MIME: mime, Data: data}}
			}
			if p.Cache != "" {
				part.Cache = &llm.CacheMark{TTL: p.Cache}
			}
			parts = append(parts, part)
		}
	}
	for _, c := range m.ToolCalls {
		parts = append(parts, llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: c.ID, Name: c.Function.Name, Arguments: c.Function.Arguments}})
	}
	return parts
}

type smallUsage struct {
	Prompt     int64 `json:"prompt_tokens"`
	Completion int64 `json:"completion_tokens"`
	Total      int64 `json:"total_tokens"`
	Cached     int64 `json:"cached_tokens"`
	Written    int64 `json:"cache_write_tokens"`
	Reasoning  int64 `json:"reasoning_tokens"`
}

func usageOf(u *llm.Usage) *smallUsage {
	if !u.Reported {
		return nil
	}
	return &smallUsage{u.InputTokens(), u.OutputTokens(), u.InputTokens() + u.OutputTokens(), u.CachedTokens(), u.CacheWriteTokens(), u.N[llm.OutputReasoning]}
}

type smallDelta struct {
	Role      string      `json:"role,omitempty"`
	Content   string      `json:"content,omitempty"`
	Reasoning string      `json:"reasoning_content,omitempty"`
	Refusal   string      `json:"refusal,omitempty"`
	ToolCalls []smallCall `json:"tool_calls,omitempty"`
}

type smallChoice struct {
	Message  *smallDelta        `json:"message,omitempty"`
	Delta    *smallDelta        `json:"delta,omitempty"`
	LogProbs []llm.TokenLogProb `json:"logprobs,omitempty"`
	Finish   *string            `json:"finish_reason"`
}

type smallAnswer struct {
	ID      string        `json:"id"`
	Object  string        `json:"object"`
	Model   string        `json:"model"`
	Choices []smallChoice `json:"choices"`
	Usage   *smallUsage   `json:"usage,omitempty"`
}

func smallFinish(f llm.Finish) *string {
	s := string(f)
	switch f {
	case llm.FinishStopSequence, llm.FinishRefusal:
		s = "stop"
	}
	return &s
}

func smallResponse(resp *llm.Response, _ *llm.Request) ([]byte, llm.Lost, error) {
	m := &smallDelta{Role: "assistant"}
	c := smallChoice{Message: m, Finish: smallFinish(resp.Finish)}
	for _, p := range resp.Parts {
		switch p.Kind {
		case llm.KindText:
			m.Content += p.Text
			c.LogProbs = append(c.LogProbs, p.LogProbs...)
		case llm.KindReasoning:
			m.Reasoning += p.Text
		case llm.KindRefusal:
			m.Refusal += p.Text
		case llm.KindToolCall:
			call := smallCall{Index: len(m.ToolCalls), ID: p.Call.ID}
			call.Function.Name, call.Function.Arguments = p.Call.Name, p.Call.Arguments
			m.ToolCalls = append(m.ToolCalls, call)
		}
	}
	b, err := json.Marshal(smallAnswer{resp.ID, "chat.completion", resp.Model, []smallChoice{c}, usageOf(&resp.Usage)})
	return b, nil, err
}

func smallError(f *fault.Error, _ string) (int, []byte) {
	b, err := json.Marshal(map[string]any{"error": map[string]any{"message": f.Public(), "code": f.StableCode()}})
	if err != nil {
		panic(err)
	}
	return f.HTTPStatus(), b
}

type smallEncoder struct {
	usage     bool
	last      *llm.Usage
	id, model string
	kinds     map[int]llm.Kind
	calls     map[int]int
}

func (e *smallEncoder) chunk(dst []byte, choices []smallChoice, u *smallUsage) []byte {
	b, err := json.Marshal(smallAnswer{e.id, "chat.completion.chunk", e.model, choices, u})
	if err != nil {
		panic(err)
	}
	return sse.Append(dst, "", b)
}

func (e *smallEncoder) Append(dst []byte, ev llm.Event) []byte {
	one := func(d smallDelta) []byte { return e.chunk(dst, []smallChoice{{Delta: &d}}, nil) }
	switch ev.Kind {
	case llm.EventStart:
		e.id, e.model, e.kinds, e.calls = ev.ID, ev.Model, map[int]llm.Kind{}, map[int]int{}
		return one(smallDelta{Role: "assistant"})
	case llm.EventPart:
		e.kinds[ev.Index] = ev.Part.Kind
		if ev.Part.Kind == llm.KindToolCall {
			e.calls[ev.Index] = len(e.calls)
			call := smallCall{Index: e.calls[ev.Index], ID: ev.Part.Call.ID}
			call.Function.Name = ev.Part.Call.Name
			return one(smallDelta{ToolCalls: []smallCall{call}})
		}
	case llm.EventDelta:
		switch e.kinds[ev.Index] {
		case llm.KindText:
			return one(smallDelta{Content: ev.Text})
		case llm.KindReasoning:
			return one(smallDelta{Reasoning: ev.Text})
		case llm.KindRefusal:
			return one(smallDelta{Refusal: ev.Text})
		case llm.KindToolCall:
			call := smallCall{Index: e.calls[ev.Index]}
			call.Function.Arguments = ev.Text
			return one(smallDelta{ToolCalls: []smallCall{call}})
		}
	case llm.EventLogProbs:
		return e.chunk(dst, []smallChoice{{Delta: &smallDelta{}, LogProbs: ev.LogProbs}}, nil)
	case llm.EventUsage:
		e.last = ev.Usage
	case llm.EventFinish:
		return e.chunk(dst, []smallChoice{{Delta: &smallDelta{}, Finish: smallFinish(ev.Finish)}}, nil)
	}
	return dst
}

func (e *smallEncoder) End(dst []byte) []byte {
	if e.usage && e.last != nil {
		dst = e.chunk(dst, []smallChoice{}, usageOf(e.last))
	}
	return append(dst, "data: [DONE]\n\n"...)
}

func (e *smallEncoder) Fail(dst []byte, f *fault.Error) []byte {
	_, b := smallError(f, "")
	return sse.Append(dst, "", b)
}

func (e *smallEncoder) Lost() llm.Lost { return nil }

// smallEmbed is OpenAI's embeddings format for tests.
func smallEmbed() wire.Embed {
	return wire.Embed{
		Format: llm.OpenAIEmbeddings,
		DecodeRequest: func(body []byte) (*llm.EmbedRequest, error) {
			var in struct {
				Model      string
				Input      []string
				Dimensions *int64
			}
			if err := json.Unmarshal(body, &in); err != nil {
				return nil, fault.New(fault.Invalid, "bad_request", "input is wrong")
			}
			r := &llm.EmbedRequest{Model: in.Model, Dimensions: in.Dimensions}
			for _, s := range in.Input {
				r.Inputs = append(r.Inputs, llm.EmbedInput{Text: s})
			}
			return r, nil
		},
		EncodeResponse: func(resp *llm.EmbedResponse, _ *llm.EmbedRequest) ([]byte, llm.Lost, error) {
			b, err := json.Marshal(map[string]any{"vectors": resp.Vectors, "usage": usageOf(&resp.Usage)})
			return b, nil, err
		},
		EncodeError: smallError,
	}
}
