package otel_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/otel"
	"github.com/steward-llmops/steward/internal/record"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

func moneyOf(u *llm.Usage) money.Nano { return money.Nano(u.InputTokens() + u.OutputTokens()) }

func TestReceive(t *testing.T) {
	logsReq := &collogspb.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{ScopeLogs: []*logspb.ScopeLogs{{
		LogRecords: []*logspb.LogRecord{{TimeUnixNano: uint64(now.UnixNano()), EventName: "gen_ai.evaluation.result",
			TraceId: bytes.Repeat([]byte{7}, 16), SpanId: []byte{1, 1, 1, 1, 1, 1, 1, 1},
			Attributes: span(0, text("gen_ai.evaluation.name", "helpful"), text("gen_ai.evaluation.score.label", "yes")).Attributes}}}}}}}
	metricsReq := &colmetricspb.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{{ScopeMetrics: []*metricspb.ScopeMetrics{{
		Metrics: []*metricspb.Metric{{Name: "queue", Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: []*metricspb.NumberDataPoint{
			{TimeUnixNano: uint64(now.UnixNano()), Value: &metricspb.NumberDataPoint_AsInt{AsInt: 3}}}}}}}}}}}}
	traceJSON := fmt.Sprintf(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%s","spanId":"0101010101010101","name":"x",
		"startTimeUnixNano":"%d","endTimeUnixNano":"%d"}]}]}]}`, strings.Repeat("07", 16), now.UnixNano()-2, now.UnixNano()-1)
	tests := map[string]struct {
		path    string
		body    []byte
		headers []string
		want    string // kinds of entries
	}{
		"traces":                        {"/v1/traces", wire(t, tracesOf(span(1), span(2))), nil, "span span"},
		"traces, gzip":                  {"/v1/traces", zip(t, wire(t, tracesOf(span(1)))), []string{"Content-Encoding", "gzip"}, "span"},
		"traces, identity":              {"/v1/traces", wire(t, tracesOf(span(1))), []string{"Content-Encoding", "identity"}, "span"},
		"traces, JSON":                  {"/v1/traces", []byte(traceJSON), []string{"Content-Type", "application/json; charset=utf-8"}, "span"},
		"traces, JSON, gzip":            {"/v1/traces", zip(t, []byte(traceJSON)), []string{"Content-Type", "application/json", "Content-Encoding", "GZIP"}, "span"},
		"where Langfuse's SDKs send to": {"/api/public/otel/v1/traces", wire(t, tracesOf(span(1))), nil, "span"},
		"below /otlp":                   {"/otlp/v1/traces", wire(t, tracesOf(span(1))), nil, "span"},
		"nothing":                       {"/v1/traces", nil, nil, ""},
		"logs with a score":             {"/v1/logs", wire(t, logsReq), nil, "log score"},
		"metrics":                       {"/v1/metrics", wire(t, metricsReq), nil, "point"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			resp, body := w.post(t, tt.path, tt.body, tt.headers...)
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("status %d: %s", resp.StatusCode, body)
			}
			sent := resp.Request.Header.Get("Content-Type")
			if got := resp.Header.Get("Content-Type"); !strings.HasPrefix(sent, got) {
				t.Errorf("sent %s, answered in %s", sent, got)
			}
			var kinds []string
			for _, item := range w.journal.all() {
				kinds = append(kinds, kindOf(item))
			}
			if got := strings.Join(kinds, " "); got != tt.want {
				t.Errorf("the journal has %q, want %q", got, tt.want)
			}
		})
	}
}

func kindOf(item otel.Item) string {
	switch e := item.Entry; {
	case e.Span != nil:
		return "span"
	case e.Log != nil:
		return "log"
	case e.Score != nil:
		return "score"
	case e.Point != nil:
		return "point"
	}
	return "?"
}

func TestReceivedSpanIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.post(t, "/v1/traces", wire(t, tracesOf(span(1, text("gen_ai.input.messages", `[{"role":"user","parts":[{"type":"text","content":"hello"}]}]`)))))
	items := w.journal.all()
	if len(items) != 1 {
		t.Fatalf("%d items, want 1", len(items))
	}
	c := items[0].Entry.Span
	got := []any{c.Org, c.Project, c.Key, c.Service, c.Model, c.Cost, c.Pricing, c.PriceID, c.SourceOf()}
	want := []any{"acme", "bot", "key_1", "shop", "gpt-4o", money.Nano(15_000), record.Priced, "openai/gpt-4o", "otlp"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if content := items[0].Content; content == nil || !bytes.Contains(content.Request, []byte("hello")) || len(content.Raw) == 0 {
		t.Errorf("content %+v, want what was said and what came", content)
	}
	t.Run("without content where none is kept", func(t *testing.T) {
		w := newWorld(t, func(o *otel.Options) { o.NoContent = true })
		w.post(t, "/v1/traces", wire(t, tracesOf(span(1))))
		if items := w.journal.all(); len(items) != 1 || items[0].Content != nil {
			t.Errorf("items %+v, want one without content", items)
		}
	})
}

func TestPricingOfReports(t *testing.T) {
	model := func(m string) []any { return []any{"gen_ai.request.model", m} }
	tests := map[string]struct {
		attributes []any // name and value in turn; replaces the span's own
		failed     bool
		cost       money.Nano
		pricing    record.Pricing
	}{
		"by the catalogue": {append(model("gpt-4o"), "gen_ai.usage.input_tokens", 10), false, 10_000, record.Priced},
		"the catalogue goes before what was reported":       {append(model("gpt-4o"), "gen_ai.usage.input_tokens", 10, "gen_ai.usage.cost", 0.5), false, 10_000, record.Priced},
		"by the model that answered":                        {append(model("unlisted"), "gen_ai.response.model", "gpt-4o", "gen_ai.usage.input_tokens", 10), false, 10_000, record.Priced},
		"what was reported where the catalogue has nothing": {append(model("unlisted"), "gen_ai.usage.input_tokens", 10, "gen_ai.usage.cost", 0.5), false, 500_000_000, record.Reported},
		"what was reported without usage":                   {append(model("gpt-4o"), "gen_ai.usage.cost", 0.5), false, 500_000_000, record.Reported},
		"unknown":                                           {append(model("unlisted"), "gen_ai.usage.input_tokens", 10), false, 0, record.Unpriced},
		"a call that says nothing is not free":              {model("gpt-4o"), false, 0, record.Unpriced},
		"an error without usage is free":                    {model("gpt-4o"), true, 0, record.Free},
		"an error with usage is paid":                       {append(model("gpt-4o"), "gen_ai.usage.input_tokens", 10), true, 10_000, record.Priced},
		"a tool is free":                                    {[]any{"gen_ai.operation.name", "execute_tool", "gen_ai.tool.name", "search"}, false, 0, record.Free},
		"an agent with usage is priced, whoever counts it":  {append(model("gpt-4o"), "gen_ai.operation.name", "invoke_agent", "gen_ai.usage.input_tokens", 10), false, 10_000, record.Priced},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			s := span(1)
			s.Attributes = nil
			given := append([]any{"gen_ai.operation.name", "chat", "gen_ai.provider.name", "openai"}, tt.attributes...)
			for i := 0; i < len(given); i += 2 {
				s.Attributes = append(s.Attributes, attribute(given[i].(string), given[i+1]))
			}
			if tt.failed {
				s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
			}
			w.post(t, "/v1/traces", wire(t, tracesOf(s)))
			spans := w.journal.spans()
			if len(spans) != 1 {
				t.Fatalf("%d spans, want 1", len(spans))
			}
			if c := spans[0]; c.Cost != tt.cost || c.Pricing != tt.pricing {
				t.Errorf("cost %d, %s; want %d, %s", c.Cost, c.Pricing, tt.cost, tt.pricing)
			}
		})
	}
}

func TestWhereTheKeyStands(t *testing.T) {
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	tests := map[string]struct {
		header, value string
		want          int
	}{
		"bearer":                       {"Authorization", "bearer " + secret, 200},
		"bare":                         {"Authorization", secret, 200},
		"basic, the password":          {"Authorization", basic("pk-lf-anything:" + secret), 200},
		"basic, not base64":            {"Authorization", "Basic !", 401},
		"x-api-key":                    {"x-api-key", secret, 200},
		"api-key":                      {"api-key", secret, 200},
		"x-steward-key":                {"x-steward-key", secret, 200},
		"none":                         {"x-other", secret, 401},
		"a wrong one":                  {"x-api-key", "hunter2", 401},
		"another scheme holds no key":  {"Authorization", "Digest " + secret, 401},
		"the user of basic is no key":  {"Authorization", basic(secret + ":"), 401},
		"the key may be padded":        {"x-api-key", " " + secret + " ", 200},
		"an empty password is no key":  {"Authorization", basic("x"), 401},
		"a bearer without a token too": {"Authorization", "Bearer ", 401},
	}
	w := newWorld(t, nil)
	body := wire(t, tracesOf(span(1)))
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resp, got := w.post(t, "/v1/traces", body, "Authorization", "", tt.header, tt.value)
			if resp.StatusCode != tt.want {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.want)
			}
			if bytes.Contains(got, []byte("hunter2")) {
				t.Errorf("the answer holds the secret: %q", got)
			}
		})
	}
	t.Run("steward's own header goes before a token that is another's", func(t *testing.T) {
		if resp, _ := w.post(t, "/v1/traces", body, "Authorization", "Bearer other", "x-steward-key", secret); resp.StatusCode != 200 {
			t.Errorf("status %d, want 200", resp.StatusCode)
		}
	})
}

func TestRefusals(t *testing.T) {
	good := wire(t, tracesOf(span(1)))
	bomb := zip(t, make([]byte, 1<<20))
	small := func(o *otel.Options) { o.Body, o.Plain, o.InFlight = 8<<10, 64<<10, 64<<10 }
	full := fault.New(fault.Unavailable, "disk_full", "the disk is nearly full").Hinted("free disk space")
	tests := map[string]struct {
		change  func(*otel.Options)
		journal error
		body    []byte
		headers []string
		status  int
		code    codes.Code
		retry   string // Retry-After
		result  string // of the request, as it is counted
	}{
		"an unknown key":                   {nil, nil, good, []string{"Authorization", "Bearer hunter2"}, 401, codes.Unauthenticated, "", "unauthenticated"},
		"keys that cannot be checked":      {func(o *otel.Options) { o.Keys = keys{errors.New("hunter2")} }, nil, good, nil, 503, codes.Unavailable, "5", "unavailable"},
		"a body that is no protobuf":       {nil, nil, []byte("hunter2 \xff\xff\xff\xff"), nil, 400, codes.InvalidArgument, "", "invalid"},
		"a body that is no JSON":           {nil, nil, []byte(`{"resourceSpans": hunter2}`), []string{"Content-Type", "application/json"}, 400, codes.InvalidArgument, "", "invalid"},
		"another content type":             {nil, nil, good, []string{"Content-Type", "text/plain"}, 415, codes.InvalidArgument, "", "invalid"},
		"no content type":                  {nil, nil, good, []string{"Content-Type", ""}, 415, codes.InvalidArgument, "", "invalid"},
		"another encoding":                 {nil, nil, good, []string{"Content-Encoding", "zstd"}, 415, codes.InvalidArgument, "", "invalid"},
		"gzip that is none":                {nil, nil, good, []string{"Content-Encoding", "gzip"}, 400, codes.InvalidArgument, "", "invalid"},
		"gzip that breaks off":             {nil, nil, zip(t, good)[:30], []string{"Content-Encoding", "gzip"}, 400, codes.InvalidArgument, "", "invalid"},
		"too much":                         {small, nil, make([]byte, 9<<10), nil, 413, codes.ResourceExhausted, "", "too_large"},
		"a bomb":                           {small, nil, bomb, []string{"Content-Encoding", "gzip"}, 413, codes.ResourceExhausted, "", "too_large"},
		"a journal that does not take it":  {nil, full, good, nil, 503, codes.Unavailable, "5", "unavailable"},
		"a journal that breaks":            {nil, errors.New("hunter2"), good, nil, 503, codes.Unavailable, "5", "unavailable"},
		"a journal that says what it will": {nil, fault.New(fault.Invalid, "odd", "odd"), good, nil, 503, codes.Unavailable, "5", "unavailable"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.change)
			w.journal.set(tt.journal, nil)
			resp, body := w.post(t, "/v1/traces", tt.body, tt.headers...)
			if resp.StatusCode != tt.status || resp.Header.Get("Retry-After") != tt.retry {
				t.Errorf("status %d, Retry-After %q; want %d, %q", resp.StatusCode, resp.Header.Get("Retry-After"), tt.status, tt.retry)
			}
			var st statuspb.Status
			var err error
			if resp.Header.Get("Content-Type") == "application/x-protobuf" {
				err = proto.Unmarshal(body, &st)
			} else {
				err = protojson.Unmarshal(body, &st)
			}
			if err != nil || codes.Code(st.Code) != tt.code || st.Message == "" {
				t.Errorf("the body says %v (%v), want code %v and a message", &st, err, tt.code)
			}
			if strings.Contains(string(body), "hunter2") {
				t.Errorf("the answer holds what nobody may see: %q", body)
			}
			if n := len(w.journal.all()); n != 0 {
				t.Errorf("the journal has %d items, want none", n)
			}
			s := w.Status()
			if s.Traces.Requests[tt.result] != 1 || s.InFlight != 0 {
				t.Errorf("counted as %v with %d bytes in flight; want one %s and none", s.Traces.Requests, s.InFlight, tt.result)
			}
		})
	}
	t.Run("a bug ends the request, not the process", func(t *testing.T) {
		w := newWorld(t, func(o *otel.Options) { o.Tariff = nil })
		resp, body := w.post(t, "/v1/traces", good)
		if s := w.Status(); resp.StatusCode != 500 || resp.Header.Get("Retry-After") != "" || s.Traces.Requests["failed"] != 1 || s.InFlight != 0 {
			t.Errorf("status %d, %q, counted %v", resp.StatusCode, body, s.Traces.Requests)
		}
	})
	t.Run("another method", func(t *testing.T) {
		w := newWorld(t, nil)
		resp, err := w.client.Get(w.url + "/v1/traces")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 405 || resp.Header.Get("Allow") != "POST" {
			t.Errorf("status %d, Allow %q", resp.StatusCode, resp.Header.Get("Allow"))
		}
	})
	t.Run("another path", func(t *testing.T) {
		if resp, _ := newWorld(t, nil).post(t, "/v1/profiles", good); resp.StatusCode != 404 || otel.Serves("/v1/profiles") || !otel.Serves("/v1/logs") {
			t.Errorf("status %d, want 404", resp.StatusCode)
		}
	})
}

// A bomb must be given up as soon as it is over the bound, not once it is unpacked.
func TestBombHoldsNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *otel.Options) { o.Body, o.Plain, o.InFlight = 1<<20, 256<<10, 256<<10 })
	if resp, _ := w.post(t, "/v1/traces", zip(t, make([]byte, 32<<20)), "Content-Encoding", "gzip"); resp.StatusCode != 413 {
		t.Errorf("status %d, want 413", resp.StatusCode)
	}
	if s := w.Status(); s.InFlight != 0 {
		t.Errorf("%d bytes are still held", s.InFlight)
	}
}

func TestPartialSuccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	bad := span(2, text("gen_ai.input.messages", "hunter2"))
	bad.TraceId = []byte("hunter2")
	resp, body := w.post(t, "/v1/traces", wire(t, tracesOf(span(1), bad, &tracepb.Span{}, span(3))))
	var got coltracepb.ExportTraceServiceResponse
	if err := proto.Unmarshal(body, &got); err != nil || resp.StatusCode != 200 {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	p := got.GetPartialSuccess()
	if p.GetRejectedSpans() != 2 || !strings.Contains(p.GetErrorMessage(), "trace id") || strings.Contains(p.GetErrorMessage(), "hunter2") {
		t.Errorf("partial success %v, want 2 refused and why", p)
	}
	s := w.Status().Traces
	if len(w.journal.spans()) != 2 || s.Accepted != 2 || s.Refused != 2 || s.Requests["partial"] != 1 {
		t.Errorf("%d spans, counted %+v; want 2 accepted, 2 refused", len(w.journal.spans()), s)
	}
	t.Run("a metric without data", func(t *testing.T) {
		_, body := w.post(t, "/v1/metrics", wire(t, &colmetricspb.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{{
			ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{{Name: "x"}}}}}}}))
		var got colmetricspb.ExportMetricsServiceResponse
		if err := proto.Unmarshal(body, &got); err != nil || got.GetPartialSuccess().GetRejectedDataPoints() != 1 {
			t.Errorf("%v, %v; want one refused", &got, err)
		}
	})
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	pending := span(9, text("logfire.span_type", "pending_span"))
	send := func(spans ...*tracepb.Span) int {
		resp, _ := w.post(t, "/v1/traces", wire(t, tracesOf(spans...)))
		return resp.StatusCode
	}
	if got := send(span(1), span(1), span(2), pending); got != 200 {
		t.Fatalf("status %d", got)
	}
	if got := send(span(2), span(3)); got != 200 {
		t.Errorf("status %d: what comes twice is acknowledged all the same", got)
	}
	s := w.Status().Traces
	if n := len(w.journal.spans()); n != 3 || s.Accepted != 3 || s.Duplicate != 2 || s.Dropped != 1 {
		t.Errorf("%d spans, counted %+v; want 3 accepted, 2 duplicate, 1 dropped", n, s)
	}
	t.Run("what was refused by the journal is none", func(t *testing.T) {
		w.journal.set(errors.New("broken"), nil)
		if got := send(span(4)); got != 503 {
			t.Fatalf("status %d, want 503", got)
		}
		w.journal.set(nil, nil)
		if got := send(span(4)); got != 200 || len(w.journal.spans()) != 4 {
			t.Errorf("status %d, %d spans; want it written", got, len(w.journal.spans()))
		}
	})
	t.Run("the memory is bounded", func(t *testing.T) {
		w := newWorld(t, func(o *otel.Options) { o.Recent = 4 })
		for i := range byte(8) {
			w.post(t, "/v1/traces", wire(t, tracesOf(span(i+1))))
		}
		w.post(t, "/v1/traces", wire(t, tracesOf(span(8))))
		w.post(t, "/v1/traces", wire(t, tracesOf(span(1))))
		if s := w.Status().Traces; s.Duplicate != 1 || s.Accepted != 9 {
			t.Errorf("counted %+v; want the last remembered and the first forgotten", s)
		}
	})
}

// An answer of 200 means that the journal has it: not before Append returned.
func TestAcknowledgedOnlyOnceWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	release := make(chan struct{})
	w.journal.set(nil, release)
	answered := make(chan int, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		resp, _ := w.post(t, "/v1/traces", wire(t, tracesOf(span(1))))
		answered <- resp.StatusCode
	})
	<-w.journal.entered
	select {
	case status := <-answered:
		t.Errorf("answered %d while the journal was still writing", status)
	default:
	}
	if got := w.Status().Traces.Accepted; got != 0 {
		t.Errorf("%d accepted before they are written", got)
	}
	close(release)
	if status := <-answered; status != 200 {
		t.Errorf("status %d, want 200", status)
	}
	wg.Wait()
}

func TestBackPressure(t *testing.T) {
	t.Parallel()
	body := wire(t, tracesOf(span(1, text("pad", strings.Repeat("x", 3000)))))
	w := newWorld(t, func(o *otel.Options) { o.Body, o.Plain, o.InFlight = 4096, 4096, int64(len(body)+100) })
	release := make(chan struct{})
	w.journal.set(nil, release)
	var wg sync.WaitGroup
	first := 0
	wg.Go(func() {
		resp, _ := w.post(t, "/v1/traces", body)
		first = resp.StatusCode
	})
	<-w.journal.entered
	for name, headers := range map[string][]string{"plain": nil, "gzip": {"Content-Encoding", "gzip"}} {
		next := body
		if headers != nil {
			next = zip(t, body)
		}
		resp, got := w.post(t, "/v1/traces", next, headers...)
		var st statuspb.Status
		if err := proto.Unmarshal(got, &st); err != nil {
			t.Fatal(err)
		}
		var retry errdetails.RetryInfo
		if len(st.Details) != 1 || st.Details[0].UnmarshalTo(&retry) != nil || retry.RetryDelay.AsDuration() != time.Second {
			t.Errorf("%s: details %v, want a RetryInfo of a second", name, st.Details)
		}
		if resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "1" || codes.Code(st.Code) != codes.ResourceExhausted {
			t.Errorf("%s: status %d, Retry-After %q, code %d; want 429 after 1", name, resp.StatusCode, resp.Header.Get("Retry-After"), st.Code)
		}
	}
	if s := w.Status(); s.InFlight != int64(len(body)) || s.Traces.Requests["busy"] != 2 {
		t.Errorf("%d bytes in flight, requests %v; want those of the first, and two busy", s.InFlight, s.Traces.Requests)
	}
	close(release)
	wg.Wait()
	w.journal.set(nil, nil)
	if resp, _ := w.post(t, "/v1/traces", wire(t, tracesOf(span(2)))); first != 200 || resp.StatusCode != 200 {
		t.Errorf("the first %d, after it went on %d; want both 200", first, resp.StatusCode)
	}
	if s := w.Status(); s.InFlight != 0 {
		t.Errorf("%d bytes are still held", s.InFlight)
	}
}

func TestCountersAreStatus(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	w := newWorld(t, func(o *otel.Options) { o.Registerer = reg })
	long := span(1, text("llm.input_messages.5000.message.content", "x"))
	w.post(t, "/v1/traces", wire(t, tracesOf(long)))
	w.post(t, "/v1/traces", []byte{0xff})
	want := `
