package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

const sqlCreateVersion = `
CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY)`

const sqlVersion = `
SELECT COALESCE(MAX(version), 0) FROM schema_version`

const sqlInsertVersion = `
INSERT INTO schema_version (version) VALUES ($1)`

// migration is one step of the schema. Steps only go forward, and one that was
// released never changes.
type migration struct {
	version    int
	name       string
	statements []string
}

// migrations returns the steps, numbered 1, 2, ... without a gap. The files are
// split at semicolons that end a line.
func migrations() ([]migration, error) {
	entries, err := fs.ReadDir(migrationFiles, "migrations") // sorted by name
	if err != nil {
		return nil, err
	}
	var list []migration
	for i, e := range entries {
		number, _, _ := strings.Cut(e.Name(), "_")
		if version, err := strconv.Atoi(number); err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s is not number %d", e.Name(), i+1)
		}
		text, err := fs.ReadFile(migrationFiles, "migrations/"+e.Name())
		if err != nil {
			return nil, err
		}
		m := migration{version: i + 1, name: e.Name()}
		for part := range strings.SplitSeq(string(text), ";\n") {
			if part = strings.TrimSpace(part); part != "" {
				m.statements = append(m.statements, part)
			}
		}
		list = append(list, m)
	}
	return list, nil
}

// migrate brings the schema up to date, each step in a transaction of its own.
// The version is read again within it, so that two nodes may start at once. A
// schema that a newer Steward made is a fault.Conflict.
func (s *Store) migrate(ctx context.Context) error {
	steps, err := migrations()
	if err != nil {
		return err
	}
	err = inTx(ctx, s.write, func(tx *sql.Tx) error {
		_, err := s.exec(ctx, tx, sqlCreateVersion)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	for _, m := range steps {
		if err := inTx(ctx, s.write, func(tx *sql.Tx) error { return s.step(ctx, tx, m, len(steps)) }); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}

func (s *Store) step(ctx context.Context, tx *sql.Tx, m migration, newest int) error {
	var version int
	if err := tx.QueryRowContext(ctx, s.flavour.SQL(sqlVersion)).Scan(&version); err != nil {
		return err
	}
	if version > newest {
		return fault.New(fault.Conflict, "schema_newer", "the database has schema %d; this Steward knows schemas up to %d", version, newest).
			Hinted("start the newer Steward that made it, or restore a backup from before")
	}
	if version >= m.version {
		return nil
	}
	for _, statement := range m.statements {
		if _, err := s.exec(ctx, tx, statement); err != nil {
			return err
		}
	}
	_, err := s.exec(ctx, tx, sqlInsertVersion, m.version)
	return err
}
