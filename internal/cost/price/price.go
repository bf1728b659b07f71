// Package price says what a call costs.
//
// A Catalogue is an immutable list of prices by provider and model. An Entry
// turns a call's usage into nano-dollars: exact rates times disjoint quantities,
// summed in 128 bits and rounded once. A Book is the catalogue in force together
// with the policy for models that have no price; it can be replaced while calls
// go on.
//
// A price depends on the model, the service tier, the speed, the region, the
// length of the whole input (cached tokens included: a call over the mark pays
// the longer context's price for all of its tokens), the day and the time of day.
// All of it is worked out when the catalogue loads, so that pricing a call is a
// look-up and two dozen multiplications.
package price

import (
	_ "embed" // the catalogue
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

//go:embed catalogue.json
var embedded []byte

// Catalogue is a list of prices. It never changes, and is safe for concurrent use.
type Catalogue struct {
	version   string
	sources   []Source
	order     []string // provider ids
	providers map[string]*provider
}

// provider is one price list, ready to be searched.
type provider struct {
	id, kind  string   // kind is id but for a name that the configuration gave
	entries   []*Entry // a place per model; nil where its price is not known
	exact     map[string]int32
	rules     []rule
	fallback  []*provider
	overrides []*override
	context   context

	// found remembers what names that are not exact turned out to be. It is
	// replaced, never changed; mu guards replacing it.
	found atomic.Pointer[map[string]*Entry]
	mu    sync.Mutex
}

type rule struct {
	m     matcher
	model int32
}

// maxFound bounds what a provider remembers of names that callers made up.
const maxFound = 1024

// Embedded returns the catalogue that Steward was built with.
func Embedded() (*Catalogue, error) { return Load(embedded) }

// Load reads a catalogue file. An error names the provider, model and field.
func Load(data []byte) (*Catalogue, error) {
	f, err := ParseFile(data)
	if err != nil {
		return nil, fault.New(fault.Invalid, "bad_catalogue", "%v", err)
	}
	return build(f, contentVersion(f, data))
}

func build(f *File, version string) (*Catalogue, error) {
	if f.Schema != SchemaVersion {
		return nil, fault.New(fault.Invalid, "bad_catalogue", "price catalogue: schema %d; this program reads %d", f.Schema, SchemaVersion)
	}
	if f.Currency != "USD" {
		return nil, fault.New(fault.Invalid, "bad_catalogue", "price catalogue: currency %q; prices are in USD", f.Currency)
	}
	if _, err := day("price catalogue", "checked", f.Checked); err != nil || f.Checked == "" {
		return nil, fault.New(fault.Invalid, "bad_catalogue", "price catalogue: checked: %q is not a day", f.Checked)
	}
	c := &Catalogue{version: version, sources: f.Sources, providers: make(map[string]*provider, 2*len(f.Providers))}
	for i := range f.Providers {
		fp := &f.Providers[i]
		p, err := buildProvider(fp)
		if err != nil {
			return nil, wrap(err, "price catalogue")
		}
		for _, id := range append([]string{fp.ID}, fp.Aliases...) {
			if id == "" || c.providers[id] != nil {
				return nil, fault.New(fault.Invalid, "bad_catalogue", "price catalogue: provider %q: the name is empty or taken", id)
			}
			c.providers[id] = p
		}
		c.order = append(c.order, fp.ID)
	}
	for i := range f.Providers {
		for _, id := range f.Providers[i].Fallback {
			other := c.providers[id]
			if other == nil {
				return nil, fault.New(fault.Invalid, "bad_catalogue", "price catalogue: %s: fallback: there is no provider %q", f.Providers[i].ID, id)
			}
			p := c.providers[f.Providers[i].ID]
			p.fallback = append(p.fallback, other)
		}
	}
	return c, nil
}

func buildProvider(fp *FileProvider) (*provider, error) {
	p := &provider{id: fp.ID, kind: fp.ID, entries: make([]*Entry, len(fp.Models)), exact: make(map[string]int32, len(fp.Models))}
	p.found.Store(&map[string]*Entry{})
	var err error
	if p.context, err = newContext(fp); err != nil {
		return nil, err
	}
	for i := range fp.Models {
		m := &fp.Models[i]
		if m.ID == "" {
			return nil, invalid(fp.ID, "id", "model %d has no id", i)
		}
		if p.entries[i], err = p.context.compile(m); err != nil {
			return nil, err
		}
		if len(m.Match) == 0 {
			p.name(strings.ToLower(m.ID), int32(i))
			continue
		}
		for _, r := range m.Match {
			c, err := r.compile(0)
			if err != nil {
				return nil, invalid(fp.ID+"/"+m.ID, "match", "%v", err)
			}
			if c.kind == exact {
				p.name(c.text, int32(i))
			} else {
				p.rules = append(p.rules, rule{c, int32(i)})
			}
		}
	}
	return p, nil
}

// name gives an exact name to a model; the first to have it keeps it.
func (p *provider) name(name string, model int32) {
	if _, taken := p.exact[name]; !taken {
		p.exact[name] = model
	}
}

// Version identifies the catalogue's content: the day of its last check and a
// hash, and a hash of the overrides where there are any.
func (c *Catalogue) Version() string { return c.version }

// Sources returns whose facts the catalogue holds, for attribution.
func (c *Catalogue) Sources() []Source { return slices.Clone(c.sources) }

// Providers returns the ids of the providers that the catalogue lists, in order.
func (c *Catalogue) Providers() []string { return slices.Clone(c.order) }

// Entries returns a provider's own entries, overrides left out.
func (c *Catalogue) Entries(provider string) []*Entry {
	p := c.providers[provider]
	if p == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.entries), func(e *Entry) bool { return e == nil })
}

