package price_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/steward-llmops/steward/internal/cost/price"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestImport reads each testdata/import-*.txtar: the file "in" is a foreign price
// list, "want" the catalogue made of it, "skipped" what was left out, or "error".
func TestImport(t *testing.T) {
	files, err := filepath.Glob("testdata/import-*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var in []byte
			want := map[string]string{}
			for _, f := range ar.Files {
				if f.Name == "in" {
					in = f.Data
				} else {
					want[f.Name] = string(f.Data)
				}
			}
			got := map[string]string{}
			if list, err := price.Import(in, "2026-11-25"); err != nil {
				got["error"] = err.Error() + "\n"
			} else {
				text, err := list.File.Format()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := price.Load(text); err != nil {
					t.Errorf("the catalogue does not load: %v", err)
				}
				got["want"] = string(text)
				if list.Skipped != nil {
					got["skipped"] = strings.Join(list.Skipped, "\n") + "\n"
				}
			}
			if *update {
				ar.Files = []txtar.File{{Name: "in", Data: in}}
				for _, name := range []string{"want", "skipped", "error"} {
					if got[name] != "" {
						ar.Files = append(ar.Files, txtar.File{Name: name, Data: []byte(got[name])})
					}
				}
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
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

func TestDecimalOf(t *testing.T) {
	tests := map[string]struct {
		in    string
		shift int
		want  string
	}{
		"as it is":              {"2.5", 0, "2.5"},
		"an integer":            {"10", 0, "10"},
		"per token":             {"0.0000025", 6, "2.5"},
		"an exponent":           {"2.5e-06", 6, "2.5"},
		"a large exponent":      {"1E3", 0, "1000"},
		"a plus":                {"1e+2", 0, "100"},
		"no fraction is left":   {"3e-6", 6, "3"},
		"floating point's dust": {"0.18000000000000002", 0, "0.18"},
		"a third":               {"0.08333333333333334", 0, "0.083333333"},
		"half to even, down":    {"0.0000000005", 0, "0"},
		"half to even, up":      {"0.0000000015", 0, "0.000000002"},
		"a carry":               {"9.9999999999", 0, "10"},
		"zero":                  {"0.0", 6, "0"},
		"negative":              {"-1", 0, ""},
		"a word":                {"null", 0, ""},
		"nothing":               {"", 0, ""},
		"beyond reason":         {"1e400", 0, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := price.DecimalOf(json.Number(tt.in), tt.shift, 9)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("decimalOf(%q, %d) = %q, %v; want %q", tt.in, tt.shift, got, err, tt.want)
			}
		})
	}
}

func FuzzImport(f *testing.F) {
	files, _ := filepath.Glob("testdata/import-*.txtar")
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ar.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := price.Import(data, "2026-11-25")
		if err != nil {
			return
		}
		text, err := list.File.Format()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := price.Load(text); err != nil {
			t.Errorf("Load does not read what Import made: %v", err)
		}
	})
}
