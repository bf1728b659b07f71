package callstest_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/observe/calls/callstest"
	"github.com/steward-llmops/steward/internal/record"
)

func TestRows(t *testing.T) {
	rows := callstest.Rows(3, 2000)
	if diff := cmp.Diff(rows, callstest.Rows(3, 2000)); diff != "" {
		t.Errorf("the same seed gives other rows:\n%s", diff)
	}
	if reflect.DeepEqual(rows[:10], callstest.Rows(4, 2000)[:10]) {
		t.Error("another seed gives the same rows")
	}
	months := map[time.Month]bool{}
	seen := map[string]int{}
	for i := range rows {
		r := &rows[i]
		at := time.UnixMicro(r.Time).UTC()
		if at.Before(callstest.From) || !at.Before(callstest.To) {
			t.Fatalf("row %d is at %s", i, at)
		}
		if i > 0 && (r.Time < rows[i-1].Time || bytes.Compare(r.ID[:], rows[i-1].ID[:]) <= 0) {
			t.Fatalf("row %d comes before the one before it", i)
		}
		if r.ID.Time().UnixMilli() != at.UnixMilli() {
			t.Fatalf("the id of row %d is of another time", i)
		}
		months[at.Month()] = true
		names := map[string]bool{}
		for _, tag := range r.Tags {
			if names[tag.Name] {
				seen["a tag twice"]++
			}
			names[tag.Name] = true
		}
		for what, is := range map[string]bool{
			"unpriced": r.Pricing == record.Unpriced, "no duration": r.TotalMicros < 0, "not counted": !r.Counted, "no trace": r.TraceID == "",
			"a wildcard": strings.ContainsAny(r.Model, "*%"), "reported": r.Source != "", "no speed": calls.Speed(&r.Call) < 0,
			"a speed": calls.Speed(&r.Call) >= 0, "the same moment": i > 0 && r.Time == rows[i-1].Time,
		} {
			if is {
				seen[what]++
			}
		}
		for _, f := range calls.Fields {
			if f.Kind != calls.Text {
				continue
			}
			for _, s := range f.Texts(r) {
				if strings.ContainsRune(s, 0) {
					t.Fatalf("the %s of row %d holds a NUL", f.Name, i)
				}
			}
		}
	}
	if len(months) != 4 || len(seen) != 10 {
		t.Errorf("months %v and kinds %v; want 4 and 10", months, seen)
	}
	for what, n := range seen {
		if n < 10 {
			t.Errorf("%s: only %d", what, n)
		}
	}
}

// TestExprCoversTheLanguage looks for every field, every operator and every part.
func TestExprCoversTheLanguage(t *testing.T) {
	seen := map[any]bool{}
	var walk func(e calls.Expr)
	walk = func(e calls.Expr) {
		switch e := e.(type) {
		case calls.And:
			for _, x := range e {
				walk(x)
			}
		case calls.Or:
			for _, x := range e {
				walk(x)
			}
		case calls.Not:
			walk(e.X)
		case *calls.Cond:
			seen[e.Field], seen[e.Op] = true, true
		case *calls.Said:
			seen[e.Where] = true
		}
	}
	for seed := range uint64(3000) {
		walk(callstest.Expr(seed))
		if calls.NeedsContent(callstest.Condition(seed)) {
			t.Fatalf("condition %d needs content", seed)
		}
	}
	if want := len(calls.Fields) + 1 + int(calls.Has) + 1 + 3; len(seen) != want {
		t.Errorf("%d of %d were seen", len(seen), want)
	}
}

func TestAnalysesAreValid(t *testing.T) {
	whats, steps := map[calls.What]bool{}, map[calls.Step]bool{}
	for seed := range uint64(1000) {
		a := callstest.Analysis(seed)
		if !a.To.After(a.From) || len(a.Measures) == 0 || a.Order >= len(a.Measures) || calls.NeedsContent(a.Filter) {
			t.Errorf("analysis %d is not valid: %+v", seed, a)
		}
		for _, m := range a.Measures {
			whats[m.What] = true
		}
		for _, d := range a.By {
			steps[d.Step] = true
		}
	}
	if len(whats) != 13 || len(steps) != 9 {
		t.Errorf("measures %v and steps %v; want all 13, and 8 and none", whats, steps)
	}
}
