package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// excerpt returns a line for showing. hide leaves out all that follows the name
// of the field, because it may be a secret.
func excerpt(line, path string, hide bool) string {
	line = strings.TrimRight(line, " \t\r")
	if hide {
		name := path[strings.LastIndexByte(path, '.')+1:]
		before, _, ok := strings.Cut(line, name+":")
		flow := strings.IndexByte(before, '{')
		switch {
		case !ok || name == "":
			return "" // the value stands on a line of its own
		case flow >= 0:
			return before[:flow] + "{***" // what comes first may be a secret too
		}
		return mask(before) + name + ": ***"
	}
	line = mask(line)
	if r := []rune(line); len(r) > 120 {
		line = string(r[:120]) + "..."
	}
	return line
}

// hide keeps the texts below a node out of every problem.
func (d *decoder) hide(n ast.Node) {
	ast.Walk(hider{d}, n)
}

type hider struct{ d *decoder }

// Visit implements ast.Visitor.
func (h hider) Visit(n ast.Node) ast.Visitor {
	if text, ok := scalarText(n); ok && len(text) >= 4 && text != "env:" && text != "file:" {
		h.d.hidden = append(h.d.hidden, text)
	}
	return h
}
