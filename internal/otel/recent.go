package otel

import (
	"sync"

	"github.com/steward-llmops/steward/internal/ident"
)

// recent remembers ids that were written lately: at least half as many as it may hold,
// in two generations of which the older goes when the younger is full.
type recent struct {
	half int

	mu         sync.Mutex // guards both
	young, old map[ident.ID]struct{}
}

func newRecent(n int) *recent {
	return &recent{half: max(1, n/2), young: map[ident.ID]struct{}{}}
}

// has reports whether an id was added lately.
func (r *recent) has(id ident.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, young := r.young[id]
	_, old := r.old[id]
	return young || old
}

// add remembers what was written.
func (r *recent) add(items []Item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range items {
		if len(r.young) >= r.half {
			r.old, r.young = r.young, make(map[ident.ID]struct{}, r.half)
		}
		r.young[idOf(&items[i])] = struct{}{}
	}
}

func idOf(item *Item) ident.ID {
	e := &item.Entry
	switch {
	case e.Span != nil:
		return e.Span.ID
	case e.Score != nil:
		return e.Score.ID
	case e.Log != nil:
		return e.Log.ID
	case e.Point != nil:
		return e.Point.ID
	}
	return ident.ID{}
}
