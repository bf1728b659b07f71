package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/cost/ledger"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/record"
	"github.com/steward-llmops/steward/internal/store"
)

// start is where generated calls begin: mid-day, so that days are cut.
var start = time.Date(2026, 11, 20, 13, 30, 0, 0, time.UTC)

// Calls makes n entries, holds among them, over four days, drawn from seed.
func Calls(seed uint64, n int) []record.Entry {
	rng, src := rand.New(rand.NewPCG(seed, 1)), ident.NewSource()
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	entries := make([]record.Entry, 0, n)
	for len(entries) < n {
		at := start.Add(time.Duration(rng.Int64N(int64(4 * 24 * time.Hour)))).Truncate(time.Microsecond)
		c := &record.Call{ID: src.New(at), Time: at.UnixMicro(), Org: pick("acme", "beta"), Team: pick("search", "ads"),
			Project: pick("web", "app", "lab"), Provider: pick("openai", "anthropic"), Model: pick("m1", "m2", "m3"), Catalogue: "c1",
			Pricing: record.Pricing(pick("priced", "priced", "estimated", "unpriced", "free"))}
		c.Key, c.KeyName = "key_"+c.Project, "name of "+c.Project
		c.PriceID = c.Provider + "/" + c.Model
		c.Usage.N[llm.Input], c.Usage.N[llm.CacheRead], c.Usage.N[llm.Output] = rng.Int64N(5000), rng.Int64N(100), rng.Int64N(900)
		if c.Pricing == record.Priced || c.Pricing == record.Estimated {
			c.Cost = money.Nano(rng.Int64N(int64(money.Dollar)))
		}
		if rng.IntN(4) == 0 {
			entries = append(entries, record.Entry{Hold: &record.Hold{ID: c.ID, Time: c.Time}})
		}
		entries = append(entries, record.Entry{Call: c})
	}
	return entries[:n]
}

// sum is the report computed by the plainest means.
func sum(entries []record.Entry, from, to time.Time, by []ledger.Dimension) ledger.Report {
	s := ledger.NewSummary(by)
	for _, e := range entries {
		c := e.Call
		if c == nil || (!from.IsZero() && c.Time < from.UnixMicro()) || (!to.IsZero() && c.Time >= to.UnixMicro()) {
			continue
		}
		l := ledger.Line{Org: c.Org, Team: c.Team, Project: c.Project, Key: c.Key, KeyName: c.KeyName, Provider: c.Provider, Model: c.Model,
			Pricing: c.Pricing, Day: c.Time / (24 * 3600 * 1e6)}
		l.Calls, l.CostNano, l.InputTokens, l.OutputTokens = 1, c.Cost, c.Usage.InputTokens(), c.Usage.OutputTokens()
		if err := s.Add(&l); err != nil {
			panic(err) // the generator makes small figures
		}
	}
	return s.Report()
}

