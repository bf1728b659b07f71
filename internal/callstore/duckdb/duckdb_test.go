package duckdb_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/callstore/duckdb"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

func open(t testing.TB, path string) *duckdb.Store {
	t.Helper()
	s, err := duckdb.Open(context.Background(), path, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// early is a time that a row may have.
var early = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// all returns every row of the store, newest first, as the calls that they hold.
func all(t testing.TB, s *duckdb.Store) []record.Call {
	t.Helper()
	return found(t, s, calls.Query{Spans: true})
}

func found(t testing.TB, s *duckdb.Store, q calls.Query) []record.Call {
	t.Helper()
	page, err := s.List(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	var list []record.Call
	for i := range page.Rows {
		list = append(list, page.Rows[i].Call)
	}
	return list
}

func fresh(t testing.TB) *duckdb.Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "calls.duckdb"))
}

func apply(t testing.TB, s *duckdb.Store, from int64, entries []record.Entry) {
	t.Helper()
	if err := s.Apply(context.Background(), from, entries, from+int64(len(entries))); err != nil {
		t.Fatal(err)
	}
}

// fill sets v and all in it to values drawn from rng, with the texts that break
// careless code among them.
func fill(v reflect.Value, rng *rand.Rand, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), rng, depth)
		}
	case reflect.Slice:
		if n := rng.IntN(4); n > 0 && depth < 3 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(v.Index(i), rng, depth+1)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), rng, depth)
		}
	case reflect.String:
		texts := []string{"", "plain", `"quoted" \ and {json: [1]}`, "nul\x00inside", "line\nbreak\ttab", "日本語 ✓ \U0001F600", "<&>'; DROP TABLE calls", "$1 ?", "NULL", "null", "12"}
		v.SetString(texts[rng.IntN(len(texts))])
		if rng.IntN(3) == 0 {
			v.SetString(v.String() + fmt.Sprint(rng.Int64()))
		}
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case reflect.Uint8:
		v.SetUint(uint64(rng.IntN(256)))
	case reflect.Int, reflect.Int64:
		switch rng.IntN(4) {
		case 0:
		case 1:
			v.SetInt(rng.Int64N(1000) - 1)
		default:
			v.SetInt(int64(rng.Uint64()))
		}
	default:
		panic("no rule to fill " + v.Kind().String())
	}
}

func random(seed uint64, n int) []record.Entry {
	rng := rand.New(rand.NewPCG(seed, 1))
	entries := make([]record.Entry, n)
	for i := range entries {
		if i%7 == 3 {
			entries[i].Hold = new(record.Hold)
			continue
		}
		c := new(record.Call)
		fill(reflect.ValueOf(c).Elem(), rng, 0)
		at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rng.Int64N(int64(30 * 24 * time.Hour)))).Truncate(time.Microsecond)
		c.Time, c.Source, c.TraceID = at.UnixMicro(), "", ""
		entries[i].Call = c
	}
	return entries
}

// newest returns the calls among the entries as List gives them.
func newest(entries []record.Entry) []record.Call {
	var list []record.Call
	for _, e := range entries {
		if e.Call != nil {
			list = append(list, *e.Call)
		}
	}
	slices.SortFunc(list, func(a, b record.Call) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), slices.Compare(b.ID[:], a.ID[:]))
	})
	return list
}

func TestCallsComeBackAsTheyWere(t *testing.T) {
	ctx, s := context.Background(), fresh(t)
	entries := append(random(1, 3000), record.Entry{Call: &record.Call{ID: ident.ID{1}, Time: early}}) // more than one chunk of the engine
	apply(t, s, 0, entries[:2500])
	apply(t, s, 2500, entries[2500:])
	want := newest(entries)
	got := all(t, s)
	if len(got) != len(want) {
		t.Fatalf("%d calls come back; want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(want[i], got[i]) {
			t.Fatalf("call %d of the list (-want +got):\n%s", i, gocmp.Diff(want[i], got[i]))
		}
	}
	for i := 0; i < len(want); i += 50 {
		one, err := s.Show(ctx, want[i].ID)
		if err != nil || !reflect.DeepEqual(want[i], one.Call) {
			t.Fatalf("Show: %v (-want +got):\n%s", err, gocmp.Diff(want[i], one.Call))
		}
	}
	if _, err := s.Show(ctx, ident.ID{1, 2, 3}); !fault.Is(err, fault.NotFound) {
		t.Errorf("showing a call that is not there gives %v", err)
	}
}

