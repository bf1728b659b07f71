package gateway

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/steward-llmops/steward/internal/record"
)

// Metrics are the gateway's counters. Their labels are bounded: providers and
// operations, never models as a caller writes them, never content.
type Metrics struct {
	calls    *prometheus.CounterVec
	refused  prometheus.Counter
	tokens   *prometheus.CounterVec
	cost     *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	ttft     *prometheus.HistogramVec
	unpriced *prometheus.CounterVec

	mu    sync.Mutex // guards cache
	cache map[labels]*series
}

type labels struct{ provider, op, outcome string }

// series are the children of one set of labels, looked up once.
type series struct {
	calls, input, output, cost, unpriced prometheus.Counter
	latency, ttft                        prometheus.Observer
}

// NewMetrics registers the gateway's metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		calls:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "steward_calls_total", Help: "Calls by provider, operation and outcome."}, []string{"provider", "operation", "outcome"}),
		refused:  prometheus.NewCounter(prometheus.CounterOpts{Name: "steward_unauthenticated_total", Help: "Requests without a valid key."}),
		tokens:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "steward_tokens_total", Help: "Tokens by provider and direction."}, []string{"provider", "direction"}),
		cost:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "steward_cost_usd_total", Help: "Cost of calls in US dollars, for charts; the ledger is exact."}, []string{"provider"}),
		unpriced: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "steward_unpriced_calls_total", Help: "Calls whose cost is unknown."}, []string{"provider"}),
		latency:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "steward_call_duration_seconds", Help: "Arrival to last byte.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 16)}, []string{"provider", "operation"}),
		ttft:     prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "steward_first_token_seconds", Help: "Arrival to first output token of streams.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 16)}, []string{"provider"}),
		cache:    map[labels]*series{},
	}
	reg.MustRegister(m.calls, m.refused, m.tokens, m.cost, m.unpriced, m.latency, m.ttft)
	return m
}

func (m *Metrics) series(l labels) *series {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.cache[l]
	if !ok {
		s = &series{
			calls: m.calls.WithLabelValues(l.provider, l.op, l.outcome),
			input: m.tokens.WithLabelValues(l.provider, "input"), output: m.tokens.WithLabelValues(l.provider, "output"),
			cost: m.cost.WithLabelValues(l.provider), unpriced: m.unpriced.WithLabelValues(l.provider),
			latency: m.latency.WithLabelValues(l.provider, l.op), ttft: m.ttft.WithLabelValues(l.provider),
		}
		m.cache[l] = s
	}
	return s
}

// observe counts a call that has ended. A nil Metrics counts nothing.
func (m *Metrics) observe(c *record.Call) {
	if m == nil {
		return
	}
	s := m.series(labels{c.Provider, c.Operation, string(c.Outcome)})
	s.calls.Inc()
	s.input.Add(float64(max(0, c.Usage.InputTokens())))
	s.output.Add(float64(max(0, c.Usage.OutputTokens())))
	s.cost.Add(float64(max(0, c.Cost)) / 1e9)
	if c.Pricing == record.Unpriced {
		s.unpriced.Inc()
	}
	s.latency.Observe(time.Duration(c.TotalMicros * 1000).Seconds())
	if c.Stream && c.FirstTokenMicros >= 0 {
		s.ttft.Observe(time.Duration(c.FirstTokenMicros * 1000).Seconds())
	}
}
