package otel

import (
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/steward-llmops/steward/internal/otel/normal"
)

// result is what became of an item.
type result int

const (
	accepted  result = iota // the journal has it
	refused                 // it was sent back: not valid, or the journal did not take it
	dropped                 // acknowledged and not kept: a span that only begins, a point without a number
	duplicate               // acknowledged: the journal has it already
	numResults
)

var resultNames = [numResults]string{"accepted", "refused", "dropped", "duplicate"}

// answer is how a request was answered.
type answer int

const (
	answeredOK answer = iota
	answeredPartial
	answeredInvalid
	answeredUnauthenticated
	answeredTooLarge
	answeredBusy
	answeredUnavailable
	answeredFailed
	numAnswers
)

var answerNames = [numAnswers]string{"ok", "partial", "invalid", "unauthenticated", "too_large", "busy", "unavailable", "failed"}

// counters are the receiver's figures, for Prometheus and for Status alike.
type counters struct {
	gate     *gate
	items    [numSignals][numResults]atomic.Int64
	requests [numSignals][numAnswers]atomic.Int64
	bytes    [numSignals]atomic.Int64

	mu   sync.Mutex // guards cuts
	cuts map[string]int64

	descItems, descRequests, descBytes, descCuts, descHeld, descRoom *prometheus.Desc
}

func newCounters(g *gate) *counters {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &counters{
		gate: g, cuts: map[string]int64{},
		descItems:    desc("steward_otlp_items_total", "Spans, log records and data points that applications reported, by what became of them.", "signal", "result"),
		descRequests: desc("steward_otlp_requests_total", "OTLP requests by how they were answered.", "signal", "result"),
		descBytes:    desc("steward_otlp_bytes_total", "Bytes of OTLP requests, decompressed.", "signal"),
		descCuts:     desc("steward_otlp_cuts_total", "What of reported items was bounded, mended or left out.", "what"),
		descHeld:     desc("steward_otlp_in_flight_bytes", "Bytes of OTLP requests that are being worked on or wait for the journal."),
		descRoom:     desc("steward_otlp_in_flight_limit_bytes", "The most that steward_otlp_in_flight_bytes may reach."),
	}
}

func (c *counters) count(s signal, r result, n int64) { c.items[s][r].Add(n) }

func (c *counters) cut(cuts normal.Cuts) {
	if !cuts.Any() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for what, n := range cuts.Counts() {
		c.cuts[what] += int64(n)
	}
}

// Describe implements prometheus.Collector.
func (c *counters) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.descItems, c.descRequests, c.descBytes, c.descCuts, c.descHeld, c.descRoom} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *counters) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	for s, name := range signalNames {
		for r, result := range resultNames {
			counter(c.descItems, c.items[s][r].Load(), name, result)
		}
		for a, result := range answerNames {
			counter(c.descRequests, c.requests[s][a].Load(), name, result)
		}
		counter(c.descBytes, c.bytes[s].Load(), name)
	}
	for what, n := range c.cutCounts() {
		counter(c.descCuts, n, what)
	}
	ch <- prometheus.MustNewConstMetric(c.descHeld, prometheus.GaugeValue, float64(c.gate.held.Load()))
	ch <- prometheus.MustNewConstMetric(c.descRoom, prometheus.GaugeValue, float64(c.gate.room))
}

func (c *counters) cutCounts() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]int64, len(c.cuts))
	for what, n := range c.cuts {
		all[what] = n
	}
	return all
}

// Status is what came in since the start.
type Status struct {
	Traces       SignalStatus     `json:"traces" doc:"Spans"`
	Logs         SignalStatus     `json:"logs" doc:"Log records"`
	Metrics      SignalStatus     `json:"metrics" doc:"Data points; of metrics that were refused whole, metrics"`
	Cuts         map[string]int64 `json:"cuts" doc:"What of accepted items was bounded, mended or left out, by what it was: values, names, attributes, ..."`
	InFlight     int64            `json:"in_flight_bytes" doc:"Decompressed bytes of requests that are being worked on or wait for the journal"`
	InFlightMost int64            `json:"in_flight_limit_bytes" doc:"The most that in_flight_bytes may reach; beyond it senders get 429"`
}

// SignalStatus is what came in of one signal since the start.
type SignalStatus struct {
	Accepted  int64            `json:"accepted" doc:"Items that the journal has"`
	Refused   int64            `json:"refused" doc:"Items that were sent back: not valid, or the journal did not take them"`
	Dropped   int64            `json:"dropped" doc:"Items that were acknowledged and not kept: spans that only begin, points without a number"`
	Duplicate int64            `json:"duplicate" doc:"Items that were acknowledged because the journal had them already"`
	Bytes     int64            `json:"bytes" doc:"Bytes of requests, decompressed"`
	Requests  map[string]int64 `json:"requests" doc:"Requests by how they were answered: ok, partial, invalid, unauthenticated, too_large, busy, unavailable, failed"`
}

// Status returns what came in since the start: the figures that Prometheus gets.
func (r *Receiver) Status() Status {
	c := r.counters
	of := func(s signal) SignalStatus {
		out := SignalStatus{
			Accepted: c.items[s][accepted].Load(), Refused: c.items[s][refused].Load(), Dropped: c.items[s][dropped].Load(),
			Duplicate: c.items[s][duplicate].Load(), Bytes: c.bytes[s].Load(), Requests: map[string]int64{},
		}
		for a, name := range answerNames {
			out.Requests[name] = c.requests[s][a].Load()
		}
		return out
	}
	return Status{Traces: of(traces), Logs: of(logs), Metrics: of(metrics), Cuts: c.cutCounts(),
		InFlight: r.gate.held.Load(), InFlightMost: r.gate.room}
}
