// Package apitest is a whole Steward in memory as the admin API sees it, for
// tests of the API, of its client and of the command line.
package apitest

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/api"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/cost/price"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
	"github.com/steward-llmops/steward/internal/security/access"
)

// Token is the world's admin token.
const Token = "admin-token-of-the-tests"

// Visit is the token of the world's first-visit link.
const Visit = "first-visit-of-the-tests"

// World implements every interface of package api. It is safe for concurrent use.
type World struct {
	Now func() time.Time

	mu        sync.Mutex
	keys      []access.Key
	rows      []calls.Row // in the order of their coming
	scores    []record.Score
	logs      []record.Log
	points    []record.Point
	early     int // rows after which a search of content ends; 0: none
	contents  map[ident.ID]record.Content
	followers map[chan calls.Row]struct{}
	joined    chan struct{} // one signal for each follower
	hushed    chan struct{} // closed by Hush
	visited   bool
	sessions  map[string]time.Time
	prices    []client.Price
	broken    error
}

// New returns a world with a provider "lab", the simulator, and nothing else.
func New(now func() time.Time) *World {
	return &World{Now: now, contents: map[ident.ID]record.Content{}, followers: map[chan calls.Row]struct{}{},
		joined: make(chan struct{}, 16), hushed: make(chan struct{}), sessions: map[string]time.Time{}}
}

// Server returns the admin API over w.
func (w *World) Server() *api.Server {
	return &api.Server{Version: "1.2.3", Token: Token, Now: w.Now, Keys: w, Calls: callStore{w}, Contents: w, Tail: w, Ledger: w,
		Providers: w, Models: w, Prices: w, Status: w, OTLP: w, FirstVisit: w, Sessions: w}
}

// Break makes the stores answer err; nil mends them.
func (w *World) Break(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = err
}

// ID returns the n-th id of a day, which sorts by n.
func ID(at time.Time, n uint16) ident.ID {
	var id ident.ID
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(id[:6], ms[2:])
	binary.BigEndian.PutUint16(id[14:], n)
	return id
}

// Add records a call that sums count, and its content, which may be nil, and tells the
// followers.
func (w *World) Add(c record.Call, content *record.Content) {
	w.AddRow(calls.Row{Call: c, Counted: true}, content)
}

// Hush ends every stream of calls, once it has given all that it has.
func (w *World) Hush() { close(w.hushed) }

// Joined is sent to each time that somebody begins to follow.
func (w *World) Joined() <-chan struct{} { return w.joined }

// List implements api.Keys.
func (w *World) List() []access.Key {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.keys)
}

// Create implements api.Keys.
func (w *World) Create(_ context.Context, n access.NewKey) (access.Key, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return access.Key{}, "", w.broken
	}
	i := len(w.keys) + 1
	secret := fmt.Sprintf("sk-steward-test%04d", i)
	k := access.Key{ID: fmt.Sprintf("key_%04d", i), Name: n.Name, Org: cmp.Or(n.Org, "default"), Team: cmp.Or(n.Team, "default"),
		Project: cmp.Or(n.Project, "default"), Prefix: secret[:14], Models: n.Models, Created: w.Now().UnixMicro(), Expires: n.Expires}
	w.keys = append(w.keys, k)
	return k, secret, nil
}

func (w *World) key(id string) (*access.Key, error) {
	for i := range w.keys {
		if w.keys[i].ID == id {
			return &w.keys[i], nil
		}
	}
	return nil, fault.New(fault.NotFound, "key_not_found", "there is no key %q", id).Hinted("list them with: steward key list")
}

// Revoke implements api.Keys.
func (w *World) Revoke(_ context.Context, id string) (access.Key, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	k, err := w.key(id)
	if err != nil {
		return access.Key{}, err
	}
	k.Revoked = cmp.Or(k.Revoked, w.Now().UnixMicro())
	return *k, nil
}

// Rotate implements api.Keys.
func (w *World) Rotate(ctx context.Context, id string, overlap time.Duration) (access.Key, string, error) {
	w.mu.Lock()
	old, err := w.key(id)
	if err != nil {
		w.mu.Unlock()
		return access.Key{}, "", err
	}
	n := access.NewKey{Name: old.Name, Org: old.Org, Team: old.Team, Project: old.Project, Models: old.Models, Expires: old.Expires}
	w.mu.Unlock()
	k, secret, err := w.Create(ctx, n)
	if err != nil {
		return k, "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if old, err = w.key(id); err == nil {
		old.Replaced, old.Expires = k.ID, w.Now().Add(overlap).UnixMicro()
	}
	return k, secret, nil
}

// Content implements api.Contents.
func (w *World) Content(_ context.Context, c *record.Call) (record.Content, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if content, ok := w.contents[c.ID]; ok {
		return content, nil
	}
	return record.Content{}, fault.New(fault.NotFound, "content_not_kept", "the content of this call is not kept")
}

