package gateway

import (
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/provider"
	"github.com/steward-llmops/steward/internal/record"
	"github.com/steward-llmops/steward/internal/security/access"
)

// call is one call on its way. It belongs to one goroutine.
type call struct {
	g       *Gateway
	w       http.ResponseWriter
	r       *http.Request
	started time.Time
	arrival
	grant  *access.Grant
	rec    record.Call
	holds  record.Hold
	asked  asked
	target Target

	body []byte // as the caller sent it
	cut  bool   // more came than body holds (uploads)

	// buffers that are used again by later calls
	bodyBuf, patchBuf, answerBuf []byte

	sent         time.Time // when the request left for the provider; zero: it did not
	answer       []byte    // what the caller got, as far as it is kept
	answerCut    bool
	responseType string
	wroteHead    bool
	unflushed    bool // something was written that has not been flushed
	recorded     bool
}

var calls = sync.Pool{New: func() any { return new(call) }}

func newCall(g *Gateway, w http.ResponseWriter, r *http.Request) *call {
	now := g.Now()
	c := calls.Get().(*call)
	c.g, c.w, c.r, c.started = g, w, r, now
	c.rec.ID = g.IDs.New(now)
	c.rec.Time = now.UnixMicro()
	c.rec.QueueMicros, c.rec.FirstByteMicros, c.rec.FirstTokenMicros = -1, -1, -1
	return c
}

// release lets a later call use c and its buffers. Nothing may look at them
// afterwards; a call that panicked is not released.
func (c *call) release() {
	*c = call{bodyBuf: small(c.bodyBuf), patchBuf: small(c.patchBuf), answerBuf: small(c.answerBuf),
		rec: record.Call{Attempts: c.rec.Attempts[:0]}}
	calls.Put(c)
}

// small empties a buffer, and drops one that is too large to be kept.
func small(b []byte) []byte {
	if cap(b) > 64<<10 {
		return nil
	}
	return b[:0]
}

// serve runs the call up to its answer. An error before the answer's head is
// answered by fail; later ones too, in the stream's own words.
func (c *call) serve() error {
	var ok bool
	if c.arrival, ok = route(c.r.URL.EscapedPath()); !ok {
		c.surface = &surface{name: "unknown", op: "other", style: guessStyle(c.r)}
		return fault.New(fault.NotFound, "unknown_path", "there is nothing at %s", clip(c.r.URL.Path)).
			Hinted("the surfaces are /v1/chat/completions, /v1/responses, /v1/messages, /v1/embeddings and /v1beta/models/MODEL:generateContent")
	}
	if style := guessStyle(c.r); c.style == openAIStyle && style == anthropicStyle {
		// /v1/files and /v1/models are both vendors': the header tells whose.
		if c.serveAsAnthropic(); c.surface == nil {
			return fault.New(fault.NotFound, "unknown_path", "there is nothing at %s", clip(c.r.URL.Path))
		}
	}
	c.rec.Surface, c.rec.Operation = c.surface.name, c.op
	if err := c.admit(); err != nil {
		return err
	}
	return c.surface.serve(c)
}

func guessStyle(r *http.Request) style {
	switch {
	case r.Header["Anthropic-Version"] != nil || r.Header["X-Api-Key"] != nil:
		return anthropicStyle
	case r.Header["X-Goog-Api-Key"] != nil || r.Header["X-Goog-Api-Client"] != nil:
		return geminiStyle
	}
	return openAIStyle
}

var anthropicModels = surface{name: "models", op: "models", style: anthropicStyle, serve: (*call).models}

func (c *call) serveAsAnthropic() {
	switch c.surface {
	case &modelsSurface:
		c.surface = &anthropicModels
	default:
		if strings.HasPrefix(c.surface.name, "openai-") && c.format == "" {
			s := anthropicPass
			s.op = c.op
			c.surface, c.path = &s, "/v1"+c.path
		}
	}
}

