package app

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/gateway"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/jobs"
	"github.com/steward-llmops/steward/internal/journal"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/otel"
	"github.com/steward-llmops/steward/internal/record"
)

// exportFile keeps how far the export of spans is.
const exportFile = "otlp-export"

// openTelemetry makes the receiver of what applications report.
func (a *App) openTelemetry(keys gateway.Keys) {
	if !a.cfg.OTLP.Receive {
		return
	}
	a.receiver = otel.NewReceiver(otel.Options{
		Keys: reporters{keys}, Journal: reported{a.journal}, Tariff: reportedTariff{a.prices}, NoContent: !a.cfg.Content.Keep,
		Body: int64(a.cfg.OTLP.MaxBody), InFlight: int64(a.cfg.OTLP.MaxInFlight), Now: a.opts.Now, Log: a.log, Registerer: a.registry,
	})
}

// reporters are the keys with which applications report.
type reporters struct{ keys gateway.Keys }

// Authenticate implements otel.Keys.
func (r reporters) Authenticate(secret string) (ident.Principal, error) {
	g, err := r.keys.Authenticate(secret)
	if err != nil {
		return ident.Principal{}, err
	}
	return g.Principal, nil
}

// reported is the journal as the receiver writes it.
type reported struct{ j *journal.Journal }

// Append implements otel.Journal.
func (r reported) Append(_ context.Context, items []otel.Item) error {
	list := make([]journal.Item, len(items))
	for i := range items {
		list[i] = journal.Item(items[i])
	}
	return r.j.Append(list)
}

// reportedTariff prices what did not pass the gateway.
type reportedTariff struct{ *prices }

// Price implements otel.Tariff.
func (t reportedTariff) Price(provider, model string, u *llm.Usage, at time.Time) otel.Cost {
	c := t.book.Price(provider, model, u, at)
	return otel.Cost{Nano: c.Cost, Pricing: c.Pricing, Catalogue: c.Version, PriceID: c.PriceID}
}

// naming says what the names of configured providers stand for.
type naming struct{ p *providers }

// Kind implements otel.Naming.
func (n naming) Kind(name string) string {
	for _, p := range n.p.list {
		if p.Name == name {
			return p.Kind.ID
		}
	}
	return ""
}

// Address implements otel.Naming.
func (n naming) Address(name string) (host string, port int) {
	for _, p := range n.p.list {
		u, err := url.Parse(p.BaseURL)
		if p.Name != name || err != nil {
			continue
		}
		if port, err = strconv.Atoi(u.Port()); err != nil {
			port = map[string]int{"http": 80, "https": 443}[u.Scheme]
		}
		return u.Hostname(), port
	}
	return "", 0
}

// openExport makes what tells others of the calls: the metrics of the GenAI
// conventions, and the export of spans where one is configured.
func (a *App) openExport() error {
	cfg := &a.cfg.OTLP.Export
	source := otel.Source{Version: a.opts.Version}
	target := otel.Target{Endpoint: string(cfg.Endpoint), Headers: map[string]string{}}
	for name, value := range cfg.Headers {
		text, err := value.Resolve(a.opts.Getenv, os.ReadFile)
		if err != nil {
			return fault.New(fault.Invalid, "otlp_header", "the header %s of otlp.export cannot be read", name).Because(err).
				Hinted("set what it refers to, or take it out of otlp.export.headers")
		}
		target.Headers[name] = text
	}
	metrics := otel.MetricsOptions{Naming: naming{a.providers}, Registerer: a.registry, Source: source,
		Every: cfg.MetricsEvery.Std(), Now: a.opts.Now, Log: a.log}
	if cfg.MetricsEvery > 0 {
		metrics.Target = target
	}
	var err error
	if a.metrics, err = otel.NewMetrics(metrics); err != nil || cfg.Endpoint == "" {
		return err
	}
	var contents otel.Contents
	if cfg.Content {
		contents = conversations{a.journal, ChatCodecs()}
	}
	a.exporter, err = otel.NewExporter(otel.ExportOptions{Target: target, Contents: contents, Source: source, File: filepath.Join(a.cfg.Data, exportFile),
		End: a.journal.End, Naming: naming{a.providers}, Subjects: cfg.Subjects, Now: a.opts.Now, Log: a.log, Registerer: a.registry})
	return err
}

// counted shows the metrics what another projection has applied, so that entries are
// read and decoded once for both. Counting begins at the journal's end.
type counted struct {
	jobs.Projection
	metrics *otel.Metrics
	from    int64
}

// Apply implements jobs.Projection.
func (c *counted) Apply(ctx context.Context, from int64, entries []record.Entry, next int64) error {
	if err := c.Projection.Apply(ctx, from, entries, next); err != nil || from < c.from {
		return err
	}
	c.metrics.Count(entries)
	return nil
}

// listenTelemetry begins to take telemetry over gRPC. That another collector has the
// address is no reason not to serve calls.
func (a *App) listenTelemetry() {
	if a.receiver == nil || a.cfg.OTLP.GRPC == "" {
		return
	}
	l, err := net.Listen("tcp", a.cfg.OTLP.GRPC)
	if err != nil {
		a.log.Warn("telemetry is not taken over gRPC, only over HTTP", "address", a.cfg.OTLP.GRPC, "err", err)
		return
	}
	a.grpc.Store(l.Addr().String())
	a.work.Go(func() {
		if err := a.receiver.ServeGRPC(a.running, l, 5*time.Second); err != nil && !errors.Is(err, net.ErrClosed) {
			a.log.Error("telemetry over gRPC", "err", err)
		}
	})
}

type otlpStatus struct{ a *App }

// OTLPStatus implements api.OTLP.
func (s otlpStatus) OTLPStatus(context.Context) (client.OTLPStatus, error) {
	if s.a.receiver == nil {
		return client.OTLPStatus{}, nil
	}
	st := s.a.receiver.Status()
	out := client.OTLPStatus{Enabled: true, HTTPPath: "/v1", InFlight: st.InFlight, Cuts: st.Cuts}
	out.GRPCAddress, _ = s.a.grpc.Load().(string)
	for _, v := range []struct {
		name string
		otel.SignalStatus
	}{{"traces", st.Traces}, {"logs", st.Logs}, {"metrics", st.Metrics}} {
		out.Signals = append(out.Signals, client.OTLPSignal{Signal: v.name, Accepted: v.Accepted, Refused: v.Refused, Dropped: v.Dropped, Duplicate: v.Duplicate})
	}
	return out, nil
}
