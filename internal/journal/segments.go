package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A log is a row of segment files. A position in it is a byte offset that grows
// for ever; a segment's name is the offset of its first byte. A frame is a length
// and a CRC-32C of the payload, both little-endian uint32, and the payload. A
// length of zero is where the log ends, because segments are allocated ahead.
const (
	frameHead = 8
	suffix    = ".seg"
	// maxFrame bounds a frame, so that garbage is not taken for a length.
	maxFrame = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errTorn is a frame that is not whole: the end of what was written.
var errTorn = errors.New("torn frame")

// file is what a log needs of an *os.File; tests put a failing disk in its place.
type file interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
	Truncate(size int64) error
	Close() error
}

// opener opens or creates a segment.
type opener func(path string, allocate int64) (file, error)

type segment struct {
	base int64
	path string
}

// segments is one log on disk. One goroutine writes at a time; Journal sees to it.
type segments struct {
	dir   string
	limit int64 // roll to a new segment at this size
	open  opener
	end   int64 // offset after the last whole frame written

	mu   sync.RWMutex // guards list and file, which readers look at while a write runs
	list []segment    // by base; the last one is active
	file file         // the active one
}

// openSegments reads the log in dir and finds its end. torn is how many bytes at
// the end were not a whole frame; they are cut off.
func openSegments(dir string, limit int64, open opener) (s *segments, torn int64, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, 0, fmt.Errorf("make journal folder: %w", err)
	}
	s = &segments{dir: dir, limit: limit, open: open}
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, 0, fmt.Errorf("read journal folder: %w", err)
	}
	for _, n := range names {
		base, found := strings.CutSuffix(n.Name(), suffix)
		if !found {
			continue
		}
		b, err := strconv.ParseInt(base, 10, 64)
		if err != nil {
			return nil, 0, fmt.Errorf("journal segment %q: its name is not an offset", n.Name())
		}
		s.list = append(s.list, segment{b, filepath.Join(dir, n.Name())})
	}
	slices.SortFunc(s.list, func(a, b segment) int { return int(min(1, max(-1, a.base-b.base))) })
	if len(s.list) == 0 {
		return s, 0, s.roll()
	}
	torn, err = s.recover()
	return s, torn, err
}

// recover opens the last segment and finds the end of its whole frames.
func (s *segments) recover() (torn int64, err error) {
	last := s.list[len(s.list)-1]
	f, err := s.open(last.path, 0)
	if err != nil {
		return 0, fmt.Errorf("open journal segment: %w", err)
	}
	info, err := os.Stat(last.path)
	if err != nil {
		f.Close()
		return 0, fmt.Errorf("stat journal segment: %w", err)
	}
	size := info.Size()
	var off int64
	var buf []byte
	for {
		payload, err := readFrame(f, off, size, &buf)
		if err != nil {
			if errors.Is(err, errTorn) {
				torn = s.garbage(f, off, size)
				break
			}
			if errors.Is(err, io.EOF) {
				break
			}
			f.Close()
			return 0, fmt.Errorf("read journal segment: %w", err)
		}
		off += frameHead + int64(len(payload))
	}
	// Cutting the tail keeps stale frames behind a torn one from coming back to
	// life when new frames end where they begin.
	if size > off {
		if err := f.Truncate(off); err != nil {
			f.Close()
			return 0, fmt.Errorf("cut the torn end of the journal: %w", err)
		}
	}
	s.file, s.end = f, last.base+off
	return torn, nil
}

// garbage counts the bytes from off to the last one that is not zero.
func (s *segments) garbage(f io.ReaderAt, off, size int64) int64 {
	buf := make([]byte, 64<<10)
	var last int64
	for at := off; at < size; {
		n, err := f.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		for i := n - 1; i >= 0; i-- {
			if buf[i] != 0 {
				last = at + int64(i) + 1 - off
				break
			}
		}
		at += int64(n)
		if err != nil || n == 0 {
			break
		}
	}
	return last
}

