package normal_test

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/otel/normal"

	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// lawful checks what must be true of the result of any span.
func lawful(t *testing.T, rs *tracepb.ResourceSpans, span *tracepb.Span) {
	t.Helper()
	before := proto.CloneOf(span)
	r, err := normal.Span(who, rs.GetResource(), nil, span, now, normal.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(before, span) {
		t.Fatal("the span that was given has changed")
	}
	again, err := normal.Span(who, rs.GetResource(), nil, span, now, normal.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, again); d != "" {
		t.Fatalf("read twice, it differs:\n%s", d)
	}
	for q, n := range r.Call.Usage.N {
		if n < 0 || n > 1<<56 {
			t.Errorf("quantity %d is %d", q, n)
		}
	}
	c := &r.Call
	if c.Usage.Cost < 0 || c.TotalMicros < -1 || c.FirstTokenMicros < -1 || c.Time <= 0 || c.Time > now.Add(time.Hour).UnixMicro() || c.Kind == "" || c.Outcome == "" {
		t.Errorf("Span() = %+v", c)
	}
	for _, s := range []string{c.Name, c.Model, c.Asked, c.Reported, c.Provider, c.Session, c.Subject, c.ErrorCode, c.Service, c.Environment, c.Release, c.Operation, c.UpstreamID, c.Prompt, c.PromptNumber} {
		if len(s) > normal.Default.Name || !utf8.ValidString(s) {
			t.Errorf("a name of %d bytes: %q", len(s), s)
		}
	}
	if len(c.Tags) > normal.Default.Tags {
		t.Errorf("%d tags", len(c.Tags))
	}
	if len(r.Content.Raw) == 0 || len(r.Content.Raw) > normal.Default.Raw {
		t.Errorf("%d bytes are kept", len(r.Content.Raw))
	}
	for body, mime := range map[string]string{string(r.Content.Request): r.Content.RequestType, string(r.Content.Response): r.Content.ResponseType} {
		if mime == "application/json" && !json.Valid([]byte(body)) {
			t.Errorf("no JSON: %s", body)
		}
	}
	var back tracepb.ResourceSpans
	if err := proto.Unmarshal(r.Content.Raw, &back); err != nil {
		t.Errorf("what is kept cannot be read: %v", err)
	}
}

// FuzzSpan reads spans out of any bytes.
func FuzzSpan(f *testing.F) {
	for _, a := range []m{
		{"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5, "gen_ai.input.messages": "[1]"},
		{"openinference.span.kind": "LLM", "llm.input_messages.0.message.content": "x", "output.value": `{"usage":{"prompt_tokens":1}}`},
		{"langfuse.observation.usage_details": `{"input":1}`, "langfuse.observation.cost_details": `{"total":1}`, "metadata": `{"a":1}`},
		{"a": []any{m{"b": 1.5}}, "tag.tags": []string{"x"}},
	} {
		s := spanOf(a)
		s.Events = []*tracepb.Span_Event{event("exception", 0, m{"exception.type": "a.B"}), event("gen_ai.choice", 0, m{"x": 1})}
		b, err := proto.Marshal(&tracepb.ResourceSpans{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{s}}}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rs := &tracepb.ResourceSpans{}
		if proto.Unmarshal(data, rs) != nil {
			return
		}
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				s.TraceId, s.SpanId = []byte("0123456789abcdef"), []byte("01234567")
				lawful(t, rs, s)
			}
		}
	})
}

