package bedrock_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/anthropic"
	"github.com/steward-llmops/steward/internal/wire/openai"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden reads each archive's first file and compares all that follows from
// it. The archive's comment names the model, on a line "model NAME".
//
//	request.json    decoded, written again, lost
//	openai.json     a request in that format, written for Bedrock
//	anthropic.json  likewise
//	response.json   decoded, written again, lost
//	stream.txt      frames, a line each: event's name, payload; events, and written again
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			ar := txtar.Parse(data)
			got := &txtar.Archive{Comment: ar.Comment, Files: ar.Files[:1]}
			add := func(name string, body []byte) {
				got.Files = append(got.Files, txtar.File{Name: name, Data: append(bytes.TrimRight(body, "\n"), '\n')})
			}
			golden(t, modelIn(ar.Comment), ar.Files[0], add)
			out := txtar.Format(got)
			if *update {
				if err := os.WriteFile(file, out, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(data), string(out)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

func modelIn(comment []byte) string {
	for line := range strings.Lines(string(comment)) {
		if name, ok := strings.CutPrefix(line, "model "); ok {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

func golden(t *testing.T, model string, in txtar.File, add func(string, []byte)) {
	decoders := map[string]func([]byte) (*llm.Request, error){
		"request.json": codec.DecodeRequest, "openai.json": openai.Chat().DecodeRequest, "anthropic.json": anthropic.Messages().DecodeRequest,
	}
	switch decode := decoders[in.Name]; {
	case decode != nil:
		req, err := decode(in.Data)
		if err != nil {
			f := fault.As(err)
			add("fault", fmt.Appendf(nil, "%s %s: %s", f.Kind, f.Param, f.Public()))
			return
		}
		req.Model = model
		if in.Name == "request.json" {
			add("decoded.json", dump(t, req))
		}
		body, lost, err := codec.EncodeRequest(req)
		if err != nil {
			t.Fatal(err)
		}
		add("written.json", indent(t, body))
		add("lost", []byte(strings.Join(lost, "\n")))
	case in.Name == "response.json":
		resp, err := codec.DecodeResponse(in.Data)
		if err != nil {
			f := fault.As(err)
			add("fault", fmt.Appendf(nil, "%s %s %d: %s", f.Kind, f.StableCode(), f.Status, f.Public()))
			return
		}
		add("decoded.json", dump(t, resp))
		body, lost, err := codec.EncodeResponse(resp, nil)
		if err != nil {
			t.Fatal(err)
		}
		add("written.json", indent(t, body))
		add("lost", []byte(strings.Join(lost, "\n")))
	case in.Name == "stream.txt":
		frames := framesOf(t, in.Data)
		events := script(codec.DecodeStream(bytes.NewReader(frames)))
		if one := script(codec.DecodeStream(iotest.OneByteReader(bytes.NewReader(frames)))); one != events {
			t.Errorf("byte by byte it reads differently:\n%s", cmp.Diff(events, one))
		}
		add("events", []byte(events))
		written, _ := splits(encodeStream(t, codec.DecodeStream(bytes.NewReader(frames))), 1<<20)
		add("written.txt", []byte(strings.Join(written, "\n")))
	default:
		t.Fatalf("%s is of no kind that is known", in.Name)
	}
}

// framesOf makes a stream out of lines "name payload".
func framesOf(t testing.TB, text []byte) (b []byte) {
	t.Helper()
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		name, payload, _ := strings.Cut(lines.Text(), " ")
		if exception, ok := strings.CutPrefix(name, "exception:"); ok {
			b = append(b, frame(t, payload, ":message-type", "exception", ":exception-type", exception)...)
		} else if name != "" {
			b = append(b, event(t, name, payload)...)
		}
	}
	return b
}

// script writes a stream as one line an event.
func script(s llm.Stream) string {
	var b strings.Builder
	for e, err := range s {
		if err != nil {
			f := fault.As(err)
			fmt.Fprintf(&b, "fault %s %s %d: %s\n", f.Kind, f.StableCode(), f.Status, f.Message)
			break
		}
		switch e.Kind {
		case llm.EventStart:
			b.WriteString("start\n")
		case llm.EventPart:
			fmt.Fprintf(&b, "part %d %s\n", e.Index, brief(e.Part))
		case llm.EventDelta:
			fmt.Fprintf(&b, "delta %d %q\n", e.Index, e.Text)
		case llm.EventSign:
			fmt.Fprintf(&b, "sign %d %q\n", e.Index, e.Text)
		case llm.EventCite:
			c := e.Citation
			fmt.Fprintf(&b, "cite %d %q %q %q document %d %s %d-%d\n", e.Index, c.Title, c.URL, c.Quote, c.DocumentIndex, c.Unit, c.Start, c.End)
		case llm.EventPartEnd:
			fmt.Fprintf(&b, "end %d\n", e.Index)
		case llm.EventUsage:
			fmt.Fprintf(&b, "usage %s\n", figures(e.Usage))
		case llm.EventFinish:
			fmt.Fprintf(&b, "finish %s %q\n", e.Finish, e.StopSequence)
		default:
			fmt.Fprintf(&b, "event %d\n", e.Kind)
		}
	}
	return b.String()
}

func brief(p *llm.Part) string {
	switch {
	case p.Call != nil:
		return "call " + p.Call.ID + " " + p.Call.Name + p.Call.Arguments
	case p.Reasoning != nil:
		return strings.TrimSpace(fmt.Sprintf("reasoning %s %s", p.Reasoning.Issuer, p.Reasoning.Encrypted))
	case p.Opaque != nil:
		return "opaque " + p.Opaque.Type + " " + string(p.Opaque.Raw)
	case p.Media != nil:
		return "media " + p.Media.MIME + " " + p.Media.Data
	}
	return "text" + p.Text
}

func figures(u *llm.Usage) string {
	var words []string
	for q, n := range u.N {
		if n != 0 {
			words = append(words, fmt.Sprintf("%s=%d", llm.Quantity(q), n))
		}
	}
	for _, w := range []string{u.ServiceTier, u.Speed} {
		if w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

// dump writes v as JSON without its zero values.
func dump(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(bare(tree(t, raw)), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func bare(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, val := range v {
			if val = bare(val); val == nil || val == "" || val == false || key != "Kind" && val == 0.0 {
				delete(v, key)
			} else {
				v[key] = val
			}
		}
		if kind, ok := v["Kind"].(float64); ok {
			v["Kind"] = [...]string{"text", "reasoning", "refusal", "image", "document", "audio", "video", "call", "result", "opaque"}[int(kind)]
		}
		if n, ok := v["N"].([]any); ok {
			named := map[string]any{}
			for q, x := range n {
				if x != 0.0 {
					named[llm.Quantity(q).String()] = x
				}
			}
			v["N"] = named
		}
	case []any:
		for i := range v {
			v[i] = bare(v[i])
		}
	}
	return v
}

func indent(t testing.TB, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
