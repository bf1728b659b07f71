package price

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

// Rates are prices by name of what is charged, as decimal strings in US dollars.
// The names are those of llm.Quantity but for two whose natural unit is longer:
// "audio_minute" and "compute_hour". Tokens and characters are priced per
// million; web_search, web_fetch, file_search and requests per thousand;
// code_session, images and pages per piece; sound per minute; compute per hour.
type Rates map[string]string

type unit struct {
	key      string
	per      string // for people: "million tokens"
	parse    func(string) (money.Rate, error)
	min, max string // of a plausible price that is not zero; max is included
	token    bool   // counted in tokens: what service tiers and regions scale
	div      uint64 // units of the quantity per unit of the price; 0: see parse
}

func tokens(key string) unit {
	return unit{key: key, per: "million tokens", parse: money.PerMillion, min: "0.0001", max: "1000", token: true}
}

func calls(key string) unit {
	return unit{key: key, per: "thousand", parse: money.PerThousand, min: "0.0001", max: "1000"}
}

func pieces(key string) unit {
	return unit{key: key, per: "piece", parse: money.PerUnit, min: "0.0000001", max: "100"}
}

// units is indexed by llm.Quantity.
var units = [llm.NumQuantities]unit{
	llm.Input: tokens("input"), llm.InputAudio: tokens("input_audio"),
	llm.InputImage: tokens("input_image"), llm.InputVideo: tokens("input_video"),
	llm.CacheRead: tokens("cache_read"), llm.CacheReadAudio: tokens("cache_read_audio"),
	llm.CacheReadImage: tokens("cache_read_image"),
	llm.CacheWrite:     tokens("cache_write"), llm.CacheWrite1h: tokens("cache_write_1h"),
	llm.Output: tokens("output"), llm.OutputReasoning: tokens("output_reasoning"),
	llm.OutputAudio: tokens("output_audio"), llm.OutputImage: tokens("output_image"),
	llm.OutputVideo: tokens("output_video"),
	llm.WebSearch:   calls("web_search"), llm.WebFetch: calls("web_fetch"),
	llm.FileSearch: calls("file_search"), llm.CodeSession: pieces("code_session"),
	llm.Images:        pieces("images"),
	llm.AudioMicros:   {key: "audio_minute", per: "minute", parse: money.PerUnit, min: "0.000001", max: "100", div: 60_000_000},
	llm.Characters:    {key: "characters", per: "million characters", parse: money.PerMillion, min: "0.0001", max: "1000"},
	llm.Pages:         pieces("pages"),
	llm.ComputeMicros: {key: "compute_hour", per: "hour", parse: money.PerUnit, min: "0.0001", max: "1000", div: 3_600_000_000},
	llm.Requests:      calls("requests"),
}

// instead says whose rate a quantity takes where it has none of its own, in the
// order tried. A cached picture or sound costs what the uncached one costs if that
// is known: a little too much, never too little. What has no row has no substitute.
var instead = [llm.NumQuantities][]llm.Quantity{
	llm.InputAudio:      {llm.Input},
	llm.InputImage:      {llm.Input},
	llm.InputVideo:      {llm.Input},
	llm.CacheRead:       {llm.Input},
	llm.CacheReadAudio:  {llm.InputAudio, llm.CacheRead, llm.Input},
	llm.CacheReadImage:  {llm.InputImage, llm.CacheRead, llm.Input},
	llm.CacheWrite:      {llm.Input},
	llm.CacheWrite1h:    {llm.CacheWrite, llm.Input},
	llm.OutputReasoning: {llm.Output},
	llm.OutputAudio:     {llm.Output},
	llm.OutputImage:     {llm.Output},
	llm.OutputVideo:     {llm.Output},
}

func quantityOf(key string) (llm.Quantity, bool) {
	for q := range units {
		if units[q].key == key {
			return llm.Quantity(q), true
		}
	}
	return 0, false
}

// set is a bit per quantity.
type set uint32

func (s set) has(q llm.Quantity) bool { return s>>q&1 == 1 }
func (s *set) add(q llm.Quantity)     { *s |= 1 << q }

func (s set) list() []llm.Quantity {
	if s == 0 {
		return nil
	}
	out := make([]llm.Quantity, 0, bits.OnesCount32(uint32(s)))
	for q := range llm.NumQuantities {
		if s.has(q) {
			out = append(out, q)
		}
	}
	return out
}

// table is parsed rates: those whose bit is set were given.
type table struct {
	rate  [llm.NumQuantities]money.Rate
	given set
}

