package openai

import (
	"math"
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/money"
)

// nanoOf reads a JSON number of dollars ("0.000837", "4.1148e-05") as an integer,
// rounded half up to nano-dollars. It returns false for what is no amount.
func nanoOf(s string) (money.Nano, bool) {
	s = strings.Trim(s, `"`)
	if s == "" || s[0] == '-' {
		return 0, false
	}
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil || e < -400 || e > 400 {
			return 0, false
		}
		mantissa, exponent = s[:i], e
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	digits := whole + frac
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	// The amount in nano-dollars is the first point digits, zeros after the last.
	point := len(whole) + exponent + 9
	var n int64
	for i := range max(point, 0) {
		d := byte('0')
		if i < len(digits) {
			d = digits[i]
		}
		if n > (math.MaxInt64-9)/10 {
			return 0, false
		}
		n = n*10 + int64(d-'0')
	}
	if point >= 0 && point < len(digits) && digits[point] >= '5' {
		n++
	}
	return money.Nano(n), true
}
