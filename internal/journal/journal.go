// Package journal is the append-only log that everything after a call is
// projected from (DESIGN: one journal, many projections), and the log of content
// beside it.
//
// An entry is in the operating system's hands when Append returns, so that it
// survives the end of the process at any moment; fsync follows within Sync, so
// that it survives the end of the machine but for the last few milliseconds.
// Entries that wait at the same time go out in one write.
package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/record"
)

// Options say how a journal is kept.
type Options struct {
	Dir          string
	SegmentBytes int64         // zero means 64 MiB
	Sync         time.Duration // entries are synced to disk within this of their write; zero means 10 ms
	MinFree      int64         // new calls are refused with less disk space than this; bytes
	Sealer       Sealer        // nil: content is compressed, not encrypted
	Log          *slog.Logger  // nil: discarded
	open         opener        // tests only
	free         func(dir string) (int64, error)
}

// Recovery says what Open found.
type Recovery struct {
	Torn        int64 // bytes of entries cut off at the end: a write that the last process did not finish
	TornContent int64
	End         int64 // offset after the last entry
}

// Journal is the log. It is safe for concurrent use.
type Journal struct {
	opts Options
	lock *os.File

	mu         sync.Mutex
	wrote      *sync.Cond // a write ended
	entries    *segments
	content    *segments
	waiting    *batch // what the next write takes
	spare      *batch // buffers to use again
	contentEnd int64  // content log offset after all that waits or is being written
	writing    bool
	closed     bool

	end   atomic.Int64 // entries.end, for readers
	dirty atomic.Bool
	// synced is the end of what is on the disk for certain
	synced  atomic.Int64
	low     atomic.Bool // too little space for new calls
	more    chan struct{}
	moreM   sync.Mutex
	waiters atomic.Int32

	written chan struct{} // something has been written since the last sync
	stop    chan struct{}
	done    sync.WaitGroup
}

// batch is what goes out in one write.
type batch struct {
	entries, content []byte
	users            int // goroutines that wait for it
	done             bool
	err              error
}

// Open opens the journal in opts.Dir, or makes it, and starts its syncer; Close
// ends it. Another process that uses the folder is a fault.Conflict.
func Open(opts Options) (*Journal, Recovery, error) {
	if opts.SegmentBytes <= 0 {
		opts.SegmentBytes = 64 << 20
	}
	if opts.Sync <= 0 {
		opts.Sync = 10 * time.Millisecond
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.open == nil {
		opts.open = openFile
	}
	if opts.free == nil {
		opts.free = freeSpace
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, Recovery{}, dirFault(opts.Dir, err)
	}
	lock, err := lockDir(opts.Dir)
	if err != nil {
		return nil, Recovery{}, err
	}
	j := &Journal{opts: opts, lock: lock, stop: make(chan struct{}), written: make(chan struct{}, 1), more: make(chan struct{}), waiting: new(batch)}
	j.wrote = sync.NewCond(&j.mu)
	var rec Recovery
	if j.entries, rec.Torn, err = openSegments(filepath.Join(opts.Dir, "entries"), opts.SegmentBytes, opts.open); err == nil {
		j.content, rec.TornContent, err = openSegments(filepath.Join(opts.Dir, "content"), opts.SegmentBytes, opts.open)
	}
	if err != nil {
		lock.Close()
		return nil, rec, dirFault(opts.Dir, err)
	}
	j.contentEnd = j.content.end
	j.end.Store(j.entries.end)
	j.synced.Store(j.entries.end)
	rec.End = j.entries.end
	j.measureSpace()
	j.done.Go(j.syncer)
	return j, rec, nil
}

func dirFault(dir string, err error) error {
	f := fault.New(fault.Unavailable, "journal_unavailable", "the journal in %s cannot be used", dir).Because(err)
	switch {
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return f.Hinted("make the folder writable for this user, or choose another with --data")
	case errors.Is(err, syscall.ENOSPC):
		return f.Hinted("free some disk space, then start again: nothing was lost")
	}
	return f.Hinted("look at the cause; the journal's files have not been changed")
}

func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "LOCK"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, dirFault(dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fault.New(fault.Conflict, "data_in_use", "another Steward uses %s", dir).
			Hinted("stop it, or give this one a folder of its own with --data")
	}
	return f, nil
}

