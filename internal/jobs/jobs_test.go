package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/jobs"
	"github.com/steward-llmops/steward/internal/journal"
	"github.com/steward-llmops/steward/internal/record"
)

type log struct{ *journal.Journal }

func (l log) Follow(offset int64, callsOnly bool) jobs.Reader {
	r := l.NewReader(offset)
	r.CallsOnly = callsOnly
	return r
}

func openLog(t *testing.T) log {
	t.Helper()
	j, _, err := journal.Open(journal.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return log{j}
}

// memory is a projection that can be made to fail.
type memory struct {
	mu    sync.Mutex
	at    int64
	calls []int64
	fail  error
}

func (m *memory) Position(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at, m.fail
}

func (m *memory) Apply(_ context.Context, from int64, entries []record.Entry, next int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	if from != m.at {
		return errors.New("not where it should be")
	}
	for _, e := range entries {
		if e.Call != nil {
			m.calls = append(m.calls, e.Call.Time)
		}
	}
	m.at = next
	return nil
}

func (m *memory) set(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

func id(n byte) ident.ID { return ident.ID{15: n} }

func TestProjectorSurvivesAStoreThatFailsAndTakesEverythingOnce(t *testing.T) {
	l := openLog(t)
	m := &memory{}
	p := &jobs.Projector{Name: "test", Projection: m, Log: l, Logger: slog.New(slog.DiscardHandler), Every: time.Millisecond, Limit: 3, CallsOnly: true}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { p.Run(ctx) })
	write := func(from, to int) {
		for n := from; n < to; n++ {
			if err := l.Hold(&record.Hold{ID: id(byte(n))}); err != nil {
				t.Fatal(err)
			}
			if err := l.Record(&record.Call{ID: id(byte(n)), Time: int64(n)}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	wait := func(what string, cond func() bool) {
		t.Helper()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for late := time.After(10 * time.Second); !cond(); {
			select {
			case <-late:
				t.Fatalf("%s did not happen; status %+v", what, p.Status())
			case <-tick.C:
			}
		}
	}
	write(0, 20)
	wait("catching up", func() bool { return p.Status().Behind == 0 })
	m.set(errors.New("the store is gone"))
	write(20, 40)
	wait("saying so", func() bool { return p.Status().Error != "" && p.Status().Behind > 0 })
	m.set(nil)
	wait("catching up again", func() bool { return p.Status().Behind == 0 })
	write(40, 45)
	stop() // what is left is taken on the way out
	wg.Wait()
	if len(m.calls) != 45 {
		t.Fatalf("%d calls projected, want 45", len(m.calls))
	}
	for n, at := range m.calls {
		if at != int64(n) {
			t.Fatalf("call %d is projected in place %d", at, n)
		}
	}
}

func TestRecoverSettlesWhatWasInFlightOnce(t *testing.T) {
	l := openLog(t)
	file := filepath.Join(t.TempDir(), "oldest-hold")
	hold := func(n byte, ceiling int64) {
		h := &record.Hold{ID: id(n), Time: int64(n), Project: "p", Provider: "sim", Model: "small", CeilingSet: ceiling > 0}
		h.Ceiling = 0
		if ceiling > 0 {
			h.Ceiling = 1000
		}
		if err := l.Hold(h); err != nil {
			t.Fatal(err)
		}
	}
	hold(1, 1)
	hold(2, 0)
	hold(3, 1)
	if err := l.Record(&record.Call{ID: id(1)}, nil); err != nil {
		t.Fatal(err)
	}
	n, err := jobs.Recover(l, l, file)
	if err != nil || n != 2 {
		t.Fatalf("Recover = %d, %v; want 2 calls settled", n, err)
	}
	got, _, err := l.NewReader(0).Next(nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	two, three := got[4].Call, got[5].Call
	if two.ID != id(2) || two.Pricing != record.Unpriced || two.Outcome != record.Interrupted {
		t.Errorf("call without a ceiling settled as %+v", two)
	}
	if three.ID != id(3) || three.Cost != 1000 || three.Pricing != record.Estimated || three.Project != "p" {
		t.Errorf("call with a ceiling settled as %+v", three)
	}
	if n, err := jobs.Recover(l, l, file); n != 0 || err != nil {
		t.Errorf("a second Recover settled %d, %v", n, err)
	}
}

func TestTrackerRemembersTheOldestOpenHold(t *testing.T) {
	l := openLog(t)
	file := filepath.Join(t.TempDir(), "oldest-hold")
	m := &memory{}
	now := time.Unix(1000, 0)
	tr := &jobs.Tracker{Projection: m, File: file, Now: func() time.Time { return now }}
	apply := func(entries ...record.Entry) {
		t.Helper()
		from := l.End()
		for _, e := range entries {
			var err error
			if e.Hold != nil {
				err = l.Hold(e.Hold)
			} else {
				err = l.Record(e.Call, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := tr.Apply(t.Context(), from, entries, l.End()); err != nil {
			t.Fatal(err)
		}
	}
	apply(record.Entry{Hold: &record.Hold{ID: id(1)}}, record.Entry{Call: &record.Call{ID: id(1)}})
	open := l.End()
	apply(record.Entry{Hold: &record.Hold{ID: id(2), CeilingSet: true, Ceiling: 5}})
	apply(record.Entry{Hold: &record.Hold{ID: id(3)}}, record.Entry{Call: &record.Call{ID: id(3)}})
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(b); got != strconv.FormatInt(open, 10) {
		t.Errorf("saved offset %s, want %d: the hold of call 2 is still open", got, open)
	}
	if n, err := jobs.Recover(l, l, file); n != 1 || err != nil {
		t.Errorf("Recover from the saved offset settled %d, %v; want 1", n, err)
	}
}
