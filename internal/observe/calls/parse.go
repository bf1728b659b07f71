package calls

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/steward-llmops/steward/internal/fault"
)

// The bounds of a query's text.
const (
	MaxQuery   = 8_192 // bytes, as written and as Format writes it
	MaxNesting = 64    // parentheses and negations within one another
	MaxTerms   = 256
)

// GrammarPage is the page of the documentation that describes the grammar.
const GrammarPage = "docs/reference/query-language.md"

// Parse reads a query, the text by which people and URLs select calls:
//
//	model:gpt-5* status:error cost:>0.01 latency:>2s tag.team:search -env:dev "refund policy"
//
// Terms side by side must all hold; AND, OR, NOT, a leading minus and parentheses
// combine them, OR binding weakest. GrammarPage has every operator. Moments that are
// relative (-24h) are so to now. An empty text is nil: every row. What is wrong is a
// fault.Invalid with code invalid_query that names the place.
func Parse(text string, now time.Time) (Expr, error) {
	p := &parser{scanner: scanner{text: text}, now: now}
	if len(text) > MaxQuery {
		return nil, tooLong("the query has %d bytes; at most %d are read", len(text), MaxQuery)
	}
	if !utf8.ValidString(text) {
		return nil, fault.New(fault.Invalid, "invalid_query", "the query is not valid UTF-8").
			Hinted("send it as UTF-8").At("query")
	}
	p.skipSpace()
	if p.at == len(text) {
		return nil, nil
	}
	e, err := p.or(nil)
	if err != nil {
		return nil, err
	}
	if p.at < len(text) { // only a parenthesis ends an expression early
		return nil, p.fail(p.at, "take it away, or open it before", "a parenthesis closes that none opened")
	}
	e = Normal(e)
	if n := len(Format(e)); n > MaxQuery {
		return nil, tooLong("the query has %d bytes once its groups are written out; at most %d are read", n, MaxQuery)
	}
	return e, nil
}

func tooLong(format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_query", format, args...).
		Hinted("ask for less, or in several queries").At("query")
}

type parser struct {
	scanner
	now   time.Time
	terms int
	depth int
}

// target is what the values of a group or a term belong to.
type target struct {
	name  string // as written
	at    int    // where it was written
	field *Field // nil: a tag, or one of the below
	tag   string
	raw   bool // whole numbers in the field's own unit
	said  bool // text of the content, in where
	where Where
	has   bool // values are names of fields
}

