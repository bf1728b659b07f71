package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// emptyTable is a table without rows that has every column.
const emptyTable = `(SELECT * FROM shape) AS c`

// span is the rows of one partition in a time, in microseconds.
type span struct {
	part     int64
	from, to int64
	rows     int64
}

// plan of a time: the hours that are rolled, and the spans that are not.
type cover struct {
	rolled [][2]int64 // ranges of whole hours
	hours  int64      // how many
	raw    []span
	rows   int64 // of the raw spans
}

// cover splits a time into rolled hours and the rest. Nothing is rolled where rolled
// is false.
func (s *Store) cover(w window, rolled bool) (c cover) {
	s.known.RLock()
	defer s.known.RUnlock()
	for _, part := range slices.Backward(s.parts) { // the oldest first
		low, high := max(w.from, part*week), min(w.to, (part+1)*week)
		if low >= high {
			continue
		}
		var at span
		flush := func() {
			if at.rows > 0 {
				c.raw = append(c.raw, at)
				c.rows += at.rows
			}
			at = span{}
		}
		for h := floor(low, hourMicros); h < high; h += hourMicros {
			known, there := s.hours[h]
			from, to := max(h, low), min(h+hourMicros, high)
			whole := to-from == hourMicros
			switch {
			case rolled && whole && (known.rolled || !there):
				flush()
				if !there || known.rows == 0 {
					continue
				}
				c.hours++
				if n := len(c.rolled); n > 0 && c.rolled[n-1][1] == h {
					c.rolled[n-1][1] = h + hourMicros
				} else {
					c.rolled = append(c.rolled, [2]int64{h, h + hourMicros})
				}
			case known.rows == 0:
			default:
				if at.rows == 0 {
					at = span{part: part, from: from}
				}
				at.to, at.rows = to, at.rows+known.rows
			}
		}
		flush()
	}
	return c
}

// source chooses what an analysis is answered from.
func (s *Store) source(a *calls.Analysis, shift int64) (source, error) {
	if !a.From.Before(a.To) {
		return source{}, fault.New(fault.Invalid, "invalid_time", "the time ends before it begins").Hinted("--from must be before --to").At("from")
	}
	w := window{a.From.UnixMicro(), a.To.UnixMicro()}
	grain, ok := s.grain(a, shift)
	hist := ok && callstore.HistRolls(a)
	raw := s.cover(w, false)
	src := source{sums: rawFrom(raw), hist: rawFrom(raw), scanned: raw.rows}
	needs := raw.rows
	if ok {
		c := s.cover(w, true)
		src.sums, src.sumsRolled, src.scanned = rolledFrom(c, grain), true, c.rows
		if needs = c.rows; hist {
			src.hist, src.histRolled = histFrom(c, grain), true
		} else if hasPercentiles(a) {
			needs = raw.rows
		}
	}
	if needs > s.opts.Heaviest {
		return source{}, tooHeavy(a, needs, s.opts.Heaviest)
	}
	return src, nil
}

func hasPercentiles(a *calls.Analysis) bool {
	return slices.ContainsFunc(a.Measures, func(m calls.Measure) bool { _, ok := m.Agg.Percentile(); return ok })
}

// tooHeavy names the time that could be asked for.
func tooHeavy(a *calls.Analysis, rows, heaviest int64) error {
	length := a.To.Sub(a.From)
	hours := max(1, int64(float64(length/time.Hour)*float64(heaviest)/float64(rows)/1.2))
	return fault.New(fault.Exhausted, "query_too_heavy", "the question would read %d calls one by one; %d are allowed", rows, heaviest).
		Hinted("ask for at most the last %d hours (--from -%dh), or use dimensions and filters of the rollups: model, project, key, status, ... (not subject, session, tags)", hours, hours)
}

// grain is the name of the rollups that can answer an analysis.
func (s *Store) grain(a *calls.Analysis, shift int64) (string, bool) {
	if callstore.Rolls(a, time.Hour, shift) {
		return "hour", true
	}
	floor := s.opts.Now().Add(-minutesKept)
	if callstore.Rolls(a, time.Minute, shift) && a.From.After(floor.Truncate(time.Hour).Add(time.Hour)) {
		return "minute", true
	}
	return "", false
}

func timeBetween(from, to int64) string { return fmt.Sprintf("time >= %d AND time < %d", from, to) }

// rawFrom is the rows of the spans.
func rawFrom(c cover) string {
	if len(c.raw) == 0 {
		return emptyTable
	}
	list := make([]string, len(c.raw))
	for i, sp := range c.raw {
		list[i] = "SELECT * FROM " + partTable(sp.part) + " WHERE " + timeBetween(sp.from, sp.to)
	}
	return "(" + strings.Join(list, " UNION ALL ") + ") AS c"
}

// rolledFrom is the rolled hours, and the rest in the same shape.
func rolledFrom(c cover, grain string) string {
	var list []string
	for _, sp := range c.raw {
		list = append(list, callstore.Rolled(dialect{}, partTable(sp.part), timeBetween(sp.from, sp.to), 0))
	}
	if where := ranges(c); where != "" {
		list = append(list, "SELECT * FROM rollup_"+grain+" WHERE "+where)
	}
	if len(list) == 0 {
		list = append(list, "SELECT * FROM rollup_hour WHERE false")
	}
	return "(" + strings.Join(list, " UNION ALL ") + ") AS c"
}

func histFrom(c cover, grain string) string {
	var list []string
	for _, sp := range c.raw {
		for _, d := range callstore.Durations {
			list = append(list, callstore.RolledHist(partTable(sp.part), d, timeBetween(sp.from, sp.to), 0))
		}
	}
	if where := ranges(c); where != "" {
		list = append(list, "SELECT * FROM hist_"+grain+" WHERE "+where)
	}
	if len(list) == 0 {
		list = append(list, "SELECT * FROM hist_hour WHERE false")
	}
	return "(" + strings.Join(list, " UNION ALL ") + ") AS c"
}

func ranges(c cover) string {
	if len(c.rolled) == 0 {
		return ""
	}
	list := make([]string, len(c.rolled))
	for i, r := range c.rolled {
		list[i] = "(" + timeBetween(r[0], r[1]) + ")"
	}
	return "(" + strings.Join(list, " OR ") + ")"
}

// searchGroups is an analysis whose filter looks into content: the calls are
// searched first, and the question is asked of those that were found.
func (s *Store) searchGroups(ctx context.Context, a *calls.Analysis, shift int64, t *calls.Table) (map[string]*calls.TableRow, []string, error) {
	page, err := s.search(ctx, &calls.Query{From: a.From, To: a.To, Filter: a.Filter, Spans: true})
	if err != nil {
		return nil, nil, err
	}
	t.Partial, t.Reason = page.Partial, page.Reason
	byPart := map[int64][]string{}
	for i := range page.Rows {
		r := &page.Rows[i]
		byPart[partOf(r.Time)] = append(byPart[partOf(r.Time)], idLiteral(r.ID))
	}
	var list []string
	for part, ids := range byPart {
		list = append(list, "SELECT * FROM "+partTable(part)+" WHERE "+timeBetween(a.From.UnixMicro(), a.To.UnixMicro())+" AND id IN ("+strings.Join(ids, ", ")+")")
	}
	from := emptyTable
	if len(list) > 0 {
		slices.Sort(list)
		from = "(" + strings.Join(list, " UNION ALL ") + ") AS c"
	}
	t.Scanned = int64(len(page.Rows))
	found := *a
	found.Filter = nil
	return s.compute(ctx, &found, source{sums: from, hist: from}, shift)
}
