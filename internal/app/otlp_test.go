package app_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

const spanJSON = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"app"}}]},"scopeSpans":[{"spans":[
{"traceId":"%s","spanId":"%s","parentSpanId":"%s","name":"chat small","kind":3,"startTimeUnixNano":"%d","endTimeUnixNano":"%d","attributes":[
{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},
{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o-mini"}},{"key":"session.id","value":{"stringValue":"talk"}},
{"key":"gen_ai.usage.input_tokens","value":{"intValue":"1000"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"100"}}]}]}]}]}`

func (h *house) table(t *testing.T, question string) map[string]json.Number {
	t.Helper()
	status, answer, _ := h.do(t, "GET", "/api/calls/query?"+question, h.Token, "")
	var out struct{ Rows []map[string]json.Number }
	if err := json.Unmarshal([]byte(answer), &out); err != nil || status != 200 || len(out.Rows) != 1 {
		t.Fatalf("%s: %d %s", question, status, answer)
	}
	return out.Rows[0]
}

func TestWhatAnApplicationReportsJoinsTheGatewaysCalls(t *testing.T) {
	data := t.TempDir()
	h := open(t, data, "otlp: {grpc: \"\"}\n", nil)
	secret := h.key(t)
	const trace, sdk, agent = "0123456789abcdef0123456789abcdef", "00000000000000a1", "00000000000000a0"
	if status, answer, _ := h.do(t, "POST", "/v1/chat/completions", secret, `{"model":"sim/echo","messages":[{"role":"user","content":"hello there"}]}`,
		"Traceparent", "00-"+trace+"-"+sdk+"-01"); status != 200 {
		t.Fatalf("call: %d %s", status, answer)
	}
	now := time.Now().UnixNano()
	report := func(id, parent string) {
		t.Helper()
		status, answer, _ := h.do(t, "POST", "/v1/traces", secret, fmt.Sprintf(spanJSON, trace, id, parent, now-1e9, now))
		if status != 200 || strings.Contains(answer, "rejected") {
			t.Fatalf("report %s: %d %s", id, status, answer)
		}
	}
	report(sdk, agent) // the SDK's span around the gateway's call
	report(sdk, agent)
	report(agent, "")
	own := h.table(t, "measure=calls,spans,input_tokens,cost&filter=trace:"+trace)
	call := h.table(t, "measure=calls,spans,input_tokens,cost&filter=trace:"+trace+"+source:gateway")
	if own["calls"] != "1" || own["spans"] != "3" || own["input_tokens"] != call["input_tokens"] || own["cost"] != call["cost"] || call["cost"] == "0" {
		t.Errorf("the trace is %v, and the gateway's call in it %v", own, call)
	}
	if talk := h.table(t, "measure=calls,sessions&filter=session:talk"); talk["calls"] != "1" || talk["sessions"] != "1" {
		t.Errorf("the session has %v", talk)
	}
	const alone = "fedcba9876543210fedcba9876543210"
	status, _, _ := h.do(t, "POST", "/v1/traces", secret, fmt.Sprintf(spanJSON, alone, sdk, "", now-1e9, now))
	// 1,000 tokens at $0.15 and 100 at $0.60 a million
	if got := h.table(t, "measure=calls,cost&filter=source:otlp+trace:"+alone); status != 200 || got["calls"] != "1" || got["cost"] != "210000" {
		t.Errorf("a call that did not pass the gateway: %d %v", status, got)
	}
	if status, _, _ := h.do(t, "POST", "/v1/traces", "sk-nobody", `{}`); status != 401 {
		t.Errorf("a wrong key gives %d", status)
	}
	_, answer, _ := h.do(t, "GET", "/api/otlp", h.Token, "")
	if !strings.Contains(answer, `"accepted":3`) || !strings.Contains(answer, `"duplicate":1`) {
		t.Errorf("the receiver's figures are %s", answer)
	}
	_, ledger, _ := h.do(t, "GET", "/api/cost/report", h.Token, "")
	if !strings.Contains(ledger, `"calls":1`) {
		t.Errorf("the ledger has more than the gateway's own call: %s", ledger)
	}
}

func TestCallsAreExportedWithWhatWasSaid(t *testing.T) {
	got := make(chan string, 100)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			body, _ = gzip.NewReader(r.Body)
		}
		b, _ := io.ReadAll(body)
		var req coltracepb.ExportTraceServiceRequest
		if proto.Unmarshal(b, &req) == nil {
			for _, rs := range req.ResourceSpans {
				for _, span := range rs.ScopeSpans[0].Spans {
					attributes := url.Values{}
					for _, a := range span.Attributes {
						attributes.Set(a.Key, a.Value.GetStringValue())
					}
					got <- span.Name + " " + attributes.Get("gen_ai.input.messages") + " " + attributes.Get("gen_ai.output.messages")
				}
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	defer collector.Close()
	h := open(t, t.TempDir(), "otlp: {grpc: \"\", export: {endpoint: \""+collector.URL+"\", content: true, metrics_every: 0s}}\n", nil)
	secret := h.key(t)
	for _, stream := range []string{"false", "true"} {
		for path, body := range map[string]string{
			"/v1/chat/completions": `{"model":"sim/echo","stream":` + stream + `,"messages":[{"role":"user","content":"hello chat ` + stream + `"}]}`,
			"/v1/messages":         `{"model":"sim/echo","max_tokens":50,"stream":` + stream + `,"messages":[{"role":"user","content":"hello messages ` + stream + `"}]}`,
			"/v1/responses":        `{"model":"sim/echo","stream":` + stream + `,"input":"hello responses ` + stream + `"}`,
		} {
			if status, answer, _ := h.do(t, "POST", path, secret, body); status != 200 {
				t.Fatalf("%s: %d %s", path, status, answer)
			}
			want := "hello " + path[strings.LastIndexByte(path[:len(path)-1], '/')+1:]
			if path == "/v1/chat/completions" {
				want = "hello chat"
			}
			select {
			case span := <-got:
				if !strings.HasPrefix(span, "chat ") || strings.Count(span, want+" "+stream) != 2 {
					t.Errorf("%s, stream %s: the span says %q; want %q asked and answered", path, stream, span, want)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%s: no span was exported", path)
			}
		}
	}
}

func TestMetricsCountFromTheStartOfTheProcess(t *testing.T) {
	data := t.TempDir()
	count := func(h *house) string {
		t.Helper()
		h.do(t, "GET", "/api/cost/report", h.Token, "") // the ledger catches up, and the metrics with it
		_, metrics, _ := h.do(t, "GET", "/metrics", "", "")
		for line := range strings.Lines(metrics) {
			if strings.HasPrefix(line, "gen_ai_server_request_duration_seconds_count") {
				return strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:])
			}
		}
		return "none"
	}
	for _, calls := range []int{3, 1} {
		func() {
			h := open(t, data, "otlp: {grpc: \"\"}\n", nil)
			defer func() { _ = h.Close() }()
			if got := count(h); got != "none" {
				t.Errorf("before the first call %s are counted", got)
			}
			secret := h.key(t)
			for range calls {
				h.do(t, "POST", "/v1/chat/completions", secret, `{"model":"sim/echo","messages":[{"role":"user","content":"hi"}]}`)
			}
			if got := count(h); got != fmt.Sprint(calls) {
				t.Errorf("%s calls are counted, want %d", got, calls)
			}
		}()
	}
}
