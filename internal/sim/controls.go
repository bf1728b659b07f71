package sim

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
)

// The request headers that steer one answer.
const (
	headerLatency  = "X-Sim-Latency"  // time to the first token: 800ms
	headerRate     = "X-Sim-Rate"     // tokens a second: 80
	headerSeed     = "X-Sim-Seed"     // a whole number
	headerTokens   = "X-Sim-Tokens"   // exact number of tokens of the text
	headerChunks   = "X-Sim-Chunks"   // event, bytes:N, random:SEED
	headerFault    = "X-Sim-Fault"    // NAME[,key=value...]
	headerCassette = "X-Sim-Cassette" // id of a recorded interaction
)

// controls are the wishes of one request.
type controls struct {
	latency   *time.Duration
	rate      float64
	seed      *uint64
	tokens    int64
	chunks    chunking
	fault     *Fault
	cassette  string
	hugeBytes int64
}

// chunking says how the bytes of a body are cut into writes.
type chunking struct {
	size   int    // bytes a piece; 0: not cut by size
	random bool   // pieces of random size
	seed   uint64 // of the sizes
	delay  time.Duration
}

func (c chunking) cuts() bool { return c.size > 0 || c.random }

const maxTokens = 1 << 22 // that x-sim-tokens may ask for

func readControls(h http.Header) (c controls, err error) {
	bad := func(name, want string) (controls, error) {
		return c, fault.New(fault.Invalid, "bad_sim_header", "%s is %q; want %s", strings.ToLower(name), clip(h.Get(name), 60), want)
	}
	if v := h.Get(headerLatency); v != "" {
		d, err := duration(v)
		if err != nil || d < 0 {
			return bad(headerLatency, "a time such as 800ms")
		}
		c.latency = &d
	}
	if v := h.Get(headerRate); v != "" {
		if c.rate, err = strconv.ParseFloat(v, 64); err != nil || !(c.rate > 0 && c.rate < 1e9) {
			return bad(headerRate, "tokens a second, above 0")
		}
	}
	if v := h.Get(headerSeed); v != "" {
		seed, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			return bad(headerSeed, "a whole number")
		}
		c.seed = &seed
	}
	if v := h.Get(headerTokens); v != "" {
		if c.tokens, err = strconv.ParseInt(v, 10, 64); err != nil || c.tokens < 1 || c.tokens > maxTokens {
			return bad(headerTokens, "1 to 4194304")
		}
	}
	if v := h.Get(headerChunks); v != "" {
		var ok bool
		if c.chunks, ok = parseChunks(v); !ok {
			return bad(headerChunks, "event, bytes:N or random:SEED")
		}
	}
	if v := h.Get(headerFault); v != "" {
		if c.fault, err = ParseFault(v); err != nil {
			return c, err
		}
	}
	c.cassette = h.Get(headerCassette)
	return c, nil
}

func parseChunks(v string) (c chunking, ok bool) {
	kind, arg, _ := strings.Cut(v, ":")
	n, err := strconv.ParseUint(arg, 10, 63)
	switch kind {
	case "event":
		return c, arg == ""
	case "bytes":
		return chunking{size: int(n)}, err == nil && n > 0
	case "random":
		return chunking{random: true, seed: n}, err == nil
	}
	return c, false
}
