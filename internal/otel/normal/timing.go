package normal

import (
	"math"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/record"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

var (
	oldest  = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	ahead   = time.Hour            // how far a clock may be ahead of ours
	longest = 366 * 24 * time.Hour // that a span can be believed to have taken
)

// sane reports whether a moment is one at which something can have been reported.
func (n *reader) sane(nanos uint64) bool {
	return nanos <= math.MaxInt64 && int64(nanos) >= oldest.UnixNano() && int64(nanos) <= n.now.Add(ahead).UnixNano()
}

// times sets when the span began and how long it took. A start that cannot be is the
// span's end, if that can, and else now; how long it took is not known then. A span
// that ends before it began took no time.
func (n *reader) times() {
	start, end := n.span.GetStartTimeUnixNano(), n.span.GetEndTimeUnixNano()
	c := &n.call
	c.QueueMicros, c.FirstByteMicros, c.FirstTokenMicros, c.TotalMicros = -1, -1, -1, -1
	switch {
	case n.sane(start):
		c.Time = int64(start) / 1000
		switch {
		case end == 0: // it has not ended
		case end < start:
			c.TotalMicros = 0
			n.cut.Times++
		case end-start > uint64(longest):
			n.cut.Times++
		default:
			c.TotalMicros = int64(end-start) / 1000
		}
	case n.sane(end):
		n.cut.Times++
		c.Time = int64(end) / 1000
	default:
		n.cut.Times++
		c.Time = n.now.UnixMicro()
	}
}

// firstToken sets when the first token came, and whether the answer was streamed.
func (n *reader) firstToken() {
	a, c := n.attrs, &n.call
	if micros, ok := n.ttft(); ok {
		// Clocks of two libraries differ a little; a first token long after the end is
		// no measurement.
		switch slack := time.Second.Microseconds(); {
		case micros < 0 || micros > longest.Microseconds() || (c.TotalMicros >= 0 && micros > c.TotalMicros+slack):
			n.cut.Figures++
		case c.TotalMicros >= 0:
			c.FirstTokenMicros = min(micros, c.TotalMicros)
		default:
			c.FirstTokenMicros = micros
		}
	}
	op := a.text("ai.operationId", "operation.name")
	c.Stream = c.FirstTokenMicros >= 0 ||
		a.truth("gen_ai.request.stream", "gen_ai.request.is_stream", "gen_ai.request.is_streaming", "gen_ai.is_streaming",
			"llm.is_streaming", "llm.request.is_streaming", "llm.request.streaming", "gen_ai.response.streaming") ||
		strings.HasPrefix(op, "ai.stream") || n.params("stream").Bool() ||
		(c.Kind == record.KindCall && n.request.get("stream").Bool())
}

// ttft returns the time to the first token in microseconds, from the attributes that
// say it or the event that marked it.
func (n *reader) ttft() (int64, bool) {
	a := n.attrs
	if f, ok := n.seconds("gen_ai.response.time_to_first_chunk", "gen_ai.client.operation.time_to_first_chunk",
		"gen_ai.client.inference.time_to_first_chunk", "gen_ai.server.time_to_first_token", "gen_ai.response.time_to_first_token",
		"agw.ai.time_to_first_token", "lk.response.ttft", "gen_ai.server.ttft"); ok {
		return micros(f * 1e6), true
	}
	if f, ok := a.float("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"); ok {
		return micros(f * 1e3), true
	}
	if s := a.word("langfuse.observation.completion_start_time"); s != "" {
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return t.UnixMicro() - n.call.Time, true
		}
		n.cut.Figures++
	}
	for _, e := range n.span.GetEvents() {
		if at := e.GetTimeUnixNano(); marksFirstToken(e) && n.sane(at) {
			return int64(at)/1000 - n.call.Time, true
		}
	}
	return 0, false
}

func marksFirstToken(e *tracepb.Span_Event) bool {
	switch e.GetName() {
	case "First Token Stream Event", "ai.stream.firstChunk", "llm.content.completion.chunk", "gen_ai.first_token", "first_token":
		return true
	}
	return false
}

// seconds reads a number of seconds, or a duration with its unit ("120ms").
func (n *reader) seconds(names ...string) (float64, bool) {
	for _, name := range names {
		if s := n.attrs.word(name); s != "" {
			if d, err := time.ParseDuration(s); err == nil && s != "0" {
				return d.Seconds(), true
			}
			if f, ok := n.attrs.float(name); ok {
				return f, true
			}
		}
	}
	return 0, false
}

// micros rounds; what does not fit is as large as can be.
func micros(f float64) int64 {
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(math.Round(f))
}
