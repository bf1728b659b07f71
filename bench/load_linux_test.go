package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestRequest(t *testing.T) {
	for name, a := range map[string]ask{
		"chat completions":  {Model: "m", Key: "k", Size: 2048},
		"a streamed chat":   {Model: "m", Key: "k", Size: 2048, Stream: true},
		"messages":          {Model: "m", Key: "k", Size: 2048, Anthropic: true},
		"streamed messages": {Model: "m", Key: "k", Size: 2048, Anthropic: true, Stream: true},
	} {
		b, err := a.request("host:1")
		if err != nil {
			t.Fatal(err)
		}
		head, body, _ := strings.Cut(string(b), "\r\n\r\n")
		if len(body) != a.Size || !json.Valid([]byte(body)) {
			t.Errorf("%s: a body of %d bytes, want %d of JSON", name, len(body), a.Size)
		}
		if strings.Contains(head, "x-api-key: k") != a.Anthropic || strings.Contains(head, "Bearer k") == a.Anthropic {
			t.Errorf("%s: the key is missing:\n%s", name, head)
		}
		if asks(b, `"stream":`) != a.Stream || asks(b, `"include_usage":`) != (a.Stream && !a.Anthropic) {
			t.Errorf("%s: asks for the wrong thing: %s", name, body)
		}
		if bytes.Count(b, []byte(serial)) != 1 {
			t.Errorf("%s: want one place for the serial", name)
		}
	}
}

func TestClient(t *testing.T) {
	whole := `{"id":"chatcmpl-000000042","content":"` + lastWords + `","usage":{}}`
	stream := ask{Stream: true, Chunks: 2}
	event := "data: {\"content\":\"" + word + "\"}\n\n"
	tests := map[string]struct {
		ask    ask
		status int
		body   string
		bad    string // part of the error
	}{
		"a whole answer":                   {ask{}, 200, whole, ""},
		"an answer cut short":              {ask{}, 200, whole[:len(whole)-2], "not whole"},
		"an answer without usage":          {ask{}, 200, `{"content":"` + lastWords + `"}`, "not whole"},
		"a whole answer with a bad status": {ask{}, 503, whole, "status 503"},
		"a whole stream":                   {stream, 200, event + event + "data: [DONE]\n\n", ""},
		"a stream without its end":         {stream, 200, event + event, "no end"},
		"a stream that lacks a chunk":      {stream, 200, event + "data: [DONE]\n\n", "1 of the stream's 2"},
		"Anthropic's end":                  {ask{Stream: true, Chunks: 1, Anthropic: true}, 200, event + "event: message_stop\ndata: {}\n\n", ""},
		"OpenAI's end at Anthropic's":      {ask{Stream: true, Chunks: 1, Anthropic: true}, 200, event + "data: [DONE]\n\n", "no end"},
	}
	for name, tt := range tests {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil || !bytes.Contains(b, []byte("00000123")) {
				t.Errorf("%s: the request's number is missing (%v): %s", name, err, b)
			}
			w.WriteHeader(tt.status)
			for line := range strings.Lines(tt.body) {
				fmt.Fprint(w, line)
				w.(http.Flusher).Flush()
			}
		}))
		addr := srv.Listener.Addr().String()
		request, err := tt.ask.request(addr)
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(addr, tt.ask, request)
		a, err := c.do(123)
		switch {
		case tt.bad == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.bad != "" && (err == nil || !strings.Contains(err.Error(), tt.bad)):
			t.Errorf("%s: error %v, want %q in it", name, err, tt.bad)
		case tt.bad != "" && c.conn != nil:
			t.Errorf("%s: the connection was kept", name)
		case a.first.IsZero() || a.last.Before(a.first):
			t.Errorf("%s: first at %v, last at %v", name, a.first, a.last)
		case tt.bad == "" && tt.body == whole && a.upstream != 42*time.Microsecond:
			t.Errorf("%s: the upstream took %v, want 42us", name, a.upstream)
		}
		c.close()
		srv.Close()
	}
}

// Every request that is begun is finished and counted, and every answer is whole.
func TestRun(t *testing.T) {
	addr := startMock(t, timing{chunks: 4})
	openAI := ask{Model: "m", Size: 512}
	tests := map[string]struct {
		plan plan
		done int // 0: at least one
	}{
		"closed loop":          {plan{Ask: openAI, Conns: 4, Duration: 20 * time.Millisecond}, 0},
		"open loop":            {plan{Ask: openAI, Conns: 8, Rate: 2000, Duration: 20 * time.Millisecond}, 40},
		"one connection":       {plan{Ask: openAI, Conns: 1, Rate: 1000, Duration: 20 * time.Millisecond}, 20},
		"streams":              {plan{Ask: ask{Size: 512, Stream: true, Chunks: 4}, Conns: 8, Rate: 1000, Duration: 20 * time.Millisecond}, 20},
		"streams, Anthropic's": {plan{Ask: ask{Size: 512, Stream: true, Chunks: 4, Anthropic: true}, Conns: 2, Duration: 20 * time.Millisecond}, 0},
	}
	for name, tt := range tests {
		tt.plan.Addr = addr
		res, err := tt.plan.run()
		if err != nil {
			t.Fatal(err)
		}
		if res.Errors != 0 || res.Done == 0 || (tt.done != 0 && res.Done != tt.done) {
			t.Errorf("%s: %d done, %d errors (%s); want %d done", name, res.Done, res.Errors, res.Error, tt.done)
		}
		if res.Latency.N != res.Done || res.Overhead.N != res.Done {
			t.Errorf("%s: %d latencies and %d overheads of %d", name, res.Latency.N, res.Overhead.N, res.Done)
		}
		if (res.Gap.N == res.Done) != tt.plan.Ask.Stream {
			t.Errorf("%s: %d gaps of %d", name, res.Gap.N, res.Done)
		}
	}
}

func TestRunAgainstNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	res, err := plan{Addr: l.Addr().String(), Conns: 2, Duration: time.Minute}.run()
	if err != nil || res.Done != 0 || res.Errors == 0 || res.Error == "" {
		t.Errorf("a dead target: %+v, %v; want errors, told, and an early end", res, err)
	}
}

func TestProxyPassesOn(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	upstream := startMock(t, timing{chunks: 3})
	done := make(chan error, 1)
	go func() { done <- serveProxy(l, upstream) }()
	for _, a := range []ask{{Size: 512}, {Size: 512, Stream: true, Chunks: 3}} {
		res, err := plan{Addr: l.Addr().String(), Ask: a, Conns: 2, Rate: 500, Duration: 20 * time.Millisecond}.run()
		if err != nil || res.Done != 10 {
			t.Errorf("%+v: %+v, %v; want 10 done", a, res, err)
		}
	}
	l.Close()
	<-done // always an error: the listener was closed
}
