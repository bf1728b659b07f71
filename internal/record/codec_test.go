package record_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/record"
)

// fill sets every field of v to a value drawn from rng, so that a field which the
// codec forgets is seen the day it is added.
func fill(v reflect.Value, rng *rand.Rand, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), rng, depth)
		}
	case reflect.Slice:
		n := 1 + rng.IntN(3)
		if depth > 2 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), rng, depth+1)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), rng, depth)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("s%d", rng.Int64()))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(rng.IntN(256)))
	case reflect.Int, reflect.Int64:
		v.SetInt(rng.Int64() - rng.Int64())
	default:
		panic("no rule to fill " + v.Kind().String())
	}
}

func TestDecodeReadsEveryFieldThatAppendWrote(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var c record.Call
		var h record.Hold
		fill(reflect.ValueOf(&c).Elem(), rng, 0)
		fill(reflect.ValueOf(&h).Elem(), rng, 0)
		var score record.Score
		var l record.Log
		var p record.Point
		for _, v := range []any{&score, &l, &p} {
			fill(reflect.ValueOf(v).Elem(), rng, 0)
		}
		for _, want := range []record.Entry{{Call: &c}, {Hold: &h}, {Call: new(record.Call)}, {Span: &c}, {Score: &score}, {Log: &l}, {Point: &p}} {
			got, err := record.Decode(record.Append(nil, want))
			if err != nil {
				t.Fatalf("Decode: %v", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("round trip (-want +got):\n%s", diff)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 4))
	var c record.Call
	fill(reflect.ValueOf(&c).Elem(), rng, 0)
	f.Add(record.Append(nil, record.Entry{Call: &c}))
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := record.Decode(b)
		if err != nil {
			return
		}
		again, err := record.Decode(record.Append(nil, e))
		if err != nil {
			t.Fatalf("decoded entry does not encode: %v", err)
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Errorf("second round trip (-first +second):\n%s", diff)
		}
	})
}

func BenchmarkAppendAndDecode(b *testing.B) {
	c := record.Call{Org: "default", Team: "default", Project: "search", Key: "key_01jx", KeyName: "web", Surface: "openai-chat",
		Operation: "chat", Asked: "openai/gpt-4o-mini", Provider: "openai", Model: "gpt-4o-mini", Reported: "gpt-4o-mini-2024-07-18",
		UpstreamID: "chatcmpl-123456789", Attempts: []record.Attempt{{Provider: "openai", Model: "gpt-4o-mini", Status: 200, DurationMicros: 500_000}},
		Pricing: record.Priced, Catalogue: "2026-11-01-abcdef", PriceID: "openai/gpt-4o-mini", Outcome: record.OK, Status: 200, Finish: "stop"}
	c.Usage.N[0], c.Usage.N[9] = 480, 128
	var buf []byte
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = record.Append(buf[:0], record.Entry{Call: &c})
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := record.Decode(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
}
