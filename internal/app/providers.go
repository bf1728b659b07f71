package app

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/gateway"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/provider"
)

// KnownKinds are the ids of the provider catalogue, for the configuration's check.
func KnownKinds() []string {
	var ids []string
	for _, k := range provider.Kinds() {
		ids = append(ids, k.ID)
	}
	return ids
}

// fromEnvironment names a provider for each vendor whose key the environment
// holds. It serves those who start without a configuration.
func fromEnvironment(getenv func(string) string) map[string]config.Provider {
	found := map[string]config.Provider{}
	for _, k := range provider.Kinds() {
		for _, name := range k.Env {
			if getenv(name) != "" {
				found[k.ID] = config.Provider{Kind: k.ID, Key: config.Secret("env:" + name), HTTP2: true}
				break
			}
		}
	}
	return found
}

// providers are the upstreams of a configuration, tied to the admin API.
type providers struct {
	list   []*provider.Provider
	refs   map[string]config.Provider
	prices *prices
	now    func() time.Time
}

// openProviders makes the configured providers, and the built-in simulator.
func openProviders(cfg config.Config, getenv func(string) string, sim func(context.Context) (net.Conn, error), now func() time.Time) (*providers, error) {
	p := &providers{refs: cfg.Providers, now: now}
	names := make([]string, 0, len(cfg.Providers))
	for name := range cfg.Providers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		made, err := openProvider(name, cfg.Providers[name], getenv, now)
		if err != nil {
			return nil, err
		}
		p.list = append(p.list, made)
	}
	if _, taken := cfg.Providers["sim"]; !taken && sim != nil {
		kind, _ := provider.KindByID("sim")
		made, err := provider.New(provider.Settings{Name: "sim", Kind: kind, Prices: "sim", Dial: sim, Now: now,
			Models: []string{"small", "large", "reasoning", "embed", "echo"}})
		if err != nil {
			return nil, err
		}
		p.list = append(p.list, made)
	}
	return p, nil
}

func openProvider(name string, c config.Provider, getenv func(string) string, now func() time.Time) (*provider.Provider, error) {
	kind, ok := provider.KindByID(c.Kind)
	if !ok {
		return nil, fault.New(fault.Invalid, "unknown_kind", "provider %q: there is no kind %q", name, c.Kind)
	}
	s := provider.Settings{Name: name, Kind: kind, BaseURL: c.BaseURL, Models: c.Models, Prices: name,
		Translate: llm.Format(c.Translate), MaxConns: c.MaxConnections, NoHTTP2: !c.HTTP2, Headers: map[string]string{},
		Region: c.Region, Project: c.Project, Location: c.Region, APIVersion: c.APIVersion, Deployment: c.Deployment, Now: now,
		Timeouts: provider.Timeouts{Connect: c.Timeouts.Connect.Std(), FirstToken: c.Timeouts.FirstToken.Std(), Idle: c.Timeouts.Idle.Std(), Total: c.Timeouts.Total.Std()}}
	if s.Timeouts.Total == 0 { // no bound, by the configuration's word; provider takes zero for its default
		s.Timeouts.Total = unbounded
	}
	if c.Credentials.Project != "" {
		s.Project = c.Credentials.Project
	}
	if c.Credentials.Location != "" {
		s.Location = c.Credentials.Location
	}
	var err error
	if c.Key.IsSet() {
		if s.Key, err = c.Key.Resolve(getenv, os.ReadFile); err != nil {
			return nil, fmt.Errorf("provider %q: %w", name, err)
		}
	}
	for header, value := range c.Headers {
		if s.Headers[header], err = value.Resolve(getenv, os.ReadFile); err != nil {
			return nil, fmt.Errorf("provider %q, header %s: %w", name, header, err)
		}
	}
	if kind.ID == "openai" {
		if c.Organization != "" {
			s.Headers["OpenAI-Organization"] = c.Organization
		}
		if c.Project != "" {
			s.Headers["OpenAI-Project"] = c.Project
		}
	}
	if c.CAFile != "" {
		if s.RootCAs, err = trusted(c.CAFile); err != nil {
			return nil, fmt.Errorf("provider %q: %w", name, err)
		}
	}
	if s.Signer, err = signerFor(kind, c, s.Key, getenv, now); err != nil {
		return nil, fmt.Errorf("provider %q: %w", name, err)
	}
	return provider.New(s)
}

// trusted returns the system's authorities and those in the file.
func trusted(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Invalid, "ca_file", "ca_file %s cannot be read", file).Because(err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fault.New(fault.Invalid, "ca_file", "ca_file %s holds no certificate in PEM", file)
	}
	return pool, nil
}

// unbounded is longer than any call.
const unbounded = 10 * 365 * 24 * time.Hour

