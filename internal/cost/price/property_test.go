package price_test

import (
	"cmp"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/cost/price"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

// reference is a slow calculator that knows nothing of the package's tables: it
// works from the text of the catalogue in rational numbers.
type reference struct {
	provider *price.FileProvider
	model    *price.FileModel
}

var substitutes = map[string][]string{
	"input_audio": {"input"}, "input_image": {"input"}, "input_video": {"input"}, "cache_read": {"input"},
	"cache_read_audio": {"input_audio", "cache_read", "input"}, "cache_read_image": {"input_image", "cache_read", "input"},
	"cache_write": {"input"}, "cache_write_1h": {"cache_write", "input"},
	"output_reasoning": {"output"}, "output_audio": {"output"}, "output_image": {"output"}, "output_video": {"output"},
}

// perUnit is the number of units of a quantity that the price in the file is for.
func perUnit(q llm.Quantity) (key string, units int64, token bool) {
	switch q {
	case llm.WebSearch, llm.WebFetch, llm.FileSearch, llm.Requests:
		return q.String(), 1000, false
	case llm.CodeSession, llm.Images, llm.Pages:
		return q.String(), 1, false
	case llm.AudioMicros:
		return "audio_minute", 60_000_000, false
	case llm.ComputeMicros:
		return "compute_hour", 3_600_000_000, false
	case llm.Characters:
		return q.String(), 1_000_000, false
	}
	return q.String(), 1_000_000, true
}

func (r *reference) block(at time.Time) *price.FilePrice {
	for i := len(r.model.Then) - 1; i >= 0; i-- {
		b := &r.model.Then[i]
		utc := at.UTC()
		if b.From != "" && utc.Format(time.DateOnly) < b.From {
			continue
		}
		if from, to, ok := strings.Cut(b.Window, "-"); ok {
			if clock := utc.Format("15:04"); clock < from || clock >= to {
				continue
			}
		}
		return b
	}
	return &r.model.FilePrice
}

func (r *reference) rates(u *llm.Usage, at time.Time) map[string]*big.Rat {
	out := map[string]*big.Rat{}
	lay := func(rates price.Rates) {
		for k, v := range rates {
			out[k], _ = new(big.Rat).SetString(v)
		}
	}
	lay(r.provider.Rates)
	b := r.block(at)
	lay(b.Rates)
	longer := map[string]*big.Rat{}
	for _, t := range b.Tiers {
		if u.InputTokens() > t.Over {
			lay(t.Rates)
			for k := range t.Rates {
				longer[k] = out[k]
			}
		}
	}
	apply := func(lists []map[string]price.Mode, name string) {
		for _, l := range lists {
			m, ok := l[name]
			if !ok {
				continue
			}
			lay(m.Rates)
			for k, usual := range longer {
				if m.Rates[k] != "" && out[k].Cmp(usual) < 0 {
					out[k] = usual
				}
			}
			times, good := new(big.Rat).SetString(m.Times)
			for q := range llm.NumQuantities {
				key, _, token := perUnit(q)
				_, own := m.Rates[key]
				if good && token && !own && out[key] != nil && !slices.Contains(m.Except, key) {
					out[key] = new(big.Rat).Mul(out[key], times)
				}
			}
			return
		}
	}
	apply([]map[string]price.Mode{r.model.Modes, r.provider.Modes}, cmp.Or(u.Speed, u.ServiceTier))
	apply([]map[string]price.Mode{r.model.Geos, r.provider.Geos}, u.Geo)
	return out
}

// cost is in nano-dollars, not rounded.
func (r *reference) cost(u *llm.Usage, at time.Time) *big.Rat {
	rates := r.rates(u, at)
	sum := new(big.Rat)
	any := false
	add := func(q llm.Quantity, n int64) {
		key, units, _ := perUnit(q)
		rate := rates[key]
		for _, s := range substitutes[key] {
			rate = cmp.Or(rate, rates[s])
		}
		if rate != nil {
			sum.Add(sum, new(big.Rat).Mul(rate, new(big.Rat).SetFrac64(n*1, units)))
		}
	}
	for q, n := range u.N {
		if n > 0 {
			any = true
			add(llm.Quantity(q), n)
		}
	}
	if any && u.N[llm.Requests] == 0 {
		add(llm.Requests, 1)
	}
	return sum.Mul(sum, new(big.Rat).SetInt64(1_000_000_000))
}

func halfEven(r *big.Rat) money.Nano {
	q, m := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	m.Lsh(m, 1)
	if c := m.Cmp(r.Denom()); c > 0 || (c == 0 && q.Bit(0) == 1) {
		q.Add(q, big.NewInt(1))
	}
	return money.Nano(q.Int64())
}

func TestCostIsExact(t *testing.T) {
	data, err := os.ReadFile("catalogue.json")
	if err != nil {
		t.Fatal(err)
	}
	f, err := price.ParseFile(data)
	if err != nil {
		t.Fatal(err)
	}
	c := catalogue(t)
	var pool []reference
	for i := range f.Providers {
		for j := range f.Providers[i].Models {
			if f.Providers[i].Models[j].Rates != nil {
				pool = append(pool, reference{&f.Providers[i], &f.Providers[i].Models[j]})
			}
		}
	}
	entries := map[string]*price.Entry{}
	for _, p := range c.Providers() {
		for _, e := range c.Entries(p) {
			entries[e.ID()] = e
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	const rounds = 60_000
	for range rounds {
		r := &pool[rng.IntN(len(pool))]
		if rng.IntN(3) == 0 { // the first providers have all the variety
			r = &pool[rng.IntN(300)]
		}
		e := entries[r.provider.ID+"/"+r.model.ID]
		at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rng.Int64N(3 * 365 * 24 * int64(time.Hour))))
		u, m, in, out := randomUsage(rng)
		m.At = at
		want := r.cost(u, at)
		got := e.Cost(u, at)
		if exact := halfEven(want); got != exact {
			t.Fatalf("%s at %v: %+v costs %d, want %d", e.ID(), at, u, got, exact)
		}
		if ceiling := e.Ceiling(in, out, m); got > ceiling {
			t.Fatalf("%s at %v: %+v costs %d, more than its ceiling %d (%+v)", e.ID(), at, u, got, ceiling, m)
		}
	}
}

// randomUsage returns a usage and the bounds of what it may be.
func randomUsage(rng *rand.Rand) (*llm.Usage, *price.Most, int64, int64) {
	u, m := &llm.Usage{Reported: true}, &price.Most{}
	tier := []string{"", "default", "flex", "batch", "priority", "unheard-of"}[rng.IntN(6)]
	m.ServiceTier = tier
	if rng.IntN(4) > 0 { // or the provider served in the default tier
		u.ServiceTier = tier
	}
	if tier == "" && rng.IntN(3) == 0 {
		u.Speed, m.Speed = "fast", "fast"
	}
	if rng.IntN(3) == 0 {
		u.Geo, m.Geo = "us", "us"
	}
	m.Sound, m.Pictures, m.Video = rng.IntN(3) == 0, rng.IntN(3) == 0, rng.IntN(5) == 0
	m.NoCacheWrite, m.NoHourCache = rng.IntN(3) == 0, rng.IntN(3) == 0
	may := map[llm.Quantity]bool{llm.Input: true, llm.CacheRead: true, llm.Output: true, llm.OutputReasoning: true,
		llm.CacheWrite: !m.NoCacheWrite, llm.CacheWrite1h: !m.NoCacheWrite && !m.NoHourCache,
		llm.InputAudio: m.Sound, llm.CacheReadAudio: m.Sound, llm.OutputAudio: m.Sound,
		llm.InputImage: m.Pictures, llm.CacheReadImage: m.Pictures, llm.OutputImage: m.Pictures,
		llm.InputVideo: m.Video, llm.OutputVideo: m.Video}
	for q := range llm.NumQuantities {
		if rng.IntN(2) == 0 {
			continue
		}
		_, units, token := perUnit(q)
		switch {
		case token && may[q]:
			u.N[q] = rng.Int64N([]int64{3, 5000, 400_000}[rng.IntN(3)])
		case !token && q != llm.ComputeMicros:
			// whole femto-dollars only, for the reference does not drop fractions
			u.N[q] = rng.Int64N(20) * max(1, units/1_000_000)
			m.Counts[q] = u.N[q] + rng.Int64N(2)
		}
	}
	return u, m, u.InputTokens() + rng.Int64N(3)*rng.Int64N(50_000), u.OutputTokens() + rng.Int64N(3)
}
