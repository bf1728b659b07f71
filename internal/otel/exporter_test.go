package otel_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/otel"
	"github.com/steward-llmops/steward/internal/record"

	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// collector is the other side: it keeps what it is sent, and answers as it is told.
type collector struct {
	mu       sync.Mutex // guards all
	requests []*coltracepb.ExportTraceServiceRequest
	metrics  []*colmetricspb.ExportMetricsServiceRequest
	headers  []http.Header
	answer   func(n int, spans int) (status int, retryAfter string) // nil: 200
	partial  int64
	calls    int
}

func (c *collector) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w.Result(), nil
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		http.Error(w, "gzip", http.StatusBadRequest)
		return
	}
	body, _ := io.ReadAll(z)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	c.headers = append(c.headers, r.Header)
	if r.URL.Path == "/base/v1/metrics" {
		m := &colmetricspb.ExportMetricsServiceRequest{}
		_ = proto.Unmarshal(body, m)
		c.metrics = append(c.metrics, m)
		return
	}
	m := &coltracepb.ExportTraceServiceRequest{}
	if r.URL.Path != "/base/v1/traces" || proto.Unmarshal(body, m) != nil {
		http.Error(w, "what?", http.StatusNotFound)
		return
	}
	if c.answer != nil {
		status, retry := c.answer(c.calls, len(m.ResourceSpans[0].ScopeSpans[0].Spans))
		if retry != "" {
			w.Header().Set("Retry-After", retry)
		}
		if status != 200 {
			http.Error(w, "the answer of the other side: hunter2", status)
			return
		}
	}
	c.requests = append(c.requests, m)
	out, _ := proto.Marshal(&coltracepb.ExportTraceServiceResponse{PartialSuccess: &coltracepb.ExportTracePartialSuccess{RejectedSpans: c.partial}})
	_, _ = w.Write(out)
}

func (c *collector) spans() []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*tracepb.Span
	for _, r := range c.requests {
		list = append(list, r.ResourceSpans[0].ScopeSpans[0].Spans...)
	}
	return list
}

type naming struct{}

func (naming) Kind(p string) string { return map[string]string{"lab": "bedrock", "prod": "openai"}[p] }
func (naming) Address(p string) (string, int) {
	if p == "prod" {
		return "api.openai.com", 443
	}
	return "", 0
}

