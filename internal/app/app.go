// Package app reads, checks, wires, starts and stops: the only place that knows
// everybody.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/steward-llmops/steward/internal/api"
	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/callstore/duckdb"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/cost/tokens"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/gateway"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/jobs"
	"github.com/steward-llmops/steward/internal/journal"
	"github.com/steward-llmops/steward/internal/otel"
	"github.com/steward-llmops/steward/internal/security/access"
	"github.com/steward-llmops/steward/internal/sim"
	"github.com/steward-llmops/steward/internal/store"
	"github.com/steward-llmops/steward/internal/store/sqlite"
)

// Options are what Up needs beside the configuration.
type Options struct {
	Version string
	Out     io.Writer // the banner
	Err     io.Writer // the log
	Getenv  func(string) string
	Now     func() time.Time
	// Ready, if not nil, is called with the gateway's address once calls are served.
	Ready func(addr string)
}

// App is a running Steward. End-to-end tests build it as `steward up` does.
type App struct {
	cfg     config.Config
	opts    Options
	log     *slog.Logger
	started time.Time

	Token string // the admin token

	journal    *journal.Journal
	store      *store.Store
	calls      *duckdb.Store
	keys       *access.Keys
	visits     *access.FirstVisit
	sessions   *access.Sessions
	prices     *prices
	providers  *providers
	gateway    *gateway.Gateway
	api        *api.Server
	registry   *prometheus.Registry
	receiver   *otel.Receiver // nil: nothing is received
	metrics    *otel.Metrics
	exporter   *otel.Exporter // nil: nothing is exported
	grpc       atomic.Value   // address of the gRPC listener, a string
	projectors []*jobs.Projector
	found      map[string]config.Provider // providers whose keys were in the environment
	firstKey   string                     // the secret of the key made at the first start
	settled    int                        // calls that the last process left in flight

	work sync.WaitGroup // projections and the simulator
	// running ends when Steward stops: the context of what Open and Serve start.
	running context.Context
	stop    context.CancelFunc
}

// Up runs Steward until ctx ends.
func Up(ctx context.Context, cfg config.Config, opts Options) error {
	a, err := Open(ctx, cfg, opts)
	if err != nil {
		return err
	}
	return errors.Join(a.Serve(ctx), a.Close())
}

// Open opens every store and settles what the last process left, up to the point
// where calls can be served. Close ends it.
func Open(ctx context.Context, cfg config.Config, opts Options) (a *App, err error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	a = &App{cfg: cfg, opts: opts, log: logger(cfg.Log, opts.Err), started: opts.Now()}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.running, a.stop = run, stop
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err := makeData(cfg.Data); err != nil {
		return a, err
	}
	if err := a.openStores(ctx); err != nil {
		return a, err
	}
	if err := a.openUpstreams(ctx, run); err != nil {
		return a, err
	}
	if err := a.openGateway(); err != nil {
		return a, err
	}
	if err := a.recover(); err != nil {
		return a, err
	}
	a.follow(run)
	return a, nil
}

// openStores opens the journal first: it holds the lock of the data directory.
func (a *App) openStores(ctx context.Context) (err error) {
	path := func(name string) string { return filepath.Join(a.cfg.Data, name) }
	var rec journal.Recovery
	a.journal, rec, err = journal.Open(journal.Options{Dir: path(journalDir), SegmentBytes: int64(a.cfg.Journal.Segment),
		Sync: a.cfg.Journal.Sync.Std(), MinFree: int64(a.cfg.Journal.MinFree), Log: a.log})
	if err != nil {
		return err
	}
	if rec.Torn > 0 || rec.TornContent > 0 {
		a.log.Warn("the journal ended in the middle of a write that nobody was told of; it was cut off there",
			"torn_bytes", rec.Torn, "torn_content_bytes", rec.TornContent)
	}
	if a.Token, err = secretFile(path(TokenFile), "sta-"); err != nil {
		return err
	}
	pepper, err := secretFile(path(pepperFile), "")
	if err != nil {
		return err
	}
	if a.store, err = sqlite.Open(ctx, path(stateFile)); err != nil {
		return err
	}
	if err := a.openCalls(ctx, path(callsFile)); err != nil {
		return err
	}
	if a.keys, err = access.Open(ctx, a.store, []byte(pepper), a.opts.Now); err != nil {
		return err
	}
	if len(a.keys.List()) == 0 {
		if _, a.firstKey, err = a.keys.Create(ctx, access.NewKey{Name: "first"}); err != nil {
			return fmt.Errorf("make the first key: %w", err)
		}
	}
	a.visits, a.sessions = &access.FirstVisit{Now: a.opts.Now}, &access.Sessions{Now: a.opts.Now}
	return nil
}

