package sim_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/sim"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

// overTCP starts s on a real socket and returns its address.
func overTCP(t *testing.T, s *sim.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

// raw is what a client without any HTTP library sees.
type raw struct {
	status int
	header http.Header
	body   string // as far as it came
	err    error  // how the body ended; nil: in good order
	conn   net.Conn
}

// ask sends a request by hand and reads the answer, until it ends or, with stop
// not empty, until the body holds stop.
func ask(t *testing.T, conn net.Conn, body, faultHeader, stop string) raw {
	t.Helper()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: sim\r\nX-Sim-Fault: %s\r\nContent-Length: %d\r\n\r\n%s", chatPath, faultHeader, len(body), body)
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: "POST"})
	if err != nil {
		return raw{err: err, conn: conn}
	}
	out := raw{status: resp.StatusCode, header: resp.Header, conn: conn}
	var got bytes.Buffer
	buf := make([]byte, 1024)
	for {
		n, err := resp.Body.Read(buf)
		got.Write(buf[:n])
		if err == io.EOF {
			err, out.body = nil, got.String()
			return out
		}
		if err != nil || stop != "" && strings.Contains(got.String(), stop) {
			out.err, out.body = err, got.String()
			return out
		}
	}
}

func dialTCP(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

const (
	whole    = ""
	streamed = `,"stream":true,"stream_options":{"include_usage":true}`
)

func TestEveryFaultByARawClient(t *testing.T) {
	address := overTCP(t, sim.New(options()))
	contains := func(parts ...string) func(*testing.T, raw) {
		return func(t *testing.T, r raw) {
			for _, p := range parts {
				if !strings.Contains(r.body, p) {
					t.Errorf("body lacks %q: %.300s", p, r.body)
				}
			}
		}
	}
	clean := func(t *testing.T, r raw) {
		if r.err != nil {
			t.Errorf("the body ended with %v", r.err)
		}
	}
	truncated := func(t *testing.T, r raw) {
		if r.err == nil || r.body == "" || strings.Contains(r.body, "[DONE]") {
			t.Errorf("error %v, body %.200q", r.err, r.body)
		}
	}
	reset := func(t *testing.T, r raw) {
		if !errors.Is(r.err, syscall.ECONNRESET) {
			t.Errorf("the connection ended with %v; want a reset", r.err)
		}
	}
	usages := func(n int) func(*testing.T, raw) {
		return func(t *testing.T, r raw) {
			if got := strings.Count(r.body, `"usage"`); got != n {
				t.Errorf("usage %d times; want %d", got, n)
			}
		}
	}
	type check = func(*testing.T, raw)
	tests := []struct {
		fault, more string
		status      int
		stop        string
		checks      []check
	}{
		{"rate_limit", whole, 429, "", []check{clean, contains("rate_limit_exceeded"), func(t *testing.T, r raw) {
			if r.header.Get("retry-after") != "2" {
				t.Errorf("retry-after %q", r.header.Get("retry-after"))
			}
		}}},
		{"rate_limit,retry_after=none", whole, 429, "", []check{func(t *testing.T, r raw) {
			if r.header.Get("retry-after") != "" {
				t.Errorf("retry-after %q", r.header.Get("retry-after"))
			}
		}}},
		{"quota", whole, 429, "", []check{contains("insufficient_quota")}},
		{"error_500", whole, 500, "", []check{contains("server_error")}},
		{"error_503", streamed, 503, "", []check{clean}},
		{"overloaded_529", whole, 529, "", []check{contains("verloaded")}},
		{"auth_401", whole, 401, "", []check{contains("invalid_api_key")}},
		{"bad_gateway_html", whole, 502, "", []check{contains("<html>")}},
		{"context_length", whole, 400, "", []check{contains("context_length_exceeded", "maximum context length")}},
		{"content_filter", whole, 200, "", []check{contains(`"finish_reason":"content_filter"`)}},
		{"content_filter,as=refusal", streamed, 200, "", []check{contains(`"refusal":"I"`)}},
		{"content_filter,as=error", whole, 400, "", []check{contains("content_filter")}},
		{"reset", whole, 0, "", []check{reset}},
		{"reset_mid", streamed, 200, "", []check{reset}},
		{"reset_mid", whole, 200, "", []check{reset}},
		{"empty", whole, 200, "", []check{clean, func(t *testing.T, r raw) {
			if r.body != "" {
				t.Errorf("body %q", r.body)
			}
		}}},
		{"bad_json", whole, 200, "", []check{clean, func(t *testing.T, r raw) {
			if r.body == "" || json.Valid([]byte(r.body)) {
				t.Errorf("body %q", r.body)
			}
		}}},
		{"cut", streamed, 200, "", []check{clean, contains("data: "), func(t *testing.T, r raw) {
			if strings.Contains(r.body, "finish_reason\":\"") || strings.Contains(r.body, "[DONE]") {
				t.Error("the stream is complete")
			}
		}}},
		{"cut,after=3", streamed, 200, "", []check{clean, func(t *testing.T, r raw) {
			if n := strings.Count(r.body, "data: "); n != 3 {
				t.Errorf("%d events; want 3", n)
			}
		}}},
		{"cut", whole, 200, "", []check{clean, func(t *testing.T, r raw) {
			if r.body == "" || json.Valid([]byte(r.body)) {
				t.Errorf("body %q", r.body)
			}
		}}},
		{"cut_hard", streamed, 200, "", []check{truncated}},
		{"cut_hard", whole, 200, "", []check{truncated}},
		{"malformed", streamed, 200, "", []check{clean, contains("[DONE]"), func(t *testing.T, r raw) {
			bad := 0
			_ = sse.Events(strings.NewReader(r.body), func(_ string, data []byte) bool {
				if !json.Valid(data) && string(data) != "[DONE]" {
					bad++
				}
				return true
			})
			if bad != 1 {
				t.Errorf("%d broken events; want 1", bad)
			}
		}}},
		{"no_terminator", streamed, 200, "", []check{clean, contains(`"finish_reason":"stop"`, `"usage"`), func(t *testing.T, r raw) {
			if strings.Contains(r.body, "[DONE]") {
				t.Error("the terminator is there")
			}
		}}},
		{"error_event", streamed, 200, "", []check{clean, contains(`"error"`, "verloaded"), func(t *testing.T, r raw) {
			if strings.Contains(r.body, "[DONE]") || strings.Contains(r.body, `"finish_reason":"stop"`) {
				t.Error("the stream looks complete")
			}
		}}},
		{"no_usage", streamed, 200, "", []check{usages(0)}},
		{"no_usage", whole, 200, "", []check{usages(0)}},
		{"duplicate_usage", streamed, 200, "", []check{usages(2)}},
		{"usage_every_chunk", streamed, 200, "", []check{func(t *testing.T, r raw) {
			if n := strings.Count(r.body, `"usage"`); n < 5 {
				t.Errorf("usage only %d times", n)
			}
		}}},
		{"padding", streamed, 200, "", []check{contains(`"obfuscation":"`, "[DONE]")}},
		{"unknown_event", streamed, 200, "", []check{contains("sim.unknown", "[DONE]")}},
		{"huge,size=1", whole, 200, "", []check{clean, func(t *testing.T, r raw) {
			if len(r.body) < 1<<20 {
				t.Errorf("only %d bytes", len(r.body))
			}
		}}},
		{"huge,size=1", streamed, 200, "", []check{clean, contains("[DONE]"), func(t *testing.T, r raw) {
			if len(r.body) < 1<<20 {
				t.Errorf("only %d bytes", len(r.body))
			}
		}}},
		{"trickle,delay=1us", whole, 200, "", []check{clean, contains(`"finish_reason":"stop"`)}},
		{"slow_first_token,delay=1ms", streamed, 200, "", []check{clean, contains("[DONE]")}},
		{"stall", streamed, 200, "data: ", []check{contains("data: ")}},
	}
	struck := map[string]bool{"silence": true, "flapping": true, "wrong_usage": true} // tested below
	for _, tt := range tests {
		struck[strings.Split(tt.fault, ",")[0]] = true
		name := tt.fault
		if tt.more != "" {
			name += " streamed"
		}
		t.Run(name, func(t *testing.T) {
			r := ask(t, dialTCP(t, address), request("small", "tell me of faults", tt.more), tt.fault, tt.stop)
			if r.status != tt.status {
				t.Fatalf("status %d (%v), body %.200s; want %d", r.status, r.err, r.body, tt.status)
			}
			for _, check := range tt.checks {
				check(t, r)
			}
		})
	}
	for _, info := range sim.Faults() {
		if !struck[info.Name] {
			t.Errorf("fault %s is not tested", info.Name)
		}
	}
}

func TestWrongUsageDoubles(t *testing.T) {
	s := sim.New(options())
	body := request("small", "count", "")
	right, wrong := answerOf(t, post(t, s, chatPath, body)), answerOf(t, post(t, s, chatPath, body, "x-sim-fault", "wrong_usage"))
	if wrong.Usage.Total != 2*right.Usage.Total || wrong.Choices[0].Message.Content != right.Choices[0].Message.Content {
		t.Errorf("right %+v, wrong %+v", right.Usage, wrong.Usage)
	}
}

func TestBadWishesAreRefused(t *testing.T) {
	s := sim.New(options())
	for _, h := range [][2]string{
		{"x-sim-fault", "nonsense"}, {"x-sim-fault", "cut,when=3"}, {"x-sim-fault", "cut,after=x"}, {"x-sim-fault", "trickle,delay=-1s"},
		{"x-sim-fault", "huge,size=9999"}, {"x-sim-fault", "content_filter,as=x"}, {"x-sim-fault", "rate_limit,retry_after=soon"},
		{"x-sim-latency", "soon"}, {"x-sim-rate", "0"}, {"x-sim-rate", "NaN"}, {"x-sim-seed", "-1"}, {"x-sim-tokens", "0"}, {"x-sim-tokens", "99999999"},
		{"x-sim-chunks", "bytes:0"}, {"x-sim-chunks", "random"}, {"x-sim-chunks", "lines"},
	} {
		if w := post(t, s, chatPath, request("small", "x", ""), h[0], h[1]); w.Code != 400 {
			t.Errorf("%s: %s gives %d", h[0], h[1], w.Code)
		}
	}
}

// inBubble runs f against a simulator on an in-memory listener, under fake time.
func inBubble(t *testing.T, change func(*sim.Options), f func(t *testing.T, c *http.Client, s *sim.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := options()
		o.Now, o.Instant = time.Now, false
		if change != nil {
			change(&o)
		}
		s := sim.New(o)
		f(t, serve(t, s), s)
	})
}

