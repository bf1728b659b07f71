package gateway

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/provider"
	"github.com/steward-llmops/steward/internal/record"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/bedrock"
	"github.com/steward-llmops/steward/internal/wire/gemini"
	"github.com/steward-llmops/steward/internal/wire/openai"
	"github.com/steward-llmops/steward/internal/wire/responses"
)

// pass sends a request on byte by byte: surfaces that belong to one vendor, or
// that need no translation. It is authenticated, metered, priced and recorded as
// any other call.
func (c *call) pass() error {
	p, err := c.passProvider()
	if err != nil {
		return err
	}
	return c.passTo(p, c.passTarget(p))
}

// passNamed serves /passthrough/PROVIDER/PATH: any path of any provider.
func (c *call) passNamed() error {
	name, path, _ := strings.Cut(c.path, "/")
	p, ok := c.g.Directory().Provider(unescape(name))
	if !ok {
		return fault.New(fault.NotFound, "provider_not_found", "there is no provider %q", clip(name)).
			Hinted("see steward provider list")
	}
	c.path = "/" + path
	if m, method, ok := cutLast(after(c.path, "/models/"), ':'); ok && isMethod(method) {
		c.model, c.method = unescape(m), method
	} else if m, _, ok := cutLast(after(c.path, "/model/"), '/'); ok {
		c.model = unescape(m)
	}
	switch p.Kind.Auth {
	case provider.AuthXKey:
		c.surface = &surface{name: "passthrough", op: "other", style: anthropicStyle}
	case provider.AuthGoog, provider.AuthGoogle:
		c.surface = &surface{name: "passthrough", op: "other", style: geminiStyle}
	}
	return c.passTo(p, p.Join(c.path))
}

// passTarget puts the path behind the provider's base URL.
func (c *call) passTarget(p *provider.Provider) string {
	if strings.HasPrefix(c.surface.name, "openai-") {
		return p.OpenAIPath(c.path)
	}
	if c.surface.name == "gemini-passthrough" && strings.HasPrefix(c.path, "/upload/") {
		return c.path
	}
	return p.Join(c.path)
}

// passProvider is the provider that the caller names in x-steward-provider or in
// the body's model, else the first configured one that understands the surface.
func (c *call) passProvider() (*provider.Provider, error) {
	d := c.g.Directory()
	if name := c.r.Header.Get("X-Steward-Provider"); name != "" {
		if p, ok := d.Provider(name); ok {
			return p, nil
		}
		return nil, fault.New(fault.NotFound, "provider_not_found", "there is no provider %q", clip(name)).Hinted("see steward provider list")
	}
	for _, kind := range c.kinds {
		for _, p := range d.Providers() {
			if p.Kind.ID == kind {
				return p, nil
			}
		}
	}
	return nil, fault.New(fault.NotFound, "provider_missing", "no provider of kind %s is configured for %s", strings.Join(c.kinds, " or "), clip(c.r.URL.Path)).
		Hinted("add one to steward.yaml, or name another in the header x-steward-provider")
}

func (c *call) passTo(p *provider.Provider, target string) error {
	c.target = Target{p, ""}
	out := &provider.Outgoing{Method: c.r.Method, Header: c.r.Header}
	if err := c.passBody(out); err != nil {
		return err
	}
	if c.op == "other" || c.op == "responses" {
		s := *c.surface // shared by all calls
		s.op = passOperation(c.path, c.op)
		c.surface = &s
		c.rec.Operation = c.op
	}
	c.target.Provider = p
	if c.asked.model != "" {
		// A model may be addressed as elsewhere, "provider/model"; then that decides.
		if t, err := c.g.Directory().Find(c.asked.model); err == nil && (t.Provider.Name == p.Name || understands(c.kinds, t.Provider)) {
			if t.Provider.Name != p.Name {
				p, target = t.Provider, c.passTarget(t.Provider)
			}
			c.target = t
			switch {
			case c.asked.modelAt.to > 0 && out.Stream == nil:
				out.Body = c.patch(t.Model)
			case c.asked.modelAt.to == 0 && t.Model != c.asked.model:
				c.patchForm(out, t.Model)
			}
		} else {
			c.target = Target{p, c.asked.model}
		}
	} else if c.model != "" {
		c.target.Model = c.model
	}
	c.rec.Asked = clip(c.asked.model)
	if c.rec.Asked == "" {
		c.rec.Asked = clip(c.model)
	}
	if err := c.permit(); err != nil {
		return err
	}
	out.Target = withQuery(target, c.r.URL.RawQuery)
	if p.Kind.ID == "anthropic" && c.r.Header["Anthropic-Version"] == nil {
		out.Extra = append(out.Extra, anthropicVersion)
	}
	ctx, stop := c.exchange()
	defer stop()
	if err := c.hold(); err != nil {
		return err
	}
	a, err := c.send(ctx, out)
	if err != nil {
		return err
	}
	return c.relayPass(ctx, stop, a)
}

