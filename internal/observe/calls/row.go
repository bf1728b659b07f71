package calls

import (
	"math/bits"

	"github.com/steward-llmops/steward/internal/record"
)

// Row is a call or a span as the store keeps it.
type Row struct {
	record.Call
	// Counted says that tokens, cost, latency and errors of sums include this row.
	// It is false of spans that use no model, and of those that report once more
	// what a row below them, or the gateway itself, has reported (see Joiner).
	Counted bool
}

// Speed returns the output tokens a second between the first token and the end, in
// thousandths; -1 where it is not known.
func Speed(c *record.Call) int64 {
	out, took := c.Usage.OutputTokens(), c.TotalMicros-max(0, c.FirstTokenMicros)
	if out <= 0 || took <= 0 || c.TotalMicros < 0 {
		return -1
	}
	if out > 1<<30 { // a garbage count must not overflow
		out = 1 << 30
	}
	return out * 1_000_000_000 / took
}

// Buckets of durations: exact below 32 us, and above 32 to an octave, so that the
// middle of a bucket is within 1.6 % of everything in it (the layout of
// HdrHistogram, hdrhistogram.org, with 5 bits).
const bucketBits = 5

// Bucket returns the bucket of a duration in microseconds; -1 for a negative one,
// which means none.
func Bucket(micros int64) int64 {
	if micros < 0 {
		return -1
	}
	u := uint64(micros)
	shift := bits.Len64(u) - bucketBits - 1
	if shift <= 0 {
		return micros // exact
	}
	return int64(shift)<<bucketBits + int64(u>>shift)
}

// BucketMiddle returns the middle of a bucket, in microseconds; -1 of none.
func BucketMiddle(bucket int64) int64 {
	if bucket < 2<<bucketBits {
		return bucket
	}
	shift := bucket>>bucketBits - 1
	low := (bucket - shift<<bucketBits) << shift
	return low + (1<<shift)/2
}
