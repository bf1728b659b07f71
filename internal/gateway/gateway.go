// Package gateway is the path of one call: admit, plan, hold, send, meter, settle,
// record. It touches memory and the journal, nothing else (law 1); what it needs
// of the rest of the house it states as interfaces.
package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/record"
	"github.com/steward-llmops/steward/internal/security/access"
	"github.com/steward-llmops/steward/internal/wire"
)

// Keys tells who is calling. It answers from memory.
type Keys interface {
	Authenticate(secret string) (*access.Grant, error)
}

// Journal takes what must not be lost.
type Journal interface {
	Hold(h *record.Hold) error
	Record(c *record.Call, content *record.Content) error
}

// Prices knows what things cost. It answers from memory.
type Prices interface {
	// Price is what usage costs in the list at the time.
	Price(list, model string, u *llm.Usage, at time.Time) Cost
	// Ceiling is the most that a call can cost; ok is false where nothing is known.
	// A model that may not be called because it has no price is a fault.
	Ceiling(list, model string, q CeilingQuery) (ceiling Cost, ok bool, err error)
}

// Cost is a priced quantity, and where the price came from.
type Cost struct {
	Nano      money.Nano
	Pricing   record.Pricing
	Catalogue string
	PriceID   string
}

// CeilingQuery is what bounds a call's cost before it is made.
type CeilingQuery struct {
	InputTokens  int64 // the most that the request can be
	OutputTokens int64 // as asked; 0: not said, then the model's own limit
	ServiceTier  string
	At           time.Time
}

// Counter estimates tokens where a provider did not say.
type Counter interface {
	Count(text string) int64
}

// HangUp says what happens upstream when the caller leaves.
type HangUp string

// The policies.
const (
	Cancel HangUp = "cancel" // stop the provider at once; pay for what was used, estimated if need be
	Drain  HangUp = "drain"  // read the answer to its end for exact usage
)

// Options are what a Gateway is made of.
type Options struct {
	Keys    Keys
	Journal Journal
	Prices  Prices
	Counter Counter
	Chat    map[llm.Format]wire.Chat
	Embed   map[llm.Format]wire.Embed
	IDs     *ident.Source
	Now     func() time.Time
	Log     *slog.Logger
	Metrics *Metrics

	MaxBody      int64 // JSON bodies; bytes
	MaxUpload    int64 // uploads; bytes
	MaxContent   int64 // how much of a body is kept; bytes; 0: content is not kept
	HangUp       HangUp
	DrainTimeout time.Duration
}

// Gateway serves calls. It is safe for concurrent use.
type Gateway struct {
	Options
	directory  atomic.Pointer[Directory]
	inFlight   atomic.Int64
	background background
}

// New returns a gateway that serves from the directory.
func New(o Options, d *Directory) *Gateway {
	g := &Gateway{Options: o}
	g.directory.Store(d)
	return g
}

// SetDirectory replaces the directory; calls in flight keep theirs.
func (g *Gateway) SetDirectory(d *Directory) { g.directory.Store(d) }

// Directory returns the directory in force.
func (g *Gateway) Directory() *Directory { return g.directory.Load() }

// InFlight returns how many calls are being served.
func (g *Gateway) InFlight() int64 { return g.inFlight.Load() }

// ServeHTTP serves one call on any of the surfaces.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.inFlight.Add(1)
	defer g.inFlight.Add(-1)
	c := newCall(g, w, r)
	defer c.rescue()
	if err := c.serve(); err != nil {
		c.fail(err)
	}
	c.release()
}

// Serves reports whether the path belongs to a surface of the gateway.
func Serves(path string) bool {
	_, ok := route(path)
	return ok
}

// detached is a context for work that outlives the caller: the provider's answer
// is drained, the record written.
func detached(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), d)
}
