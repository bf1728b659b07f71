// Package duckdb keeps the calls in a DuckDB file, in process (cgo).
//
// One goroutine applies the journal, others ask; a question does not wait for a
// batch, nor a batch for a question. A file belongs to one Store at a time.
package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// Options say what the engine may use.
type Options struct {
	MemoryMB int // of buffers; zero means 256. Larger work goes to a folder beside the file
	Threads  int // zero means 1
	Readers  int // questions at once; zero means 4
	// Contents reads what was said in calls; nil: texts in content are found nowhere.
	Contents calls.Contents
	Now      func() time.Time // nil: time.Now
	// Timeout bounds a question; zero means 15 s.
	Timeout time.Duration
	// Heaviest is how many rows a question may read one by one; zero means 50 million.
	Heaviest int64
	// SearchRows is how many rows one search looks into; zero means 20,000.
	SearchRows int
}

// Store is the calls. It is safe for concurrent use.
type Store struct {
	path  string
	limit string // of memory, in the engine's words
	db    *sql.DB

	opts Options

	asking sync.RWMutex // read-locked by questions, locked by Rest

	mu     sync.Mutex // one batch at a time; locked before asking
	joiner calls.Joiner
	spans  bool // something that an application reported is stored, so rows are joined
	row    []driver.Value
	rest   []byte

	known sync.RWMutex // guards what follows
	parts []int64      // which partitions there are, the newest first
	hours map[int64]hour
	words dictionary
}

// hour is what is known of an hour, by its start in microseconds since the epoch.
type hour struct {
	rows   int64
	rolled bool // the rollups have all of it
}

const (
	sqlUse = `USE store`

	// A checkpoint writes the last row group anew, and a query reads a whole one at
	// least. Groups a quarter of the engine's own size took a fifth off the CPU and a
	// third off the memory of writing, for the same bytes on disk.
	rowGroup = 30720
)

// types says how a kind of column is declared.
var types = map[callstore.Kind]string{callstore.UUID: "UUID", callstore.Int: "BIGINT", callstore.Bool: "BOOLEAN", callstore.Text: "VARCHAR"}

