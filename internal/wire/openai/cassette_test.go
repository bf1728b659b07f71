package openai_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/openai"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// interaction is one recorded call.
type interaction struct {
	ID       string
	Path     string
	Request  json.RawMessage
	Status   int
	Response json.RawMessage
}

// text returns a recorded body: JSON, or a string that holds the bytes.
func bodyOf(m json.RawMessage) []byte {
	var s string
	if json.Unmarshal(m, &s) == nil {
		return []byte(s)
	}
	return m
}

// recorded returns the interactions of all cassettes whose path ends in suffix.
func recorded(t testing.TB, suffix string) []interaction {
	t.Helper()
	shared := os.Getenv("STEWARD_SHARED")
	if shared == "" {
		t.Skip("STEWARD_SHARED is not set: no recorded traffic")
	}
	files, err := filepath.Glob(filepath.Join(shared, "data", "cassettes", "*.jsonl.gz"))
	if err != nil || len(files) == 0 {
		t.Skipf("no cassettes below %s", shared)
	}
	var out []interaction
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(z)
		for {
			line, err := lines.ReadBytes('\n')
			if len(bytes.TrimSpace(line)) > 0 {
				var in interaction
				if err := json.Unmarshal(line, &in); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				path, _, _ := strings.Cut(in.Path, "?")
				if strings.HasSuffix(path, suffix) {
					out = append(out, in)
				}
			}
			if err != nil {
				break
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

type counted struct {
	Prompt     int64 `json:"prompt_tokens"`
	Completion int64 `json:"completion_tokens"`
	Total      int64 `json:"total_tokens"`
	Hit        int64 `json:"prompt_cache_hit_tokens"`
	NumCached  int64 `json:"num_cached_tokens"`
	Cost       *float64
	In         struct {
		Cached int64 `json:"cached_tokens"`
		Write  int64 `json:"cache_write_tokens"`
		Audio  int64 `json:"audio_tokens"`
	} `json:"prompt_tokens_details"`
	Out struct {
		Reasoning int64 `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
	Server struct {
		Web int64 `json:"web_search_requests"`
	} `json:"server_tool_use_details"`
}

type recordedBody struct {
	Usage *counted
	Groq  struct {
		Usage *counted
	} `json:"x_groq"`
	Error   json.RawMessage
	Choices []struct {
		Message struct {
			Content   json.RawMessage
			ToolCalls []json.RawMessage `json:"tool_calls"`
		}
		Delta struct {
			Content   json.RawMessage
			ToolCalls []struct {
				Function struct{ Arguments string }
			} `json:"tool_calls"`
		}
	}
}

func (b *recordedBody) usage() *counted {
	if b.Usage != nil {
		return b.Usage
	}
	return b.Groq.Usage
}

// checkCount compares a normalised usage with the recorded figures.
func checkCount(t *testing.T, id string, want *counted, got *llm.Usage) {
	t.Helper()
	if want == nil {
		if got.Reported {
			t.Errorf("%s: usage %v where none was recorded", id, got.N)
		}
		return
	}
	thinking := want.Out.Reasoning
	if thinking == 0 {
		thinking = want.Total - want.Prompt - want.Completion
	}
	cached := max(want.In.Cached, want.Hit, want.NumCached)
	for _, c := range []struct {
		what      string
		want, got int64
	}{
		{"input tokens", want.Prompt, got.InputTokens()},
		{"all tokens", want.Total, got.InputTokens() + got.OutputTokens()},
		{"cached tokens", cached, got.CachedTokens()},
		{"cache writes", want.In.Write, got.CacheWriteTokens()},
		{"audio tokens", want.In.Audio, got.N[llm.InputAudio]},
		{"plain input", want.Prompt - cached - want.In.Write - want.In.Audio, got.N[llm.Input]},
		{"thinking", thinking, got.N[llm.OutputReasoning]},
		{"plain output", want.Total - want.Prompt - thinking, got.N[llm.Output]},
		{"searches", want.Server.Web, got.N[llm.WebSearch]},
	} {
		if c.want != c.got {
			t.Errorf("%s: %s %d; recorded %d", id, c.what, c.got, c.want)
		}
	}
	if !got.Reported {
		t.Errorf("%s: usage not reported", id)
	}
	if (want.Cost != nil) != got.CostReported {
		t.Errorf("%s: cost reported %v; recorded %v", id, got.CostReported, want.Cost)
	}
	if want.Cost != nil && int64(got.Cost) != int64(math.Round(*want.Cost*1e9)) {
		t.Errorf("%s: cost %s; recorded %v", id, got.Cost, *want.Cost)
	}
}

func isStream(body []byte) bool {
	body = bytes.TrimSpace(body)
	return len(body) > 0 && body[0] != '{' && body[0] != '['
}

func TestRecordedChatTraffic(t *testing.T) {
	chat := openai.Chat()
	var requests, answers, streams, faults, errors, withUsage int
	for _, in := range recorded(t, "/chat/completions") {
		req, err := chat.DecodeRequest(bodyOf(in.Request))
		if err != nil {
			t.Errorf("%s: request: %v", in.ID, err)
			continue
		}
		requests++
		checkEncodes(t, in.ID, chat, req)
		body := bodyOf(in.Response)
		switch {
		case in.Status >= 400:
			f := chat.DecodeError(in.Status, http.Header{}, body)
			if f.Status != in.Status || f.Message == "" || f.Code == "" {
				t.Errorf("%s: fault %+v", in.ID, f)
			}
			errors++
		case isStream(body):
			usage, failed := checkStream(t, in.ID, chat, body)
			streams++
			faults += failed
			withUsage += usage
		default:
			if checkAnswer(t, in.ID, chat, body) {
				withUsage++
			}
			answers++
		}
	}
	t.Logf("%d requests, %d answers, %d streams (%d end in the provider's error), %d error answers; usage agrees on %d",
		requests, answers, streams, faults, errors, withUsage)
	if requests == 0 || streams == 0 || answers == 0 {
		t.Error("nothing recorded was read")
	}
}

// checkEncodes sees that a request that was read can be written and read again.
func checkEncodes(t *testing.T, id string, chat wire.Chat, req *llm.Request) {
	t.Helper()
	out, _, err := chat.EncodeRequest(req)
	if err != nil {
		t.Errorf("%s: encode: %v", id, err)
		return
	}
	again, err := chat.DecodeRequest(out)
	if err != nil {
		t.Errorf("%s: decode what was encoded: %v", id, err)
		return
	}
	if len(again.Messages) != len(req.Messages) || len(again.Tools) != len(req.Tools) {
		t.Errorf("%s: %d messages and %d tools became %d and %d", id,
			len(req.Messages), len(req.Tools), len(again.Messages), len(again.Tools))
	}
}

func checkAnswer(t *testing.T, id string, chat wire.Chat, body []byte) bool {
	t.Helper()
	var want recordedBody
	if err := json.Unmarshal(body, &want); err != nil {
		t.Errorf("%s: %v", id, err)
		return false
	}
	resp, err := chat.DecodeResponse(body)
	if err != nil {
		t.Errorf("%s: answer: %v", id, err)
		return false
	}
	checkCount(t, id, want.usage(), &resp.Usage)
	r := chat.Measure(body)
	checkCount(t, id, want.usage(), &r.Usage)
	compareReading(t, id, &r, resp)
	var said string
	if json.Unmarshal(want.Choices[0].Message.Content, &said) == nil && said != textOf(resp) {
		t.Errorf("%s: text %q; recorded %q", id, textOf(resp), said)
	}
	if n := len(partsOf(resp, llm.KindToolCall)); n != len(want.Choices[0].Message.ToolCalls) {
		t.Errorf("%s: %d calls; recorded %d", id, n, len(want.Choices[0].Message.ToolCalls))
	}
	return want.usage() != nil
}

// compareReading sees that the meter and the decoder agree.
func compareReading(t *testing.T, id string, r *wire.Reading, resp *llm.Response) {
	t.Helper()
	var bytes int64
	for _, p := range resp.Parts {
		bytes += int64(len(p.Text))
		if p.Call != nil {
			bytes += int64(len(p.Call.Arguments))
		}
	}
	if r.Usage.N != resp.Usage.N || r.Usage.ServiceTier != resp.Usage.ServiceTier || r.Usage.Cost != resp.Usage.Cost {
		t.Errorf("%s: metered %v; decoded %v", id, r.Usage, resp.Usage)
	}
	if r.ID != resp.ID || r.Model != resp.Model || r.Finish != resp.Finish || r.OutputBytes != bytes {
		t.Errorf("%s: metered %q %q %q %d; decoded %q %q %q %d", id,
			r.ID, r.Model, r.Finish, r.OutputBytes, resp.ID, resp.Model, resp.Finish, bytes)
	}
	if !r.Done || !r.Complete || !r.FirstToken {
		t.Errorf("%s: done %v, complete %v, first token %v", id, r.Done, r.Complete, r.FirstToken)
	}
}

func checkStream(t *testing.T, id string, chat wire.Chat, body []byte) (usage, failed int) {
	t.Helper()
	var count *counted
	var said, arguments strings.Builder
	broken := false
	err := sse.Events(bytes.NewReader(body), func(_ string, data []byte) bool {
		var c recordedBody
		if json.Unmarshal(data, &c) != nil {
			return true
		}
		broken = broken || len(c.Error) > 0
		if u := c.usage(); u != nil {
			count = u
		}
		for _, choice := range c.Choices {
			var s string
			if json.Unmarshal(choice.Delta.Content, &s) == nil {
				said.WriteString(s)
			}
			for _, call := range choice.Delta.ToolCalls {
				arguments.WriteString(call.Function.Arguments)
			}
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := llm.Collect(chat.DecodeStream(bytes.NewReader(body)))
	if (err != nil) != broken {
		t.Errorf("%s: stream error %v; recorded an error: %v", id, err, broken)
	}
	r := observeAll(chat, body)
	if (r.Err != nil) != broken {
		t.Errorf("%s: observed error %v; recorded an error: %v", id, r.Err, broken)
	}
	var got strings.Builder
	for _, p := range partsOf(resp, llm.KindToolCall) {
		got.WriteString(p.Call.Arguments)
	}
	if said.String() != textOf(resp) || arguments.String() != got.String() {
		t.Errorf("%s: text %q, arguments %q; recorded %q, %q", id, textOf(resp), got.String(), said.String(), arguments.String())
	}
	if broken {
		if !fault.Is(err, fault.Refused) && !fault.Is(err, fault.Upstream) {
			t.Errorf("%s: %v is no fault of the provider's", id, err)
		}
		return 0, 1
	}
	checkCount(t, id, count, &resp.Usage)
	checkCount(t, id, count, &r.Usage)
	compareReading(t, id, &r, resp)
	if count != nil {
		usage = 1
	}
	return usage, 0
}

func observeAll(chat wire.Chat, body []byte) wire.Reading {
	var r wire.Reading
	s := chat.NewSplitter()
	emit := func(name string, data []byte, _ int) { chat.Observe(name, data, &r) }
	s.Feed(body, emit)
	s.Flush(emit)
	return r
}

func partsOf(resp *llm.Response, kind llm.Kind) []llm.Part {
	var out []llm.Part
	for _, p := range resp.Parts {
		if p.Kind == kind {
			out = append(out, p)
		}
	}
	return out
}

func textOf(resp *llm.Response) string {
	var b strings.Builder
	for _, p := range partsOf(resp, llm.KindText) {
		b.WriteString(p.Text)
	}
	return b.String()
}

func TestRecordedEmbeddings(t *testing.T) {
	embed := openai.Embeddings()
	n := 0
	for _, in := range recorded(t, "/v1/embeddings") {
		req, err := embed.DecodeRequest(bodyOf(in.Request))
		if err != nil {
			t.Errorf("%s: %v", in.ID, err)
			continue
		}
		body := bodyOf(in.Response)
		resp, err := embed.DecodeResponse(body)
		if err != nil {
			t.Errorf("%s: %v", in.ID, err)
			continue
		}
		var want struct{ Usage counted }
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatal(err)
		}
		r := embed.Measure(body)
		if resp.Usage.N != r.Usage.N || resp.Usage.InputTokens() != want.Usage.Prompt || resp.Usage.OutputTokens() != 0 {
			t.Errorf("%s: decoded %v, metered %v; recorded %+v", in.ID, resp.Usage.N, r.Usage.N, want.Usage)
		}
		if len(resp.Vectors) != len(req.Inputs) || len(resp.Vectors[0]) < 100 {
			t.Errorf("%s: %d vectors for %d inputs", in.ID, len(resp.Vectors), len(req.Inputs))
		}
		n++
	}
	t.Logf("%d embeddings", n)
	if n == 0 {
		t.Error("nothing recorded was read")
	}
}
