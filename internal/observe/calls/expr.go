package calls

import (
	"iter"
	"slices"
)

// Expr is a condition on a row and, where it holds a Said, on what was said in it.
// It is one of And, Or, Not, *Cond and *Said. A nil Expr holds of every row.
type Expr interface{ expr() }

// And holds if all of it does; empty, it holds.
type And []Expr

// Or holds if one of it does; empty, it does not.
type Or []Expr

// Not holds if X does not.
type Not struct{ X Expr }

// Op compares.
type Op uint8

// The operators.
const (
	Equal    Op = iota // :value or :=value
	Like               // :pattern with *, which stands for any text
	Contains           // :~text, in any case of letters
	Less               // :<value
	AtMost             // :<=value
	More               // :>value
	AtLeast            // :>=value
	Between            // :low..high, both included
	Has                // has:field, field:*; not empty, and known
)

// Cond compares a field, or a tag, with a value. A tag that a row does not have is
// the empty text; of several tags of one name, one that fits is enough.
type Cond struct {
	Field *Field // nil: the tag named Tag
	Tag   string
	Op    Op
	// Text is the value of a Text field or a tag: exact, a pattern in which * stands
	// for any text and \ makes the next character plain, or a part.
	Text string
	// Low is the value of the other kinds; with High, the ends of Between. A Bool is
	// 0 or 1.
	Low, High int64
}

// Where says in which part of the content a text is looked for.
type Where uint8

// The parts.
const (
	Anywhere Where = iota // request, answer, and what names the row (see Said.Named)
	InRequest
	InAnswer
)

// Said holds if the text is part of what was said, in any case of letters.
type Said struct {
	Where Where
	Text  string
}

func (And) expr()   {}
func (Or) expr()    {}
func (Not) expr()   {}
func (*Cond) expr() {}
func (*Said) expr() {}

// Leaves yields every Cond and Said in e.
func Leaves(e Expr) iter.Seq[Expr] {
	return func(yield func(Expr) bool) { leaves(e, yield) }
}

func leaves(e Expr, yield func(Expr) bool) bool {
	var list []Expr
	switch e := e.(type) {
	case nil:
		return true
	case And:
		list = e
	case Or:
		list = e
	case Not:
		return leaves(e.X, yield)
	default:
		return yield(e)
	}
	for _, x := range list {
		if !leaves(x, yield) {
			return false
		}
	}
	return true
}

// NeedsContent reports whether e can only be decided with what was said.
func NeedsContent(e Expr) bool {
	for leaf := range Leaves(e) {
		if _, ok := leaf.(*Said); ok {
			return true
		}
	}
	return false
}

// Mentions reports whether e has a condition on one of the fields.
func Mentions(e Expr, names ...string) bool {
	for leaf := range Leaves(e) {
		if c, ok := leaf.(*Cond); ok && c.Field != nil && slices.Contains(names, c.Field.Name) {
			return true
		}
	}
	return false
}

// All returns what holds if each of the expressions does; nil ones hold.
func All(list ...Expr) Expr {
	var a And
	for _, e := range list {
		switch e := e.(type) {
		case nil:
		case And:
			a = append(a, e...)
		default:
			a = append(a, e)
		}
	}
	switch len(a) {
	case 0:
		return nil
	case 1:
		return a[0]
	}
	return a
}