# HELP steward_otlp_cuts_total What of reported items was bounded, mended or left out.
# TYPE steward_otlp_cuts_total counter
steward_otlp_cuts_total{what="indices"} 1
# HELP steward_otlp_in_flight_bytes Bytes of OTLP requests that are being worked on or wait for the journal.
# TYPE steward_otlp_in_flight_bytes gauge
steward_otlp_in_flight_bytes 0
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "steward_otlp_cuts_total", "steward_otlp_in_flight_bytes"); err != nil {
		t.Error(err)
	}
	s := w.Status()
	if s.Cuts["indices"] != 1 || s.Traces.Requests["ok"] != 1 || s.Traces.Requests["invalid"] != 1 || s.Traces.Bytes == 0 {
		t.Errorf("status %+v", s)
	}
	if n, err := testutil.GatherAndCount(reg, "steward_otlp_items_total"); err != nil || n != 12 {
		t.Errorf("%d series of items, %v; want 12", n, err)
	}
}

// What comes in protobuf and in JSON is the same.
func TestEncodingsAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	req := tracesOf(span(1))
	w.post(t, "/v1/traces", wire(t, req))
	j, err := protojson.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	id := req.ResourceSpans[0].ScopeSpans[0].Spans[0]
	j = bytes.ReplaceAll(j, []byte(base64.StdEncoding.EncodeToString(id.TraceId)), []byte(hex.EncodeToString(id.TraceId)))
	j = bytes.ReplaceAll(j, []byte(base64.StdEncoding.EncodeToString(id.SpanId)), []byte(hex.EncodeToString(id.SpanId)))
	resp, _ := w.post(t, "/v1/traces", j, "Content-Type", "application/json")
	if s := w.Status().Traces; resp.StatusCode != 200 || s.Duplicate != 1 || s.Accepted != 1 {
		t.Errorf("status %d, counted %+v; want the same span twice", resp.StatusCode, s)
	}
}

