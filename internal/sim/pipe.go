package sim

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// pipeBuffer is how far a writer may be ahead of its reader, in bytes.
const pipeBuffer = 64 << 10

// Pipe is a net.Listener whose connections never leave the process: buffered
// like sockets, with deadlines and resets.
type Pipe struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

// NewPipe returns a listener for Serve; Dial reaches it.
func NewPipe() *Pipe { return &Pipe{conns: make(chan net.Conn), done: make(chan struct{})} }

// Dial connects, once someone accepts.
func (p *Pipe) Dial(ctx context.Context) (net.Conn, error) {
	there, back := newLane(), newLane()
	select {
	case p.conns <- &pipeConn{in: there, out: back}:
		return &pipeConn{in: back, out: there}, nil
	case <-p.done:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Addr: pipeAddr{}, Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *Pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener; connections stay open.
func (p *Pipe) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

// Addr implements net.Listener.
func (p *Pipe) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

// lane carries bytes one way.
type lane struct {
	mu     sync.Mutex
	change sync.Cond // of anything below
	buf    []byte    // from start on
	start  int
	end    error // what a reader finds after the bytes; nil: open
	broken error // what a writer finds; nil: open
	read   deadline
	write  deadline
}

// deadline passes once its timer has fired.
type deadline struct {
	timer  *time.Timer
	passed bool
}

func newLane() *lane {
	l := &lane{}
	l.change.L = &l.mu
	return l
}

// set moves a deadline of the lane; the zero time takes it away.
func (l *lane) set(d *deadline, t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
	d.timer, d.passed = nil, false
	if !t.IsZero() {
		var timer *time.Timer
		timer = time.AfterFunc(max(0, time.Until(t)), func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			if d.timer == timer { // not moved meanwhile
				d.passed = true
				l.change.Broadcast()
			}
		})
		d.timer = timer
	}
	l.change.Broadcast()
}

// shut ends the lane for its reader, its writer or both; errors that are set stay.
func (l *lane) shut(end, broken error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end == nil {
		l.end = end
	}
	if l.broken == nil {
		l.broken = broken
	}
	l.change.Broadcast()
}

func (l *lane) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.read.passed:
			return 0, os.ErrDeadlineExceeded
		case l.end == syscall.ECONNRESET || l.end == net.ErrClosed:
			return 0, l.end
		case l.start < len(l.buf):
			n := copy(p, l.buf[l.start:])
			if l.start += n; l.start == len(l.buf) {
				l.buf, l.start = l.buf[:0], 0
			}
			l.change.Broadcast()
			return n, nil
		case l.end != nil:
			return 0, l.end
		case len(p) == 0:
			return 0, nil
		}
		l.change.Wait()
	}
}

func (l *lane) Write(p []byte) (n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(p) > 0 {
		switch room := pipeBuffer - (len(l.buf) - l.start); {
		case l.write.passed:
			return n, os.ErrDeadlineExceeded
		case l.broken != nil:
			return n, l.broken
		case room > 0:
			if l.start > 0 && len(l.buf)+min(room, len(p)) > cap(l.buf) {
				l.buf, l.start = l.buf[:copy(l.buf, l.buf[l.start:])], 0
			}
			k := min(room, len(p))
			l.buf = append(l.buf, p[:k]...)
			p, n = p[k:], n+k
			l.change.Broadcast()
			continue
		}
		l.change.Wait()
	}
	return n, nil
}

// pipeConn is one end of a connection.
type pipeConn struct {
	in, out *lane
	mu      sync.Mutex
	reset   bool
}

func (c *pipeConn) Read(p []byte) (int, error)  { return c.in.Read(p) }
func (c *pipeConn) Write(p []byte) (int, error) { return c.out.Write(p) }

// Close ends both directions: the peer reads what is on its way, then io.EOF.
func (c *pipeConn) Close() error {
	c.mu.Lock()
	reset := c.reset
	c.mu.Unlock()
	c.in.shut(net.ErrClosed, syscall.EPIPE) // first: what the peer says to the end is not for us
	if reset {
		c.out.shut(syscall.ECONNRESET, net.ErrClosed)
	} else {
		c.out.shut(io.EOF, net.ErrClosed)
	}
	c.in.set(&c.in.read, time.Time{})
	c.out.set(&c.out.write, time.Time{})
	return nil
}

// SetLinger with 0 makes Close a reset, as on a TCP connection.
func (c *pipeConn) SetLinger(seconds int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset = seconds == 0
	return nil
}

func (c *pipeConn) LocalAddr() net.Addr  { return pipeAddr{} }
func (c *pipeConn) RemoteAddr() net.Addr { return pipeAddr{} }

func (c *pipeConn) SetDeadline(t time.Time) error {
	c.in.set(&c.in.read, t)
	c.out.set(&c.out.write, t)
	return nil
}

func (c *pipeConn) SetReadDeadline(t time.Time) error {
	c.in.set(&c.in.read, t)
	return nil
}

func (c *pipeConn) SetWriteDeadline(t time.Time) error {
	c.out.set(&c.out.write, t)
	return nil
}
