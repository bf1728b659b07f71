package app_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/callstore/duckdb"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// reporter sends traces until the server is gone. What was not acknowledged it sends
// again to the next server, as exporters do.
type reporter struct {
	url, key string
	mu       sync.Mutex
	traces   int
	acked    map[string]bool // trace ids
	unacked  []string        // bodies
}

const spansOfTrace = 20

// next returns a body to send: one that was not acknowledged, else a new trace of an
// agent and its calls.
func (r *reporter) next() (trace, body string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.unacked); n > 0 {
		body = r.unacked[n-1]
		r.unacked = r.unacked[:n-1]
		return body[:32], body[32:]
	}
	r.traces++
	trace = fmt.Sprintf("%032x", r.traces)
	now := time.Now().UnixNano()
	spans := make([]string, spansOfTrace)
	for i := range spans {
		parent := "0000000000000001"
		if i == 0 {
			parent = ""
		}
		spans[i] = fmt.Sprintf(`{"traceId":"%s","spanId":"%016x","parentSpanId":"%s","name":"step","startTimeUnixNano":"%d","endTimeUnixNano":"%d","attributes":[`+
			`{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o-mini"}},`+
			`{"key":"gen_ai.usage.input_tokens","value":{"intValue":"1000"}}]}`, trace, i+1, parent, now-int64(i), now)
	}
	return trace, `{"resourceSpans":[{"scopeSpans":[{"spans":[` + strings.Join(spans, ",") + `]}]}]}`
}

func (r *reporter) run(ctx context.Context) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		trace, body := r.next()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/v1/traces", strings.NewReader(body))
		if err != nil {
			return
		}
		req.Header.Set("Authorization", "Bearer "+r.key)
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		r.mu.Lock()
		if err == nil && resp.StatusCode == http.StatusOK {
			r.acked[trace] = true
		} else {
			r.unacked = append(r.unacked, trace+body)
		}
		r.mu.Unlock()
		if err != nil {
			return // the server is gone
		}
		_ = resp.Body.Close()
	}
}

// check holds what was acknowledged against the store: every span of it is there, no
// span twice, and each trace counts its calls and not its agent.
func (r *reporter) check(t *testing.T, data string) {
	t.Helper()
	store, err := duckdb.Open(t.Context(), filepath.Join(data, "calls.duckdb"), duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	source, _ := calls.FieldOf("source")
	page, err := store.List(t.Context(), calls.Query{Spans: true, Filter: &calls.Cond{Field: source, Text: "otlp"}})
	if err != nil {
		t.Fatal(err)
	}
	there, counted := map[string]map[string]int{}, map[string]int{}
	for i := range page.Rows {
		row := &page.Rows[i]
		if there[row.TraceID] == nil {
			there[row.TraceID] = map[string]int{}
		}
		there[row.TraceID][row.SpanID]++
		if row.Counted {
			counted[row.TraceID]++
		}
	}
	for trace, spans := range there {
		for id, n := range spans {
			if n != 1 {
				t.Errorf("span %s of trace %s is there %d times", id, trace, n)
			}
		}
	}
	for trace := range r.acked {
		if len(there[trace]) != spansOfTrace || counted[trace] != spansOfTrace-1 {
			t.Errorf("trace %s was acknowledged and has %d spans, %d of which count; want %d and %d", trace, len(there[trace]), counted[trace], spansOfTrace, spansOfTrace-1)
		}
	}
	if len(r.acked) == 0 {
		t.Error("no trace was acknowledged: too little load to prove anything")
	}
	t.Logf("%d traces of %d spans acknowledged; %d spans stored", len(r.acked), spansOfTrace, len(page.Rows))
}
