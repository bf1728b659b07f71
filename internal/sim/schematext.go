package sim

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// text returns a string for the schema: by format, by pattern, else by the
// property's name, within the lengths.
func (g *instancer) text(s all, name string) string {
	low, high := s.count("minLength", 0), s.count("maxLength", 1<<20)
	if p := s.get("pattern"); p.Type == gjson.String {
		if t, ok := g.matching(p.Str, low, high); ok {
			return t
		}
	}
	if f := s.get("format"); f.Type == gjson.String {
		if t := g.format(f.Str); t != "" {
			return t
		}
	}
	t := g.named(strings.ToLower(name))
	for utf8.RuneCountInString(t) < low {
		t += " " + pick(g.rng, objects)
	}
	if utf8.RuneCountInString(t) > high {
		t = string([]rune(t)[:high])
	}
	return t
}

func (g *instancer) format(f string) string {
	r := g.rng
	switch f {
	case "date":
		return fmt.Sprintf("20%02d-%02d-%02d", 20+r.IntN(10), 1+r.IntN(12), 1+r.IntN(28))
	case "date-time":
		return g.format("date") + "T" + g.format("time")
	case "time":
		return fmt.Sprintf("%02d:%02d:%02dZ", r.IntN(24), r.IntN(60), r.IntN(60))
	case "duration":
		return fmt.Sprintf("PT%dM", 1+r.IntN(59))
	case "email", "idn-email":
		return fmt.Sprintf("user%d@example.com", r.IntN(1000))
	case "hostname", "idn-hostname":
		return fmt.Sprintf("host%d.example.com", r.IntN(1000))
	case "ipv4":
		return fmt.Sprintf("192.0.2.%d", 1+r.IntN(254)) // RFC 5737: for documentation
	case "ipv6":
		return fmt.Sprintf("2001:db8::%x", 1+r.IntN(0xfffe)) // RFC 3849: likewise
	case "uri", "url", "iri":
		return fmt.Sprintf("https://example.com/item/%d", r.IntN(1000))
	case "uri-reference", "iri-reference":
		return fmt.Sprintf("/item/%d", r.IntN(1000))
	case "uuid":
		a, b := r.Uint64(), r.Uint64()
		return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&0xffffffffffff)
	case "json-pointer":
		return "/item"
	case "regex":
		return "^item$"
	}
	return ""
}

var places = []string{"Lisbon", "Oslo", "Nairobi", "Quito", "Osaka", "Graz", "Tallinn", "Perth"}

// named returns a string that suits a property of the name.
func (g *instancer) named(name string) string {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(name, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("city", "location", "place", "town", "destination"):
		if w := properNoun(g.hint); w != "" {
			return w
		}
		return pick(g.rng, places)
	case has("query", "question", "prompt", "search", "input", "text", "message"):
		if g.hint != "" {
			return clip(g.hint, 80)
		}
	case has("email"):
		return g.format("email")
	case has("url", "link", "href"):
		return g.format("uri")
	case has("date", "day"):
		return g.format("date")
	case has("time"):
		return g.format("time")
	case has("country"):
		return pick(g.rng, []string{"PT", "NO", "KE", "EC", "JP", "AT"})
	case has("currency"):
		return pick(g.rng, []string{"EUR", "USD", "JPY", "NOK"})
	case has("language", "locale"):
		return pick(g.rng, []string{"en", "pt", "no", "ja", "de"})
	case name == "id" || strings.HasSuffix(name, "_id"):
		return fmt.Sprintf("id-%04d", g.rng.IntN(10000))
	case has("name", "author", "person"):
		return pick(g.rng, []string{"Ada Quist", "Bo Larsen", "Chi Okafor", "Dana Reyes"})
	}
	return pick(g.rng, objects)
}

// properNoun returns the first capitalised word of s after its first word.
func properNoun(s string) string {
	words := strings.Fields(clip(s, 1000))
	for i, w := range words {
		w = strings.Trim(w, ".,;:!?\"'()")
		if i > 0 && len(w) >= 3 && w[0] >= 'A' && w[0] <= 'Z' {
			return w
		}
	}
	return ""
}

// clip cuts s to at most n bytes, never within a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// matching returns a string that matches the pattern, within the lengths.
func (g *instancer) matching(pattern string, low, high int) (string, bool) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return "", false
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	// More repetitions at each try, until the least length is reached.
	for _, reps := range []int{1, 2, 3, 0, 5, 8, 13, 21, 34, 55, 120, 250} {
		for range 4 {
			p := patternWriter{g: g, reps: reps}
			p.write(tree)
			t := string(p.out)
			if n := utf8.RuneCountInString(t); n >= low && n <= high && re.MatchString(t) {
				return t, true
			}
		}
	}
	return "", false
}

type patternWriter struct {
	g    *instancer
	reps int // repetitions beyond the least
	out  []byte
}

func (p *patternWriter) write(re *syntax.Regexp) {
	if len(p.out) > 1<<12 {
		return
	}
	rng := p.g.rng
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			p.out = utf8.AppendRune(p.out, r)
		}
	case syntax.OpCharClass:
		p.out = utf8.AppendRune(p.out, p.oneOf(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		p.out = append(p.out, byte('a'+rng.IntN(26)))
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			p.write(sub)
		}
	case syntax.OpAlternate:
		p.write(pick(rng, re.Sub))
	case syntax.OpStar:
		p.times(re.Sub[0], p.reps)
	case syntax.OpPlus:
		p.times(re.Sub[0], 1+p.reps)
	case syntax.OpQuest:
		p.times(re.Sub[0], min(p.reps, rng.IntN(2)))
	case syntax.OpRepeat:
		n := re.Min + p.reps
		if re.Max >= 0 {
			n = min(n, re.Max)
		}
		p.times(re.Sub[0], n)
	}
}

func (p *patternWriter) times(re *syntax.Regexp, n int) {
	for range n {
		p.write(re)
	}
}

// oneOf draws from a class, from its printable ASCII part where it has one.
func (p *patternWriter) oneOf(ranges []rune) rune {
	var plain []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], '!'); r <= min(ranges[i+1], '~'); r++ {
			plain = append(plain, r)
		}
	}
	if len(plain) > 0 {
		return pick(p.g.rng, plain)
	}
	if len(ranges) > 0 {
		return ranges[0]
	}
	return ' '
}
