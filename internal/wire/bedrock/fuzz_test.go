package bedrock_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/bedrock"
)

// seed adds the inputs of the golden cases.
func seed(f *testing.F, name string, add func([]byte)) {
	f.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range txtar.Parse(b).Files {
			if part.Name == name {
				add(part.Data)
			}
		}
	}
}

// FuzzRequest: what is read and written again reads the same, and a second
// writing changes nothing.
func FuzzRequest(f *testing.F) {
	models := []string{"", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-opus-4-7-v1", "amazon.nova-pro-v1:0", "us.amazon.nova-2-lite-v1:0",
		"openai.gpt-oss-120b-1:0", "qwen.qwen3-32b-v1:0", "meta.llama3-70b-instruct-v1:0", "anthropic.claude-v2:1"}
	seed(f, "request.json", func(b []byte) {
		for i := range models {
			f.Add(b, i)
		}
	})
	f.Fuzz(func(t *testing.T, body []byte, i int) {
		r, err := codec.DecodeRequest(body)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v is no invalid request", body, err)
			}
			return
		}
		r.Model = models[uint(i)%uint(len(models))]
		first, lost, err := codec.EncodeRequest(r)
		if err != nil {
			t.Fatalf("%q was read but cannot be written: %v", body, err)
		}
		if !json.Valid(first) {
			t.Fatalf("%q was written as %q", body, first)
		}
		if !slices.Equal(lost[:len(r.Unknown)], r.Unknown) {
			t.Errorf("%v is unknown, %v lost", r.Unknown, lost)
		}
		again, err := codec.DecodeRequest(first)
		if err != nil {
			if bytes.Contains(first, []byte(`"messages":[]`)) {
				return // turns without parts say nothing
			}
			t.Fatalf("%q cannot be read back: %v", first, err)
		}
		again.Model = r.Model
		second, _, err := codec.EncodeRequest(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(first), string(second)); diff != "" {
			t.Errorf("%q for %q (-first +second writing):\n%s", body, r.Model, diff)
		}
		if want, got := textOf(r), textOf(again); !equalWords(want, got) {
			t.Errorf("%q says %q, written again %q", body, want, got)
		}
	})
}

// textOf lists what a request says, but empty texts.
func textOf(r *llm.Request) (all []string) {
	add := func(parts []llm.Part) {
		for _, p := range parts {
			if p.Kind == llm.KindText && p.Text != "" {
				all = append(all, p.Text)
			}
			if p.Call != nil {
				all = append(all, "call "+p.Call.Name)
			}
			if p.Result != nil {
				for _, q := range p.Result.Parts {
					if q.Text != "" {
						all = append(all, q.Text)
					}
				}
			}
		}
	}
	add(r.System)
	for _, m := range r.Messages {
		add(m.Parts)
	}
	return all
}

// equalWords allows for another order (results lead), and for what Bedrock wants
// said beside ("(empty)", a document's name, a line break before a cache point).
func equalWords(want, got []string) bool {
	left := slices.Clone(got)
	for _, w := range want {
		i := slices.Index(left, w)
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// FuzzResponse: what is read survives being written, whole and as a stream, and
// meters the same.
func FuzzResponse(f *testing.F) {
	seed(f, "response.json", func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, body []byte) {
		reading := codec.Measure(body)
		resp, err := codec.DecodeResponse(body)
		if err != nil {
			return
		}
		if diff := cmp.Diff(resp.Usage, reading.Usage); diff != "" {
			t.Errorf("%q: usage (-decoded +measured):\n%s", body, diff)
		}
		for q, n := range resp.Usage.N {
			if n < 0 {
				t.Errorf("%q: %s is %d", body, llm.Quantity(q), n)
			}
		}
		out, _, err := codec.EncodeResponse(resp, nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := codec.DecodeResponse(out)
		if err != nil {
			t.Fatalf("%q cannot be read back: %v", out, err)
		}
		streamed, err := llm.Collect(codec.DecodeStream(bytes.NewReader(encodeStream(t, resp.Events()))))
		if err != nil {
			t.Fatalf("%q as a stream: %v", body, err)
		}
		if said(resp) != said(again) || said(resp) != said(streamed) {
			t.Errorf("%q says %q, written %q, streamed %q", body, said(resp), said(again), said(streamed))
		}
		if again.Usage.N != resp.Usage.N || streamed.Usage.N != resp.Usage.N {
			t.Errorf("%q: usage %v, written %v, streamed %v", body, resp.Usage.N, again.Usage.N, streamed.Usage.N)
		}
	})
}

// FuzzStream: any bytes give the same events at any chunking, never a panic, and
// end in a finish or a fault.
func FuzzStream(f *testing.F) {
	seed(f, "stream.txt", func(b []byte) { f.Add(framesOf(f, b), 7) })
	f.Add([]byte("data: {}\n\n"), 1)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		size = max(size&255, 1)
		whole := script(codec.DecodeStream(bytes.NewReader(b)))
		if pieces := script(codec.DecodeStream(&chunks{b, size})); pieces != whole {
			t.Errorf("in pieces of %d (-whole +pieces):\n%s", size, cmp.Diff(whole, pieces))
		}
		last := whole[strings.LastIndexByte(strings.TrimSuffix(whole, "\n"), '\n')+1:]
		if !strings.HasPrefix(last, "finish ") && !strings.HasPrefix(last, "fault ") {
			t.Errorf("it ends with %q", last)
		}
		decoded, err := llm.Collect(codec.DecodeStream(bytes.NewReader(b)))
		r := observeAll(b, size)
		if err == nil && (r.Finish != decoded.Finish || !r.Complete || !cmp.Equal(r.Usage, decoded.Usage) || r.Err != nil) {
			t.Errorf("observed %+v, decoded %+v", r, decoded)
		}
		again, errAgain := llm.Collect(codec.DecodeStream(bytes.NewReader(encodeStream(t, codec.DecodeStream(bytes.NewReader(b))))))
		if (err == nil) != (errAgain == nil) || said(decoded) != said(again) {
			t.Errorf("says %q (%v), written again %q (%v)", said(decoded), err, said(again), errAgain)
		}
	})
}

