package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// timing is how the mock behaves until it is told otherwise.
type timing struct {
	latency  time.Duration // before the first byte of an answer
	interval time.Duration // between the chunks of a stream
	chunks   int           // of a stream
}

// query writes t as the query of the mock's /timing.
func (t timing) query() string {
	return url.Values{
		"latency":  {t.latency.String()},
		"interval": {t.interval.String()},
		"chunks":   {strconv.Itoa(t.chunks)},
	}.Encode()
}

func parseTiming(query string) (timing, error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return timing{}, err
	}
	latency, err1 := time.ParseDuration(q.Get("latency"))
	interval, err2 := time.ParseDuration(q.Get("interval"))
	chunks, err3 := strconv.Atoi(q.Get("chunks"))
	return timing{latency, interval, chunks}, errors.Join(err1, err2, err3)
}

// mock is a provider: OpenAI's chat completions and Anthropic's messages, plain
// and streamed. It answers on the bare connection, because whatever it uses of the
// machine is lost to the measurement.
type mock struct {
	timing            atomic.Pointer[timing]
	openAI, anthropic dialect
}

func newMock(t timing) *mock {
	m := &mock{openAI: openAI(), anthropic: anthropic()}
	m.timing.Store(&t)
	return m
}

// serve answers the connections that l accepts, until l is closed.
func (m *mock) serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept a connection: %w", err)
		}
		go m.serveConn(c)
	}
}

// caller is one connection to the mock; its buffers are used again and again.
type caller struct {
	*mock
	conn    net.Conn
	request message
	body    []byte
	out     []byte
	id      []byte
}

func (m *mock) serveConn(conn net.Conn) {
	defer conn.Close()
	br := bufio.NewReaderSize(conn, 16<<10)
	c := &caller{mock: m, conn: conn}
	take := func(piece []byte) { c.body = append(c.body, piece...) }
	for {
		if _, err := br.Peek(1); err != nil {
			return
		}
		began := time.Now()
		if c.request.readHead(br) != nil {
			return
		}
		c.body = c.body[:0]
		if c.request.chunked || c.request.length > 0 {
			if c.request.readBody(br, take) != nil {
				return
			}
		}
		if c.answer(began) != nil || c.request.close {
			return
		}
	}
}

// answer writes the answer to the request at hand. Its error is the connection's.
func (c *caller) answer(began time.Time) error {
	_, target, _ := bytes.Cut(c.request.first, []byte(" "))
	target, _, _ = bytes.Cut(target, []byte(" "))
	path, query, _ := bytes.Cut(target, []byte("?"))
	var d *dialect
	switch string(path) {
	case "/v1/chat/completions":
		d = &c.openAI
	case "/v1/messages":
		d = &c.anthropic
	case "/timing":
		t, err := parseTiming(string(query))
		if err != nil {
			return c.plain("400 Bad Request", text{before: `{"error":{"message":"timing not understood"}}`})
		}
		c.timing.Store(&t)
		return c.plain("200 OK", text{before: "{}"})
	default:
		return c.plain("404 Not Found", text{before: `{"error":{"message":"no such path","type":"invalid_request_error"}}`})
	}

	t := c.timing.Load()
	if t.latency > 0 {
		time.Sleep(t.latency)
	}
	c.id = appendID(c.id[:0], time.Since(began))
	if !asks(c.body, `"stream":`) {
		return c.plain("200 OK", d.answer)
	}
	return c.stream(d, *t, asks(c.body, `"include_usage":`))
}

// asks reports whether key is followed by true in a request. It does not parse the
// JSON: in a string the key's quotes would be escaped, so that it does not match.
func asks(body []byte, key string) bool {
	_, rest, ok := bytes.Cut(body, []byte(key))
	return ok && bytes.HasPrefix(bytes.TrimLeft(rest, " "), []byte("true"))
}

// appendID writes the time that the mock took, in microseconds, as digits of the
// id, so that a gateway's own time can be told from its upstream's.
func appendID(b []byte, took time.Duration) []byte {
	digits := strconv.AppendInt(make([]byte, 0, 20), took.Microseconds(), 10)
	for range idDigits - len(digits) {
		b = append(b, '0')
	}
	return append(b, digits...)
}

func (c *caller) plain(status string, body text) error {
	b := append(c.out[:0], "HTTP/1.1 "...)
	b = append(b, status...)
	b = append(b, "\r\nContent-Type: application/json\r\nX-Request-Id: req_bench\r\nOpenai-Processing-Ms: 60\r\nX-Ratelimit-Remaining-Requests: 9999\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(body.len()), 10)
	b = append(b, "\r\n\r\n"...)
	c.out = body.append(b, c.id)
	_, err := c.conn.Write(c.out)
	return err
}

// stream writes the events, each as an HTTP chunk. What a provider sends at one
// moment goes out in one write: what begins the stream with the first chunk, and
// all that ends it.
func (c *caller) stream(d *dialect, t timing, usage bool) error {
	c.out = append(c.out[:0], "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\nX-Request-Id: req_bench\r\nTransfer-Encoding: chunked\r\n\r\n"...)
	for _, e := range d.begin {
		c.event(e)
	}
	next := time.Now()
	for i := range t.chunks {
		if i > 0 && t.interval > 0 {
			next = next.Add(t.interval) // a late chunk does not make the later ones late
			time.Sleep(time.Until(next))
		}
		c.event(d.chunk)
		if err := c.flush(); err != nil {
			return err
		}
	}
	for i, e := range d.end {
		if usage && i == len(d.end)-1 && d.usage.len() > 0 {
			c.event(d.usage)
		}
		c.event(e)
	}
	c.out = append(c.out, "0\r\n\r\n"...)
	return c.flush()
}

func (c *caller) event(t text) {
	c.out = strconv.AppendInt(c.out, int64(t.len()), 16)
	c.out = append(c.out, "\r\n"...)
	c.out = t.append(c.out, c.id)
	c.out = append(c.out, "\r\n"...)
}

func (c *caller) flush() error {
	_, err := c.conn.Write(c.out)
	c.out = c.out[:0]
	return err
}
