package sim

import (
	"encoding/json"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Bounds of a generated instance, so that a hostile schema ends.
const (
	schemaDepth = 24      // levels below which only the least is generated
	schemaCalm  = 4       // levels below which optional things are left out
	schemaBytes = 1 << 20 // size at which it does likewise
	schemaSteps = 20_000  // values and lookups in all
)

// instancer makes a valid instance of a JSON schema. Property order is the
// schema's own; what the keywords below do not cover (not, if, dependent...) is
// left to luck.
type instancer struct {
	root  gjson.Result
	rng   *rand.Rand
	hint  string // the user's words, from which strings are taken where they fit
	steps int
}

// instance returns an instance of the schema; an empty schema is any object.
func instance(schema []byte, rng *rand.Rand, hint string) string {
	root := gjson.ParseBytes(schema)
	if !gjson.ValidBytes(schema) || !root.IsObject() {
		return "{}"
	}
	g := &instancer{root: root, rng: rng, hint: hint}
	return string(g.value(nil, g.flatten(root, 0), "", 0))
}

// all is a conjunction of schemas: $ref, allOf and the chosen branch of anyOf and
// oneOf, laid beside their parent.
type all []gjson.Result

// get returns the first value of a keyword.
func (a all) get(key string) gjson.Result {
	for _, s := range a {
		if v := s.Get(key); v.Exists() {
			return v
		}
	}
	return gjson.Result{}
}

// number returns the largest (or smallest) value of a numeric keyword.
func (a all) number(key string, largest bool) (float64, bool) {
	best, ok := 0.0, false
	for _, s := range a {
		if v := s.Get(key); v.Type == gjson.Number && (!ok || (v.Num > best) == largest) {
			best, ok = v.Num, true
		}
	}
	return best, ok
}

func (a all) count(key string, otherwise int) int {
	n, ok := a.number(key, strings.HasPrefix(key, "min"))
	if !ok || n < 0 || n > 1<<20 {
		return otherwise
	}
	return int(n)
}

func (g *instancer) flatten(s gjson.Result, depth int) all {
	g.steps++
	out := all{s}
	if depth > schemaDepth || g.steps > schemaSteps || !s.IsObject() {
		return out
	}
	if ref := s.Get(`$ref`); ref.Type == gjson.String {
		if to, ok := g.resolve(ref.Str); ok {
			out = append(out, g.flatten(to, depth+1)...)
		}
	}
	s.Get("allOf").ForEach(func(_, sub gjson.Result) bool {
		out = append(out, g.flatten(sub, depth+1)...)
		return true
	})
	for _, key := range []string{"anyOf", "oneOf"} {
		if branches := s.Get(key).Array(); len(branches) > 0 {
			out = append(out, g.flatten(g.branch(branches, depth), depth+1)...)
		}
	}
	return out
}

// branch chooses one of several schemas: not null where there is a choice, and
// deep down the one that is shortest, which is hardly the recursive one.
func (g *instancer) branch(list []gjson.Result, depth int) gjson.Result {
	var live []gjson.Result
	for _, b := range list {
		if b.Get("type").Str != "null" || depth > schemaCalm {
			live = append(live, b)
		}
	}
	if len(live) == 0 {
		return list[0]
	}
	if depth <= schemaCalm && g.steps < schemaSteps {
		return pick(g.rng, live)
	}
	best := live[0]
	for _, b := range live {
		if b.Get("type").Str == "null" {
			return b
		}
		if !b.Get(`$ref`).Exists() && (best.Get(`$ref`).Exists() || len(b.Raw) < len(best.Raw)) {
			best = b
		}
	}
	return best
}

// resolve follows a reference within the schema (RFC 6901).
func (g *instancer) resolve(ref string) (gjson.Result, bool) {
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return gjson.Result{}, false
	}
	at := g.root
	for key := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if key == "" {
			continue
		}
		key = strings.NewReplacer("~1", "/", "~0", "~", "%24", "$").Replace(key)
		next := gjson.Result{}
		n := 0
		at.ForEach(func(k, v gjson.Result) bool {
			if at.IsArray() && strconv.Itoa(n) == key || at.IsObject() && k.Str == key {
				next = v
			}
			n++
			return !next.Exists()
		})
		if at = next; !at.Exists() {
			return at, false
		}
	}
	return at, true
}

