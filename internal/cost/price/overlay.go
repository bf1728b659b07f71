package price

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
)

// Override changes what models cost: an agreed discount, a price that the
// catalogue does not know, the hour of one's own machine. One of Rates, Times and
// As must be given; As and Times may go together.
type Override struct {
	// Provider is the provider's name in the configuration or in the catalogue.
	Provider string `json:"provider"`
	// Model is a name, or a pattern as in Rule: "llama-*", "*" for every model.
	Model string `json:"model"`

	// Rates are a whole price: what they do not name is derived from what they do
	// (cached input costs what input costs), not taken from the catalogue.
	Rates Rates      `json:"rates,omitempty"`
	Tiers []FileTier `json:"tiers,omitempty"` // longer contexts; go with Rates

	// As names another entry whose price the model has: "openai/gpt-4o". It is how
	// an Azure deployment says which model it is.
	As string `json:"as,omitempty"`
	// Times multiplies every rate: "0.85" is a discount of 15%.
	Times string `json:"times,omitempty"`

	// From and Until are days ("2026-11-25", UTC, Until excluded) and Window a time
	// of day ("00:30-16:30", UTC): the override is in force within them.
	From   string `json:"from,omitempty"`
	Until  string `json:"until,omitempty"`
	Window string `json:"window,omitempty"`
}

type override struct {
	spec  Override
	m     matcher
	times factor
	when  period // from, until, start, end
	as    *Entry
}

// Overlay returns base with overrides on top. Of several overrides for a model
// that are in force the last one counts; Times multiplies what those before it
// made of the price.
func Overlay(base *Catalogue, overrides []Override) (*Catalogue, error) {
	if len(overrides) == 0 {
		return base, nil
	}
	c := base.clone()
	mine := map[string]*provider{} // those that are no longer base's
	for i := range overrides {
		o, err := base.compileOverride(&overrides[i])
		if err != nil {
			return nil, wrap(err, "price override %d", i+1)
		}
		id := overrides[i].Provider
		p := mine[id]
		if p == nil {
			p = c.own(id)
			for name, q := range c.providers {
				if q == p {
					mine[name] = p
				}
			}
		}
		p.overrides = append(p.overrides, o)
	}
	text, err := marshal(overrides)
	if err != nil {
		return nil, fault.New(fault.Invalid, "bad_price", "price overrides: %v", err)
	}
	h := sha256.Sum256(text)
	c.version = base.version + "+" + hex.EncodeToString(h[:6])
	return c, nil
}

// Named returns base with more names for its providers, as a configuration that
// calls a provider of kind "openai" "lab" needs them. A name that base has keeps
// its meaning where it is its own kind, and is taken over where not. Overrides go
// on top of names, not below.
func Named(base *Catalogue, kinds map[string]string) *Catalogue {
	c := base.clone()
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		kind := kinds[name]
		if kind == name && base.providers[name] != nil {
			continue
		}
		p := newProvider(name)
		p.kind = kind
		if of := base.providers[kind]; of != nil {
			p.context = of.context
			p.context.provider = name
			p.fallback = append([]*provider{of}, of.fallback...)
		}
		if c.providers[name] == nil {
			c.order = append(c.order, name)
		}
		c.providers[name] = p
	}
	return c
}

func (c *Catalogue) clone() *Catalogue {
	d := *c
	d.order = slices.Clone(c.order)
	d.providers = maps.Clone(c.providers)
	return &d
}

func newProvider(id string) *provider {
	p := &provider{id: id, kind: id, context: context{provider: id}}
	p.context.sharedModes, p.context.sharedGeos = noModes(), noModes()
	p.found.Store(&map[string]*Entry{})
	return p
}

func noModes() modeSet { return modeSet{names: []string{""}, modes: []mode{{times: one}}} }

// own replaces a provider, under all its names, by a copy that may be changed.
func (c *Catalogue) own(id string) *provider {
	old := c.providers[id]
	if old == nil {
		p := newProvider(id)
		c.providers[id] = p
		c.order = append(c.order, id)
		return p
	}
	p := &provider{
		id: old.id, kind: old.kind, entries: old.entries, exact: old.exact, rules: old.rules,
		fallback: old.fallback, overrides: slices.Clone(old.overrides), context: old.context,
	}
	p.found.Store(&map[string]*Entry{})
	for name, q := range c.providers {
		if q == old {
			c.providers[name] = p
		}
	}
	return p
}

