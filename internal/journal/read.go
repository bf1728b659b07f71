package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/record"
)

// End returns the offset after the last entry written.
func (j *Journal) End() int64 { return j.end.Load() }

// announce wakes those that wait for more.
func (j *Journal) announce() {
	if j.waiters.Load() == 0 {
		return
	}
	j.moreM.Lock()
	close(j.more)
	j.more = make(chan struct{})
	j.moreM.Unlock()
}

// Wait returns once there are entries after offset, or with ctx's error.
func (j *Journal) Wait(ctx context.Context, offset int64) error {
	j.waiters.Add(1) // before End is looked at, so that no announcement is missed
	defer j.waiters.Add(-1)
	for {
		j.moreM.Lock()
		more := j.more
		j.moreM.Unlock()
		if j.End() > offset {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-more:
		}
	}
}

// Reader reads entries in order. It is for one goroutine.
type Reader struct {
	// CallsOnly leaves holds out, unread.
	CallsOnly bool
	// Reuse lets Next write into what lies behind dst's length: entries that it
	// returned earlier and that nobody needs any more.
	Reuse bool

	j    *Journal
	next int64
	seg  segment
	file *os.File
	buf  []byte // a window of the segment
	at   int64  // offset of buf[0]
	n    int
	over []byte // for a frame larger than the window
}

// NewReader returns a reader that starts at offset, which is 0 or was returned by
// Next. Close it.
func (j *Journal) NewReader(offset int64) *Reader {
	return &Reader{j: j, next: offset}
}

// Close closes what the reader has open.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// Next appends up to limit entries to dst, and returns them and the offset after
// the last. At the end of the journal it returns dst unchanged.
func (r *Reader) Next(dst []record.Entry, limit int) ([]record.Entry, int64, error) {
	end := r.j.End()
	for i := range limit {
		if r.next >= end {
			break
		}
		if i%64 == 63 {
			runtime.Gosched() // a batch must not keep a call waiting for a processor
		}
		payload, err := r.frame(end)
		if err != nil {
			return dst, r.next, fmt.Errorf("read journal at %d: %w", r.next, err)
		}
		if !r.CallsOnly || !record.IsHold(payload) {
			var old record.Entry
			if n := len(dst); r.Reuse && n < cap(dst) {
				old = dst[:n+1][n]
			}
			e, err := record.DecodeInto(old, payload)
			if err != nil {
				return dst, r.next, fmt.Errorf("read journal at %d: %w", r.next, err)
			}
			dst = append(dst, e)
		}
		r.next += frameHead + int64(len(payload))
	}
	return dst, r.next, nil
}

const window = 256 << 10

// frame returns the payload at r.next, reading a window of the segment at a time.
func (r *Reader) frame(end int64) ([]byte, error) {
	limit, err := r.enter(end)
	if err != nil {
		return nil, err
	}
	view := windowed{r, limit}
	return readFrame(view, r.next-r.seg.base, limit, &r.over)
}

// enter makes the segment of r.next the open one and returns how many of its
// bytes may be read.
func (r *Reader) enter(end int64) (int64, error) {
	seg, next, ok := r.j.entries.find(r.next)
	if !ok {
		return 0, fmt.Errorf("no segment holds it")
	}
	limit := end
	if next > 0 {
		limit = min(limit, next)
	}
	if r.file == nil || seg != r.seg {
		if r.file != nil {
			_ = r.file.Close()
		}
		f, err := os.Open(seg.path)
		if err != nil {
			return 0, err
		}
		r.file, r.seg, r.n = f, seg, 0
	}
	return limit - seg.base, nil
}

// windowed is the reader's segment read through its window.
type windowed struct {
	r     *Reader
	limit int64
}

// ReadAt implements io.ReaderAt.
func (w windowed) ReadAt(p []byte, off int64) (int, error) {
	r := w.r
	if off < r.at || off+int64(len(p)) > r.at+int64(r.n) || r.n == 0 {
		if len(p) > window {
			return r.file.ReadAt(p, off)
		}
		if r.buf == nil {
			r.buf = make([]byte, window)
		}
		n, err := r.file.ReadAt(r.buf[:min(window, w.limit-off)], off)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		r.at, r.n = off, n
		if n < len(p) {
			return 0, io.ErrUnexpectedEOF
		}
	}
	return copy(p, r.buf[off-r.at:]), nil
}

// Content reads what was kept of a call. It is fault.NotFound once retention has
// dropped it.
func (j *Journal) Content(c *record.Call) (*record.Content, error) {
	ref := c.Content
	if ref.Length == 0 {
		return nil, fault.New(fault.NotFound, "content_not_kept", "the content of this call was not kept")
	}
	seg, _, ok := j.content.find(ref.Offset)
	gone := fault.New(fault.NotFound, "content_dropped", "the content of this call is past its retention")
	if !ok {
		return nil, gone
	}
	f, err := os.Open(seg.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, gone
	}
	if err != nil {
		return nil, fmt.Errorf("open content: %w", err)
	}
	defer f.Close()
	var buf []byte
	payload, err := readFrame(f, ref.Offset-seg.base, ref.Offset-seg.base+frameHead+ref.Length, &buf)
	if err != nil || int64(len(payload)) != ref.Length {
		return nil, fault.New(fault.Internal, "content_damaged", "the content of this call is damaged").Because(err)
	}
	if j.opts.Sealer != nil {
		if payload, err = j.opts.Sealer.Open(c.Subject, payload); err != nil {
			return nil, fault.New(fault.Internal, "content_sealed", "the content of this call cannot be opened").Because(err)
		}
	}
	return unpack(payload)
}

// DropContent removes content segments that were last written before the retention's edge.
func (j *Journal) DropContent(before time.Time) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.writing {
		j.wrote.Wait()
	}
	return j.content.drop(before)
}
