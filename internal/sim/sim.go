// Package sim is a provider that needs no account: it answers in every wire
// format, the same request with the same answer, at a realistic pace, and breaks
// in every way that providers break when it is told to. It serves those who try
// Steward out, who test under load, and who rehearse an outage.
//
// One brain makes an llm.Response of an llm.Request; the codecs of wire decide
// nothing but the bytes. The whole answer is known before its first byte is sent
// and is laid out as frames (the events of its stream); faults are functions from
// frames to frames, and one place writes frames to the connection.
package sim

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
)

// Options are what a simulator is made of.
type Options struct {
	// Chat and Embed are the codecs by format. A surface without its codec answers 501.
	Chat  map[llm.Format]wire.Chat
	Embed map[llm.Format]wire.Embed
	// Seed chooses among all possible simulators; answers are a function of it and
	// of the request.
	Seed uint64
	// Now tells the time; it must be set.
	Now func() time.Time
	// Instant leaves out all waiting that a request does not ask for itself.
	Instant bool
	// Latency is the time to the first token; zero: drawn for each answer by the
	// model's habit (about 300 ms for large, 120 ms for small).
	Latency time.Duration
	// Rate is the tokens a second of an answer; zero: the model's own.
	Rate float64
	// ToolProbability is the chance, 0 to 1, that a tool is called though nothing
	// asks for it.
	ToolProbability float64
	// RequireKey is the only API key accepted; empty: any or none.
	RequireKey string
	// Script says which requests meet which fault; nil: none.
	Script *Script
	// Cassette holds recorded interactions. If there are any, they alone are
	// answered with.
	Cassette []Interaction
	// IgnoreModel lets a recorded interaction answer for any model name.
	IgnoreModel bool
	// BatchDelay is how long a batch takes; zero: two seconds, or nothing with Instant.
	BatchDelay time.Duration
	// MaxBody is the most bytes a request may have; zero: 64 MB.
	MaxBody int64
}

const (
	defaultBatchDelay = 2 * time.Second
	defaultMaxBody    = 64 << 20
	shutdownGrace     = time.Second // for calls in flight when the server stops
	headerTimeout     = 30 * time.Second
)

// Server is the simulator. It is an http.Handler, safe for concurrent use.
type Server struct {
	opt      Options
	start    time.Time
	script   atomic.Pointer[Script]
	prefixes prefixCache
	shelf    shelf
	tapes    *tapes
	stats    stats
	requests atomic.Uint64
}

// New returns a simulator.
func New(o Options) *Server {
	if o.MaxBody == 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.BatchDelay == 0 && !o.Instant {
		o.BatchDelay = defaultBatchDelay
	}
	s := &Server{opt: o, start: o.Now()}
	if len(o.Cassette) > 0 {
		s.tapes = newTapes(o.Cassette, o.IgnoreModel)
	}
	s.script.Store(o.Script)
	return s
}

// SetScript replaces the fault script from the next request on; nil: no faults.
func (s *Server) SetScript(script *Script) { s.script.Store(script) }

// Serve answers on l until ctx ends, then gives calls in flight a second to
// finish, and ends the rest. It closes l, and returns nil after a clean end.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		BaseContext:       func(net.Listener) context.Context { return inner },
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	grace, stop := context.WithTimeout(inner, shutdownGrace)
	defer stop()
	err := srv.Shutdown(grace)
	cancel()
	if err != nil {
		err = srv.Close()
	}
	if e := <-served; e != nil && !errors.Is(e, http.ErrServerClosed) {
		return e
	}
	return err
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if at := strings.Index(r.URL.Path, "/_sim/"); at >= 0 {
		s.inside(w, r.URL.Path[at:])
		return
	}
	c := &call{s: s, w: w, r: r, route: routeOf(r)}
	c.id = "req_" + requestID(s.opt.Seed, s.requests.Add(1))
	defer c.done()
	c.serve()
}

// inside answers what the simulator tells of itself.
func (s *Server) inside(w http.ResponseWriter, path string) {
	var body any
	switch path {
	case "/_sim/stats":
		body = s.Stats()
	case "/_sim/faults":
		body = faultList()
	default:
		http.Error(w, "there are /_sim/stats and /_sim/faults", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(mustJSON(body)) // the caller left: nobody to tell
}

// faultList is the fault table as JSON has it.
func faultList() any {
	type param struct {
		Name    string `json:"name"`
		Default string `json:"default"`
		What    string `json:"what"`
	}
	type info struct {
		Name   string  `json:"name"`
		What   string  `json:"what"`
		Params []param `json:"params"`
	}
	list := make([]info, 0, len(faultTable))
	for _, f := range faultTable {
		row := info{Name: f.Name, What: f.What, Params: []param{}}
		for _, p := range f.Params {
			row.Params = append(row.Params, param(p))
		}
		list = append(list, row)
	}
	return map[string]any{"faults": list}
}

// requestID is the same for the n-th request of every run.
func requestID(seed, n uint64) string {
	h := hashInt(hashInt(fnvOffset, seed), n)
	b := make([]byte, 0, 20)
	for range 11 {
		b = append(b, base62[h%62])
		h /= 62
	}
	for range 6 {
		b = append(b, base62[n%62])
		n /= 62
	}
	return string(b)
}
