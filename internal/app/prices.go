package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/cost/price"
	"github.com/steward-llmops/steward/internal/gateway"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/store"
)

// prices ties the price book to the gateway and to the admin API. The catalogue in
// force is the embedded or an imported one, named for the configured providers, below the
// configuration's overrides, below those set at run time.
type prices struct {
	book   *price.Book
	store  *store.Store
	now    func() time.Time
	kinds  map[string]string // provider's name to its list
	config []price.Override
	file   string // an imported catalogue

	base *price.Catalogue // guarded by mu

	mu  sync.Mutex // one change at a time
	set []store.PriceOverride
}

func openPrices(ctx context.Context, cfg config.Config, kinds map[string]string, st *store.Store, now func() time.Time) (*prices, error) {
	p := &prices{store: st, now: now, kinds: kinds, file: filepath.Join(cfg.Data, catalogueFile)}
	var err error
	if p.base, err = baseCatalogue(p.file); err != nil {
		return nil, err
	}
	for i := range cfg.Prices.Overrides {
		o := overrideOf(&cfg.Prices.Overrides[i])
		if o.Provider != "" {
			p.config = append(p.config, o)
			continue
		}
		for _, o.Provider = range slices.Sorted(maps.Keys(kinds)) { // it says nothing of providers: any
			p.config = append(p.config, o)
		}
	}
	if p.set, err = st.Prices(ctx); err != nil {
		return nil, fmt.Errorf("read price overrides: %w", err)
	}
	catalogue, err := p.build(p.set)
	if err != nil {
		return nil, err
	}
	policy := price.Policy{Unpriced: cfg.Prices.Unpriced}
	if policy.Unpriced == price.Default {
		policy.Default = price.Rates{"input": string(cfg.Prices.Default.Input), "output": string(cfg.Prices.Default.Output)}
	}
	if p.book, err = price.NewBook(catalogue, policy); err != nil {
		return nil, err
	}
	return p, nil
}

// overrideOf translates an override of the configuration into the catalogue's
// words: fees that the configuration gives for one are for a thousand there.
func overrideOf(o *config.Override) price.Override {
	out := price.Override{Provider: o.Provider, Model: o.Model, Rates: price.Rates{}}
	for _, r := range o.Rates() {
		key, value := r.Quantity.String(), string(r.Price)
		switch r.Quantity {
		case llm.WebSearch, llm.WebFetch, llm.FileSearch, llm.Requests:
			value = timesThousand(value)
		case llm.AudioMicros:
			key = "audio_minute"
		case llm.ComputeMicros:
			key = "compute_hour"
		}
		out.Rates[key] = value
	}
	return out
}

// timesThousand moves the point of a decimal three places.
func timesThousand(s string) string {
	whole, frac, _ := strings.Cut(s, ".")
	frac += "000"
	rest := strings.TrimRight(frac[3:], "0")
	out := strings.TrimLeft(whole+frac[:3], "0")
	if out == "" {
		out = "0"
	}
	if rest != "" {
		out += "." + rest
	}
	return out
}

func (p *prices) build(set []store.PriceOverride) (*price.Catalogue, error) {
	overrides := slices.Clone(p.config)
	for _, s := range set {
		var o price.Override
		if err := json.Unmarshal(s.Rates, &o); err != nil {
			return nil, fmt.Errorf("price override of %s/%s: %w", s.Provider, s.Model, err)
		}
		overrides = append(overrides, o)
	}
	return price.Overlay(price.Named(p.base, p.kinds), overrides)
}

// tariff is the price book as the call path asks it.
type tariff struct{ *prices }

// Price implements gateway.Prices.
func (p tariff) Price(list, model string, u *llm.Usage, at time.Time) gateway.Cost {
	c := p.book.Price(list, model, u, at)
	return gateway.Cost{Nano: c.Cost, Pricing: c.Pricing, Catalogue: c.Version, PriceID: c.PriceID}
}

// unknownOutput is how much a model may write of which the catalogue knows no limit.
const unknownOutput = 32_000

// Ceiling implements gateway.Prices.
func (p tariff) Ceiling(list, model string, q gateway.CeilingQuery) (gateway.Cost, bool, error) {
	in, out := q.InputTokens, q.OutputTokens
	if e, ok := p.book.Catalogue().Find(list, model, q.At); ok {
		if limit := e.Context(); limit > 0 {
			in = min(in, limit)
		}
		if limit := e.MaxOutput(); limit > 0 && (out == 0 || out > limit) {
			out = limit
		}
	}
	if out == 0 {
		out = unknownOutput
	}
	most := price.Most{At: q.At, ServiceTier: q.ServiceTier}
	most.Counts[llm.Requests] = 1
	b, err := p.book.Ceiling(list, model, in, out, &most)
	return gateway.Cost{Nano: b.Nano, Pricing: b.Pricing, Catalogue: b.Version, PriceID: b.PriceID}, b.Set, err
}

// Lists implements gateway.Lister.
func (p *prices) Lists(list, model string) bool {
	e, ok := p.book.Catalogue().Find(list, model, p.now())
	return ok && e != nil
}

// Models implements gateway.Lister.
func (p *prices) Models(list string) []string {
	var names []string
	for _, e := range p.book.Catalogue().Entries(p.kind(list)) {
		names = append(names, e.Model())
	}
	return names
}

// kind is the catalogue's list behind a provider's name.
func (p *prices) kind(list string) string {
	if kind, ok := p.kinds[list]; ok {
		return kind
	}
	return list
}