func understands(kinds []string, p *provider.Provider) bool { return slices.Contains(kinds, p.Kind.ID) }

// passBody reads a JSON body whole, and lets an upload stream through, keeping
// its beginning for the record and for the form fields that name its model.
func (c *call) passBody(out *provider.Outgoing) error {
	contentType := c.r.Header.Get("Content-Type")
	if c.r.Body == nil || c.r.ContentLength == 0 {
		return nil
	}
	multi := strings.HasPrefix(contentType, "multipart/")
	if !multi && (c.r.ContentLength <= c.g.MaxBody && strings.HasPrefix(contentType, "application/json") || c.r.ContentLength > 0 && c.r.ContentLength <= 1<<20) {
		if err := c.readBody(); err != nil {
			return err
		}
		out.Body = c.body
		if strings.HasPrefix(contentType, "application/json") && strings.HasPrefix(strings.TrimSpace(string(c.body[:min(len(c.body), 64)])), "{") {
			a, err := scan(c.body)
			if err != nil {
				return err
			}
			c.asked, c.rec.Stream = a, a.stream
		}
		return nil
	}
	if c.r.ContentLength > c.g.MaxUpload {
		return fault.New(fault.TooLarge, "body_too_large", "the upload is over %d MiB", c.g.MaxUpload>>20).
			Hinted("send less, or raise limits.max_upload in the configuration")
	}
	// What is needed of an upload lies in its first form fields: the rest streams.
	head := make([]byte, 256<<10)
	n, err := io.ReadFull(c.r.Body, head)
	head = head[:n]
	whole := err != nil
	c.body, c.cut = head, !whole
	c.rec.RequestBytes = max(c.r.ContentLength, int64(n))
	if multi {
		c.asked.model = formField(contentType, head, "model")
		if c.asked.model != "" && namesModel(head) > 1 {
			return ambiguous("model")
		}
	}
	if whole {
		out.Body = head
		return nil
	}
	out.Rest = io.LimitReader(c.r.Body, c.g.MaxUpload-int64(n))
	if multi && c.asked.model != "" {
		out.Rest = &oneModel{Reader: out.Rest, tail: bytes.ToLower(head[max(0, n-len(modelField)):])}
	}
	out.Stream = io.MultiReader(bytes.NewReader(head), out.Rest)
	out.Length = c.r.ContentLength
	return nil
}

// modelField is how a form names the field that says where its call goes.
const modelField = `name="model"`

// namesModel counts how often a form's bytes name that field, quoted or not.
func namesModel(b []byte) int {
	lower := bytes.ToLower(b)
	return bytes.Count(lower, []byte(modelField)) + bytes.Count(lower, []byte("name=model"))
}

// oneModel lets the rest of an upload through that has named its model already. A
// second name ends it: which of the two a provider believes is not known, and the
// key was checked against the first.
type oneModel struct {
	io.Reader
	tail []byte // of what went before, in lower case: a name may be cut in two
}

// Read implements io.Reader.
func (r *oneModel) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	seen := append(r.tail, bytes.ToLower(p[:n])...)
	if namesModel(seen) > namesModel(r.tail) {
		return 0, ambiguous("model")
	}
	r.tail = append([]byte(nil), seen[max(0, len(seen)-len(modelField)+1):]...)
	return n, err
}

