package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/steward-llmops/steward/internal/fault"
)

// PriceOverride is a price that somebody set by hand for a model.
type PriceOverride struct {
	Provider, Model string
	Rates           json.RawMessage // the rates as JSON; empty: the override was withdrawn
	Author          string          // who set it
	Time            int64           // microseconds since the Unix epoch
}

const sqlInsertPrice = `
INSERT INTO price_overrides (provider, model, rates, author, time) VALUES ($1, $2, $3, $4, $5)`

// SetPrice sets a model's price, or withdraws it. What held before stays in the
// history.
func (s *Store) SetPrice(ctx context.Context, p PriceOverride) error {
	if p.Provider == "" || p.Model == "" || (len(p.Rates) > 0 && !json.Valid(p.Rates)) {
		return fault.New(fault.Invalid, "invalid_price", "a price needs a provider, a model and rates in JSON")
	}
	return s.change(ctx, "set price of "+p.Provider+"/"+p.Model, func(tx *sql.Tx) error {
		_, err := s.exec(ctx, tx, sqlInsertPrice, p.Provider, p.Model, string(p.Rates), p.Author, p.Time)
		return err
	})
}

const sqlPrices = `
SELECT provider, model, rates, author, time FROM price_overrides
WHERE rates <> '' AND id IN (SELECT MAX(id) FROM price_overrides GROUP BY provider, model)
ORDER BY provider, model`

// Prices returns the overrides that hold now, by provider and model.
func (s *Store) Prices(ctx context.Context) ([]PriceOverride, error) {
	return s.prices(ctx, sqlPrices)
}

const sqlPriceHistory = `
SELECT provider, model, rates, author, time FROM price_overrides
WHERE provider = $1 AND model = $2 ORDER BY id DESC`

// PriceHistory returns every override that a model ever had, newest first, with
// the withdrawals.
func (s *Store) PriceHistory(ctx context.Context, provider, model string) ([]PriceOverride, error) {
	return s.prices(ctx, sqlPriceHistory, provider, model)
}

func (s *Store) prices(ctx context.Context, query string, args ...any) ([]PriceOverride, error) {
	var list []PriceOverride
	err := s.each(ctx, "read prices", query, args, func(scan func(...any) error) error {
		var p PriceOverride
		var rates string
		err := scan(&p.Provider, &p.Model, &rates, &p.Author, &p.Time)
		if rates != "" {
			p.Rates = json.RawMessage(rates)
		}
		list = append(list, p)
		return err
	})
	return list, err
}
