package responses_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/responses"
)

// recorded is one interaction of the public recordings.
type recorded struct {
	ID, Method, Path  string
	Request, Response string
	Status            int
}

func (r *recorded) stream() bool { return strings.HasPrefix(r.Response, "event:") }

// cassettes returns every recorded interaction with the Responses API.
func cassettes(t *testing.T) []recorded {
	t.Helper()
	shared := os.Getenv("STEWARD_SHARED")
	if shared == "" {
		t.Skip("STEWARD_SHARED is not set: no recorded traffic to read")
	}
	var all []recorded
	for _, name := range []string{"openai", "deepseek"} {
		f, err := os.Open(filepath.Join(shared, "data", "cassettes", name+".jsonl.gz"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(z)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			if !strings.Contains(gjson.GetBytes(lines.Bytes(), "path").String(), "/responses") {
				continue
			}
			var r recorded
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) == 0 {
		t.Fatal("no recorded interaction found")
	}
	return all
}

// want computes a recorded answer's usage from its figures, apart from the codec.
func want(usage gjson.Result) (in, cached, written, out, reasoning int64) {
	return usage.Get("input_tokens").Int(), usage.Get("input_tokens_details.cached_tokens").Int(),
		usage.Get("input_tokens_details.cache_write_tokens").Int(), usage.Get("output_tokens").Int(),
		usage.Get("output_tokens_details.reasoning_tokens").Int()
}

func checkUsage(t *testing.T, what string, u *llm.Usage, recorded gjson.Result) {
	t.Helper()
	if u.Reported != recorded.IsObject() {
		t.Errorf("%s: usage reported %v, recorded %v", what, u.Reported, recorded.IsObject())
	}
	in, cached, written, out, reasoning := want(recorded)
	got := []int64{u.InputTokens(), u.CachedTokens(), u.CacheWriteTokens(), u.OutputTokens(), u.N[llm.OutputReasoning]}
	if diff := cmp.Diff([]int64{in, cached, written, out, reasoning}, got); diff != "" {
		t.Errorf("%s: input, cached, written, output, reasoning (-recorded +got):\n%s", what, diff)
	}
}

func TestRecordedRequests(t *testing.T) {
	codec := responses.Responses()
	decoded, all := 0, 0
	for _, r := range cassettes(t) {
		if r.Method != "POST" {
			continue
		}
		all++
		req, err := codec.DecodeRequest([]byte(r.Request))
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		body, _, err := codec.EncodeRequest(req)
		if err != nil {
			t.Errorf("%s: encode: %v", r.ID, err)
			continue
		}
		again, err := codec.DecodeRequest(body)
		if err != nil {
			t.Errorf("%s: decode what was encoded: %v", r.ID, err)
			continue
		}
		if diff := cmp.Diff(carried(req), carried(again), sameJSON); diff != "" {
			t.Errorf("%s: a request changes on its way (-first +again):\n%s", r.ID, diff)
			continue
		}
		decoded++
	}
	t.Logf("%d of %d requests decode, and come back the same after encoding", decoded, all)
}

func TestRecordedAnswers(t *testing.T) {
	codec := responses.Responses()
	decoded, all, encoded := 0, 0, 0
	for _, r := range cassettes(t) {
		if r.stream() {
			continue
		}
		body := []byte(r.Response)
		if r.Status != 200 {
			if f := codec.DecodeError(r.Status, nil, body); f.Status != r.Status || f.Message == "" {
				t.Errorf("%s: DecodeError gives %+v", r.ID, f)
			}
			continue
		}
		reading := codec.Measure(body)
		recorded := gjson.ParseBytes(body)
		checkUsage(t, r.ID+": Measure", &reading.Usage, recorded.Get("usage"))
		if recorded.Get("object").String() == "response.input_tokens" {
			continue
		}
		all++
		resp, err := codec.DecodeResponse(body)
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		decoded++
		compare(t, r.ID, &reading, resp)
		checkText(t, r.ID, resp, recorded)
		req, _ := codec.DecodeRequest([]byte(r.Request))
		if resp.Finish == llm.FinishNone {
			continue // queued or in progress
		}
		out, lost, err := codec.EncodeResponse(resp, req)
		if err != nil || len(lost) > 0 {
			t.Errorf("%s: EncodeResponse: %v, lost %q", r.ID, err, lost)
			continue
		}
		back, err := codec.DecodeResponse(out)
		if err != nil {
			t.Errorf("%s: decode what was encoded: %v", r.ID, err)
			continue
		}
		if resp.Model == "" {
			back.Model = "" // a compaction names no model; the encoder takes the request's
		}
		if diff := cmp.Diff(normal(resp), normal(back), sameJSON); diff != "" {
			t.Errorf("%s: an answer changes on its way (-first +again):\n%s", r.ID, diff)
			continue
		}
		encoded++
	}
	t.Logf("%d of %d answers decode; %d finished ones come back the same after encoding", decoded, all, encoded)
}

func TestRecordedStreams(t *testing.T) {
	codec := responses.Responses()
	decoded, all, lived := 0, 0, 0
	for _, r := range cassettes(t) {
		if !r.stream() {
			continue
		}
		all++
		resp, err := llm.Collect(codec.DecodeStream(strings.NewReader(r.Response)))
		if err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		final := terminal(r.Response)
		whole, err := codec.DecodeResponse([]byte(final.Raw))
		if err != nil {
			t.Errorf("%s: the last event's response: %v", r.ID, err)
			continue
		}
		if diff := cmp.Diff(normal(whole), normal(resp), sameJSON, roughly, unsealed); diff != "" {
			t.Errorf("%s: the stream is not its last event's response (-whole +stream):\n%s", r.ID, diff)
			continue
		}
		reading := observeAll(codec, []byte(r.Response), 1+len(r.ID)%97)
		compare(t, r.ID, &reading, resp)
		checkUsage(t, r.ID+": Observe", &reading.Usage, final.Get("usage"))
		decoded++
		req, _ := codec.DecodeRequest([]byte(r.Request))
		enc := codec.NewEncoder(req)
		var out []byte
		for ev := range codec.DecodeStream(strings.NewReader(r.Response)) {
			out = enc.Append(out, ev)
		}
		out = enc.End(out)
		if _, err := checkLifecycle(out); err != nil {
			t.Errorf("%s: lifecycle: %v", r.ID, err)
			continue
		}
		back, err := llm.Collect(codec.DecodeStream(bytes.NewReader(out)))
		if err != nil {
			t.Errorf("%s: decode what was encoded: %v", r.ID, err)
			continue
		}
		if diff := cmp.Diff(normal(resp), normal(back), sameJSON); diff != "" {
			t.Errorf("%s: a stream changes on its way (-first +again):\n%s", r.ID, diff)
			continue
		}
		lived++
	}
	t.Logf("%d of %d streams decode to their last event's response, observed alike; %d pass the lifecycle check re-encoded", decoded, all, lived)
}

func TestTheRecordedLifecyclesPassTheCheck(t *testing.T) {
	passed, all := 0, 0
	for _, r := range cassettes(t) {
		if !r.stream() || r.Method != "POST" {
			continue // a resumed stream begins in the middle
		}
		all++
		l := lifecycle{recorded: true}
		if _, err := l.check([]byte(r.Response)); err != nil {
			t.Errorf("%s: %v", r.ID, err)
			continue
		}
		passed++
	}
	t.Logf("%d of %d streams as recorded pass the lifecycle check", passed, all)
}

// terminal returns the response in the stream's last event.
func terminal(stream string) gjson.Result {
	i := strings.LastIndex(stream, "\ndata: ")
	return gjson.Parse(stream[i+7:]).Get("response")
}

// observeAll folds a stream, cut into chunks of n bytes, into a reading.
func observeAll(codec wire.Chat, stream []byte, n int) wire.Reading {
	var r wire.Reading
	s := codec.NewSplitter()
	emit := func(name string, data []byte, _ int) { codec.Observe(name, data, &r) }
	for len(stream) > 0 {
		n := min(n, len(stream))
		s.Feed(stream[:n], emit)
		stream = stream[n:]
	}
	s.Flush(emit)
	return r
}

// compare checks that the cheap reading says what the codec has decoded.
func compare(t *testing.T, id string, r *wire.Reading, resp *llm.Response) {
	t.Helper()
	if diff := cmp.Diff(resp.Usage, r.Usage); diff != "" {
		t.Errorf("%s: usage (-decoded +read):\n%s", id, diff)
	}
	if r.ID != resp.ID || r.Model != resp.Model || r.Finish != resp.Finish || r.Err != nil {
		t.Errorf("%s: reading %q %q %q %v, decoded %q %q %q", id, r.ID, r.Model, r.Finish, r.Err, resp.ID, resp.Model, resp.Finish)
	}
	if finished := resp.Finish != llm.FinishNone; r.Done != finished || r.Complete != finished {
		t.Errorf("%s: done %v, complete %v, finish %q", id, r.Done, r.Complete, resp.Finish)
	}
	if n := outputBytes(resp); n != r.OutputBytes || r.FirstToken != (n > 0) && r.Finish != llm.FinishStop {
		t.Errorf("%s: output bytes %d, first token %v; decoded %d", id, r.OutputBytes, r.FirstToken, n)
	}
}

func outputBytes(resp *llm.Response) (n int64) {
	for _, p := range resp.Parts {
		n += int64(len(p.Text))
		if p.Kind == llm.KindToolCall {
			n += int64(len(p.Call.Arguments))
		}
	}
	return n
}

// checkText checks that the text of every message came through.
func checkText(t *testing.T, id string, resp *llm.Response, recorded gjson.Result) {
	t.Helper()
	var got, want string
	for _, p := range resp.Parts {
		if p.Kind == llm.KindText {
			got += p.Text
		}
	}
	for _, it := range recorded.Get("output").Array() {
		if it.Get("role").String() == "assistant" {
			for _, c := range it.Get("content").Array() {
				want += c.Get("text").String()
			}
		}
	}
	if got != want {
		t.Errorf("%s: text %q, want %q", id, got, want)
	}
}

// sameJSON compares raw JSON by what it says.
var sameJSON = cmp.Transformer("json", func(b json.RawMessage) (v any) {
	if json.Unmarshal(b, &v) != nil {
		return string(b)
	}
	return v
})

// Two things differ within a recorded stream: log probabilities are rounded in the
// last event, and what is encrypted is encrypted anew each time.
var (
	roughly  = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-5 })
	unsealed = cmp.FilterPath(func(p cmp.Path) bool {
		if i, ok := p.Last().(cmp.MapIndex); ok {
			return i.Key().String() == "encrypted_content"
		}
		return strings.HasSuffix(p.String(), "Reasoning.Encrypted")
	}, cmp.Ignore())
)

// normal leaves out of an answer what may differ between its forms: the form
// of the id, and where encrypted reasoning is kept.
func normal(resp *llm.Response) *llm.Response {
	r := *resp
	r.ID = strings.TrimPrefix(r.ID, "resp_")
	r.Parts = append([]llm.Part(nil), r.Parts...)
	for i, p := range r.Parts {
		if p.Kind == llm.KindReasoning {
			block := *p.Reasoning
			block.Encrypted += block.Signature
			block.Signature = ""
			r.Parts[i].Reasoning = &block
		}
	}
	return &r
}

// carried leaves out of a request what is declared as lost.
func carried(req *llm.Request) *llm.Request {
	r := *req
	r.Unknown = nil
	for i, m := range r.Messages {
		parts := append([]llm.Part(nil), m.Parts...)
		for k := range parts {
			parts[k].Cache = nil
		}
		r.Messages = append([]llm.Message(nil), r.Messages...)
		r.Messages[i].Parts = parts
	}
	for i := range r.Tools {
		if r.Tools[i].Strict == nil {
			r.Tools = append([]llm.Tool(nil), r.Tools...)
			no := false
			r.Tools[i].Strict = &no
		}
	}
	return &r
}