func (e Engine) testLedger(t *testing.T) {
	ctx := context.Background()
	apply := func(t *testing.T, s *store.Store, from int64, entries []record.Entry) {
		t.Helper()
		if err := s.Apply(ctx, from, entries, from+int64(len(entries))); err != nil {
			t.Fatal(err)
		}
	}
	stands := func(t *testing.T, s *store.Store, position int64, entries []record.Entry) {
		t.Helper()
		got, err := s.Position(ctx)
		if err != nil || got != position {
			t.Errorf("the ledger stands at %d, %v; want %d", got, err, position)
		}
		by := []ledger.Dimension{ledger.Project, ledger.Model}
		report, err := s.LedgerReport(ctx, time.Time{}, time.Time{}, by)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sum(entries, time.Time{}, time.Time{}, by), report); diff != "" {
			t.Errorf("ledger (-want +got):\n%s", diff)
		}
	}

	t.Run("starts empty at 0", func(t *testing.T) { stands(t, e.open(t), 0, nil) })
	t.Run("reports by any dimensions over any span", func(t *testing.T) { e.testReport(t) })
	t.Run("a batch applied again changes nothing", func(t *testing.T) {
		s, entries := e.open(t), Calls(1, 300)
		apply(t, s, 0, entries[:200])
		for _, from := range []int64{0, 100, 201, 1000} {
			if err := s.Apply(ctx, from, entries[:200], from+200); !errors.Is(err, store.ErrPosition) {
				t.Errorf("a batch from %d at position 200 gives %v", from, err)
			}
		}
		if err := s.Apply(ctx, 200, nil, 100); !errors.Is(err, store.ErrPosition) {
			t.Errorf("a batch that goes back gives %v", err)
		}
		stands(t, s, 200, entries[:200])
		apply(t, s, 200, entries[200:])
		stands(t, s, 300, entries)
	})
	t.Run("a call that the journal holds twice is paid once", func(t *testing.T) {
		s, entries := e.open(t), Calls(2, 100)
		apply(t, s, 0, append(entries[:100:100], entries[:50]...))
		apply(t, s, 150, entries[50:])
		stands(t, s, 200, entries)
	})
	t.Run("an empty batch moves the position", func(t *testing.T) {
		s := e.open(t)
		if err := s.Apply(ctx, 0, nil, 4096); err != nil {
			t.Fatal(err)
		}
		stands(t, s, 4096, nil)
	})
	t.Run("a batch that fails half-way leaves nothing", func(t *testing.T) {
		open, entries := e.Fresh(t), Calls(3, 200)
		s := reopen(t, open)
		apply(t, s, 0, entries[:50])
		for n := range 20 { // the context ends after a few rows, each time elsewhere
			if err := s.Apply(&expiring{Context: ctx, left: 3 + 5*n}, 50, entries[50:], 200); !errors.Is(err, context.Canceled) {
				t.Fatalf("a context that ends gives %v", err)
			}
		}
		stands(t, s, 50, entries[:50])
		apply(t, s, 50, entries[50:]) // names that the failed batches gave ids to are given again
		stands(t, s, 200, entries)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		stands(t, reopen(t, open), 200, entries)
	})
	t.Run("a closed store says so", func(t *testing.T) {
		open := e.Fresh(t)
		s, err := open()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(ctx, 0, Calls(4, 10), 10); err == nil {
			t.Error("Apply on a closed store succeeds")
		}
		if _, err := s.LedgerReport(ctx, time.Time{}, time.Time{}, nil); err == nil {
			t.Error("LedgerReport on a closed store succeeds")
		}
	})
	t.Run("sums that do not fit are refused", func(t *testing.T) {
		s, entries := e.open(t), Calls(5, 3)
		for _, entry := range entries {
			if entry.Call != nil {
				entry.Call.Cost, entry.Call.Model = 1<<62, entry.Call.ID.String()
			}
		}
		entries = append(entries, Calls(6, 4)...)
		for i := range entries {
			if c := entries[i].Call; c != nil {
				c.Cost, c.Model = 1<<62, c.ID.String()
			}
		}
		apply(t, s, 0, entries)
		if _, err := s.LedgerReport(ctx, time.Time{}, time.Time{}, nil); !fault.Is(err, fault.TooLarge) {
			t.Errorf("a sum past 63 bits gives %v", err)
		}
	})
}

// expiring is a context that ends after its error was asked for a number of times.
type expiring struct {
	context.Context
	left int
}

func (c *expiring) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func (e Engine) testReport(t *testing.T) {
	ctx, s, entries := context.Background(), e.open(t), Calls(7, 1000)
	for at := 0; at < len(entries); at += 70 {
		end := min(at+70, len(entries))
		if err := s.Apply(ctx, int64(at), entries[at:end], int64(end)); err != nil {
			t.Fatal(err)
		}
	}
	midnight := start.Truncate(24 * time.Hour)
	spans := map[string]struct{ from, to time.Time }{
		"all":                      {},
		"whole days":               {midnight.AddDate(0, 0, 1), midnight.AddDate(0, 0, 3)},
		"one day":                  {midnight.AddDate(0, 0, 1), midnight.AddDate(0, 0, 2)},
		"within one day":           {midnight.Add(26 * time.Hour), midnight.Add(40 * time.Hour)},
		"across midnight":          {midnight.Add(20 * time.Hour), midnight.Add(30 * time.Hour)},
		"cut at both ends":         {midnight.Add(20 * time.Hour), midnight.Add(80 * time.Hour)},
		"from a moment on":         {from: midnight.Add(31*time.Hour + time.Microsecond)},
		"up to a moment":           {to: midnight.Add(50 * time.Hour)},
		"up to midnight":           {to: midnight.AddDate(0, 0, 2)},
		"nothing":                  {midnight.Add(30 * time.Hour), midnight.Add(30 * time.Hour)},
		"an end before its start":  {midnight.Add(30 * time.Hour), midnight.Add(20 * time.Hour)},
		"exactly at a call's time": {time.UnixMicro(firstCall(entries).Time), time.UnixMicro(firstCall(entries).Time + 1)},
	}
	bys := [][]ledger.Dimension{nil, {ledger.Project}, {ledger.Day, ledger.Model}, {ledger.Pricing}, ledger.Dimensions}
	for name, span := range spans {
		for _, by := range bys {
			t.Run(fmt.Sprintf("%s by %v", name, by), func(t *testing.T) {
				got, err := s.LedgerReport(ctx, span.from, span.to, by)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(sum(entries, span.from, span.to, by), got); diff != "" {
					t.Errorf("report (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func firstCall(entries []record.Entry) *record.Call {
	for _, e := range entries {
		if e.Call != nil {
			return e.Call
		}
	}
	return nil
}
