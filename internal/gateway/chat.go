package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/provider"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/gemini"
)

// chat serves a chat call on any surface: passed through where the provider speaks
// the caller's format, translated where it does not.
func (c *call) chat() error {
	if err := c.readJSON(); err != nil {
		return err
	}
	if err := c.plan(); err != nil {
		return err
	}
	ctx, stop := c.exchange()
	defer stop()
	if c.target.Provider.Speaks(c.format) {
		return c.chatRaw(ctx, stop)
	}
	return c.chatTranslated(ctx, stop)
}

// readJSON reads the body and what the path and the top level of the JSON say.
func (c *call) readJSON() (err error) {
	if c.r.Method != http.MethodPost {
		return fault.New(fault.Invalid, codeMethod, "%s answers POST only", clip(c.r.URL.Path))
	}
	if err := c.readBody(); err != nil {
		return err
	}
	if c.asked, err = scan(c.body); err != nil {
		return err
	}
	c.rec.Stream = c.asked.stream
	if c.model != "" { // Gemini and Bedrock name the model in the path
		c.asked.model = c.model
		c.rec.Stream = c.method == "streamGenerateContent" || c.method == "converse-stream"
	}
	c.rec.Asked = clip(c.asked.model)
	if c.rec.Subject == "" {
		c.rec.Subject = clip(c.asked.user)
	}
	return nil
}

// plan finds the target and checks that the key may use it. It does no I/O.
func (c *call) plan() (err error) {
	if c.target, err = c.g.Directory().Find(c.asked.model); err != nil {
		c.target = Target{}
		return err
	}
	return c.permit()
}

func (c *call) permit() error {
	if name := c.target.Name(); !c.grant.Allows(name) {
		return fault.New(fault.Denied, "model_not_allowed", "this key may not call %s", clip(name)).At("model").
			Hinted("it may call %s; ask for another key, or for this one's models to be widened", strings.Join(c.grant.Models, ", "))
	}
	return nil
}

// exchange returns the context of the exchange with the provider: it ends at the
// total time-out, and, by the policy for hang-ups, when the caller leaves.
func (c *call) exchange() (context.Context, context.CancelFunc) {
	total := c.target.Provider.Timeouts.Total
	if c.g.HangUp == Drain {
		ctx, stop := detached(c.r.Context(), total)
		limit := c.g.DrainTimeout // c itself may serve another call by the time that this runs
		context.AfterFunc(c.r.Context(), func() { time.AfterFunc(limit, stop) })
		return ctx, stop
	}
	if !c.rec.Stream && c.target.Provider.Bounded() {
		return c.r.Context(), func() {} // nothing to end: the answer is read in one go
	}
	return context.WithTimeout(c.r.Context(), total)
}

// chatRaw sends the caller's own bytes, patched in place.
func (c *call) chatRaw(ctx context.Context, stop context.CancelFunc) error {
	codec := c.g.Chat[c.format]
	m := meter{measure: codec.Measure, observe: codec.Observe, splitter: codec.NewSplitter, json: true,
		encoder: func() wire.Encoder { return codec.NewEncoder(&llm.Request{Model: c.target.Model, Stream: true}) }}
	body := c.body
	p := c.target.Provider
	out := &provider.Outgoing{Method: http.MethodPost, Header: c.r.Header}
	switch c.format {
	case llm.GeminiGenerate:
		out.Target = withQuery(p.Gemini(c.target.Model, c.method), c.r.URL.RawQuery)
		if c.arrayStream() {
			m.splitter = gemini.NewArraySplitter
			m.encoder = func() wire.Encoder { return gemini.NewArrayEncoder(&llm.Request{Model: c.target.Model, Stream: true}) }
		}
	case llm.BedrockConverse:
		out.Target = p.Target(c.format, c.target.Model, c.rec.Stream)
		if c.target.Model == c.model {
			out.Target = p.Join(c.path) // as the caller wrote it
		}
	default:
		body = c.patch(c.target.Model)
		out.Target = withQuery(p.Target(c.format, c.target.Model, c.rec.Stream), c.r.URL.RawQuery)
		if c.format == llm.OpenAIChat && c.asked.stream && !c.asked.hasUsage && !p.Kind.NoStreamOptions {
			body, m.strip = askUsage(body, &c.asked), true
			if len(body) == len(c.body) && !c.asked.hasOptions {
				m.strip = false
			}
		}
	}
	out.Body = body
	if c.format == llm.AnthropicMessages && c.r.Header["Anthropic-Version"] == nil {
		out.Extra = append(out.Extra, anthropicVersion)
	}
	if err := c.hold(); err != nil {
		return err
	}
	a, err := c.send(ctx, out)
	if err != nil {
		return err
	}
	return c.relay(ctx, stop, a, m)
}

