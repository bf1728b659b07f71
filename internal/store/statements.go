package store

import (
	"context"
	"database/sql"
	"fmt"
)

// statements is every line of SQL but the migrations', so that each engine's tests
// can prepare them all.
var statements = []string{
	sqlCreateVersion, sqlVersion, sqlInsertVersion,
	sqlInsertOrg, sqlInsertTeam, sqlInsertProject, sqlInsertKey, sqlUpdateKey, sqlKeys, sqlProjects,
	sqlInsertPrice, sqlPrices, sqlPriceHistory,
	sqlPosition, sqlStartPosition, sqlAdvance,
	sqlInsertCall, sqlAddDay, sqlPayer, sqlTariff, sqlLedgerReport,
}

// PrepareAll prepares every statement that the store can run, and so checks the
// schema. It changes nothing.
func (s *Store) PrepareAll(ctx context.Context) error {
	return inTx(ctx, s.write, func(tx *sql.Tx) error {
		for _, statement := range statements {
			stmt, err := tx.PrepareContext(ctx, s.flavour.SQL(statement))
			if err != nil {
				return fmt.Errorf("prepare %s: %w", statement, err)
			}
			if err := stmt.Close(); err != nil {
				return err
			}
		}
		return nil
	})
}