func (c *Catalogue) compileOverride(spec *Override) (*override, error) {
	where := spec.Provider + "/" + spec.Model
	if spec.Provider == "" || spec.Model == "" {
		return nil, invalid(where, "provider", "provider and model must be given").Hinted("model may be a pattern: \"*\" is every model")
	}
	o := &override{spec: *spec}
	var err error
	if o.m, err = (Rule{Text: spec.Model}).compile(0); err != nil {
		return nil, invalid(where, "model", "%v", err)
	}
	if (spec.Rates != nil) == (spec.As != "" || spec.Times != "") {
		return nil, invalid(where, "rates", "give either rates, or as and times")
	}
	if spec.Rates == nil && spec.Tiers != nil {
		return nil, invalid(where, "tiers", "tiers go with rates")
	}
	if o.times, err = parseFactor(where, "times", spec.Times); err != nil {
		return nil, err
	}
	if spec.As != "" {
		id, model, _ := strings.Cut(spec.As, "/")
		e, ok := c.Find(id, model, time.Time{})
		if !ok {
			return nil, invalid(where, "as", "no price is known for %q", spec.As).Hinted("write provider/model as the catalogue lists it")
		}
		o.as = e
	}
	check := FilePrice{From: spec.From, Until: spec.Until, Window: spec.Window, Rates: spec.Rates, Tiers: spec.Tiers}
	if check.Rates == nil {
		check.Rates = Rates{}
	}
	none := context{provider: spec.Provider}
	if o.when, err = none.compilePrice(where, &check, noModes().modes, noModes().modes); err != nil {
		return nil, err
	}
	o.when.tiers = nil
	return o, nil
}

// findOverridden is find for a provider with overrides.
func (p *provider) findOverridden(model string, at time.Time) (*Entry, bool) {
	e, ok := (*p.found.Load())[model]
	if !ok {
		if i, listed := p.exact[model]; listed {
			e = p.entries[i]
		} else {
			e = p.search(model)
		}
		for _, o := range p.overrides {
			if o.matches(p.kind, strings.ToLower(model)) {
				e = o.apply(p, model, e)
			}
		}
		if e != nil {
			p.remember(model, e)
		}
	}
	for e != nil && e.bounded && !e.inForce(at) {
		e = e.otherwise
	}
	return e, e != nil
}

func (e *Entry) inForce(at time.Time) bool {
	for i := range e.periods {
		if e.periods[i].active(at) {
			return true
		}
	}
	return false
}

func (o *override) matches(kind, name string) bool {
	for s := range spellings(kind, name) {
		if o.m.match(s) {
			return true
		}
	}
	return false
}

// apply returns what o makes of e, which may be nil: a chain of entries of which
// the first that is in force counts, with e's own at its end.
func (o *override) apply(p *provider, model string, e *Entry) *Entry {
	switch {
	case o.as != nil:
		out := o.scaled(o.as, p.id, model)
		out.otherwise = e
		return out
	case o.spec.Rates != nil:
		return o.priced(p, model, e)
	}
	var head *Entry
	last := &head
	for link := e; link != nil; link = link.otherwise {
		*last = o.scaled(link, p.id, model)
		last = &(*last).otherwise
	}
	*last = e
	return head
}

func overrideID(provider, model string) string { return provider + "/" + model + "+override" }

// priced returns an entry of o's own rates.
func (o *override) priced(p *provider, model string, e *Entry) *Entry {
	modes, geos := p.context.sharedModes, p.context.sharedGeos
	fp := FilePrice{Rates: o.spec.Rates, Tiers: o.spec.Tiers}
	own, err := p.context.compilePrice(overrideID(p.id, model), &fp, modes.modes, geos.modes)
	if err != nil {
		return e // cannot be: the same rates were compiled when the override was
	}
	own.also = &o.when
	out := &Entry{
		id: overrideID(p.id, model), provider: p.id, model: model, name: model,
		modes: modes.names, geos: geos.names, periods: []period{own}, bounded: true, otherwise: e,
	}
	if e != nil {
		out.name, out.context, out.maxOutput = e.name, e.context, e.maxOutput
	}
	return out
}

// scaled returns a copy of e with its rates multiplied, bounded to when o is in
// force.
func (o *override) scaled(e *Entry, provider, model string) *Entry {
	out := *e
	out.id, out.provider, out.model = overrideID(provider, model), provider, model
	out.bounded, out.otherwise = true, nil
	out.periods = make([]period, len(e.periods))
	for i, p := range e.periods {
		if i == 0 && !e.bounded {
			p.from, p.until, p.start, p.end = 0, 0, 0, 0 // it holds wherever no other does
		}
		when := o.when
		when.also = p.also
		p.also = &when
		tiers := make([]tier, len(p.tiers))
		for j, t := range p.tiers {
			tiers[j] = tier{over: t.over, sheets: make([]*sheet, len(t.sheets))}
			for k, s := range t.sheets {
				c := *s
				for q := range c.rate {
					c.rate[q] = o.times.scale(c.rate[q])
				}
				tiers[j].sheets[k] = &c
			}
		}
		p.tiers = tiers
		out.periods[i] = p
	}
	return &out
}
