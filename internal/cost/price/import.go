package price

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/steward-llmops/steward/internal/fault"
)

// Imported is a price list that Import has read.
type Imported struct {
	File   *File
	Format string // "steward", "genai-prices" or "litellm"
	// Skipped says, one line each, which prices of the list have no word here and
	// were left out.
	Skipped []string
}

// Import reads a price list in our own format, that of pydantic/genai-prices
// (version 2) or LiteLLM's model_prices_and_context_window.json, and checks every
// price of it. Numbers are taken by their decimal text, never as floating point.
// checked is the day to note for lists that do not say when they were checked.
func Import(data []byte, checked string) (*Imported, error) {
	in, err := read(data, checked)
	if err != nil {
		return nil, fault.New(fault.Invalid, "bad_catalogue", "price list: %v", err).
			Hinted("Steward reads its own catalogue.json, genai-prices data (version 2) and LiteLLM's model_prices_and_context_window.json")
	}
	if _, err := build(in.File, ""); err != nil {
		return nil, err
	}
	return in, nil
}

func read(data []byte, checked string) (*Imported, error) {
	text := bytes.TrimLeft(data, " \t\r\n\ufeff")
	if len(text) == 0 {
		return nil, fmt.Errorf("it is empty")
	}
	f := &File{Schema: SchemaVersion, Checked: checked, Currency: "USD"}
	if text[0] == '[' {
		providers, skipped, err := importGenai(data)
		f.Providers = providers
		f.Sources = []Source{{Name: "pydantic/genai-prices", URL: "https://github.com/pydantic/genai-prices", Licence: "MIT"}}
		return &Imported{File: f, Format: "genai-prices", Skipped: skipped}, err
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		return nil, err
	}
	if top["providers"] != nil && top["schema"] != nil {
		own, err := ParseFile(data)
		return &Imported{File: own, Format: "steward"}, err
	}
	providers, skipped, err := importLiteLLM(top)
	f.Providers = providers
	f.Sources = []Source{{Name: "BerriAI/litellm", URL: "https://github.com/BerriAI/litellm", Licence: "MIT"}}
	return &Imported{File: f, Format: "litellm", Skipped: skipped}, err
}

// Over returns the embedded catalogue with the lists of f in the place of those of
// the same providers; the other providers keep theirs.
func (f *File) Over() (*File, error) {
	base, err := ParseFile(embedded)
	if err != nil {
		return nil, err
	}
	out := *base
	out.Checked = max(base.Checked, f.Checked)
	out.Sources = append(out.Sources[:len(out.Sources):len(out.Sources)], f.Sources...)
	for _, p := range f.Providers {
		i := slices.IndexFunc(out.Providers, func(b FileProvider) bool { return b.ID == p.ID })
		if i < 0 {
			out.Providers = append(out.Providers, p)
			continue
		}
		merged := out.Providers[i]
		merged.Models = p.Models
		out.Providers[i] = merged
	}
	return &out, nil
}
