package calls_test

import (
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/observe/calls/callstest"
)

var update = flag.Bool("update", false, "rewrite golden files")

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestQueries holds every query of the golden file to its canonical text or its error.
func TestQueries(t *testing.T) {
	const path = "testdata/queries.txt"
	given, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	n := 0
	for _, line := range strings.Split(strings.TrimSuffix(string(given), "\n"), "\n") {
		if strings.HasPrefix(line, "\t") {
			continue
		}
		b.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		n++
		b.WriteString("\t" + strings.ReplaceAll(outcome(t, line), "\n", "\n\t") + "\n")
	}
	if n < 200 {
		t.Errorf("only %d queries", n)
	}
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(given), b.String()); diff != "" && !*update {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func outcome(t *testing.T, query string) string {
	e, err := calls.Parse(query, now)
	if err != nil {
		f := fault.As(err)
		if f.Kind != fault.Invalid || f.Code != "invalid_query" || f.Param != "query" || f.Hint == "" {
			t.Errorf("Parse(%q) fails with %+v; want an invalid query with a hint", query, f)
		}
		return "error: " + f.Message + "\ntry: " + f.Hint
	}
	text := calls.Format(e)
	again, err := calls.Parse(text, now)
	if err != nil || !reflect.DeepEqual(e, again) {
		t.Errorf("Parse(%q) is %q, which is read as %q, %v", query, text, calls.Format(again), err)
	}
	return text
}

func TestParseBounds(t *testing.T) {
	tests := map[string]struct {
		query string
		ok    bool
	}{
		"nothing":                    {"", true},
		"space":                      {" \t\n", true},
		"the longest text":           {`"` + strings.Repeat("a", calls.MaxQuery-2) + `"`, true},
		"a longer one":               {`"` + strings.Repeat("a", calls.MaxQuery-1) + `"`, false},
		"deep":                       {strings.Repeat("(", calls.MaxNesting) + "a" + strings.Repeat(")", calls.MaxNesting), true},
		"deeper":                     {strings.Repeat("(", calls.MaxNesting+1) + "a" + strings.Repeat(")", calls.MaxNesting+1), false},
		"many negations":             {strings.Repeat("-", calls.MaxNesting+1) + "a", false},
		"many NOTs":                  {strings.Repeat("NOT ", calls.MaxNesting+1) + "a", false},
		"the most terms":             {strings.Repeat("a ", calls.MaxTerms), true},
		"a term more":                {strings.Repeat("a ", calls.MaxTerms+1), false},
		"a long list":                {"model:a" + strings.Repeat(",a", calls.MaxTerms), false},
		"two terms in one":           {strings.Repeat("cache:hit ", calls.MaxTerms/2+1), false},
		"a group that grows too big": {`tag.` + strings.Repeat("n", 100) + ":(" + strings.Repeat("a ", 200) + ")", false},
		"no UTF-8":                   {"model:\xff", false},
		"NUL":                        {"a\x00b", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := calls.Parse(tt.query, now)
			if (err == nil) != tt.ok {
				t.Fatalf("Parse = %v; want ok=%v", err, tt.ok)
			}
			if err != nil && fault.As(err).Code != "invalid_query" {
				t.Errorf("the code is %q", fault.As(err).Code)
			}
			if strings.TrimSpace(tt.query) == "" && e != nil {
				t.Errorf("an empty query is %#v; want nil", e)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	given, err := os.ReadFile("testdata/queries.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, line := range strings.Split(string(given), "\n") {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, query string) {
		e, err := calls.Parse(query, now)
		if err != nil {
			return
		}
		text := calls.Format(e)
		again, err := calls.Parse(text, now)
		if err != nil {
			t.Fatalf("Format(Parse(%q)) = %q, which is an error: %v", query, text, err)
		}
		if !reflect.DeepEqual(e, again) {
			t.Fatalf("Format(Parse(%q)) = %q, which is read as %q", query, text, calls.Format(again))
		}
	})
}

// FuzzFormat holds Format to its law on expressions that nobody typed.
func FuzzFormat(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		e := callstest.Expr(seed)
		text := calls.Format(e)
		got, err := calls.Parse(text, now)
		if err != nil {
			t.Fatalf("Parse(%q) = %v", text, err)
		}
		if !reflect.DeepEqual(got, calls.Normal(e)) {
			t.Fatalf("Parse(%q) is read as %q", text, calls.Format(got))
		}
	})
}