func TestTextThatIsNotUTF8IsMended(t *testing.T) {
	s := fresh(t)
	c := record.Call{ID: ident.ID{1}, Time: early, UserAgent: "curl\xff/8", Tags: []record.Tag{{Name: "a\xfe", Value: "\xff"}}, Lost: []string{"x\xff"},
		Attempts: []record.Attempt{{Provider: "p\xff", RequestID: "r\xff"}}, Usage: llm.Usage{Others: []llm.ModelUsage{{Model: "m\xff"}}}}
	apply(t, s, 0, []record.Entry{{Call: &c}})
	got, err := s.Show(context.Background(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	// What stands in columns of text is mended; the rest is kept as it is.
	want := c
	want.UserAgent = "curl\uFFFD/8"
	if diff := gocmp.Diff(want, got.Call); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
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

func stands(t *testing.T, s *duckdb.Store, position int64, entries []record.Entry) {
	t.Helper()
	ctx := context.Background()
	at, err := s.Position(ctx)
	if err != nil || at != position {
		t.Errorf("the store stands at %d, %v; want %d", at, err, position)
	}
	got := all(t, s)
	if want := newest(entries); !slices.EqualFunc(want, got, func(a, b record.Call) bool { return a.ID == b.ID }) {
		t.Errorf("the store has %d calls; want %d others", len(got), len(want))
	}
}

func TestApplyIsExactlyOnce(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "calls.duckdb")
	s, err := duckdb.Open(ctx, path, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	entries := random(2, 1000)
	stands(t, s, 0, nil)
	apply(t, s, 0, entries[:300])
	for _, from := range []int64{0, 299, 301} {
		if err := s.Apply(ctx, from, entries[:300], from+300); !errors.Is(err, callstore.ErrPosition) {
			t.Errorf("a batch from %d at position 300 gives %v", from, err)
		}
	}
	if err := s.Apply(ctx, 300, nil, 200); !errors.Is(err, callstore.ErrPosition) {
		t.Errorf("a batch that goes back gives %v", err)
	}
	stands(t, s, 300, entries[:300])
	// The context ends later and later, at last after the appender has written: that
	// takes part in the transaction, and goes with it.
	looks := 0
	for {
		err := s.Apply(&expiring{ctx, looks}, 300, entries[300:], 1000)
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("a context that ends after %d looks gives %v", looks, err)
		}
		stands(t, s, 300, entries[:300])
		looks++
	}
	if looks < 5 {
		t.Errorf("the context was looked at %d times in 700 entries", looks)
	}
	apply(t, s, 1000, nil)
	stands(t, s, 1000, entries)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(ctx, 1000, entries, 2000); err == nil {
		t.Error("a closed store takes a batch")
	}
	stands(t, open(t, path), 1000, entries)
}

// The files of an open store are what kill -9 leaves behind.
func TestWhatWasAppliedSurvivesTheEndOfTheProcess(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s := open(t, filepath.Join(dir, "calls.duckdb"))
	entries := random(3, 1000)
	for at := 0; at < 1000; at += 100 {
		apply(t, s, int64(at), entries[at:at+100])
	}
	wal, err := os.ReadFile(filepath.Join(dir, "calls.duckdb.wal"))
	if err != nil || len(wal) < 10_000 {
		t.Fatalf("the log beside the file has %d bytes, %v", len(wal), err)
	}
	for name, cut := range map[string]int{"whole": 0, "torn": 3000, "torn early": len(wal) / 2} {
		t.Run(name, func(t *testing.T) {
			dead := t.TempDir()
			if err := os.CopyFS(dead, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dead, "calls.duckdb")
			if err := os.WriteFile(path+".wal", wal[:len(wal)-cut], 0o600); err != nil {
				t.Fatal(err)
			}
			back := open(t, path)
			at, err := back.Position(ctx)
			if err != nil || at%100 != 0 || (cut == 0) != (at == 1000) {
				t.Fatalf("it stands at %d, %v", at, err)
			}
			stands(t, back, at, entries[:at])
			for ; at < 1000; at += 100 { // the journal brings the rest again
				apply(t, back, at, entries[at:at+100])
			}
			stands(t, back, 1000, entries)
		})
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	ctx := context.Background()
	t.Run("damage is ErrCorrupt", func(t *testing.T) {
		for name, change := range map[string]func(b []byte) []byte{
			"another kind of file": func([]byte) []byte { return []byte(strings.Repeat("not a database. ", 4000)) },
			"a short file":         func(b []byte) []byte { return b[:100] },
			"headers overwritten":  func(b []byte) []byte { clear(b[:12288]); return b },
			"one header bit wrong": func(b []byte) []byte { b[4100] ^= 1; b[8200] ^= 1; return b },
		} {
			t.Run(name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "calls.duckdb")
				s, err := duckdb.Open(ctx, path, duckdb.Options{})
				if err != nil {
					t.Fatal(err)
				}
				apply(t, s, 0, random(4, 500))
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, change(b), 0o600); err != nil {
					t.Fatal(err)
				}
				if s, err = duckdb.Open(ctx, path, duckdb.Options{}); !errors.Is(err, callstore.ErrCorrupt) {
					t.Errorf("Open gives %v", err)
				}
				if err == nil {
					s.Close()
				}
				// Moved aside, a new one takes its place.
				if err := os.Rename(path, path+".damaged"); err != nil {
					t.Fatal(err)
				}
				stands(t, open(t, path), 0, nil)
			})
		}
	})
	t.Run("what an operator can mend is unavailable", func(t *testing.T) {
		dir := t.TempDir()
		file := filepath.Join(dir, "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{filepath.Join(dir, "missing", "calls.duckdb"), filepath.Join(file, "calls.duckdb")} {
			if _, err := duckdb.Open(ctx, path, duckdb.Options{}); !fault.Is(err, fault.Unavailable) || errors.Is(err, callstore.ErrCorrupt) || fault.As(err).Hint == "" {
				t.Errorf("Open(%s) gives %v", path, err)
			}
		}
	})
}

