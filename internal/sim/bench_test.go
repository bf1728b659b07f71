package sim_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/sim"
)

// BenchmarkHandler is one small unary call without a network.
func BenchmarkHandler(b *testing.B) {
	s := sim.New(options())
	body := request("small", "tell me about tides", `,"max_tokens":60`)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", chatPath, strings.NewReader(body))
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}

// BenchmarkUnaryOverPipe is the same call over a kept connection, client included.
func BenchmarkUnaryOverPipe(b *testing.B) {
	pipe := sim.NewPipe()
	overWire(b, sim.New(options()), pipe, pipe.Dial, chatPath, request("small", "tell me about tides", `,"max_tokens":60`))
}

// BenchmarkStreamOverPipe is a stream of about sixty events.
func BenchmarkStreamOverPipe(b *testing.B) {
	pipe := sim.NewPipe()
	overWire(b, sim.New(options()), pipe, pipe.Dial, chatPath, request("small", "tell me about tides", `,"max_tokens":60,"stream":true`))
}

// BenchmarkUnaryOverTCP is the small unary call over a loopback socket.
func BenchmarkUnaryOverTCP(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	dial := func(context.Context) (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
	overWire(b, sim.New(options()), l, dial, chatPath, request("small", "tell me about tides", `,"max_tokens":60`))
}

func overWire(b *testing.B, s *sim.Server, l net.Listener, dial func(context.Context) (net.Conn, error), path, body string) {
	ctx, cancel := context.WithCancel(b.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	conn, err := dial(ctx)
	if err != nil {
		b.Fatal(err)
	}
	message := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: sim\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
	in := bufio.NewReader(conn)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.WriteString(conn, message); err != nil {
			b.Fatal(err)
		}
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
			b.Fatal(resp.StatusCode, err)
		}
	}
	conn.Close()
	cancel()
	if err := <-served; err != nil {
		b.Error(err)
	}
}

// BenchmarkRealCodecs is the small unary call over a loopback socket, by format.
func BenchmarkRealCodecs(b *testing.B) {
	for name, ask := range map[string][2]string{
		"openai":    {chatPath, request("small", "tell me about tides", `,"max_tokens":60`)},
		"responses": {"/v1/responses", `{"model":"small","input":"tell me about tides","max_output_tokens":60}`},
		"anthropic": {"/v1/messages", request("small", "tell me about tides", `,"max_tokens":60`)},
	} {
		b.Run(name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			dial := func(context.Context) (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
			overWire(b, sim.New(realOptions()), l, dial, ask[0], ask[1])
		})
	}
}
