package config

import (
	"fmt"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
)

// Problem is one thing that is wrong with a configuration. None of its texts
// holds a secret: what looks like one is masked.
type Problem struct {
	// Source is the file's name, or what else said it: "STEWARD_LISTEN", "--data".
	Source string `json:"source"`
	// Line and Column count from 1; 0 where the source is not a file.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Path is the field: "providers.lab.base_url", "prices.overrides[0].model".
	Path string `json:"path,omitempty"`
	// Message says what is wrong: one sentence, lower case, no period.
	Message string `json:"message"`
	// Excerpt is the source line, masked; empty where there is none.
	Excerpt string `json:"excerpt,omitempty"`
	// Hint says what to write instead; may be empty.
	Hint string `json:"hint,omitempty"`
}

// String returns the problem on up to four lines: place and message, the source
// line with a mark below the column, and the hint.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.Source)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": " + p.Message)
	if p.Excerpt != "" {
		fmt.Fprintf(&b, "\n%5d | %s\n      | %s^", p.Line, p.Excerpt, indentTo(p.Excerpt, p.Column))
	}
	if p.Hint != "" {
		b.WriteString("\n  try: " + p.Hint)
	}
	return b.String()
}

// indentTo returns the white space that puts a mark below a column of line.
func indentTo(line string, column int) string {
	var b strings.Builder
	n := 1
	for _, r := range line {
		if n >= column {
			break
		}
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
		n++
	}
	return b.String()
}

// Problems are all that is wrong, in the order of the file. As an error they are
// a fault.Invalid with code "config_invalid".
type Problems []Problem

// Error returns every problem, one after the other.
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.String()
	}
	return strings.Join(texts, "\n")
}

// Unwrap returns the problems as one fault.
func (ps Problems) Unwrap() error {
	sources := map[string]bool{}
	for _, p := range ps {
		sources[p.Source] = true
	}
	where := "the configuration"
	if len(sources) == 1 {
		where = ps[0].Source
	}
	what := "1 problem"
	if len(ps) != 1 {
		what = fmt.Sprintf("%d problems", len(ps))
	}
	return fault.New(fault.Invalid, "config_invalid", "%s has %s", where, what).Hinted("mend what is listed, and run it again")
}