// formField reads a field of a multipart form out of the form's beginning.
func formField(contentType string, head []byte, name string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return ""
	}
	r := multipart.NewReader(bytes.NewReader(head), params["boundary"])
	for {
		part, err := r.NextRawPart()
		if err != nil {
			return ""
		}
		if part.FormName() == name {
			value, err := io.ReadAll(io.LimitReader(part, 256))
			if err != nil {
				return ""
			}
			return string(value)
		}
	}
}

// patchForm replaces the model in the beginning of an upload's form, where it was
// found, every other byte as it was.
func (c *call) patchForm(out *provider.Outgoing, model string) {
	at := formValue(c.body, "model", c.asked.model)
	if at < 0 {
		return
	}
	patched := slices.Concat(c.body[:at], []byte(model), c.body[at+len(c.asked.model):])
	if out.Stream == nil {
		out.Body = patched
		return
	}
	out.Stream = io.MultiReader(bytes.NewReader(patched), out.Rest)
	if out.Length >= 0 {
		out.Length += int64(len(patched) - len(c.body))
	}
}

// formValue returns where the value of a form's field begins; -1: it is not there.
func formValue(head []byte, name, value string) int {
	at := bytes.Index(head, []byte(`name="`+name+`"`))
	if at < 0 {
		return -1
	}
	blank := bytes.Index(head[at:], []byte("\r\n\r\n"))
	if blank < 0 {
		return -1
	}
	at += blank + 4
	if !bytes.HasPrefix(head[at:], []byte(value+"\r\n")) {
		return -1
	}
	return at
}

// passOperation names what a pass-through path does, for the record.
func passOperation(path, op string) string {
	switch {
	case chatFormat(path) != "":
		return "chat"
	case strings.HasSuffix(path, "/compact"), op == "responses":
		return "responses"
	case strings.HasSuffix(path, ":predict"), strings.HasSuffix(path, "/embeddings"),
		strings.HasSuffix(path, "/invoke") && strings.Contains(path, "embed"):
		return "embeddings"
	case strings.HasSuffix(path, "/invoke"), strings.HasSuffix(path, "/invoke-with-response-stream"):
		return "chat"
	case strings.HasSuffix(path, ":countTokens"), strings.HasSuffix(path, "/count-tokens"), strings.HasSuffix(path, "/count_tokens"):
		return "count_tokens"
	case strings.Contains(path, "/files"):
		return "files"
	case strings.Contains(path, "/batches"):
		return "batches"
	}
	return "other"
}

// relayPass passes the answer on with the meter that fits it.
func (c *call) relayPass(ctx context.Context, stop context.CancelFunc, a *provider.Answer) error {
	contentType := a.Header.Get("Content-Type")
	m := meter{measure: c.measurePass(contentType, a.Header)}
	if isStream(contentType) {
		codec := c.g.Chat[c.passFormat()]
		m.observe, m.splitter = codec.Observe, codec.NewSplitter
		m.encoder = func() wire.Encoder { return codec.NewEncoder(&llm.Request{Model: c.target.Model, Stream: true}) }
		if observe := openai.ObserveSurface(c.op); observe != nil && strings.HasPrefix(c.surface.name, "openai-") && c.op != "responses" && c.op != "chat" {
			m.observe = observe
		}
		return c.relay(ctx, stop, a, m)
	}
	if a.Status < 400 && !strings.HasPrefix(contentType, "application/json") && !strings.HasPrefix(contentType, "text/") && (a.Length < 0 || a.Length > 1<<20) {
		return c.relayBinary(ctx, a, m)
	}
	return c.relay(ctx, stop, a, m)
}

// chatFormat is the format of the chat calls that a pass-through path takes; empty:
// it is no such path. A vendor may offer several formats below its own paths.
func chatFormat(path string) llm.Format {
	switch {
	case strings.HasSuffix(path, "/chat/completions"):
		return llm.OpenAIChat
	case strings.HasSuffix(path, "/responses"):
		return llm.OpenAIResponses
	case strings.HasSuffix(path, "/v1/messages"), strings.HasSuffix(path, "awPredict") && strings.Contains(path, "/publishers/anthropic/"):
		return llm.AnthropicMessages
	case strings.HasSuffix(path, ":generateContent"), strings.HasSuffix(path, ":streamGenerateContent"):
		return llm.GeminiGenerate
	case strings.HasSuffix(path, "/converse"), strings.HasSuffix(path, "/converse-stream"):
		return llm.BedrockConverse
	}
	return ""
}