// patch returns the caller's body with the model as the provider knows it.
func (c *call) patch(model string) []byte {
	model = c.target.Provider.Upstream(model)
	if c.asked.model == model {
		return c.body
	}
	c.patchBuf = patchModel(c.patchBuf, c.body, &c.asked, model)
	return c.patchBuf
}

var (
	anthropicVersion = provider.Field{Name: "Anthropic-Version", Value: "2023-06-01"}
	jsonType         = provider.Field{Name: "Content-Type", Value: "application/json"}
)

// withQuery appends the caller's query, less the key that some SDKs put there.
func withQuery(target, raw string) string {
	if raw == "" {
		return target
	}
	if strings.Contains(raw, "key=") {
		q, err := url.ParseQuery(raw)
		if err != nil {
			return target
		}
		q.Del("key")
		if raw = q.Encode(); raw == "" {
			return target
		}
	}
	if strings.Contains(target, "?") {
		return target + "&" + raw
	}
	return target + "?" + raw
}

// simHeaders are for the simulator, and pass even where a call is translated.
func simHeaders(h http.Header) []provider.Field {
	var fields []provider.Field
	for name, values := range h {
		if strings.HasPrefix(name, "X-Sim-") {
			fields = append(fields, provider.Field{Name: name, Value: values[0]})
		}
	}
	return fields
}

// chatTranslated decodes the caller's request into llm, and encodes it in the
// provider's format.
func (c *call) chatTranslated(ctx context.Context, stop context.CancelFunc) error {
	in, out := c.g.Chat[c.format], c.g.Chat[c.target.Provider.Translate]
	if out.EncodeRequest == nil {
		return fault.New(fault.Invalid, "format_unsupported", "provider %q speaks no chat format that can be translated to", c.target.Provider.Name)
	}
	if err := c.wholeRequest(); err != nil {
		return err
	}
	req, err := in.DecodeRequest(c.body)
	if err != nil {
		return err
	}
	req.Model, req.Stream = c.target.Provider.Upstream(c.target.Model), c.rec.Stream
	if c.asked.maxTokens == 0 && req.MaxTokens != nil {
		c.asked.maxTokens = *req.MaxTokens
	}
	body, lost, err := out.EncodeRequest(req)
	if err != nil {
		return err
	}
	c.rec.Lost = lost
	sent := &provider.Outgoing{Method: http.MethodPost, Body: body, Target: c.target.Provider.Target(out.Format, c.target.Model, req.Stream),
		Extra: append(simHeaders(c.r.Header), jsonType)}
	if out.Format == llm.AnthropicMessages {
		sent.Extra = append(sent.Extra, anthropicVersion)
	}
	if err := c.hold(); err != nil {
		return err
	}
	a, err := c.send(ctx, sent)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.Status >= 400 {
		return c.translatedError(ctx, a)
	}
	if req.Stream && isStream(a.Header.Get("Content-Type")) {
		return c.translateStream(ctx, a, in, out, req)
	}
	return c.translateWhole(ctx, a, in, out, req)
}

// translatedError answers with the provider's error in the caller's format.
func (c *call) translatedError(ctx context.Context, a *provider.Answer) error {
	body, err := c.readAnswer(ctx, a, 1<<20)
	if err != nil {
		body = nil
	}
	f := c.decodeError(a, body)
	c.endAttempt(a.Status, a.Header, f)
	c.settle(&wire.Reading{}, false)
	return f
}

func (c *call) translateWhole(ctx context.Context, a *provider.Answer, in, out wire.Chat, req *llm.Request) error {
	body, err := c.readAnswer(ctx, a, maxAnswer)
	var resp *llm.Response
	if err == nil {
		resp, err = out.DecodeResponse(body)
	}
	if err != nil {
		f := oneWord(fault.As(err))
		c.endAttempt(a.Status, a.Header, f)
		c.settle(&wire.Reading{OutputBytes: int64(len(body))}, true)
		return f
	}
	if req.Stream { // the provider answered whole though a stream was asked for
		return c.encodeStream(a, resp.Events(), in, req, nil)
	}
	r := reading(resp, outputBytes(resp)) // the record has what the provider said, and no more
	c.complete(&resp.ID, &resp.Model, &resp.Created)
	if !resp.Usage.Reported {
		c.estimate(&resp.Usage, r)
		r.Usage = resp.Usage
	}
	answer, lost, err := in.EncodeResponse(resp, req)
	if err != nil {
		c.settle(r, true)
		return err
	}
	c.rec.Lost = dedupe(append(c.rec.Lost, lost...))
	a.Header = c.translatedHeader(a.Header)
	a.Header["Content-Type"] = []string{"application/json"}
	return c.whole(a, answer, r)
}

// complete gives an answer what its provider's format has no word for and the
// caller's needs: an id, a model and the moment of its making.
func (c *call) complete(id, model *string, created *int64) {
	if *model == "" {
		*model = c.target.Model
	}
	if *id == "" {
		*id = c.rec.ID.String()
	}
	if *created == 0 {
		*created = c.started.Unix()
	}
}

