package responses_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/responses"
)

func FuzzRequestsComeBackTheSame(f *testing.F) {
	for _, s := range []string{
		`{"model":"m","input":"hi"}`,
		`{"model":"m","instructions":"be brief","input":[{"role":"developer","content":"x"},{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"data:image/png;base64,AAAA"},{"type":"input_file","file_data":"AAAA","filename":"f.pdf"},{"type":"input_audio","input_audio":{"data":"AA","format":"mp3"}}]}]}`,
		`{"model":"m","input":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"e"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[]},{"type":"refusal","refusal":"no"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"r"}]},{"type":"web_search_call","id":"ws"}]}`,
		`{"model":"m","input":[{"type":"custom_tool_call","call_id":"c","name":"p","input":"a\"b"},{"type":"custom_tool_call_output","call_id":"c","output":"ok"}],"tools":[{"type":"custom","name":"p"},{"type":"function","name":"f","parameters":{}},{"type":"web_search"}],"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]}}`,
		`{"input":"` + "\xff\\ud800" + `","text":{"format":{"type":"json_schema","name":"n","schema":{"a":` + "\"\xff\"" + `}}},"reasoning":{"effort":"none"},"temperature":1e400}`,
	} {
		f.Add([]byte(s))
	}
	codec := responses.Responses()
	f.Fuzz(func(t *testing.T, body []byte) {
		first, err := codec.DecodeRequest(body)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("DecodeRequest(%q): %v is not of kind Invalid", body, err)
			}
			return
		}
		once, lost, err := codec.EncodeRequest(first)
		if err == nil && len(lost) > len(first.Unknown) {
			return // something was lost, and is declared
		}
		if err != nil {
			t.Fatalf("EncodeRequest after %q: %v", body, err)
		}
		second, err := codec.DecodeRequest(once)
		if err != nil {
			t.Fatalf("DecodeRequest(%q), which was encoded from %q: %v", once, body, err)
		}
		twice, _, err := codec.EncodeRequest(second)
		once = bytes.ReplaceAll(once, []byte(`\ufffd`), []byte("\ufffd"))
		twice = bytes.ReplaceAll(twice, []byte(`\ufffd`), []byte("\ufffd"))
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q is encoded as %q first, then as %q, %v", body, once, twice, err)
		}
		if a, b := words(first.Messages), words(second.Messages); a != b {
			t.Fatalf("text %q became %q", a, b)
		}
	})
}

// words returns all text of a conversation, as valid UTF-8.
func words(messages []llm.Message) string {
	var b strings.Builder
	for _, m := range messages {
		for _, p := range m.Parts {
			b.WriteString(p.Text)
			if p.Kind == llm.KindToolCall {
				b.WriteString(p.Call.Arguments)
			}
		}
	}
	return strings.ReplaceAll(fmt.Sprintf("%q", string([]rune(b.String()))), "{}", "")
}

// chunks reads b in pieces of random length.
type chunks struct {
	b   []byte
	rng *rand.Rand
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.b) == 0 {
		return 0, io.EOF
	}
	n := min(len(p), len(c.b), 1+c.rng.IntN(20))
	copy(p, c.b[:n])
	c.b = c.b[n:]
	return n, nil
}

// events reads a stream to its end, as text for comparison.
func events(t *testing.T, s llm.Stream) (list []string, last llm.Event, err error) {
	for e, streamErr := range s {
		if err != nil || last.Kind == llm.EventFinish {
			t.Fatal("something comes after the end")
		}
		if err = streamErr; err != nil {
			continue
		}
		last = e
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("event %+v: %v", e, err)
		}
		list = append(list, string(b))
	}
	return list, last, err
}

