package calls

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/money"
)

// kindWords say what the values of a kind are.
var kindWords = [...]string{
	Text: "a text", Number: "a number", Duration: "a duration", Money: "an amount in dollars",
	Milli: "a number", Bool: "true or false", Moment: "a moment",
}

// kindExamples are values of each kind as they are written.
var kindExamples = [...]string{
	Text: "x", Number: "1200, 10k or 100..200", Duration: "250ms, 2s, 1m30s or >2s", Money: "0.01, $5 or >0.5",
	Milli: "12.5 or >20", Bool: "true or false", Moment: "2026-01-31, 2026-01-31T08:00:00Z or >-24h",
}

func exampleOf(k FieldKind) string { return kindExamples[k] }

func example(f *Field) string { return kindExamples[f.Kind] }

// parseValue reads a value of a kind. A date stands for its whole day: low is its
// first microsecond, high its last; else both are the same. why says what is wrong.
func parseValue(k FieldKind, text string, now time.Time) (low, high int64, why string) {
	switch k {
	case Number:
		low, why = parseScaled(text, counts, 1)
	case Duration:
		low, why = parseDuration(text)
	case Money:
		low, why = parseMoney(text)
	case Milli:
		low, why = parseScaled(text, plainUnit, 1000)
	case Bool:
		low, why = parseBool(text)
	case Moment:
		return parseMoment(text, now)
	}
	return low, low, why
}

type unit struct {
	name string
	size int64
}

var (
	plainUnit = []unit{{"", 1}}
	counts    = []unit{{"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"", 1}}
	durations = []unit{{"us", 1}, {"µs", 1}, {"μs", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}, {"d", 86400e6}}
)

// parseScaled reads a signed decimal with one of the units (the last that fits its
// letters) as a whole number of 1/scale.
func parseScaled(text string, units []unit, scale int64) (int64, string) {
	digits, neg := strings.CutPrefix(text, "-")
	n, rest, why := decimal(digits, units, scale)
	if why == "" && rest != "" {
		why = "it is not a number"
	}
	if neg {
		n = -n
	}
	return n, why
}

func parseBool(text string) (int64, string) {
	switch strings.ToLower(text) {
	case "true", "yes", "1":
		return 1, ""
	case "false", "no", "0":
		return 0, ""
	}
	return 0, "it is neither true nor false"
}

func parseMoney(text string) (int64, string) {
	s, neg := strings.CutPrefix(text, "-")
	s, _ = strings.CutPrefix(s, "$")
	if strings.HasPrefix(s, "-") {
		return 0, "it is not a decimal number"
	}
	n, err := money.Parse(s)
	if err != nil {
		return 0, "it is no decimal number of dollars with at most nine decimals"
	}
	if neg {
		n = -n
	}
	return int64(n), ""
}

// parseDuration reads 90, 1.5s or 1m30s as microseconds.
func parseDuration(text string) (int64, string) {
	var sum int64
	for rest := text; ; {
		n, after, why := decimal(rest, durations, 1)
		if why == noUnit && rest == text { // a bare number is seconds
			n, after, why = decimal(rest+"s", durations, 1)
		}
		if why != "" {
			return 0, why
		}
		if sum += n; sum < 0 {
			return 0, tooLarge
		}
		if after == "" {
			return sum, ""
		}
		rest = after
	}
}

const (
	noUnit   = "its unit is missing or unknown"
	tooLarge = "it is too large"
	tooFine  = "it has more decimals than are kept"
)

// decimal reads a decimal and its unit from the start of s, as a whole number of
// 1/scale of what the units are counted in.
func decimal(s string, units []unit, scale int64) (n int64, rest, why string) {
	end := 0
	for end < len(s) && (digit(s[end]) || s[end] == '.') {
		end++
	}
	whole, frac, dot := strings.Cut(s[:end], ".")
	letters := end
	for letters < len(s) && !digit(s[letters]) && s[letters] != '.' {
		letters++
	}
	if end == 0 || whole == "" && frac == "" || dot && frac == "" || strings.Contains(frac, ".") {
		return 0, s, "it is not a number"
	}
	size := int64(0)
	for _, u := range units {
		if strings.ToLower(s[end:letters]) == u.name {
			size = u.size
		}
	}
	if size == 0 {
		return 0, s, noUnit
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > 18 {
		return 0, s, tooFine
	}
	v, err := strconv.ParseUint("0"+whole, 10, 63)
	if err != nil {
		return 0, s, tooLarge
	}
	hi, lo := bits.Mul64(v, uint64(size*scale))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, s, tooLarge
	}
	f, _ := strconv.ParseUint("0"+frac, 10, 63) // at most 18 digits
	power := uint64(math.Pow10(len(frac)))      // exact up to 18
	fhi, flo := bits.Mul64(f, uint64(size*scale))
	q, r := bits.Div64(fhi, flo, power) // f < power, so it does not overflow
	if r != 0 {
		return 0, s, tooFine
	}
	if lo+q > math.MaxInt64 {
		return 0, s, tooLarge
	}
	return int64(lo + q), s[letters:], ""
}

// moments are the ways to write a moment; without a zone it is UTC.
var moments = []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04"}

func relative(text string) bool { return text == "now" || strings.HasPrefix(text, "-") }

func parseMoment(text string, now time.Time) (low, high int64, why string) {
	if text == "now" {
		return now.UnixMicro(), now.UnixMicro(), ""
	}
	if ago, ok := strings.CutPrefix(text, "-"); ok {
		n, why := parseDuration(ago)
		if why != "" {
			return 0, 0, why
		}
		at := time.UnixMicro(now.UnixMicro() - n).UTC()
		if at.Year() < 0 || at.Year() > 9999 {
			return 0, 0, tooLarge
		}
		return at.UnixMicro(), at.UnixMicro(), ""
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.UnixMicro(), day.AddDate(0, 0, 1).UnixMicro() - 1, ""
	}
	for _, layout := range moments {
		if at, err := time.Parse(layout, text); err == nil {
			if y := at.UTC().Year(); y < 0 || y > 9999 {
				return 0, 0, tooLarge
			}
			return at.UnixMicro(), at.UnixMicro(), ""
		}
	}
	return 0, 0, "it is neither a date nor a moment of RFC 3339"
}

// formatValue writes a value so that parseValue reads it.
func formatValue(k FieldKind, n int64) string {
	switch k {
	case Duration:
		return formatDuration(n)
	case Money:
		return money.Nano(n).String()
	case Milli:
		return formatMilli(n)
	case Bool:
		return strconv.FormatBool(n != 0)
	case Moment:
		return time.UnixMicro(n).UTC().Format("2006-01-02T15:04:05.999999Z")
	}
	return strconv.FormatInt(n, 10)
}

func formatDuration(n int64) string {
	for _, u := range []unit{{"h", 3600e6}, {"m", 60e6}, {"s", 1e6}, {"ms", 1e3}} {
		if n%u.size == 0 && (n != 0 || u.name == "s") {
			return strconv.FormatInt(n/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + "us"
}

func formatMilli(n int64) string {
	sign, u := "", uint64(n)
	if n < 0 {
		sign, u = "-", -uint64(n)
	}
	s := strconv.FormatUint(u/1000, 10)
	if f := u % 1000; f != 0 {
		s += "." + strings.TrimRight(strconv.FormatUint(1000+f, 10)[1:], "0")
	}
	return sign + s
}
