package cli

import (
	"cmp"
	"slices"
	"strings"

	"github.com/steward-llmops/steward/client"
)

// branch is a row of a tree and what is drawn before it.
type branch struct {
	lead string
	row  *client.SpanRow
}

// maxLead is how deep a tree is drawn; below that, rows stand in one line.
const maxLead = 24

// treeOf returns rows as a tree: each below its parent, by time. A row whose parent is
// not here is a root; so is, of rows that are each other's parents, the first.
func treeOf(rows []client.SpanRow) []branch {
	t := tree{below: map[string][]*client.SpanRow{}, drawn: map[*client.SpanRow]bool{}}
	here := map[string]bool{}
	for i := range rows {
		here[rows[i].SpanID] = true
	}
	var roots []*client.SpanRow
	for i := range rows {
		r := &rows[i]
		if r.Parent == "" || r.Parent == r.SpanID || !here[r.Parent] {
			roots = append(roots, r)
		} else {
			t.below[r.Parent] = append(t.below[r.Parent], r)
		}
	}
	byStart(roots)
	for _, list := range t.below {
		byStart(list)
	}
	for _, r := range roots {
		t.draw(r, "", "", 0)
	}
	for i := range rows { // what no root leads to
		t.draw(&rows[i], "", "", 0)
	}
	return t.out
}

func byStart(list []*client.SpanRow) {
	slices.SortStableFunc(list, func(a, b *client.SpanRow) int { return cmp.Compare(a.Start, b.Start) })
}

type tree struct {
	below map[string][]*client.SpanRow // by the parent's span id
	drawn map[*client.SpanRow]bool
	out   []branch
}

// draw draws a row and what is below it; lead stands before the row, and under it
// before the others.
func (t *tree) draw(r *client.SpanRow, lead, under string, depth int) {
	if t.drawn[r] {
		return
	}
	t.drawn[r] = true
	t.out = append(t.out, branch{lead, r})
	list := t.below[r.SpanID]
	for i, x := range list {
		last := i == len(list)-1
		switch {
		case depth >= maxLead:
			t.draw(x, strings.TrimRight(under, " ")+"... ", under, depth+1)
		case last:
			t.draw(x, under+"`- ", under+"   ", depth+1)
		default:
			t.draw(x, under+"|- ", under+"|  ", depth+1)
		}
	}
}
