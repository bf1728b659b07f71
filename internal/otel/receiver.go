// Package otel speaks OpenTelemetry: it takes what applications report of their own
// work (Receiver), reports the gateway's calls elsewhere (Exporter), and keeps the
// metrics of the GenAI conventions (Metrics).
package otel

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/otel/normal"
	"github.com/steward-llmops/steward/internal/record"
)

// Keys says who reports.
type Keys interface {
	// Authenticate returns whose secret it is; fault.Unauthenticated if nobody's.
	// The secret is empty where none was given.
	Authenticate(secret string) (ident.Principal, error)
}

// Item is an entry for the journal with what is kept of its content.
type Item struct {
	Entry   record.Entry
	Content *record.Content // nil: none
}

// Journal takes what was reported.
type Journal interface {
	// Append returns nil once the items survive the end of the process. After an
	// error the sender is asked to send everything again.
	Append(ctx context.Context, items []Item) error
}

// Options say how a Receiver works. Keys, Journal and Tariff are needed.
type Options struct {
	Keys    Keys
	Journal Journal
	Tariff  Tariff
	// NoContent keeps nothing of what was said: neither bodies nor what came.
	NoContent bool
	// Body is the most bytes of one request as it comes; zero means 16 MiB.
	Body int64
	// Plain is the most bytes of one request once it is decompressed; zero means four
	// times Body.
	Plain int64
	// InFlight is the most decompressed bytes of all requests that are being worked on
	// or wait for the journal; zero means 64 MiB. It is never less than Plain.
	InFlight int64
	// Recent is how many ids are remembered to drop what is sent twice; zero means
	// 100,000.
	Recent int
	// ReadTimeout bounds the arrival of one request's body; zero means 30 s.
	ReadTimeout time.Duration
	Limits      normal.Limits // of one span, log record or metric; zero means normal.Default
	Now         func() time.Time
	Log         *slog.Logger          // nil: discarded
	Registerer  prometheus.Registerer // nil: counters are only in Status
}

// Receiver takes traces, logs and metrics by OTLP over HTTP and gRPC. It answers that
// it has them only when the journal has. It is safe for concurrent use.
type Receiver struct {
	opts     Options
	gate     *gate
	seen     *recent
	counters *counters
	failing  atomic.Bool // the journal refused the last batch
}

// NewReceiver returns a Receiver; Handler and ServeGRPC serve it. It panics where the
// Registerer has its counters already.
func NewReceiver(opts Options) *Receiver {
	setDefault(&opts.Body, 16<<20)
	setDefault(&opts.Plain, 4*opts.Body)
	setDefault(&opts.InFlight, 64<<20)
	setDefault(&opts.Recent, 100_000)
	setDefault(&opts.ReadTimeout, 30*time.Second)
	opts.InFlight = max(opts.InFlight, opts.Plain)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	r := &Receiver{opts: opts, gate: &gate{room: opts.InFlight}, seen: newRecent(opts.Recent)}
	r.counters = newCounters(r.gate)
	if opts.Registerer != nil {
		opts.Registerer.MustRegister(r.counters)
	}
	return r
}

func setDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// authenticate returns whose secret it is. What is wrong with the keys themselves is
// never the sender's fault.
func (r *Receiver) authenticate(secret string) (ident.Principal, error) {
	who, err := r.opts.Keys.Authenticate(secret)
	if err == nil || fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Denied) {
		return who, err
	}
	return who, fault.New(fault.Unavailable, "keys_unavailable", "keys cannot be checked now").Because(err).
		Hinted("send it again in a moment")
}

// append brings a batch to the journal. The sender may be gone by then: what it has
// sent is written all the same.
func (r *Receiver) append(ctx context.Context, items []Item) error {
	if len(items) == 0 {
		return nil
	}
	err := r.opts.Journal.Append(context.WithoutCancel(ctx), items)
	if err == nil {
		if r.failing.Swap(false) {
			r.opts.Log.Info("reported telemetry can be recorded again")
		}
		return nil
	}
	if !r.failing.Swap(true) {
		r.opts.Log.Error("reported telemetry cannot be recorded; senders are asked to come again", "err", err)
	}
	f := fault.As(err)
	if f.Kind == fault.Unavailable {
		return f
	}
	return fault.New(fault.Unavailable, "telemetry_not_recorded", "what was sent cannot be recorded now").Because(err).
		Hinted("send it again in a moment")
}
