package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/provider"
	"github.com/steward-llmops/steward/internal/record"
	"github.com/steward-llmops/steward/internal/wire"
)

// trailers are announced before a stream and set behind it.
var trailers = []string{"X-Steward-Cost-Usd, X-Steward-Pricing"}

// head writes the head of a stream.
func (c *call) head(a *provider.Answer, contentType string) {
	h := c.w.Header()
	if a != nil {
		returnHeaders(h, a.Header)
	}
	c.stewardHeaders(h)
	h["Content-Type"] = []string{contentType}
	h["Trailer"] = trailers
	if h["Cache-Control"] == nil {
		h["Cache-Control"] = []string{"no-cache"}
	}
	h["X-Accel-Buffering"] = []string{"no"} // nginx in front of us must not buffer
	c.responseType = contentType
	c.wroteHead = true
	c.w.WriteHeader(http.StatusOK)
}

// arrayStream reports whether the caller's stream is Gemini's JSON array, which is
// no event stream by its type.
func (c *call) arrayStream() bool {
	return c.style == geminiStyle && !strings.Contains(c.r.URL.RawQuery, "alt=sse")
}

// relayed is the state of a stream that passes through.
type relayed struct {
	c     *call
	m     meter
	r     wire.Reading
	split wire.Splitter
	stop  context.CancelFunc // ends the exchange
	timer *time.Timer        // bounds how long the upstream may linger behind its end

	work    []byte // the bytes at hand: what was pending, then the chunk
	base    int    // where the chunk begins in work
	from    int    // start of what has not been sent
	mark    int    // where the last event ended
	pending []byte // bytes of an event whose end has not come
	lines   bool   // an event stream, in which bytes may stand that are no event
	held    []byte // the last event and all behind it, until the record is down
	gone    bool   // the caller left
	garbled bool   // an event was no JSON: the caller has not been told what is wrong
}

// relayStream passes a stream on as it comes, and holds its last event back until
// the call is in the journal. It never ends a truncated stream as if it were whole.
func (c *call) relayStream(ctx context.Context, stop context.CancelFunc, a *provider.Answer, m meter) error {
	c.rec.Stream = true
	c.head(a, a.Header.Get("Content-Type"))
	s := &relayed{c: c, m: m, split: m.splitter(), stop: stop, lines: strings.HasPrefix(c.responseType, "text/event-stream")}
	err := s.pump(ctx, a)
	if s.timer != nil {
		s.timer.Stop()
	}
	return c.endStream(a, s, err)
}

// lingering bounds how long an upstream may keep its connection open behind the
// last event before the record is written anyway.
const lingering = time.Second

var chunks = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

func (s *relayed) pump(ctx context.Context, a *provider.Answer) error {
	buf := chunks.Get().(*[]byte)
	defer chunks.Put(buf)
	for {
		n, err := a.Body.Read(*buf)
		if n > 0 {
			s.feed((*buf)[:n])
		}
		if errors.Is(err, io.EOF) {
			s.end()
			return nil
		}
		if err != nil {
			s.end()
			if s.r.Done {
				return nil // the answer was whole; what broke is only the connection
			}
			return s.c.target.Provider.Fault(ctx, err)
		}
	}
}

// feed deals with the next bytes of the stream.
func (s *relayed) feed(p []byte) {
	if s.r.Done { // whatever follows the end goes out behind it
		s.held = append(s.held, p...)
		s.split.Feed(p, s.event)
		return
	}
	s.base, s.from, s.mark, s.work = len(s.pending), 0, 0, p
	if s.base > 0 {
		s.work = append(s.pending, p...)
	}
	s.split.Feed(p, s.event)
	if !s.r.Done {
		s.release()
	}
	if !s.gone {
		s.c.flush()
	}
}

// release sends what is whole. Half an event would do the caller no good, and an
// error frame behind it could not be read.
func (s *relayed) release() {
	if s.lines {
		s.mark += between(s.work[s.mark:])
	}
	s.send(s.work[s.from:s.mark])
	if s.mark == 0 && s.base > 0 {
		s.pending = s.work
		return
	}
	s.pending = append(s.pending[:0], s.work[s.mark:]...)
}

// between returns how many bytes at the beginning of b belong to no event: comments
// that keep the connection alive, blank lines, blocks without data.
func between(b []byte) (n int) {
	const most = 4 << 10 // nobody sends as much to say nothing
	open := false        // a block has begun that may yet get data
	for at := 0; len(b) <= most; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return n
		}
		line := bytes.TrimSuffix(b[at:at+i], []byte{'\r'})
		at += i + 1
		switch {
		case len(line) == 0:
			open, n = false, at
		case line[0] == ':' && !open:
			n = at
		case bytes.HasPrefix(line, []byte("data")):
			return n
		default:
			open = true
		}
	}
	return n
}

