package sim

import (
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
)

// call is one request on its way through the simulator.
type call struct {
	s        *Server
	w        http.ResponseWriter
	r        *http.Request
	route    route
	id       string
	body     []byte
	controls controls
	model    string
	gone     bool // the answer is not whole: the caller left, or the simulator stops
	dropped  bool // the connection is broken
	count    ModelStats
}

func (c *call) serve() {
	c.s.stats.begin()
	if !c.allowed() {
		c.refuse("auth_401", "")
		return
	}
	var err error
	if c.controls, err = readControls(c.r.Header); err != nil {
		c.refuse("invalid", fault.As(err).Public())
		return
	}
	if !c.read() {
		return
	}
	c.model = c.route.model
	if c.model == "" && len(c.body) > 0 && c.body[0] == '{' {
		c.model = gjson.GetBytes(c.body, "model").Str
	}
	c.meetScript()
	if c.struck() {
		return
	}
	switch {
	case c.controls.cassette != "" || c.s.tapes != nil:
		c.replay()
	case c.route.surface == nowhere:
		c.refuse("not_found", "the simulator has no "+clip(c.r.URL.Path, 200))
	case c.route.method != "" && c.route.method != c.r.Method:
		c.refuse("method", "use "+c.route.method)
	default:
		c.answer()
	}
}

func (c *call) answer() {
	switch c.route.surface {
	case chat:
		c.chat()
	case embeddings:
		c.embed()
	case countTokens:
		c.countTokens()
	case completions:
		c.completions()
	case modelList, modelOne:
		c.models()
	case moderations:
		c.moderate()
	case images:
		c.images()
	case speech:
		c.speech()
	case transcriptions:
		c.transcribe()
	default:
		c.shelf()
	}
}

// done counts the call. An answer that is not whole never ends in good order.
func (c *call) done() {
	if c.gone || c.r.Context().Err() != nil {
		c.count.Aborted = 1
	}
	model := c.model
	if c.route.surface == nowhere {
		model = ""
	}
	c.s.stats.end(model, c.count)
	if c.gone && !c.dropped {
		c.drop(false)
	}
}

// allowed checks the key, wherever the vendors' SDKs put it.
func (c *call) allowed() bool {
	want := c.s.opt.RequireKey
	if want == "" {
		return true
	}
	h := c.r.Header
	key := h.Get("Authorization")
	if bearer, ok := strings.CutPrefix(key, "Bearer "); ok {
		key = bearer
	} else if _, signed, ok := strings.Cut(key, "Credential="); ok { // AWS: the key's id
		key, _, _ = strings.Cut(signed, "/")
	}
	for _, got := range []string{key, h.Get("X-Api-Key"), h.Get("Api-Key"), h.Get("X-Goog-Api-Key"), c.r.URL.Query().Get("key")} {
		if subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 {
			return true
		}
	}
	return false
}

func (c *call) read() bool {
	if c.r.Body == nil || c.r.Body == http.NoBody {
		return true
	}
	reader := http.MaxBytesReader(c.w, c.r.Body, c.s.opt.MaxBody)
	var err error
	if n := c.r.ContentLength; n > 0 && n <= c.s.opt.MaxBody {
		c.body = make([]byte, n)
		_, err = io.ReadFull(reader, c.body)
	} else {
		c.body, err = io.ReadAll(reader)
	}
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		c.refuse("too_large", "the request is larger than "+strconv.FormatInt(c.s.opt.MaxBody, 10)+" bytes")
		return false
	}
	if err != nil {
		c.gone = true
		return false
	}
	return true
}

// meetScript takes the script's fault, unless the request named its own.
func (c *call) meetScript() {
	script := c.s.script.Load()
	if script == nil || c.controls.fault != nil {
		return
	}
	c.controls.fault = script.strike(c.model, c.r.URL.Path, c.s.opt.Now().Sub(c.s.start), c.s.opt.Seed)
}

// struck plays the faults that come before an answer, and reports whether the
// call ends with that.
func (c *call) struck() bool {
	f := c.controls.fault
	if f == nil {
		return false
	}
	switch f.Name {
	case "flapping":
		period := f.duration("period")
		if up := c.s.opt.Now().Sub(c.s.start)/period%2 == 0; up {
			return false
		}
		c.refuse("error_503", "")
	case "content_filter":
		if f.param("as") != "error" {
			c.s.stats.struck(f.Name)
			return false
		}
		c.refuse("content_filter", "")
	case "rate_limit", "quota", "error_500", "error_503", "overloaded_529", "auth_401", "context_length":
		c.refuse(f.Name, "")
	case "bad_gateway_html":
		c.w.Header().Set("Content-Type", "text/html")
		c.w.WriteHeader(http.StatusBadGateway)
		c.write([]byte("<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"))
	case "reset":
		c.drop(true)
	case "silence":
		c.hang()
	case "empty":
		c.w.Header().Set("Content-Type", "application/json")
		c.w.WriteHeader(http.StatusOK)
	case "slow_first_token":
		d := f.duration("delay")
		c.controls.latency = &d
		c.s.stats.struck(f.Name)
		return false
	case "trickle":
		c.controls.chunks = chunking{size: 1, delay: f.duration("delay")}
		c.s.stats.struck(f.Name)
		return false
	case "huge":
		mb, err := strconv.ParseInt(f.param("size"), 10, 64)
		if err != nil { // check has seen it
			mb = 1
		}
		c.controls.hugeBytes = mb << 20
		c.s.stats.struck(f.Name)
		return false
	default:
		c.s.stats.struck(f.Name)
		return false
	}
	c.s.stats.struck(f.Name)
	return true
}

// refuse answers with an error in the surface's own form; text replaces the
// usual sentence.
func (c *call) refuse(name, text string) {
	status, h, body := refusal(name, c.route.family, text, c.id)
	if name == "rate_limit" {
		rateHeaders(h, c.route.family, c.controls.fault.param("retry_after"))
	}
	c.send(status, h, body)
}

// send writes a whole answer at once.
func (c *call) send(status int, h http.Header, body []byte) {
	to := c.w.Header()
	for k, v := range h {
		to[k] = v
	}
	c.identify(to)
	to.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(status)
	c.write(body)
}

// identify sets the vendor's header of the request's id.
func (c *call) identify(h http.Header) {
	switch c.route.family {
	case openai:
		h["X-Request-Id"] = []string{c.id}
	case anthropic:
		h["Request-Id"] = []string{c.id}
	case bedrock:
		h["X-Amzn-Requestid"] = []string{c.id}
	}
}

func (c *call) write(b []byte) bool {
	if c.gone {
		return false
	}
	if _, err := c.w.Write(b); err != nil {
		c.gone = true
	}
	return !c.gone
}

// wait returns false if the caller leaves first.
func (c *call) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.r.Context().Done():
		c.gone = true
		return false
	}
}

// hang waits until the caller leaves.
func (c *call) hang() {
	<-c.r.Context().Done()
	c.gone = true
}

// drop breaks the connection: without the end of its chunked encoding, or by a
// reset (RST) that throws away what is on its way.
func (c *call) drop(reset bool) {
	c.dropped = true
	rc := http.NewResponseController(c.w)
	conn, _, err := rc.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // not HTTP/1: net/http breaks the stream for us
	}
	if linger, ok := conn.(interface{ SetLinger(int) error }); ok && reset {
		_ = linger.SetLinger(0) // the close below still breaks it
	}
	closeConn(conn)
}

func closeConn(conn net.Conn) {
	_ = conn.Close() // already broken is as good
}
