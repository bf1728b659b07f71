package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/bytedance/sonic"
	"github.com/tidwall/sjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/provider"
	"github.com/steward-llmops/steward/internal/record"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/bedrock"
)

// maxAnswer bounds an answer that is held in memory whole.
const maxAnswer = 256 << 20

// fail answers a call that went wrong: with an error in the caller's own format,
// or, in mid-stream, with the format's own error frame.
func (c *call) fail(err error) {
	f := fault.As(err)
	if f.Kind == fault.Internal && f.Err != nil {
		c.g.Log.Error("call", "call", c.rec.ID.Text("call"), "err", f.Err)
	}
	if c.grant == nil {
		c.g.Metrics.unauthenticated()
	}
	status, body := c.errorBody(f)
	if c.grant != nil { // who is unknown has no record, only a counter
		outcome := record.Failed
		if f.Kind == fault.Cancelled {
			outcome = record.Cancelled
		}
		c.rec.Lost = dedupe(c.rec.Lost)
		if err := c.finish(outcome, status, f); err != nil {
			c.g.Log.Error("record a failed call", "call", c.rec.ID.Text("call"), "err", err)
		}
	}
	if c.wroteHead || f.Kind == fault.Cancelled && c.r.Context().Err() != nil {
		return
	}
	h := c.w.Header()
	c.stewardHeaders(h)
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	h["X-Steward-Error"] = []string{f.StableCode()}
	if f.RetryAfter > 0 {
		h["Retry-After"] = []string{strconv.Itoa(int((f.RetryAfter + 999_999_999) / 1_000_000_000))}
	}
	if c.style == bedrockStyle {
		h["X-Amzn-Errortype"] = []string{bedrock.ErrorType(f)}
	}
	if f.Code == codeMethod {
		h["Allow"] = []string{allowed(c)}
	}
	if f.Kind == fault.Unauthenticated {
		h["Www-Authenticate"] = []string{`Bearer realm="steward"`}
	}
	c.wroteHead = true
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body)
}

// errorBody writes f in the caller's format.
func (c *call) errorBody(f *fault.Error) (status int, body []byte) {
	format := c.format
	if format == "" {
		format = [...]llm.Format{llm.OpenAIChat, llm.AnthropicMessages, llm.GeminiGenerate, llm.BedrockConverse}[c.style]
	}
	id := c.rec.ID.Text("call")
	status, body = f.HTTPStatus(), nil
	if codec, ok := c.g.Chat[format]; ok {
		status, body = codec.EncodeError(f, id)
		body = detailed(f, format, body)
	} else if codec, ok := c.g.Embed[format]; ok {
		status, body = codec.EncodeError(f, id)
	} else {
		body = []byte(`{"message":` + strconv.Quote(f.Public()) + `}`)
	}
	if f.Code == codeMethod {
		status = http.StatusMethodNotAllowed
		if out, err := sjson.SetBytes(body, "error.code", status); err == nil && c.style == geminiStyle {
			body = out // Google's errors repeat the status
		}
	}
	return status, body
}

// codeMethod is the code of a request by a method that its surface does not have.
const codeMethod = "method_not_allowed"

func allowed(c *call) string {
	if c.op == "models" {
		return "GET, HEAD"
	}
	return "POST"
}

// requestIDHeader names, by style, the header in which the vendor's SDK looks for
// the request's id; Gemini's looks nowhere.
var requestIDHeader = [...]string{openAIStyle: "X-Request-Id", anthropicStyle: "Request-Id", bedrockStyle: "X-Amzn-Requestid"}

// translatedHeader is what a translated answer keeps of the provider's header: its
// id of the request, where the caller's SDK looks for one.
func (c *call) translatedHeader(src http.Header) http.Header {
	h := http.Header{}
	if name, id := requestIDHeader[c.style], provider.RequestID(src); name != "" && id != "" {
		h[name] = []string{id}
	}
	return h
}

