package callstore_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// column returns the column of a name.
func column(t testing.TB, name string) callstore.Column {
	t.Helper()
	for _, c := range callstore.Columns {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no column %s", name)
	return callstore.Column{}
}

func document(t testing.TB, name string, c *record.Call) callstore.Document {
	return column(t, name).Field(c).(callstore.Document)
}

func TestDocumentsAreJSONThatCanBeAskedAbout(t *testing.T) {
	c := record.Call{
		Tags:     []record.Tag{{Name: "feature", Value: `a "b"`}, {Name: "feature", Value: "again"}},
		Attempts: []record.Attempt{{Provider: "openai", Model: "m", Status: 200, DurationMicros: 5}, {}},
		Lost:     []string{"top_k", "seed"},
		Usage: llm.Usage{Reported: true, ServiceTier: "flex", Cost: 7, CostReported: true,
			Others: []llm.ModelUsage{{Model: "advisor"}}},
	}
	c.Usage.N[llm.Input], c.Usage.N[llm.Requests] = 480, -1
	want := map[string]string{
		"tags":     `{"feature":"a \"b\"","feature":"again"}`,
		"attempts": `[{"provider":"openai","model":"m","duration_us":5,"status":200},{}]`,
		"lost":     `["top_k","seed"]`,
		"usage":    `{"reported":true,"used":{"input":480,"requests":-1},"service_tier":"flex","cost_nano":7,"cost_set":true,"others":[{"model":"advisor"}]}`,
	}
	for name, text := range want {
		if got := document(t, name, &c).Text(); got != text {
			t.Errorf("%s is %s; want %s", name, got, text)
		}
		if got := document(t, name, &record.Call{}).Text(); got != "" {
			t.Errorf("an empty %s is %q", name, got)
		}
	}
}

func TestScanRefusesWhatIsNoDocument(t *testing.T) {
	for _, name := range []string{"tags", "attempts", "lost", "usage"} {
		for _, src := range []any{"{", []byte("[1"), 7} {
			var c record.Call
			if err := document(t, name, &c).Scan(src); err == nil {
				t.Errorf("%s takes %v", name, src)
			}
			if !reflect.DeepEqual(c, record.Call{}) {
				t.Errorf("%s of %v leaves %+v", name, src, c)
			}
		}
	}
}

func FuzzDocuments(f *testing.F) {
	f.Add("feature", "search", int64(480), `{"reported":true}`)
	f.Add("", "a\"b\\\u2028\x00<>&", int64(-1), `[{"provider":"p","start_us":1e3},null,[]]`)
	f.Fuzz(func(t *testing.T, name, value string, n int64, raw string) {
		name, value = callstore.Clean(name), callstore.Clean(value)
		want := record.Call{Tags: []record.Tag{{Name: name, Value: value}, {Name: value, Value: name}}, Lost: []string{name, value},
			Attempts: []record.Attempt{{Provider: name, Model: value, StartMicros: n, RequestID: value, Status: int(int32(n))}}}
		want.Usage.ServiceTier, want.Usage.Rejected, want.Usage.N[llm.Output] = value, n, n
		want.Usage.Others = []llm.ModelUsage{{Model: name, Usage: llm.Usage{Geo: value, Estimated: n > 0}}}
		var got record.Call
		for _, doc := range []string{"tags", "attempts", "lost", "usage"} {
			if err := document(t, doc, &got).Scan(document(t, doc, &want).Text()); err != nil {
				t.Fatalf("%s: %v", doc, err)
			}
			var other record.Call
			_ = document(t, doc, &other).Scan(raw) // any text: an error or not, never a panic
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("round trip (-want +got):\n%s", diff)
		}
	})
}

func TestEveryFieldOfACallHasAColumn(t *testing.T) {
	var c record.Call
	place := make(map[uintptr]string)
	for _, col := range callstore.Stored {
		place[reflect.ValueOf(col.Field(&c)).Pointer()] = col.Name
	}
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		if _, ok := place[v.Addr().Pointer()]; ok {
			if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[llm.Usage]() {
				return
			}
		}
		if v.Kind() != reflect.Struct {
			t.Errorf("%s has no column", path)
			return
		}
		for i := range v.NumField() {
			walk(v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	}
	walk(reflect.ValueOf(&c).Elem(), "Call")
}

func TestQueriesHoldNoValues(t *testing.T) {
	q := calls.Query{Provider: "secret'--", Model: "secret*", Project: "secret", Subject: "secret", Before: ident.ID{1}, Limit: 5}
	query, args := callstore.Rows(&q, 7)
	if strings.Contains(query, "secret") || len(args) != 6 {
		t.Errorf("%d parameters and the query %s", len(args), query)
	}
}
