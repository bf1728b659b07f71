package calls

import (
	"strings"
	"unicode"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
)

// operator is an operator as it is written after the colon.
type operator string

// values reads what stands after a colon: a group, or an operator and values between
// commas, of which one must fit.
func (p *parser) values(t *target) (Expr, error) {
	at := p.at
	if !p.accept("!") {
		return p.list(t)
	}
	if err := p.enter(at); err != nil {
		return nil, err
	}
	defer p.leave()
	var e Expr
	var err error
	if p.accept("=") { // != is the opposite of a plain value, not of an exact one
		e, err = p.items(t, "")
	} else {
		e, err = p.list(t)
	}
	return Not{e}, err
}

func (p *parser) list(t *target) (Expr, error) {
	if p.peek() == '(' {
		return p.group(t)
	}
	return p.items(t, p.operator())
}

func (p *parser) operator() operator {
	for _, op := range []string{"<=", "<", ">=", ">", "=", "~"} {
		if p.accept(op) {
			return operator(op)
		}
	}
	return ""
}

// items reads values between commas. An operator holds for what follows it, too.
func (p *parser) items(t *target, op operator) (Expr, error) {
	var any Or
	for {
		e, err := p.item(t, op)
		if err != nil {
			return nil, err
		}
		any = append(any, e)
		at := p.at
		if !p.accept(",") {
			return any, nil
		}
		if len(any) == 1 { // a list is written with parentheses by Format
			if err := p.enter(at); err != nil {
				return nil, err
			}
			defer p.leave()
		}
		if own := p.operator(); own != "" {
			op = own
		}
	}
}

func (p *parser) item(t *target, op operator) (Expr, error) {
	at := p.at
	if t.has {
		return p.hasField(t)
	}
	w, err := p.word(true)
	if err != nil {
		return nil, err
	}
	if p.at == at {
		hint := "write it right after, such as " + t.name + `:x; the empty value is ` + t.name + `:""`
		if unicode.IsSpace(p.peek()) {
			hint += "; there is no space between"
		}
		return nil, p.fail(at, hint, "a value of %s is missing", short(t.name))
	}
	if !w.quoted && strings.HasPrefix(w.text, "!") {
		return nil, p.fail(at, `write the ! before the whole list, or quote the value`, "a ! stands before a single value")
	}
	switch {
	case t.said:
		return p.saidItem(t, op, w)
	case t.field == nil:
		return p.textItem(t, op, w)
	}
	switch t.field.Name {
	case "id":
		return p.idItem(t, op, w)
	case "status":
		return p.statusItem(t, op, w)
	case "cache":
		if w.text == "hit" && !w.quoted && op == "" {
			return p.hitItem(t, w)
		}
	}
	if t.field.Kind == Text {
		return p.textItem(t, op, w)
	}
	return p.numberItem(t, op, w)
}

// hasField reads a field's name after has:.
func (p *parser) hasField(t *target) (Expr, error) {
	at := p.at
	// name wants a colon, which has: does without: read the word, then its meaning.
	w, err := p.word(true)
	if err != nil {
		return nil, err
	}
	if len(w.text) > len(TagPrefix) && strings.EqualFold(w.text[:len(TagPrefix)], TagPrefix) {
		return p.count(at, &Cond{Tag: w.text[len(TagPrefix):], Op: Has})
	}
	f, _, ok := fieldOf(w.text)
	if !ok {
		hint := "write has:FIELD; the fields are listed in " + GrammarPage
		if near := fault.Nearest(w.text, fieldWords()); near != "" {
			hint = "did you mean has:" + near + "?"
		}
		return nil, p.fail(at, hint, "there is no field %q", short(w.text))
	}
	return p.count(at, &Cond{Field: f, Op: Has})
}

func (p *parser) saidItem(t *target, op operator, w word) (Expr, error) {
	switch {
	case op == "<" || op == ">" || op == "<=" || op == ">=" || op == "=":
		return nil, p.fail(w.at, "write "+t.name+`:word or `+t.name+`:"some words"`, "%s looks for a part of the text; %s does not apply", t.name, op)
	case w.stars && w.pattern == "*":
		return nil, p.fail(w.at, "write a text to look for", "%s cannot be asked for as such", t.name)
	case op == "~":
		w.stars = false
	}
	return p.sayWord(w, t.where)
}

// textItem reads a value of a Text field or a tag.
func (p *parser) textItem(t *target, op operator, w word) (Expr, error) {
	c := &Cond{Field: t.field, Tag: t.tag}
	switch {
	case op == "<" || op == ">" || op == "<=" || op == ">=":
		return nil, p.fail(w.at, "write "+short(t.name)+":value, :pattern* or :~part; quote a value that begins with "+string(op),
			"%s is a text, which %s does not compare", short(t.name), op)
	case op == "~" && w.text == "":
		return nil, p.fail(w.at, "write the part to look for", "a value of %s is missing", short(t.name))
	case op == "~":
		c.Op, c.Text = Contains, w.text
	case op == "" && w.stars && w.pattern == "*":
		c.Op = Has
	case op == "" && w.stars:
		c.Op, c.Text = Like, w.pattern
	default:
		c.Text = w.text
	}
	return p.count(w.at, c)
}