// openCalls opens the calls store. A damaged one is set aside and built again from
// the journal, because it is only a projection.
func (a *App) openCalls(ctx context.Context, path string) (err error) {
	opts := duckdb.Options{MemoryMB: 256, Threads: 1, Contents: a.journal, Now: a.opts.Now}
	a.calls, err = duckdb.Open(ctx, path, opts)
	if errors.Is(err, callstore.ErrSchema) {
		a.log.Warn("the calls store has the layout of another version; it is built again from the journal")
		if err := errors.Join(os.Remove(path), ignoreMissing(os.Remove(path+".wal"))); err != nil {
			return fmt.Errorf("remove the calls store of another version: %w", err)
		}
		a.calls, err = duckdb.Open(ctx, path, opts)
	}
	if !errors.Is(err, callstore.ErrCorrupt) {
		return err
	}
	aside := fmt.Sprintf("%s.damaged-%d", path, a.opts.Now().Unix())
	if err := os.Rename(path, aside); err != nil {
		return fmt.Errorf("set the damaged calls store aside: %w", err)
	}
	_ = os.Rename(path+".wal", aside+".wal") // there may be none
	a.log.Warn("the calls store is damaged; it is set aside and built again from the journal", "aside", aside)
	a.calls, err = duckdb.Open(ctx, path, opts)
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// openUpstreams starts the simulator and makes the providers and their prices.
func (a *App) openUpstreams(ctx, run context.Context) (err error) {
	if len(a.cfg.Providers) == 0 {
		a.found = fromEnvironment(a.opts.Getenv)
		a.cfg.Providers = a.found
	}
	var dial func(context.Context) (net.Conn, error)
	if a.cfg.Sim.Enabled {
		pipe := sim.NewPipe()
		dial = pipe.Dial
		server := sim.New(sim.Options{Chat: ChatCodecs(), Embed: EmbedCodecs(), Now: a.opts.Now})
		a.work.Go(func() {
			if err := server.Serve(run, pipe); err != nil && run.Err() == nil {
				a.log.Error("simulator", "err", err)
			}
		})
	}
	if a.providers, err = openProviders(a.cfg, a.opts.Getenv, dial, a.opts.Now); err != nil {
		return err
	}
	if a.prices, err = openPrices(ctx, a.cfg, priceLists(a.cfg, a.providers.list), a.store, a.opts.Now); err != nil {
		return err
	}
	a.providers.prices = a.prices
	return nil
}

func (a *App) openGateway() error {
	a.registry = prometheus.NewRegistry()
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	var keys gateway.Keys = a.keys
	if !a.cfg.Auth.Required {
		keys = openDoor{a.keys}
	}
	keep := int64(0)
	if a.cfg.Content.Keep {
		keep = maxContent
	}
	a.gateway = gateway.New(gateway.Options{
		Keys: keys, Journal: a.journal, Prices: tariff{a.prices}, Counter: new(tokens.Counter),
		Chat: ChatCodecs(), Embed: EmbedCodecs(), IDs: ident.NewSource(), Now: a.opts.Now, Log: a.log,
		Metrics: gateway.NewMetrics(a.registry),
		MaxBody: int64(a.cfg.Limits.MaxBody), MaxUpload: int64(a.cfg.Limits.MaxUpload), MaxContent: keep,
		HangUp: gateway.HangUp(a.cfg.Calls.HangUp), DrainTimeout: a.cfg.Calls.DrainTimeout.Std(),
	}, gateway.NewDirectory(a.providers.list, a.prices))
	a.openTelemetry(keys)
	a.api = a.newAPI()
	return a.openExport()
}

// maxContent is how much of a request and of an answer is kept, each.
const maxContent = 4 << 20

// openDoor lets callers without a key in, where the configuration says so (on a
// loopback address only): their calls are the first key's.
type openDoor struct{ keys *access.Keys }

// Authenticate implements gateway.Keys.
func (d openDoor) Authenticate(secret string) (*access.Grant, error) {
	if g, err := d.keys.Authenticate(secret); err == nil {
		return g, nil
	}
	return &access.Grant{Principal: ident.Principal{Org: "default", Team: "default", Project: "default", Key: "none", KeyName: "no key"}}, nil
}

// recover settles the calls that were in flight when the last process ended.
func (a *App) recover() error {
	n, err := jobs.Recover(logOf{a.journal}, a.journal, filepath.Join(a.cfg.Data, openHoldFile))
	if err != nil {
		return fault.New(fault.Unavailable, "recovery", "the journal in %s cannot be read to its end", a.cfg.Data).Because(err).
			Hinted("keep the files, and look at the cause; steward doctor says more")
	}
	if a.settled = n; n > 0 {
		a.log.Warn("calls that were in flight when the last process ended were settled at what was held for them", "calls", n)
	}
	return nil
}

// follow starts the projections.
func (a *App) follow(run context.Context) {
	log := logOf{a.journal}
	tracked := &jobs.Tracker{Projection: a.store, File: filepath.Join(a.cfg.Data, openHoldFile), Every: 5 * time.Second, Now: a.opts.Now}
	a.projectors = []*jobs.Projector{
		{Name: "ledger", Projection: &counted{tracked, a.metrics, a.journal.End()}, Log: log, Logger: a.log},
		{Name: "calls", Projection: a.calls, Log: log, Logger: a.log, CallsOnly: true, Rest: a.rest},
	}
	if a.exporter != nil {
		a.projectors = append(a.projectors, &jobs.Projector{Name: "otlp-export", Projection: a.exporter, Log: log, Logger: a.log, CallsOnly: true})
	}
	a.work.Go(func() { a.metrics.Run(run) })
	for _, p := range a.projectors {
		a.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "steward_projection_behind_bytes",
			Help: "Journal bytes that a projection has still to take.", ConstLabels: prometheus.Labels{"projection": p.Name}},
			func() float64 { return float64(p.Status().Behind) }))
		a.work.Go(func() { p.Run(run) })
	}
	a.work.Go(func() { a.retain(run) })
	a.work.Go(func() { a.roll(run) })
}

