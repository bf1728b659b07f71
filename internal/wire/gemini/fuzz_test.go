package gemini_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/gemini"
)

// seed adds the inputs of the golden cases.
func seed(f *testing.F, dir, name string) {
	f.Helper()
	cases, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil || len(cases) == 0 {
		f.Fatalf("no cases in %s: %v", dir, err)
	}
	for _, path := range cases {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range txtar.Parse(b).Files {
			if file.Name == name {
				f.Add(file.Data)
			}
		}
	}
}

// FuzzRequest: what is read and written again reads the same, and a second
// writing changes nothing.
func FuzzRequest(f *testing.F) {
	seed(f, "request", "in.request.json")
	codec := gemini.Generate()
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := codec.DecodeRequest(body)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v is no invalid request", body, err)
			}
			return
		}
		first, lost, err := codec.EncodeRequest(r)
		if err != nil {
			t.Fatalf("%q was read but cannot be written: %v", body, err)
		}
		if !json.Valid(first) {
			t.Fatalf("%q was written as %q", body, first)
		}
		for _, name := range r.Unknown {
			if !cmp.Equal(lost[:len(r.Unknown)], r.Unknown) {
				t.Errorf("%s is unknown but not lost: %v", name, lost)
			}
		}
		again, err := codec.DecodeRequest(first)
		if err != nil {
			if strings.Contains(string(first), `"contents":null`) {
				return // turns without parts say nothing
			}
			t.Fatalf("%q cannot be read back: %v", first, err)
		}
		second, _, err := codec.EncodeRequest(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(first), string(second)); diff != "" {
			t.Errorf("%q (-first +second writing):\n%s", body, diff)
		}
		if diff := cmp.Diff(words(r.Messages), words(again.Messages)); diff != "" {
			t.Errorf("%q (-before +after):\n%s", body, diff)
		}
	})
}

// words renders what a conversation says, whichever way it is cut into turns.
func words(list []llm.Message) string {
	var b strings.Builder
	for _, m := range list {
		for _, p := range m.Parts {
			b.WriteString(strings.ToValidUTF8(p.Text, "\ufffd"))
			if p.Call != nil {
				b.WriteString(" call " + p.Call.ID + strings.ToValidUTF8(p.Call.Name, "\ufffd"))
			}
			if p.Result != nil {
				b.WriteString(" result " + strings.ToValidUTF8(p.Result.CallID, "\ufffd"))
			}
		}
	}
	return b.String()
}

// FuzzResponse: what is read survives being written whole and as a stream, and
// meters the same.
func FuzzResponse(f *testing.F) {
	seed(f, "response", "in.response.json")
	codec := gemini.Generate()
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
		if diff := cmp.Diff(said(resp), said(again)); diff != "" {
			t.Errorf("%q whole (-before +after):\n%s", body, diff)
		}
		for form, enc := range map[string]wire.Encoder{"sse": codec.NewEncoder(nil), "array": gemini.NewArrayEncoder(nil)} {
			var b []byte
			for e := range resp.Events() {
				b = enc.Append(b, e)
			}
			b = enc.End(b)
			again, err := llm.Collect(codec.DecodeStream(strings.NewReader(string(b))))
			if err != nil {
				t.Fatalf("%q as %s: %v", body, form, err)
			}
			if diff := cmp.Diff(said(resp), said(again)); diff != "" {
				t.Errorf("%q as %s (-before +after):\n%s", body, form, diff)
			}
		}
	})
}

// said renders what an answer says and calls.
func said(r *llm.Response) string {
	var b strings.Builder
	for _, p := range r.Parts {
		b.WriteString(strings.ToValidUTF8(p.Text, "\ufffd"))
		if p.Call != nil {
			b.WriteString(" call " + strings.ToValidUTF8(p.Call.Name, "\ufffd"))
		}
	}
	return b.String() + " " + string(r.Finish)
}

// FuzzAnything: no bytes make any reader panic.
func FuzzAnything(f *testing.F) {
	seed(f, "request", "in.request.json")
	seed(f, "response", "in.response.json")
	seed(f, "stream", "in.stream")
	f.Add([]byte(`{"requests":[{"model":"models/x","content":{"parts":[{"text":"a"}]}}]}`))
	f.Add([]byte(`{"embeddings":[{"values":[1,"2"]}],"usageMetadata":{"promptTokenCount":1}}`))
	f.Add([]byte(`{"predictions":[{"embeddings":{"statistics":{"token_count":7}}}]}`))
	f.Add([]byte(`[{"error":{"code":400,"details":[{"@type":"x/RetryInfo","retryDelay":"34s"}]}}]`))
	codec, embed := gemini.Generate(), gemini.Embed()
	f.Fuzz(func(t *testing.T, b []byte) {
		var r wire.Reading
		codec.Observe("", b, &r)
		codec.Measure(b)
		embed.Measure(b)
		gemini.MeasurePredict(b)
		gemini.MeasureCount(b)
		codec.DecodeError(400, nil, b)
		if req, err := gemini.DecodeCount(b); err == nil && len(req.Messages) == 0 {
			t.Errorf("%q counts nothing", b)
		}
		if req, err := embed.DecodeRequest(b); err == nil {
			out, _, err := embed.EncodeRequest(req)
			if err != nil {
				t.Fatalf("%q: %v", b, err)
			}
			again, err := embed.DecodeRequest(out)
			if err != nil || len(again.Inputs) != len(req.Inputs) {
				t.Errorf("%q became %q: %v", b, out, err)
			}
		}
		if resp, err := embed.DecodeResponse(b); err == nil {
			out, _, err := embed.EncodeResponse(resp, &llm.EmbedRequest{Batch: true})
			if err != nil {
				t.Fatalf("%q: %v", b, err)
			}
			again, err := embed.DecodeResponse(out)
			if err != nil || cmp.Diff(resp.Vectors, again.Vectors) != "" {
				t.Errorf("%q became %q: %v", b, out, err)
			}
		}
	})
}
