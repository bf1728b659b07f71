package store

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"sync"

	"github.com/steward-llmops/steward/internal/record"
)

const (
	ledgerName = "ledger"
	dayMicros  = int64(24 * 60 * 60 * 1_000_000)
	maxInterns = 1 << 14 // payers and tariffs known by heart, each; a batch may go over it
)

// projection is what Apply keeps between batches. Only one batch is applied at a time.
type projection struct {
	mu      sync.Mutex
	insert  *sql.Stmt
	addDay  *sql.Stmt
	payers  map[payer]int64
	tariffs map[tariff]int64
}

type payer struct{ org, team, project, key string }

type tariff struct{ provider, model, catalogue, price, pricing string }

// dayKey is what a row of ledger_days is about.
type dayKey struct{ day, payer, tariff int64 }

type daySums struct{ calls, cost, input, output int64 }

const sqlInsertCall = `
INSERT INTO ledger (call_id, time, payer, tariff, cost, input_tokens, output_tokens)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (call_id) DO NOTHING`

const sqlAddDay = `
INSERT INTO ledger_days AS d (day, payer, tariff, calls, cost, input_tokens, output_tokens)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (day, payer, tariff) DO UPDATE SET
    calls = d.calls + excluded.calls,
    cost = d.cost + excluded.cost,
    input_tokens = d.input_tokens + excluded.input_tokens,
    output_tokens = d.output_tokens + excluded.output_tokens`

func (s *Store) prepareLedger(ctx context.Context) (err error) {
	l := &s.ledger
	l.payers, l.tariffs = make(map[payer]int64), make(map[tariff]int64)
	if l.insert, err = s.write.PrepareContext(ctx, s.flavour.SQL(sqlInsertCall)); err != nil {
		return err
	}
	l.addDay, err = s.write.PrepareContext(ctx, s.flavour.SQL(sqlAddDay))
	return err
}

// Position returns the journal offset up to which the ledger has come; 0 at first.
func (s *Store) Position(ctx context.Context) (int64, error) {
	return s.position(ctx, ledgerName)
}

// Apply settles the calls among the entries, which are the journal's from offset
// from up to offset next, and moves the position, all in one transaction. A batch
// that does not start at the position is ErrPosition, and changes nothing. So each
// entry is applied exactly once; and a call that the journal holds twice is paid
// once, because its id is unique.
func (s *Store) Apply(ctx context.Context, from int64, entries []record.Entry, next int64) error {
	l := &s.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	b := batch{Store: s, payers: make(map[payer]int64), tariffs: make(map[tariff]int64), days: make(map[dayKey]*daySums)}
	err := inTx(ctx, s.write, func(tx *sql.Tx) error {
		// One statement of a batch is short; a context that ends is seen between them.
		quick := context.WithoutCancel(ctx)
		b.tx, b.insert = tx, tx.StmtContext(quick, l.insert)
		if err := s.advance(quick, tx, ledgerName, from, next); err != nil {
			return err
		}
		for i := range entries {
			if entries[i].Call == nil {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if i%16 == 0 {
				runtime.Gosched() // a batch must not keep a call waiting for a processor
			}
			if err := b.settle(quick, entries[i].Call); err != nil {
				return err
			}
		}
		return b.sumUp(quick)
	})
	if err != nil {
		return s.fault(err, fmt.Sprintf("apply to the ledger from %d", from))
	}
	b.learn()
	return nil
}

// batch is one call of Apply.
type batch struct {
	*Store
	tx      *sql.Tx
	insert  *sql.Stmt
	payers  map[payer]int64 // seen for the first time; known once committed
	tariffs map[tariff]int64
	days    map[dayKey]*daySums
}

func (b *batch) settle(ctx context.Context, c *record.Call) error {
	p, err := b.payer(ctx, c)
	if err != nil {
		return err
	}
	t, err := b.tariff(ctx, c)
	if err != nil {
		return err
	}
	sums := daySums{1, int64(c.Cost), c.Usage.InputTokens(), c.Usage.OutputTokens()}
	res, err := b.insert.ExecContext(ctx, c.ID[:], c.Time, p, t, sums.cost, sums.input, sums.output)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err // the call was settled before
	}
	key := dayKey{dayOf(c.Time), p, t}
	day := b.days[key]
	if day == nil {
		day = new(daySums)
		b.days[key] = day
	}
	day.calls += sums.calls
	day.cost += sums.cost
	day.input += sums.input
	day.output += sums.output
	return nil
}

// dayOf returns the day, since the Unix epoch, of a moment in microseconds.
func dayOf(micros int64) int64 {
	day := micros / dayMicros
	if micros%dayMicros < 0 {
		day--
	}
	return day
}

func (b *batch) sumUp(ctx context.Context) error {
	add := b.tx.StmtContext(ctx, b.Store.ledger.addDay)
	for k, d := range b.days {
		if _, err := add.ExecContext(ctx, k.day, k.payer, k.tariff, d.calls, d.cost, d.input, d.output); err != nil {
			return err
		}
	}
	return nil
}

// learn keeps the ids that the batch gave out.
func (b *batch) learn() {
	l := &b.Store.ledger
	merge(l.payers, b.payers)
	merge(l.tariffs, b.tariffs)
}

// merge adds fresh to known, which starts anew when it has grown too large.
func merge[K comparable](known, fresh map[K]int64) {
	if len(known)+len(fresh) > maxInterns {
		clear(known)
	}
	for k, id := range fresh {
		known[k] = id
	}
}

const sqlPayer = `
INSERT INTO ledger_payers (org, team, project, key_id, key_name) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (org, team, project, key_id) DO UPDATE SET org = excluded.org
RETURNING id`

func (b *batch) payer(ctx context.Context, c *record.Call) (int64, error) {
	k := payer{c.Org, c.Team, c.Project, c.Key}
	return intern(b.Store.ledger.payers, b.payers, k, func(id *int64) error {
		return b.tx.QueryRowContext(ctx, b.flavour.SQL(sqlPayer), c.Org, c.Team, c.Project, c.Key, c.KeyName).Scan(id)
	})
}

const sqlTariff = `
INSERT INTO ledger_tariffs (provider, model, catalogue, price_id, pricing) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (provider, model, catalogue, price_id, pricing) DO UPDATE SET provider = excluded.provider
RETURNING id`

func (b *batch) tariff(ctx context.Context, c *record.Call) (int64, error) {
	k := tariff{c.Provider, c.Model, c.Catalogue, c.PriceID, string(c.Pricing)}
	return intern(b.Store.ledger.tariffs, b.tariffs, k, func(id *int64) error {
		return b.tx.QueryRowContext(ctx, b.flavour.SQL(sqlTariff), k.provider, k.model, k.catalogue, k.price, k.pricing).Scan(id)
	})
}

// intern returns k's id: known, seen in this batch, or asked of the store.
func intern[K comparable](known, fresh map[K]int64, k K, ask func(id *int64) error) (int64, error) {
	if id, ok := known[k]; ok {
		return id, nil
	}
	if id, ok := fresh[k]; ok {
		return id, nil
	}
	var id int64
	if err := ask(&id); err != nil {
		return 0, err
	}
	fresh[k] = id
	return id, nil
}
