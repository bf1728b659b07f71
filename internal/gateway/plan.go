package gateway

import (
	"slices"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/provider"
)

// Target is where a call goes.
type Target struct {
	Provider *provider.Provider
	Model    string // as the provider knows it
}

// Name returns "provider/model".
func (t Target) Name() string { return t.Provider.Name + "/" + t.Model }

// Lister tells which models a provider's price list names.
type Lister interface {
	// Lists reports whether the list names the model.
	Lists(list, model string) bool
	// Models returns the names in the list.
	Models(list string) []string
}

// Directory finds the target of a model's name. It is immutable: a change of
// configuration makes a new one.
type Directory struct {
	providers []*provider.Provider
	byName    map[string]*provider.Provider
	lister    Lister
}

// NewDirectory returns a directory of the providers, in order of preference where
// a surface names no model.
func NewDirectory(providers []*provider.Provider, lister Lister) *Directory {
	d := &Directory{providers: providers, byName: make(map[string]*provider.Provider, len(providers)), lister: lister}
	for _, p := range providers {
		d.byName[p.Name] = p
	}
	return d
}

// Providers returns the providers in order.
func (d *Directory) Providers() []*provider.Provider { return d.providers }

// Provider returns the provider with the name.
func (d *Directory) Provider(name string) (*provider.Provider, bool) {
	p, ok := d.byName[name]
	return p, ok
}

// Find resolves a model as the caller wrote it: "provider/model", or bare where
// exactly one provider lists it. It is fault.NotFound, with near matches, for a
// name that leads nowhere.
func (d *Directory) Find(name string) (Target, error) {
	if name == "" {
		return Target{}, fault.New(fault.Invalid, "model_missing", "the request names no model").At("model").
			Hinted("set model, for example to %s", d.example())
	}
	if head, model, ok := strings.Cut(name, "/"); ok && model != "" {
		if p, ok := d.byName[head]; ok {
			if len(p.Models) > 0 && !slices.Contains(p.Models, model) {
				return Target{}, d.notFound(name)
			}
			return Target{p, model}, nil
		}
	}
	var found []*provider.Provider
	for _, p := range d.providers {
		if d.lists(p, name) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 1:
		return Target{found[0], name}, nil
	case 0:
		return Target{}, d.notFound(name)
	}
	names := make([]string, len(found))
	for i, p := range found {
		names[i] = p.Name + "/" + name
	}
	return Target{}, fault.New(fault.Invalid, "model_ambiguous", "model %q is served by several providers", clip(name)).At("model").
		Hinted("say which: %s", strings.Join(names, ", "))
}

func (d *Directory) lists(p *provider.Provider, model string) bool {
	if len(p.Models) > 0 {
		return slices.Contains(p.Models, model)
	}
	return d.lister.Lists(p.Prices, model)
}

// Listed returns every model that is offered, as "provider/model".
func (d *Directory) Listed() []Target {
	var all []Target
	for _, p := range d.providers {
		models := p.Models
		if len(models) == 0 {
			models = d.lister.Models(p.Prices)
		}
		for _, m := range models {
			all = append(all, Target{p, m})
		}
	}
	return all
}

func (d *Directory) example() string {
	for _, t := range d.Listed() {
		return t.Name()
	}
	return "provider/model"
}

// notFound names the nearest models.
func (d *Directory) notFound(name string) error {
	f := fault.New(fault.NotFound, "model_not_found", "there is no model %q", clip(name)).At("model")
	type near struct {
		name string
		far  int
	}
	var best []near
	lower := strings.ToLower(name)
	for _, t := range d.Listed() {
		full := t.Name()
		far := min(fault.Distance(lower, strings.ToLower(full)), fault.Distance(lower, strings.ToLower(t.Model)))
		if far <= max(2, len(name)/3) || strings.Contains(strings.ToLower(full), lower) {
			best = append(best, near{full, far})
		}
	}
	slices.SortStableFunc(best, func(a, b near) int { return a.far - b.far })
	if len(best) == 0 {
		return f.Hinted("see what there is: steward model list, or GET /v1/models")
	}
	names := make([]string, 0, 3)
	for _, n := range best[:min(3, len(best))] {
		names = append(names, n.name)
	}
	return f.Hinted("did you mean %s?", strings.Join(names, ", "))
}

// clip keeps a caller's word from filling an error message.
func clip(s string) string {
	if len(s) > 120 {
		return s[:120] + "..."
	}
	return s
}