// FuzzEvents: frames that are whole with any payload.
func FuzzEvents(f *testing.F) {
	seed(f, "stream.txt", func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, text []byte) {
		b := framesOf(t, text)
		if r, decoded := observeAll(b, 11), collected(b); decoded != nil && (r.Finish != decoded.Finish || !r.Complete || !cmp.Equal(r.Usage, decoded.Usage)) {
			t.Errorf("observed %+v, decoded %+v", r, decoded)
		}
		whole := script(codec.DecodeStream(bytes.NewReader(b)))
		if pieces := script(codec.DecodeStream(&chunks{b, 5})); pieces != whole {
			t.Errorf("in pieces (-whole +pieces):\n%s", cmp.Diff(whole, pieces))
		}
		decoded, err := llm.Collect(codec.DecodeStream(bytes.NewReader(b)))
		again, errAgain := llm.Collect(codec.DecodeStream(bytes.NewReader(encodeStream(t, codec.DecodeStream(bytes.NewReader(b))))))
		if (err == nil) != (errAgain == nil) || err == nil && said(decoded) != said(again) {
			t.Errorf("says %q (%v), written again %q (%v)", said(decoded), err, said(again), errAgain)
		}
	})
}

// collected reads a whole stream; nil where it fails.
func collected(b []byte) *llm.Response {
	r, err := llm.Collect(codec.DecodeStream(bytes.NewReader(b)))
	if err != nil {
		return nil
	}
	return r
}

// FuzzAnything: no bytes make any reader panic.
func FuzzAnything(f *testing.F) {
	for _, name := range []string{"request.json", "response.json"} {
		seed(f, name, func(b []byte) { f.Add("metadata", b) })
	}
	f.Add("chunk", []byte(`{"bytes":"eyJ0eXBlIjoibWVzc2FnZV9zdG9wIn0="}`))
	f.Add("contentBlockDelta", []byte(`{"delta":{"text":"\ud83d\ude00"}}`))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		var r wire.Reading
		codec.Observe(name, b, &r)
		codec.Observe(name, b, &r)
		for _, r := range []wire.Reading{r, codec.Measure(b), bedrock.MeasureInvoke(nil, b)} {
			for q, n := range r.Usage.N {
				if n < 0 {
					t.Errorf("%s is %d", llm.Quantity(q), n)
				}
			}
		}
		bedrock.MeasureCount(b)
		codec.DecodeError(400, nil, b)
		if req, ok, err := bedrock.DecodeCount(b); ok && (err != nil || len(req.Messages) == 0) {
			t.Errorf("%q counts nothing: %v", b, err)
		}
	})
}

// chunks reads b in pieces of size bytes.
type chunks struct {
	b    []byte
	size int
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.b) == 0 {
		return bytes.NewReader(nil).Read(p)
	}
	n := copy(p, c.b[:min(c.size, len(c.b))])
	c.b = c.b[n:]
	return n, nil
}