// Open opens the store in the file at path, or makes it; the folder must be there,
// and be private. A damaged file is callstore.ErrCorrupt; what an operator can mend
// is fault.Unavailable with a hint.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	if opts.MemoryMB <= 0 {
		opts.MemoryMB = 256
	}
	if opts.Threads <= 0 {
		opts.Threads = 1
	}
	if opts.Readers <= 0 {
		opts.Readers = 4
	}
	if strings.Contains(path, "?") { // the engine takes what follows for options
		return nil, fault.New(fault.Invalid, "invalid_path", "the store of calls cannot be in %s, because of the question mark", path).
			Hinted("choose another folder with --data")
	}
	if err := checkFile(path); err != nil {
		return nil, err
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Timeout <= 0 {
		opts.Timeout = 15 * time.Second
	}
	if opts.Heaviest <= 0 {
		opts.Heaviest = heaviest
	}
	if opts.SearchRows <= 0 {
		opts.SearchRows = searchRows
	}
	s := &Store{path: path, limit: strconv.Itoa(opts.MemoryMB) + "MB", opts: opts, hours: map[int64]hour{}}
	// The file is attached to an engine in memory, which is the way to say how large
	// its row groups are.
	connector, err := duckdb.NewConnector("?"+s.settings(opts), func(conn driver.ExecerContext) error {
		for _, statement := range []string{s.attach(), sqlUse} {
			if _, err := conn.ExecContext(context.Background(), statement, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open the engine of calls: %w", err)
	}
	s.db = sql.OpenDB(connector)
	s.db.SetMaxOpenConns(opts.Readers + 1)
	s.db.SetMaxIdleConns(2)
	if err := s.prepare(ctx); err != nil {
		if !errors.Is(err, callstore.ErrSchema) {
			err = s.fault(err, "open", true)
		}
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

func (s *Store) attach() string {
	return "ATTACH IF NOT EXISTS " + quote(s.path) + " AS store (ROW_GROUP_SIZE " + strconv.Itoa(rowGroup) + ")"
}

// quote returns text as a literal, for statements that take no parameters.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func (s *Store) settings(opts Options) string {
	return url.Values{
		"memory_limit":   {s.limit},
		"threads":        {strconv.Itoa(opts.Threads)},
		"temp_directory": {s.path + ".tmp"},
		// A list of the newest rows looks at few columns until it knows which.
		"late_materialization_max_rows": {"1001"},
		// Nothing is fetched, loaded or read but this file.
		"autoinstall_known_extensions": {"false"},
		"autoload_known_extensions":    {"false"},
		"allow_community_extensions":   {"false"},
	}.Encode()
}

// checkFile finds out what only the system knows, before the engine hides it.
func checkFile(path string) error {
	for _, suffix := range []string{"", ".wal"} {
		f, err := os.OpenFile(path+suffix, os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return pathFault(path, err)
		}
		if err := f.Close(); err != nil {
			return pathFault(path, err)
		}
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".probe-*")
	if err != nil {
		return pathFault(path, err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return pathFault(path, err)
	}
	return nil
}

// Rest writes the engine's log into the file and gives back the memory that is kept
// for speed. It is for when nothing was asked or applied for a while: the next
// question reads from disk again. While somebody asks it does nothing; who asks or
// applies while it runs waits for it, some tens of milliseconds.
func (s *Store) Rest(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.asking.TryLock() {
		return nil
	}
	defer s.asking.Unlock()
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return s.fault(err, "rest the store of", false)
	}
	defer conn.Close()
	_, err = conn.ExecContext(ctx, "CHECKPOINT")
	// Memory over a limit is given back when the limit is set. What cannot be is kept,
	// and setting the limit fails; that is as well.
	_, _ = conn.ExecContext(ctx, "SET memory_limit = '1MB'")
	_, limitErr := conn.ExecContext(context.WithoutCancel(ctx), "SET memory_limit = "+quote(s.limit))
	return s.fault(errors.Join(err, limitErr), "rest the store of", false)
}

// Close writes the engine's log into the file and closes it. What was applied is
// safe without it.
func (s *Store) Close() error { return s.db.Close() }

func pathFault(path string, err error) *fault.Error {
	f := fault.New(fault.Unavailable, "calls_unavailable", "the store of calls in %s cannot be opened", path).Because(err)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		f.Code = "calls_read_only"
		return f.Hinted("make the data folder and its files writable for this user, or choose another with --data")
	case errors.Is(err, syscall.ENOSPC):
		f.Code = "disk_full"
		return f.Hinted("free some disk space: nothing was lost")
	}
	return f.Hinted("make sure that the data folder is there and is a folder, or choose another with --data")
}

// fault says of an engine's error what was being done and what it amounts to. The
// engine tells a lock and a full disk from damage by its words alone. While a file
// is being opened, whatever is not one of those is damage.
func (s *Store) fault(err error, doing string, opening bool) error {
	var e *duckdb.Error
	if err == nil || !errors.As(err, &e) {
		if err != nil {
			err = fmt.Errorf("%s calls: %w", doing, err)
		}
		return err
	}
	switch {
	case strings.Contains(e.Msg, "Could not set lock"):
		return fault.New(fault.Unavailable, "calls_locked", "another process holds the store of calls in %s", s.path).Because(err).
			Hinted("stop the other Steward, or the tool that has the file open")
	case strings.Contains(e.Msg, "No space left"):
		return fault.New(fault.Unavailable, "disk_full", "the disk of %s is full", s.path).Because(err).
			Hinted("free some disk space, then restart Steward: nothing was lost")
	case e.Type == duckdb.ErrorTypeOutOfMemory:
		return fault.New(fault.Exhausted, "calls_memory", "the question needs more memory than the store of calls may use").Because(err).
			Hinted("ask for a shorter time or a smaller limit, or give the store more memory")
	case opening, e.Type == duckdb.ErrorTypeFatal, e.Type == duckdb.ErrorTypeInternal, e.Type == duckdb.ErrorTypeSerialization,
		strings.Contains(e.Msg, "orrupt"), strings.Contains(e.Msg, "checksum"):
		return fmt.Errorf("%s calls in %s: %w: %w", doing, s.path, callstore.ErrCorrupt, err)
	}
	return fmt.Errorf("%s calls: %w", doing, err)
}