// stewardHeaders sets what every answer carries. The call's id is the request's id
// too where the provider gave none.
func (c *call) stewardHeaders(h http.Header) {
	id := []string{c.rec.ID.Text("call")}
	h["X-Steward-Call-Id"] = id
	if name := requestIDHeader[c.style]; name != "" && len(h[name]) == 0 {
		h[name] = id
	}
	h["X-Steward-Cache"] = []string{"none"}
	if c.target.Provider != nil {
		h["X-Steward-Served-By"] = []string{c.target.Name()}
	}
	if len(c.rec.Lost) > 0 {
		h["X-Steward-Lost"] = []string{strings.Join(c.rec.Lost, ", ")}
	}
}

// costHeaders sets what is known only once a call is settled.
func (c *call) costHeaders(h http.Header) {
	if c.rec.Pricing == record.Unpriced {
		h["X-Steward-Pricing"] = []string{string(record.Unpriced)}
		return
	}
	h["X-Steward-Cost-Usd"] = []string{c.rec.Cost.String()}
	if c.rec.Pricing != record.Priced {
		h["X-Steward-Pricing"] = []string{string(c.rec.Pricing)}
	}
}

// returnHeaders copies what may go back of the provider's header.
func returnHeaders(dst, src http.Header) {
	for name, values := range src {
		if provider.Returnable(name) {
			dst[name] = values
		}
	}
}

// send makes the exchange with the target.
func (c *call) send(ctx context.Context, out *provider.Outgoing) (*provider.Answer, error) {
	c.rec.Provider, c.rec.Model = c.target.Provider.Name, c.target.Model
	c.attempt()
	c.sent = c.g.Now()
	c.rec.QueueMicros = c.sent.Sub(c.started).Microseconds()
	a, err := c.target.Provider.Do(ctx, out)
	if err != nil {
		f := fault.As(err)
		c.endAttempt(0, nil, f)
		// A caller who left while the provider was at work pays for what it had
		// read; a provider that could not be reached has read nothing.
		c.settle(&wire.Reading{}, f.Kind == fault.Cancelled)
		return nil, err
	}
	return a, nil
}

// readAnswer reads an answer that is held whole.
func (c *call) readAnswer(ctx context.Context, a *provider.Answer, limit int64) ([]byte, error) {
	if a.Length > limit {
		return nil, fault.New(fault.Upstream, "upstream_too_large", "the answer of %s is over %d MiB", c.target.Provider.Name, limit>>20)
	}
	b := c.answerBuf[:0]
	if size := int(max(a.Length, 4<<10)); size >= cap(b) {
		b = make([]byte, 0, size+1)
	}
	defer func() { c.answerBuf = b }()
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := a.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, c.target.Provider.Fault(ctx, err)
		}
		if int64(len(b)) > limit {
			return b, fault.New(fault.Upstream, "upstream_too_large", "the answer of %s is over %d MiB", c.target.Provider.Name, limit>>20)
		}
	}
}

// meter reads an answer as it passes.
type meter struct {
	measure  func(body []byte) wire.Reading
	observe  func(name string, data []byte, r *wire.Reading)
	splitter func() wire.Splitter
	encoder  func() wire.Encoder // for its Fail
	// strip drops the events that bring nothing but usage, for which the caller did
	// not ask.
	strip bool
	json  bool // an answer that is not JSON is the provider's fault
}

func isStream(contentType string) bool {
	return strings.HasPrefix(contentType, "text/event-stream") || strings.HasPrefix(contentType, "application/vnd.amazon.eventstream")
}