func newExporter(t *testing.T, c *collector, change func(*otel.ExportOptions)) *otel.Exporter {
	t.Helper()
	opts := otel.ExportOptions{
		Target: otel.Target{Endpoint: "http://collector/base/", Headers: map[string]string{"x-key": "hunter2"}, Client: &http.Client{Transport: c}},
		Source: otel.Source{Version: "1.2", Instance: "node-1"}, File: filepath.Join(t.TempDir(), "export"), End: func() int64 { return 100 }, Naming: naming{},
	}
	if change != nil {
		change(&opts)
	}
	e, err := otel.NewExporter(opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// aCall returns a call that went well, the nth.
func aCall(n byte) *record.Call {
	c := &record.Call{
		ID: ident.ID{1, 2, 3, n}, Time: now.UnixMicro(), Org: "acme", Team: "shop", Project: "bot", KeyName: "prod", Subject: "user-7", Session: "chat-1",
		TraceID: strings.Repeat("07", 16), SpanID: fmt.Sprintf("01010101010101%02x", n), ParentSpanID: "0202020202020202", Tags: []record.Tag{{Name: "env", Value: "test"}},
		Surface: "openai-chat", Operation: "chat", Asked: "gpt", Provider: "prod", Model: "gpt-4o", Reported: "gpt-4o-2024-08-06", UpstreamID: "chatcmpl-1", Stream: true,
		Attempts:    []record.Attempt{{Provider: "prod", Model: "gpt-4o", DurationMicros: 900_000, Status: 200}},
		QueueMicros: 1000, FirstByteMicros: 400_000, FirstTokenMicros: 500_000, TotalMicros: 1_500_000,
		Cost: 12345, Pricing: record.Priced, Outcome: record.OK, Status: 200, Finish: llm.FinishStop, Cache: "miss",
	}
	c.Usage.Reported = true
	c.Usage.N[llm.Input], c.Usage.N[llm.CacheRead], c.Usage.N[llm.CacheWrite] = 70, 20, 10
	c.Usage.N[llm.Output], c.Usage.N[llm.OutputReasoning] = 40, 11
	return c
}

func entriesOf(list ...*record.Call) []record.Entry {
	entries := []record.Entry{{Hold: &record.Hold{}}, {Span: aCall(200)}, {Score: &record.Score{}}}
	for _, c := range list {
		entries = append(entries, record.Entry{Call: c})
	}
	return entries
}

func attributesOf(list []*commonpb.KeyValue) map[string]any {
	m := map[string]any{}
	for _, kv := range list {
		switch v := kv.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			m[kv.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			m[kv.Key] = v.IntValue
		case *commonpb.AnyValue_DoubleValue:
			m[kv.Key] = v.DoubleValue
		case *commonpb.AnyValue_BoolValue:
			m[kv.Key] = v.BoolValue
		case *commonpb.AnyValue_ArrayValue:
			m[kv.Key] = fmt.Sprint(v.ArrayValue.Values[0].GetStringValue(), len(v.ArrayValue.Values))
		}
	}
	return m
}

func TestExportedSpan(t *testing.T) {
	t.Parallel()
	c := &collector{}
	e := newExporter(t, c, nil)
	if err := e.Apply(t.Context(), 100, entriesOf(aCall(1)), 200); err != nil {
		t.Fatal(err)
	}
	spans := c.spans()
	if len(spans) != 1 {
		t.Fatalf("%d spans, want that of the call alone", len(spans))
	}
	s := spans[0]
	if s.Name != "chat gpt-4o" || s.Kind != tracepb.Span_SPAN_KIND_CLIENT || hex.EncodeToString(s.SpanId) != "0101010101010101" ||
		hex.EncodeToString(s.ParentSpanId) != "0202020202020202" || s.Status.GetCode() != tracepb.Status_STATUS_CODE_UNSET ||
		s.StartTimeUnixNano != uint64(now.UnixNano()) || s.EndTimeUnixNano != uint64(now.Add(1500*time.Millisecond).UnixNano()) {
		t.Errorf("span %v", s)
	}
	want := map[string]any{
		"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06",
		"gen_ai.response.id": "chatcmpl-1", "gen_ai.request.stream": true, "gen_ai.response.time_to_first_chunk": 0.5, "gen_ai.response.finish_reasons": "stop1",
		"gen_ai.usage.input_tokens": int64(100), "gen_ai.usage.output_tokens": int64(51), "gen_ai.usage.cache_read.input_tokens": int64(20),
		"gen_ai.usage.cache_creation.input_tokens": int64(10), "gen_ai.usage.reasoning.output_tokens": int64(11), "gen_ai.conversation.id": "chat-1",
		"server.address": "api.openai.com", "server.port": int64(443), "steward.call.id": aCall(1).ID.Text("call"), "steward.cost.nano_usd": int64(12345),
		"steward.pricing": "priced", "steward.org": "acme", "steward.team": "shop", "steward.project": "bot", "steward.key.name": "prod",
		"steward.model.asked": "gpt", "steward.provider": "prod", "steward.cache": "miss", "steward.attempts": int64(1), "steward.tag.env": "test",
	}
	if diff := cmp.Diff(want, attributesOf(s.Attributes)); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	r := c.requests[0].ResourceSpans[0]
	if diff := cmp.Diff(map[string]any{"service.name": "steward", "service.version": "1.2", "service.instance.id": "node-1"}, attributesOf(r.Resource.Attributes)); diff != "" {
		t.Error(diff)
	}
	if c.headers[0].Get("X-Key") != "hunter2" || c.headers[0].Get("Content-Type") != "application/x-protobuf" {
		t.Errorf("headers %v", c.headers[0])
	}
}

func TestExportedSpans(t *testing.T) {
	export := func(t *testing.T, call *record.Call, change func(*otel.ExportOptions)) []*tracepb.Span {
		t.Helper()
		c := &collector{}
		if err := newExporter(t, c, change).Apply(t.Context(), 100, entriesOf(call), 200); err != nil {
			t.Fatal(err)
		}
		return c.spans()
	}
	t.Run("a span below it for each of several attempts", func(t *testing.T) {
		call := aCall(1)
		call.Attempts = []record.Attempt{
			{Provider: "lab", Model: "a", StartMicros: 1000, DurationMicros: 2000, Status: 529, ErrorKind: "upstream", ErrorCode: "overloaded", RequestID: "req-1"},
			{Provider: "prod", Model: "gpt-4o", StartMicros: 5000, DurationMicros: 9000, Status: 200},
		}
		spans := export(t, call, nil)
		if len(spans) != 3 {
			t.Fatalf("%d spans, want 3", len(spans))
		}
		s := spans[1]
		want := map[string]any{"gen_ai.provider.name": "aws.bedrock", "gen_ai.request.model": "a", "http.response.status_code": int64(529), "error.type": "overloaded",
			"steward.provider": "lab", "steward.attempt": int64(1), "steward.attempt.request_id": "req-1"}
		if diff := cmp.Diff(want, attributesOf(s.Attributes)); diff != "" {
			t.Errorf("what is used must stand on the call's span alone (-want +got):\n%s", diff)
		}
		if !bytes.Equal(s.ParentSpanId, spans[0].SpanId) || bytes.Equal(s.SpanId, spans[2].SpanId) || s.Name != "attempt a" ||
			s.StartTimeUnixNano != uint64((call.Time+1000)*1000) || s.EndTimeUnixNano != uint64((call.Time+3000)*1000) || s.Status.Code != tracepb.Status_STATUS_CODE_ERROR {
			t.Errorf("span %v", s)
		}
		again := export(t, call, nil)
		if !proto.Equal(again[1], spans[1]) {
			t.Error("the same call gives other spans the second time")
		}
	})
	t.Run("an error, a call that reached nobody, odd texts", func(t *testing.T) {
		call := aCall(1)
		call.Outcome, call.ErrorKind, call.ErrorCode, call.Provider, call.Model, call.Asked = record.Failed, "invalid", "model_not_found", "", "", "ba\xffd"
		call.Usage, call.Pricing, call.Cost, call.Finish = llm.Usage{}, record.Unpriced, 0, ""
		call.Tags = []record.Tag{{Name: "n\xff", Value: "v\xff"}}
		s := export(t, call, nil)[0]
		a := attributesOf(s.Attributes)
		_, cost := a["steward.cost.nano_usd"]
		_, used := a["gen_ai.usage.input_tokens"]
		if a["error.type"] != "model_not_found" || a["gen_ai.provider.name"] != "steward" || s.Name != "chat ba�d" || a["steward.tag.n�"] != "v�" || cost || used {
			t.Errorf("span %q %v", s.Name, a)
		}
		if s.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || s.Status.GetMessage() != "model_not_found" {
			t.Errorf("status %v", s.Status)
		}
	})
	t.Run("a call without ids gets its own, always the same", func(t *testing.T) {
		call := aCall(1)
		call.TraceID, call.SpanID, call.Outcome = "", "", record.Interrupted
		a, b := export(t, call, nil)[0], export(t, call, nil)[0]
		if len(a.TraceId) != 16 || len(a.SpanId) != 8 || len(a.ParentSpanId) != 0 || !bytes.Equal(a.SpanId, b.SpanId) {
			t.Errorf("ids %x %x %x, then %x", a.TraceId, a.SpanId, a.ParentSpanId, b.SpanId)
		}
	})
	t.Run("the subject only where it is wanted", func(t *testing.T) {
		a := attributesOf(export(t, aCall(1), func(o *otel.ExportOptions) { o.Subjects = true })[0].Attributes)
		if a["user.id"] != "user-7" {
			t.Errorf("user.id %v", a["user.id"])
		}
	})
}

// said is what every call said.
type said otel.Messages

func (s said) Messages(context.Context, *record.Call) (otel.Messages, error) {
	return otel.Messages(s), nil
}

func TestExportedContent(t *testing.T) {
	kept := func() *record.Call { c := aCall(1); c.Content.Length = 1; return c }
	text := func(s string) []llm.Part { return []llm.Part{{Text: s}} }
	export := func(t *testing.T, call *record.Call, m said) map[string]any {
		t.Helper()
		c := &collector{}
		if err := newExporter(t, c, func(o *otel.ExportOptions) { o.Contents = m }).Apply(t.Context(), 100, entriesOf(call), 200); err != nil {
			t.Fatal(err)
		}
		return attributesOf(c.spans()[0].Attributes)
	}
	t.Run("as the conventions write it", func(t *testing.T) {
		a := export(t, kept(), said{
			System: text("be brief"),
			Input: []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{{Text: "hi"}, {Kind: llm.KindImage, Media: &llm.Media{MIME: "image/png", Data: "aGVsbG8="}},
				{Kind: llm.KindImage, Media: &llm.Media{URL: "https://a/b.png"}}}},
				{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: "t1", Name: "look", Arguments: `{"q":1}`}}}},
				{Role: llm.RoleUser, Parts: []llm.Part{{Kind: llm.KindToolResult, Result: &llm.ToolResult{CallID: "t1", Parts: text("found")}}}}},
			Output: []llm.Message{{Role: llm.RoleAssistant, Parts: []llm.Part{{Kind: llm.KindReasoning, Text: "hm"}, {Text: "hello"}}}},
		})
		want := map[string]string{
			"gen_ai.system_instructions": `[{"type":"text","content":"be brief"}]`,
			"gen_ai.input.messages": `[{"role":"user","parts":[{"type":"text","content":"hi"},{"type":"omitted","modality":"image","mime_type":"image/png","bytes":6},
				{"type":"uri","modality":"image","mime_type":"","uri":"https://a/b.png"}]},
				{"role":"assistant","parts":[{"type":"tool_call","id":"t1","name":"look","arguments":{"q":1}}]},
				{"role":"tool","parts":[{"type":"tool_call_response","id":"t1","response":[{"type":"text","content":"found"}]}]}]`,
			"gen_ai.output.messages": `[{"role":"assistant","finish_reason":"stop","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"hello"}]}]`,
		}
		for name, s := range want {
			var got, exp any
			if err := errors.Join(json.Unmarshal([]byte(s), &exp), json.Unmarshal([]byte(a[name].(string)), &got)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(exp, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
	t.Run("bounded, and still JSON", func(t *testing.T) {
		var m said
		for range 40 {
			m.Input = append(m.Input, llm.Message{Role: llm.RoleUser, Parts: text(strings.Repeat("é", otel.MaxText))})
		}
		m.Input = append(m.Input, llm.Message{Role: llm.RoleUser, Parts: text("the last")})
		a := export(t, kept(), m)
		s := a["gen_ai.input.messages"].(string)
		if len(s) > otel.MaxMessages || !json.Valid([]byte(s)) || !strings.Contains(s, "the last") || a["steward.content.cut"] != true {
			t.Errorf("%d bytes, cut %v; want at most %d of valid JSON with the last message", len(s), a["steward.content.cut"], otel.MaxMessages)
		}
	})
	t.Run("not of a call whose content is not kept", func(t *testing.T) {
		if a := export(t, aCall(1), said{Input: []llm.Message{{Role: llm.RoleUser, Parts: text("hi")}}}); a["gen_ai.input.messages"] != nil {
			t.Errorf("exported %v", a["gen_ai.input.messages"])
		}
	})
}

func TestExportBeginsAtTheEndAndGoesOn(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "export")
	end := int64(100)
	open := func() *otel.Exporter {
		return newExporter(t, &collector{}, func(o *otel.ExportOptions) { o.File, o.End = file, func() int64 { return end } })
	}
	position := func(e *otel.Exporter) int64 {
		t.Helper()
		at, err := e.Position(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	e := open()
	if got := position(e); got != 100 {
		t.Errorf("the first start begins at %d, want 100", got)
	}
	end = 500
	if got := position(open()); got != 100 {
		t.Errorf("the second start begins at %d, want 100", got)
	}
	if err := e.Apply(t.Context(), 100, nil, 300); err != nil {
		t.Fatal(err)
	}
	if got := position(open()); got != 300 {
		t.Errorf("it goes on at %d, want 300", got)
	}
	if err := e.Apply(t.Context(), 100, nil, 400); err == nil {
		t.Error("entries were taken that do not begin where the export stands")
	}
	end = 50
	if got := position(open()); got != 50 {
		t.Errorf("with another journal it begins at %d, want its end", got)
	}
	if files, _ := filepath.Glob(file + "*"); len(files) != 1 {
		t.Errorf("files %v, want one", files)
	}
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open().Position(t.Context()); err == nil {
		t.Error("a file without a position was taken")
	}
}

func TestExportOnlyWhatMayComeAgainComesAgain(t *testing.T) {
	tests := map[string]struct {
		status  int
		again   bool
		refused int64
	}{
		"overloaded":      {429, true, 0},
		"broken":          {503, true, 0},
		"a bad key":       {401, true, 0},
		"a wrong path":    {404, true, 0},
		"a redirect":      {302, true, 0},
		"a bad body":      {400, false, 2},
		"another content": {415, false, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &collector{answer: func(n, _ int) (int, string) {
				if n == 1 {
					return tt.status, ""
				}
				return 200, ""
			}}
			e := newExporter(t, c, nil)
			err := e.Apply(t.Context(), 100, entriesOf(aCall(1), aCall(2)), 200)
			if (err != nil) != tt.again || err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Fatalf("Apply: %v", err)
			}
			if s := e.Status(); s.Refused != tt.refused || (s.Error != "") != tt.again {
				t.Errorf("status %+v", s)
			}
			if !tt.again {
				return
			}
			if err := e.Apply(t.Context(), 100, entriesOf(aCall(1), aCall(2)), 200); err != nil {
				t.Fatal(err)
			}
			if s := e.Status(); len(c.spans()) != 2 || s.Error != "" || s.Sent != 2 || s.Failures != 1 {
				t.Errorf("%d spans, status %+v; want both sent", len(c.spans()), s)
			}
		})
	}
	t.Run("no answer at all", func(t *testing.T) {
		e := newExporter(t, nil, func(o *otel.ExportOptions) {
			o.Target.Client = &http.Client{Transport: failing{}}
		})
		err := e.Apply(t.Context(), 100, entriesOf(aCall(1)), 200)
		if err == nil || strings.Contains(err.Error(), "collector/base") {
			t.Errorf("Apply: %v; want why, without the address", err)
		}
	})
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("connection refused")
}

func TestExportHonoursRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: func(n, _ int) (int, string) {
			if n == 1 {
				return 429, "30"
			}
			return 200, ""
		}}
		e := newExporter(t, c, nil)
		began := time.Now()
		if err := e.Apply(t.Context(), 100, entriesOf(aCall(1)), 200); err == nil {
			t.Fatal("no error")
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := e.Apply(short, 100, entriesOf(aCall(1)), 200); !errors.Is(err, context.DeadlineExceeded) || c.calls != 1 {
			t.Errorf("%v after %d requests; want it to wait", err, c.calls)
		}
		if err := e.Apply(t.Context(), 100, entriesOf(aCall(1)), 200); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("sent again after %v, want 30 s", took)
		}
	})
}