// Tail implements api.Tail.
func (w *World) Tail(ctx context.Context) iter.Seq[calls.Row] {
	return func(yield func(calls.Row) bool) {
		f := make(chan calls.Row, 16)
		w.mu.Lock()
		w.followers[f] = struct{}{}
		w.mu.Unlock()
		w.joined <- struct{}{}
		defer func() {
			w.mu.Lock()
			delete(w.followers, f)
			w.mu.Unlock()
		}()
		for {
			select {
			case c := <-f:
				if !yield(c) {
					return
				}
			case <-ctx.Done():
				return
			case <-w.hushed:
				for len(f) > 0 {
					if !yield(<-f) {
						return
					}
				}
				return
			}
		}
	}
}

// Report implements api.Ledger.
func (w *World) Report(_ context.Context, q api.ReportQuery) (client.Report, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := client.Report{By: q.By}
	if !q.From.IsZero() {
		r.From = q.From.UTC().Format(time.RFC3339)
	}
	if !q.To.IsZero() {
		r.To = q.To.UTC().Format(time.RFC3339)
	}
	is := func(want, have string) bool { return want == "" || want == have }
	rows := map[client.ReportRow]*client.ReportRow{}
	for i := range w.rows {
		c := &w.rows[i].Call
		if !within(c.Time, q.From, q.To) || !is(q.Provider, c.Provider) || !is(q.Model, c.Model) || !is(q.Project, c.Project) ||
			!is(q.Team, c.Team) || !is(q.Key, c.Key) {
			continue
		}
		var of client.ReportRow
		for _, by := range q.By {
			*of.Dimension(by) = dimension(c, by)
		}
		row := rows[of]
		if row == nil {
			row = new(client.ReportRow)
			*row = of
			rows[of] = row
		}
		row.Calls++
		r.Calls++
		if c.Pricing == record.Unpriced {
			row.Unpriced++
			r.Unpriced++
		}
		row.CostNano += int64(c.Cost)
		r.TotalNano += int64(c.Cost)
		row.InputTokens += c.Usage.InputTokens()
		row.OutputTokens += c.Usage.OutputTokens()
	}
	for _, row := range rows {
		if len(q.By) > 0 {
			r.Rows = append(r.Rows, *row)
		}
	}
	slices.SortFunc(r.Rows, func(a, b client.ReportRow) int {
		return cmp.Or(cmp.Compare(b.CostNano, a.CostNano), strings.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	return r, nil
}

func dimension(c *record.Call, by string) string {
	return map[string]string{"org": c.Org, "team": c.Team, "project": c.Project, "key": c.Key, "key_name": c.KeyName,
		"provider": c.Provider, "model": c.Model, "pricing": string(c.Pricing),
		"day": time.UnixMicro(c.Time).UTC().Format(time.DateOnly)}[by]
}

// Providers implements api.Providers.
func (w *World) Providers(context.Context) ([]client.Provider, error) {
	return []client.Provider{
		{Name: "lab", Kind: "openai", BaseURL: "http://127.0.0.1:9100/v1", Key: "env:LAB_KEY", HasKey: false, State: "down",
			Reason: "environment variable LAB_KEY is not set", Models: 2},
		{Name: "sim", Kind: "sim", HasKey: true, State: "ok", Models: 5},
	}, nil
}

// Test implements api.Providers.
func (w *World) Test(_ context.Context, name string) (client.ProviderTest, error) {
	switch name {
	case "sim":
		return client.ProviderTest{Name: name, OK: true, Status: 200, Latency: 1234, Models: 5}, nil
	case "lab":
		return client.ProviderTest{Name: name, Models: -1, Error: "provider_auth", Message: "environment variable LAB_KEY is not set",
			Hint: "export LAB_KEY=... and start again"}, nil
	}
	return client.ProviderTest{}, fault.New(fault.NotFound, "provider_not_found", "there is no provider %q", name).
		Hinted("list them with: steward provider list")
}

// Models implements api.Models.
func (w *World) Models(context.Context) ([]client.Model, error) {
	return []client.Model{
		{ID: "lab/large", Provider: "lab", Model: "large"},
		{ID: "sim/embed", Provider: "sim", Model: "embed", Operation: "embeddings", Context: 8192, Priced: true, InputUSD: "0.02"},
		{ID: "sim/small", Provider: "sim", Model: "small", Operation: "chat", Context: 128000, Output: 16384, Priced: true,
			InputUSD: "0.15", OutputUSD: "0.60"},
	}, nil
}

// Prices implements api.Prices.
func (w *World) Prices(_ context.Context, q client.PriceQuery) (client.PriceList, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := client.PriceList{Catalogue: "2026-11-20"}
	for _, p := range append(catalogue(), w.prices...) {
		if (q.Provider == "" || q.Provider == p.Provider) && (q.Source == "" || q.Source == p.Source) &&
			strings.Contains(strings.ToLower(p.Model), strings.ToLower(q.Search)) {
			l.Prices = append(l.Prices, p)
		}
	}
	return l, nil
}

func catalogue() []client.Price {
	return []client.Price{{ID: "sim/small", Provider: "sim", Model: "small", Source: "catalogue", Catalogue: "2026-11-20",
		Rates: []client.Rate{{Quantity: "input", USD: "0.15", Per: "million"}, {Quantity: "cache_read", USD: "0.075", Per: "million"},
			{Quantity: "output", USD: "0.60", Per: "million"}, {Quantity: "input", USD: "0.30", Per: "million", Above: 200000},
			{Quantity: "output", USD: "0.30", Per: "million", Tier: "flex"}}}}
}

// Price implements api.Prices.
func (w *World) Price(_ context.Context, provider, model string) (client.Price, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range append(w.prices, catalogue()...) {
		if p.Provider == provider && p.Model == model {
			return p, nil
		}
	}
	return client.Price{}, fault.New(fault.NotFound, "price_not_found", "%s/%s has no price", provider, model).
		Hinted("set one with: steward price set %s/%s input=2.50 output=10.00", provider, model)
}

// Import implements api.Prices: it takes our own catalogue only.
func (w *World) Import(_ context.Context, list []byte) (client.ImportedPrices, error) {
	in, err := price.Import(list, "2026-11-25")
	if err != nil {
		return client.ImportedPrices{}, err
	}
	out := client.ImportedPrices{Catalogue: "imported", Format: in.Format, Skipped: in.Skipped}
	for _, f := range in.File.Providers {
		out.Providers, out.Models = append(out.Providers, f.ID), out.Models+len(f.Models)
	}
	return out, nil
}

// Set implements api.Prices.
func (w *World) Set(_ context.Context, overrides []config.Override) ([]client.Price, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []client.Price
	for i := range overrides {
		o := &overrides[i]
		p := client.Price{ID: o.Provider + "/" + o.Model, Provider: o.Provider, Model: o.Model, Source: "override"}
		for _, r := range o.Rates() {
			if _, err := money.Parse(string(r.Price)); err != nil {
				return nil, fault.New(fault.Invalid, "invalid_price", "%s is not a price", r.Field)
			}
			p.Rates = append(p.Rates, client.Rate{Quantity: r.Quantity.String(), USD: string(r.Price), Per: string(r.Per)})
		}
		out = append(out, p)
	}
	w.prices = append(w.prices, out...)
	return out, nil
}

// Status implements api.Status.
func (w *World) Status(ctx context.Context) (client.Status, error) {
	providers, err := w.Providers(ctx)
	return client.Status{Version: "1.2.3", Started: w.Now().Add(-time.Hour).UTC().Format(time.RFC3339), Uptime: time.Hour.Microseconds(),
		Ready: true, Data: "/data", Disk: client.Disk{Free: 10 << 30, Total: 100 << 30, MinFree: 256 << 20},
		Journal: client.Journal{Healthy: true, Position: 123 << 20, Synced: 123 << 20, Segments: 2},
		Projections: []client.Projection{{Name: "calls", Healthy: true, Position: 122 << 20, Lag: 1 << 20, Behind: 2_000_000},
			{Name: "ledger", Healthy: false, Reason: "the database is locked"}},
		Providers: providers}, err
}

// OTLPStatus implements api.OTLP.
func (w *World) OTLPStatus(context.Context) (client.OTLPStatus, error) {
	return client.OTLPStatus{Enabled: true, HTTPPath: "/v1", GRPCAddress: "127.0.0.1:4317", InFlight: 2048,
		Signals: []client.OTLPSignal{{Signal: "traces", Accepted: 120, Refused: 1, Duplicate: 3}, {Signal: "logs", Accepted: 40}, {Signal: "metrics", Dropped: 2}},
		Cuts:    map[string]int64{"attribute": 2}}, nil
}

// Redeem implements api.FirstVisit.
func (w *World) Redeem(token string, remote netip.Addr) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !remote.Unmap().IsLoopback() {
		return fault.New(fault.Denied, "not_loopback", "a first-visit link works on the machine that runs Steward only")
	}
	if token != Visit || w.visited {
		return fault.New(fault.Unauthenticated, "invalid_link", "this first-visit link is unknown, used or too old")
	}
	w.visited = true
	return nil
}

// Start implements api.Sessions.
func (w *World) Start() (string, time.Time, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	cookie, end := fmt.Sprintf("session-%d", len(w.sessions)+1), w.Now().Add(12*time.Hour)
	w.sessions[cookie] = end
	return cookie, end, nil
}

// Check implements api.Sessions.
func (w *World) Check(cookie string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if end, ok := w.sessions[cookie]; ok && w.Now().Before(end) {
		return nil
	}
	return fault.New(fault.Unauthenticated, "no_session", "you are not signed in, or your session has ended").Hinted("sign in again")
}

// End implements api.Sessions.
func (w *World) End(cookie string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.sessions, cookie)
}
