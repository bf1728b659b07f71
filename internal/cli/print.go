package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/money"
)

// printJSON prints a value as indented JSON.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// lineJSON returns a value as JSON on one line.
func lineJSON(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// say prints talk.
func (a *app) say(format string, args ...any) { fmt.Fprintf(a.Stderr, format+"\n", args...) }

// table is rows below a head. A column whose head begins with ">" is set flush
// right, as numbers are.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) {
	for i := range cells {
		cells[i] = oneLine(cells[i])
	}
	t.rows = append(t.rows, cells)
}

func (t *table) print(w io.Writer) {
	width := make([]int, len(t.head))
	for i, h := range t.head {
		width[i] = utf8.RuneCountInString(strings.TrimPrefix(h, ">"))
	}
	for _, r := range t.rows {
		for i, c := range r {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	line := func(cells []string) {
		var b strings.Builder
		for i, c := range cells {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i > 0 {
				b.WriteString("  ")
			}
			if strings.HasPrefix(t.head[i], ">") {
				b.WriteString(pad + c)
			} else {
				b.WriteString(c + pad)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
	head := make([]string, len(t.head))
	for i, h := range t.head {
		head[i] = strings.TrimPrefix(h, ">")
	}
	line(head)
	for _, r := range t.rows {
		line(r)
	}
}

// dollars writes an amount; what has no price is unknown, never zero.
func dollars(nano int64, pricing string) string {
	if pricing == "unpriced" {
		return "unknown"
	}
	return "$" + money.Nano(nano).String()
}

// count writes a number with its thousands set apart.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// span writes microseconds; a moment that never came is "-".
func span(micros int64) string {
	switch {
	case micros < 0:
		return "-"
	case micros < 1000:
		return strconv.FormatInt(micros, 10) + "us"
	case micros < 1_000_000:
		return trimmed(float64(micros)/1000) + "ms"
	case micros < 600_000_000:
		return trimmed(float64(micros)/1e6) + "s"
	}
	return (time.Duration(micros) * time.Microsecond).Round(time.Second).String()
}

// trimmed writes three significant digits.
func trimmed(f float64) string {
	return strconv.FormatFloat(f, 'g', max(3, len(strconv.Itoa(int(f)))), 64)
}

// bytesText writes bytes in the unit that people read.
func bytesText(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	f, i := float64(n), 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	if i == 0 {
		return strconv.FormatInt(n, 10) + "B"
	}
	return trimmed(f) + units[i]
}

// printable replaces control characters, with which an answer, or a name that a
// caller chose, could make the terminal show what was never said.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < 0x20 || (r >= 0x7f && r < 0xa0):
			return '\uFFFD'
		}
		return r
	}, s)
}

// oneLine is printable text without line breaks.
func oneLine(s string) string {
	return printable(strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(s))
}

// dash writes an empty cell so that it can be seen.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// when reads a moment: RFC 3339, a date (UTC), now, or a span back from now ("24h",
// "-24h", "7d").
func when(flag, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if s == "now" {
		return now, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	if d, err := ago(strings.TrimPrefix(s, "-")); err == nil {
		return now.Add(-d), nil
	}
	return time.Time{}, fault.New(fault.Invalid, "invalid_time", "--%s %q is not a time", flag, s).
		Hinted("write 2026-11-23, 2026-11-23T14:03:00Z, now, or how long ago: -24h, 7d")
}
