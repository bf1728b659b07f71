package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

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
			Hinted("set one: steward price set %s/%s --input 2.50 --output 10.00", provider, model)
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
