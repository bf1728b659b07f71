// Package store is the state of Steward in a relational database: keys, the
// ledger, prices set by hand. Every line of SQL stands here once, as a const
// beside its method, in the subset that SQLite and PostgreSQL share; what differs
// is a Flavour of a few lines. The packages below it open an engine.
//
// One connection writes, a pool reads. Nothing here is on the path of a call: a
// store that is slow or gone makes its callers wait or fail, and no others.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
)

// Flavour is how an engine differs from what the consts say.
type Flavour struct {
	// SQL rewrites a statement that is written with parameters $1, $2, ...
	SQL func(string) string
	// Durable and Relaxed are run on the writer's connection before and after a
	// change that must survive a power cut by itself, as opposed to a projection,
	// which the journal brings back. Empty where every commit is durable.
	Durable, Relaxed string
	// Fault returns the fault that an engine's error amounts to; nil if it is none
	// that an operator could mend.
	Fault func(error) *fault.Error
}

// Store is the state. It is safe for concurrent use.
type Store struct {
	read, write *sql.DB
	flavour     Flavour
	ledger      projection
}

// New takes over an opened engine (read may be write), brings its schema up to
// date, and closes both if it cannot. write must have one connection at most.
func New(ctx context.Context, read, write *sql.DB, flavour Flavour) (*Store, error) {
	s := &Store{read: read, write: write, flavour: flavour}
	err := s.migrate(ctx)
	if err == nil {
		err = s.prepareLedger(ctx)
	}
	if err != nil {
		return nil, errors.Join(s.fault(err, "open"), s.Close())
	}
	return s, nil
}

// Close waits for what runs and closes the engine.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(s.read.Close(), err)
	}
	return err
}

// fault says of an engine's error what was being done and, where the engine knows,
// how it is mended. Other errors keep what they are.
func (s *Store) fault(err error, doing string) error {
	if err == nil {
		return nil
	}
	if f := s.flavour.Fault(err); f != nil {
		return fmt.Errorf("%s: %w", doing, f)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// change runs do in one transaction on the writer. It is durable when change
// returns without an error.
func (s *Store) change(ctx context.Context, doing string, do func(tx *sql.Tx) error) (err error) {
	defer func() { err = s.fault(err, doing) }()
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if s.flavour.Durable != "" {
		if _, err := conn.ExecContext(ctx, s.flavour.Durable); err != nil {
			return err
		}
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_, relaxErr := conn.ExecContext(ctx, s.flavour.Relaxed)
			if err == nil {
				err = relaxErr
			}
		}()
	}
	return inTx(ctx, conn, do)
}

type beginner interface {
	BeginTx(context.Context, *sql.TxOptions) (*sql.Tx, error)
}

// inTx commits what do did, or nothing of it.
func inTx(ctx context.Context, b beginner, do func(tx *sql.Tx) error) error {
	tx, err := b.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil // the context ended the transaction already
	}
	return err
}

// exec runs a statement within a transaction.
func (s *Store) exec(ctx context.Context, tx *sql.Tx, statement string, args ...any) (sql.Result, error) {
	return tx.ExecContext(ctx, s.flavour.SQL(statement), args...)
}

// each runs a query on a reader and calls row for each row.
func (s *Store) each(ctx context.Context, doing, query string, args []any, row func(scan func(...any) error) error) (err error) {
	defer func() { err = s.fault(err, doing) }()
	rows, err := s.read.QueryContext(ctx, s.flavour.SQL(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
