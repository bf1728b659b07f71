package price

import (
	"encoding/json"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// Rule says which model names an entry is for, without regard to case. In a file
// it is a string: "gpt-4o" is that name, "gpt-4o*" a beginning, "*flash" an end,
// "*claude*" a part, "/^o[134]/" a regular expression; {"all": [...]} needs every
// rule of a list and {"any": [...]} one of it.
type Rule struct {
	Text string
	All  []Rule
	Any  []Rule
}

type ruleFile struct {
	All []Rule `json:"all,omitempty"`
	Any []Rule `json:"any,omitempty"`
}

// MarshalJSON writes the short form.
func (r Rule) MarshalJSON() ([]byte, error) {
	if r.All == nil && r.Any == nil {
		return marshal(r.Text)
	}
	return marshal(ruleFile{r.All, r.Any})
}

// UnmarshalJSON reads the short form.
func (r *Rule) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &r.Text)
	}
	var f ruleFile
	if err := json.Unmarshal(b, &f); err != nil {
		return fmt.Errorf("a match rule is a string, or an object with all or any: %w", err)
	}
	r.All, r.Any = f.All, f.Any
	return nil
}

type kind uint8

const (
	exact kind = iota
	prefix
	suffix
	part
	pattern
	every
	some
)

// matcher is a compiled Rule. Regular expressions compile when first needed: most
// are never tried.
type matcher struct {
	kind kind
	text string
	subs []matcher
	re   func() *regexp.Regexp
}

const maxRuleDepth = 8

func (r Rule) compile(depth int) (matcher, error) {
	if depth > maxRuleDepth {
		return matcher{}, fmt.Errorf("rules are nested more than %d deep", maxRuleDepth)
	}
	if r.All != nil || r.Any != nil {
		if r.Text != "" || (r.All != nil && r.Any != nil) {
			return matcher{}, fmt.Errorf("a rule is one of a string, all, any")
		}
		m := matcher{kind: every}
		list := r.All
		if r.Any != nil {
			m.kind, list = some, r.Any
		}
		if len(list) == 0 {
			return matcher{}, fmt.Errorf("an empty list of rules matches nothing")
		}
		for _, sub := range list {
			c, err := sub.compile(depth + 1)
			if err != nil {
				return matcher{}, err
			}
			m.subs = append(m.subs, c)
		}
		return m, nil
	}
	return compileText(r.Text)
}

func compileText(text string) (matcher, error) {
	if len(text) > 2 && text[0] == '/' && text[len(text)-1] == '/' {
		expr := "(?i)" + text[1:len(text)-1]
		if _, err := syntax.Parse(expr, syntax.Perl); err != nil {
			return matcher{}, fmt.Errorf("rule %q: %w", text, err)
		}
		re := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
		return matcher{kind: pattern, text: text, re: re}, nil
	}
	body := strings.ToLower(text)
	head, tail := strings.HasPrefix(body, "*"), strings.HasSuffix(body, "*")
	body = strings.TrimSuffix(strings.TrimPrefix(body, "*"), "*")
	switch {
	case strings.Contains(body, "*"):
		return matcher{}, fmt.Errorf("rule %q: a star may stand at either end only", text)
	case body == "" && !head:
		return matcher{}, fmt.Errorf("an empty rule matches nothing")
	case head && tail, body == "":
		return matcher{kind: part, text: body}, nil
	case head:
		return matcher{kind: suffix, text: body}, nil
	case tail:
		return matcher{kind: prefix, text: body}, nil
	}
	return matcher{kind: exact, text: body}, nil
}

// match reports whether the rule is for the lower-case name.
func (m *matcher) match(name string) bool {
	switch m.kind {
	case exact:
		return name == m.text
	case prefix:
		return strings.HasPrefix(name, m.text)
	case suffix:
		return strings.HasSuffix(name, m.text)
	case part:
		return strings.Contains(name, m.text)
	case pattern:
		return m.re().MatchString(name)
	case every:
		for i := range m.subs {
			if !m.subs[i].match(name) {
				return false
			}
		}
		return true
	default:
		for i := range m.subs {
			if m.subs[i].match(name) {
				return true
			}
		}
		return false
	}
}