func (g *instancer) value(dst []byte, s all, name string, depth int) []byte {
	g.steps++
	if v := s.get("const"); v.Exists() {
		return append(dst, v.Raw...)
	}
	if v := s.get("enum").Array(); len(v) > 0 {
		return append(dst, pick(g.rng, v).Raw...)
	}
	switch g.kind(s, depth) {
	case "object":
		return g.object(dst, s, depth)
	case "array":
		return g.array(dst, s, name, depth)
	case "integer":
		return g.number(dst, s, true)
	case "number":
		return g.number(dst, s, false)
	case "boolean":
		return strconv.AppendBool(dst, g.rng.IntN(2) == 0)
	case "null":
		return append(dst, "null"...)
	}
	return appendString(dst, g.text(s, name))
}

// kind returns the type to generate. Where several parts of a conjunction name
// types, the first type that all allow.
func (g *instancer) kind(s all, depth int) string {
	var types []string
	for _, part := range s {
		t := part.Get("type")
		var these []string
		if t.Type == gjson.String {
			these = []string{t.Str}
		}
		if t.IsArray() {
			for _, x := range t.Array() {
				these = append(these, x.Str)
			}
		}
		if len(these) > 0 {
			types = meet(types, these)
		}
	}
	if len(types) == 0 {
		return guessKind(s)
	}
	if depth > schemaCalm {
		for _, t := range types {
			if t == "null" {
				return t
			}
		}
	}
	for _, t := range types {
		if t != "null" {
			return t
		}
	}
	return types[0]
}

// meet returns the types that both lists allow; an integer is a number.
func meet(a, b []string) []string {
	if len(a) == 0 {
		return b
	}
	var out []string
	for _, x := range a {
		for _, y := range b {
			switch {
			case x == y, x == "integer" && y == "number":
				out = append(out, x)
			case x == "number" && y == "integer":
				out = append(out, y)
			}
		}
	}
	if len(out) == 0 {
		return a
	}
	return out
}

func guessKind(s all) string {
	for _, row := range []struct {
		kind string
		keys []string
	}{
		{"object", []string{"properties", "required", "additionalProperties", "minProperties"}},
		{"array", []string{"items", "prefixItems", "minItems"}},
		{"number", []string{"minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"}},
	} {
		for _, key := range row.keys {
			if s.get(key).Exists() {
				return row.kind
			}
		}
	}
	return "string"
}

func (g *instancer) object(dst []byte, s all, depth int) []byte {
	required := map[string]bool{}
	var names []string
	for _, part := range s {
		part.Get("required").ForEach(func(_, v gjson.Result) bool {
			if !required[v.Str] {
				required[v.Str] = true
				names = append(names, v.Str)
			}
			return true
		})
	}
	props := map[string]all{}
	var order []string
	for _, part := range s {
		part.Get("properties").ForEach(func(k, v gjson.Result) bool {
			if props[k.Str] == nil {
				order = append(order, k.Str)
			}
			props[k.Str] = append(props[k.Str], g.flatten(v, depth)...)
			return true
		})
	}
	for _, name := range names {
		if props[name] == nil {
			order = append(order, name)
			props[name] = g.extra(s, depth)
		}
	}
	least, most := s.count("minProperties", 0), s.count("maxProperties", math.MaxInt)
	spare := min(most-len(names), len(order)-len(names))
	wanted := least - len(names)
	dst = append(dst, '{')
	n := 0
	add := func(name string, v all) {
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, name), ':')
		dst = g.value(dst, v, name, depth+1)
	}
	for _, name := range order {
		if !required[name] {
			calm := depth >= schemaCalm || len(dst) > schemaBytes || g.steps > schemaSteps
			if spare <= 0 || wanted <= 0 && (calm || g.rng.IntN(2) == 0) {
				continue
			}
			spare--
			wanted--
		}
		add(name, props[name])
	}
	for k := 1; n < least && n < most && k <= 1000; k++ {
		if name := "key" + strconv.Itoa(k); props[name] == nil {
			add(name, g.extra(s, depth))
		}
	}
	return append(dst, '}')
}

// extra is the schema of properties that are not listed.
func (g *instancer) extra(s all, depth int) all {
	if v := s.get("additionalProperties"); v.IsObject() {
		return g.flatten(v, depth)
	}
	return all{gjson.Parse(`{"type":"string"}`)}
}

