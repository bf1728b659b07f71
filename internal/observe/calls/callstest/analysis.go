package callstest

import (
	"math/rand/v2"
	"time"

	"github.com/steward-llmops/steward/internal/observe/calls"
)

// Analysis returns an analysis of rows such as Rows gives: over some of their time,
// filtered without content, of one to five measures by up to three dimensions.
func Analysis(seed uint64) *calls.Analysis {
	r := newRand(seed)
	a := &calls.Analysis{From: From, To: To, Compare: r.IntN(3) == 0}
	switch span := To.Sub(From); r.IntN(4) {
	case 0: // uneven ends
		a.From = From.Add(time.Duration(r.Int64N(int64(span / 2)))).Truncate(time.Microsecond)
		a.To = a.From.Add(time.Duration(1 + r.Int64N(int64(span/2)))).Truncate(time.Microsecond).Add(time.Microsecond)
	case 1: // whole days
		a.From = From.AddDate(0, 0, r.IntN(50))
		a.To = a.From.AddDate(0, 0, 1+r.IntN(20))
	case 2: // the hours of rollups, and a change to summer time
		a.From = time.Date(2026, 3, 7, r.IntN(24), 0, 0, 0, time.UTC)
		a.To = a.From.Add(time.Duration(1+r.IntN(40*24)) * time.Hour)
	}
	if r.IntN(3) != 0 {
		a.Filter = calls.Normal(expr(r, 2, false))
	}
	for range 1 + r.IntN(5) {
		a.Measures = append(a.Measures, measure(r))
	}
	for range r.IntN(4) {
		a.By = append(a.By, dimension(r))
	}
	a.Order = r.IntN(len(a.Measures)+1) - 1
	if r.IntN(3) == 0 {
		a.Limit = 1 + r.IntN(20)
	}
	return a
}

func measure(r *rand.Rand) calls.Measure {
	name := pick(r, calls.Measures())
	switch r.IntN(6) {
	case 0:
		name = "score." + pick(r, ScoreNames)
		if r.IntN(2) == 0 {
			name = pick(r, []string{"avg", "min", "max", "sum"}) + "(" + name + ")"
		}
	case 1, 2, 3:
		for {
			m, err := calls.ParseMeasure(pick(r, calls.Aggregations()) + "(" + pick(r, calls.Fields).Name + ")")
			if err == nil {
				return m
			}
		}
	}
	return must(calls.ParseMeasure(name))
}

var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"}

func dimension(r *rand.Rand) calls.Dimension {
	name := pick(r, calls.Dimensions())
	switch r.IntN(5) {
	case 0:
		name = calls.TagPrefix + pick(r, tagNames)
	case 1:
		name = pick(r, []string{"team", "model", "provider", "key", "pricing", "day", "week", "month", "hour"})
	}
	return must(calls.ParseDimension(name, must(time.LoadLocation(pick(r, zones)))))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // a name of our own
	}
	return v
}
