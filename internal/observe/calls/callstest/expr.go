package callstest

import (
	"math/rand/v2"
	"time"

	"github.com/steward-llmops/steward/internal/observe/calls"
)

// Expr returns a condition over all fields, tags, operators and parts of the content,
// in the form of calls.Normal; now and then nil.
func Expr(seed uint64) calls.Expr { return calls.Normal(expr(newRand(seed), 3, true)) }

// Condition is Expr without what needs content.
func Condition(seed uint64) calls.Expr { return calls.Normal(expr(newRand(seed), 3, false)) }

// Texts returns what was said in a row, of words that Expr looks for.
func Texts(seed uint64) calls.Texts {
	r := newRand(seed)
	list := func() []string {
		out := make([]string, r.IntN(3))
		for i := range out {
			out[i] = "Please " + pick(r, awkward) + " " + pick(r, spoken)
		}
		return out
	}
	return calls.Texts{Request: list(), Answer: list(), Other: list()}
}

var spoken = []string{"refund policy", "Refund", "ünï", "ann", "gpt", "*", `"quoted"`, "-x", "http://host", "OR"}

func expr(r *rand.Rand, depth int, said bool) calls.Expr {
	if depth > 0 {
		switch r.IntN(6) {
		case 0, 1:
			return calls.And(exprs(r, depth, said))
		case 2:
			return calls.Or(exprs(r, depth, said))
		case 3:
			return calls.Not{X: expr(r, depth-1, said)}
		}
	}
	switch n := r.IntN(8); {
	case n == 0:
		return textCond(r, nil, pick(r, tagNames))
	case n == 1 && said:
		return &calls.Said{Where: calls.Where(r.IntN(3)), Text: often(r, spoken)}
	case n == 2: // values of one field, which are written as a list
		f := pick(r, calls.Fields)
		return calls.Or{cond(r, f), cond(r, f), cond(r, f)}
	}
	return cond(r, pick(r, calls.Fields))
}

func exprs(r *rand.Rand, depth int, said bool) []calls.Expr {
	list := make([]calls.Expr, r.IntN(4))
	for i := range list {
		list[i] = expr(r, depth-1, said)
	}
	return list
}

func cond(r *rand.Rand, f *calls.Field) *calls.Cond {
	switch {
	case f.Name == "id":
		if r.IntN(4) == 0 {
			return &calls.Cond{Field: f, Op: calls.Has}
		}
		rows := Rows(r.Uint64()%4, 8)
		return &calls.Cond{Field: f, Text: pick(r, rows).ID.Text("call")}
	case f.Kind == calls.Text:
		return textCond(r, f, "")
	case f.Kind == calls.Bool:
		if r.IntN(4) == 0 {
			return &calls.Cond{Field: f, Op: calls.Has}
		}
		return &calls.Cond{Field: f, Low: r.Int64N(2)}
	}
	c := &calls.Cond{Field: f, Low: value(r, f)}
	c.Op = pick(r, []calls.Op{calls.Equal, calls.Less, calls.AtMost, calls.More, calls.AtLeast, calls.Between, calls.Has})
	switch c.Op {
	case calls.Between:
		c.High = value(r, f)
		c.Low, c.High = min(c.Low, c.High), max(c.Low, c.High)
	case calls.Has:
		c.Low = 0
	}
	return c
}

func textCond(r *rand.Rand, f *calls.Field, tag string) *calls.Cond {
	c := &calls.Cond{Field: f, Tag: tag, Text: text(r, f)}
	switch r.IntN(5) {
	case 0:
		c.Op, c.Text = calls.Has, ""
	case 1:
		c.Op = calls.Contains
		if runes := []rune(c.Text); len(runes) > 2 {
			c.Text = string(runes[1 : len(runes)-1])
		}
	case 2:
		c.Op, c.Text = calls.Like, pattern(r, c.Text)
	}
	return c
}

// text returns a value that the field has in some of the rows, mostly.
func text(r *rand.Rand, f *calls.Field) string {
	if f == nil || r.IntN(6) == 0 {
		return often(r, []string{"search", "dev", "x"})
	}
	rows := Rows(r.Uint64()%16, 8)
	return pick(r, f.Texts(&rows[r.IntN(len(rows))]))
}

// pattern puts stars into a text, and keeps those that are there plain.
func pattern(r *rand.Rand, s string) string {
	var out []rune
	for _, c := range s {
		switch {
		case r.IntN(4) == 0:
			out = append(out, '*')
			continue
		case c == '*' || c == '\\':
			out = append(out, '\\')
		}
		out = append(out, c)
	}
	if r.IntN(2) == 0 {
		out = append(out, '*')
	}
	return string(out)
}

// values are what conditions compare a kind with, its borders among them.
func values(k calls.FieldKind) []int64 {
	switch k {
	case calls.Duration:
		return []int64{0, 1, 63, 64, 999, 1000, 250_000, 1_000_000, 90_000_000, 3_600_000_000}
	case calls.Money:
		return []int64{0, 1, 999, 10_000_000, 1_000_000_000, 12_345_678_901}
	case calls.Milli:
		return []int64{0, 1, 500, 12_500, 50_000}
	case calls.Moment:
		at := From.UnixMicro()
		day := (24 * time.Hour).Microseconds()
		return []int64{at, at + 1, at + 20*day, at + 40*day - 1, at + 60*day, To.UnixMicro()}
	}
	return []int64{0, 1, 2, 200, 429, 500, 1000, 1200, 10_000, 1_000_000}
}

func value(r *rand.Rand, f *calls.Field) int64 {
	if f.Kind == calls.Moment {
		return From.UnixMicro() + r.Int64N(To.Sub(From).Microseconds())
	}
	return pick(r, values(f.Kind))
}
