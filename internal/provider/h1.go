package provider

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"
)

// h1 is a lean HTTP/1.1 client for one upstream origin without TLS: a self-hosted
// model, a mock, the built-in simulator. It exists because net/http's Transport
// hands each exchange through two goroutines, which costs more than all the rest
// of a call (docs/decisions/0004-own-http1-client.md). Upstreams with TLS go
// through Transport, with HTTP/2.
type h1 struct {
	host    string // Host header
	dial    func(ctx context.Context) (net.Conn, error)
	maxIdle int
	idleFor time.Duration
	now     func() time.Time

	mu   sync.Mutex
	idle []*h1conn // the last one was used last
}

type h1conn struct {
	net.Conn
	br    *bufio.Reader
	head  []byte // request under construction
	since time.Time
}

// justUsed is how long a connection is taken to be open without a look: an
// upstream that closed it so soon is found out when it is used.
const justUsed = 2 * time.Millisecond

const (
	maxHeadLine  = 16 << 10
	maxHeadBytes = 64 << 10
)

// errHead is a response head that is not HTTP/1.x.
var errHead = errors.New("malformed response head")

// get takes an idle connection that is still open, or dials.
func (c *h1) get(ctx context.Context) (conn *h1conn, reused bool, err error) {
	for {
		c.mu.Lock()
		n := len(c.idle)
		if n == 0 {
			c.mu.Unlock()
			break
		}
		conn := c.idle[n-1]
		c.idle[n-1] = nil
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		idle := c.now().Sub(conn.since)
		if idle < justUsed || idle < c.idleFor && alive(conn.Conn) {
			return conn, true, nil
		}
		_ = conn.Close()
	}
	nc, err := c.dial(ctx)
	if err != nil {
		return nil, false, err
	}
	return &h1conn{Conn: nc, br: bufio.NewReaderSize(nc, maxHeadLine)}, false, nil
}

func (c *h1) put(conn *h1conn) {
	conn.since = c.now()
	c.mu.Lock()
	if len(c.idle) < c.maxIdle {
		c.idle = append(c.idle, conn)
		conn = nil
	}
	c.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
}

// close closes the idle connections.
func (c *h1) close() {
	c.mu.Lock()
	idle := c.idle
	c.idle = nil
	c.mu.Unlock()
	for _, conn := range idle {
		_ = conn.Close()
	}
}

// roundTrip sends the request and reads the answer's head. The deadlines are set
// anew before each read: first until the head is there, then idle between reads.
func (c *h1) roundTrip(ctx context.Context, out *Outgoing, t Timeouts) (*Answer, error) {
	conn, reused, err := c.get(ctx)
	if err != nil {
		return nil, err
	}
	x := &h1exchange{client: c, conn: conn, ctx: ctx, idle: t.Idle}
	if t.Total > 0 {
		x.until = c.now().Add(t.Total)
	}
	x.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	if err := x.send(out, t.FirstToken); err != nil {
		x.abandon()
		// The upstream closed an idle connection at the moment that it was taken: not
		// a byte of an answer was seen, and a fresh connection serves.
		if reused && errors.Is(err, errIdleClosed) && ctx.Err() == nil {
			c.close()
			return c.roundTrip(ctx, out, t)
		}
		return nil, err
	}
	return x.answer(out.Method)
}

// errIdleClosed is a reused connection that ended before the first byte of an answer.
var errIdleClosed = errors.New("upstream closed an idle connection")

// h1exchange is one request and its answer on one connection.
type h1exchange struct {
	client *h1
	conn   *h1conn
	ctx    context.Context // the exchange lives as long as its call
	stop   func() bool
	idle   time.Duration
	until  time.Time // the total time-out; zero: none
	due    time.Time // the read deadline that is set

	status    int
	header    http.Header
	length    int64 // of the body; -1: unknown
	chunked   bool
	keepAlive bool
	left      int64 // of the body or the current chunk
	ended     bool
	bareLF    bool // the last line ended without CR
	over      bool // given back or closed
}

// deadline bounds the next read. One that was set a moment ago is left as it is, so
// that a stream of many small reads does not pay for each: silence ends the exchange
// after at least seven eighths of d.
func (x *h1exchange) deadline(d time.Duration) error {
	if d > 0 {
		now := x.client.now()
		if x.due.Sub(now) < d-d/8 || x.due.Sub(now) > d {
			x.due = now.Add(d)
			if !x.until.IsZero() && x.due.After(x.until) {
				x.due = x.until
			}
			_ = x.conn.SetReadDeadline(x.due)
		}
	}
	return context.Cause(x.ctx) // a cancel that came before the deadline was set
}