func FuzzStreamsReadAlikeForAnyChunking(f *testing.F) {
	for _, s := range []string{plainStream, toolStream, thoughtStream, errorStream, "data: {\"type\":\"response.completed\"}\n\n", "data: [DONE]\n\n", "\xff"} {
		f.Add([]byte(s), uint64(1))
	}
	codec := responses.Responses()
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		whole, last, err := events(t, codec.DecodeStream(bytes.NewReader(stream)))
		if err == nil && last.Kind != llm.EventFinish {
			t.Fatalf("the stream ends with neither an error nor a finish: %v", whole)
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		cut, _, cutErr := events(t, codec.DecodeStream(&chunks{stream, rng}))
		if fmt.Sprint(whole, err) != fmt.Sprint(cut, cutErr) {
			t.Fatalf("whole %v %v\ncut %v %v", whole, err, cut, cutErr)
		}
		reading := observeAll(codec, stream, 1+int(seed%17))
		for _, n := range reading.Usage.N {
			if n < 0 {
				t.Fatalf("negative usage: %+v", reading.Usage)
			}
		}
		enc := codec.NewEncoder(nil)
		var out []byte
		for e, err := range codec.DecodeStream(bytes.NewReader(stream)) {
			if err != nil {
				out = enc.Fail(out, fault.As(err))
				break
			}
			out = enc.Append(out, e)
		}
		out = enc.End(out)
		if _, lifeErr := checkLifecycle(out); lifeErr != nil {
			t.Fatalf("lifecycle: %v\nin %q\nout %s", lifeErr, stream, out)
		}
		if again, err2 := llm.Collect(codec.DecodeStream(bytes.NewReader(out))); (err == nil) != (err2 == nil) {
			t.Fatalf("decoded with %v, after encoding with %v: %+v\n%s", err, err2, again, out)
		}
	})
}

func FuzzAnswersAreReadWithoutPanic(f *testing.F) {
	f.Add([]byte(`{"id":"resp_1","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}],"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":5},"output_tokens":-3}}`))
	f.Add([]byte(`{"object":"response.compaction","output":[{"type":"compaction"}]}`))
	f.Add([]byte(`[{"error":{"message":"m","code":7}}]`))
	f.Add([]byte(strings.Repeat("[", 100000)))
	codec := responses.Responses()
	f.Fuzz(func(t *testing.T, body []byte) {
		r := codec.Measure(body)
		resp, err := codec.DecodeResponse(body)
		if f := codec.DecodeError(400, nil, body); f == nil || f.Message == "" {
			t.Fatal("an error without a message")
		}
		if err != nil {
			if r.Done || r.Complete {
				t.Fatalf("Measure says that %q is whole, DecodeResponse: %v", body, err)
			}
			return
		}
		for q, n := range resp.Usage.N {
			if n < 0 || n != r.Usage.N[q] {
				t.Fatalf("usage %v, measured %v", resp.Usage, r.Usage)
			}
		}
		if _, _, err := codec.EncodeResponse(resp, &llm.Request{}); err != nil {
			t.Fatal(err)
		}
	})
}

