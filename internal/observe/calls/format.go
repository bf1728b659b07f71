package calls

import (
	"strings"
	"unicode"
)

// Format writes an expression in the grammar, in its one canonical form, which Parse
// reads back as Normal(e). The empty text is nil. Values must be such as Parse gives:
// valid UTF-8, ranges in order, durations of at least 0, operators that the field's
// kind knows.
func Format(e Expr) string {
	var f formatter
	f.expr(Normal(e), inNothing)
	return f.b.String()
}

type formatter struct{ b strings.Builder }

// place is what an expression stands in.
type place uint8

const (
	inNothing place = iota
	inOr
	inAnd
	inNot
)

func (f *formatter) expr(e Expr, in place) {
	switch e := e.(type) {
	case And:
		f.list(e, " ", inAnd, in == inNot)
	case Or:
		if sameField(e) {
			f.values(e)
			return
		}
		f.list(e, " OR ", inOr, in >= inAnd)
	case Not:
		f.b.WriteByte('-')
		f.expr(e.X, inNot)
	case *Cond:
		f.cond(e)
	case *Said:
		f.said(e)
	}
}

func (f *formatter) list(list []Expr, between string, in place, parens bool) {
	if parens {
		f.b.WriteByte('(')
	}
	for i, x := range list {
		if i > 0 {
			f.b.WriteString(between)
		}
		f.expr(x, in)
	}
	if parens {
		f.b.WriteByte(')')
	}
}

// sameField reports whether an Or is values of one field, to be written with commas.
func sameField(any Or) bool {
	first, ok := any[0].(*Cond)
	for _, x := range any {
		c, isCond := x.(*Cond)
		if !ok || !isCond || c.Field != first.Field || c.Tag != first.Tag || c.Op != Equal && c.Op != Like && c.Op != Between {
			return false
		}
	}
	return ok
}

func (f *formatter) values(any Or) {
	for i, x := range any {
		c := x.(*Cond)
		if i == 0 {
			f.name(c)
		} else {
			f.b.WriteByte(',')
		}
		f.value(c)
	}
}

func (f *formatter) name(c *Cond) {
	if c.Field != nil {
		f.b.WriteString(c.Field.Name)
	} else {
		f.b.WriteString(TagPrefix)
		f.tag(c.Tag)
	}
	f.b.WriteByte(':')
}

func (f *formatter) tag(name string) {
	for i := range len(name) {
		if !nameByte(name[i]) {
			f.quote(name)
			return
		}
	}
	f.b.WriteString(name)
}

var opWords = [...]string{Contains: "~", Less: "<", AtMost: "<=", More: ">", AtLeast: ">=", Has: "*", Between: ""}

func (f *formatter) cond(c *Cond) {
	f.name(c)
	f.b.WriteString(opWords[c.Op])
	if c.Op != Has {
		f.value(c)
	}
}

// value writes what a condition compares with.
func (f *formatter) value(c *Cond) {
	switch {
	case c.Field != nil && c.Field.Kind != Text:
		f.b.WriteString(formatValue(c.Field.Kind, c.Low))
		if c.Op == Between {
			f.b.WriteString(".." + formatValue(c.Field.Kind, c.High))
		}
	case c.Op == Like:
		for i, piece := range Pieces(c.Text) {
			if i > 0 {
				f.b.WriteByte('*')
			}
			if piece != "" {
				f.text(piece)
			}
		}
	case c.Op == Equal && c.Field != nil && reserved(c.Field.Name, c.Text):
		f.quote(c.Text)
	default:
		f.text(c.Text)
	}
}

// reserved reports whether a field takes a bare value for something else.
func reserved(field, value string) bool {
	return field == "cache" && value == "hit" || field == "status" && !contains(outcomes, value)
}

func (f *formatter) said(s *Said) {
	switch s.Where {
	case InRequest:
		f.b.WriteString("input:")
	case InAnswer:
		f.b.WriteString("output:")
	default:
		if strings.ContainsRune(s.Text, ':') {
			f.quote(s.Text)
			return
		}
	}
	f.text(s.Text)
}

// text writes a text bare where it is read as such anywhere, else in quotes.
func (f *formatter) text(s string) {
	if s == "" || s == "AND" || s == "OR" || s == "NOT" || strings.ContainsAny(s[:1], "-=~") {
		f.quote(s)
		return
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-./:@+#%$=~", r) {
			f.quote(s)
			return
		}
	}
	f.b.WriteString(s)
}

func (f *formatter) quote(s string) {
	f.b.WriteByte('"')
	f.b.WriteString(strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(s))
	f.b.WriteByte('"')
}