func TestExportGoesOnWhereItFailed(t *testing.T) {
	t.Parallel()
	c := &collector{answer: func(n, _ int) (int, string) {
		if n == 2 {
			return 503, ""
		}
		return 200, ""
	}}
	e := newExporter(t, c, nil)
	var list []*record.Call
	for i := range otel.RequestSpans + 10 {
		call := aCall(byte(i))
		call.SpanID = fmt.Sprintf("%016x", i+1)
		list = append(list, call)
	}
	if err := e.Apply(t.Context(), 100, entriesOf(list...), 200); err == nil {
		t.Fatal("no error")
	}
	list = append(list, aCall(7)) // meanwhile there is more
	if err := e.Apply(t.Context(), 100, entriesOf(list...), 300); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, s := range c.spans() {
		seen[string(s.SpanId)]++
	}
	if len(c.spans()) != len(list) || len(seen) != len(list) {
		t.Errorf("%d spans of %d calls, %d of them distinct", len(c.spans()), len(list), len(seen))
	}
}

func TestExportHalvesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	c := &collector{partial: 1, answer: func(_, spans int) (int, string) {
		if spans > 1 {
			return 413, ""
		}
		return 200, ""
	}}
	reg := prometheus.NewPedanticRegistry()
	e := newExporter(t, c, func(o *otel.ExportOptions) { o.Registerer = reg })
	if err := e.Apply(t.Context(), 100, entriesOf(aCall(1), aCall(2), aCall(3)), 200); err != nil {
		t.Fatal(err)
	}
	if s := e.Status(); len(c.spans()) != 3 || s.Refused != 3 || s.Sent != 0 {
		t.Errorf("%d spans, status %+v; want 3, each refused by its partial success", len(c.spans()), s)
	}
	if f, err := reg.Gather(); err != nil || len(f) != 2 {
		t.Errorf("%d families, %v", len(f), err)
	}
}

func TestEndpoints(t *testing.T) {
	tests := map[string]struct {
		endpoint, want string
	}{
		"host":           {"http://a:4318", "http://a:4318"},
		"slash":          {"https://a/otlp/", "https://a/otlp"},
		"whole address":  {"https://a/otlp/v1/traces", "https://a/otlp"},
		"no address":     {"a:4318", ""},
		"another scheme": {"grpc://a:4317", ""},
		"nothing":        {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := otel.NewExporter(otel.ExportOptions{Target: otel.Target{Endpoint: tt.endpoint}})
			if (err == nil) != (tt.want != "") {
				t.Fatalf("NewExporter: %v", err)
			}
			if err == nil && e.Status().Endpoint != tt.want {
				t.Errorf("endpoint %q, want %q", e.Status().Endpoint, tt.want)
			}
		})
	}
}