func (g *instancer) array(dst []byte, s all, name string, depth int) []byte {
	least, most := s.count("minItems", 0), s.count("maxItems", math.MaxInt)
	prefix := s.get("prefixItems").Array()
	rest := s.get("items")
	if rest.IsArray() { // drafts before 2020
		prefix, rest = rest.Array(), s.get("additionalItems")
	}
	n := max(least, len(prefix), 1+g.rng.IntN(3))
	if depth > schemaCalm || len(dst) > schemaBytes || g.steps > schemaSteps {
		n = least
	}
	if rest.Type == gjson.False {
		n = min(n, len(prefix))
	}
	n = min(n, most)
	unique := s.get("uniqueItems").Bool()
	seen := map[string]bool{}
	dst = append(dst, '[')
	for i := 0; i < n; i++ {
		item := rest
		switch {
		case i < len(prefix):
			item = prefix[i]
		case i == len(prefix) && s.get("contains").Exists():
			item = s.get("contains")
		}
		one := g.value(nil, g.flatten(item, depth), name, depth+1)
		for try := 0; unique && seen[string(one)] && try < 64; try++ {
			one = g.value(nil, g.flatten(item, depth), name, depth+1)
		}
		if unique && seen[string(one)] {
			break
		}
		seen[string(one)] = true
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, one...)
	}
	return append(dst, ']')
}

func (g *instancer) number(dst []byte, s all, whole bool) []byte {
	low, high, step := g.bounds(s, whole)
	if m := s.get("multipleOf"); m.Type == gjson.Number && m.Num > 0 {
		if b, ok := multiple(dst, m.Raw, low, high, whole, g.rng); ok {
			return b
		}
	}
	if whole {
		low, high = math.Ceil(low), math.Floor(high)
		span := math.Min(high-low, 1<<53)
		if span < 0 {
			span = 0
		}
		return strconv.AppendInt(dst, int64(low)+g.rng.Int64N(int64(span)+1), 10)
	}
	x := low + g.rng.Float64()*(high-low)
	if r := math.Round(x/step) * step; r >= low && r <= high {
		x = r
	}
	return strconv.AppendFloat(dst, x, 'f', -1, 64)
}

// bounds returns the range to draw from, a hundred wide where one side is open.
func (g *instancer) bounds(s all, whole bool) (low, high, step float64) {
	low, hasLow := s.number("minimum", true)
	high, hasHigh := s.number("maximum", false)
	step = 0.25
	if hasLow && hasHigh && high-low < 4 {
		step = (high - low) / 16
	}
	nudge := func(x float64, up float64) float64 {
		if whole {
			return x + up
		}
		return x + up*max(math.Abs(x)*1e-9, 1e-9)
	}
	if v, ok := s.number("exclusiveMinimum", true); ok && (!hasLow || v >= low) {
		low, hasLow = nudge(v, 1), true
		if whole {
			low = math.Floor(v) + 1
		}
	} else if hasLow && s.get("exclusiveMinimum").Bool() { // draft 4
		low = nudge(low, 1)
	}
	if v, ok := s.number("exclusiveMaximum", false); ok && (!hasHigh || v <= high) {
		high, hasHigh = nudge(v, -1), true
		if whole {
			high = math.Ceil(v) - 1
		}
	} else if hasHigh && s.get("exclusiveMaximum").Bool() {
		high = nudge(high, -1)
	}
	const far = 1 << 53
	low, high = min(max(low, -far), far), min(max(high, -far), far)
	switch {
	case hasLow && !hasHigh:
		high = low + 100
	case hasHigh && !hasLow:
		low = high - 100
		if high >= 0 {
			low = 0
		}
	case !hasLow:
		low, high = 1, 100
	}
	return low, max(low, high), step
}

// multiple appends a multiple of the decimal m within [low, high], exactly.
func multiple(dst []byte, m string, low, high float64, whole bool, rng *rand.Rand) ([]byte, bool) {
	unit, ok := new(big.Rat).SetString(m)
	if !ok || len(m) > 32 {
		return dst, false
	}
	f, _ := unit.Float64()
	if f < 1e-15 || f > 1<<53 {
		return dst, false
	}
	from, to := math.Ceil(low/f), math.Floor(high/f)
	if from > to || math.Abs(from) > 1<<53 || math.Abs(to) > 1<<53 {
		return dst, false
	}
	for range 64 {
		k := int64(from) + rng.Int64N(int64(math.Min(to-from, 1<<53))+1)
		x := new(big.Rat).Mul(unit, new(big.Rat).SetInt64(k))
		if x.IsInt() {
			return append(dst, x.Num().String()...), true
		}
		if !whole {
			return append(dst, strings.TrimRight(x.FloatString(18), "0")...), true
		}
	}
	return dst, false
}

// appendString appends s as JSON, valid UTF-8 whatever s is.
func appendString(dst []byte, s string) []byte {
	plain := utf8.ValidString(s)
	for i := 0; plain && i < len(s); i++ {
		plain = s[i] >= ' ' && s[i] != '"' && s[i] != '\\' && s[i] != 0x7f
	}
	if plain {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"')
	}
	b, err := json.Marshal(s)
	if err != nil { // no string fails to marshal
		return append(dst, `""`...)
	}
	return append(dst, b...)
}
