package calls_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// told is a row of a trace: "id<parent", of a kind, that says what was used or not.
func told(id, parent, kind string, tokens int64) *calls.Row {
	r := &calls.Row{Call: record.Call{ID: ident.ID{0: 1, 15: id[0]}, Time: 1e15 + int64(id[0]), Org: "acme", TraceID: "t", SpanID: id, ParentSpanID: parent,
		Source: record.FromOTLP, Kind: kind, UpstreamID: "answer-" + id}}
	if tokens > 0 {
		r.Usage.Reported, r.Usage.N[llm.Input] = true, tokens
	}
	return r
}

// gateway makes a row the gateway's own.
func gateway(r *calls.Row) *calls.Row {
	r.Source, r.Kind = "", ""
	return r
}

func answered(r *calls.Row, id string) *calls.Row {
	r.UpstreamID = id
	return r
}

func TestWhatIsToldTwiceCountsOnce(t *testing.T) {
	tests := map[string]struct {
		rows []*calls.Row
		want string // the ids of the rows that count
	}{
		"a call alone":                                     {[]*calls.Row{told("a", "", "call", 5)}, "a"},
		"an agent that has no call below it":               {[]*calls.Row{told("a", "", "agent", 5), told("b", "a", "tool", 0)}, "a"},
		"an agent's calls, not the agent":                  {[]*calls.Row{told("a", "", "agent", 10), told("b", "a", "call", 5), told("c", "a", "call", 5)}, "bc"},
		"through steps that say nothing":                   {[]*calls.Row{told("a", "", "agent", 5), told("b", "a", "chain", 0), told("c", "b", "tool", 0), told("d", "c", "call", 5)}, "d"},
		"a framework's span, an SDK's, the gateway's call": {[]*calls.Row{told("a", "", "call", 5), told("b", "a", "call", 5), told("c", "b", "span", 0), gateway(told("d", "c", "call", 5))}, "d"},
		"a retry below one span":                           {[]*calls.Row{told("a", "", "call", 5), gateway(told("b", "a", "call", 0)), gateway(told("c", "a", "call", 5))}, "bc"},
		"a gateway's call counts whatever lies below it":   {[]*calls.Row{gateway(told("a", "", "call", 5)), told("b", "a", "call", 5)}, "ab"},
		"siblings count":                                   {[]*calls.Row{told("a", "r", "call", 5), told("b", "r", "call", 5)}, "ab"},
		"a parent that is not there":                       {[]*calls.Row{told("a", "nobody", "call", 5)}, "a"},
		"parents in a circle":                              {[]*calls.Row{told("a", "b", "agent", 5), told("b", "a", "agent", 5), told("c", "c", "call", 5)}, "c"},
		"a span id that comes twice":                       {[]*calls.Row{told("a", "", "call", 5), answered(told("a", "", "call", 5), "other")}, "a"},
		"the gateway's answer seen by the app":             {[]*calls.Row{gateway(answered(told("a", "", "call", 5), "resp")), answered(told("b", "elsewhere", "call", 5), "resp")}, "a"},
		"tools and chains without usage do not":            {[]*calls.Row{told("a", "", "tool", 0), told("b", "", "chain", 0)}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) { // in any order, in one batch or several
				rng := rand.New(rand.NewPCG(seed, 1))
				rows := clone(tt.rows)
				if !repeats(rows) { // of two with one id the first counts
					rng.Shuffle(len(rows), func(i, k int) { rows[i], rows[k] = rows[k], rows[i] })
					// The gateway has recorded its call before the application ends its span.
					slices.SortStableFunc(rows, func(a, b *calls.Row) int { return len(a.Source) - len(b.Source) })
				}
				if got := counted(join(new(calls.Joiner), rows, 1+rng.IntN(len(rows)))); got != tt.want {
					t.Fatalf("in order %s %q counts, want %q", order(rows), got, tt.want)
				}
			}
		})
	}
}

