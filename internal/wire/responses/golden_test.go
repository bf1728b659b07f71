package responses_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/responses"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden runs one test a file: files whose names begin with "want" are what make
// returns for the others.
func golden(t *testing.T, dir string, make func(t *testing.T, in map[string][]byte) map[string][]byte) {
	paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files in %s: %v", dir, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in := map[string][]byte{}
			var kept []txtar.File
			want := map[string]string{}
			for _, f := range a.Files {
				if strings.HasPrefix(f.Name, "want") {
					want[f.Name] = string(f.Data)
					continue
				}
				in[f.Name] = f.Data
				kept = append(kept, f)
			}
			got := map[string]string{}
			for _, name := range []string{"want.json", "want.sse", "want.lost"} {
				if data, ok := make(t, in)[name]; ok {
					got[name] = string(data)
					kept = append(kept, txtar.File{Name: name, Data: data})
				}
			}
			if *update {
				a.Files = kept
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func pretty(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return append(out.Bytes(), '\n')
}

func lines(lost llm.Lost) []byte {
	if len(lost) == 0 {
		return nil
	}
	return []byte(strings.Join(lost, "\n") + "\n")
}

// TestGoldenRequests reads a caller's request and writes it for a provider.
func TestGoldenRequests(t *testing.T) {
	codec := responses.Responses()
	golden(t, "request", func(t *testing.T, in map[string][]byte) map[string][]byte {
		req, err := codec.DecodeRequest(in["request.json"])
		if err != nil {
			t.Fatal(err)
		}
		body, lost, err := codec.EncodeRequest(req)
		if err != nil {
			t.Fatal(err)
		}
		return map[string][]byte{"want.json": pretty(t, body), "want.lost": lines(lost)}
	})
}

// TestGoldenAnswers writes an answer for the caller, whole and as a stream.
func TestGoldenAnswers(t *testing.T) {
	codec := responses.Responses()
	golden(t, "answer", func(t *testing.T, in map[string][]byte) map[string][]byte {
		req, err := codec.DecodeRequest(in["request.json"])
		if err != nil {
			t.Fatal(err)
		}
		var resp llm.Response
		if err := json.Unmarshal(in["answer.json"], &resp); err != nil {
			t.Fatal(err)
		}
		body, lost, err := codec.EncodeResponse(&resp, req)
		if err != nil {
			t.Fatal(err)
		}
		enc := codec.NewEncoder(req)
		var out []byte
		for e := range resp.Events() {
			out = enc.Append(out, e)
		}
		out = enc.End(out)
		if diff := cmp.Diff(lost, enc.Lost()); diff != "" {
			t.Errorf("lost (-whole +stream):\n%s", diff)
		}
		final, err := checkLifecycle(out)
		if err != nil {
			t.Errorf("lifecycle: %v", err)
		}
		var whole map[string]any
		if err := json.Unmarshal(body, &whole); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole, final); diff != "" {
			t.Errorf("the last event's response is not the whole answer (-whole +stream):\n%s", diff)
		}
		return map[string][]byte{"want.json": pretty(t, body), "want.sse": out, "want.lost": lines(lost)}
	})
}
