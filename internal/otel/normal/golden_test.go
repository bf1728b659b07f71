package normal_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/otel/normal"
	"github.com/steward-llmops/steward/internal/record"
)

var update = flag.Bool("update", false, "rewrite what is wanted")

// entire is a result as a golden file shows it: everything but what is kept as it came.
type entire struct {
	Skip              string `json:",omitempty"`
	ID                string
	Call              record.Call
	Used              map[string]int64 `json:",omitempty"`
	Request, Response any              `json:",omitempty"`
	Scores            []record.Score   `json:",omitempty"`
	Cut               map[string]int   `json:",omitempty"`
}

// TestWholeResults reads each testdata/*.txtar: in.json, an OTLP request, and out.json,
// what each of its spans says.
func TestWholeResults(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := results(t, ar.Files[0].Data)
			if *update {
				ar.Files = append(ar.Files[:1], txtar.File{Name: "out.json", Data: got})
				if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(ar.Files) != 2 {
				t.Fatal("out.json is missing; run go test -update")
			}
			if d := cmp.Diff(string(ar.Files[1].Data), string(got)); d != "" {
				t.Errorf("results (-want +got):\n%s", d)
			}
		})
	}
}

func results(t *testing.T, in []byte) []byte {
	t.Helper()
	req, err := normal.TracesJSON(in)
	if err != nil {
		t.Fatal(err)
	}
	var list []entire
	for _, rs := range req.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				r, err := normal.Span(who, rs.Resource, ss.Scope, s, now, normal.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				w := entire{Skip: r.Skip, ID: r.Call.ID.Text("call"), Call: r.Call, Scores: r.Scores, Cut: r.Cut.Counts(),
					Request: said(r.Content.RequestType, r.Content.Request), Response: said(r.Content.ResponseType, r.Content.Response)}
				for q, n := range r.Call.Usage.N {
					if n != 0 {
						if w.Used == nil {
							w.Used = map[string]int64{}
						}
						w.Used[llm.Quantity(q).String()] = n
					}
				}
				w.Call.ID, w.Call.Usage.N = [16]byte{}, [llm.NumQuantities]int64{}
				list = append(list, w)
			}
		}
	}
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(trimmed(t, b), '\n')
}

// said shows a document as JSON where it is, else as a text.
func said(mime string, body []byte) any {
	switch {
	case len(body) == 0:
		return nil
	case mime == "application/json":
		return json.RawMessage(body)
	}
	return string(body)
}

// trimmed leaves out what is zero, so that a golden file shows what is said.
func trimmed(t *testing.T, b []byte) []byte {
	t.Helper()
	var v any
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(clean(v), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func clean(v any) any {
	switch x := v.(type) {
	case []any:
		zeros := 0
		for i := range x {
			if x[i] = clean(x[i]); x[i] == nil || x[i] == json.Number("0") {
				zeros++
			}
		}
		if zeros == len(x) {
			return nil
		}
	case map[string]any:
		for k, e := range x {
			e = clean(e)
			if e == nil || e == "" || e == false || e == json.Number("0") {
				delete(x, k)
				continue
			}
			x[k] = e
		}
		if len(x) == 0 {
			return nil
		}
	}
	return v
}
