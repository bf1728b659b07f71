package sim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/sim"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/anthropic"
	"github.com/steward-llmops/steward/internal/wire/gemini"
	"github.com/steward-llmops/steward/internal/wire/openai"
	"github.com/steward-llmops/steward/internal/wire/responses"
)

func realOptions() sim.Options {
	o := options()
	o.Chat = map[llm.Format]wire.Chat{}
	for _, c := range []wire.Chat{openai.Chat(), responses.Responses(), anthropic.Messages(), gemini.Generate()} {
		o.Chat[c.Format] = c
	}
	o.Embed = map[llm.Format]wire.Embed{}
	for _, e := range []wire.Embed{openai.Embeddings(), gemini.Embed()} {
		o.Embed[e.Format] = e
	}
	return o
}

// paths are where each format is served, whole and streamed.
var paths = map[llm.Format][2]string{
	llm.OpenAIChat:        {"/v1/chat/completions", "/v1/chat/completions"},
	llm.OpenAIResponses:   {"/v1/responses", "/v1/responses"},
	llm.AnthropicMessages: {"/v1/messages", "/v1/messages"},
	llm.GeminiGenerate:    {"/v1beta/models/MODEL:generateContent", "/v1beta/models/MODEL:streamGenerateContent?alt=sse"},
	llm.BedrockConverse:   {"/model/MODEL/converse", "/model/MODEL/converse-stream"},
}

func ptr[T any](v T) *T { return &v }