func TestPace(t *testing.T) {
	tests := map[string]struct {
		more    string
		headers []string
		low     time.Duration
		high    time.Duration
	}{
		"the first token is late, unary":        {whole, []string{"x-sim-latency", "800ms", "x-sim-rate", "100", "x-sim-tokens", "50"}, 1300 * time.Millisecond, 1301 * time.Millisecond},
		"a stream keeps its rate":               {streamed, []string{"x-sim-latency", "1s", "x-sim-rate", "80", "x-sim-tokens", "400"}, 5500 * time.Millisecond, 6500 * time.Millisecond},
		"without wishes, as the model's temper": {streamed, []string{"x-sim-tokens", "120"}, 700 * time.Millisecond, 3 * time.Second},
		"slow first token":                      {streamed, []string{"x-sim-fault", "slow_first_token", "x-sim-rate", "1e6", "x-sim-tokens", "1"}, 30 * time.Second, 30100 * time.Millisecond},
		"trickle":                               {whole, []string{"x-sim-fault", "trickle,delay=1s", "x-sim-latency", "0", "x-sim-rate", "1e6", "x-sim-tokens", "1"}, 150 * time.Second, 400 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, c *http.Client, _ *sim.Server) {
				start := time.Now()
				if _, _, err := do(t, c, request("small", "pace", tt.more), tt.headers...); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took < tt.low || took > tt.high {
					t.Errorf("took %v; want %v to %v", took, tt.low, tt.high)
				}
			})
		})
	}
}

