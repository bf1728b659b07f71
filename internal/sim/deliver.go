package sim

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// pace is the rhythm of a delivery.
type pace struct {
	first time.Duration
	gaps  float64 // seconds a token
	rng   *rand.Rand
}

func (a *answer) pace() pace { return pace{a.first, a.gaps, a.rng} }

// unary answers with a whole body, after the time that it took to think of.
func (c *call) unary(status int, contentType string, body []byte, tokens int64, p pace) {
	if !c.wait(p.first + time.Duration(float64(tokens)*p.gaps*float64(time.Second))) {
		return
	}
	frames, end := bendBody(c.controls.fault, body)
	h := c.w.Header()
	if contentType != "" {
		h["Content-Type"] = []string{contentType}
	}
	c.identify(h)
	if end != endClean || len(frames[0].data) >= len(body) {
		n := len(body)
		if end == endClean {
			n = len(frames[0].data)
		}
		h["Content-Length"] = []string{strconv.Itoa(n)}
	}
	c.w.WriteHeader(status)
	c.deliver(frames, pace{}, end)
}

// stream answers with frames.
func (c *call) stream(contentType string, frames []frame, p pace, end ending) {
	c.count.Streams = 1
	if !c.wait(p.first) {
		return
	}
	h := c.w.Header()
	h["Content-Type"] = []string{contentType}
	h["Cache-Control"] = []string{"no-cache"}
	c.identify(h)
	c.w.WriteHeader(http.StatusOK)
	c.deliver(frames, p, end)
}

// deliver writes frames in the pieces that were asked for, each flushed apart,
// and ends the connection as told.
func (c *call) deliver(frames []frame, p pace, end ending) {
	out := cutter{call: c, mode: c.controls.chunks, flush: http.NewResponseController(c.w)}
	if out.mode.random {
		out.rng = rand.New(rand.NewPCG(out.mode.seed, fnvOffset))
	}
	start := c.s.opt.Now()
	due := 0.0 // seconds
	written := 0
	for i, f := range frames {
		if p.gaps > 0 && i > 0 && f.tokens > 0 {
			gap := float64(f.tokens) * p.gaps * (0.5 + p.rng.Float64())
			due += gap
			if !c.sleepUntil(start, due, gap) {
				return
			}
		}
		if !out.take(f.data, len(frames) == 1 && end == endClean) {
			return
		}
		written += f.tokens
	}
	if !out.finish() {
		return
	}
	switch end {
	case endHard:
		out.push()
		c.drop(false)
	case endReset:
		out.push()
		c.drop(true)
	case endStall:
		out.push()
		c.hang()
	}
}

// sleepUntil waits for the moment due seconds after start, at most two gaps, so
// that a pace is kept though timers are late.
func (c *call) sleepUntil(start time.Time, due, gap float64) bool {
	left := due - c.s.opt.Now().Sub(start).Seconds()
	return c.wait(time.Duration(min(left, 2*gap) * float64(time.Second)))
}

// cutter writes bytes in pieces.
type cutter struct {
	call  *call
	mode  chunking
	rng   *rand.Rand
	rest  []byte // bytes that do not fill a piece yet
	next  int    // size of the piece that rest belongs to; 0: not drawn
	flush *http.ResponseController
}

// maxRandomPiece is the most bytes of a random piece.
const maxRandomPiece = 97

func (k *cutter) take(b []byte, whole bool) bool {
	if !k.mode.cuts() {
		ok := k.call.write(b)
		if ok && !whole {
			ok = k.push()
		}
		return ok
	}
	k.rest = append(k.rest, b...)
	at := 0
	for {
		if k.next == 0 {
			k.next = k.mode.size
			if k.mode.random {
				k.next = 1 + k.rng.IntN(maxRandomPiece)
			}
		}
		if len(k.rest)-at < k.next {
			break
		}
		if !k.piece(k.rest[at : at+k.next]) {
			return false
		}
		at += k.next
		k.next = 0
	}
	k.rest = append(k.rest[:0], k.rest[at:]...)
	return true
}

func (k *cutter) finish() bool {
	return len(k.rest) == 0 || k.piece(k.rest)
}

func (k *cutter) piece(b []byte) bool {
	return k.call.wait(k.mode.delay) && k.call.write(b) && k.push()
}

// push sends what was written on its way.
func (k *cutter) push() bool {
	if k.flush.Flush() != nil || k.call.r.Context().Err() != nil {
		k.call.gone = true
	}
	return !k.call.gone
}
