package otel

import (
	"sync/atomic"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
)

// gate bounds the bytes that are held at once. Who finds it full is sent away, so that
// a slow journal slows its senders down and never fills the memory.
type gate struct {
	room int64
	held atomic.Int64
}

// pass is what one request holds.
type pass struct {
	gate *gate
	held int64
}

// grow takes n bytes more, or none: then it is fault.Exhausted.
func (p *pass) grow(n int64) error {
	for {
		held := p.gate.held.Load()
		if held+n > p.gate.room {
			return busy()
		}
		if p.gate.held.CompareAndSwap(held, held+n) {
			p.held += n
			return nil
		}
	}
}

// settle makes what is held n bytes.
func (p *pass) settle(n int64) error {
	if n > p.held {
		return p.grow(n - p.held)
	}
	p.gate.held.Add(n - p.held)
	p.held = n
	return nil
}

// end gives everything back.
func (p *pass) end() {
	p.gate.held.Add(-p.held)
	p.held = 0
}

// patience is how long a sender is asked to wait.
const (
	busyPatience   = time.Second
	brokenPatience = 5 * time.Second
)

func busy() error {
	f := fault.New(fault.Exhausted, "telemetry_busy", "more telemetry is on its way in than Steward takes at once").
		Hinted("send it again after a second; if this lasts, raise otlp.max_in_flight or look at the server's disk")
	f.RetryAfter = busyPatience
	return f
}
