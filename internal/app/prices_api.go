package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/cost/price"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/store"
)

// Prices implements api.Prices.
func (p *prices) Prices(_ context.Context, q client.PriceQuery) (client.PriceList, error) {
	c := p.book.Catalogue()
	out := client.PriceList{Catalogue: c.Version()}
	search := strings.ToLower(q.Search)
	for _, provider := range c.Providers() {
		if q.Provider != "" && q.Provider != provider && p.kind(q.Provider) != provider {
			continue
		}
		for _, e := range c.Entries(provider) {
			if search != "" && !strings.Contains(strings.ToLower(e.ID()+" "+e.Name()), search) {
				continue
			}
			if q.Source == "" || q.Source == "catalogue" {
				out.Prices = append(out.Prices, p.show(e, "catalogue"))
			}
		}
	}
	for _, o := range p.overrides() {
		if q.Source != "" && q.Source != o.source || q.Provider != "" && q.Provider != o.Provider ||
			search != "" && !strings.Contains(strings.ToLower(o.Provider+"/"+o.Model), search) {
			continue
		}
		out.Prices = append(out.Prices, client.Price{ID: o.Provider + "/" + o.Model, Provider: o.Provider, Model: o.Model,
			Source: o.source, Catalogue: c.Version(), Rates: rows(o.Rates)})
	}
	return out, nil
}

type sourced struct {
	price.Override
	source string
}

func (p *prices) overrides() []sourced {
	var all []sourced
	for _, o := range p.config {
		all = append(all, sourced{o, "config"})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.set {
		var o price.Override
		if json.Unmarshal(s.Rates, &o) == nil {
			all = append(all, sourced{o, "override"})
		}
	}
	return all
}

func (p *prices) show(e *price.Entry, source string) client.Price {
	return client.Price{ID: e.ID(), Provider: e.Provider(), Model: e.Model(), Source: source,
		Catalogue: p.book.Catalogue().Version(), Note: e.Name(), Rates: p.rates(e)}
}

// rates lists an entry's prices, and those of its service tiers.
func (p *prices) rates(e *price.Entry) []client.Rate {
	out := rows(e.Rates("", 0, p.now()))
	for _, mode := range e.Modes() {
		if mode == "" {
			continue
		}
		for _, r := range rows(e.Rates(mode, 0, p.now())) {
			r.Tier = mode
			out = append(out, r)
		}
	}
	return out
}

// rows lists rates in the order of the quantities.
func rows(rates price.Rates) []client.Rate {
	var out []client.Rate
	for q := range llm.NumQuantities {
		name, per := q.String(), "million"
		switch q {
		case llm.WebSearch, llm.WebFetch, llm.FileSearch, llm.Requests:
			per = "thousand"
		case llm.CodeSession, llm.Images, llm.Pages:
			per = "unit"
		case llm.AudioMicros:
			name, per = "audio_minute", "minute"
		case llm.ComputeMicros:
			name, per = "compute_hour", "hour"
		}
		if usd, ok := rates[name]; ok {
			out = append(out, client.Rate{Quantity: name, USD: usd, Per: per})
		}
	}
	return out
}

// Price implements api.Prices.
func (p *prices) Price(_ context.Context, provider, model string) (client.Price, error) {
	e, ok := p.book.Catalogue().Find(provider, model, p.now())
	if !ok {
		return client.Price{}, fault.New(fault.NotFound, "price_not_found", "there is no price for %s/%s", provider, model).
			Hinted("set one: steward price set %s/%s input=2.50 output=10.00", provider, model)
	}
	source := "catalogue"
	if strings.HasSuffix(e.ID(), "+override") {
		source = "override"
	}
	return p.show(e, source), nil
}

// Set implements api.Prices: overrides that hold at once and after a restart.
func (p *prices) Set(ctx context.Context, overrides []config.Override) ([]client.Price, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := slices.Clone(p.set)
	var fresh []store.PriceOverride
	for i := range overrides {
		o := overrideOf(&overrides[i])
		text, err := json.Marshal(o)
		if err != nil {
			return nil, fmt.Errorf("write override: %w", err)
		}
		row := store.PriceOverride{Provider: o.Provider, Model: o.Model, Rates: text, Author: "admin", Time: p.now().UnixMicro()}
		next = slices.DeleteFunc(next, func(s store.PriceOverride) bool { return s.Provider == row.Provider && s.Model == row.Model })
		next = append(next, row)
		fresh = append(fresh, row)
	}
	catalogue, err := p.build(next)
	if err != nil {
		return nil, err
	}
	for _, row := range fresh {
		if err := p.store.SetPrice(ctx, row); err != nil {
			return nil, err
		}
	}
	p.set = next
	p.book.Set(catalogue)
	var out []client.Price
	for i := range overrides {
		o := overrideOf(&overrides[i])
		out = append(out, client.Price{ID: o.Provider + "/" + o.Model, Provider: o.Provider, Model: o.Model, Source: "override",
			Catalogue: catalogue.Version(), Rates: rows(o.Rates)})
	}
	return out, nil
}

// catalogueFile is a price list that was put in force at run time.
const catalogueFile = "catalogue.json"

// Import implements api.Prices.
func (p *prices) Import(_ context.Context, list []byte) (client.ImportedPrices, error) {
	in, err := price.Import(list, p.now().UTC().Format(time.DateOnly))
	if err != nil {
		return client.ImportedPrices{}, err
	}
	whole, err := in.File.Over()
	if err != nil {
		return client.ImportedPrices{}, err
	}
	text, err := whole.Format()
	if err != nil {
		return client.ImportedPrices{}, fmt.Errorf("write the catalogue: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	base, err := price.Load(text)
	if err != nil {
		return client.ImportedPrices{}, err
	}
	before := p.base
	p.base = base
	catalogue, err := p.build(p.set)
	if err == nil {
		err = p.keep(text)
	}
	if err != nil {
		p.base = before
		return client.ImportedPrices{}, err
	}
	p.book.Set(catalogue)
	out := client.ImportedPrices{Catalogue: catalogue.Version(), Format: in.Format, Skipped: in.Skipped}
	for _, f := range in.File.Providers {
		out.Providers, out.Models = append(out.Providers, f.ID), out.Models+len(f.Models)
	}
	return out, nil
}

// keep writes the catalogue where the next start finds it.
func (p *prices) keep(text []byte) error {
	tmp := p.file + ".tmp"
	if err := os.WriteFile(tmp, text, 0o600); err != nil {
		return fault.New(fault.Unavailable, "catalogue_unwritable", "the catalogue cannot be written to the data directory").Because(err)
	}
	if err := os.Rename(tmp, p.file); err != nil {
		return fault.New(fault.Unavailable, "catalogue_unwritable", "the catalogue cannot be written to the data directory").Because(err)
	}
	return nil
}

// baseCatalogue is the list that was imported, or the one that Steward was built with.
func baseCatalogue(file string) (*price.Catalogue, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return price.Embedded()
	}
	if err != nil {
		return nil, fmt.Errorf("read the imported catalogue: %w", err)
	}
	c, err := price.Load(text)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "catalogue_damaged", "the imported price list %s cannot be read", file).Because(err).
			Hinted("remove the file to go back to the built-in list, or import the list again")
	}
	return c, nil
}
