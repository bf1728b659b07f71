package main

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestQuantiles(t *testing.T) {
	upTo := func(n int) (s samples) {
		for i := range n {
			s.add(time.Duration(i+1) * time.Microsecond)
		}
		rand.New(rand.NewPCG(1, 2)).Shuffle(n, func(i, j int) { s[i], s[j] = s[j], s[i] })
		return s
	}
	tests := map[string]struct {
		in   samples
		want quantiles
	}{
		"nothing":                          {nil, quantiles{}},
		"one sample is every quantile":     {samples{7 * time.Microsecond}, quantiles{1, 7, 7, 7}},
		"of two the median is the lower":   {samples{4 * time.Microsecond, 2 * time.Microsecond}, quantiles{2, 2, 4, 4}},
		"a hundred":                        {upTo(100), quantiles{100, 50, 99, 100}},
		"a thousand":                       {upTo(1000), quantiles{1000, 500, 990, 1000}},
		"below a microsecond and negative": {samples{-500, 250, 500}, quantiles{3, 0.25, 0.5, 0.5}},
	}
	for name, tt := range tests {
		if got := tt.in.quantiles(); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestMedian(t *testing.T) {
	tests := map[string]struct {
		in   []float64
		want float64
	}{
		"of nothing":              {nil, 0},
		"of three, in any order":  {[]float64{9, 1, 4}, 4},
		"of two: between them":    {[]float64{1, 4}, 2.5},
		"of four: the inner mean": {[]float64{8, 1, 2, 4}, 3},
	}
	for name, tt := range tests {
		if got := median(tt.in); got != tt.want {
			t.Errorf("median %s: %v, want %v", name, got, tt.want)
		}
	}
}
