package openai_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/openai"
)

// random makes requests and answers of what the format carries.
type random struct{ *rand.Rand }

func newRandom(seed uint64) random { return random{rand.New(rand.NewPCG(seed, 1))} }

func (r random) yes() bool { return r.IntN(2) == 0 }

// words returns text that is never empty and full of what breaks codecs.
func (r random) words() string {
	pieces := []string{"a", "é", "😀", "\"", "\\", "\n", "\u2028", "<b>", "{\"x\":1}", "data: ", "[DONE]", "\x00", "\ufffd", " ", "\"usage\":", "'", "</s>"}
	var b strings.Builder
	for range 1 + r.IntN(6) {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

func (r random) optional(n int64) *int64 {
	if r.yes() {
		return nil
	}
	return ptr(r.Int64N(n))
}

func (r random) fraction() *float64 {
	if r.yes() {
		return nil
	}
	return ptr(float64(r.IntN(200)) / 100)
}

func (r random) request() *llm.Request {
	q := &llm.Request{
		Model: "deepseek-x", MaxTokens: r.optional(1000), Temperature: r.fraction(), TopP: r.fraction(),
		FrequencyPenalty: r.fraction(), PresencePenalty: r.fraction(), Seed: r.optional(1 << 40),
		LogProbs: r.yes(), TopLogProbs: r.optional(20), ServiceTier: []string{"", "flex"}[r.IntN(2)],
	}
	if r.yes() {
		q.Stream, q.StreamUsage = true, true
	}
	if r.yes() {
		q.System = []llm.Part{{Text: r.words()}}
	}
	if r.yes() {
		q.Stop = []string{r.words(), r.words()}
	}
	if r.yes() {
		q.User, q.Metadata = r.words(), map[string]string{r.words(): r.words()}
	}
	if r.yes() {
		q.ParallelTools = ptr(r.yes())
	}
	switch r.IntN(4) {
	case 0:
		q.Reasoning = &llm.Reasoning{Off: true}
	case 1:
		q.Reasoning = &llm.Reasoning{Effort: []string{"minimal", "low", "high", "xhigh"}[r.IntN(4)]}
	}
	switch r.IntN(3) {
	case 0:
		q.Output = llm.OutputShape{Kind: "json"}
	case 1:
		q.Output = llm.OutputShape{Kind: "schema", Name: r.words(), Description: r.words(), Schema: json.RawMessage(`{"type":"object"}`), Strict: ptr(r.yes())}
	}
	for range r.IntN(3) {
		q.Tools = append(q.Tools, llm.Tool{Name: r.words(), Description: r.words(), Schema: json.RawMessage(`{"a":[1]}`), Strict: ptr(r.yes())})
	}
	q.ToolChoice = []llm.ToolChoice{{}, {Mode: "auto"}, {Mode: "none"}, {Mode: "required"}, {Mode: "tool", Name: r.words()},
		{Mode: "allowed", Allowed: []string{r.words()}}, {Mode: "required", Allowed: []string{r.words()}}}[r.IntN(7)]
	for range 1 + r.IntN(4) {
		q.Messages = append(q.Messages, r.turn()...)
	}
	return q
}

// turn returns a user's message and an assistant's, with results of its calls.
func (r random) turn() []llm.Message {
	parts := []llm.Part{{Text: r.words()}}
	for range r.IntN(3) {
		parts = append(parts, []llm.Part{
			{Text: r.words()},
			{Kind: llm.KindImage, Media: &llm.Media{MIME: "image/png", Data: "AAAA", Detail: "low"}},
			{Kind: llm.KindImage, Media: &llm.Media{URL: "https://example.com/" + r.words()}},
			{Kind: llm.KindAudio, Media: &llm.Media{MIME: "audio/mpeg", Data: "AAAA"}},
			{Kind: llm.KindVideo, Media: &llm.Media{URL: "https://example.com"}},
			{Kind: llm.KindDocument, Media: &llm.Media{MIME: "application/pdf", Data: "AAAA", Name: r.words()}},
			{Kind: llm.KindDocument, Media: &llm.Media{FileID: "file-1"}},
			{Kind: llm.KindOpaque, Opaque: &llm.Opaque{Format: llm.OpenAIChat, Type: "new", Raw: json.RawMessage(`{"type":"new"}`)}},
		}[r.IntN(8)])
	}
	answer := r.answerParts()
	out := []llm.Message{{Role: llm.RoleUser, Parts: parts}, {Role: llm.RoleAssistant, Parts: answer}}
	var results []llm.Part
	for _, p := range answer {
		if p.Call != nil {
			results = append(results, llm.Part{Kind: llm.KindToolResult, Result: &llm.ToolResult{
				CallID: p.Call.ID, Name: p.Call.Name, Parts: []llm.Part{{Text: r.words()}}}})
		}
	}
	if results != nil {
		out = append(out, llm.Message{Role: llm.RoleUser, Parts: results})
	} else if r.yes() {
		out = append(out, llm.Message{Role: llm.RoleSystem, Parts: []llm.Part{{Text: r.words()}}})
	}
	return out
}

// answerParts returns thought, text or refusal, and calls, in the format's order.
func (r random) answerParts() []llm.Part {
	var parts []llm.Part
	if r.yes() {
		parts = append(parts, llm.Part{Kind: llm.KindReasoning, Text: r.words(), Reasoning: &llm.ReasoningBlock{Issuer: llm.OpenAIChat}})
	}
	if r.IntN(4) > 0 {
		parts = append(parts, llm.Part{Text: r.words()})
	} else {
		parts = append(parts, llm.Part{Kind: llm.KindRefusal, Text: r.words()})
	}
	for i := range r.IntN(3) {
		p := llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{
			ID: fmt.Sprintf("c%d_%d", i, r.Uint32()), Name: r.words(), Arguments: `{"x":` + string(mustJSON(r.words())) + `}`}}
		parts = append(parts, p)
	}
	return parts
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func (r random) response() *llm.Response {
	resp := &llm.Response{ID: r.words(), Model: r.words(), Created: r.Int64N(1 << 32), Parts: r.answerParts()}
	resp.Finish = []llm.Finish{llm.FinishStop, llm.FinishLength, llm.FinishContentFilter}[r.IntN(3)]
	if resp.Finish == llm.FinishStop { // which one it is follows from the parts
		if len(partsOf(resp, llm.KindToolCall)) > 0 {
			resp.Finish = llm.FinishToolCalls
		} else if len(partsOf(resp, llm.KindRefusal)) > 0 {
			resp.Finish = llm.FinishRefusal
		}
	}
	for i := range resp.Parts {
		if p := &resp.Parts[i]; p.Kind == llm.KindText && r.yes() {
			p.LogProbs = []llm.TokenLogProb{{Token: r.words(), LogProb: -0.25, Bytes: []int{1, 255}, Top: []llm.TokenLogProb{{Token: "x", LogProb: -3}}}}
			p.Citations = []llm.Citation{{URL: r.words(), Title: r.words(), Start: 1, End: 2, InAnswer: true, DocumentIndex: -1, Unit: "char"}}
		}
	}
	resp.Usage.Reported = true
	for _, q := range []llm.Quantity{llm.Input, llm.InputAudio, llm.CacheRead, llm.CacheWrite, llm.Output, llm.OutputReasoning, llm.OutputAudio, llm.InputImage, llm.OutputImage} {
		if r.yes() {
			resp.Usage.N[q] = r.Int64N(1000)
		}
	}
	return resp
}

// sameAnswer compares what the format carries of an answer. A citation that was
// read also keeps its own words, which are the codec's.
var sameAnswer = cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(llm.Citation{}, "Raw", "RawFormat")}

func FuzzWhatIsCarriedComesBack(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(seed)
	}
	chat := openai.Chat()
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := newRandom(seed)
		req := r.request()
		body, lost, err := chat.EncodeRequest(req)
		if err != nil || lost != nil {
			t.Fatalf("encode: %v, lost %v", err, lost)
		}
		again, err := chat.DecodeRequest(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(req, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("request (-sent +read):\n%s\n%s", diff, body)
		}

		resp := r.response()
		body, lost, err = chat.EncodeResponse(resp, req)
		if err != nil || lost != nil {
			t.Fatalf("encode: %v, lost %v", err, lost)
		}
		got, err := chat.DecodeResponse(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(resp, got, sameAnswer); diff != "" {
			t.Errorf("answer (-sent +read):\n%s\n%s", diff, body)
		}
		reading := chat.Measure(body)
		compareReading(t, "answer", &reading, got)

		stream, lost := encode(resp, &llm.Request{StreamUsage: true})
		if lost != nil {
			t.Fatalf("stream lost %v", lost)
		}
		got, err = llm.Collect(chat.DecodeStream(bytes.NewReader(stream)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(resp, got, sameAnswer); diff != "" {
			t.Errorf("stream (-sent +read):\n%s\n%s", diff, stream)
		}
		reading = observeAll(chat, stream)
		compareReading(t, "stream", &reading, got)
	})
}

// FuzzNoTextIsLost cuts a text into deltas in many ways, strews in what servers
// send besides, and reads it through readers of every chunking.
func FuzzNoTextIsLost(f *testing.F) {
	f.Add("Hello, 世界 \"quoted\" \\n", uint64(1))
	f.Add("\x00\xff\u2028[DONE]\r\n\r\ndata: {}", uint64(2))
	chat := openai.Chat()
	f.Fuzz(func(t *testing.T, said string, seed uint64) {
		said = strings.ToValidUTF8(said, "?")
		r := newRandom(seed)
		var stream strings.Builder
		for rest := []rune(said); len(rest) > 0; {
			n := 1 + r.IntN(len(rest))
			stream.WriteString(chunk(`"content":` + string(mustJSON(string(rest[:n])))))
			rest = rest[n:]
			stream.WriteString([]string{"", ": comment\n\n", chunk(`"content":null`), chunk(`"content":""`), "data:\n\n", "event: x\n\n",
				`data: {"choices":[],"usage":null}` + "\n\n", chunk(`"role":"assistant"`)}[r.IntN(8)])
		}
		stream.WriteString(ending("stop"))
		if r.yes() {
			stream.WriteString(doneEvent)
		}
		in := stream.String()
		if r.yes() {
			in = strings.ReplaceAll(in, "\n", "\r\n")
		}
		readers := map[string]func() *llm.Response{
			"whole": func() *llm.Response { return collect(t, chat, strings.NewReader(in)) },
			"bytes": func() *llm.Response { return collect(t, chat, iotest.OneByteReader(strings.NewReader(in))) },
			"halfs": func() *llm.Response { return collect(t, chat, iotest.HalfReader(strings.NewReader(in))) },
		}
		for name, read := range readers {
			if got := textOf(read()); got != said {
				t.Errorf("%s: read %q; want %q", name, got, said)
			}
		}
		if reading := observeAll(chat, []byte(in)); reading.OutputBytes != int64(len(said)) || !reading.Complete {
			t.Errorf("observed %d bytes, complete %v; want %d", reading.OutputBytes, reading.Complete, len(said))
		}
	})
}

func collect(t *testing.T, chat wire.Chat, r interface{ Read([]byte) (int, error) }) *llm.Response {
	t.Helper()
	resp, err := llm.Collect(chat.DecodeStream(r))
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// FuzzArbitraryBytes feeds everything to everything: nothing may panic, what is
// accepted must be writable, and a stream keeps its contract.
func FuzzArbitraryBytes(f *testing.F) {
	f.Add([]byte(`{"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}],"tools":[{"function":{"name":"f"}}]}`))
	f.Add([]byte(`{"choices":[{"message":{"content":"x","tool_calls":[{"function":{}}],"reasoning_details":[{}]},"logprobs":{"content":[{}]}}],"usage":{"prompt_tokens":1e30}}`))
	f.Add([]byte(chunk(`"content":"a"`) + chunk(call(`"index":0,"id":"a","function":{"name":"f","arguments":"{"}`)) + ending("stop") + doneEvent))
	f.Add([]byte(`{"input":[[1]],"data":[{"embedding":"AAAA"}],"error":[{"message":{}}]}`))
	f.Add([]byte("data: {\"choices\":[{\"delta\":{\"tool_calls\":[null,{\"function\":{\"name\":\"f\"}}]}}]}\n\n"))
	chat, embed := openai.Chat(), openai.Embeddings()
	f.Fuzz(func(t *testing.T, data []byte) {
		if req, err := chat.DecodeRequest(data); err == nil {
			body, _, err := chat.EncodeRequest(req)
			if err != nil || !json.Valid(body) {
				t.Errorf("request %q was written as %q, %v", data, body, err)
			}
		}
		if resp, err := chat.DecodeResponse(data); err == nil {
			if body, _, err := chat.EncodeResponse(resp, nil); err != nil || !json.Valid(body) {
				t.Errorf("answer %q was written as %q, %v", data, body, err)
			}
		}
		if req, err := embed.DecodeRequest(data); err == nil {
			if _, _, err := embed.EncodeRequest(req); err != nil {
				t.Errorf("embeddings request %q: %v", data, err)
			}
		}
		if resp, err := embed.DecodeResponse(data); err == nil {
			if body, _, _ := embed.EncodeResponse(resp, nil); !json.Valid(body) {
				t.Errorf("embeddings %q was written as %q", data, body)
			}
		}
		var v violations
		enc := chat.NewEncoder(&llm.Request{StreamUsage: true})
		var out []byte
		var sent, read strings.Builder
		for e, err := range chat.DecodeStream(bytes.NewReader(data)) {
			v.take(e, err)
			if err == nil {
				out = enc.Append(out, e)
			}
			if e.Kind == llm.EventDelta {
				sent.WriteString(e.Text)
			}
		}
		v.end()
		if v.list != nil {
			t.Errorf("stream %q breaks the contract: %q", data, v.list)
		}
		for e := range chat.DecodeStream(bytes.NewReader(enc.End(out))) {
			if e.Kind == llm.EventDelta {
				read.WriteString(e.Text)
			}
		}
		if want := strings.ToValidUTF8(sent.String(), "\ufffd"); len(want) > read.Len() && len(v.list) == 0 && !strings.Contains(want, "\ufffd") {
			t.Errorf("stream %q said %q; written and read again %q", data, want, read.String())
		}
		chat.Measure(data)
		embed.Measure(data)
		observeAll(chat, data)
		chat.DecodeError(418, http.Header{}, data)
		for _, op := range []string{"completions", "images", "audio_speech", "audio_transcription"} {
			openai.MeasureSurface(op, "", data, data, "")
			var r wire.Reading
			openai.ObserveSurface(op)("", data, &r)
		}
	})
}