func clone(rows []*calls.Row) []*calls.Row {
	out := make([]*calls.Row, len(rows))
	for i, r := range rows {
		c := *r
		out[i] = &c
	}
	return out
}

func repeats(rows []*calls.Row) bool {
	seen := map[string]bool{}
	for _, r := range rows {
		if seen[r.SpanID] {
			return true
		}
		seen[r.SpanID] = true
	}
	return false
}

// join adds rows in batches and applies the changes, as a store does.
func join(j *calls.Joiner, rows []*calls.Row, batch int) []*calls.Row {
	for at := 0; at < len(rows); at += batch {
		change(rows, j.Add(rows[at:min(at+batch, len(rows))]))
	}
	return rows
}

func change(rows []*calls.Row, changes []calls.Change) {
	for _, c := range changes {
		for _, r := range rows {
			if r.ID == c.ID {
				r.Counted, r.Session, r.Subject = c.Counted, c.Session, c.Subject
			}
		}
	}
}

func counted(rows []*calls.Row) string {
	var ids []string
	for _, r := range rows {
		if r.Counted {
			ids = append(ids, r.SpanID)
		}
	}
	slices.Sort(ids)
	return fmt.Sprint(concat(ids))
}

func order(rows []*calls.Row) string {
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.SpanID)
	}
	return concat(ids)
}

func concat(ids []string) (s string) {
	for _, id := range ids {
		s += id
	}
	return s
}

func TestATraceThatWasLetGoIsJoinedAgain(t *testing.T) {
	stored := []*calls.Row{gateway(answered(told("a", "", "call", 5), "resp")), answered(told("b", "x", "call", 5), "resp"), told("c", "", "agent", 5), told("d", "c", "call", 5)}
	join(new(calls.Joiner), stored, 2)
	if got := counted(stored); got != "ad" {
		t.Fatalf("%q counts, want ad", got)
	}
	var j calls.Joiner // another process
	if j.Knows(stored[0]) {
		t.Fatal("a new joiner knows a trace")
	}
	var rows []calls.Row
	for _, r := range stored {
		rows = append(rows, *r)
	}
	j.Load(rows)
	late := told("e", "d", "tool", 0)
	change(stored, j.Add([]*calls.Row{late}))
	if got := counted(append(stored, late)); got != "ad" {
		t.Errorf("after a late row %q counts, want ad: what the gateway has seen counts again", got)
	}
}

func TestATraceIsOneOrganisations(t *testing.T) {
	var j calls.Joiner
	mine, other := told("a", "", "call", 5), told("b", "a", "call", 5)
	other.Org = "other"
	j.Add([]*calls.Row{mine})
	if changes := j.Add([]*calls.Row{other}); len(changes) != 0 || !mine.Counted || !other.Counted {
		t.Errorf("another organisation's span below mine changes %v", changes)
	}
}

func TestSessionAndSubjectAreTheTraces(t *testing.T) {
	var j calls.Joiner
	child, root := told("b", "a", "call", 5), told("a", "", "agent", 0)
	root.Session, root.Subject = "talk", "ann"
	j.Add([]*calls.Row{child})
	changes := j.Add([]*calls.Row{root})
	if len(changes) != 1 || changes[0].ID != child.ID || changes[0].Session != "talk" || changes[0].Subject != "ann" || !changes[0].Counted {
		t.Errorf("the root's session changes %+v", changes)
	}
}

func TestAJoinerKeepsNoMoreThanItsLimit(t *testing.T) {
	j := calls.Joiner{Limit: 10}
	var rows []*calls.Row
	for i := range 30 {
		r := told(string(rune('A'+i)), "", "call", 5)
		r.TraceID = fmt.Sprint(i)
		rows = append(rows, r)
		j.Add([]*calls.Row{r})
	}
	if j.Knows(rows[0]) || !j.Knows(rows[29]) {
		t.Error("the oldest trace is kept, or the newest is not")
	}
}