// FuzzAttributes reads any values under the names that are looked into the most.
func FuzzAttributes(f *testing.F) {
	names := []string{"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.finish_reasons", "gen_ai.usage.input_tokens",
		"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.total_tokens", "gen_ai.input.messages", "gen_ai.system_instructions", "llm.invocation_parameters",
		"langfuse.observation.usage_details", "langfuse.observation.cost_details", "langfuse.observation.completion_start_time", "langfuse.observation.type",
		"metadata", "tag.tags", "session.id", "mlflow.spanType", "mlflow.chat.tokenUsage", "ai.response.providerMetadata", "events", "gen_ai.evaluation.name",
		"gen_ai.evaluation.score.value", "agw.ai.time_to_first_token", "error.type", "ai.operationId", "genkit:output", "genkit:metadata:subtype", "lk.llm_metrics",
		"output.value", "input.value", "gen_ai.usage.cost", "llm.input_messages.0.message.content", "annotations.0.annotation.score", "annotations.0.annotation.name", "server.address", "mlflow.linkedPrompts"}
	f.Add(uint8(0), "chat", uint8(2), "gpt-4o", uint8(4), "12")
	f.Add(uint8(10), `{"input":1,"output":2e3,"total":-1}`, uint8(11), `{"total":1e99}`, uint8(13), "generation")
	f.Add(uint8(19), `{"anthropic":{"usage":{"input_tokens":1}}}`, uint8(29), `{"usage":{"seconds":1e300}}`, uint8(14), `{"__proto__":1}`)
	f.Fuzz(func(t *testing.T, i uint8, a string, j uint8, b string, k uint8, c string) {
		n := uint8(len(names))
		s := spanOf(m{"openinference.span.kind": "LLM", names[i%n]: a, names[j%n]: b, names[k%n]: c, a: b, "llm.input_messages." + c: a})
		lawful(t, nil, s)
	})
}

// FuzzLogAndMetric reads log records and metrics out of any bytes.
func FuzzLogAndMetric(f *testing.F) {
	log, err := proto.Marshal(logOf("gen_ai.evaluation.result", m{"gen_ai.evaluation.name": "a", "gen_ai.evaluation.score.value": 1}, m{"x": 1}))
	if err != nil {
		f.Fatal(err)
	}
	metric, err := proto.Marshal(sum(delta, true, whole(1)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(log)
	f.Add(metric)
	f.Fuzz(func(t *testing.T, data []byte) {
		l := &logspb.LogRecord{}
		if proto.Unmarshal(data, l) == nil {
			one, err := normal.Log(who, nil, nil, l, now, normal.Limits{})
			two, err2 := normal.Log(who, nil, nil, l, now, normal.Limits{})
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			if d := cmp.Diff(one, two); d != "" {
				t.Errorf("read twice, it differs:\n%s", d)
			}
		}
		x := &metricspb.Metric{}
		if proto.Unmarshal(data, x) == nil {
			one, cut, err := normal.Metric(who, nil, nil, x, now, normal.Limits{})
			two, cut2, err2 := normal.Metric(who, nil, nil, x, now, normal.Limits{})
			if (err == nil) != (err2 == nil) || cut != cut2 {
				t.Fatal(err, err2)
			}
			if d := cmp.Diff(one, two); d != "" {
				t.Errorf("read twice, it differs:\n%s", d)
			}
		}
	})
}

// FuzzParseJSON reads requests out of any text, and the spans in them.
func FuzzParseJSON(f *testing.F) {
	f.Add([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","attributes":[{"key":"a","value":{"arrayValue":{"values":[{"intValue":"1"}]}}}]}]}]}]}`))
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}`))
	f.Add([]byte(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"n","gauge":{"dataPoints":[{"exemplars":[null]}]}}]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		req, err := normal.TracesJSON(data)
		if err == nil {
			for _, rs := range req.GetResourceSpans() {
				for _, ss := range rs.GetScopeSpans() {
					for _, s := range ss.GetSpans() {
						if len(s.GetTraceId()) == 16 && len(s.GetSpanId()) == 8 {
							_, _ = normal.Span(who, rs.GetResource(), ss.GetScope(), s, now, normal.Limits{})
						}
					}
				}
			}
		}
		_, _ = normal.LogsJSON(data)
		_, _ = normal.MetricsJSON(data)
	})
}
