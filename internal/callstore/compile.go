package callstore

import (
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// Dialect is what engines write differently.
type Dialect interface {
	// Like is a condition that a text fits a LIKE pattern with \ as its escape, in
	// these cases of letters. param is where the pattern is.
	Like(text, param string) string
	// Holds is a condition that a text holds another, in these cases of letters.
	Holds(text, param string) string
	// Lower is a text in small letters.
	Lower(text string) string
	// Fits is a condition that a text fits a regular expression (RE2).
	Fits(text, param string) string
	// Extract is the first group of the first match of a regular expression, or "".
	Extract(text, param string) string
	// Percentile is the value at place ceil(perCent*n/100) of an expression, over the
	// rows for which where holds; "" where the engine has none.
	Percentile(expression string, perCent int64, where string) string
	// Total is the sum of an expression as 64 bits, NULL of no rows; one that is too
	// large is the largest there is. where may be empty.
	Total(expression, where string) string
	// UUID is a parameter as an id.
	UUID(param string) string
}

// UUIDText returns id as engines write a UUID.
func UUIDText(id ident.ID) string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Builder collects a statement's parameters. A value only ever goes into a
// parameter; texts come from this package alone.
type Builder struct {
	Dialect Dialect
	Args    []any
}

// Param adds a parameter and returns what stands for it.
func (b *Builder) Param(value any) string {
	if s, ok := value.(string); ok {
		value = Clean(s)
	}
	b.Args = append(b.Args, value)
	return "$" + strconv.Itoa(len(b.Args))
}

// Where compiles a condition without Said to SQL. A nil one is "true".
func (b *Builder) Where(e calls.Expr) (string, error) {
	switch e := e.(type) {
	case nil:
		return "true", nil
	case calls.And:
		return b.join(e, " AND ", "true")
	case calls.Or:
		return b.join(e, " OR ", "false")
	case calls.Not:
		s, err := b.Where(e.X)
		return "NOT " + s, err
	case *calls.Cond:
		if e.Field == nil {
			return b.tag(e), nil
		}
		return b.cond(e)
	}
	return "", fault.New(fault.Invalid, "invalid_query", "a text that is looked for in content cannot be asked here").
		Hinted("leave the bare words out").At("query")
}

func (b *Builder) join(list []calls.Expr, word, empty string) (string, error) {
	if len(list) == 0 {
		return empty, nil
	}
	parts := make([]string, len(list))
	for i, e := range list {
		var err error
		if parts[i], err = b.Where(e); err != nil {
			return "", err
		}
	}
	return "(" + strings.Join(parts, word) + ")", nil
}

// texts are the expressions of a Text field; a condition holds if it does of one.
func texts(f *calls.Field) []string {
	switch f.Name {
	case "key":
		return []string{"key_id", "key_name"}
	case "model":
		return []string{"model", "asked", fullModel}
	}
	return []string{f.Column}
}

// fullModel is a model with its provider, where both are known.
const fullModel = "CASE WHEN model = '' OR provider = '' THEN model ELSE provider || '/' || model END"

// number is the expression of a field that is no Text, and the condition that it is
// known; "" where it always is.
func number(f *calls.Field) (expression, known string) {
	switch {
	case f.Name == "cost":
		return f.Column, "pricing <> 'unpriced'"
	case f.Name == "tokens":
		return "(input_tokens + output_tokens)", ""
	case f.Kind == calls.Duration, f.Kind == calls.Milli:
		return f.Column, f.Column + " >= 0"
	case f.Kind == calls.Bool:
		return "CAST(" + f.Column + " AS INTEGER)", ""
	}
	return f.Column, ""
}

func (b *Builder) cond(c *calls.Cond) (string, error) {
	if c.Field.Name == "id" {
		return b.id(c)
	}
	if c.Field.Kind != calls.Text {
		return b.compare(c), nil
	}
	var parts []string
	for _, text := range texts(c.Field) {
		parts = append(parts, b.text(c, text))
	}
	return "(" + strings.Join(parts, " OR ") + ")", nil
}

func (b *Builder) id(c *calls.Cond) (string, error) {
	switch c.Op {
	case calls.Has:
		return "true", nil
	case calls.Equal:
		id, err := ident.ParseID(c.Text)
		if err != nil {
			return "false", nil // no call has it
		}
		return "id = " + b.Dialect.UUID(b.Param(UUIDText(id))), nil
	}
	return "", fault.New(fault.Invalid, "invalid_query", "id takes a whole id").Hinted("write id:call_...").At("query")
}

func (b *Builder) text(c *calls.Cond, text string) string {
	switch c.Op {
	case calls.Like:
		return b.Dialect.Like(text, b.Param(likePattern(c.Text)))
	case calls.Contains:
		return b.Dialect.Holds(b.Dialect.Lower(text), b.Param(strings.ToLower(c.Text)))
	case calls.Has:
		return text + " <> ''"
	}
	return text + " = " + b.Param(c.Text)
}

func (b *Builder) compare(c *calls.Cond) string {
	expression, known := number(c.Field)
	var s string
	switch c.Op {
	case calls.Less:
		s = expression + " < " + b.Param(c.Low)
	case calls.AtMost:
		s = expression + " <= " + b.Param(c.Low)
	case calls.More:
		s = expression + " > " + b.Param(c.Low)
	case calls.AtLeast:
		s = expression + " >= " + b.Param(c.Low)
	case calls.Between:
		s = expression + " BETWEEN " + b.Param(c.Low) + " AND " + b.Param(c.High)
	case calls.Has:
		if known == "" {
			return "true"
		}
		return "(" + known + ")"
	default:
		s = expression + " = " + b.Param(c.Low)
	}
	if known != "" {
		s = known + " AND " + s
	}
	return "(" + s + ")"
}

// tag compares a tag. Several tags may have the name, and one that is not there is
// the empty text.
func (b *Builder) tag(c *calls.Cond) string {
	name := separators.Replace(c.Tag)
	head := regexp.QuoteMeta(unit + name + pair)
	var s string
	switch c.Op {
	case calls.Equal:
		s = b.Dialect.Holds("tags", b.Param(unit+name+pair+separators.Replace(c.Text)+unit))
	case calls.Like:
		s = b.Dialect.Fits("tags", b.Param("(?s)"+head+likeExpression(c.Text)+unit))
	case calls.Contains:
		s = b.Dialect.Fits("tags", b.Param("(?s)"+head+"[^"+unit+"]*(?i:"+regexp.QuoteMeta(separators.Replace(c.Text))+")"))
	default:
		return b.Dialect.Fits("tags", b.Param(head+"[^"+unit+"]"))
	}
	if c.Text == "" || c.Op == calls.Like && strings.Trim(c.Text, "*") == "" {
		return "(" + s + " OR NOT " + b.Dialect.Holds("tags", b.Param(unit+name+pair)) + ")"
	}
	return s
}

// escape makes a text stand for itself in a pattern of LIKE with \ as its escape.
var escape = strings.NewReplacer(`%`, `\%`, `_`, `\_`, `\`, `\\`)

// likePattern turns a pattern into one for LIKE with \ as its escape.
func likePattern(pattern string) string {
	parts := calls.Pieces(pattern)
	for i := range parts {
		parts[i] = escape.Replace(parts[i])
	}
	return strings.Join(parts, "%")
}

// likeExpression turns a pattern into a regular expression that stays within a tag.
func likeExpression(pattern string) string {
	parts := calls.Pieces(pattern)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(separators.Replace(parts[i]))
	}
	return strings.Join(parts, "[^"+unit+"]*")
}