func TestPathsAreTakenAsTheyAre(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's a b=c#d%20e")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "calls.duckdb")
	s, err := duckdb.Open(context.Background(), path, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	apply(t, s, 0, random(5, 10))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := duckdb.Open(context.Background(), filepath.Join(dir, "a?b"), duckdb.Options{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a path with a question mark gives %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "calls.duckdb" {
		t.Errorf("after Close the folder holds %v, %v; want the file alone", left, err)
	}
}

// A file whose columns another version made is not read.
func TestAnotherLayoutIsRefused(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "calls.duckdb")
	s, err := duckdb.Open(ctx, path, duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := duckdb.Exec(s, "UPDATE meta SET schema = 1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := duckdb.Open(ctx, path, duckdb.Options{}); !errors.Is(err, callstore.ErrSchema) || errors.Is(err, callstore.ErrCorrupt) {
		t.Errorf("Open gives %v", err)
	}
}

func TestRestKeepsEverything(t *testing.T) {
	s, entries := fresh(t), random(7, 2000)
	apply(t, s, 0, entries[:1000])
	if err := s.Rest(context.Background()); err != nil {
		t.Fatal(err)
	}
	apply(t, s, 1000, entries[1000:])
	stands(t, s, 2000, entries)
}

func TestQuestionsDoNotWaitForBatches(t *testing.T) {
	ctx, s, entries := context.Background(), fresh(t), random(8, 1500)
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				at, err := s.Position(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				page, err := s.List(ctx, calls.Query{Spans: true})
				if want := len(newest(entries[:at])); err != nil || len(page.Rows) < want {
					t.Errorf("at position %d there are %d calls, %v; want %d at least", at, len(page.Rows), err, want)
					return
				}
				if err := s.Rest(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for at := 0; at < len(entries); at += 100 {
		apply(t, s, int64(at), entries[at:at+100])
	}
	close(done)
	wg.Wait()
	stands(t, s, 1500, entries)
}

// some returns calls as they come, over three hours.
func some(n int) []record.Entry {
	rng, src := rand.New(rand.NewPCG(9, 9)), ident.NewSource()
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	entries := make([]record.Entry, n)
	for i := range entries { // two at the same moment, two within a millisecond
		at := time.Date(2026, 11, 20, 22, 0, 0, 0, time.UTC).Add(time.Duration(i/4) * 12 * time.Hour / time.Duration(n))
		at = at.Add(time.Duration(i/2%2) * 10 * time.Microsecond).Truncate(time.Microsecond)
		c := &record.Call{ID: src.New(at), Time: at.UnixMicro(), Org: "acme", Team: pick("search", "ads"), Project: pick("web", "app"), Key: pick("key_1", "key_2"),
			Subject: pick("", "ann", "bob"), Session: pick("", "s1"), Operation: pick("chat", "embeddings"), Surface: "openai-chat",
			Provider: pick("openai", "anthropic"), Model: pick("gpt-5.2", "gpt-5.2-mini", "claude"), Outcome: record.OK, Pricing: record.Priced, Cost: money.Nano(rng.Int64N(1e9))}
		c.Asked = pick(c.Provider+"/"+c.Model, c.Model, "assistant")
		if rng.IntN(5) == 0 {
			c.Outcome, c.ErrorCode = record.Failed, "overloaded"
		}
		if rng.IntN(6) == 0 {
			c.Pricing, c.Cost = record.Unpriced, 0
		}
		for _, q := range []llm.Quantity{llm.Input, llm.CacheRead, llm.CacheWrite1h, llm.Output, llm.OutputReasoning, llm.WebSearch} {
			c.Usage.N[q] = rng.Int64N(1000)
		}
		entries[i].Call = c
	}
	return entries
}

func TestACursorWhoseCallIsGone(t *testing.T) {
	s, entries := fresh(t), some(100)
	list := newest(entries)
	gone := list[40].ID
	gone[15] ^= 0xff
	apply(t, s, 0, entries)
	got := found(t, s, calls.Query{Before: gone})
	for i := range got {
		if got[i].Time > list[40].Time {
			t.Errorf("call %d is newer than the cursor", i)
		}
	}
	if len(got) < 52 {
		t.Errorf("%d calls are older than the cursor; want all but those of its millisecond", len(got))
	}
}
