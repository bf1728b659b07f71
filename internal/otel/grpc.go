package otel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // registers what exporters compress with
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/fault"
)

// services are OTLP's, by the signal that each takes.
var services = [numSignals]string{
	traces:  "opentelemetry.proto.collector.trace.v1.TraceService",
	logs:    "opentelemetry.proto.collector.logs.v1.LogsService",
	metrics: "opentelemetry.proto.collector.metrics.v1.MetricsService",
}

// ServeGRPC takes OTLP over gRPC from the listener until ctx ends; then calls in
// flight have grace to finish. It closes the listener.
func (r *Receiver) ServeGRPC(ctx context.Context, l net.Listener, grace time.Duration) error {
	server := grpc.NewServer(
		grpc.ForceServerCodecV2(rawCodec{}),
		grpc.MaxRecvMsgSize(int(r.opts.Body)),
		grpc.MaxHeaderListSize(32<<10),
		grpc.MaxConcurrentStreams(128),
		grpc.ConnectionTimeout(10*time.Second),
		grpc.InTapHandle(r.bound),
	)
	for s, name := range services {
		server.RegisterService(&grpc.ServiceDesc{ServiceName: name, HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{
			StreamName: "Export", ServerStreams: true, ClientStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error { return r.export(signal(s), stream) },
		}}}, r)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve OTLP over gRPC: %w", err)
	case <-ctx.Done():
	}
	stopped := make(chan struct{})
	go func() { server.GracefulStop(); close(stopped) }()
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-stopped:
	case <-t.C:
		server.Stop() // GracefulStop returns then
		<-stopped
	}
	if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve OTLP over gRPC: %w", err)
	}
	return nil
}

// bound gives a call an end, so that a sender that stalls does not hold its place.
func (r *Receiver) bound(ctx context.Context, _ *tap.Info) (context.Context, error) {
	bounded, cancel := context.WithTimeout(ctx, r.opts.ReadTimeout)
	context.AfterFunc(ctx, cancel)
	return bounded, nil
}

// export takes one request. Its method is unary: one message each way. It is served as
// a stream because then the key is looked at before the message is read, and room
// taken before it is decoded.
func (r *Receiver) export(s signal, stream grpc.ServerStream) error {
	md, _ := metadata.FromIncomingContext(stream.Context())
	who, err := r.authenticate(secretOf(func(name string) string {
		if v := md.Get(name); len(v) > 0 {
			return v[0]
		}
		return ""
	}, header))
	if err != nil {
		return r.refuseGRPC(s, err)
	}
	p := &pass{gate: r.gate}
	defer p.end()
	if err := p.grow(chunk); err != nil { // for what is on its way
		return r.refuseGRPC(s, err)
	}
	var body []byte
	if err := stream.RecvMsg(&body); err != nil {
		if status.Code(err) == codes.ResourceExhausted {
			return r.refuseGRPC(s, tooLarge(r.opts.Body, "decompressed"))
		}
		r.answered(s, answeredInvalid)
		return err
	}
	if err := p.settle(int64(len(body))); err != nil {
		return r.refuseGRPC(s, err)
	}
	out, err := r.take(stream.Context(), s, who, protobuf, body)
	if err != nil {
		return r.refuseGRPC(s, err)
	}
	r.answered(s, answerOf(out))
	return stream.SendMsg(out)
}

func (r *Receiver) refuseGRPC(s signal, err error) error {
	f := fault.As(err)
	refusal := refusalOf(f)
	r.answered(s, refusal.answer)
	return status.ErrorProto(refusal.status(f))
}

// rawCodec hands requests over as they are, and writes answers as protobuf.
type rawCodec struct{}

// Name implements encoding.CodecV2.
func (rawCodec) Name() string { return "proto" }

// Marshal implements encoding.CodecV2.
func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is no protobuf message", v)
	}
	b, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	return mem.BufferSlice{mem.SliceBuffer(b)}, nil
}

// Unmarshal implements encoding.CodecV2.
func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	into, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("%T takes no bytes", v)
	}
	*into = data.Materialize()
	return nil
}