// Hold writes that a call is about to leave. With too little disk space, or a
// disk that does not take the entry, it is a fault.Unavailable and the call must
// not leave.
func (j *Journal) Hold(h *record.Hold) error {
	if j.low.Load() {
		return fault.New(fault.Unavailable, "disk_full", "the disk is nearly full, so new calls cannot be recorded").
			Hinted("free disk space on the server; calls go on by themselves afterwards")
	}
	return j.append(record.Entry{Hold: h}, nil)
}

// Record writes the record of a call that has ended, with its content if that is
// not nil, and sets c.Content. When it returns, the record is down; only then
// may the call's last byte go out.
func (j *Journal) Record(c *record.Call, content *record.Content) error {
	if content == nil {
		return j.append(record.Entry{Call: c}, nil)
	}
	packed := packPool.Get().(*[]byte)
	defer packPool.Put(packed)
	sealed, err := j.seal((*packed)[:0], c.Subject, content)
	if err != nil {
		return err
	}
	if j.opts.Sealer == nil {
		*packed = sealed // it may have grown
	}
	return j.append(record.Entry{Call: c}, sealed)
}

// seal packs content behind dst, encrypted where the journal does so.
func (j *Journal) seal(dst []byte, subject string, content *record.Content) ([]byte, error) {
	dst = pack(dst, content)
	if j.opts.Sealer == nil {
		return dst, nil
	}
	sealed, err := j.opts.Sealer.Seal(subject, dst)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "content_seal", "the call's content cannot be sealed").Because(err)
	}
	return sealed, nil
}

func (j *Journal) append(e record.Entry, content []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return errClosed()
	}
	j.put(e, content)
	return j.await(j.waiting)
}

func errClosed() error {
	return fault.New(fault.Unavailable, "journal_closed", "Steward is shutting down").Hinted("try again in a moment")
}

// put lays an entry and its content (nil: none) into the batch that waits. j.mu is
// held.
func (j *Journal) put(e record.Entry, content []byte) {
	b := j.waiting
	if content != nil {
		before := len(b.content)
		b.content = appendFrame(b.content, func(b []byte) []byte { return append(b, content...) })
		ref := record.ContentRef{Offset: j.contentEnd, Length: int64(len(content))}
		switch {
		case e.Call != nil:
			e.Call.Content = ref
		case e.Span != nil:
			e.Span.Content = ref
		case e.Log != nil:
			e.Log.Content = ref
		}
		j.contentEnd += int64(len(b.content) - before)
	}
	b.entries = appendFrame(b.entries, func(b []byte) []byte { return record.Append(b, e) })
}

// await returns once the batch is written; it writes it where nobody else does.
// j.mu is held.
func (j *Journal) await(b *batch) error {
	b.users++
	for !b.done {
		if j.writing {
			j.wrote.Wait()
		} else {
			j.flush()
		}
	}
	err := b.err
	if b.users--; b.users == 0 && j.spare == nil && cap(b.entries)+cap(b.content) < 4<<20 {
		*b = batch{entries: b.entries[:0], content: b.content[:0]}
		j.spare = b
	}
	if err != nil {
		return fault.New(fault.Unavailable, "journal_write", "the call cannot be recorded").Because(err).
			Hinted("look at the server's disk: %s", j.opts.Dir)
	}
	return nil
}

// flush writes the waiting batch. j.mu is held, and let go while the write runs.
// Content goes first, so that an entry never names content that is not there.
func (j *Journal) flush() {
	b := j.waiting
	j.waiting, j.spare = j.spare, nil
	if j.waiting == nil {
		j.waiting = new(batch)
	}
	j.writing = true
	j.mu.Unlock()
	var err error
	if len(b.content) > 0 {
		err = j.content.write(b.content)
	}
	if err == nil {
		err = j.entries.write(b.entries)
	}
	if err == nil {
		j.end.Store(j.entries.end)
		if !j.dirty.Swap(true) {
			select {
			case j.written <- struct{}{}:
			default: // the syncer knows
			}
		}
	}
	j.mu.Lock()
	j.writing = false
	b.done, b.err = true, err
	if err != nil {
		// What waits was laid out behind what failed, so it fails too.
		j.waiting.done, j.waiting.err = true, err
		j.waiting = new(batch)
		j.contentEnd = j.content.end
	}
	j.wrote.Broadcast()
	j.announce()
}

