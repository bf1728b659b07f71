package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/steward-llmops/steward/internal/callstore/duckdb"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/journal"
	"github.com/steward-llmops/steward/internal/store/sqlite"
)

// Finding is what a look at one part of a data directory found.
type Finding struct {
	Name   string
	State  string // ok, warn or fail
	Detail string
	Try    string // what to do; empty where it is ok
}

// Probe looks at the journal and the stores of a data directory that no server
// uses at the moment. A directory that does not exist yet has nothing to look at.
func Probe(ctx context.Context, cfg config.Config) []Finding {
	path := func(name string) string { return filepath.Join(cfg.Data, name) }
	if _, err := os.Stat(path(journalDir)); err != nil {
		return nil
	}
	j, rec, err := journal.Open(journal.Options{Dir: path(journalDir), MinFree: int64(cfg.Journal.MinFree)})
	if err != nil {
		return []Finding{found("journal", err)}
	}
	defer j.Close()
	list := []Finding{{Name: "journal", State: "ok", Detail: fmt.Sprintf("%d bytes of entries, readable to the end", rec.End)}}
	if rec.Torn > 0 {
		list[0].State, list[0].Detail = "warn", fmt.Sprintf("%d bytes at the end were a write that nobody was told of; they were cut off", rec.Torn)
	}
	if err := j.Healthy(); err != nil {
		list[0] = found("journal", err)
	}
	st, err := sqlite.Open(ctx, path(stateFile))
	if err != nil {
		list = append(list, found("state", err))
	} else {
		at, err := st.Position(ctx)
		list = append(list, behind("state", at, rec.End, err))
		_ = st.Close()
	}
	cs, err := duckdb.Open(ctx, path(callsFile), duckdb.Options{})
	if err != nil {
		f := found("calls store", err)
		f.Try = "start Steward: it sets a damaged calls store aside and builds it again from the journal"
		return append(list, f)
	}
	at, err := cs.Position(ctx)
	list = append(list, behind("calls store", at, rec.End, err))
	_ = cs.Close()
	return list
}

func found(name string, err error) Finding {
	f := fault.As(err)
	out := Finding{Name: name, State: "fail", Detail: f.Message, Try: f.Hint}
	if f.Err != nil {
		out.Detail = f.Error()
	}
	return out
}

func behind(name string, at, end int64, err error) Finding {
	switch {
	case err != nil:
		return found(name, err)
	case at < end:
		return Finding{Name: name, State: "ok", Detail: fmt.Sprintf("%d bytes of journal are still to be taken; the next start does it", end-at)}
	}
	return Finding{Name: name, State: "ok", Detail: "up to date with the journal"}
}
