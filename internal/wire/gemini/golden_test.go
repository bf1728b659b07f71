package gemini_test

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
	"github.com/steward-llmops/steward/internal/wire/gemini"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden runs produce on the input files of each case (those that it returns no
// value for) and compares the rest.
func golden(t *testing.T, dir string, produce func(t *testing.T, in map[string]string) []txtar.File) {
	cases, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases in %s: %v", dir, err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in := map[string]string{}
			for _, f := range ar.Files {
				in[f.Name] = string(f.Data)
			}
			out := produce(t, in)
			if *update {
				made := map[string]bool{}
				for _, f := range out {
					made[f.Name] = true
				}
				var files []txtar.File
				for _, f := range ar.Files {
					if strings.HasPrefix(f.Name, "in.") && !made[f.Name] {
						files = append(files, f)
					}
				}
				ar.Files = append(files, out...)
				if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, f := range out {
				if diff := cmp.Diff(in[f.Name], string(f.Data)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", f.Name, diff)
				}
			}
		})
	}
}

func file(name, data string) txtar.File {
	if !strings.HasSuffix(data, "\n") {
		data += "\n"
	}
	return txtar.File{Name: name, Data: []byte(data)}
}

// neutral renders a value of llm without its empty fields.
func neutral(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var x any
	if err := json.Unmarshal(b, &x); err != nil {
		t.Fatal(err)
	}
	b, err = json.MarshalIndent(prune(x), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if k == "N" {
				v[k] = quantities(x)
				continue
			}
			if x = prune(x); x == nil || x == "" || x == false || cmp.Equal(x, map[string]any{}) {
				delete(v, k)
			} else {
				v[k] = x
			}
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return v
}

func quantities(v any) any {
	out := map[string]any{}
	for q, n := range v.([]any) {
		if n != 0.0 {
			out[llm.Quantity(q).String()] = n
		}
	}
	return out
}

func pretty(t *testing.T, b []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return out.String()
}

func faultText(err error) string {
	f := fault.As(err)
	return fmt.Sprintf("%s %s at %q: %s", f.Kind, f.StableCode(), f.Param, f.Public())
}

func TestRequestGolden(t *testing.T) {
	codec := gemini.Generate()
	golden(t, "request", func(t *testing.T, in map[string]string) []txtar.File {
		r, err := codec.DecodeRequest([]byte(in["in.request.json"]))
		if err != nil {
			return []txtar.File{file("error", faultText(err))}
		}
		files := []txtar.File{file("neutral.json", neutral(t, r))}
		r.Model = strings.TrimSpace(in["in.model"])
		out, lost, err := codec.EncodeRequest(r)
		if err != nil {
			t.Fatal(err)
		}
		return append(files, file("encoded.json", pretty(t, out)), file("lost", strings.Join(lost, "\n")))
	})
}

func TestResponseGolden(t *testing.T) {
	codec := gemini.Generate()
	golden(t, "response", func(t *testing.T, in map[string]string) []txtar.File {
		resp, err := codec.DecodeResponse([]byte(in["in.response.json"]))
		if err != nil {
			return []txtar.File{file("error", faultText(err))}
		}
		out, lost, err := codec.EncodeResponse(resp, nil)
		if err != nil {
			t.Fatal(err)
		}
		enc := codec.NewEncoder(nil)
		var stream []byte
		for e := range resp.Events() {
			stream = enc.Append(stream, e)
		}
		return []txtar.File{
			file("neutral.json", neutral(t, resp)), file("encoded.json", pretty(t, out)),
			file("lost", strings.Join(lost, "\n")), file("stream", string(enc.End(stream))),
		}
	})
}

func TestStreamGolden(t *testing.T) {
	codec := gemini.Generate()
	golden(t, "stream", func(t *testing.T, in map[string]string) []txtar.File {
		return []txtar.File{file("events", events(codec.DecodeStream(strings.NewReader(in["in.stream"]))))}
	})
}

// events renders a stream, a line an event.
func events(s llm.Stream) string {
	var b strings.Builder
	for e, err := range s {
		if err != nil {
			fmt.Fprintf(&b, "error %s\n", faultText(err))
			continue
		}
		switch e.Kind {
		case llm.EventStart:
			fmt.Fprintf(&b, "start %s %s\n", e.ID, e.Model)
		case llm.EventPart:
			fmt.Fprintf(&b, "%d part kind %d", e.Index, e.Part.Kind)
			if c := e.Part.Call; c != nil {
				fmt.Fprintf(&b, " call %s %s", c.Name, c.ID)
			}
			if m := e.Part.Media; m != nil {
				fmt.Fprintf(&b, " %s %s", m.MIME, m.Data)
			}
			if o := e.Part.Opaque; o != nil {
				fmt.Fprintf(&b, " %s %s", o.Type, o.Raw)
			}
			b.WriteByte('\n')
		case llm.EventDelta:
			fmt.Fprintf(&b, "%d delta %q\n", e.Index, e.Text)
		case llm.EventSign:
			fmt.Fprintf(&b, "%d sign %s\n", e.Index, e.Text)
		case llm.EventCite:
			fmt.Fprintf(&b, "%d cite [%d,%d) %s %s\n", e.Index, e.Citation.Start, e.Citation.End, e.Citation.Title, e.Citation.URL)
		case llm.EventLogProbs:
			fmt.Fprintf(&b, "%d logprobs %v\n", e.Index, e.LogProbs)
		case llm.EventPartEnd:
			fmt.Fprintf(&b, "%d end\n", e.Index)
		case llm.EventUsage:
			b.WriteString("usage")
			for q, n := range e.Usage.N {
				if n != 0 {
					fmt.Fprintf(&b, " %s=%d", llm.Quantity(q), n)
				}
			}
			fmt.Fprintf(&b, " %s\n", e.Usage.ServiceTier)
		case llm.EventFinish:
			fmt.Fprintf(&b, "finish %s\n", e.Finish)
		default:
			fmt.Fprintf(&b, "kind %d\n", e.Kind)
		}
	}
	return b.String()
}