// contentLag is how many times Sync the content log may be behind: what a call cost
// matters more after a power cut than what was said in it, and each sync has its price.
const contentLag = 20

// syncer follows writes with syncs to the disk, and watches the free space. It
// sleeps while nothing is written.
func (j *Journal) syncer() {
	space := time.NewTicker(time.Second)
	defer space.Stop()
	due := time.NewTimer(time.Hour)
	due.Stop()
	defer due.Stop()
	content := time.NewTimer(time.Hour)
	content.Stop()
	defer content.Stop()
	waiting := false // for the content log
	for {
		select {
		case <-j.stop:
			return
		case <-space.C:
			j.measureSpace()
		case <-j.written:
			due.Reset(j.opts.Sync)
			if !waiting {
				waiting = true
				content.Reset(contentLag * j.opts.Sync)
			}
		case <-due.C:
			if err := j.syncEntries(); err != nil {
				j.opts.Log.Error("journal sync", "err", err)
				due.Reset(time.Second)
			}
		case <-content.C:
			waiting = false
			if err := sync1(j.content.active()); err != nil {
				j.opts.Log.Error("content sync", "err", err)
			}
		}
	}
}

// Synced returns the offset up to which entries are on the disk itself.
func (j *Journal) Synced() int64 { return j.synced.Load() }

// Segments returns how many files hold entries.
func (j *Journal) Segments() int {
	j.entries.mu.RLock()
	defer j.entries.mu.RUnlock()
	return len(j.entries.list)
}

// Sync brings all that is written to the disk itself.
func (j *Journal) Sync() error {
	return errors.Join(j.syncEntries(), sync1(j.content.active()))
}

func (j *Journal) syncEntries() error {
	if !j.dirty.Swap(false) {
		return nil
	}
	end := j.End()
	// A segment that rolls meanwhile has been synced and closed by the roll.
	if err := sync1(j.entries.active()); err != nil {
		j.dirty.Store(true)
		return err
	}
	j.synced.Store(end)
	return nil
}

// sync1 syncs a segment; one that was closed by a roll has been synced by it.
func sync1(f file) error {
	if err := f.Sync(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("sync journal: %w", err)
	}
	return nil
}

func (j *Journal) measureSpace() {
	free, err := j.opts.free(j.opts.Dir)
	if err != nil {
		return // not known here: writes themselves will tell
	}
	low := free < j.opts.MinFree
	if was := j.low.Swap(low); low != was {
		j.opts.Log.Warn("disk space", "low", low, "free_bytes", free, "min_free_bytes", j.opts.MinFree)
	}
}

// Healthy returns why new calls would be refused, nil if they would not.
func (j *Journal) Healthy() error {
	if j.low.Load() {
		return fault.New(fault.Unavailable, "disk_full", "less than %d MiB of disk space are free", j.opts.MinFree>>20)
	}
	return nil
}

// Close writes what waits, syncs, and lets the folder go.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	for j.writing {
		j.wrote.Wait()
	}
	j.mu.Unlock()
	close(j.stop)
	j.done.Wait()
	err := j.Sync()
	j.announce()
	return errors.Join(err, j.content.file.Close(), j.entries.file.Close(), j.lock.Close())
}

func freeSpace(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("measure free space: %w", err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// openFile opens a segment, and sets disk space aside for it where the file system
// can, so that calls in flight can still be recorded on a disk that fills up.
func openFile(path string, allocate int64) (file, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if allocate > 0 {
		if err := syscall.Fallocate(int(f.Fd()), 0, 0, allocate); errors.Is(err, syscall.ENOSPC) {
			f.Close()
			_ = os.Remove(path)
			return nil, err
		}
	}
	return synced{f}, nil
}

// synced is a file whose Sync brings its data to the disk, and of its metadata only
// what is needed to read them.
type synced struct{ *os.File }

// Sync implements file by fdatasync(2).
func (s synced) Sync() error {
	conn, err := s.SyscallConn()
	if err != nil {
		return os.ErrClosed
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		for {
			if failed = syscall.Fdatasync(int(fd)); !errors.Is(failed, syscall.EINTR) {
				return
			}
		}
	})
	if err != nil {
		return os.ErrClosed
	}
	return failed
}
