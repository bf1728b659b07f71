package sim

import (
	"math"
	"math/rand/v2"
	"strings"
)

// The word lists of the text generator. A sentence is an opening, a subject, a
// verb, an object and sometimes a tail.
var (
	openings   = []string{"", "", "", "In short, ", "In practice, ", "First of all, ", "As a rule, ", "On the other hand, ", "For this reason, ", "More precisely, ", "In most teams, ", "To begin with, "}
	subjects   = []string{"the service", "a careful reader", "the second step", "this approach", "the whole system", "a small change", "the first result", "each request", "the team", "a good default", "the report", "our plan", "the older version", "every branch of it", "the answer", "a shorter path"}
	predicates = []string{"keeps", "explains", "improves", "depends on", "follows", "replaces", "needs", "shows", "reduces", "supports", "describes", "measures", "leads to", "prevents", "confirms", "brings"}
	objects    = []string{"the order of events", "a clear boundary", "fewer surprises", "the cost of waiting", "a simple rule", "the numbers we had before", "what people expect", "a stable interface", "one source of truth", "the time that remains", "a second opinion", "the shape of the data", "an honest estimate", "less work later", "the reason behind it", "the same conclusion"}
	endings    = []string{"", "", "", "", " without extra effort", " over the years", " when the load grows", " as long as the input is clean", " in three of four cases", " before the next release", ", which is easy to check", ", and that is enough here"}
	thoughts   = []string{"let me look at", "the question is about", "I should compare", "what matters is", "I need to check", "it follows from", "an alternative would be", "this rules out"}
)

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

// appendSentence appends one sentence that starts with a capital letter.
func appendSentence(dst []byte, rng *rand.Rand) []byte {
	start := len(dst)
	dst = append(dst, pick(rng, openings)...)
	dst = append(dst, pick(rng, subjects)...)
	dst = append(dst, ' ')
	dst = append(dst, pick(rng, predicates)...)
	dst = append(dst, ' ')
	dst = append(dst, pick(rng, objects)...)
	dst = append(dst, pick(rng, endings)...)
	dst[start] = upper(dst[start])
	return append(dst, '.')
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// sentences returns prose of at least n tokens that ends with a full stop, and
// starts with head where head is not empty.
func sentences(rng *rand.Rand, head string, n int64) string {
	b := append(make([]byte, 0, len(head)+int(min(n, 1<<20))*5+128), head...)
	have := CountTokens(head)
	for k := 1; have < n || len(b) == 0; k++ {
		start := len(b)
		switch {
		case start == 0:
		case k%5 == 0:
			b = append(b, "\n\n"...)
		default:
			b = append(b, ' ')
		}
		b = appendSentence(b, rng)
		have += CountTokens(string(b[start:]))
	}
	return string(b)
}

// thinking returns n tokens or a little more of what reads like a chain of thought.
func thinking(rng *rand.Rand, topic string, n int64) string {
	b := append([]byte(nil), "The user asks about "...)
	b = append(b, topic...)
	b = append(b, '.')
	have := CountTokens(string(b))
	for have < n {
		start := len(b)
		b = append(b, ' ')
		at := len(b)
		b = append(b, pick(rng, thoughts)...)
		b = append(b, ' ')
		b = append(b, pick(rng, objects)...)
		b = append(b, '.')
		b[at] = upper(b[at])
		have += CountTokens(string(b[start:]))
	}
	return string(b)
}

// topicOf returns the longest plain word of s, from its first 4 KB.
func topicOf(s string) string {
	best := ""
	for _, w := range strings.FieldsFunc(s[:min(len(s), 4096)], func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		if len(w) > len(best) && len(w) >= 4 && len(w) <= 14 {
			best = w
		}
	}
	if best == "" {
		return "this"
	}
	return strings.ToLower(best)
}

// logNormal draws from a log-normal distribution with the median and the sigma
// of its logarithm, cut to [low, high].
func logNormal(rng *rand.Rand, median, sigma, low, high float64) float64 {
	return min(max(median*math.Exp(sigma*rng.NormFloat64()), low), high)
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// token returns n seeded letters and digits.
func token(rng *rand.Rand, prefix string, n int) string {
	b := append(make([]byte, 0, len(prefix)+n), prefix...)
	for range n {
		b = append(b, base62[rng.IntN(len(base62))])
	}
	return string(b)
}
