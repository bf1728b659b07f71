package calls

import (
	"strings"
)

// Texts is what was said in a row, as a person would search it; see Searchable.
type Texts struct {
	Request, Answer []string
	Other           []string // of what an application reported: not known to be either
}

// naming are the fields whose texts a Said looks through, beside the content, where it
// looks anywhere. Ids are found as a whole only, for their letters are chance.
var naming = []struct {
	field *Field
	whole bool
}{
	{byName["id"], true}, {byName["trace"], true}, {byName["session"], false}, {byName["subject"], false},
	{byName["key_name"], false}, {byName["model"], false}, {byName["asked"], false}, {byName["provider"], false},
	{byName["error"], false}, {byName["name"], false}, {byName["service"], false},
}

// Named returns the condition that the text is part of what names the row, whatever was
// said in it: nil unless s looks anywhere. Match takes it for enough.
func (s *Said) Named() Expr {
	if s.Where != Anywhere || s.Text == "" {
		return nil
	}
	var any Or
	for _, n := range naming {
		c := &Cond{Field: n.field, Op: Contains, Text: s.Text}
		if n.whole {
			c.Op, c.Text = Equal, wholeID(n.field, strings.ToLower(s.Text))
		}
		any = append(any, c)
	}
	return any
}

// wholeID returns an id as the field has it; that of a call may lack its prefix.
func wholeID(f *Field, text string) string {
	if f.Name == "id" && !strings.HasPrefix(text, "call_") {
		return "call_" + text
	}
	return text
}

// Match reports whether e holds of a row. It has two values only: a comparison with
// what is unknown is false, and its opposite true. A tag that the row does not have is
// the empty text. said returns what was said in the row; it is called once, and only
// if the rest does not decide. A nil said means that nothing was kept.
func Match(e Expr, r *Row, said func() Texts) bool {
	if e == nil {
		return true
	}
	m := matcher{row: r, said: said}
	return m.match(e)
}

type matcher struct {
	row    *Row
	said   func() Texts
	loaded bool
	texts  Texts // in lower case
}

func (m *matcher) match(e Expr) bool {
	switch e := e.(type) {
	case nil:
		return true
	case And:
		return !m.any(e, false)
	case Or:
		return m.any(e, true)
	case Not:
		return !m.match(e.X)
	case *Cond:
		return m.cond(e)
	case *Said:
		return m.spoken(e)
	}
	return false
}

// any reports whether one of the list comes to want: first of those that need no
// content.
func (m *matcher) any(list []Expr, want bool) bool {
	costly := false
	for _, x := range list {
		if NeedsContent(x) {
			costly = true
		} else if m.match(x) == want {
			return true
		}
	}
	if !costly {
		return false
	}
	for _, x := range list {
		if NeedsContent(x) && m.match(x) == want {
			return true
		}
	}
	return false
}

func (m *matcher) cond(c *Cond) bool {
	if c.Field == nil {
		found := false
		for _, t := range m.row.Tags {
			if t.Name == c.Tag {
				found = true
				if textFits(c, t.Value) {
					return true
				}
			}
		}
		return !found && textFits(c, "")
	}
	if c.Field.Kind == Text {
		for _, s := range c.Field.Texts(m.row) {
			if textFits(c, s) {
				return true
			}
		}
		return false
	}
	n, ok := c.Field.Number(m.row)
	return ok && numberFits(c, n)
}

func textFits(c *Cond, s string) bool {
	switch c.Op {
	case Equal:
		return s == c.Text
	case Like:
		return like(c.Text, s)
	case Contains:
		return strings.Contains(strings.ToLower(s), strings.ToLower(c.Text))
	case Has:
		return s != ""
	}
	return false
}

func numberFits(c *Cond, n int64) bool {
	switch c.Op {
	case Equal:
		return n == c.Low
	case Less:
		return n < c.Low
	case AtMost:
		return n <= c.Low
	case More:
		return n > c.Low
	case AtLeast:
		return n >= c.Low
	case Between:
		return c.Low <= n && n <= c.High
	}
	return c.Op == Has
}

// like reports whether a text fits a pattern.
func like(pattern, s string) bool {
	pieces := Pieces(pattern)
	last := len(pieces) - 1
	if last == 0 {
		return s == pieces[0]
	}
	s, ok := strings.CutPrefix(s, pieces[0])
	if !ok {
		return false
	}
	for _, piece := range pieces[1:last] {
		i := strings.Index(s, piece)
		if i < 0 {
			return false
		}
		s = s[i+len(piece):]
	}
	return strings.HasSuffix(s, pieces[last])
}

func (m *matcher) spoken(e *Said) bool {
	text := strings.ToLower(e.Text)
	if text == "" {
		return true
	}
	if e.Where == Anywhere {
		if m.named(text) {
			return true
		}
	}
	m.load()
	switch e.Where {
	case InRequest:
		return holds(m.texts.Request, text)
	case InAnswer:
		return holds(m.texts.Answer, text)
	}
	return holds(m.texts.Request, text) || holds(m.texts.Answer, text) || holds(m.texts.Other, text)
}

// named is what Named returns, for a text in lower case.
func (m *matcher) named(text string) bool {
	for _, n := range naming {
		for _, s := range n.field.Texts(m.row) {
			if n.whole && s == wholeID(n.field, text) || !n.whole && strings.Contains(strings.ToLower(s), text) {
				return true
			}
		}
	}
	return false
}

// holds reports whether text is part of one of the list.
func holds(list []string, text string) bool {
	for _, s := range list {
		if strings.Contains(s, text) {
			return true
		}
	}
	return false
}

func (m *matcher) load() {
	if m.loaded || m.said == nil {
		return
	}
	m.loaded = true
	t := m.said()
	m.texts = Texts{Request: lower(t.Request), Answer: lower(t.Answer), Other: lower(t.Other)}
}

func lower(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}

// Prefilter returns the strongest condition on the row alone that holds of every row
// that e holds of: a store narrows by it before it reads content. nil narrows nothing.
func Prefilter(e Expr) Expr { return Normal(bound(e, true)) }

// bound returns e with each Said replaced by what makes the whole hold more often
// (upper) or less often.
func bound(e Expr, upper bool) Expr {
	switch e := e.(type) {
	case And:
		list := make(And, len(e))
		for i, x := range e {
			list[i] = bound(x, upper)
		}
		return list
	case Or:
		list := make(Or, len(e))
		for i, x := range e {
			list[i] = bound(x, upper)
		}
		return list
	case Not:
		return Not{bound(e.X, !upper)}
	case *Said:
		if upper {
			return And{}
		}
		return Or{}
	}
	return e
}
