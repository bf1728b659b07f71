package cli_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/api/apitest"
	"github.com/steward-llmops/steward/internal/cli"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

func TestTreeShowsEveryRowOnce(t *testing.T) {
	type row struct{ span, parent string }
	deep := []row{{"00", ""}}
	for n := range 40 {
		id := func(n int) string { return string([]byte{'0' + byte(n/10), '0' + byte(n%10)}) }
		deep = append(deep, row{id(n + 1), id(n)})
	}
	tests := map[string]struct {
		rows []row
		want []string // what is drawn; nil: only that each row is there
	}{
		"children stand below their parents, by time": {[]row{{"a", ""}, {"b", "a"}, {"c", "b"}, {"d", "a"}}, []string{"a", "|- b", "|  `- c", "`- d"}},
		"a parent that is not here":                   {[]row{{"a", "gone"}, {"b", "a"}, {"c", "gone"}}, []string{"a", "`- b", "c"}},
		"its own parent":                              {[]row{{"a", "a"}}, []string{"a"}},
		"each other's parents":                        {[]row{{"a", "b"}, {"b", "a"}, {"c", "b"}}, []string{"a", "`- b", "   `- c"}},
		"the same span twice":                         {[]row{{"a", ""}, {"a", ""}, {"b", "a"}}, []string{"a", "`- b", "a"}},
		"deeper than is drawn":                        {deep, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := apitest.New(now)
			for i, r := range tt.rows {
				at := apitest.Noon().Add(time.Duration(i) * time.Second)
				w.AddRow(calls.Row{Call: record.Call{ID: apitest.ID(at, uint16(i)), Time: at.UnixMicro(), TraceID: "t", SpanID: r.span, ParentSpanID: r.parent,
					Name: r.span, Kind: record.KindChain, Source: record.FromOTLP, Outcome: record.OK}}, nil)
			}
			h := w.Server().Handler()
			e, out, talk := env("", map[string]string{"STEWARD_TOKEN": apitest.Token})
			e.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, r)
				return rec.Result(), nil
			})}
			if code := cli.MainWith(cli.Programs{}, e, []string{"trace", "show", "t"}); code != 0 {
				t.Fatalf("exit code %d: %s", code, talk)
			}
			var got []string
			_, drawn, _ := strings.Cut(out.String(), "\ntree\n")
			for _, line := range strings.Split(strings.TrimSpace(drawn), "\n")[1:] {
				what, _, _ := strings.Cut(strings.TrimPrefix(line, "  "), " chain")
				got = append(got, strings.TrimRight(what, " "))
			}
			if diff := cmp.Diff(tt.want, got); tt.want != nil && diff != "" {
				t.Error(diff)
			}
			if len(got) != len(tt.rows) {
				t.Errorf("%d lines of %d rows:\n%s", len(got), len(tt.rows), drawn)
			}
		})
	}
}
