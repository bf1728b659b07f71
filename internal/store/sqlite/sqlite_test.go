package sqlite_test

import (
	"bufio"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/record"
	"github.com/steward-llmops/steward/internal/security/access"
	"github.com/steward-llmops/steward/internal/store"
	"github.com/steward-llmops/steward/internal/store/sqlite"
	"github.com/steward-llmops/steward/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Engine{Fresh: func(t testing.TB) func() (*store.Store, error) {
		path := filepath.Join(t.TempDir(), "state.db")
		return func() (*store.Store, error) { return sqlite.Open(context.Background(), path) }
	}})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	ctx := context.Background()
	tests := map[string]struct {
		path func(t *testing.T, dir string) string
		code string
	}{
		"a file that is not SQLite": {func(t *testing.T, dir string) string {
			return write(t, filepath.Join(dir, "state.db"), []byte(strings.Repeat("not a database. ", 1000)))
		}, "store_corrupt"},
		"a damaged file": {func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "state.db")
			s, err := sqlite.Open(ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := range b[100:4096] {
				b[100+i] = 0x55
			}
			return write(t, path, b)
		}, "store_corrupt"},
		"no folder": {func(t *testing.T, dir string) string {
			return filepath.Join(dir, "missing", "state.db")
		}, "store_unavailable"},
		"a file in place of the folder": {func(t *testing.T, dir string) string {
			return filepath.Join(write(t, filepath.Join(dir, "file"), nil), "state.db")
		}, "store_unavailable"},
		"a folder that nobody can write to": {func(t *testing.T, dir string) string {
			if os.Geteuid() == 0 {
				t.Skip("root may write everywhere")
			}
			if err := os.Chmod(dir, 0o500); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(dir, "state.db")
		}, "store_read_only"},
		"a newer schema": {func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "state.db")
			execute(t, path, "CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY)", "INSERT INTO schema_version VALUES (999)")
			return path
		}, "schema_newer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := tt.path(t, t.TempDir())
			s, err := sqlite.Open(ctx, path)
			if err == nil {
				s.Close()
			}
			f := fault.As(err)
			if err == nil || f.StableCode() != tt.code || f.Hint == "" {
				t.Fatalf("Open gives %v; want a hinted %s", err, tt.code)
			}
		})
	}
}