// enter goes one level deeper; leave undoes it.
func (p *parser) enter(at int) error {
	if p.depth++; p.depth > MaxNesting {
		return p.fail(at, "write it flatter", "the query is nested more than %d deep", MaxNesting)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// or reads terms until the end or a closing parenthesis. In a group of values, t is
// what they belong to.
func (p *parser) or(t *target) (Expr, error) {
	var list Or
	for {
		e, err := p.and(t)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		if !p.keyword("OR") {
			return list, nil
		}
	}
}

func (p *parser) and(t *target) (Expr, error) {
	var list And
	after := "" // the keyword before, which needs a term
	for {
		p.skipSpace()
		at := p.at
		switch {
		case p.at == len(p.text) || p.peek() == ')' || p.nextIs("OR"):
			if len(list) == 0 || after != "" {
				return nil, p.missing(at, after)
			}
			return list, nil
		case p.keyword("AND"):
			if len(list) == 0 || after != "" {
				return nil, p.fail(at, "write a term on each side of AND, or quote it to look for the word", "AND has nothing before it")
			}
			after = "AND"
			continue
		}
		e, err := p.unary(t)
		if err != nil {
			return nil, err
		}
		list, after = append(list, e), ""
	}
}

// nextIs reports whether a keyword comes next.
func (p *parser) nextIs(k string) bool {
	at := p.at
	ok := p.keyword(k)
	p.at = at
	return ok
}

// missing says that a term is missing where something else stands.
func (p *parser) missing(at int, after string) error {
	switch {
	case after != "":
		return p.fail(at, "write what follows "+after+", or quote it to look for the word", "a term is missing after %s", after)
	case p.nextIs("OR"):
		return p.fail(at, "write a term on each side of OR, or quote it to look for the word", "OR has nothing before it")
	case p.at < len(p.text) && p.depth == 0:
		return p.fail(at, "take it away, or open it before", "a parenthesis closes that none opened")
	}
	return p.fail(at, "write a term, such as model:gpt-5* or \"a text\"", "a term is missing")
}

func (p *parser) unary(t *target) (Expr, error) {
	at := p.at
	not := ""
	switch {
	case p.keyword("NOT"):
		not = "NOT"
	case p.peek() == '-' && !(t != nil && t.signed() && p.numberFollows()):
		p.at++
		not = "-"
		if r := p.peek(); r == 0 || r == ')' || unicode.IsSpace(r) {
			return nil, p.fail(at, `write -term to leave a term out, or quote it: "-"`, "a minus stands alone")
		}
	}
	if not == "" {
		return p.term(t)
	}
	if err := p.enter(at); err != nil {
		return nil, err
	}
	defer p.leave()
	p.skipSpace()
	if p.at == len(p.text) || p.peek() == ')' || p.nextIs("OR") || p.nextIs("AND") {
		return nil, p.missing(p.at, not)
	}
	e, err := p.unary(t)
	return Not{e}, err
}

// signed reports whether values can begin with a minus.
func (t *target) signed() bool {
	return t.field != nil && t.field.Kind != Text && t.field.Kind != Bool
}

func (p *parser) numberFollows() bool {
	rest := p.text[p.at+1:]
	return rest != "" && (digit(rest[0]) || rest[0] == '.' || rest[0] == '$')
}

// term reads a parenthesis, a field with its values, or a text to look for.
func (p *parser) term(t *target) (Expr, error) {
	at := p.at
	if p.peek() == '(' {
		return p.group(t)
	}
	if t != nil {
		return p.values(t)
	}
	name, tag, ok, err := p.name()
	if err != nil {
		return nil, err
	}
	if ok {
		if t, err = p.target(at, name, tag); err != nil {
			return nil, err
		}
		if t != nil {
			return p.values(t)
		}
		p.at = at // the name of no field: a text such as http://host
	}
	return p.bare()
}

func (p *parser) group(t *target) (Expr, error) {
	at := p.at
	if err := p.enter(at); err != nil {
		return nil, err
	}
	defer p.leave()
	p.at++
	e, err := p.or(t)
	if err != nil {
		return nil, err
	}
	if !p.accept(")") {
		return nil, p.fail(at, "close it with )", "the parenthesis is not closed")
	}
	return e, nil
}

// target returns what a name before a colon means; nil if it is no name but part of
// a URL.
func (p *parser) target(at int, name string, tag bool) (*target, error) {
	t := &target{name: name, at: at}
	if tag {
		t.name, t.tag = TagPrefix+name, name
		if name == "" {
			return nil, p.fail(at, "write it as tag.NAME:value", "the name of the tag is missing")
		}
		return t, nil
	}
	switch strings.ToLower(name) {
	case "has":
		t.has = true
		return t, nil
	case "text":
		t.said = true
		return t, nil
	case "input":
		t.said, t.where = true, InRequest
		return t, nil
	case "output":
		t.said, t.where = true, InAnswer
		return t, nil
	}
	if f, raw, ok := fieldOf(name); ok {
		t.field, t.raw = f, raw
		return t, nil
	}
	if strings.HasPrefix(p.text[p.at:], "//") {
		return nil, nil
	}
	return nil, p.unknownField(at, name)
}

func (p *parser) unknownField(at int, name string) error {
	hint := "its fields are listed in " + GrammarPage + `; to look for a text with a colon, quote it: "` + short(name) + `:..."`
	switch near := fault.Nearest(name, grammarWords()); {
	case strings.HasPrefix(strings.ToLower(name), ScorePrefix):
		hint = "scores are measures, such as avg(" + short(name) + "); a query cannot ask for them"
	case near != "":
		hint = "did you mean " + near + `:? To look for the text itself, quote it: "` + short(name) + `:..."`
	}
	return p.fail(at, hint, "there is no field %q", short(name))
}

// bare reads a text to look for anywhere.
func (p *parser) bare() (Expr, error) {
	w, err := p.word(false)
	if err != nil {
		return nil, err
	}
	return p.sayWord(w, Anywhere)
}

// sayWord returns the condition that a text was said. Stars at its ends say nothing,
// since it is looked for as a part anyway.
func (p *parser) sayWord(w word, where Where) (Expr, error) {
	text := w.text
	if w.stars {
		pieces := Pieces(w.pattern)
		if len(pieces) > 1 && pieces[0] == "" {
			pieces = pieces[1:]
		}
		if len(pieces) > 1 && pieces[len(pieces)-1] == "" {
			pieces = pieces[:len(pieces)-1]
		}
		if len(pieces) > 1 {
			return nil, p.fail(w.at, `write the parts as words of their own, or quote it to look for a star`, "a star stands within a text")
		}
		text = pieces[0]
	}
	if text == "" {
		return nil, p.fail(w.at, "write the text to look for; leave the query empty for all calls", "there is no text")
	}
	return p.count(w.at, &Said{Where: where, Text: text})
}

// count counts a condition against the bound.
func (p *parser) count(at int, e Expr) (Expr, error) {
	if p.terms++; p.terms > MaxTerms {
		return nil, p.fail(at, "ask for less, or use a pattern such as model:gpt-*", "the query has more than %d terms", MaxTerms)
	}
	return e, nil
}

// short keeps a word that is named in a message to a length for people.
func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "..."
	}
	return s
}