func (p *parser) idItem(t *target, op operator, w word) (Expr, error) {
	if op == "" && w.stars && w.pattern == "*" {
		return p.count(w.at, &Cond{Field: t.field, Op: Has})
	}
	if op != "" && op != "=" || w.stars {
		return nil, p.fail(w.at, "write the whole id: id:call_...", "an id is only asked for as a whole")
	}
	text := w.text[strings.LastIndexByte(w.text, '_')+1:]
	id, err := ident.ID{}, error(nil)
	if len(text) == 26 {
		id, err = ident.ParseID(text)
	}
	if err != nil || len(text) != 26 {
		return nil, p.fail(w.at, "an id is call_ and 26 letters and digits, as calls list shows it", "%q is not an id", short(w.text))
	}
	return p.count(w.at, &Cond{Field: t.field, Text: id.Text("call")})
}

// outcomes are the values of status.
var outcomes = []string{"ok", "error", "cancelled", "interrupted"}

// statusItem takes an outcome, or whatever looks like an HTTP status.
func (p *parser) statusItem(t *target, op operator, w word) (Expr, error) {
	compare := op != "" && op != "=" && op != "~"
	if compare || !w.quoted && op != "~" && w.text != "" && (digit(w.text[0]) || strings.Contains(w.text, "..")) {
		t := *t
		t.field, _ = FieldOf("http_status")
		return p.numberItem(&t, op, w)
	}
	if op == "" && !w.quoted && !w.stars {
		w.text = strings.ToLower(w.text)
		if !contains(outcomes, w.text) {
			hint := "it is one of " + strings.Join(outcomes, ", ") + ", or an HTTP status: 429, 5xx, >=500"
			if near := fault.Nearest(w.text, outcomes); near != "" {
				hint = "did you mean " + near + "? " + hint
			}
			return nil, p.fail(w.at, hint, "%q is no status", short(w.text))
		}
	}
	return p.textItem(t, op, w)
}

// hitItem is cache:hit, which is what spared a call of the model.
func (p *parser) hitItem(t *target, w word) (Expr, error) {
	if err := p.enter(w.at); err != nil {
		return nil, err
	}
	defer p.leave()
	var any Or
	for _, v := range []string{"exact", "semantic"} {
		e, err := p.count(w.at, &Cond{Field: t.field, Text: v})
		if err != nil {
			return nil, err
		}
		any = append(any, e)
	}
	return any, nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// numberItem reads a value of a field that is no text.
func (p *parser) numberItem(t *target, op operator, w word) (Expr, error) {
	c := &Cond{Field: t.field}
	switch {
	case op == "~":
		return nil, p.fail(w.at, "write "+t.name+":"+example(t.field), "%s is %s, which ~ does not search", t.name, kindWords[t.field.Kind])
	case op == "" && w.stars && w.pattern == "*":
		c.Op = Has
		return p.count(w.at, c)
	case t.field.Kind == Bool && op != "" && op != "=":
		return nil, p.fail(w.at, "write "+t.name+":true or "+t.name+":false", "%s is true or false, which %s does not compare", t.name, op)
	}
	if low, high, ok := strings.Cut(w.text, ".."); ok {
		if op != "" && op != "=" || t.field.Kind == Bool {
			return nil, p.fail(w.at, "write "+t.name+":low..high, or one value", "a range cannot be compared")
		}
		return p.between(t, w, low, high)
	}
	low, high, err := p.number(t, w, w.text)
	if err != nil {
		return nil, err
	}
	switch op {
	case "<":
		c.Op, c.Low = Less, low
	case "<=":
		c.Op, c.Low = AtMost, high
	case ">":
		c.Op, c.Low = More, high
	case ">=":
		c.Op, c.Low = AtLeast, low
	default:
		if t.field.Kind == Moment && relative(w.text) {
			return nil, p.fail(w.at, "write "+t.name+":>"+short(w.text)+" for what came since", "no call came exactly at %s", short(w.text))
		}
		if c.Low = low; low != high {
			c.Op, c.High = Between, high
		}
	}
	return p.count(w.at, c)
}

// between reads low..high, of which one may be missing.
func (p *parser) between(t *target, w word, low, high string) (Expr, error) {
	c := &Cond{Field: t.field, Op: Between}
	var err error
	switch {
	case low == "" && high == "":
		return nil, p.fail(w.at, "write "+t.name+":low..high, :low.. or :..high", "the range has no ends")
	case low == "":
		c.Op = AtMost
		_, c.Low, err = p.number(t, w, high)
	case high == "":
		c.Op = AtLeast
		c.Low, _, err = p.number(t, w, low)
	default:
		if c.Low, _, err = p.number(t, w, low); err == nil {
			_, c.High, err = p.number(t, w, high)
		}
		if err == nil && c.Low > c.High {
			return nil, p.fail(w.at, "write the smaller end first", "the range ends before it begins")
		}
	}
	if err != nil {
		return nil, err
	}
	return p.count(w.at, c)
}

// number reads a value of the target's field. What stands for a stretch (a day, 5xx)
// gives both its ends.
func (p *parser) number(t *target, w word, text string) (low, high int64, err error) {
	kind := t.field.Kind
	if t.raw {
		kind = Number
	}
	if t.field.Name == "http_status" && len(text) == 3 && strings.EqualFold(text[1:], "xx") && digit(text[0]) {
		n := int64(text[0]-'0') * 100
		return n, n + 99, nil
	}
	low, high, why := parseValue(kind, text, p.now)
	if why == "" && low < 0 && t.field.Kind == Duration {
		why = "a duration is never negative"
	}
	if why != "" {
		return 0, 0, p.fail(w.at, "write "+t.name+":"+exampleOf(kind), "%q is no value of %s: %s", short(text), t.name, why)
	}
	return low, high, nil
}
