package main

import (
	"math"
	"slices"
	"time"
)

// samples are durations, each kept as it is: what a run gathers fits in memory, and
// a difference of percentiles needs more digits than buckets leave. The zero
// samples are empty. They are not safe for concurrent use: each worker has its own.
type samples []time.Duration

func (s *samples) add(d time.Duration) { *s = append(*s, d) }

// quantiles are what is told of samples, in microseconds. All are zero where N is.
type quantiles struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// quantiles sorts the samples and reads them off: quantile q is the smallest sample
// that at least the share q of all does not exceed.
func (s samples) quantiles() quantiles {
	if len(s) == 0 {
		return quantiles{}
	}
	slices.Sort(s)
	at := func(q float64) float64 {
		i := int(math.Ceil(q*float64(len(s)))) - 1
		return micros(s[max(i, 0)])
	}
	return quantiles{N: len(s), P50: at(0.50), P99: at(0.99), Max: at(1)}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// median of figures; 0 of none.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
