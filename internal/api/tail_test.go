package api_test

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/api/apitest"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

func TestTailTakesWhatTheQuerySelects(t *testing.T) {
	row := func(n uint16, name string, counted bool, kind string) calls.Row {
		return calls.Row{Counted: counted, Call: record.Call{ID: apitest.ID(apitest.Noon(), n), Asked: name, Kind: kind, Outcome: record.OK}}
	}
	tests := map[string]struct {
		q    client.TailQuery
		want []string
	}{
		"nothing said":          {client.TailQuery{}, []string{"one", "two"}},
		"a condition":           {client.TailQuery{Query: "model:two"}, []string{"two"}},
		"what was said":         {client.TailQuery{Query: `"refund policy"`}, []string{"one"}},
		"what was not said":     {client.TailQuery{Query: `-input:refund`}, []string{"two"}},
		"said, of one model":    {client.TailQuery{Query: `model:two input:refund`}, nil},
		"all rows":              {client.TailQuery{Spans: true}, []string{"one", "tool", "two"}},
		"a kind that is a span": {client.TailQuery{Query: "kind:tool"}, []string{"tool"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := apitest.New(apitest.Noon)
			srv := httptest.NewServer(w.Server().Handler())
			defer srv.Close()
			c := &client.Client{URL: srv.URL, Token: apitest.Token}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			got := make(chan []string)
			go func() {
				var names []string
				for call, err := range c.TailQuery(ctx, tt.q) {
					if err != nil {
						break
					}
					names = append(names, call.Asked)
				}
				got <- names
			}()
			<-w.Joined()
			w.AddRow(row(1, "one", true, ""), &record.Content{Request: []byte(`{"messages":[{"content":"The Refund Policy?"}]}`), RequestType: "application/json"})
			w.AddRow(row(2, "tool", false, record.KindTool), nil)
			w.AddRow(row(3, "two", true, ""), nil)
			w.Hush()
			if diff := cmp.Diff(tt.want, <-got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
