package price_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/cost/price"
)

func shared(tb testing.TB, name string) []byte {
	tb.Helper()
	dir := os.Getenv("STEWARD_SHARED")
	if dir == "" {
		tb.Skip("STEWARD_SHARED is not set: the public price data is not here")
	}
	data, err := os.ReadFile(filepath.Join(dir, "data", "prices", name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// TestSource reads the source by means of its own and compares every price in it
// with what the catalogue answers, model by model and name by name.
func TestSource(t *testing.T) {
	var list []struct {
		ID     string
		Models []struct {
			ID     string
			Match  json.RawMessage
			Prices json.RawMessage
		}
	}
	if err := json.Unmarshal(shared(t, "genai-prices-v2.json"), &list); err != nil {
		t.Fatal(err)
	}
	c := catalogue(t)
	units := map[string]string{ // of ours, where the name is not the source's less its unit
		"cache_audio_read": "cache_read_audio", "cache_image_read": "cache_read_image", "web_searches": "web_search",
	}
	var models, same, rates, names, wordless, priceless int
	for _, p := range list {
		for _, m := range p.Models {
			models++
			id := map[string]string{"google": "gemini", "aws": "bedrock", "x-ai": "xai", "moonshotai": "moonshot", "voyageai": "voyage"}[p.ID]
			if id == "" {
				id = p.ID
			}
			if p.ID == "google" && strings.Contains(m.ID, "claude") {
				id = "vertex"
			}
			var e *price.Entry
			for _, entry := range c.Entries(id) {
				if entry.Model() == m.ID {
					e = entry
				}
			}
			blocks := []map[string]any{}
			if m.Prices[0] == '[' {
				decode(t, m.Prices, &blocks)
			} else {
				one := map[string]any{}
				decode(t, m.Prices, &one)
				blocks = append(blocks, map[string]any{"prices": one})
			}
			if len(blocks[0]["prices"].(map[string]any)) == 0 {
				priceless++ // free, or not known: see the golden table
				same++
				continue
			}
			if e == nil {
				t.Errorf("%s/%s is not in the catalogue", p.ID, m.ID)
				continue
			}
			ok := true
			for _, block := range blocks {
				at := activeAt(t, block)
				for field, value := range block["prices"].(map[string]any) {
					key := strings.TrimSuffix(strings.TrimSuffix(field, "_mtok"), "_kcount")
					if u := units[key]; u != "" {
						key = u
					}
					if key == "output_citation" {
						wordless++
						continue
					}
					steps := [][2]any{{int64(0), value}}
					if tiers, tiered := value.(map[string]any); tiered {
						steps = [][2]any{{int64(0), tiers["base"]}}
						for _, x := range tiers["tiers"].([]any) {
							step := x.(map[string]any)
							start := number(t, step["start"]).Num().Int64()
							steps = append(steps, [2]any{start + 1, step["price"]})
							steps = append(steps, [2]any{start, steps[len(steps)-2][1]})
						}
					}
					for _, step := range steps {
						rates++
						want := number(t, step[1]).FloatString(9)
						got, _ := new(big.Rat).SetString(e.Rates("", step[0].(int64), at)[key])
						if got == nil || got.FloatString(9) != want {
							ok = false
							t.Errorf("%s %s at %v tokens = %v, want %s", e.ID(), field, step[0], got, want)
						}
					}
				}
			}
			for _, name := range equals(t, m.Match) {
				names++
				got, found := c.Find(id, name, time.Time{})
				if !found || got != e {
					ok = false
					t.Errorf("Find(%s, %q) is not %s", id, name, e.ID())
				}
			}
			if ok {
				same++
			}
		}
	}
	t.Logf("%d of %d models identical; %d rates, %d exact names; %d models without a price, %d rates without a word", same, models, rates, names, priceless, wordless)
	if models < 1000 || rates < 3000 {
		t.Errorf("only %d models and %d rates were compared", models, rates)
	}
}

func decode(t *testing.T, raw json.RawMessage, into any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, v any) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(fmt.Sprint(v))
	if !ok {
		t.Fatalf("%v is not a number", v)
	}
	return r
}

// activeAt is a moment when the block applies.
func activeAt(t *testing.T, block map[string]any) time.Time {
	t.Helper()
	constraint, _ := block["constraint"].(map[string]any)
	if start, ok := constraint["start_date"].(string); ok {
		return moment(t, start+"T00:00:00Z")
	}
	if start, ok := constraint["start_time"].(string); ok {
		return moment(t, "2030-01-01T"+start)
	}
	return moment(t, "2020-01-01T20:00:00Z")
}

func equals(t *testing.T, raw json.RawMessage) (names []string) {
	t.Helper()
	var m map[string]json.RawMessage
	decode(t, raw, &m)
	if m["equals"] != nil {
		var s string
		decode(t, m["equals"], &s)
		return []string{s}
	}
	var or []json.RawMessage
	if m["or"] != nil {
		decode(t, m["or"], &or)
	}
	for _, sub := range or {
		names = append(names, equals(t, sub)...)
	}
	return names
}

func TestEmbeddedSaysItsVersion(t *testing.T) {
	data, err := os.ReadFile("catalogue.json")
	if err != nil {
		t.Fatal(err)
	}
	f, err := price.ParseFile(data)
	if err != nil {
		t.Fatal(err)
	}
	c := catalogue(t)
	if f.Version != c.Version() || !strings.HasPrefix(f.Version, f.Checked) {
		t.Errorf("the file says version %s, its content is %s", f.Version, c.Version())
	}
	again, err := f.Format()
	if err != nil || string(again) != string(data) {
		t.Errorf("the file is not what Format writes (%v)", err)
	}
	edited := strings.Replace(string(data), `"input":"2.5"`, `"input":"2.6"`, 1)
	e, err := price.Load([]byte(edited))
	if err != nil {
		t.Fatal(err)
	}
	if e.Version() == c.Version() {
		t.Error("an edited catalogue has the same version")
	}
	if len(c.Sources()) < 2 || c.Sources()[0].Licence != "MIT" {
		t.Errorf("attribution is missing: %+v", c.Sources())
	}
	if len(data) > 250_000 {
		t.Errorf("the embedded catalogue has %d bytes", len(data))
	}
}
