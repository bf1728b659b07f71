package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/cost/price"
)

// TestCatalogueIsBuilt rebuilds the committed catalogue out of the public data.
func TestCatalogueIsBuilt(t *testing.T) {
	dir := os.Getenv("STEWARD_SHARED")
	if dir == "" {
		t.Skip("STEWARD_SHARED is not set: the public price data is not here")
	}
	out := filepath.Join(t.TempDir(), "catalogue.json")
	if err := run(filepath.Join(dir, "data", "prices", "genai-prices-v2.json"), out); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "catalogue.json"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("catalogue.json is not what the builder makes; run it again")
	}
}

const source = `[{"id":"acme","name":"Acme","models":[
	{"id":"claude-a","match":{"equals":"claude-a"},"prices":{"input_mtok":2.2,"cache_write_mtok":2.75,"output_mtok":11}},
	{"id":"b:free","match":{"equals":"b:free"},"prices":{}},
	{"id":"c","match":{"equals":"c"},"prices":{}}]}]`

func TestAssemble(t *testing.T) {
	const top = `"schema":1,"checked":"2026-11-25","currency":"USD"`
	tests := map[string]struct{ extras, says, refuses string }{
		"a derived rate": {`{` + top + `,"providers":[],"derive":[{"provider":"acme","models":"claude","set":"cache_write_1h","from":"input","times":"2","source":"x"}]}`,
			`"cache_write_1h":"4.4"`, ""},
		"free models":                    {`{` + top + `,"providers":[],"free":[{"suffix":":free","source":"x"}]}`, `{"id":"b:free","rates":{"input":"0","output":"0"}}`, ""},
		"models without a price stay so": {`{` + top + `,"providers":[]}`, `{"id":"c"}`, ""},
		"a new provider":                 {`{` + top + `,"providers":[{"id":"sim","models":[{"id":"m","rates":{"input":"1"}}]}],"order":["sim"]}`, "\"providers\":[\n{\"id\":\"sim\"", ""},
		"a tool's price":                 {`{` + top + `,"providers":[{"id":"acme","models":[{"id":"claude-a","rates":{"web_search":"10"}}]}]}`, `"output":"11","web_search":"10"`, ""},
		"a contradiction":                {`{` + top + `,"providers":[{"id":"acme","models":[{"id":"claude-a","rates":{"input":"10"}}]}]}`, "", "the source has a price"},
		"a model that is gone":           {`{` + top + `,"providers":[{"id":"acme","models":[{"id":"d","modes":{"flex":{"times":"0.5"}}}]}]}`, "", "not in the source"},
		"nothing to derive":              {`{` + top + `,"providers":[],"derive":[{"provider":"acme","models":"gpt","set":"cache_write_1h","from":"input","times":"2","source":"x"}]}`, "", "nothing to do"},
		"a misspelt field":               {`{` + top + `,"providers":[],"free":[{"sufix":":free"}]}`, "", "free"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text, _, err := assemble([]byte(source), []byte(tt.extras))
			if tt.refuses != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refuses) {
					t.Errorf("assemble = %v, want an error that says %q", err, tt.refuses)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), tt.says) {
				t.Errorf("no %s in\n%s", tt.says, text)
			}
			if _, err := price.Load(text); err != nil {
				t.Error(err)
			}
		})
	}
}
