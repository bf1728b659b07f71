package anthropic_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden reads each archive's input and compares everything that follows
// from it: request.json (decoded, written back, lost), response.json (likewise),
// or stream.sse (events, written back).
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
				if !bytes.HasSuffix(body, []byte("\n")) {
					body = append(body, '\n')
				}
				got.Files = append(got.Files, txtar.File{Name: name, Data: body})
			}
			in := ar.Files[0]
			switch in.Name {
			case "request.json":
				goldenRequest(t, in.Data, add)
			case "response.json":
				goldenResponse(t, in.Data, add)
			case "stream.sse":
				add("events", []byte(script(codec.DecodeStream(bytes.NewReader(in.Data)))))
				add("written.sse", []byte(encodeStream(t, codec.DecodeStream(bytes.NewReader(in.Data)))))
			default:
				t.Fatalf("%s holds %s, which nothing reads", file, in.Name)
			}
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

func goldenRequest(t *testing.T, in []byte, add func(string, []byte)) {
	req, err := codec.DecodeRequest(in)
	if err != nil {
		f := fault.As(err)
		add("fault", fmt.Appendf(nil, "%s %s: %s", f.Kind, f.Param, f.Public()))
		return
	}
	add("decoded.json", dump(t, req))
	body, lost, err := codec.EncodeRequest(req)
	if err != nil {
		t.Fatal(err)
	}
	add("written.json", indent(t, body))
	add("lost", []byte(strings.Join(lost, "\n")))
}

func goldenResponse(t *testing.T, in []byte, add func(string, []byte)) {
	resp, err := codec.DecodeResponse(in)
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
			fmt.Fprintf(&b, "start %s %s\n", e.ID, e.Model)
		case llm.EventPart:
			fmt.Fprintf(&b, "part %d %s\n", e.Index, brief(e.Part))
		case llm.EventDelta:
			fmt.Fprintf(&b, "delta %d %q\n", e.Index, e.Text)
		case llm.EventSign:
			fmt.Fprintf(&b, "sign %d %q\n", e.Index, e.Text)
		case llm.EventCite:
			fmt.Fprintf(&b, "cite %d %s\n", e.Index, e.Citation.Raw)
		case llm.EventPartEnd:
			fmt.Fprintf(&b, "end %d\n", e.Index)
		case llm.EventUsage:
			fmt.Fprintf(&b, "usage %s\n", bill2(e.Usage))
		case llm.EventFinish:
			fmt.Fprintf(&b, "finish %s %q\n", e.Finish, e.StopSequence)
		case llm.EventPing:
			b.WriteString("ping\n")
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
		return "opaque " + string(p.Opaque.Raw)
	case p.Kind == llm.KindRefusal:
		return "refusal"
	}
	return "text" + p.Text
}

func bill2(u *llm.Usage) string {
	var words []string
	for q, n := range u.N {
		if n != 0 {
			words = append(words, fmt.Sprintf("%s=%d", llm.Quantity(q), n))
		}
	}
	for _, w := range []string{u.ServiceTier, u.Geo, u.Speed} {
		if w != "" {
			words = append(words, w)
		}
	}
	for _, o := range u.Others {
		words = append(words, o.Model+"("+bill2(&o.Usage)+")")
	}
	return strings.Join(words, " ")
}

// dump writes v as JSON without its zero values.
func dump(t *testing.T, v any) []byte {
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

func indent(t *testing.T, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