// Whatever comes, it is taken or refused, and holds nothing afterwards.
func FuzzReceive(f *testing.F) {
	good, err := proto.Marshal(tracesOf(span(1)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, false, false, byte(0))
	f.Add([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"07"}]}]}]}`), true, false, byte(0))
	f.Add([]byte("\x1f\x8b\x08\x00"), false, true, byte(1))
	f.Add([]byte(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"asInt":"1"}]}}]}]}]}`), true, false, byte(2))
	r := otel.NewReceiver(otel.Options{Keys: keys{}, Journal: discard{}, Tariff: tariff{}, Body: 1 << 20, Now: func() time.Time { return now }})
	h := r.Handler()
	f.Fuzz(func(t *testing.T, body []byte, inJSON, zipped bool, signal byte) {
		req := httptest.NewRequest(http.MethodPost, []string{"/v1/traces", "/v1/logs", "/v1/metrics"}[signal%3], bytes.NewReader(body))
		req.Header.Set("X-Api-Key", secret)
		req.Header.Set("Content-Type", map[bool]string{true: "application/json", false: "application/x-protobuf"}[inJSON])
		if zipped {
			req.Header.Set("Content-Encoding", "gzip")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code != 200 && w.Code != 400 && w.Code != 413 {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		if held := r.Status().InFlight; held != 0 {
			t.Errorf("%d bytes are still held", held)
		}
	})
}

type discard struct{}

func (discard) Append(context.Context, []otel.Item) error { return nil }