// invent makes up an answer of n parts.
func invent(rng *rand.Rand, n int) *llm.Response {
	word := func() string {
		return []string{"", "a", "wörld \"q\"\n", "{\"x\":1}", "\\u0041\x01", "日本"}[rng.IntN(6)]
	}
	r := &llm.Response{ID: "resp_7", Model: "m", Created: 5}
	r.Finish = []llm.Finish{llm.FinishStop, llm.FinishLength, llm.FinishContentFilter}[rng.IntN(3)]
	for i := range n {
		p := llm.Part{Text: word()}
		switch rng.IntN(6) {
		case 0:
			p.Kind = llm.KindRefusal
		case 1:
			p.Kind = llm.KindReasoning
			p.Reasoning = &llm.ReasoningBlock{ID: fmt.Sprint("rs_", i), Summary: p.Text != "", Issuer: llm.OpenAIResponses}
			if rng.IntN(2) == 0 {
				p.Reasoning.Encrypted = "sealed"
				p.Reasoning.Redacted = p.Text == ""
			}
		case 2:
			p.Kind, p.Text = llm.KindToolCall, ""
			p.Call = &llm.ToolCall{ID: fmt.Sprint("call_", i), Name: "f", Arguments: `{"w":` + fmt.Sprint(i) + `}`}
		case 3:
			p.Kind, p.Text = llm.KindToolCall, ""
			p.Call = &llm.ToolCall{ID: fmt.Sprint("call_", i), Name: "patch", Arguments: `{"input":"a\n\"b\""}`}
		case 4:
			p.Kind, p.Text = llm.KindOpaque, ""
			p.Opaque = &llm.Opaque{Format: llm.OpenAIResponses, Type: "web_search_call", Raw: fmt.Appendf(nil, `{"id":"ws_%d","type":"web_search_call"}`, i)}
			r.Usage.N[llm.WebSearch]++
		default:
			if rng.IntN(2) == 0 {
				p.Citations = []llm.Citation{{
					URL: "u", Title: "t", Start: 0, End: 1, InAnswer: true, DocumentIndex: -1,
					Raw:       []byte(`{"type":"url_citation","start_index":0,"end_index":1,"url":"u","title":"t"}`),
					RawFormat: llm.OpenAIResponses,
				}}
			}
		}
		r.Parts = append(r.Parts, p)
	}
	for _, p := range r.Parts {
		if p.Kind == llm.KindToolCall && r.Finish == llm.FinishStop {
			r.Finish = llm.FinishToolCalls
		}
	}
	if words := func(p llm.Part) bool { return p.Kind == llm.KindText }; r.Finish == llm.FinishStop {
		refused, spoke := false, false
		for _, p := range r.Parts {
			refused, spoke = refused || p.Kind == llm.KindRefusal, spoke || words(p)
		}
		if refused && !spoke {
			r.Finish = llm.FinishRefusal
		}
	}
	r.Usage.Reported = true
	r.Usage.N[llm.Input], r.Usage.N[llm.CacheRead] = 5, 2
	r.Usage.N[llm.Output], r.Usage.N[llm.OutputReasoning] = 7, 1
	return r
}

// interleave shuffles the events of a stream's parts into one another.
func interleave(rng *rand.Rand, resp *llm.Response) []llm.Event {
	var head, tail []llm.Event
	var parts [][]llm.Event
	for e := range resp.Events() {
		switch e.Kind {
		case llm.EventStart:
			head = append(head, e)
		case llm.EventUsage, llm.EventFinish:
			tail = append(tail, e)
		case llm.EventPart:
			parts = append(parts, []llm.Event{e})
		default:
			parts[len(parts)-1] = append(parts[len(parts)-1], e)
		}
	}
	begun := 0 // parts begin in their order
	for left := len(parts); left > 0; {
		i := rng.IntN(min(begun+1, len(parts)))
		if len(parts[i]) == 0 {
			if i == begun {
				begun++
			}
			continue
		}
		if i == begun {
			begun++
		}
		head = append(head, parts[i][0])
		if parts[i] = parts[i][1:]; len(parts[i]) == 0 {
			left--
		}
	}
	return append(head, tail...)
}

var inventedRequest = `{"model":"m","input":"x","tools":[{"type":"custom","name":"patch"}]}`

func FuzzAnyAnswerLivesAWholeLife(f *testing.F) {
	for i := range 20 {
		f.Add(uint64(i), uint8(i))
	}
	codec := responses.Responses()
	req, err := codec.DecodeRequest([]byte(inventedRequest))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, seed uint64, n uint8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		resp := invent(rng, int(n%9))
		body, lost, err := codec.EncodeResponse(resp, req)
		if err != nil || len(lost) > 0 {
			t.Fatalf("EncodeResponse: %v, lost %q", err, lost)
		}
		back, err := codec.DecodeResponse(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(normal(resp), normal(back), sameJSON); diff != "" {
			t.Fatalf("whole (-in +out):\n%s", diff)
		}
		enc := codec.NewEncoder(req)
		var out []byte
		for _, e := range interleave(rng, resp) {
			out = enc.Append(out, e)
		}
		out = enc.End(out)
		if _, err := checkLifecycle(out); err != nil {
			t.Fatalf("lifecycle: %v\n%s", err, out)
		}
		stream, err := llm.Collect(codec.DecodeStream(bytes.NewReader(out)))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := outputBytes(resp), outputBytes(stream); a != b || len(stream.Parts) != len(resp.Parts) {
			t.Fatalf("%d bytes in %d parts became %d in %d\n%s", a, len(resp.Parts), b, len(stream.Parts), out)
		}
	})
}