func TestALockedStoreIsUnavailable(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "state.db")
	s, err := sqlite.OpenBusy(ctx, path, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	other := raw(t, path)
	if _, err := other.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.OpenBusy(ctx, path, 1); !fault.Is(err, fault.Unavailable) || fault.As(err).Code != "store_locked" {
		t.Errorf("opening a locked store gives %v", err)
	}
	if err := s.InsertKey(ctx, access.StoredKey{}); fault.As(err).StableCode() != "store_locked" {
		t.Errorf("a change to a locked store gives %v", err)
	}
	if err := s.Apply(ctx, 0, storetest.Calls(1, 10), 10); fault.As(err).StableCode() != "store_locked" {
		t.Errorf("applying to a locked store gives %v", err)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(ctx, 0, storetest.Calls(1, 10), 10); err != nil {
		t.Errorf("after the lock is gone: %v", err)
	}
}

// The files of an open store are what kill -9 leaves behind.
func TestWhatWasAppliedSurvivesTheEndOfTheProcess(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s, err := sqlite.Open(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	entries := storetest.Calls(1, 1000)
	for at := 0; at < len(entries); at += 100 {
		if err := s.Apply(ctx, int64(at), entries[at:at+100], int64(at+100)); err != nil {
			t.Fatal(err)
		}
	}
	dead := t.TempDir()
	if err := os.CopyFS(dead, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	wal, err := os.ReadFile(filepath.Join(dead, "state.db-wal"))
	if err != nil || len(wal) == 0 {
		t.Fatalf("the log beside the file has %d bytes, %v", len(wal), err)
	}
	for name, cut := range map[string]int{"whole": len(wal), "torn": len(wal) - 5000} {
		t.Run(name, func(t *testing.T) {
			copied := t.TempDir()
			if err := os.CopyFS(copied, os.DirFS(dead)); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(copied, "state.db-wal"), wal[:cut])
			back, err := sqlite.Open(ctx, filepath.Join(copied, "state.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer back.Close()
			at, err := back.Position(ctx)
			if err != nil || at%100 != 0 || (name == "whole") != (at == 1000) {
				t.Fatalf("it stands at %d, %v", at, err)
			}
			report, err := back.LedgerReport(ctx, time.Time{}, time.Time{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if want := calls(entries[:at]); report.Total.Calls != want {
				t.Errorf("at position %d there are %d calls; want %d", at, report.Total.Calls, want)
			}
			for ; at < 1000; at += 100 { // the journal brings the rest again
				if err := back.Apply(ctx, at, entries[at:at+100], at+100); err != nil {
					t.Fatal(err)
				}
			}
			report, err = back.LedgerReport(ctx, time.Time{}, time.Time{}, nil)
			if err != nil || report.Total.Calls != calls(entries) {
				t.Errorf("in the end there are %d calls, %v; want %d", report.Total.Calls, err, calls(entries))
			}
		})
	}
}

// childEnv makes the test binary a process that applies batches of 100 to the file
// which it names, says each position once it is reached, and never ends by itself.
const childEnv = "STEWARD_TEST_STATE"

const childEntries = 100_000

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		child(path)
	}
	os.Exit(m.Run())
}

func child(path string) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	entries := storetest.Calls(11, childEntries)
	for at := int64(0); at < childEntries; at += 100 {
		if err := s.Apply(ctx, at, entries[at:at+100], at+100); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(at + 100)
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
	os.Exit(0)
}

func TestAKilledProcessLosesNothing(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "state.db")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, said := bufio.NewScanner(stdout), int64(0)
	for said < 3000 && lines.Scan() {
		if said, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
			t.Fatalf("the process says %q", lines.Text())
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // what it said before it died counts
		if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
			said = n
		}
	}
	_ = cmd.Wait() // it was killed

	s, err := sqlite.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at, err := s.Position(ctx)
	if err != nil || at < said || at%100 != 0 {
		t.Fatalf("the ledger stands at %d, %v; the process had said %d", at, err, said)
	}
	var cost money.Nano // the generator gives the same calls again, but for their ids
	entries := storetest.Calls(11, childEntries)[:at]
	for _, e := range entries {
		if e.Call != nil {
			cost += e.Call.Cost
		}
	}
	for name, to := range map[string]time.Time{"by day": {}, "call by call": time.UnixMicro(1 << 60)} {
		report, err := s.LedgerReport(ctx, time.Time{}, to, nil)
		if err != nil || report.Total.Calls != calls(entries) || report.Total.CostNano != cost {
			t.Errorf("%s the ledger has %d calls for %v, %v; want %d for %v", name, report.Total.Calls, report.Total.CostNano, err, calls(entries), cost)
		}
	}
}

var update = flag.Bool("update", false, "rewrite golden files")

func TestSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows, err := raw(t, path).Query("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got txtar.Archive
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			t.Fatal(err)
		}
		got.Files = append(got.Files, txtar.File{Name: name, Data: []byte(text + "\n")})
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/schema.txtar"
	if *update {
		write(t, golden, txtar.Format(&got))
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(txtar.Format(&got))); diff != "" {
		t.Errorf("a released migration never changes; after a new one run go test -update (-want +got):\n%s", diff)
	}
}

func calls(entries []record.Entry) (n int64) {
	for _, e := range entries {
		if e.Call != nil {
			n++
		}
	}
	return n
}

func TestFileIsPrivateAndPathsAreTakenAsTheyAre(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c=d&e#f%20g.db")
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.InsertKey(context.Background(), access.StoredKey{}); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		st, err := os.Stat(path + suffix)
		if err != nil || st.Mode().Perm() != 0o600 || st.Size() == 0 {
			t.Errorf("%q: %v, %v", suffix, st, err)
		}
	}
}

func write(t *testing.T, path string, b []byte) string {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func execute(t *testing.T, path string, statements ...string) {
	t.Helper()
	db := raw(t, path)
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func BenchmarkApply(b *testing.B) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const size = 500
	at, spent, rows, now := int64(0), time.Duration(0), 0, time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	entries, rng, src := make([]record.Entry, size), rand.New(rand.NewPCG(1, 2)), ident.NewSource()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for i := range entries { // 240 combinations of project and model, in the order of arrival but for a second
			now = now.Add(2 * time.Millisecond)
			at := now.Add(-time.Duration(rng.IntN(1000)) * time.Millisecond)
			c := &record.Call{ID: src.New(at), Time: at.UnixMicro(), Org: "acme", Team: "search", Project: fmt.Sprintf("project-%d", rng.IntN(20)),
				Provider: "openai", Model: fmt.Sprintf("model-%d", rng.IntN(12)), Catalogue: "2026-11-01", Pricing: record.Priced, Cost: money.Nano(rng.Int64N(1e9))}
			c.Key, c.PriceID = "key_"+c.Project, c.Provider+"/"+c.Model
			c.Usage.N[llm.Input], c.Usage.N[llm.Output] = rng.Int64N(5000), rng.Int64N(900)
			entries[i] = record.Entry{Call: c}
		}
		runtime.GC()
		before := cpu()
		b.StartTimer()
		if err := s.Apply(ctx, at, entries, at+size); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		spent += cpu() - before
		at, rows = at+size, rows+size
		b.StartTimer()
	}
	b.ReportMetric(float64(spent.Nanoseconds())/1000/float64(rows), "cpu-us/row")
}

func BenchmarkReport(b *testing.B) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for at := int64(0); at < 200_000; at += 2000 {
		if err := s.Apply(ctx, at, storetest.Calls(uint64(at), 2000), at+2000); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := s.LedgerReport(ctx, time.Time{}, time.Time{}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
