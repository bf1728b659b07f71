package api

import (
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
)

// Span is the time that a query is about.
type Span struct {
	From string `query:"from" doc:"Inclusive: RFC 3339, YYYY-MM-DD (UTC), how long ago (-24h, -7d), or now"`
	To   string `query:"to" doc:"Exclusive: RFC 3339, YYYY-MM-DD (UTC), how long ago (-24h, -7d), or now"`
}

// times returns the ends of the time, zero where there is none.
func (p *Span) times(now time.Time) (from, to time.Time, err error) {
	if from, err = moment("from", p.From, now); err != nil {
		return from, to, err
	}
	to, err = moment("to", p.To, now)
	return from, to, err
}

// bounded returns the ends of a time that must have both: to is now where it is not
// said, from as long before to as usual says.
func (p *Span) bounded(now time.Time, usual time.Duration) (from, to time.Time, err error) {
	if from, to, err = p.times(now); err != nil {
		return from, to, err
	}
	if to.IsZero() {
		to = now
	}
	if from.IsZero() {
		from = to.Add(-usual)
	}
	if !from.Before(to) {
		return from, to, fault.New(fault.Invalid, "invalid_time", "from is not before to").
			Hinted("from is inclusive, to exclusive; a date is its first moment").At("from")
	}
	return from, to, nil
}

// moment reads a moment. Times are exact to the microsecond, as calls are.
func moment(name, text string, now time.Time) (time.Time, error) {
	now = now.UTC().Truncate(time.Microsecond)
	switch ago, back := strings.CutPrefix(text, "-"); {
	case text == "":
		return time.Time{}, nil
	case text == "now":
		return now, nil
	case back:
		if d, err := config.ParseDuration(ago); err == nil {
			return now.Add(-d.Std()), nil
		}
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1 {
			return t, nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "invalid_time", "%s is not a time", name).
		Hinted("write 2026-11-23, 2026-11-23T14:03:00Z, -24h, -7d or now").At(name)
}

// written writes a moment as answers have it.
func written(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// micros writes microseconds since the epoch as RFC 3339 with microseconds; zero is "".
func micros(n int64) string {
	if n == 0 {
		return ""
	}
	return time.UnixMicro(n).UTC().Format("2006-01-02T15:04:05.000000Z")
}
