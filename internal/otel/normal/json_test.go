package normal_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/otel/normal"
)

func TestTracesJSON(t *testing.T) {
	const want = "0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 00f067aa0ba902b7 4bf92f3577b34da6a3ce929d0e0e4736 53995c3f42cd8ad8"
	tests := map[string]string{
		"hex, as OTLP says": `{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","parentSpanId":"00f067aa0ba902b7","links":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"53995c3f42cd8ad8"}]}`,
		"hex in capitals":   `{"traceId":"0AF7651916CD43DD8448EB211C80319C","spanId":"B7AD6B7169203331","parentSpanId":"00F067AA0BA902B7","links":[{"traceId":"4BF92F3577B34DA6A3CE929D0E0E4736","spanId":"53995C3F42CD8AD8"}]}`,
		"base64":            `{"traceId":"CvdlGRbNQ92ESOshHIAxnA==","spanId":"t61rcWkgMzE=","parentSpanId":"APBnqgupArc=","links":[{"traceId":"S/kvNXezTaajzpKdDg5HNg==","spanId":"U5lcP0LNitg="}]}`,
		"names of protobuf": `{"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","parent_span_id":"00f067aa0ba902b7","links":[{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"53995c3f42cd8ad8"}],"new_field":{"a":[1]}}`,
	}
	for name, span := range tests {
		t.Run(name, func(t *testing.T) {
			req, err := normal.TracesJSON([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[` + span + `]}]}]}`))
			if err != nil {
				t.Fatal(err)
			}
			s := req.ResourceSpans[0].ScopeSpans[0].Spans[0]
			var got []string
			for _, id := range [][]byte{s.TraceId, s.SpanId, s.ParentSpanId, s.Links[0].TraceId, s.Links[0].SpanId} {
				got = append(got, hex.EncodeToString(id))
			}
			if d := cmp.Diff(want, strings.Join(got, " ")); d != "" {
				t.Errorf("ids (-want +got):\n%s", d)
			}
		})
	}
}

func TestTracesJSONReadsWhatExportersWrite(t *testing.T) {
	req, err := normal.TracesJSON([]byte(`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"scope":{"name":"x"},
		"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","parentSpanId":"","name":"chat","kind":3,"startTimeUnixNano":"1772366340000000000","endTimeUnixNano":1772366341000000000,
		"attributes":[{"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}}],"status":{"code":2},"flags":257}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	rs := req.ResourceSpans[0]
	r, err := normal.Span(who, rs.Resource, rs.ScopeSpans[0].Scope, rs.ScopeSpans[0].Spans[0], now, normal.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	c := r.Call
	if c.Service != "shop" || used(r) != "input=12" || c.TotalMicros != 1_000_000 || ended(r) != "error upstream error" || c.Kind != "call" {
		t.Errorf("service %q, used %q, took %d us, ended %q, kind %q", c.Service, used(r), c.TotalMicros, ended(r), c.Kind)
	}
}

func TestLogsAndMetricsJSON(t *testing.T) {
	logs, err := normal.LogsJSON([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","body":{"stringValue":"x"}}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if l := logs.ResourceLogs[0].ScopeLogs[0].LogRecords[0]; hex.EncodeToString(l.TraceId) != "0af7651916cd43dd8448eb211c80319c" || hex.EncodeToString(l.SpanId) != "b7ad6b7169203331" {
		t.Errorf("ids %x and %x", l.TraceId, l.SpanId)
	}
	for _, kind := range []string{"gauge", "sum", "histogram", "exponentialHistogram"} {
		metrics, err := normal.MetricsJSON([]byte(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"n","` + kind + `":{"dataPoints":[{"exemplars":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"}]}]}}]}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		m := metrics.ResourceMetrics[0].ScopeMetrics[0].Metrics[0]
		points := len(m.GetGauge().GetDataPoints()) + len(m.GetSum().GetDataPoints()) + len(m.GetHistogram().GetDataPoints()) + len(m.GetExponentialHistogram().GetDataPoints())
		packed, err := proto.Marshal(m)
		if err != nil || points != 1 || !bytes.Contains(packed, unhex(t, "0af7651916cd43dd8448eb211c80319c")) || !bytes.Contains(packed, unhex(t, "b7ad6b7169203331")) || len(packed) > 50 {
			t.Errorf("the exemplar of a %s is not mended: %v, %v", kind, m, err)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestJSONThatIsNoRequest(t *testing.T) {
	deep := strings.Repeat(`{"arrayValue":{"values":[`, 500) + strings.Repeat(`]}}`, 500)
	tests := map[string]string{
		"no JSON":             `hunter2`,
		"cut off":             `{"resourceSpans":[`,
		"another shape":       `{"resourceSpans":"hunter2"}`,
		"nested without end":  `{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":` + deep + `}]}}]}`,
		"an unknown one, too": `{"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`,
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := normal.TracesJSON([]byte(data))
			if !fault.Is(err, fault.Invalid) || fault.As(err).Hint == "" {
				t.Fatalf("TracesJSON() = %v; want an invalid one with a hint", err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells what was sent: %v", err)
			}
		})
	}
}
