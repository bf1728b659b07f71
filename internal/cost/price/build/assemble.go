package main

import (
	"bytes"
	_ "embed" // the supplement
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/steward-llmops/steward/internal/cost/price"
)

//go:embed supplement.json
var supplement []byte

// extra is what the supplement says beyond a catalogue.
type extra struct {
	// Derive computes rates that a provider publishes as a multiple of another.
	Derive []derive `json:"derive"`
	// Free lists models that the source lists without a price because they cost
	// nothing: "provider/model", or a name that ends so.
	Free []free `json:"free"`
	// Order puts these providers first.
	Order []string `json:"order"`
}

type derive struct {
	Provider string `json:"provider"`
	Models   string `json:"models"` // a part of the model's id
	Set      string `json:"set"`
	From     string `json:"from"`
	Times    string `json:"times"`
	Source   string `json:"source"`
}

type free struct {
	Provider string `json:"provider"` // empty: any
	Model    string `json:"model,omitempty"`
	Suffix   string `json:"suffix,omitempty"`
	Source   string `json:"source"`
}

// assemble merges the supplement into the genai-prices data and returns the
// catalogue's text, and what was left out of it.
func assemble(genai, extras []byte) (text []byte, skipped []string, err error) {
	own, more, err := split(extras)
	if err != nil {
		return nil, nil, err
	}
	in, err := price.Import(genai, own.Checked)
	if err != nil {
		return nil, nil, err
	}
	f := in.File
	f.Sources = own.Sources
	for i := range own.Providers {
		if err := mergeProvider(f, &own.Providers[i]); err != nil {
			return nil, nil, err
		}
	}
	for _, fr := range more.Free {
		fr.apply(f)
	}
	for _, d := range more.Derive {
		if err := d.apply(f); err != nil {
			return nil, nil, err
		}
	}
	sortProviders(f, more.Order)
	for _, p := range f.Providers {
		for _, m := range p.Models {
			if m.Rates == nil {
				in.Skipped = append(in.Skipped, p.ID+"/"+m.ID+": no price is given; listed as not known")
			}
		}
	}
	if text, err = f.Format(); err != nil {
		return nil, nil, err
	}
	if _, err := price.Load(text); err != nil {
		return nil, nil, err
	}
	return text, in.Skipped, nil
}

// split reads the supplement: a catalogue of ours with a few fields more.
func split(data []byte) (*price.File, *extra, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		return nil, nil, fmt.Errorf("supplement: %w", err)
	}
	more := &extra{}
	for key, into := range map[string]any{"derive": &more.Derive, "free": &more.Free, "order": &more.Order} {
		if raw, ok := top[key]; ok {
			dec := json.NewDecoder(bytes.NewReader(raw))
			dec.DisallowUnknownFields()
			if err := dec.Decode(into); err != nil {
				return nil, nil, fmt.Errorf("supplement: %s: %w", key, err)
			}
			delete(top, key)
		}
	}
	rest, err := json.Marshal(top)
	if err != nil {
		return nil, nil, err
	}
	own, err := price.ParseFile(rest)
	if err != nil {
		return nil, nil, fmt.Errorf("supplement: %w", err)
	}
	return own, more, nil
}

func mergeProvider(f *price.File, own *price.FileProvider) error {
	i := slices.IndexFunc(f.Providers, func(p price.FileProvider) bool { return p.ID == own.ID })
	if i < 0 {
		f.Providers = append(f.Providers, *own)
		return nil
	}
	p := &f.Providers[i]
	p.Aliases = append(p.Aliases, own.Aliases...)
	p.URLs = append(p.URLs, own.URLs...)
	p.Rates, p.Modes, p.Geos = own.Rates, own.Modes, own.Geos
	for j := range own.Models {
		if err := mergeModel(p, &own.Models[j]); err != nil {
			return err
		}
	}
	return nil
}

// mergeModel adds to a model what the source does not say; it never contradicts.
func mergeModel(p *price.FileProvider, own *price.FileModel) error {
	i := slices.IndexFunc(p.Models, func(m price.FileModel) bool { return m.ID == own.ID })
	if i < 0 {
		if own.Rates == nil {
			return fmt.Errorf("supplement: %s/%s is not in the source", p.ID, own.ID)
		}
		p.Models = append(p.Models, *own)
		return nil
	}
	m := &p.Models[i]
	if own.Match != nil || own.Tiers != nil || own.Then != nil {
		return fmt.Errorf("supplement: %s/%s: match, tiers and then are the source's", p.ID, own.ID)
	}
	for key, value := range own.Rates {
		for _, at := range append([]*price.FilePrice{&m.FilePrice}, pointers(m.Then)...) {
			if _, ok := at.Rates[key]; ok {
				return fmt.Errorf("supplement: %s/%s: %s: the source has a price", p.ID, own.ID, key)
			}
			if at.Rates == nil {
				at.Rates = price.Rates{}
			}
			at.Rates[key] = value
		}
	}
	m.Modes, m.Geos = own.Modes, own.Geos
	m.Context, m.MaxOutput = max(m.Context, own.Context), max(m.MaxOutput, own.MaxOutput)
	return nil
}

func pointers(list []price.FilePrice) []*price.FilePrice {
	out := make([]*price.FilePrice, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

func (fr *free) apply(f *price.File) {
	for i := range f.Providers {
		p := &f.Providers[i]
		if fr.Provider != "" && fr.Provider != p.ID {
			continue
		}
		for j := range p.Models {
			m := &p.Models[j]
			named := fr.Model != "" && m.ID == fr.Model || fr.Suffix != "" && strings.HasSuffix(m.ID, fr.Suffix)
			if named && m.Rates == nil {
				m.Rates = price.Rates{"input": "0", "output": "0"}
			}
		}
	}
}

func (d *derive) apply(f *price.File) error {
	times, ok := new(big.Rat).SetString(d.Times)
	if !ok {
		return fmt.Errorf("supplement: derive: %q is not a number", d.Times)
	}
	n := 0
	for i := range f.Providers {
		p := &f.Providers[i]
		if p.ID != d.Provider {
			continue
		}
		for j := range p.Models {
			m := &p.Models[j]
			if !strings.Contains(m.ID, d.Models) {
				continue
			}
			for _, at := range append([]*price.FilePrice{&m.FilePrice}, pointers(m.Then)...) {
				if _, writes := at.Rates["cache_write"]; !writes {
					continue
				}
				n += d.set(at.Rates, times)
				for k := range at.Tiers {
					d.set(at.Tiers[k].Rates, times)
				}
			}
		}
	}
	if n == 0 {
		return fmt.Errorf("supplement: derive %s of %s: nothing to do", d.Set, d.Provider)
	}
	return nil
}

func (d *derive) set(r price.Rates, times *big.Rat) int {
	from, ok := new(big.Rat).SetString(r[d.From])
	if _, has := r[d.Set]; has || !ok {
		return 0
	}
	s := new(big.Rat).Mul(from, times).FloatString(9)
	r[d.Set] = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	return 1
}

func sortProviders(f *price.File, first []string) {
	place := func(id string) int {
		if i := slices.Index(first, id); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(f.Providers, func(a, b price.FileProvider) int {
		if d := place(a.ID) - place(b.ID); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
}
