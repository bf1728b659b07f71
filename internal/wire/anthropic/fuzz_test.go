package anthropic_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/anthropic"
)

// seed adds the inputs of the golden files whose name begins with prefix.
func seed(f *testing.F, prefix string, add func([]byte)) {
	f.Helper()
	files, err := filepath.Glob("testdata/" + prefix + "*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no golden files for %s: %v", prefix, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		add(txtar.Parse(data).Files[0].Data)
	}
}

// A request that was written is read and written as the same bytes.
func FuzzRequest(f *testing.F) {
	seed(f, "request", func(b []byte) { f.Add(b) })
	f.Fuzz(requestLaw)
}

func requestLaw(t *testing.T, in []byte) {
	anthropic.DecodeCount(in)
	req, err := codec.DecodeRequest(in)
	if err != nil {
		if !fault.Is(err, fault.Invalid) {
			t.Fatalf("a wrong request is %v", err)
		}
		return
	}
	body, _, err := codec.EncodeRequest(req)
	if err != nil || !json.Valid(body) {
		t.Fatalf("EncodeRequest: %v: %s", err, body)
	}
	again, err := codec.DecodeRequest(body)
	if err != nil {
		if strings.Contains(string(body), `"messages":[]`) {
			return // nothing but empty turns
		}
		t.Fatalf("read back: %v: %s", err, body)
	}
	body2, _, err := codec.EncodeRequest(again)
	if err != nil || !bytes.Equal(body, body2) {
		t.Errorf("written again (-first +again): %v\n%s", err, cmp.Diff(string(body), string(body2)))
	}
}

// An answer survives being written, whole or as a stream.
func FuzzResponse(f *testing.F) {
	seed(f, "response", func(b []byte) { f.Add(b) })
	f.Fuzz(responseLaw)
}

func responseLaw(t *testing.T, in []byte) {
	codec.Measure(in)
	anthropic.MeasureCount(in)
	codec.DecodeError(500, nil, in)
	resp, err := codec.DecodeResponse(in)
	if err != nil {
		return
	}
	if r := codec.Measure(in); !cmp.Equal(r.Usage, resp.Usage) && !repeated(in) {
		t.Errorf("measured (-decoded +measured):\n%s", cmp.Diff(resp.Usage, r.Usage))
	}
	body, _, err := codec.EncodeResponse(resp, nil)
	if err != nil || !json.Valid(body) {
		t.Fatalf("EncodeResponse: %v: %s", err, body)
	}
	again, err := codec.DecodeResponse(body)
	if err != nil {
		t.Fatalf("read back: %v: %s", err, body)
	}
	body2, _, _ := codec.EncodeResponse(again, nil)
	if !bytes.Equal(body, body2) {
		t.Errorf("written again (-first +again):\n%s", cmp.Diff(string(body), string(body2)))
	}
	streamed, err := llm.Collect(codec.DecodeStream(strings.NewReader(encodeStream(t, again.Events()))))
	if err != nil {
		t.Fatalf("streamed: %v", err)
	}
	if again.Finish == llm.FinishNone {
		return // a stream always ends with a reason
	}
	if diff := cmp.Diff(texts(again), texts(streamed)); diff != "" {
		t.Errorf("streamed (-whole +streamed):\n%s", diff)
	}
}

// repeated reports whether a JSON object names a field twice, so that readers
// may take either.
func repeated(in []byte) bool {
	var v any
	if json.Unmarshal(in, &v) != nil {
		return true
	}
	short, _ := json.Marshal(v)
	var long bytes.Buffer
	_ = json.Compact(&long, in)
	return bytes.Count(short, []byte(":")) != bytes.Count(long.Bytes(), []byte(":"))
}

func texts(r *llm.Response) []string {
	var out []string
	for _, p := range r.Parts {
		s := p.Text
		if p.Call != nil {
			s = p.Call.ID + p.Call.Name + p.Call.Arguments
		}
		if p.Opaque != nil {
			s = p.Opaque.Type
		}
		out = append(out, s)
	}
	return out
}

// A stream reads the same however it is cut, never panics, and ends in a finish
// or a fault; what is observed of it is what is decoded.
func FuzzStream(f *testing.F) {
	seed(f, "stream", func(b []byte) { f.Add(b, uint64(1)) })
	f.Fuzz(streamLaw)
}

func streamLaw(t *testing.T, in []byte, seed uint64) {
	whole := script(codec.DecodeStream(bytes.NewReader(in)))
	cut := script(codec.DecodeStream(&chunks{in, rand.New(rand.NewPCG(seed, 0))}))
	if diff := cmp.Diff(whole, cut); diff != "" {
		t.Errorf("cut differently (-whole +cut):\n%s", diff)
	}
	var last llm.EventKind
	var fail error
	for e, err := range codec.DecodeStream(bytes.NewReader(in)) {
		last, fail = e.Kind, err
	}
	if fail == nil && last != llm.EventFinish {
		t.Errorf("the stream ended with neither finish nor fault: %s", whole)
	}
	var r wire.Reading
	s := codec.NewSplitter()
	emit := func(name string, data []byte, _ int) { codec.Observe(name, data, &r) }
	s.Feed(in, emit)
	s.Flush(emit)
	out := encodeStream(t, codec.DecodeStream(bytes.NewReader(in)))
	if fail == nil {
		again, err := llm.Collect(codec.DecodeStream(strings.NewReader(out)))
		if err != nil {
			t.Fatalf("written and read back: %v\n%s", err, out)
		}
		first, _ := llm.Collect(codec.DecodeStream(bytes.NewReader(in)))
		if diff := cmp.Diff(answerText(first), answerText(again)); diff != "" {
			t.Errorf("text (-read +written):\n%s", diff)
		}
	} else if strings.Contains(out, "event: message_stop") {
		t.Errorf("a fault looks like an end:\n%s", out)
	}
}

func answerText(r *llm.Response) string {
	var b strings.Builder
	for _, p := range r.Parts {
		if p.Kind == llm.KindText || p.Kind == llm.KindReasoning && p.Reasoning.Encrypted == "" {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

type chunks struct {
	rest []byte
	rng  *rand.Rand
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.rest[:1+c.rng.IntN(min(len(c.rest), len(p)))])
	c.rest = c.rest[n:]
	return n, nil
}