func (x *h1exchange) send(out *Outgoing, first time.Duration) error {
	b := x.conn.head[:0]
	b = append(b, out.Method...)
	b = append(b, ' ')
	b = append(b, out.Target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, x.client.host...)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(out.Body)), 10)
	b = append(b, "\r\n"...)
	out.eachHeader(func(name, value string) {
		b = append(b, name...)
		b = append(b, ": "...)
		b = append(b, value...)
		b = append(b, "\r\n"...)
	})
	b = append(b, "\r\n"...)
	// One write for small requests; two for those that are not worth copying.
	small := len(out.Body) <= 32<<10
	if small {
		b = append(b, out.Body...)
	}
	x.conn.head = b[:0]
	if err := x.deadline(first); err != nil {
		return err
	}
	_ = x.conn.SetWriteDeadline(x.client.now().Add(max(first, time.Minute)))
	_, err := x.conn.Write(b)
	if err == nil && !small {
		_, err = x.conn.Write(out.Body)
	}
	if err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	return x.readHead()
}

func (x *h1exchange) readHead() error {
	if _, err := x.conn.br.Peek(1); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || isReset(err) {
			return fmt.Errorf("%w: %w", errIdleClosed, err)
		}
		return fmt.Errorf("read response head: %w", err)
	}
	for {
		if err := x.readOneHead(); err != nil {
			return err
		}
		if x.status >= 200 || x.status == http.StatusSwitchingProtocols {
			return nil
		}
	}
}

func (x *h1exchange) readOneHead() error {
	line, err := x.line()
	if err != nil {
		return err
	}
	// "HTTP/1.1 200 OK"
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' {
		return errHead
	}
	x.status, err = strconv.Atoi(string(line[9:12]))
	if err != nil || x.status < 100 || len(line) > 12 && line[12] != ' ' {
		return errHead
	}
	old := line[7] != '1'
	x.keepAlive = !old
	x.header, x.length, x.chunked = make(http.Header, 12), -1, false
	for total := 0; ; {
		line, err := x.line()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			if old && x.chunked {
				return fmt.Errorf("%w: chunks in HTTP/1.0", errHead)
			}
			return nil
		}
		if total += len(line); total > maxHeadBytes {
			return fmt.Errorf("%w: over %d bytes", errHead, maxHeadBytes)
		}
		if err := x.field(line); err != nil {
			return err
		}
	}
}

// field reads one header line.
func (x *h1exchange) field(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t") {
		return errHead
	}
	v := string(bytes.TrimSpace(value))
	key := canonical(name)
	switch key {
	case "Content-Length":
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 || x.length >= 0 && x.length != n {
			return fmt.Errorf("%w: content length", errHead)
		}
		x.length = n
	case "Transfer-Encoding":
		if !strings.EqualFold(v, "chunked") {
			return fmt.Errorf("%w: transfer encoding", errHead)
		}
		x.chunked = true
	case "Connection":
		if strings.EqualFold(v, "close") {
			x.keepAlive = false
		} else if strings.EqualFold(v, "keep-alive") {
			x.keepAlive = true
		}
	default:
		x.header[key] = append(x.header[key], v)
	}
	return nil
}

// canonical is textproto's form without an allocation for the names seen most.
func canonical(name []byte) string {
	switch string(name) {
	case "Content-Type", "content-type":
		return "Content-Type"
	case "Content-Length", "content-length":
		return "Content-Length"
	case "Transfer-Encoding", "transfer-encoding":
		return "Transfer-Encoding"
	case "X-Request-Id", "x-request-id":
		return "X-Request-Id"
	case "Date", "date":
		return "Date"
	}
	return textproto.CanonicalMIMEHeaderKey(string(name))
}

func (x *h1exchange) line() ([]byte, error) {
	line, err := x.conn.br.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("%w: a line over %d bytes", errHead, maxHeadLine)
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read response head: %w", err)
	}
	line = line[:len(line)-1]
	x.bareLF = len(line) == 0 || line[len(line)-1] != '\r'
	return bytes.TrimSuffix(line, []byte{'\r'}), nil
}

