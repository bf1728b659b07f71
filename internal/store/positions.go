package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// ErrPosition is returned for a batch of the journal that does not start where the
// projection stands, because it was applied before or leaves a gap. Nothing of it
// was applied; ask for Position and go on from there.
var ErrPosition = errors.New("the batch does not start at the projection's position")

const sqlPosition = `
SELECT next FROM positions WHERE name = $1`

// position returns the journal offset up to which the projection has come.
func (s *Store) position(ctx context.Context, name string) (next int64, err error) {
	err = s.each(ctx, "read position of "+name, sqlPosition, []any{name}, func(scan func(...any) error) error {
		return scan(&next)
	})
	return next, err
}

const sqlStartPosition = `
INSERT INTO positions (name, next) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING`

const sqlAdvance = `
UPDATE positions SET next = $3 WHERE name = $1 AND next = $2`

// advance moves the projection from one offset to the next within tx;
// ErrPosition unless it stands at from.
func (s *Store) advance(ctx context.Context, tx *sql.Tx, name string, from, next int64) error {
	if next < from {
		return fmt.Errorf("from %d back to %d: %w", from, next, ErrPosition)
	}
	if _, err := s.exec(ctx, tx, sqlStartPosition, name); err != nil {
		return err
	}
	res, err := s.exec(ctx, tx, sqlAdvance, name, from, next)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		return fmt.Errorf("%s does not stand at %d: %w", name, from, ErrPosition)
	}
	return err
}