func TestWaitsEndWhenTheCallerLeaves(t *testing.T) {
	for _, h := range [][]string{
		{"x-sim-latency", "1h"}, {"x-sim-fault", "silence"}, {"x-sim-fault", "stall"}, {"x-sim-fault", "trickle,delay=1h"},
		{"x-sim-fault", "slow_first_token,delay=1h"}, {"x-sim-rate", "0.001"},
	} {
		t.Run(strings.Join(h, " "), func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, c *http.Client, s *sim.Server) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				r, err := http.NewRequestWithContext(ctx, "POST", "http://sim"+chatPath, strings.NewReader(request("small", "x", streamed)))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set(h[0], h[1])
				if resp, err := c.Do(r); err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("the body ended with %v", err)
					}
				}
				synctest.Wait()
				if got := s.Stats(); got.Aborted != 1 || got.Active != 0 {
					t.Errorf("aborted %d, active %d", got.Aborted, got.Active)
				}
			})
		})
	}
}

func TestServeEndsInFlightCalls(t *testing.T) {
	for name, tt := range map[string]string{"silence": whole, "stall": streamed, "trickle,delay=1h": streamed} {
		t.Run(name, func(t *testing.T) { serveEnds(t, name, tt) })
	}
}

func serveEnds(t *testing.T, name, tt string) {
	synctest.Test(t, func(t *testing.T) {
		o := options()
		o.Now = time.Now
		s := sim.New(o)
		pipe := sim.NewPipe()
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx, pipe) }()
		conn, err := pipe.Dial(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		answered := make(chan raw, 1)
		go func() { answered <- ask(t, conn, request("small", "x", tt), name, "") }()
		synctest.Wait()
		start := time.Now()
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if r := <-answered; r.err == nil {
			t.Errorf("the call ended in good order: %d %q", r.status, r.body)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("stopping took %v", took)
		}
		if _, err := pipe.Dial(t.Context()); err == nil {
			t.Error("the listener is still open")
		}
	})
}

