package otel_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	otelattribute "go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/otel"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// serveGRPC serves the world's receiver and returns the address, and what stops it.
func (w *world) serveGRPC(t *testing.T, grace time.Duration) (addr string, stop func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.ServeGRPC(ctx, l, grace) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	return l.Addr().String(), stop
}

func dial(t *testing.T, addr string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func withKey(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+secret)
}

// until waits for a condition that another goroutine brings about.
func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !met() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

func TestGRPC(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	addr, _ := w.serveGRPC(t, time.Second)
	conn := dial(t, addr)
	ctx := withKey(t.Context())

	answer, err := coltracepb.NewTraceServiceClient(conn).Export(ctx, tracesOf(span(1), span(1), &tracepb.Span{}), grpc.UseCompressor(gzip.Name))
	if err != nil {
		t.Fatal(err)
	}
	if p := answer.GetPartialSuccess(); p.GetRejectedSpans() != 1 || !strings.Contains(p.GetErrorMessage(), "trace id") {
		t.Errorf("partial success %v, want one refused", p)
	}
	_, err = collogspb.NewLogsServiceClient(conn).Export(ctx, &collogspb.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{
		ScopeLogs: []*logspb.ScopeLogs{{LogRecords: []*logspb.LogRecord{{TimeUnixNano: uint64(now.UnixNano())}}}}}}})
	if err != nil {
		t.Error(err)
	}
	_, err = colmetricspb.NewMetricsServiceClient(conn).Export(ctx, &colmetricspb.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{{
		ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{{Name: "queue", Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{
			DataPoints: []*metricspb.NumberDataPoint{{TimeUnixNano: uint64(now.UnixNano()), Value: &metricspb.NumberDataPoint_AsInt{AsInt: 1}}}}}}}}}}}})
	if err != nil {
		t.Error(err)
	}
	s := w.Status()
	if s.Traces.Accepted != 1 || s.Traces.Duplicate != 1 || s.Traces.Refused != 1 || s.Logs.Accepted != 1 || s.Metrics.Accepted != 1 {
		t.Errorf("counted %+v", s)
	}
	until(t, "no bytes in flight", func() bool { return w.Status().InFlight == 0 })
}

func TestGRPCRefusals(t *testing.T) {
	full := fault.New(fault.Unavailable, "disk_full", "the disk is nearly full")
	tests := map[string]struct {
		change  func(*otel.Options)
		journal error
		key     []string
		body    *coltracepb.ExportTraceServiceRequest
		code    codes.Code
		retry   time.Duration
	}{
		"no key":                {nil, nil, nil, tracesOf(span(1)), codes.Unauthenticated, 0},
		"a wrong key":           {nil, nil, []string{"x-api-key", "hunter2"}, tracesOf(span(1)), codes.Unauthenticated, 0},
		"a key of another kind": {nil, full, []string{"x-api-key", secret}, tracesOf(span(1)), codes.Unavailable, 5 * time.Second},
		"a journal that does not take it": {nil, errors.New("hunter2"), []string{"authorization", "Bearer " + secret}, tracesOf(span(1)),
			codes.Unavailable, 5 * time.Second},
		"keys that cannot be checked": {func(o *otel.Options) { o.Keys = keys{errors.New("hunter2")} }, nil, []string{"x-api-key", secret}, tracesOf(span(1)),
			codes.Unavailable, 5 * time.Second},
		"too much": {func(o *otel.Options) { o.Body = 1000 }, nil, []string{"x-api-key", secret}, tracesOf(span(1, text("pad", strings.Repeat("x", 2000)))),
			codes.ResourceExhausted, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.change)
			w.journal.set(tt.journal, nil)
			addr, _ := w.serveGRPC(t, time.Second)
			ctx := metadata.AppendToOutgoingContext(t.Context(), tt.key...)
			_, err := coltracepb.NewTraceServiceClient(dial(t, addr)).Export(ctx, tt.body)
			if status.Code(err) != tt.code || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v, want %v", err, tt.code)
			}
			if got := retryOf(err); got != tt.retry {
				t.Errorf("RetryInfo %v, want %v", got, tt.retry)
			}
			if n := len(w.journal.all()); n != 0 {
				t.Errorf("the journal has %d items, want none", n)
			}
		})
	}
	t.Run("a message that is none", func(t *testing.T) {
		w := newWorld(t, nil)
		addr, _ := w.serveGRPC(t, time.Second)
		err := dial(t, addr).Invoke(withKey(t.Context()), coltracepb.TraceService_Export_FullMethodName, []byte("hunter2\xff"), new([]byte), grpc.ForceCodec(bytesCodec{}))
		if status.Code(err) != codes.InvalidArgument || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v, want InvalidArgument", err)
		}
	})
	t.Run("a bomb", func(t *testing.T) {
		w := newWorld(t, func(o *otel.Options) { o.Body, o.Plain = 64<<10, 64<<10 })
		addr, _ := w.serveGRPC(t, time.Second)
		err := dial(t, addr).Invoke(withKey(t.Context()), coltracepb.TraceService_Export_FullMethodName, make([]byte, 32<<20), new([]byte),
			grpc.ForceCodec(bytesCodec{}), grpc.UseCompressor(gzip.Name))
		if status.Code(err) != codes.ResourceExhausted || w.Status().Traces.Requests["too_large"] != 1 {
			t.Errorf("%v, counted %v; want ResourceExhausted, too_large", err, w.Status().Traces.Requests)
		}
	})
}

// bytesCodec sends bytes as they are.
type bytesCodec struct{}