// admit finds out who is calling and reads what the headers say.
func (c *call) admit() error {
	grant, err := c.g.Keys.Authenticate(secretOf(c.r))
	if err != nil {
		return err
	}
	c.grant = grant
	p := &grant.Principal
	c.rec.Org, c.rec.Team, c.rec.Project, c.rec.Key, c.rec.KeyName = p.Org, p.Team, p.Project, p.Key, p.KeyName
	h := c.r.Header
	c.rec.UserAgent = clip(h.Get("User-Agent"))
	c.rec.Subject = clip(h.Get("X-Steward-Subject"))
	c.rec.Session = clip(h.Get("X-Steward-Session"))
	if v := h["X-Steward-Tags"]; len(v) > 0 {
		c.rec.Tags = parseTags(v)
	}
	if v := h["Traceparent"]; len(v) > 0 {
		c.rec.TraceID, c.rec.ParentSpanID = parseTraceparent(v[0])
	}
	if c.rec.TraceID == "" {
		c.rec.TraceID = hex.EncodeToString(c.rec.ID[:])
	}
	c.rec.SpanID = hex.EncodeToString(c.rec.ID[8:])
	return nil
}

// secretOf returns the key that the caller shows, wherever its SDK puts it.
func secretOf(r *http.Request) string {
	h := r.Header
	if v := h["Authorization"]; len(v) > 0 {
		if scheme, key, ok := strings.Cut(v[0], " "); ok && strings.EqualFold(scheme, "bearer") {
			return strings.TrimSpace(key)
		}
	}
	for _, name := range [...]string{"X-Api-Key", "X-Goog-Api-Key", "Api-Key"} {
		if v := h[name]; len(v) > 0 {
			return v[0]
		}
	}
	if strings.Contains(r.URL.RawQuery, "key=") {
		return r.URL.Query().Get("key")
	}
	return ""
}

// parseTags reads "team=search, env=prod"; at most 32 tags.
func parseTags(values []string) []record.Tag {
	var tags []record.Tag
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			name, value, _ := strings.Cut(part, "=")
			if name = strings.TrimSpace(name); name != "" && len(tags) < 32 {
				tags = append(tags, record.Tag{Name: clip(name), Value: clip(strings.TrimSpace(value))})
			}
		}
	}
	return tags
}

// parseTraceparent reads W3C trace context, version 00.
func parseTraceparent(s string) (trace, parent string) {
	if len(s) < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return "", ""
	}
	for _, c := range s[3:35] + s[36:52] {
		if !strings.ContainsRune("0123456789abcdef", c) {
			return "", ""
		}
	}
	return s[3:35], s[36:52]
}

// readBody reads the caller's JSON body.
func (c *call) readBody() error {
	limit := c.g.MaxBody
	if c.r.ContentLength > limit {
		return c.tooLarge(limit)
	}
	b := c.bodyBuf[:0]
	if n := int(c.r.ContentLength); n >= cap(b) {
		b = make([]byte, 0, n+1)
	} else if b == nil {
		b = make([]byte, 0, 4<<10)
	}
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := c.r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if int64(len(b)) > limit {
			return c.tooLarge(limit)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fault.New(fault.Cancelled, "client_closed", "the request body ended early").Because(err)
		}
	}
	c.bodyBuf, c.body = b, b
	c.rec.RequestBytes = int64(len(b))
	return nil
}

func (c *call) tooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "body_too_large", "the request body is over %d MiB", limit>>20).
		Hinted("send less, or raise limits.max_body in the configuration")
}

// since returns the microseconds since the call's arrival.
func (c *call) since() int64 { return c.g.Now().Sub(c.started).Microseconds() }

// rescue turns a panic into this one call's failure.
func (c *call) rescue() {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so too
		panic(v)
	}
	c.g.Log.Error("panic in a call", "call", c.rec.ID.Text("call"), "stack", string(debug.Stack()))
	wrote := c.wroteHead
	c.fail(fault.New(fault.Internal, "internal", "a fault of Steward's own stopped this call").
		Hinted("report it with the call id"))
	if wrote {
		panic(http.ErrAbortHandler) // an answer that is half out must not look whole
	}
}

// attempt opens the record of a try at the target.
func (c *call) attempt() *record.Attempt {
	c.rec.Attempts = append(c.rec.Attempts, record.Attempt{Provider: c.target.Provider.Name, Model: c.target.Model, StartMicros: c.since()})
	return &c.rec.Attempts[len(c.rec.Attempts)-1]
}

// endAttempt closes the record of the last try.
func (c *call) endAttempt(status int, h http.Header, f *fault.Error) {
	if len(c.rec.Attempts) == 0 {
		return
	}
	a := &c.rec.Attempts[len(c.rec.Attempts)-1]
	a.DurationMicros = c.since() - a.StartMicros
	if status != 0 {
		a.Status = status
	}
	if h != nil {
		a.RequestID = clip(provider.RequestID(h))
	}
	if f != nil {
		a.ErrorKind, a.ErrorCode = f.Kind.String(), f.StableCode()
	}
}