// parseRates reads and checks rates; where names the price in error texts.
func parseRates(where string, r Rates) (t table, err error) {
	for _, key := range slices.Sorted(maps.Keys(r)) {
		q, ok := quantityOf(key)
		if !ok {
			return t, invalid(where, key, "nothing is charged by that name").
				Hinted("use one of %s", strings.Join(rateNames(), ", "))
		}
		rate, err := parseRate(where, q, r[key])
		if err != nil {
			return t, err
		}
		t.rate[q] = rate
		t.given.add(q)
	}
	return t, nil
}

func parseRate(where string, q llm.Quantity, text string) (money.Rate, error) {
	u := &units[q]
	rate, err := u.parse(text)
	if err != nil {
		return 0, invalid(where, u.key, "%v", err).Hinted("give dollars per %s as a decimal string, such as \"2.50\"", u.per)
	}
	low, err := u.parse(u.min)
	if err != nil {
		return 0, fmt.Errorf("unit of %s: %w", u.key, err)
	}
	high, err := u.parse(u.max)
	if err != nil {
		return 0, fmt.Errorf("unit of %s: %w", u.key, err)
	}
	if rate > high {
		return 0, invalid(where, u.key, "$%s per %s is not plausible (more than $%s)", text, u.per, u.max).
			Hinted("prices are in dollars per %s", u.per)
	}
	if rate > 0 && rate < low {
		f := invalid(where, u.key, "$%s per %s is not plausible (less than $%s)", text, u.per, u.min)
		if u.token {
			return 0, f.Hinted("did you give the price per token? prices are per million tokens")
		}
		return 0, f.Hinted("prices are in dollars per %s", u.per)
	}
	return rate, nil
}

func invalid(where, field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "bad_price", "%s: %s: %s", where, field, fmt.Sprintf(format, args...)).At(field)
}

func rateNames() []string {
	names := make([]string, len(units))
	for q := range units {
		names[q] = units[q].key
	}
	return names
}

// over lays more on top of t.
func (t table) over(more *table) table {
	for q := range more.rate {
		if more.given.has(llm.Quantity(q)) {
			t.rate[q] = more.rate[q]
		}
	}
	t.given |= more.given
	return t
}

// factor is a multiplier in units of 1e-9.
type factor uint64

const one factor = 1_000_000_000

func parseFactor(where, field, text string) (factor, error) {
	if text == "" {
		return one, nil
	}
	r, err := money.PerMillion(text)
	if err != nil {
		return 0, invalid(where, field, "%v", err).Hinted("a multiplier is a decimal string such as \"0.5\"")
	}
	if f := factor(r); f > 0 && f <= 100*one {
		return f, nil
	}
	return 0, invalid(where, field, "a multiplier of %s is not plausible", text).
		Hinted("1 is the list price, 0.5 is half of it")
}

// scale multiplies a rate, rounding half to even at a femto-dollar a unit.
func (f factor) scale(r money.Rate) money.Rate {
	if f == one || r <= 0 {
		return r
	}
	hi, lo := bits.Mul64(uint64(r), uint64(f))
	if hi >= uint64(one) {
		return money.Rate(1<<63 - 1)
	}
	q, rem := bits.Div64(hi, lo, uint64(one))
	if rem > uint64(one)/2 || (rem == uint64(one)/2 && q&1 == 1) {
		q++
	}
	return money.Rate(min(q, 1<<63-1))
}

// sheet is what each quantity costs in one situation, substitutes filled in.
type sheet struct {
	rate  [llm.NumQuantities]money.Rate
	known set                             // has a rate, its own or a substitute's
	via   [llm.NumQuantities]llm.Quantity // whose rate it is
}

// settle fills in the substitutes of t.
func (t *table) settle() *sheet {
	s := &sheet{rate: t.rate, known: t.given}
	for q := range llm.NumQuantities {
		s.via[q] = q
		if t.given.has(q) {
			continue
		}
		for _, other := range instead[q] {
			if t.given.has(other) {
				s.rate[q], s.via[q] = t.rate[other], other
				s.known.add(q)
				break
			}
		}
	}
	return s
}

// ignorable are quantities that are no gap where they have no rate. The time of
// the machine is measured for every self-hosted call; who pays per token does not
// pay for it again. A request is counted whether or not it has a fee.
const ignorable = set(1)<<llm.ComputeMicros | set(1)<<llm.Requests

// covered says which quantities in use have no price: none but what s knows,
// and what is never a gap. A price by the hour of the machine covers everything
// that the machine did.
func (s *sheet) missing(used set) set {
	if s.known.has(llm.ComputeMicros) {
		return 0
	}
	return used &^ s.known &^ ignorable
}

// charge adds count of q to sum.
func (s *sheet) charge(sum *money.Sum, q llm.Quantity, count int64) {
	if div := units[q].div; div != 0 {
		sum.AddPer(count, s.rate[q], div)
		return
	}
	sum.Add(count, s.rate[q])
}