// relay passes an answer of the caller's own format on, byte by byte.
func (c *call) relay(ctx context.Context, stop context.CancelFunc, a *provider.Answer, m meter) error {
	defer a.Body.Close()
	contentType := a.Header.Get("Content-Type")
	if a.Status >= 400 {
		return c.relayError(ctx, a)
	}
	if m.splitter != nil && (isStream(contentType) || c.rec.Stream && c.arrayStream()) {
		return c.relayStream(ctx, stop, a, m)
	}
	body, err := c.readAnswer(ctx, a, maxAnswer)
	if err == nil && m.json && !sonic.Valid(body) {
		err = fault.New(fault.Upstream, "upstream_malformed", "%s answered %d with a body that is not whole JSON", c.target.Provider.Name, a.Status)
	}
	if err != nil {
		f := fault.As(err)
		c.endAttempt(a.Status, a.Header, f)
		c.settle(&wire.Reading{OutputBytes: int64(len(body))}, true)
		return err
	}
	reading := m.measure(body)
	return c.whole(a, body, &reading)
}

// whole settles, records and writes an answer that is held whole.
func (c *call) whole(a *provider.Answer, body []byte, r *wire.Reading) error {
	c.endAttempt(a.Status, a.Header, r.Err)
	c.settle(r, true)
	if r.OutputBytes > 0 || len(body) > 0 {
		c.rec.FirstTokenMicros = c.since()
	}
	c.responseType = a.Header.Get("Content-Type")
	c.rec.ResponseBytes = int64(len(body))
	if kept := body; c.g.MaxContent > 0 {
		if int64(len(kept)) > c.g.MaxContent {
			kept, c.answerCut = kept[:c.g.MaxContent], true
		}
		c.answer = kept
	}
	outcome := record.OK
	if r.Err != nil {
		outcome = record.Failed
	}
	if c.r.Context().Err() != nil {
		outcome = record.Cancelled
	}
	if err := c.finish(outcome, a.Status, r.Err); err != nil {
		return err
	}
	h := c.w.Header()
	returnHeaders(h, a.Header)
	c.stewardHeaders(h)
	c.costHeaders(h)
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.wroteHead = true
	c.w.WriteHeader(a.Status)
	_, _ = c.w.Write(body) // the caller may have left; the call is recorded
	return nil
}

// relayError passes a provider's error on: its own bytes where they are JSON in
// the caller's format, else an error of ours.
func (c *call) relayError(ctx context.Context, a *provider.Answer) error {
	body, err := c.readAnswer(ctx, a, 1<<20)
	if err != nil {
		body = nil
	}
	f := c.decodeError(a, body)
	c.endAttempt(a.Status, a.Header, f)
	c.settle(&wire.Reading{}, false)
	if f.Kind == fault.Upstream && f.Code == "provider_auth" || !sonic.Valid(body) || len(bytes.TrimSpace(body)) == 0 {
		return f
	}
	c.responseType = a.Header.Get("Content-Type")
	c.keep(body)
	if err := c.finish(record.Failed, a.Status, f); err != nil {
		return err
	}
	h := c.w.Header()
	returnHeaders(h, a.Header)
	c.stewardHeaders(h)
	h["X-Steward-Error"] = []string{f.StableCode()}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.wroteHead = true
	c.w.WriteHeader(a.Status)
	_, _ = c.w.Write(body)
	return nil
}

// decodeError reads a provider's error with the codec of the format that it was
// spoken to in.
func (c *call) decodeError(a *provider.Answer, body []byte) *fault.Error {
	format := c.format
	if !c.target.Provider.Speaks(format) {
		format = c.target.Provider.Translate
	}
	if codec, ok := c.g.Chat[format]; ok {
		return codec.DecodeError(a.Status, a.Header, body)
	}
	if codec, ok := c.g.Embed[format]; ok {
		return codec.DecodeError(a.Status, a.Header, body)
	}
	return &fault.Error{Kind: fault.Refused, Code: "upstream_error", Status: a.Status,
		Message: c.target.Provider.Name + " answered " + strconv.Itoa(a.Status)}
}

func dedupe(names []string) []string {
	var l llm.Lost
	l.AddAll(names)
	return l
}

func (m *Metrics) unauthenticated() {
	if m != nil {
		m.refused.Inc()
	}
}