// asks are requests that every format can carry.
func asks() map[string]*llm.Request {
	user := func(text string) []llm.Message {
		return []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{{Text: text}}}}
	}
	weather := llm.Tool{Name: "get_weather", Description: "weather", Schema: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1,"maximum":7}},"required":["city","days"]}`)}
	stock := llm.Tool{Name: "lookup_stock", Schema: json.RawMessage(`{"type":"object","properties":{"ticker":{"type":"string"}},"required":["ticker"]}`)}
	return map[string]*llm.Request{
		"text":      {Model: "large", Messages: user("tell me about tides"), MaxTokens: ptr[int64](400)},
		"echo":      {Model: "echo", Messages: user("  Grüße, 雨\n\nand \"quotes\" <b>&amp;</b> \u2028 end"), MaxTokens: ptr[int64](400)},
		"length":    {Model: "small", Messages: user("tell me about tides"), MaxTokens: ptr[int64](7)},
		"stop":      {Model: "echo", Messages: user("one two STOP three"), MaxTokens: ptr[int64](400), Stop: []string{"STOP"}},
		"reasoning": {Model: "reasoning", Messages: user("why is the sky blue"), MaxTokens: ptr[int64](4000)},
		"tool":      {Model: "small", Messages: user("weather in Oslo"), MaxTokens: ptr[int64](400), Tools: []llm.Tool{weather, stock}},
		"tools":     {Model: "small", Messages: user("weather and stock"), MaxTokens: ptr[int64](400), Tools: []llm.Tool{weather, stock}},
		"result": {Model: "small", MaxTokens: ptr[int64](400), Tools: []llm.Tool{weather}, Messages: append(user("weather in Oslo"),
			llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: "call_1", Name: "get_weather", Arguments: `{"city":"Oslo","days":1}`}}}},
			llm.Message{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.KindToolResult, Result: &llm.ToolResult{CallID: "call_1", Name: "get_weather", Parts: []llm.Part{{Text: "12 degrees"}}}}}})},
		"image": {Model: "small", MaxTokens: ptr[int64](400), Messages: []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{{Text: "what is it"}, {Kind: llm.KindImage, Media: &llm.Media{MIME: "image/png", Data: "AAAAAAA="}}}}}},
	}
}

func fetch(t *testing.T, s *sim.Server, codec wire.Chat, r *llm.Request, stream bool, headers ...string) []byte {
	t.Helper()
	q := *r
	q.Stream, q.StreamUsage = stream, stream
	body, _, err := codec.EncodeRequest(&q)
	if err != nil {
		t.Fatal(err)
	}
	path := paths[codec.Format][0]
	if stream {
		path = paths[codec.Format][1]
	}
	w := post(t, s, strings.Replace(path, "MODEL", r.Model, 1), string(body), headers...)
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// told is what an answer says, without ids and the like.
type told struct {
	Text, Reasoning string
	Signed          bool
	Calls           []string
	Finish          llm.Finish
	In, Out, Think  int64
}

func tell(r *llm.Response) (x told) {
	for _, p := range r.Parts {
		switch p.Kind {
		case llm.KindText:
			x.Text += p.Text
		case llm.KindReasoning:
			x.Reasoning += p.Text
			x.Signed = x.Signed || p.Reasoning != nil && p.Reasoning.Signature != ""
		case llm.KindToolCall:
			x.Calls = append(x.Calls, p.Call.Name+p.Call.Arguments)
		}
	}
	x.Finish = r.Finish
	if x.Finish == llm.FinishStopSequence { // most formats do not tell
		x.Finish = llm.FinishStop
	}
	x.In, x.Out, x.Think = r.Usage.InputTokens(), r.Usage.OutputTokens(), r.Usage.N[llm.OutputReasoning]
	return x
}

func TestEveryFormatTellsTheSame(t *testing.T) {
	o := realOptions()
	for name, r := range asks() {
		var first *told
		for _, format := range slices.Sorted(maps.Keys(o.Chat)) {
			if name == "stop" && format == llm.OpenAIResponses {
				continue // it has no stop sequences
			}
			codec := o.Chat[format]
			t.Run(name+" "+string(format), func(t *testing.T) {
				s := sim.New(o)
				whole, err := codec.DecodeResponse(fetch(t, s, codec, r, false))
				if err != nil {
					t.Fatal(err)
				}
				for _, chunks := range []string{"event", "random:4"} {
					body := fetch(t, s, codec, r, true, "x-sim-chunks", chunks)
					streamed, err := llm.Collect(codec.DecodeStream(bytes.NewReader(body)))
					if err != nil {
						t.Fatalf("%v in %s", err, body)
					}
					if diff := cmp.Diff(tell(whole), tell(streamed)); diff != "" {
						t.Errorf("whole and stream differ (-whole +stream):\n%s", diff)
					}
					if whole.ID != streamed.ID {
						t.Errorf("ids %q and %q", whole.ID, streamed.ID)
					}
				}
				got := tell(whole)
				if first == nil {
					first = &got
				} else if diff := cmp.Diff(*first, got, cmpopts.IgnoreFields(told{}, "Signed", "In")); diff != "" {
					t.Errorf("other than the format before:\n%s", diff)
				}
				if got.In == 0 || got.Out == 0 || name == "reasoning" && got.Reasoning == "" {
					t.Errorf("told %+v", got)
				}
			})
		}
	}
}

func TestEveryFaultInEveryFormat(t *testing.T) {
	o := realOptions()
	// A complete stream must read as the whole answer, a broken one as a fault.
	complete := []string{"wrong_usage", "no_usage", "duplicate_usage", "usage_every_chunk", "padding", "unknown_event", "huge,size=1", "content_filter"}
	broken := []string{"cut", "cut,after=2", "error_event", "error_event,after=1", "cut,after=0"}
	for _, format := range slices.Sorted(maps.Keys(o.Chat)) {
		codec := o.Chat[format]
		r := asks()["text"]
		r.MaxTokens = ptr[int64](1 << 20) // room for the huge one
		want, err := codec.DecodeResponse(fetch(t, sim.New(o), codec, r, false))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range complete {
			t.Run(string(format)+" "+f, func(t *testing.T) {
				body := fetch(t, sim.New(o), codec, r, true, "x-sim-fault", f)
				got, err := llm.Collect(codec.DecodeStream(bytes.NewReader(body)))
				if err != nil {
					t.Fatalf("%v in %.3000s", err, body)
				}
				if strings.HasPrefix(f, "huge") {
					if len(tell(got).Text) < 1<<20 {
						t.Errorf("%d bytes", len(tell(got).Text))
					}
					return
				}
				w, g := tell(want), tell(got)
				switch f {
				case "content_filter":
					if g.Finish != llm.FinishContentFilter && g.Finish != llm.FinishRefusal {
						t.Errorf("finish %s", g.Finish)
					}
					return
				case "wrong_usage":
					w.In, w.Out, w.Think = 2*w.In, 2*w.Out, 2*w.Think
				case "no_usage":
					w.In, w.Out, w.Think = 0, 0, 0
				}
				if diff := cmp.Diff(w, g); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
		for _, f := range broken {
			t.Run(string(format)+" "+f, func(t *testing.T) {
				body := fetch(t, sim.New(o), codec, r, true, "x-sim-fault", f)
				_, err := llm.Collect(codec.DecodeStream(bytes.NewReader(body)))
				var fl *fault.Error
				if !errors.As(err, &fl) {
					t.Errorf("error %v; stream %.2000s", err, body)
				}
			})
		}
		for _, f := range []string{"no_terminator", "malformed"} {
			t.Run(string(format)+" "+f, func(t *testing.T) {
				body := fetch(t, sim.New(o), codec, r, true, "x-sim-fault", f)
				got, err := llm.Collect(codec.DecodeStream(bytes.NewReader(body)))
				if err == nil && tell(got).Text != tell(want).Text {
					t.Errorf("a truncated success: %d of %d bytes, finish %q", len(tell(got).Text), len(tell(want).Text), got.Finish)
				}
			})
		}
	}
}

func TestGeminiArray(t *testing.T) {
	o := realOptions()
	codec := o.Chat[llm.GeminiGenerate]
	body, _, err := codec.EncodeRequest(asks()["text"])
	if err != nil {
		t.Fatal(err)
	}
	w := post(t, sim.New(o), "/v1beta/models/large:streamGenerateContent", string(body))
	var list []any
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list) < 5 {
		t.Errorf("%v: %.300s", err, w.Body)
	}
}

func TestCountTokensAndEmbeds(t *testing.T) {
	s := sim.New(realOptions())
	for path, body := range map[string]string{
		"/v1/messages/count_tokens":               `{"model":"small","messages":[{"role":"user","content":"hello there"}]}`,
		"/v1beta/models/small:countTokens":        `{"contents":[{"role":"user","parts":[{"text":"hello there"}]}]}`,
		"/v1beta/models/embed:embedContent":       `{"content":{"parts":[{"text":"hello there"}]},"outputDimensionality":8}`,
		"/v1beta/models/embed:batchEmbedContents": `{"requests":[{"model":"models/embed","content":{"parts":[{"text":"hello there"}]}}]}`,
		"/v1/embeddings":                          `{"model":"embed","input":"hello","dimensions":8}`,
	} {
		w := post(t, s, path, body)
		if w.Code != 200 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
