package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/money"
)

// Duration is a length of time, written with units: "90s", "1h30m", "30d".
type Duration time.Duration

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns the duration as a configuration writes it, in the largest unit
// that needs no fraction.
func (d Duration) String() string {
	for _, u := range durationUnits {
		if d != 0 && time.Duration(d)%u.size == 0 {
			return strconv.FormatInt(int64(time.Duration(d)/u.size), 10) + u.name
		}
	}
	return "0s"
}

// durationUnits are tried from the largest; a day is not among them, because
// "720h" is what Go's own tools can read.
var durationUnits = []struct {
	name string
	size time.Duration
}{{"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}, {"us", time.Microsecond}, {"ns", 1}}

// ParseDuration reads a duration. A number of days ("30d") is 24 hours each.
func ParseDuration(s string) (Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseInt(days, 10, 64)
		if err == nil && n >= 0 && n <= math.MaxInt64/int64(24*time.Hour) {
			return Duration(time.Duration(n) * 24 * time.Hour), nil
		}
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil && isNumber(s):
		return 0, fmt.Errorf("%q has no unit; write %ss or %sms", s, s, s)
	case err != nil:
		return 0, fmt.Errorf("%q is not a duration; write a number with a unit: 500ms, 90s, 15m, 720h or 30d", s)
	case d < 0:
		return 0, fmt.Errorf("%q is negative", s)
	}
	return Duration(d), nil
}

// Size is a number of bytes, written with units: "64KiB", "32MiB", "1.5GB".
type Size int64

// sizeUnits in the order in which String tries them.
var sizeUnits = []struct {
	name string
	size int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"kB", 1e3}, {"B", 1},
}

// String returns the size as a configuration writes it, in the largest unit that
// needs no fraction.
func (n Size) String() string {
	for _, u := range sizeUnits {
		if n != 0 && int64(n)%u.size == 0 {
			return strconv.FormatInt(int64(n)/u.size, 10) + u.name
		}
	}
	return "0B"
}

// ParseSize reads a size. Units of 1024 have an i (KiB, MiB, GiB, TiB), units of
// 1000 have none (KB, MB, GB, TB).
func ParseSize(s string) (Size, error) {
	for _, u := range sizeUnits {
		head, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		head = strings.TrimSpace(head)
		f, err := strconv.ParseFloat(head, 64)
		if err != nil || !isNumber(head) {
			break
		}
		if f*float64(u.size) >= math.MaxInt64 {
			return 0, fmt.Errorf("%q is out of range", s)
		}
		if n, err := strconv.ParseInt(head, 10, 64); err == nil {
			return Size(n * u.size), nil
		}
		return Size(f * float64(u.size)), nil
	}
	if isNumber(s) {
		return 0, fmt.Errorf("%q has no unit; write %sMiB or %sB", s, s, s)
	}
	return 0, fmt.Errorf("%q is not a size; write a number with a unit: 64KiB, 32MiB, 1GiB", s)
}

// isNumber reports whether s is digits with at most one point among them.
func isNumber(s string) bool {
	whole, frac, dot := strings.Cut(s, ".")
	if whole == "" || (dot && frac == "") {
		return false
	}
	return strings.Trim(whole+frac, "0123456789") == ""
}

// Price is a decimal amount of dollars, kept as it was written so that no float
// ever holds money. The zero Price is none, which is not a price of zero.
type Price string

// IsSet reports whether a price was given.
func (p Price) IsSet() bool { return p != "" }

// ParsePrice reads a price of zero or more with at most nine decimals; "" is none.
func ParsePrice(s string) (Price, error) {
	if s == "" {
		return "", nil
	}
	n, err := money.Parse(s)
	if err != nil {
		return "", fmt.Errorf("%q is not a price; write dollars as a decimal with at most nine places: \"2.50\"", s)
	}
	if n < 0 {
		return "", fmt.Errorf("price %q is negative", s)
	}
	return Price(s), nil
}