// answer starts the body.
func (x *h1exchange) answer(method string) (*Answer, error) {
	switch {
	case method == http.MethodHead, x.status == http.StatusNoContent, x.status == http.StatusNotModified:
		x.length, x.chunked, x.left = 0, false, 0
		x.ended = true
	case x.chunked:
		x.length = -1 // RFC 9112, 6.3: the encoding overrides the length
	case x.length >= 0:
		x.left = x.length
		x.ended = x.length == 0
	default:
		x.keepAlive = false // until the connection closes
	}
	return &Answer{Status: x.status, Header: x.header, Length: x.length, Body: x}, nil
}

// Read reads the body. A body that ends before its length or its last chunk is
// io.ErrUnexpectedEOF.
func (x *h1exchange) Read(p []byte) (int, error) {
	if x.ended {
		return 0, io.EOF
	}
	if x.conn.br.Buffered() == 0 {
		if err := x.deadline(x.idle); err != nil {
			return 0, err
		}
	}
	switch {
	case x.chunked:
		return x.readChunk(p)
	case x.length >= 0:
		n, err := x.conn.br.Read(p[:min(int64(len(p)), x.left)])
		x.left -= int64(n)
		if x.left == 0 {
			x.ended = true
			return n, io.EOF
		}
		return n, unexpected(err)
	}
	n, err := x.conn.br.Read(p)
	if errors.Is(err, io.EOF) {
		x.ended = true
	}
	return n, err
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readChunk reads out of the current chunk, and takes as many following chunks as
// are in the buffer already, so that the end is seen with the last data.
func (x *h1exchange) readChunk(p []byte) (n int, err error) {
	for {
		if x.left == pendingCRLF {
			if n > 0 && x.conn.br.Buffered() < 2 {
				return n, nil
			}
			if err := x.crlf(); err != nil {
				return n, err
			}
			x.left = 0
		}
		if x.left == 0 {
			if n > 0 && !x.lineBuffered() {
				return n, nil
			}
			if err := x.chunkHead(); err != nil {
				return n, err
			}
			if x.ended {
				return n, io.EOF
			}
		}
		if n == len(p) || n > 0 && x.conn.br.Buffered() == 0 {
			return n, nil
		}
		k, err := x.conn.br.Read(p[n:min(int64(len(p)), int64(n)+x.left)])
		n += k
		x.left -= int64(k)
		if err != nil {
			return n, unexpected(err)
		}
		if x.left == 0 {
			x.left = pendingCRLF
		}
	}
}

// pendingCRLF in left means that a chunk's data has been read but not the line
// break behind it.
const pendingCRLF = -1

func (x *h1exchange) lineBuffered() bool {
	b, _ := x.conn.br.Peek(x.conn.br.Buffered())
	i := bytes.IndexByte(b, '\n')
	// The last chunk is "0\r\n\r\n": its second line must be there too.
	return i >= 0 && (b[0] != '0' || bytes.IndexByte(b[i+1:], '\n') >= 0)
}

func (x *h1exchange) crlf() error {
	for _, want := range "\r\n" {
		c, err := x.conn.br.ReadByte()
		if err != nil {
			return unexpected(err)
		}
		if c != byte(want) {
			return fmt.Errorf("malformed chunk")
		}
	}
	return nil
}

func (x *h1exchange) chunkHead() error {
	line, err := x.line()
	if err != nil {
		return err
	}
	if x.bareLF || bytes.IndexByte(line, '\r') >= 0 { // RFC 9112, 7.1: a bare LF in the framing is how smuggling begins
		return fmt.Errorf("malformed chunk")
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.Trim(size, " \t")), 16, 63)
	if err != nil {
		return fmt.Errorf("malformed chunk size")
	}
	if n > 0 {
		x.left = int64(n)
		return nil
	}
	for { // trailers are dropped
		line, err := x.line()
		if err != nil {
			return err
		}
		if x.bareLF {
			return fmt.Errorf("malformed trailer")
		}
		if len(line) == 0 {
			x.ended = true
			return nil
		}
	}
}

// Close ends the exchange. A body that was read to its end gives its connection
// back; any other is closed, which tells the upstream to stop.
func (x *h1exchange) Close() error {
	if x.over {
		return nil
	}
	if !x.ended || !x.keepAlive || x.conn.br.Buffered() > 0 || !x.stop() {
		x.abandon()
		return nil
	}
	x.over = true
	x.client.put(x.conn)
	return nil
}

func (x *h1exchange) abandon() {
	if !x.over {
		x.over = true
		x.stop()
		_ = x.conn.Close()
	}
}
