package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/steward-llmops/steward/internal/config"
)

func TestReferenceIsCurrent(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", name))
		if err != nil {
			t.Errorf("%v; write it with: go run ./internal/reference", err)
			continue
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("docs/reference/%s is not current; write it with: go run ./internal/reference\n%s", name, diff)
		}
	}
	again, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files, again); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
}

// loose is the schema as an editor uses it.
func loose(t *testing.T) *jsonschema.Schema {
	t.Helper()
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(files["steward.schema.json"])))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("steward.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("steward.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemaAndParserAgree(t *testing.T) {
	s := loose(t)
	tests := map[string]struct {
		yaml string
		ok   bool
	}{
		"an empty section":          {"calls:\n", true},
		"a provider":                {"providers: {lab: {kind: openai, base_url: \"http://127.0.0.1:9100/v1\", key: \"env:LAB_KEY\"}}", true},
		"a price as a number":       {"prices: {overrides: [{model: large, input: 2.50}]}", true},
		"units":                     {"limits: {max_body: 1MiB}\ncontent: {retention: 30d}", true},
		"a field that nobody knows": {"listne: x", false},
		"a provider without a kind": {"providers: {lab: {key: \"env:LAB_KEY\"}}", false},
		"a key in clear":            {"providers: {lab: {kind: openai, key: sk-0123456789abcdef}}", false},
		"a size without a unit":     {"limits: {max_body: \"32\"}", false},
		"an unknown word":           {"log: {level: loud}", false},
		"a negative bound":          {"providers: {lab: {kind: openai, max_connections: -1}}", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, perr := config.Parse("steward.yaml", []byte(tt.yaml), nil)
			verr := validate(t, s, tt.yaml)
			if (perr == nil) != tt.ok || (verr == nil) != tt.ok {
				t.Errorf("parser says %v, schema says %v; want both ok=%v", perr, verr, tt.ok)
			}
		})
	}
}

func validate(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	b, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

func TestExampleHolds(t *testing.T) {
	example, err := config.Example()
	if err != nil {
		t.Fatal(err)
	}
	// Once as it is: comments only. Once with every field in force.
	if got, err := config.Parse("example", []byte(example), nil); err != nil || !cmp.Equal(got, config.Default()) {
		t.Errorf("the example as written is not the defaults: %v", err)
	}
	live := regexp.MustCompile(`(?m)^# ( *)(\w|-|##)`).ReplaceAllString(example, "$1$2")
	if _, err := config.Parse("example", []byte(live), nil); err != nil {
		t.Errorf("the example does not hold once its fields are in force:\n%v", err)
	}
	if err := validate(t, loose(t), live); err != nil {
		t.Errorf("the example does not fit the schema: %v", err)
	}
}

func TestEveryFieldIsDescribed(t *testing.T) {
	fields, err := config.Fields()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var walk func([]config.Field)
	walk = func(list []config.Field) {
		for _, f := range list {
			n++
			if len(f.Doc) < 10 || !strings.HasSuffix(f.Doc, ".") {
				t.Errorf("%s has no sentence: %q", f.Path, f.Doc)
			}
			walk(f.Fields)
		}
	}
	walk(fields)
	if n < 70 {
		t.Errorf("only %d fields are described", n)
	}
}

func TestOpenAPIIsWhole(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Responses   map[string]any
		}
	}
	if err := json.Unmarshal(files["openapi.json"], &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for path, item := range doc.Paths {
		for method, op := range item {
			got = append(got, strings.ToUpper(method)+" "+path)
			if op.OperationID == "" || len(op.Responses) < 2 {
				t.Errorf("%s %s has no id, or says nothing of errors", method, path)
			}
		}
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || len(got) != 31 {
		t.Errorf("OpenAPI %s with %d operations; want 3.1 with 31: %v", doc.OpenAPI, len(got), got)
	}
	for _, gone := range []string{"ErrorModel", "$schema", "model...", `"View"`} {
		if strings.Contains(string(files["openapi.json"]), gone) {
			t.Errorf("the description still holds %s", gone)
		}
	}
}
