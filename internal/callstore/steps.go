package callstore

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/observe/calls"
)

// tagValue is a regular expression whose group is the value of a tag.
func tagValue(name string) string {
	return "(?s)" + regexp.QuoteMeta(unit+separators.Replace(name)+pair) + "([^" + unit + "]*)"
}

// zone is an offset from UTC that holds from a moment on, both in microseconds.
type zone struct{ from, offset int64 }

// zones returns the offsets that hold in a time, the first one from its start.
func zones(loc *time.Location, from, to time.Time) []zone {
	if loc == nil {
		loc = time.UTC
	}
	var list []zone
	for at := from.In(loc); ; {
		_, seconds := at.Zone()
		list = append(list, zone{at.UnixMicro(), int64(seconds) * 1e6})
		_, next := at.ZoneBounds()
		if next.IsZero() || !next.Before(to) {
			return list
		}
		at = next
	}
}

const dayMicros = 86_400_000_000

// stepExpression is the start of the step that a row's time lies in: microseconds
// of the plain steps, days and months since the epoch of the others.
func stepExpression(d *calls.Dimension, from, to time.Time, shift int64) string {
	moment := "time"
	if shift != 0 {
		moment = fmt.Sprintf("(time + %d)", shift)
		back := time.Duration(shift) * time.Microsecond
		from, to = from.Add(back), to.Add(back)
	}
	if n := d.Step.Micros(); n != 0 {
		return fmt.Sprintf("%s - %s %% %d", moment, moment, n)
	}
	offset := ""
	if list := zones(d.Zone, from, to); len(list) > 1 {
		var s strings.Builder
		s.WriteString("CASE")
		for i := range len(list) - 1 {
			fmt.Fprintf(&s, " WHEN %s < %d THEN %d", moment, list[i+1].from, list[i].offset)
		}
		fmt.Fprintf(&s, " ELSE %d END", list[len(list)-1].offset)
		offset = s.String()
	} else {
		offset = strconv.FormatInt(list[0].offset, 10)
	}
	day := fmt.Sprintf("CAST(FLOOR((%s + %s) / %d.0) AS BIGINT)", moment, offset, int64(dayMicros))
	switch d.Step {
	case calls.Week: // the epoch was a Thursday
		return fmt.Sprintf("%s - (%s + 3) %% 7", day, day)
	case calls.Month:
		return monthExpression(d, from, to, moment)
	}
	return day
}

// monthExpression tells the months that the time touches apart by their ends.
func monthExpression(d *calls.Dimension, from, to time.Time, moment string) string {
	loc := d.Zone
	if loc == nil {
		loc = time.UTC
	}
	var s strings.Builder
	s.WriteString("CASE")
	at := from.In(loc)
	month := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, loc)
	for {
		next := month.AddDate(0, 1, 0)
		if !next.Before(to) {
			fmt.Fprintf(&s, " WHEN true THEN %d END", monthNumber(month))
			return s.String()
		}
		fmt.Fprintf(&s, " WHEN %s < %d THEN %d", moment, next.UnixMicro(), monthNumber(month))
		month = next
	}
}

func monthNumber(t time.Time) int { return t.Year()*12 + int(t.Month()) - 1 }

// KeyText returns the words of a key that a statement gave for a dimension.
func KeyText(d *calls.Dimension, given string) string {
	if d.Step == "" {
		if d.Field != nil && d.Field.Kind == calls.Bool {
			return map[string]string{"0": "false", "1": "true"}[given]
		}
		return given
	}
	n, err := strconv.ParseInt(given, 10, 64)
	if err != nil {
		return given
	}
	switch d.Step {
	case calls.Day, calls.Week:
		return time.Unix(n*86400, 0).UTC().Format(time.DateOnly)
	case calls.Month:
		return fmt.Sprintf("%04d-%02d-01", n/12, n%12+1)
	}
	return time.UnixMicro(n).UTC().Format("2006-01-02T15:04:05Z")
}