// passFormat is the chat format that a pass-through answer is likely to be in.
func (c *call) passFormat() llm.Format {
	if f := chatFormat(c.path); f != "" {
		return f
	}
	switch {
	case c.op == "responses":
		return llm.OpenAIResponses
	case c.style == anthropicStyle:
		return llm.AnthropicMessages
	case c.style == geminiStyle:
		return llm.GeminiGenerate
	case c.style == bedrockStyle:
		return llm.BedrockConverse
	}
	return llm.OpenAIChat
}

// measurePass reads the usage of a whole pass-through answer.
func (c *call) measurePass(contentType string, h http.Header) func([]byte) wire.Reading {
	return func(body []byte) wire.Reading {
		switch {
		case strings.HasSuffix(c.path, "/invoke"):
			return bedrock.MeasureInvoke(h, body)
		case c.op == "responses":
			return responses.Responses().Measure(body)
		case strings.HasSuffix(c.path, ":predict"):
			return gemini.MeasurePredict(body)
		case c.op == "embeddings":
			return c.g.Embed[llm.OpenAIEmbeddings].Measure(body)
		case c.op == "chat":
			return c.g.Chat[c.passFormat()].Measure(body)
		case strings.HasPrefix(c.surface.name, "openai-"):
			return openai.MeasureSurface(c.op, c.r.Header.Get("Content-Type"), c.body, body, contentType)
		}
		return wire.Reading{Complete: true}
	}
}

// relayBinary passes a large answer that is no text on as it comes: sound, images,
// files. Its last piece is held back until the record is down.
func (c *call) relayBinary(ctx context.Context, a *provider.Answer, m meter) error {
	defer a.Body.Close()
	h := c.w.Header()
	returnHeaders(h, a.Header)
	c.stewardHeaders(h)
	h["Trailer"] = trailers
	c.responseType = a.Header.Get("Content-Type")
	c.wroteHead = true
	c.w.WriteHeader(a.Status)
	var held []byte
	gone := false
	buf := make([]byte, 64<<10)
	var failure *fault.Error
	for {
		n, err := a.Body.Read(buf)
		if n > 0 {
			if len(held) > 0 && !gone {
				_, werr := c.w.Write(held)
				gone = werr != nil
			}
			held = append(held[:0], buf[:n]...)
			c.keep(held)
			if c.rec.FirstByteMicros < 0 {
				c.rec.FirstByteMicros = c.since()
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			failure = c.target.Provider.Fault(ctx, err)
			break
		}
	}
	reading := m.measure(c.answer)
	c.endAttempt(a.Status, a.Header, failure)
	c.settle(&reading, true)
	outcome := record.OK
	if failure != nil {
		outcome = record.Failed
	}
	if gone || c.r.Context().Err() != nil {
		outcome = record.Cancelled
	}
	if err := c.finish(outcome, a.Status, failure); err != nil {
		failure = fault.As(err)
	}
	if failure != nil {
		panic(http.ErrAbortHandler) // the only way to say that a binary answer is not whole
	}
	c.costHeaders(h)
	_, _ = c.w.Write(held)
	return nil
}

// models lists what can be called, in the shape of the caller's SDK.
func (c *call) models() error {
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return fault.New(fault.Invalid, codeMethod, "%s answers GET only", clip(c.r.URL.Path))
	}
	name := strings.TrimPrefix(c.model, "models/")
	if name != "" {
		t, err := c.g.Directory().Find(name)
		if err != nil {
			return err
		}
		if !c.grant.Allows(t.Name()) {
			return fault.New(fault.NotFound, "model_not_found", "there is no model %q for this key", clip(name)).At("model")
		}
		return c.local(encodeModel(c.style, t.Name(), t.Provider.Name))
	}
	var names []Target
	for _, t := range c.g.Directory().Listed() {
		if c.grant.Allows(t.Name()) {
			names = append(names, t)
		}
	}
	return c.local(encodeModels(c.style, names))
}