// Find returns the entry for a model by the name that the provider was sent or
// answered with. An exact name comes before a pattern, a pattern before the lists
// of fallback providers, and those before the name without its decoration (a
// region in front, a date behind). False: the price is not known. The moment at
// matters only to overrides that are in force for a time.
func (c *Catalogue) Find(provider, model string, at time.Time) (*Entry, bool) {
	p := c.providers[provider]
	if p == nil {
		return nil, false
	}
	if len(p.overrides) > 0 {
		return p.findOverridden(model, at)
	}
	e := p.find(model)
	return e, e != nil
}

func (p *provider) find(model string) *Entry {
	if i, ok := p.exact[model]; ok {
		return p.entries[i]
	}
	if e, ok := (*p.found.Load())[model]; ok {
		return e
	}
	e := p.search(model)
	if e != nil {
		p.remember(model, e)
	}
	return e
}

func (p *provider) remember(model string, e *Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := *p.found.Load()
	if len(old) >= maxFound || len(model) > 256 {
		return
	}
	next := maps.Clone(old)
	next[strings.Clone(model)] = e
	p.found.Store(&next)
}

func (p *provider) search(model string) *Entry {
	for name := range spellings(p.kind, strings.ToLower(model)) {
		if e, ok := p.lookup(name); ok {
			return e
		}
		for _, other := range p.fallback {
			if e, ok := other.lookup(name); ok {
				return e
			}
		}
	}
	return nil
}

// lookup finds a lower-case name on the provider's own list. A listed model
// without a price is found, as nil.
func (p *provider) lookup(name string) (*Entry, bool) {
	if i, ok := p.exact[name]; ok {
		return p.entries[i], true
	}
	for i := range p.rules {
		if p.rules[i].m.match(name) {
			return p.entries[p.rules[i].model], true
		}
	}
	return nil, false
}

// Result is what a call cost, and how that came about.
type Result struct {
	Nano  money.Nano
	Entry *Entry // nil where the model has no price
	// Priced is false where the call's model has no price: Nano is then not known,
	// which is not zero.
	Priced bool
	// Missing are quantities that were used and have no price; Nano is without them.
	Missing []llm.Quantity
	// UnknownTier says that the catalogue knows no price for the call's service
	// tier, speed or region; it was priced as an ordinary one.
	UnknownTier bool
	// Lines explain the cost; only Explain fills them.
	Lines []Line
}

// Cost returns what a call cost, the part of other models included. It does not
// allocate but where something is missing.
func (c *Catalogue) Cost(provider, model string, u *llm.Usage, at time.Time) Result {
	return c.cost(provider, model, u, at, false)
}

// Explain is Cost with a line per quantity.
func (c *Catalogue) Explain(provider, model string, u *llm.Usage, at time.Time) Result {
	return c.cost(provider, model, u, at, true)
}

func (c *Catalogue) cost(provider, model string, u *llm.Usage, at time.Time, explain bool) Result {
	e, ok := c.Find(provider, model, at)
	if !ok {
		return Result{}
	}
	s, known := e.sheetFor(u, at)
	var sum money.Sum
	missing := s.add(&sum, u)
	r := Result{Entry: e, Priced: true, UnknownTier: !known}
	if explain {
		r.Lines = e.lines(nil, s, u)
	}
	for i := range u.Others {
		o := &u.Others[i]
		oe, ok := c.Find(provider, o.Model, at)
		if !ok {
			missing |= used(&o.Usage)
			continue
		}
		os, known := oe.sheetFor(&o.Usage, at)
		missing |= os.add(&sum, &o.Usage)
		r.UnknownTier = r.UnknownTier || !known
		if explain {
			r.Lines = oe.lines(r.Lines, os, &o.Usage)
		}
	}
	r.Nano, r.Missing = sum.Nano(), missing.list()
	return r
}

// used returns the quantities that u has any of.
func used(u *llm.Usage) (s set) {
	for q, n := range u.N {
		if n > 0 {
			s.add(llm.Quantity(q))
		}
	}
	return s
}