func TestFlapping(t *testing.T) {
	now := epoch
	o := options()
	o.Now = func() time.Time { return now }
	s := sim.New(o)
	var got []int
	for range 6 {
		got = append(got, post(t, s, chatPath, request("small", "x", ""), "x-sim-fault", "flapping,period=10s").Code)
		now = now.Add(5 * time.Second)
	}
	if diff := cmp.Diff([]int{200, 200, 503, 503, 200, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestScript(t *testing.T) {
	run := func(t *testing.T, text string, seconds int, models ...string) (got []int) {
		script, err := sim.ParseScript([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		now := epoch
		o := options()
		o.Now, o.Script = func() time.Time { return now }, script
		s := sim.New(o)
		for _, m := range models {
			got = append(got, post(t, s, chatPath, request(m, "x", "")).Code)
			now = now.Add(time.Duration(seconds) * time.Second)
		}
		return got
	}
	small := strings.Fields(strings.Repeat("small ", 6))
	tests := map[string]struct {
		script string
		models []string
		want   []int
	}{
		"after some calls":  {"rules:\n- match: {after_calls: 4}\n  fault: error_500\n", small, []int{200, 200, 200, 200, 500, 500}},
		"every third":       {"rules:\n- match: {every: 3}\n  fault: error_500\n", small, []int{200, 200, 500, 200, 200, 500}},
		"one model":         {"rules:\n- match: {model: lar*}\n  fault: error_500\n", []string{"small", "large", "sim/large"}, []int{200, 500, 500}},
		"a window of time":  {"rules:\n- match: {from: 10, to: 25s}\n  fault: error_503\n", small, []int{200, 503, 503, 200, 200, 200}},
		"the first rule":    {"rules:\n- {match: {path: /chat/completions}, fault: rate_limit, params: {retry_after: 5}}\n- {fault: error_500}\n", small[:1], []int{429}},
		"another path":      {"rules:\n- {match: {path: /embeddings}, fault: rate_limit}\n", small[:1], []int{200}},
		"never by chance":   {"rules:\n- {match: {probability: 0}, fault: error_500}\n", small, []int{200, 200, 200, 200, 200, 200}},
		"always by chance":  {"rules:\n- {match: {probability: 1}, fault: error_500}\n", small[:2], []int{500, 500}},
		"an empty document": {"", small[:1], []int{200}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, run(t, tt.script, 10, tt.models...)); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("chance is seeded", func(t *testing.T) {
		const half = "rules:\n- {match: {probability: 0.5}, fault: error_500}\n"
		many := strings.Fields(strings.Repeat("small ", 200))
		a, b := run(t, half, 1, many...), run(t, half, 1, many...)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("two runs differ:\n%s", diff)
		}
		failed := 0
		for _, code := range a {
			if code == 500 {
				failed++
			}
		}
		if failed < 70 || failed > 130 {
			t.Errorf("%d of 200 failed", failed)
		}
	})
	t.Run("mistakes are found", func(t *testing.T) {
		for _, text := range []string{
			"rules:\n- {fault: nonsense}", "rules:\n- {fault: cut, params: {x: 1}}", "rules:\n- {fault: cut, match: {probability: 2}}",
			"rules:\n- {fault: cut, match: {from: 9, to: 3}}", "rules:\n- {fault: cut, match: {model: '['}}", "rules:\n- {fault: cut, typo: 1}", "rules: 7", "\t{",
		} {
			if _, err := sim.ParseScript([]byte(text)); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}

func FuzzScript(f *testing.F) {
	f.Add("rules:\n- match: {model: 'sim/*', path: /x, after_calls: 1, every: 2, probability: 0.5, from: 1, to: 2s}\n  fault: rate_limit\n  params: {retry_after: 3}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := sim.ParseScript([]byte(text)); (s == nil) == (err == nil) {
			t.Errorf("script %v, error %v", s, err)
		}
	})
}

func TestFaultsInOtherFormats(t *testing.T) {
	anthropic := [][]byte{
		[]byte("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3}}}\n\n"),
		[]byte("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\"}}\n\n"),
		[]byte("event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":1}}\n\n"),
		[]byte("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
	}
	bedrock := [][]byte{
		sim.BinaryFrame("contentBlockDelta", `{"delta":{"text":"a"}}`),
		sim.BinaryFrame("messageStop", `{"stopReason":"end_turn"}`),
		sim.BinaryFrame("metadata", `{"usage":{"inputTokens":3,"outputTokens":1}}`),
	}
	gemini := [][]byte{
		[]byte("data: {\"candidates\":[{\"content\":1}],\"usageMetadata\":{\"promptTokenCount\":3}}\n\n"),
		[]byte("data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":2}}\n\n"),
	}
	responses := [][]byte{
		[]byte("event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n"),
		[]byte("event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"output_tokens\":1}}}\n\n"),
	}
	tests := map[string]struct {
		format llm.Format
		in     [][]byte
		fault  string
		want   []string // the payloads
	}{
		"anthropic without terminator": {llm.AnthropicMessages, anthropic[2:], "no_terminator", []string{`{"type":"message_delta","usage":{"output_tokens":1}}`}},
		"anthropic without usage":      {llm.AnthropicMessages, anthropic[:1], "no_usage", []string{`{"type":"message_start","message":{}}`}},
		"anthropic usage twice":        {llm.AnthropicMessages, anthropic[2:], "duplicate_usage", []string{`{"type":"message_delta","usage":{"output_tokens":1}}`, `{"type":"message_delta","usage":{"output_tokens":1}}`, `{"type":"message_stop"}`}},
		"anthropic running usage":      {llm.AnthropicMessages, anthropic[1:3], "usage_every_chunk", []string{`{"type":"content_block_delta","delta":{"text":"a"}}`, `{"type":"message_delta","delta":{"stop_reason":null,"stop_sequence":null},"usage":{"output_tokens":1}}`, `{"type":"message_delta","usage":{"output_tokens":1}}`}},
		"anthropic unknown event":      {llm.AnthropicMessages, anthropic[3:], "unknown_event,after=0", []string{`{"type":"sim.unknown","note":"skip me"}`, `{"type":"message_stop"}`}},
		"bedrock without terminator":   {llm.BedrockConverse, bedrock, "no_terminator", []string{`{"delta":{"text":"a"}}`, `{"stopReason":"end_turn"}`}},
		"bedrock without usage":        {llm.BedrockConverse, bedrock[2:], "no_usage", []string{`{}`}},
		"bedrock malformed":            {llm.BedrockConverse, bedrock, "malformed,after=1", []string{`{"delta":{"text":"a"}}`, `{"stopReason":"end_turn"}`, `{"usage":{"inputTokens":3,"outputTokens":1}}`}},
		"bedrock cut":                  {llm.BedrockConverse, bedrock, "cut,after=1", []string{`{"delta":{"text":"a"}}`}},
		"gemini usage twice":           {llm.GeminiGenerate, gemini[1:], "duplicate_usage", []string{`{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}`, `{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}`}},
		"gemini without usage":         {llm.GeminiGenerate, gemini[:1], "no_usage", []string{`{"candidates":[{"content":1}]}`}},
		"responses without terminator": {llm.OpenAIResponses, responses, "no_terminator", []string{`{"type":"response.output_text.delta","delta":"a"}`}},
		"responses without usage":      {llm.OpenAIResponses, responses[1:], "no_usage", []string{`{"type":"response.completed","response":{}}`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := sim.ParseFault(tt.fault)
			if err != nil {
				t.Fatal(err)
			}
			bent, _ := sim.Bend(f, tt.format, tt.in)
			var got []string
			for _, b := range bent {
				if tt.format == llm.BedrockConverse {
					_, payload, ok := sim.ReadBinary(b)
					if !ok {
						t.Fatalf("frame %x", b)
					}
					got = append(got, payload)
					continue
				}
				_ = sse.Events(bytes.NewReader(b), func(_ string, data []byte) bool {
					got = append(got, string(data))
					return true
				})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("payloads (-want +got):\n%s", diff)
			}
		})
	}
	if got := string(sim.AsArray(gemini, true)); !json.Valid([]byte(got)) || !strings.HasPrefix(got, `[{"candidates"`) {
		t.Errorf("array %s", got)
	}
	if got := sim.AsArray(gemini, false); json.Valid(got) {
		t.Errorf("array without its end is whole: %s", got)
	}
}

func FuzzBend(f *testing.F) {
	f.Add([]byte("event: x\ndata: {\"usage\":{}}\n\n"), uint8(1), uint8(0))
	f.Add(sim.BinaryFrame("metadata", `{"usage":{"a":1}}`), uint8(3), uint8(4))
	f.Add([]byte("\n"), uint8(13), uint8(0))
	formats := []llm.Format{llm.OpenAIChat, llm.AnthropicMessages, llm.GeminiGenerate, llm.OpenAIResponses, llm.BedrockConverse}
	f.Fuzz(func(t *testing.T, event []byte, name, format uint8) {
		faults := sim.Faults()
		fl := &sim.Fault{Name: faults[int(name)%len(faults)].Name}
		in := [][]byte{event, event, event}
		if len(event) == 0 {
			in = nil
		}
		out, _ := sim.Bend(fl, formats[int(format)%len(formats)], in)
		if len(out) > 3*len(in) {
			t.Errorf("%d events became %d", len(in), len(out))
		}
	})
}

var update = flag.Bool("update", false, "write generated files anew")

func TestTheManualListsTheFaults(t *testing.T) {
	const page, begin, end = "../../docs/how-to/simulator.md", "<!-- faults: generated by go test ./internal/sim -update -->\n", "<!-- end of faults -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	got, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", page)
	}
	want := "| fault | parameters | what happens |\n|---|---|---|\n"
	for _, f := range sim.Faults() {
		var params []string
		for _, p := range f.Params {
			params = append(params, fmt.Sprintf("`%s`=%s: %s", p.Name, p.Default, p.What))
		}
		want += fmt.Sprintf("| `%s` | %s | %s |\n", f.Name, strings.Join(params, "; "), f.What)
	}
	if *update {
		if err := os.WriteFile(page, []byte(head+begin+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s is stale; run go test ./internal/sim -update (-want +got):\n%s", page, diff)
	}
}
