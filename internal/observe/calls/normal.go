package calls

import "strings"

// Normal returns the form that Parse gives: no And in an And and no Or in an Or, none
// with fewer than two parts, no Not of a Not, nothing that always holds, and patterns
// in their plainest writing. nil holds always; what never holds is the opposite of
// having an id. The parts keep their order.
func Normal(e Expr) Expr {
	switch e, constant := fold(e); {
	case constant == always:
		return nil
	case constant == never:
		id, _ := FieldOf("id")
		return Not{&Cond{Field: id, Op: Has}}
	default:
		return e
	}
}

// constancy says whether an expression depends on the row.
type constancy uint8

const (
	depends constancy = iota
	always
	never
)

func fold(e Expr) (Expr, constancy) {
	switch e := e.(type) {
	case nil:
		return nil, always
	case And:
		list, c := foldList[And](e, always, never)
		if len(list) == 1 {
			return list[0], c
		}
		return And(list), c
	case Or:
		list, c := foldList[Or](e, never, always)
		if len(list) == 1 {
			return list[0], c
		}
		return Or(list), c
	case Not:
		x, c := fold(e.X)
		switch c {
		case always:
			return nil, never
		case never:
			return nil, always
		}
		if not, ok := x.(Not); ok {
			return not.X, depends
		}
		return Not{x}, depends
	case *Cond:
		return foldCond(e)
	case *Said:
		if e.Text == "" {
			return nil, always
		}
	}
	return e, depends
}

// foldList folds the parts of an And or an Or, of which idle ones say nothing and a
// settling one says all.
func foldList[L And | Or](parts []Expr, idle, settling constancy) ([]Expr, constancy) {
	var list []Expr
	for _, x := range parts {
		x, c := fold(x)
		switch c {
		case settling:
			return nil, settling
		case idle:
			continue
		}
		if same, ok := x.(L); ok {
			list = append(list, same...)
			continue
		}
		list = append(list, x)
	}
	if len(list) == 0 {
		return nil, idle
	}
	return list, depends
}

func foldCond(c *Cond) (Expr, constancy) {
	switch {
	case c.Op == Contains && c.Text == "":
		return nil, always
	case c.Op != Like:
		return c, depends
	}
	pieces := Pieces(c.Text)
	if len(pieces) == 1 {
		return &Cond{Field: c.Field, Tag: c.Tag, Op: Equal, Text: pieces[0]}, depends
	}
	text := joinPieces(pieces)
	switch text {
	case "*":
		return nil, always
	case c.Text:
		return c, depends
	}
	return &Cond{Field: c.Field, Tag: c.Tag, Op: Like, Text: text}, depends
}

// joinPieces is the inverse of Pieces, with one star where there were several.
func joinPieces(pieces []string) string {
	var b strings.Builder
	b.WriteString(escapeLike(pieces[0]))
	for i, piece := range pieces[1:] {
		if piece == "" && i < len(pieces)-2 {
			continue // two stars with nothing between
		}
		b.WriteByte('*')
		b.WriteString(escapeLike(piece))
	}
	return b.String()
}
