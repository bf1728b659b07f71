package jobs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/record"
)

// Tracker follows which holds are open, so that a start after a crash knows from
// where to look for calls that were in flight. It wraps a projection and sees the
// entries that this one has applied.
type Tracker struct {
	Projection
	File  string // where the offset of the oldest open hold is kept
	Every time.Duration
	Now   func() time.Time

	mu    sync.Mutex
	open  map[ident.ID]int64 // offset of the batch that the hold came in
	saved time.Time
}

// Apply applies the batch and notes what it opened and closed.
func (t *Tracker) Apply(ctx context.Context, from int64, entries []record.Entry, next int64) error {
	if err := t.Projection.Apply(ctx, from, entries, next); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[ident.ID]int64{}
	}
	for _, e := range entries {
		switch {
		case e.Hold != nil:
			t.open[e.Hold.ID] = from
		case e.Call != nil:
			delete(t.open, e.Call.ID)
		}
	}
	if now := t.Now(); now.Sub(t.saved) >= t.Every {
		t.saved = now
		oldest := next
		for _, offset := range t.open {
			oldest = min(oldest, offset)
		}
		return t.save(oldest)
	}
	return nil
}

// save writes the offset; one that is too old only makes the next start look further.
func (t *Tracker) save(offset int64) error {
	tmp := t.File + ".tmp"
	if err := os.WriteFile(tmp, []byte(strconv.FormatInt(offset, 10)), 0o600); err != nil {
		return fmt.Errorf("save the oldest open hold: %w", err)
	}
	if err := os.Rename(tmp, t.File); err != nil {
		return fmt.Errorf("save the oldest open hold: %w", err)
	}
	return nil
}

// Recorder writes records.
type Recorder interface {
	Record(c *record.Call, content *record.Content) error
}

// Recover settles the calls that were in flight when the last process ended: each
// is recorded as interrupted, and costs what was held for it, marked estimated,
// because nobody knows how far its provider had come. It runs before new calls are
// served, and returns how many it settled.
func Recover(log Log, rec Recorder, file string) (int, error) {
	open := map[ident.ID]*record.Hold{}
	var order []ident.ID
	r := log.Follow(oldest(file, log.End()), false)
	defer r.Close()
	for {
		batch, _, err := r.Next(nil, 4000) // holds are kept, so nothing is used again
		if err != nil {
			return 0, fmt.Errorf("look for interrupted calls: %w", err)
		}
		if len(batch) == 0 {
			break // the end: every entry is read here
		}
		for _, e := range batch {
			switch {
			case e.Hold != nil:
				open[e.Hold.ID] = e.Hold
				order = append(order, e.Hold.ID)
			case e.Call != nil:
				delete(open, e.Call.ID)
			}
		}
	}
	n := 0
	for _, id := range order {
		h, ok := open[id]
		if !ok {
			continue
		}
		if err := rec.Record(interrupted(h), nil); err != nil {
			return n, fmt.Errorf("settle interrupted call %s: %w", id.Text("call"), err)
		}
		delete(open, id)
		n++
	}
	return n, nil
}

// oldest reads the saved offset; without one the whole journal is looked at.
func oldest(file string, end int64) int64 {
	b, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil || n < 0 || n > end {
		return 0
	}
	return n
}

func interrupted(h *record.Hold) *record.Call {
	c := &record.Call{
		ID: h.ID, Time: h.Time, Org: h.Org, Team: h.Team, Project: h.Project, Key: h.Key, KeyName: h.KeyName,
		Subject: h.Subject, Surface: h.Surface, Operation: h.Operation, Asked: h.Asked, Provider: h.Provider, Model: h.Model,
		Stream: h.Stream, QueueMicros: -1, FirstByteMicros: -1, FirstTokenMicros: -1, TotalMicros: -1,
		Ceiling: h.Ceiling, CeilingSet: h.CeilingSet, Catalogue: h.Catalogue, PriceID: h.PriceID,
		Outcome: record.Interrupted, ErrorKind: "internal", ErrorCode: "interrupted",
		Attempts: []record.Attempt{{Provider: h.Provider, Model: h.Model, ErrorKind: "internal", ErrorCode: "interrupted"}},
		Cost:     h.Ceiling, Pricing: record.Estimated,
	}
	c.Usage.Estimated = true
	if !h.CeilingSet {
		c.Cost, c.Pricing = 0, record.Unpriced
	}
	return c
}
