package money_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/steward-llmops/steward/internal/money"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		in   string
		want money.Nano
		ok   bool
	}{
		"one nano":       {"0.000000001", 1, true},
		"too fine":       {"0.0000000001", 0, false},
		"trailing zeros": {"1.50000000000000", 1_500_000_000, true},
		"negative":       {"-2.5", -2_500_000_000, true},
		"no whole part":  {".5", 500_000_000, true},
		"no decimals":    {"7", 7_000_000_000, true},
		"bare dot":       {".", 0, false},
		"ends in dot":    {"1.", 0, false},
		"exponent":       {"1e3", 0, false},
		"empty":          {"", 0, false},
		"plus":           {"+1", 0, false},
		"too big":        {"9223372037", 0, false},
		"largest":        {"9223372036.854775807", math.MaxInt64, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := money.Parse(tt.in)
			if got != tt.want || (err == nil) != tt.ok {
				t.Errorf("Parse(%q) = %v, %v; want %v, ok %v", tt.in, got, err, tt.want, tt.ok)
			}
		})
	}
}

func TestNanoString(t *testing.T) {
	tests := map[money.Nano]string{
		0: "0.00", 1: "0.000000001", money.Dollar: "1.00", 1_500_000_000: "1.50",
		-1: "-0.000000001", math.MinInt64: "-9223372036.854775808", 12_340_000: "0.01234",
	}
	for in, want := range tests {
		if got := in.String(); got != want {
			t.Errorf("Nano(%d).String() = %q, want %q", int64(in), got, want)
		}
	}
}

func TestRates(t *testing.T) {
	mega, err := money.PerMillion("2.5")
	if err != nil || mega != 2_500_000_000 {
		t.Fatalf("PerMillion(2.5) = %v, %v", mega, err)
	}
	kilo, err := money.PerThousand("10")
	if err != nil || kilo != 10_000_000_000_000 {
		t.Fatalf("PerThousand(10) = %v, %v", kilo, err)
	}
	if _, err := money.PerMillion("-1"); err == nil {
		t.Error("PerMillion(-1) accepted a negative price")
	}
	if got := mega.PerMillionString(); got != "2.50" {
		t.Errorf("PerMillionString = %q, want 2.50", got)
	}
}

func TestSumRoundsOnceHalfToEven(t *testing.T) {
	tests := map[string]struct {
		quantity int64
		rate     money.Rate
		nano     money.Nano
		ceil     money.Nano
	}{
		"exact":             {1000, 1_000_000_000, 1_000_000, 1_000_000},
		"half goes to even": {1, 500_000, 0, 1},
		"half above odd":    {3, 500_000, 2, 2},
		"just above half":   {1, 500_001, 1, 1},
		"just below half":   {1, 499_999, 0, 1},
		"negative quantity": {-5, 1_000_000_000, 0, 0},
		"saturates":         {math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var s money.Sum
			s.Add(tt.quantity, tt.rate)
			if s.Nano() != tt.nano || s.Ceil() != tt.ceil {
				t.Errorf("%d x %d = %d (ceil %d), want %d (ceil %d)", tt.quantity, tt.rate, s.Nano(), s.Ceil(), tt.nano, tt.ceil)
			}
		})
	}
}

func FuzzSumIsExact(f *testing.F) {
	f.Add(int64(480), int64(2_500_000_000), int64(128), int64(10_000_000_000))
	f.Fuzz(func(t *testing.T, q1, r1, q2, r2 int64) {
		for _, v := range []*int64{&q1, &r1, &q2, &r2} {
			*v &= math.MaxInt64
		}
		var s money.Sum
		s.Add(q1, money.Rate(r1))
		s.Add(q2, money.Rate(r2))
		want := new(big.Int).Mul(big.NewInt(q1), big.NewInt(r1))
		want.Add(want, new(big.Int).Mul(big.NewInt(q2), big.NewInt(r2)))
		quo, rem := new(big.Int).QuoRem(want, big.NewInt(1_000_000), new(big.Int))
		if c := rem.Cmp(big.NewInt(500_000)); c > 0 || (c == 0 && quo.Bit(0) == 1) {
			quo.Add(quo, big.NewInt(1))
		}
		if !quo.IsInt64() {
			quo = big.NewInt(math.MaxInt64)
		}
		if got := s.Nano(); int64(got) != quo.Int64() {
			t.Errorf("%d*%d + %d*%d = %d nano, want %d", q1, r1, q2, r2, got, quo.Int64())
		}
	})
}

func TestAddPer(t *testing.T) {
	rate, _ := money.PerUnit("3.60") // an hour of a GPU
	var s money.Sum
	s.AddPer(1_500_000, rate, 3_600_000_000) // 1.5 s in microseconds
	if got := s.Nano(); got != 1_500_000 {
		t.Errorf("1.5 s at $3.60 an hour = %d nano, want 1500000", got)
	}
}
