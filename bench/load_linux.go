package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// plan is one run of the load generator.
type plan struct {
	Addr     string        `json:"addr"`
	Ask      ask           `json:"ask"`
	Conns    int           `json:"conns"` // closed loop: at work all the time; open loop: at most
	Rate     float64       `json:"rate"`  // requests due in a second; 0: closed loop
	Duration time.Duration `json:"duration"`
}

// result is what a run found. Every request that was begun is finished and counted.
type result struct {
	Done    int     `json:"done"`            // answered wholly, with status 200
	Errors  int     `json:"errors"`          // all else
	Error   string  `json:"error,omitempty"` // the first of them
	Seconds float64 `json:"seconds"`

	// Latency is to the last byte, First to the first event, both from when the
	// request was due. Overhead is First less the mock's own time. Gap is the
	// longest of each stream.
	Latency  quantiles `json:"latency_us"`
	First    quantiles `json:"first_us"`
	Overhead quantiles `json:"overhead_us"`
	Gap      quantiles `json:"gap_us"`
}

// worker sends one request after the other and keeps what it saw.
type worker struct {
	client                        *client
	jobs                          chan job // of an open loop; never more than one waits
	errors                        int
	err                           error // the first
	latency, first, overhead, gap samples
}

// send sends request n, which is due at due; zero: now.
func (w *worker) send(n int, due time.Time) {
	if due.IsZero() {
		due = time.Now()
	}
	a, err := w.client.do(n)
	if err != nil {
		w.errors++
		if w.err == nil {
			w.err = err
		}
		return
	}
	first := a.first.Sub(due)
	w.latency.add(a.last.Sub(due))
	w.first.add(first)
	if a.upstream >= 0 {
		w.overhead.add(first - a.upstream)
	}
	if w.client.ask.Stream {
		w.gap.add(a.gap)
	}
}

// run carries out the plan.
func (p plan) run() (result, error) {
	request, err := p.Ask.request(p.Addr)
	if err != nil {
		return result{}, err
	}
	employ := func() *worker { return &worker{client: newClient(p.Addr, p.Ask, request), jobs: make(chan job, 1)} }
	began := time.Now()
	var workers []*worker
	if p.Rate > 0 {
		workers, err = p.openLoop(employ)
	} else {
		workers = p.closedLoop(began, employ)
	}
	if err != nil {
		return result{}, err
	}
	res := result{Seconds: time.Since(began).Seconds()}
	var latency, first, overhead, gap samples
	for _, w := range workers {
		w.client.close()
		res.Done += len(w.latency)
		res.Errors += w.errors
		if res.Error == "" && w.err != nil {
			res.Error = w.err.Error()
		}
		latency, first = append(latency, w.latency...), append(first, w.first...)
		overhead, gap = append(overhead, w.overhead...), append(gap, w.gap...)
	}
	res.Latency, res.First, res.Overhead, res.Gap = latency.quantiles(), first.quantiles(), overhead.quantiles(), gap.quantiles()
	return res, nil
}

// closedLoop sends, on each connection, the next request when the last is answered.
func (p plan) closedLoop(began time.Time, employ func() *worker) []*worker {
	const giveUp = 100 // errors of one worker, for a dead target to end a run early
	workers := make([]*worker, p.Conns)
	var number atomic.Int64
	var wg sync.WaitGroup
	for i := range workers {
		w := employ()
		workers[i] = w
		wg.Go(func() {
			for time.Since(began) < p.Duration && w.errors < giveUp {
				w.send(int(number.Add(1)), time.Time{})
			}
		})
	}
	wg.Wait()
	return workers
}

// job is one request of an open loop.
type job struct {
	number int
	due    time.Time
}

// openLoop sends requests when they are due, whatever becomes of the earlier ones.
// Each takes the connection that came free last, or a new one up to the plan's
// number; what it waits beyond that counts as latency.
func (p plan) openLoop(employ func() *worker) ([]*worker, error) {
	gap := time.Duration(float64(time.Second) / p.Rate)
	tick, err := newTicker(gap)
	if err != nil {
		return nil, err
	}
	defer tick.Close()
	began := time.Now()
	var (
		all  []*worker
		free = newIdlers()
		wg   sync.WaitGroup
	)
	for n, total := 0, int(p.Rate*p.Duration.Seconds()); n < total; {
		due, err := elapsed(tick)
		if err != nil {
			return nil, err
		}
		for range min(due, total-n) {
			w := free.take(len(all) < p.Conns)
			if w == nil {
				w = employ()
				all = append(all, w)
				wg.Go(func() {
					for j := range w.jobs {
						w.send(j.number, j.due)
						free.put(w)
					}
				})
			}
			n++
			w.jobs <- job{n, began.Add(time.Duration(n) * gap)}
		}
	}
	for _, w := range all {
		close(w.jobs)
	}
	wg.Wait()
	return all, nil
}

// elapsed waits for the ticker and returns how many ticks have passed since it was
// last asked.
func elapsed(tick io.Reader) (int, error) {
	var b [8]byte
	if _, err := io.ReadFull(tick, b[:]); err != nil {
		return 0, fmt.Errorf("wait for the next tick: %w", err)
	}
	n := binary.NativeEndian.Uint64(b[:])
	if n > 1<<30 {
		return 0, errors.New("the machine stood still for too long")
	}
	return int(n), nil
}

// idlers are the workers without work, the last one first.
type idlers struct {
	mu    sync.Mutex
	freed *sync.Cond
	stack []*worker
}

func newIdlers() *idlers {
	p := &idlers{}
	p.freed = sync.NewCond(&p.mu)
	return p
}

func (p *idlers) put(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stack = append(p.stack, w)
	p.freed.Signal()
}

// take returns a worker without work. Where there is none it returns nil if more
// may be employed, and otherwise waits.
func (p *idlers) take(more bool) *worker {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.stack) == 0 {
		if more {
			return nil
		}
		p.freed.Wait()
	}
	w := p.stack[len(p.stack)-1]
	p.stack = p.stack[:len(p.stack)-1]
	return w
}
