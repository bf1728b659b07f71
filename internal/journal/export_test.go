package journal

import (
	"errors"
	"sync/atomic"
	"syscall"
)

// Disk is a disk that can fill up, for tests.
type Disk struct {
	Left atomic.Int64 // bytes that may still be written
	Free atomic.Int64 // what the free-space guard sees
}

type diskFile struct {
	file
	disk *Disk
}

// WriteAt writes what fits, as a real disk does, and then fails.
func (f diskFile) WriteAt(p []byte, off int64) (int, error) {
	left := f.disk.Left.Add(-int64(len(p)))
	if left >= 0 {
		return f.file.WriteAt(p, off)
	}
	f.disk.Left.Add(int64(len(p)))
	n, err := f.file.WriteAt(p[:max(0, int64(len(p))+left)], off)
	return n, errors.Join(err, syscall.ENOSPC)
}

// With makes opts use the disk.
func (d *Disk) With(opts Options) Options {
	opts.open = func(path string, allocate int64) (file, error) {
		f, err := openFile(path, allocate)
		if err != nil {
			return nil, err
		}
		return diskFile{f, d}, nil
	}
	opts.free = func(string) (int64, error) { return d.Free.Load(), nil }
	return opts
}

// MeasureSpace runs the free-space guard once.
func (j *Journal) MeasureSpace() { j.measureSpace() }