// readFrame reads the frame at off in a segment of which size bytes may be read.
// io.EOF is the clean end; errTorn a broken frame. The payload is in *buf.
func readFrame(f io.ReaderAt, off, size int64, buf *[]byte) ([]byte, error) {
	if off+frameHead > size {
		if off == size {
			return nil, io.EOF
		}
		return nil, errTorn
	}
	var head [frameHead]byte
	if _, err := f.ReadAt(head[:], off); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	sum := binary.LittleEndian.Uint32(head[4:])
	if n == 0 && sum == 0 {
		return nil, io.EOF
	}
	if n == 0 || n > maxFrame || off+frameHead+n > size {
		return nil, errTorn
	}
	if int64(cap(*buf)) < n {
		*buf = make([]byte, n)
	}
	b := (*buf)[:n]
	if _, err := f.ReadAt(b, off+frameHead); err != nil {
		return nil, err
	}
	if crc32.Checksum(b, castagnoli) != sum {
		return nil, errTorn
	}
	return b, nil
}

// appendFrame appends a frame around what fill appends.
func appendFrame(dst []byte, fill func([]byte) []byte) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
	dst = fill(dst)
	payload := dst[at+frameHead:]
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(dst[at+4:], crc32.Checksum(payload, castagnoli))
	return dst
}

// write puts whole frames at the end, in a new segment if the active one is full.
// After an error nothing of b is in the log.
func (s *segments) write(b []byte) error {
	base := s.list[len(s.list)-1].base
	if s.end-base > 0 && s.end-base+int64(len(b)) > s.limit {
		if err := s.roll(); err != nil {
			return err
		}
		base = s.end
	}
	if _, err := s.file.WriteAt(b, s.end-base); err != nil {
		// What was written in part must not be taken for a frame later.
		_ = s.file.Truncate(s.end - base)
		return fmt.Errorf("write journal: %w", err)
	}
	s.end += int64(len(b))
	return nil
}

// roll starts a new segment at the end.
func (s *segments) roll() error {
	path := filepath.Join(s.dir, fmt.Sprintf("%020d%s", s.end, suffix))
	f, err := s.open(path, s.limit)
	if err != nil {
		return fmt.Errorf("start journal segment: %w", err)
	}
	if s.file != nil {
		err := s.file.Sync()
		if e := s.file.Truncate(s.end - s.list[len(s.list)-1].base); err == nil {
			err = e
		}
		if e := s.file.Close(); err == nil {
			err = e
		}
		if err != nil {
			f.Close()
			return fmt.Errorf("close journal segment: %w", err)
		}
	}
	s.mu.Lock()
	s.file = f
	s.list = append(s.list, segment{s.end, path})
	s.mu.Unlock()
	return nil
}

// active returns the segment that is being written.
func (s *segments) active() file {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.file
}

// find returns the segment that holds offset, and where the next one begins (0: it
// is the last).
func (s *segments) find(offset int64) (seg segment, next int64, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i, exact := slices.BinarySearchFunc(s.list, offset, func(g segment, o int64) int {
		return int(min(1, max(-1, g.base-o)))
	})
	if !exact {
		i--
	}
	if i < 0 {
		return segment{}, 0, false
	}
	if i+1 < len(s.list) {
		next = s.list[i+1].base
	}
	return s.list[i], next, true
}

// drop removes segments, oldest first, that were last written before t; never the
// active one.
func (s *segments) drop(t time.Time) (dropped int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.list) > 1 {
		info, err := os.Stat(s.list[0].path)
		if err != nil {
			return dropped, fmt.Errorf("stat journal segment: %w", err)
		}
		if !info.ModTime().Before(t) {
			return dropped, nil
		}
		if err := os.Remove(s.list[0].path); err != nil {
			return dropped, fmt.Errorf("drop journal segment: %w", err)
		}
		s.list = s.list[1:]
		dropped++
	}
	return dropped, nil
}