// rollEvery is how often it is looked whether hours are due to be rolled up.
const rollEvery = time.Minute

// roll keeps the calls store's rollups.
func (a *App) roll(run context.Context) {
	tick := time.NewTicker(rollEvery)
	defer tick.Stop()
	for {
		if _, err := a.calls.Roll(run); err != nil && run.Err() == nil {
			a.log.Error("roll up the calls store", "err", err)
		}
		select {
		case <-run.Done():
			return
		case <-tick.C:
		}
	}
}

// rest gives back memory once nothing has come for a while.
func (a *App) rest(ctx context.Context) error {
	err := a.calls.Rest(ctx)
	settleDown()
	return err
}

// retain drops content past its retention, once an hour.
func (a *App) retain(run context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-run.Done():
			return
		case <-tick.C:
			if keep := a.cfg.Calls.Retention.Std(); keep > 0 {
				if n, err := a.calls.Retain(run, a.opts.Now().Add(-keep)); err != nil {
					a.log.Error("drop calls past their retention", "err", err)
				} else if n > 0 {
					a.log.Info("calls past their retention were dropped", "weeks", n)
				}
			}
			n, err := a.journal.DropContent(a.opts.Now().Add(-a.cfg.Content.Retention.Std()))
			if err != nil {
				a.log.Error("drop content past its retention", "err", err)
			} else if n > 0 {
				a.log.Info("content past its retention was dropped", "segments", n)
			}
		}
	}
}

// Close stops what Open started, in the reverse order.
func (a *App) Close() error {
	a.stop()
	a.work.Wait()
	var errs []error
	for _, p := range a.closers() {
		errs = append(errs, p())
	}
	return errors.Join(errs...)
}

func (a *App) closers() []func() error {
	var list []func() error
	if a.providers != nil {
		list = append(list, func() error {
			for _, p := range a.providers.list {
				p.Close()
			}
			return nil
		})
	}
	if a.calls != nil {
		list = append(list, a.calls.Close)
	}
	if a.store != nil {
		list = append(list, a.store.Close)
	}
	if a.journal != nil {
		list = append(list, a.journal.Close)
	}
	return list
}

func logger(c config.Log, w io.Writer) *slog.Logger {
	if w == nil {
		return slog.New(slog.DiscardHandler)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
