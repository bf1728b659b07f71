// Package sqlite opens the store in a file, without cgo.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/store"
)

const (
	busyTimeout = "5000" // milliseconds that a connection waits for another process
	readers     = 4
	// Pages in memory, a connection; negative: KiB.
	writerCache = "-4096"
	readerCache = "-1024"
)

// Open opens the store in the file at path, or makes it; the folder must be there.
// What an operator can mend is fault.Unavailable with a hint: a folder that cannot
// be written to, a file that another process holds, a file that is damaged.
func Open(ctx context.Context, path string) (*store.Store, error) {
	return open(ctx, path, busyTimeout)
}

func open(ctx context.Context, path, busy string) (*store.Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	flavour := Flavour(path)
	// The file is made here, so that nobody else may read it.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, pathFault(path, err)
	}
	if err := file.Close(); err != nil {
		return nil, pathFault(path, err)
	}
	write, err := sql.Open("sqlite", source(path, "synchronous(NORMAL)", writerCache, busy))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", source(path, "query_only(1)", readerCache, busy))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	read.SetConnMaxIdleTime(time.Minute)
	return store.New(ctx, read, write, flavour)
}

func source(path, pragma, cache, busy string) string {
	u := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(" + busy + ")", "journal_mode(WAL)", "foreign_keys(1)", "cache_size(" + cache + ")", "journal_size_limit(33554432)", pragma},
	}.Encode()}
	return u.String()
}

// Flavour returns how SQLite differs from the store's SQL. The path is named in
// faults.
func Flavour(path string) store.Flavour {
	return store.Flavour{
		SQL:     func(s string) string { return strings.ReplaceAll(s, "$", "?") },
		Durable: "PRAGMA synchronous = FULL",
		Relaxed: "PRAGMA synchronous = NORMAL",
		Fault:   func(err error) *fault.Error { return faultOf(path, err) },
	}
}

func pathFault(path string, err error) *fault.Error {
	f := fault.New(fault.Unavailable, "store_unavailable", "the state in %s cannot be opened", path).Because(err)
	switch {
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return readOnly(path, err)
	case errors.Is(err, syscall.ENOSPC):
		return full(path, err)
	}
	return f.Hinted("make sure that the data folder is there and is a folder, or choose another with --data")
}

func readOnly(path string, err error) *fault.Error {
	return fault.New(fault.Unavailable, "store_read_only", "the state in %s cannot be written to", path).Because(err).
		Hinted("make the data folder and its files writable for this user, or choose another with --data")
}

func full(path string, err error) *fault.Error {
	return fault.New(fault.Unavailable, "disk_full", "the disk of %s is full", path).Because(err).
		Hinted("free some disk space: nothing was lost")
}

// faultOf turns SQLite's result codes (sqlite.org/rescode.html) into faults.
func faultOf(path string, err error) *fault.Error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fault.New(fault.Unavailable, "store_locked", "another process holds the state in %s", path).Because(err).
			Hinted("stop the other Steward, or the tool that has the file open")
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return fault.New(fault.Unavailable, "store_corrupt", "the state in %s is damaged, or is no SQLite file", path).Because(err).
			Hinted("move the file aside and restore a backup; the ledger comes back from the journal by itself")
	case lib.SQLITE_READONLY, lib.SQLITE_PERM:
		return readOnly(path, err)
	case lib.SQLITE_CANTOPEN:
		return pathFault(path, err)
	case lib.SQLITE_FULL:
		return full(path, err)
	case lib.SQLITE_IOERR:
		return fault.New(fault.Unavailable, "store_io", "the disk of %s does not answer as it should", path).Because(err).
			Hinted("look at the disk and at the system's log")
	}
	return nil
}
