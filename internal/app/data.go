package app

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/steward-llmops/steward/internal/fault"
)

// The files of a data directory.
const (
	TokenFile    = "admin-token" // what the command line signs in with; mode 0600
	pepperFile   = "pepper"      // keyed hash of API keys; losing it ends every key
	stateFile    = "state.db"
	callsFile    = "calls.duckdb"
	journalDir   = "journal"
	openHoldFile = "oldest-hold"
)

// makeData makes the data directory and says plainly why it cannot.
func makeData(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return dataFault(dir, err)
	}
	probe := filepath.Join(dir, ".write-probe")
	if err := os.WriteFile(probe, []byte("x"), 0o600); err != nil {
		return dataFault(dir, err)
	}
	if err := os.Remove(probe); err != nil {
		return dataFault(dir, err)
	}
	return nil
}

func dataFault(dir string, err error) error {
	f := fault.New(fault.Unavailable, "data_unwritable", "the data directory %s cannot be written to", dir).Because(err)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return f.Hinted("make it writable for this user, or choose another with --data")
	case errors.Is(err, syscall.ENOSPC):
		return f.Hinted("free some disk space, then start again: nothing was lost")
	case errors.Is(err, syscall.ENOTDIR):
		return f.Hinted("a part of the path is a file: choose another with --data")
	}
	return f.Hinted("choose another with --data")
}

// secretFile reads a secret of this installation, and makes it at the first start.
func secretFile(path string, prefix string) (string, error) {
	b, err := os.ReadFile(path)
	if err == nil {
		if s := strings.TrimSpace(string(b)); len(s) >= 32 {
			return s, nil
		}
		return "", fault.New(fault.Unavailable, "secret_damaged", "%s is damaged", path).
			Hinted("restore it from a backup; without it the keys made here do not work")
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	secret := prefix + base64.RawURLEncoding.EncodeToString(random[:])
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	return secret, nil
}

func diskSpace(dir string) (free, total int64) {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return 0, 0
	}
	return int64(st.Bavail) * st.Bsize, int64(st.Blocks) * st.Bsize
}