// outputBytes counts what the model wrote.
func outputBytes(resp *llm.Response) int64 {
	n := 0
	for i := range resp.Parts {
		n += len(resp.Parts[i].Text)
		if call := resp.Parts[i].Call; call != nil {
			n += len(call.Arguments)
		}
	}
	return int64(n)
}

// reading is what the record needs to know of a decoded answer.
func reading(resp *llm.Response, outputBytes int64) *wire.Reading {
	return &wire.Reading{ID: resp.ID, Model: resp.Model, Usage: resp.Usage, Finish: resp.Finish, Complete: true, OutputBytes: outputBytes}
}

func (c *call) translateStream(ctx context.Context, a *provider.Answer, in, out wire.Chat, req *llm.Request) error {
	body := &flushingBody{c: c, body: a.Body}
	return c.encodeStream(a, out.DecodeStream(body), in, req, func(err error) error {
		if body.err != nil {
			return c.target.Provider.Fault(ctx, body.err)
		}
		return err
	})
}

// flushingBody sends the caller what has been encoded before it waits for more.
type flushingBody struct {
	c    *call
	body io.Reader
	err  error // of the network, not of what was said over it
}

// Read implements io.Reader.
func (b *flushingBody) Read(p []byte) (int, error) {
	if b.c.unflushed {
		b.c.unflushed = false
		b.c.flush()
	}
	n, err := b.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// encodeStream writes events in the caller's format. cause tells an error of the
// connection from one of the decoder; nil: there is none.
func (c *call) encodeStream(a *provider.Answer, events llm.Stream, in wire.Chat, req *llm.Request, cause func(error) error) error {
	newEncoder, contentType := in.NewEncoder, in.StreamType
	if c.format == llm.GeminiGenerate && c.arrayStream() {
		newEncoder, contentType = gemini.NewArrayEncoder, "application/json"
	}
	enc := newEncoder(req)
	c.head(&provider.Answer{Header: c.translatedHeader(a.Header)}, contentType)
	var r wire.Reading
	var dst, last []byte // last: the end of the answer, held until the record is down
	ending := false
	var failure error
	gone := false
	for e, err := range events {
		if err != nil {
			if failure = err; cause != nil {
				failure = cause(err)
			}
			break
		}
		c.note(&e, &r)
		if e.Kind == llm.EventStart {
			c.complete(&e.ID, &e.Model, &e.Created)
		}
		if ending = ending || e.Kind == llm.EventFinish; ending {
			last = enc.Append(last, e)
			continue
		}
		if dst = enc.Append(dst[:0], e); len(dst) == 0 {
			continue
		}
		if c.rec.FirstByteMicros < 0 {
			c.rec.FirstByteMicros = c.since()
		}
		c.keep(dst)
		if !gone {
			_, err := c.w.Write(dst)
			gone, c.unflushed = err != nil, true
		}
	}
	c.rec.Lost = dedupe(append(c.rec.Lost, enc.Lost()...))
	if lost := enc.Lost(); len(lost) > 0 { // known only now: behind the body
		c.w.Header()[http.TrailerPrefix+"X-Steward-Lost"] = []string{strings.Join(c.rec.Lost, ", ")}
	}
	f := oneWord(fault.As(failure))
	c.endAttempt(a.Status, a.Header, f)
	if f == nil {
		if !r.Usage.Reported { // strict clients need figures; these are marked as counted here
			c.estimate(&r.Usage, &r)
			last = enc.Append(last, llm.Event{Kind: llm.EventUsage, Usage: &r.Usage})
		}
		last = enc.End(last)
		c.keep(last)
	}
	c.settle(&r, true)
	return c.closeStream(f, f != nil, gone, last, func(f *fault.Error) []byte {
		if frame := enc.Fail(nil, f); len(frame) > 0 {
			return frame
		}
		return newEncoder(req).Fail(nil, f) // enc had written its end, which did not go out
	})
}

// note folds an event into what the record needs to know.
func (c *call) note(e *llm.Event, r *wire.Reading) {
	switch e.Kind {
	case llm.EventStart:
		r.ID, r.Model = e.ID, e.Model
	case llm.EventDelta:
		r.OutputBytes += int64(len(e.Text))
		if c.rec.FirstTokenMicros < 0 && e.Text != "" {
			c.rec.FirstTokenMicros = c.since()
		}
	case llm.EventPart:
		if c.rec.FirstTokenMicros < 0 && e.Part.Kind == llm.KindToolCall {
			c.rec.FirstTokenMicros = c.since()
		}
	case llm.EventUsage:
		r.Usage = *e.Usage
	case llm.EventFinish:
		r.Finish, r.Complete = e.Finish, true
	}
}