func (bytesCodec) Name() string                    { return "proto" }
func (bytesCodec) Marshal(v any) ([]byte, error)   { return v.([]byte), nil }
func (bytesCodec) Unmarshal(b []byte, v any) error { *v.(*[]byte) = b; return nil }

func retryOf(err error) time.Duration {
	for _, d := range status.Convert(err).Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			return r.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

func TestGRPCBackPressure(t *testing.T) {
	t.Parallel()
	big := tracesOf(span(1, text("pad", strings.Repeat("x", 90<<10))))
	w := newWorld(t, func(o *otel.Options) { o.Body, o.Plain, o.InFlight = 128<<10, 128<<10, 128<<10 })
	release := make(chan struct{})
	w.journal.set(nil, release)
	addr, _ := w.serveGRPC(t, time.Second)
	client := coltracepb.NewTraceServiceClient(dial(t, addr))
	var first error
	var wg sync.WaitGroup
	wg.Go(func() { _, first = client.Export(withKey(t.Context()), big) })
	<-w.journal.entered
	_, err := client.Export(withKey(t.Context()), big)
	if status.Code(err) != codes.ResourceExhausted || retryOf(err) != time.Second {
		t.Errorf("%v after %v, want ResourceExhausted after a second", err, retryOf(err))
	}
	close(release)
	wg.Wait()
	w.journal.set(nil, nil)
	if _, err := client.Export(withKey(t.Context()), tracesOf(span(2))); first != nil || err != nil {
		t.Errorf("the first %v, after it went on %v; want both taken", first, err)
	}
}

// A sender that opens a call and says nothing must not hold its place.
func TestGRPCStallEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *otel.Options) { o.ReadTimeout = 50 * time.Millisecond })
	addr, _ := w.serveGRPC(t, time.Second)
	stream, err := dial(t, addr).NewStream(withKey(t.Context()), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, coltracepb.TraceService_Export_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(new(coltracepb.ExportTraceServiceResponse)); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("%v, want DeadlineExceeded", err)
	}
	until(t, "the room given back", func() bool { return w.Status().InFlight == 0 })
}

func TestGRPCStops(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("what is in flight has its time", func(t *testing.T) {
		w := newWorld(t, nil)
		release := make(chan struct{})
		w.journal.set(nil, release)
		addr, stop := w.serveGRPC(t, time.Minute)
		var got error
		var wg sync.WaitGroup
		wg.Go(func() {
			_, got = coltracepb.NewTraceServiceClient(dial(t, addr)).Export(withKey(t.Context()), tracesOf(span(1)))
		})
		<-w.journal.entered
		wg.Go(func() {
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
		close(release)
		wg.Wait()
		if got != nil {
			t.Errorf("the call in flight ended with %v", got)
		}
	})
	t.Run("but no more than that", func(t *testing.T) {
		w := newWorld(t, nil)
		release := make(chan struct{})
		w.journal.set(nil, release)
		addr, stop := w.serveGRPC(t, time.Millisecond)
		failed := make(chan error, 1)
		conn := dial(t, addr)
		go func() {
			_, err := coltracepb.NewTraceServiceClient(conn).Export(withKey(context.Background()), tracesOf(span(1)))
			failed <- err
		}()
		<-w.journal.entered
		stopped := make(chan error, 1)
		go func() { stopped <- stop() }()
		if err := <-failed; status.Code(err) != codes.Unavailable {
			t.Errorf("the call that was cut ended with %v, want Unavailable", err)
		}
		close(release)
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	until(t, "every goroutine to end", func() bool { return runtime.NumGoroutine() <= before })
}

// The exporters of OpenTelemetry's own SDK send what the receiver takes.
func TestSDKExporters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	addr, _ := w.serveGRPC(t, time.Second)
	headers := map[string]string{"authorization": "Bearer " + secret}
	clients := map[string]otlptrace.Client{
		"HTTP": otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(w.url+"/v1/traces"), otlptracehttp.WithHeaders(headers)),
		"HTTP, gzip": otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(w.url+"/v1/traces"), otlptracehttp.WithHeaders(headers),
			otlptracehttp.WithCompression(otlptracehttp.GzipCompression)),
		"gRPC": otlptracegrpc.NewClient(otlptracegrpc.WithEndpoint(addr), otlptracegrpc.WithInsecure(), otlptracegrpc.WithHeaders(headers)),
		"gRPC, gzip": otlptracegrpc.NewClient(otlptracegrpc.WithEndpoint(addr), otlptracegrpc.WithInsecure(), otlptracegrpc.WithHeaders(headers),
			otlptracegrpc.WithCompressor(gzip.Name)),
	}
	want := 0
	for name, client := range clients {
		exporter, err := otlptrace.New(t.Context(), client)
		if err != nil {
			t.Fatal(err)
		}
		provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
		tracer := provider.Tracer("shop")
		ctx, parent := tracer.Start(t.Context(), "agent")
		_, child := tracer.Start(ctx, "chat gpt-4o")
		child.SetAttributes(otelattribute.String("gen_ai.operation.name", "chat"), otelattribute.String("gen_ai.request.model", "gpt-4o"))
		child.End()
		parent.End()
		if err := provider.Shutdown(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want += 2
		spans := w.journal.spans()
		if len(spans) != want {
			t.Fatalf("%s: the journal has %d spans, want %d", name, len(spans), want)
		}
		a, b := spans[want-2], spans[want-1]
		if a.TraceID != b.TraceID || a.ParentSpanID != b.SpanID {
			t.Errorf("%s: the spans %s/%s and %s/%s do not hang together", name, a.TraceID, a.ParentSpanID, b.TraceID, b.SpanID)
		}
	}
}
