// Package money counts dollars in integers (law 8): amounts are nano-dollars,
// prices are femto-dollars a unit, and a sum of price times quantity is exact
// until it is rounded once.
package money

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Nano is an amount of money in nano-dollars (1e-9 USD).
type Nano int64

// Dollar is one US dollar.
const Dollar Nano = 1_000_000_000

// Parse reads a decimal amount of dollars such as "12.50" or "-0.000000001". It
// refuses more than nine decimals, exponents, and what does not fit.
func Parse(s string) (Nano, error) {
	v, err := parseDecimal(s, 9)
	if err != nil {
		return 0, fmt.Errorf("amount %q: %w", s, err)
	}
	return Nano(v), nil
}

// String returns the amount in dollars, with as many decimals as it needs and at
// least two: "0.00", "1.50", "0.000000001".
func (n Nano) String() string {
	sign, u := "", uint64(n)
	if n < 0 {
		sign, u = "-", -uint64(n)
	}
	return sign + decimal(u, 9, 2)
}

// Rate is a price in femto-dollars (1e-15 USD) per unit. A price of one dollar
// per million tokens is 1e9: the number of nano-dollars per million units.
type Rate int64

// PerMillion reads a decimal price in dollars per million units ("2.50").
func PerMillion(s string) (Rate, error) {
	v, err := parseDecimal(s, 9)
	if err != nil {
		return 0, fmt.Errorf("price %q per million: %w", s, err)
	}
	return nonNegative(v, s)
}

// PerThousand reads a decimal price in dollars per thousand units ("10").
func PerThousand(s string) (Rate, error) {
	v, err := parseDecimal(s, 12)
	if err != nil {
		return 0, fmt.Errorf("price %q per thousand: %w", s, err)
	}
	return nonNegative(v, s)
}

// PerUnit reads a decimal price in dollars for one unit ("0.04").
func PerUnit(s string) (Rate, error) {
	v, err := parseDecimal(s, 15)
	if err != nil {
		return 0, fmt.Errorf("price %q per unit: %w", s, err)
	}
	return nonNegative(v, s)
}

func nonNegative(v int64, s string) (Rate, error) {
	if v < 0 {
		return 0, fmt.Errorf("price %q is negative", s)
	}
	return Rate(v), nil
}

// PerMillionString returns the rate in dollars per million units.
func (r Rate) PerMillionString() string { return decimal(uint64(r), 9, 2) }

// PerUnitString returns the rate in dollars for one unit.
func (r Rate) PerUnitString() string { return decimal(uint64(r), 15, 2) }

// Sum adds up prices times quantities without rounding. The zero Sum is empty.
// It holds 128 bits of femto-dollars, far beyond what quantities and rates of 63
// bits can reach in one call; past Nano's range, Nano saturates.
type Sum struct {
	hi, lo uint64
}

// Add adds quantity units at rate. Negative quantities count as zero.
func (s *Sum) Add(quantity int64, rate Rate) {
	if quantity <= 0 || rate <= 0 {
		return
	}
	hi, lo := bits.Mul64(uint64(quantity), uint64(rate))
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, lo, 0)
	s.hi, carry = bits.Add64(s.hi, hi, carry)
	if carry != 0 {
		s.hi, s.lo = math.MaxUint64, math.MaxUint64
	}
}

// AddPer adds quantity units at a rate that is for per units, as a price per
// hour with a quantity in microseconds. The fraction of a femto-dollar is dropped.
func (s *Sum) AddPer(quantity int64, rate Rate, per uint64) {
	if quantity <= 0 || rate <= 0 || per == 0 {
		return
	}
	hi, lo := bits.Mul64(uint64(quantity), uint64(rate))
	qhi := hi / per
	qlo, _ := bits.Div64(hi%per, lo, per)
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, qlo, 0)
	s.hi, _ = bits.Add64(s.hi, qhi, carry)
}

const femtoPerNano = 1_000_000

// Nano rounds the sum to nano-dollars, half to even, once.
func (s Sum) Nano() Nano {
	if s.hi >= femtoPerNano {
		return math.MaxInt64
	}
	q, r := bits.Div64(s.hi, s.lo, femtoPerNano)
	if r > femtoPerNano/2 || (r == femtoPerNano/2 && q&1 == 1) {
		q++
	}
	if q > math.MaxInt64 {
		return math.MaxInt64
	}
	return Nano(q)
}

// Ceil rounds the sum up to nano-dollars, for what a call may cost at most.
func (s Sum) Ceil() Nano {
	if s.hi >= femtoPerNano {
		return math.MaxInt64
	}
	q, r := bits.Div64(s.hi, s.lo, femtoPerNano)
	if r > 0 {
		q++
	}
	if q > math.MaxInt64 {
		return math.MaxInt64
	}
	return Nano(q)
}

// parseDecimal reads s as an integer count of 10^-places. It is strict: an
// optional sign, digits, and at most places decimals.
func parseDecimal(s string, places int) (int64, error) {
	whole, frac, dot := strings.Cut(s, ".")
	neg := strings.HasPrefix(whole, "-")
	whole = strings.TrimPrefix(whole, "-")
	if (whole == "" && frac == "") || (dot && frac == "") || !digits(whole) || !digits(frac) {
		return 0, fmt.Errorf("not a decimal number")
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > places {
		return 0, fmt.Errorf("more than %d decimals", places)
	}
	text := strings.TrimLeft(whole+frac+strings.Repeat("0", places-len(frac)), "0")
	if text == "" {
		return 0, nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("out of range")
	}
	if neg {
		v = -v
	}
	return v, nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// decimal writes u*10^-places with at least keep decimals and no needless zeros.
func decimal(u uint64, places, keep int) string {
	s := strconv.FormatUint(u, 10)
	if len(s) <= places {
		s = strings.Repeat("0", places-len(s)+1) + s
	}
	whole, frac := s[:len(s)-places], s[len(s)-places:]
	end := len(frac)
	for end > keep && frac[end-1] == '0' {
		end--
	}
	return whole + "." + frac[:end]
}