// event looks at one event; end is where its bytes end in the chunk.
func (s *relayed) event(name string, data []byte, end int) {
	s.r.UsageOnly = false
	done, sound := s.r.Done, s.r.Err == nil
	s.m.observe(name, data, &s.r)
	if sound && s.r.Err != nil && !gjson.ValidBytes(data) {
		s.garbled = true
	}
	if done {
		return
	}
	if s.r.FirstToken && s.c.rec.FirstTokenMicros < 0 {
		s.c.rec.FirstTokenMicros = s.c.since()
	}
	switch {
	case s.r.Done:
		s.send(s.work[s.from:s.mark])
		s.held = append(s.held, s.work[s.mark:]...)
		s.pending = s.pending[:0]
		s.timer = time.AfterFunc(lingering, s.stop)
	case s.m.strip && s.r.UsageOnly:
		s.send(s.work[s.from : s.mark+between(s.work[s.mark:])])
		s.from = s.base + end
		s.mark = s.from
	default:
		s.mark = s.base + end
	}
}

// end deals with an event that the end of the stream left without its blank line:
// it is sent if it is whole otherwise.
func (s *relayed) end() {
	if s.r.Done {
		return
	}
	s.work, s.base, s.from, s.mark = s.pending, 0, 0, 0
	s.pending = nil
	s.split.Flush(func(name string, data []byte, _ int) {
		if gjson.ValidBytes(data) || bytes.Equal(bytes.TrimSpace(data), []byte("[DONE]")) {
			s.event(name, data, len(s.work))
		}
	})
	if !s.r.Done {
		s.send(s.work[s.from:s.mark])
	}
}

func (s *relayed) send(b []byte) {
	if len(b) == 0 {
		return
	}
	c := s.c
	if c.rec.FirstByteMicros < 0 {
		c.rec.FirstByteMicros = c.since()
	}
	c.keep(b)
	if s.gone {
		return
	}
	if _, err := c.w.Write(b); err != nil {
		s.gone = true
	}
}

// endStream settles and records a stream, and then lets its end go out.
func (c *call) endStream(a *provider.Answer, s *relayed, err error) error {
	r := &s.r
	r.Err = oneWord(r.Err)
	if err == nil && !r.Done && !r.Complete {
		switch {
		case r.Err == nil:
			err = c.truncated()
		case s.garbled:
			err = r.Err
		}
	}
	f := fault.As(err)
	if f == nil {
		f = r.Err
	}
	c.endAttempt(a.Status, a.Header, f)
	c.settle(r, true)
	c.keep(s.held)
	return c.closeStream(f, err != nil, s.gone, s.held, func(f *fault.Error) []byte { return s.m.encoder().Fail(nil, f) })
}

// oneWord gives an answer that cannot be read one stable code, whichever codec found
// it; nil stays nil.
func oneWord(f *fault.Error) *fault.Error {
	if f == nil {
		return nil
	}
	same := *f
	switch f.Code {
	case "bad_answer", "bad_response", "response_malformed":
		same.Code = "upstream_malformed"
	case "bad_event", "bad_stream":
		same.Code = "stream_malformed"
	}
	return &same
}

func (c *call) truncated() *fault.Error {
	return fault.New(fault.Upstream, "stream_truncated", "%s ended its answer before it was complete", c.target.Provider.Name).
		Hinted("what came until here is not the whole answer: try again")
}

// closeStream records a stream that has ended and lets last, its end, go out. f
// says what went wrong, nil if nothing did; broken, that the caller has not been
// told of it by the stream itself; fail writes the format's error frame.
func (c *call) closeStream(f *fault.Error, broken, gone bool, last []byte, fail func(*fault.Error) []byte) error {
	left := gone || c.r.Context().Err() != nil
	outcome := record.OK
	switch {
	case left:
		outcome = record.Cancelled
	case f != nil:
		outcome = record.Failed
	}
	if err := c.finish(outcome, http.StatusOK, f); err != nil {
		c.g.Log.Error("record a stream", "call", c.rec.ID.Text("call"), "err", err)
		f, broken = fault.As(err), true
	}
	if left {
		return nil
	}
	if broken {
		_, _ = c.w.Write(fail(f))
		c.flush()
		// No client may take the stream's end for the end of a whole answer.
		panic(http.ErrAbortHandler)
	}
	c.costHeaders(c.w.Header())
	if len(last) > 0 {
		_, _ = c.w.Write(last)
	}
	return nil
}

func (c *call) flush() {
	if f, ok := c.w.(http.Flusher); ok {
		f.Flush()
	}
}
