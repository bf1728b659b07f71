package store

import (
	"context"
	"math"
	"time"

	"github.com/steward-llmops/steward/internal/cost/ledger"
)

// Whole days come out of ledger_days; the ends of a span that cut a day come out
// of the calls.
const sqlLedgerReport = `
SELECT p.org, p.team, p.project, p.key_id, p.key_name, t.provider, t.model, t.pricing,
       s.day, s.calls, s.cost, s.input_tokens, s.output_tokens
FROM (
    SELECT payer, tariff, day, CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(cost) AS BIGINT) AS cost,
           CAST(SUM(input_tokens) AS BIGINT) AS input_tokens, CAST(SUM(output_tokens) AS BIGINT) AS output_tokens
    FROM (
        SELECT payer, tariff, day, calls, cost, input_tokens, output_tokens
        FROM ledger_days WHERE day >= $1 AND day < $2
        UNION ALL
        SELECT payer, tariff, time / 86400000000, 1, cost, input_tokens, output_tokens
        FROM ledger WHERE time >= $3 AND time < $4
        UNION ALL
        SELECT payer, tariff, time / 86400000000, 1, cost, input_tokens, output_tokens
        FROM ledger WHERE time >= $5 AND time < $6
    ) AS parts
    GROUP BY payer, tariff, day
) AS s
JOIN ledger_payers AS p ON p.id = s.payer
JOIN ledger_tariffs AS t ON t.id = s.tariff`

// LedgerReport sums the settled cost of the calls that arrived at or after from and
// before to (a zero time does not restrict), by the dimensions. The sums are exact.
func (s *Store) LedgerReport(ctx context.Context, from, to time.Time, by []ledger.Dimension) (ledger.Report, error) {
	sum := ledger.NewSummary(by)
	err := s.each(ctx, "report on the ledger", sqlLedgerReport, splitSpan(from, to), func(scan func(...any) error) error {
		var l ledger.Line
		if err := scan(&l.Org, &l.Team, &l.Project, &l.Key, &l.KeyName, &l.Provider, &l.Model, &l.Pricing,
			&l.Day, &l.Calls, &l.CostNano, &l.InputTokens, &l.OutputTokens); err != nil {
			return err
		}
		return sum.Add(&l)
	})
	if err != nil {
		return ledger.Report{}, err
	}
	return sum.Report(), nil
}

// splitSpan cuts a span into whole days and at most two ends: the report's six
// parameters.
func splitSpan(from, to time.Time) []any {
	start, end := int64(math.MinInt64), int64(math.MaxInt64)
	firstDay, endDay := dayOf(start), dayOf(end)+1
	if !from.IsZero() {
		start = from.UnixMicro()
		firstDay = dayOf(start-1) + 1 // the first day that begins at or after start
	}
	if !to.IsZero() {
		end = to.UnixMicro()
		endDay = dayOf(end)
	}
	switch {
	case start >= end:
		return []any{0, 0, 0, 0, 0, 0}
	case firstDay > endDay: // within one day
		return []any{0, 0, start, end, 0, 0}
	}
	head, tail := []int64{0, 0}, []int64{0, 0}
	if !from.IsZero() {
		head = []int64{start, firstDay * dayMicros}
	}
	if !to.IsZero() {
		tail = []int64{endDay * dayMicros, end}
	}
	return []any{firstDay, endDay, head[0], head[1], tail[0], tail[1]}
}
