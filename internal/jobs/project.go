// Package jobs is what runs when nobody calls: projections that follow the
// journal, recovery of calls that a crash interrupted, retention.
package jobs

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/steward-llmops/steward/internal/record"
)

// Log is the journal, as its followers read it.
type Log interface {
	End() int64
	// Wait returns once there are entries after offset.
	Wait(ctx context.Context, offset int64) error
	// Follow returns a reader that starts at offset; one of calls only leaves holds out.
	Follow(offset int64, callsOnly bool) Reader
}

// Reader reads entries in order; at the end of the journal Next returns dst unchanged.
type Reader interface {
	Next(dst []record.Entry, limit int) ([]record.Entry, int64, error)
	Close() error
}

// Projection is what the journal is projected into. Apply writes the result of the
// entries that lie between from and next, and next as the new position, in one
// transaction; from is always the position that it holds. It keeps nothing of the
// entries but their strings: they are used again.
type Projection interface {
	Position(ctx context.Context) (int64, error)
	Apply(ctx context.Context, from int64, entries []record.Entry, next int64) error
}

// Projector keeps one projection up with the journal. It never gives up: a store
// that is slow or gone delays only what is projected into it.
type Projector struct {
	Name       string
	Projection Projection
	Log        Log
	Logger     *slog.Logger
	Every      time.Duration // the least time between two batches, unless somebody asks; zero means two seconds
	Limit      int           // entries a batch; zero means 8,000
	CallsOnly  bool          // the projection has no use for holds
	// Rest, if not nil, is called once nothing has come for RestAfter (zero means a
	// minute), so that a store can give back what it keeps for speed.
	Rest      func(ctx context.Context) error
	RestAfter time.Duration

	hurry    chan struct{}
	once     sync.Once
	batch    []record.Entry // used again: no projection keeps what it was given
	position atomic.Int64
	failing  atomic.Pointer[string]
	applied  atomic.Int64 // entries
}

// Status is how far a projection is.
type Status struct {
	Name     string `json:"name"`
	Position int64  `json:"position" doc:"Journal offset up to which it is projected"`
	Behind   int64  `json:"behind_bytes" doc:"Bytes of journal still to be projected"`
	Entries  int64  `json:"entries" doc:"Entries projected since start"`
	Error    string `json:"error,omitempty" doc:"Why it is not getting on; empty: it is"`
}

// Status returns how far the projection is.
func (p *Projector) Status() Status {
	s := Status{Name: p.Name, Position: p.position.Load(), Entries: p.applied.Load()}
	s.Behind = max(0, p.Log.End()-s.Position)
	if why := p.failing.Load(); why != nil {
		s.Error = *why
	}
	return s
}

// Run follows the journal until ctx ends, and then takes what is left.
func (p *Projector) Run(ctx context.Context) {
	every, limit := p.Every, p.Limit
	if every <= 0 {
		every = 2 * time.Second
	}
	if limit <= 0 {
		limit = 8000
	}
	backoff := every
	for {
		err := p.follow(ctx, every, limit)
		if ctx.Err() != nil {
			p.drain(ctx, limit)
			return
		}
		why := err.Error()
		if p.failing.Swap(&why) == nil {
			p.Logger.Error("projection", "name", p.Name, "err", err)
		}
		if !pause(ctx, backoff) {
			return
		}
		backoff = min(2*backoff, 10*time.Second)
	}
}

// drain projects what is there when Steward stops, so that the next start finds
// little to do.
func (p *Projector) drain(ctx context.Context, limit int) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	at, err := p.Projection.Position(ctx)
	if err != nil {
		return
	}
	r := p.Log.Follow(at, p.CallsOnly)
	defer r.Close()
	for at < p.Log.End() {
		if at, err = p.step(ctx, r, at, limit); err != nil {
			return
		}
	}
}

func (p *Projector) follow(ctx context.Context, every time.Duration, limit int) error {
	at, err := p.Projection.Position(ctx)
	if err != nil {
		return err
	}
	p.position.Store(at)
	r := p.Log.Follow(at, p.CallsOnly)
	defer r.Close()
	for {
		if err := p.wait(ctx, at); err != nil {
			return err
		}
		next, err := p.step(ctx, r, at, limit)
		if err != nil {
			return err
		}
		p.failing.Store(nil)
		// Small batches cost far more an entry than large ones.
		if full := p.Log.End()-next > 1<<20; !full && !p.rest(ctx, every) {
			return ctx.Err()
		}
		at = next
	}
}

// wait waits for entries after at, and lets the store rest meanwhile.
func (p *Projector) wait(ctx context.Context, at int64) error {
	if p.Rest == nil {
		return p.Log.Wait(ctx, at)
	}
	after := p.RestAfter
	if after <= 0 {
		after = time.Minute
	}
	short, cancel := context.WithTimeout(ctx, after)
	err := p.Log.Wait(short, at)
	cancel()
	if err == nil || ctx.Err() != nil {
		return err
	}
	if err := p.Rest(ctx); err != nil {
		p.Logger.Warn("rest", "name", p.Name, "err", err)
	}
	return p.Log.Wait(ctx, at)
}

func (p *Projector) step(ctx context.Context, r Reader, at int64, limit int) (int64, error) {
	entries, next, err := r.Next(p.batch[:0], limit)
	if err != nil {
		return at, err
	}
	if p.batch = entries; cap(p.batch) > 2*limit {
		p.batch = nil
	}
	if err := p.Projection.Apply(ctx, at, entries, next); err != nil {
		return at, err
	}
	p.applied.Add(int64(len(entries)))
	p.position.Store(next)
	return next, nil
}

// pause waits for d; it is false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// rest waits for d, or until somebody asks; it is false if ctx ended first.
func (p *Projector) rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
	case <-p.asked():
	}
	return true
}

func (p *Projector) asked() chan struct{} {
	p.once.Do(func() { p.hurry = make(chan struct{}, 1) })
	return p.hurry
}

// CaughtUp makes the projector hurry, and waits until it has reached offset.
func (p *Projector) CaughtUp(ctx context.Context, offset int64) error {
	for p.position.Load() < offset {
		select {
		case p.asked() <- struct{}{}:
		default: // it has been told
		}
		if !pause(ctx, 2*time.Millisecond) {
			return errors.New("projection " + p.Name + " is still behind")
		}
	}
	return nil
}