// priceLists tells which list of the catalogue each provider's prices come from.
func priceLists(cfg config.Config, list []*provider.Provider) map[string]string {
	kinds := map[string]string{}
	for _, p := range list {
		kinds[p.Name] = p.Kind.Prices
		if named := cfg.Providers[p.Name].Prices; named != "" {
			kinds[p.Name] = named
		}
		if kinds[p.Name] == "" {
			kinds[p.Name] = p.Name // a list that only overrides fill
		}
	}
	return kinds
}

// Providers implements api.Providers.
func (p *providers) Providers(context.Context) ([]client.Provider, error) {
	var out []client.Provider
	for _, up := range p.list {
		ref := p.refs[up.Name].Key
		docs := up.Kind.Docs
		if !strings.HasPrefix(docs, "https://") {
			docs = ""
		}
		formats := make([]string, len(up.Kind.Formats))
		for i, f := range up.Kind.Formats {
			formats[i] = string(f)
		}
		out = append(out, client.Provider{Name: up.Name, Kind: up.Kind.ID, Vendor: up.Kind.Name, Docs: docs, Formats: formats, BaseURL: up.Origin(), Key: string(ref),
			HasKey: up.Key != "" || up.Kind.Local || up.Signer != nil, State: "unknown", Models: len(p.models(up))})
	}
	return out, nil
}

func (p *providers) models(up *provider.Provider) []string {
	if len(up.Models) > 0 {
		return up.Models
	}
	return p.prices.Models(up.Prices)
}

// Test implements api.Providers: it asks for the list of models, which costs nothing.
func (p *providers) Test(ctx context.Context, name string) (client.ProviderTest, error) {
	i := slices.IndexFunc(p.list, func(up *provider.Provider) bool { return up.Name == name })
	if i < 0 {
		return client.ProviderTest{}, fault.New(fault.NotFound, "provider_not_found", "there is no provider %q", name).
			Hinted("see what there is: steward provider list")
	}
	up := p.list[i]
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out := client.ProviderTest{Name: name, Models: -1}
	start := p.now()
	a, err := up.Do(ctx, &provider.Outgoing{Method: http.MethodGet, Target: modelsPath(up), Extra: []provider.Field{{Name: "Anthropic-Version", Value: "2023-06-01"}}})
	out.Latency = p.now().Sub(start).Microseconds()
	if err != nil {
		f := fault.As(err)
		out.Error, out.Message, out.Hint = f.StableCode(), f.Message, f.Hint
		return out, nil
	}
	defer a.Body.Close()
	body := make([]byte, 0, 64<<10)
	buf := make([]byte, 16<<10)
	for len(body) < 4<<20 {
		n, err := a.Body.Read(buf)
		body = append(body, buf[:n]...)
		if err != nil {
			break
		}
	}
	out.Status = a.Status
	switch {
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden:
		out.Error, out.Message, out.Hint = "provider_auth", "the provider refused the key", "check the key that the configuration refers to"
	case a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed:
		out.OK, out.Message = true, "it answers, but does not list its models"
	case a.Status >= 400:
		out.Error, out.Message, out.Hint = "provider_error", fmt.Sprintf("the provider answered %d", a.Status), "check base_url, and the provider's status page"
	default:
		out.OK, out.Message = true, "it answers"
		for _, path := range []string{"data.#", "models.#"} {
			if n := gjson.GetBytes(body, path); n.Exists() {
				out.Models = int(n.Int())
			}
		}
	}
	return out, nil
}

func modelsPath(up *provider.Provider) string {
	switch {
	case up.Kind.ID == "vertex", up.Kind.ID == "bedrock":
		return up.Join("/")
	case up.Speaks(llm.OpenAIChat):
		return up.OpenAIPath("/models")
	case up.Speaks(llm.GeminiGenerate):
		return up.Join("/v1beta/models")
	}
	return up.Join("/v1/models")
}

// Models implements api.Models.
func (p *providers) Models(context.Context) ([]client.Model, error) {
	var out []client.Model
	d := gateway.NewDirectory(p.list, p.prices)
	for _, t := range d.Listed() {
		m := client.Model{ID: t.Name(), Provider: t.Provider.Name, Model: t.Model}
		if e, ok := p.prices.book.Catalogue().Find(t.Provider.Prices, t.Model, p.now()); ok {
			rates := e.Rates("", 0, p.now())
			m.Priced, m.Context, m.Output = true, e.Context(), e.MaxOutput()
			m.InputUSD, m.OutputUSD = rates["input"], rates["output"]
			m.Operation = "chat"
			if m.OutputUSD == "" && strings.Contains(strings.ToLower(t.Model), "embed") {
				m.Operation = "embeddings"
			}
		}
		out = append(out, m)
	}
	return out, nil
}
