package journal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/journal"
	"github.com/steward-llmops/steward/internal/record"
)

func open(t testing.TB, opts journal.Options) *journal.Journal {
	t.Helper()
	j, _, err := journal.Open(opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func readAll(t testing.TB, j *journal.Journal, from int64) []record.Entry {
	t.Helper()
	r := j.NewReader(from)
	defer r.Close()
	var all []record.Entry
	for {
		got, _, err := r.Next(nil, 7)
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		if len(got) == 0 {
			return all
		}
		all = append(all, got...)
	}
}

func call(n int) *record.Call {
	return &record.Call{ID: ident.ID{15: byte(n), 14: byte(n >> 8)}, Time: int64(n), Asked: fmt.Sprintf("model-%d", n), Outcome: record.OK}
}

func TestEntriesAndContentComeBack(t *testing.T) {
	dir := t.TempDir()
	opts := journal.Options{Dir: dir, SegmentBytes: 2000} // many segments
	j := open(t, opts)
	var want []record.Entry
	for i := range 100 {
		h := &record.Hold{ID: ident.ID{15: byte(i)}, Asked: "m"}
		c := call(i)
		if err := j.Hold(h); err != nil {
			t.Fatal(err)
		}
		content := &record.Content{Request: []byte(fmt.Sprintf("question %d", i)), Response: []byte("answer"), RequestType: "application/json", ResponseCut: i%2 == 0}
		if err := j.Record(c, content); err != nil {
			t.Fatal(err)
		}
		want = append(want, record.Entry{Hold: h}, record.Entry{Call: c})
	}
	check := func(j *journal.Journal) {
		t.Helper()
		got := readAll(t, j, 0)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("entries (-want +got):\n%s", diff)
		}
		for i := range 100 {
			c, err := j.Content(got[2*i+1].Call)
			if err != nil {
				t.Fatalf("Content of call %d: %v", i, err)
			}
			if q := fmt.Sprintf("question %d", i); string(c.Request) != q || c.ResponseCut != (i%2 == 0) || c.RequestType != "application/json" {
				t.Fatalf("content of call %d = %+v", i, c)
			}
		}
	}
	check(j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	check(open(t, opts))
}

func TestRecoveryAtEveryTornByte(t *testing.T) {
	dir := t.TempDir()
	j := open(t, journal.Options{Dir: dir})
	var ends []int64
	for i := range 3 {
		if err := j.Record(call(i), nil); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, j.End())
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	seg := filepath.Join(dir, "entries", fmt.Sprintf("%020d.seg", 0))
	whole, err := os.ReadFile(seg)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range ends[2] + 1 {
		for _, garbage := range [][]byte{nil, {0, 0, 0, 0}, {7, 9, 200, 1, 1, 1, 1, 1, 1, 1}} {
			if err := os.WriteFile(seg, append(append([]byte{}, whole[:cut]...), garbage...), 0o600); err != nil {
				t.Fatal(err)
			}
			j, rec, err := journal.Open(journal.Options{Dir: dir})
			if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			want := 0
			for _, e := range ends {
				if e <= cut {
					want++
				}
			}
			if got := readAll(t, j, 0); len(got) != want {
				t.Fatalf("cut at %d: %d entries, want %d (recovery %+v)", cut, len(got), want, rec)
			}
			if err := j.Record(call(99), nil); err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, j, 0); len(got) != want+1 || got[want].Call.Time != 99 {
				t.Fatalf("cut at %d: the entry after recovery did not follow the whole ones", cut)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestManyAppendersAtOnce(t *testing.T) {
	j := open(t, journal.Options{Dir: t.TempDir(), SegmentBytes: 10_000})
	const workers, each = 32, 50
	var wg sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	seen := make(chan int, 1)
	wg.Go(func() { // a reader that follows while they write
		r := j.NewReader(0)
		defer r.Close()
		n := 0
		var next int64
		for n < workers*each {
			if err := j.Wait(ctx, next); err != nil {
				break
			}
			got, at, err := r.Next(nil, 64)
			if err != nil {
				t.Errorf("Next: %v", err)
				break
			}
			n, next = n+len(got), at
		}
		seen <- n
	})
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				if err := j.Record(call(w*each+i), &record.Content{Request: make([]byte, i)}); err != nil {
					t.Errorf("Record: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if n := <-seen; n != workers*each {
		t.Fatalf("the follower saw %d entries, want %d", n, workers*each)
	}
	distinct := map[int64]bool{}
	for _, e := range readAll(t, j, 0) {
		distinct[e.Call.Time] = true
		c, err := j.Content(e.Call)
		if err != nil || len(c.Request) != int(e.Call.Time)%each {
			t.Fatalf("content of %d: %d bytes, %v", e.Call.Time, len(c.Request), err)
		}
	}
	if len(distinct) != workers*each {
		t.Errorf("%d distinct entries, want %d", len(distinct), workers*each)
	}
}

func TestAFullDiskLosesNothingThatWasAcknowledged(t *testing.T) {
	var disk journal.Disk
	disk.Left.Store(3000)
	disk.Free.Store(1 << 40)
	opts := disk.With(journal.Options{Dir: t.TempDir(), MinFree: 1 << 20})
	j := open(t, opts)
	acknowledged := map[int64]bool{}
	refused := 0
	write := func(n int) {
		err := j.Record(call(n), &record.Content{Request: []byte("hello")})
		switch {
		case err == nil:
			acknowledged[int64(n)] = true
		case fault.Is(err, fault.Unavailable):
			refused++
		default:
			t.Fatalf("Record: %v", err)
		}
	}
	for n := range 200 {
		write(n)
	}
	if refused == 0 || len(acknowledged) == 0 {
		t.Fatalf("%d acknowledged, %d refused: the disk did not fill up as planned", len(acknowledged), refused)
	}
	disk.Left.Store(1 << 30) // somebody made room
	for n := 200; n < 250; n++ {
		write(n)
	}
	for range 2 { // as read now, and after a restart
		got := map[int64]bool{}
		for _, e := range readAll(t, j, 0) {
			got[e.Call.Time] = true
			if _, err := j.Content(e.Call); err != nil {
				t.Fatalf("content of %d: %v", e.Call.Time, err)
			}
		}
		if diff := cmp.Diff(acknowledged, got); diff != "" {
			t.Fatalf("entries (-acknowledged +read):\n%s", diff)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		j = open(t, opts)
	}
}

func TestLowSpaceRefusesNewCallsButRecordsThoseInFlight(t *testing.T) {
	var disk journal.Disk
	disk.Left.Store(1 << 30)
	disk.Free.Store(1 << 30)
	j := open(t, disk.With(journal.Options{Dir: t.TempDir(), MinFree: 1 << 20}))
	if err := j.Hold(&record.Hold{}); err != nil {
		t.Fatal(err)
	}
	disk.Free.Store(1000)
	j.MeasureSpace()
	if err := j.Hold(&record.Hold{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Hold on a nearly full disk = %v, want unavailable", err)
	}
	if err := j.Record(call(1), nil); err != nil {
		t.Errorf("Record of a call in flight on a nearly full disk: %v", err)
	}
	disk.Free.Store(1 << 30)
	j.MeasureSpace()
	if err := j.Hold(&record.Hold{}); err != nil {
		t.Errorf("Hold after space was made: %v", err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	open(t, journal.Options{Dir: dir})
	if _, _, err := journal.Open(journal.Options{Dir: dir}); !fault.Is(err, fault.Conflict) {
		t.Errorf("second Open = %v, want conflict", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := journal.Open(journal.Options{Dir: filepath.Join(file, "x")}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Open below a file = %v, want unavailable", err)
	}
}

func TestDropContentKeepsTheRest(t *testing.T) {
	j := open(t, journal.Options{Dir: t.TempDir(), SegmentBytes: 300})
	var calls []*record.Call
	for i := range 20 {
		c := call(i)
		if err := j.Record(c, &record.Content{Request: []byte(fmt.Sprint("some words that fill a segment", i))}); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, c)
	}
	dropped, err := j.DropContent(time.Now().Add(time.Hour))
	if err != nil || dropped == 0 {
		t.Fatalf("DropContent = %d, %v", dropped, err)
	}
	if _, err := j.Content(calls[0]); !fault.Is(err, fault.NotFound) {
		t.Errorf("content of the oldest call = %v, want not found", err)
	}
	if _, err := j.Content(calls[19]); err != nil {
		t.Errorf("content of the newest call: %v", err)
	}
	if n := len(readAll(t, j, 0)); n != 20 {
		t.Errorf("%d entries after content was dropped, want 20", n)
	}
}

func BenchmarkHoldAndRecord(b *testing.B) {
	j := open(b, journal.Options{Dir: b.TempDir()})
	content := &record.Content{Request: make([]byte, 2048), Response: make([]byte, 1024)}
	for i := range content.Request {
		content.Request[i] = byte(i * i)
	}
	c, h := call(1), &record.Hold{Asked: "openai/gpt-4o-mini", Key: "key_01jx"}
	b.ReportAllocs()
	for b.Loop() {
		if err := j.Hold(h); err != nil {
			b.Fatal(err)
		}
		if err := j.Record(c, content); err != nil {
			b.Fatal(err)
		}
	}
}
