package otel_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/otel"
	"github.com/steward-llmops/steward/internal/record"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

const secret = "sk-steward-one"

var (
	now   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	owner = ident.Principal{Org: "acme", Team: "shop", Project: "bot", Key: "key_1", KeyName: "prod"}
)

// keys knows one secret; broken keys know nothing.
type keys struct{ broken error }

func (k keys) Authenticate(given string) (ident.Principal, error) {
	if k.broken != nil {
		return ident.Principal{}, k.broken
	}
	if given != secret {
		return ident.Principal{}, fault.New(fault.Unauthenticated, "invalid_api_key", "the API key is not known here")
	}
	return owner, nil
}

// journal keeps what it is given in memory. It can be blocked, and it can fail.
type journal struct {
	mu      sync.Mutex // guards all
	items   []otel.Item
	err     error
	blocked chan struct{} // closed: go on; nil: not blocked
	entered chan struct{} // one for each Append that begins
}

func newJournal() *journal { return &journal{entered: make(chan struct{}, 1000)} }

func (j *journal) Append(_ context.Context, items []otel.Item) error {
	j.mu.Lock()
	blocked := j.blocked
	j.mu.Unlock()
	j.entered <- struct{}{}
	if blocked != nil {
		<-blocked
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		j.items = append(j.items, items...)
	}
	return j.err
}

func (j *journal) set(err error, blocked chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.err, j.blocked = err, blocked
}

func (j *journal) all() []otel.Item {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.items)
}

func (j *journal) spans() []record.Call {
	var list []record.Call
	for _, item := range j.all() {
		if item.Entry.Span != nil {
			list = append(list, *item.Entry.Span)
		}
	}
	return list
}

// tariff prices models of openai at a thousand nano-dollars a token.
type tariff struct{}

func (tariff) Price(provider, model string, u *llm.Usage, _ time.Time) otel.Cost {
	if provider != "openai" || model == "unlisted" {
		return otel.Cost{Pricing: record.Unpriced, Catalogue: "v1"}
	}
	return otel.Cost{Nano: 1000 * moneyOf(u), Pricing: record.Priced, Catalogue: "v1", PriceID: "openai/" + model}
}

// world is a receiver behind a server.
type world struct {
	*otel.Receiver
	journal *journal
	url     string
	client  *http.Client
}

func newWorld(t *testing.T, change func(*otel.Options)) *world {
	t.Helper()
	w := &world{journal: newJournal()}
	opts := otel.Options{Keys: keys{}, Journal: w.journal, Tariff: tariff{}, Now: func() time.Time { return now }}
	if change != nil {
		change(&opts)
	}
	w.Receiver = otel.NewReceiver(opts)
	s := httptest.NewServer(w.Handler())
	t.Cleanup(s.Close)
	w.url, w.client = s.URL, s.Client()
	return w
}

// post sends a body with headers, given as name and value in turn, and returns the
// answer with its body.
func (w *world) post(t *testing.T, path string, body []byte, headers ...string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Authorization", "Bearer "+secret)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Del(headers[i])
		if headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, got
}

// span returns a span of a call of a model, the nth of a trace; attributes are added.
func span(n byte, attributes ...*commonpb.KeyValue) *tracepb.Span {
	return &tracepb.Span{
		TraceId: bytes.Repeat([]byte{7}, 16), SpanId: []byte{1, 1, 1, 1, 1, 1, 1, n}, Name: "chat gpt-4o",
		StartTimeUnixNano: uint64(now.Add(-2 * time.Second).UnixNano()), EndTimeUnixNano: uint64(now.Add(-time.Second).UnixNano()),
		Attributes: append([]*commonpb.KeyValue{text("gen_ai.operation.name", "chat"), text("gen_ai.provider.name", "openai"),
			text("gen_ai.request.model", "gpt-4o"), number("gen_ai.usage.input_tokens", 10), number("gen_ai.usage.output_tokens", 5)}, attributes...),
	}
}

func text(name, v string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: name, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: v}}}
}

func number(name string, v int64) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: name, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: v}}}
}

func tracesOf(spans ...*tracepb.Span) *coltracepb.ExportTraceServiceRequest {
	return &coltracepb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource:   &resourcepb.Resource{Attributes: []*commonpb.KeyValue{text("service.name", "shop")}},
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: spans}},
	}}}
}

func wire(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func zip(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func attribute(name string, v any) *commonpb.KeyValue {
	switch v := v.(type) {
	case string:
		return text(name, v)
	case int:
		return number(name, int64(v))
	case float64:
		return &commonpb.KeyValue{Key: name, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: v}}}
	}
	panic("no attribute")
}
