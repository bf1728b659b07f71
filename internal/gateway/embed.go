package gateway

import (
	"net/http"
	"strconv"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/provider"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/anthropic"
	"github.com/steward-llmops/steward/internal/wire/gemini"
)

// embed serves a request for vectors.
func (c *call) embed() error {
	if err := c.readJSON(); err != nil {
		return err
	}
	if err := c.plan(); err != nil {
		return err
	}
	ctx, stop := c.exchange()
	defer stop()
	p := c.target.Provider
	if !p.Speaks(c.format) {
		return c.embedTranslated()
	}
	out := &provider.Outgoing{Method: http.MethodPost, Header: c.r.Header}
	if c.format == llm.GeminiEmbed {
		out.Body, out.Target = c.body, withQuery(p.Gemini(c.target.Model, c.method), c.r.URL.RawQuery)
	} else {
		out.Body, out.Target = c.patch(c.target.Model), p.Target(c.format, c.target.Model, false)
	}
	if err := c.hold(); err != nil {
		return err
	}
	a, err := c.send(ctx, out)
	if err != nil {
		return err
	}
	return c.relay(ctx, stop, a, meter{measure: c.g.Embed[c.format].Measure, json: true})
}

// embedTranslated asks a provider of the other embeddings format.
func (c *call) embedTranslated() error {
	p := c.target.Provider
	var out wire.Embed
	for _, f := range p.Kind.Formats {
		if codec, ok := c.g.Embed[f]; ok {
			out = codec
		}
	}
	if out.EncodeRequest == nil {
		return fault.New(fault.Invalid, "embeddings_unsupported", "provider %q offers no embeddings", p.Name).At("model").
			Hinted("choose a model of a provider that does: steward model list")
	}
	in := c.g.Embed[c.format]
	req, err := in.DecodeRequest(c.body)
	if err != nil {
		return err
	}
	req.Model = c.target.Model
	batch := req.Batch
	req.Batch = len(req.Inputs) > 1
	body, lost, err := out.EncodeRequest(req)
	if err != nil {
		return err
	}
	c.rec.Lost = lost
	target := p.Target(out.Format, c.target.Model, false)
	if out.Format == llm.GeminiEmbed && req.Batch {
		target = p.Gemini(c.target.Model, "batchEmbedContents")
	}
	ctx, stop := c.exchange()
	defer stop()
	if err := c.hold(); err != nil {
		return err
	}
	a, err := c.send(ctx, &provider.Outgoing{Method: http.MethodPost, Target: target, Body: body, Extra: append(simHeaders(c.r.Header), jsonType)})
	if err != nil {
		return err
	}
	defer a.Body.Close()
	answer, err := c.readAnswer(ctx, a, maxAnswer)
	var resp *llm.EmbedResponse
	switch {
	case err != nil:
	case a.Status >= 400:
		err = out.DecodeError(a.Status, a.Header, answer)
	default:
		resp, err = out.DecodeResponse(answer)
	}
	if err != nil {
		c.endAttempt(a.Status, a.Header, fault.As(err))
		c.settle(&wire.Reading{}, a.Status < 400)
		return err
	}
	req.Batch = batch
	encoded, more, err := in.EncodeResponse(resp, req)
	if err != nil {
		return err
	}
	c.rec.Lost = dedupe(append(c.rec.Lost, more...))
	a.Header = c.translatedHeader(a.Header)
	a.Header["Content-Type"] = []string{"application/json"}
	return c.whole(a, encoded, &wire.Reading{Model: resp.Model, Usage: resp.Usage, Complete: true})
}

// count serves count_tokens: asked of the provider where it can count in the
// caller's format, else counted here, and said so in a header.
func (c *call) count() error {
	if err := c.readJSON(); err != nil {
		return err
	}
	if err := c.plan(); err != nil {
		return err
	}
	p := c.target.Provider
	ctx, stop := c.exchange()
	defer stop()
	out := &provider.Outgoing{Method: http.MethodPost, Header: c.r.Header, Body: c.body}
	switch {
	case c.style == anthropicStyle && p.Speaks(llm.AnthropicMessages):
		out.Target = withQuery(p.Join("/v1/messages/count_tokens"), c.r.URL.RawQuery)
		out.Body = c.patch(c.target.Model)
		if c.r.Header["Anthropic-Version"] == nil {
			out.Extra = append(out.Extra, anthropicVersion)
		}
	case c.style == geminiStyle && p.Speaks(llm.GeminiGenerate):
		out.Target = withQuery(p.Gemini(c.target.Model, "countTokens"), c.r.URL.RawQuery)
	default:
		return c.countHere()
	}
	a, err := c.send(ctx, out)
	if err != nil {
		return err
	}
	return c.relay(ctx, stop, a, meter{measure: func([]byte) wire.Reading { return wire.Reading{Complete: true} }, json: true})
}

// countHere counts the words of the request with our own tokenizer.
func (c *call) countHere() error {
	tokens := c.g.Counter.Count(c.words())
	body := anthropic.EncodeCount(tokens)
	if c.style == geminiStyle {
		body = gemini.EncodeCount(tokens)
	}
	c.w.Header()["X-Steward-Estimated"] = []string{strconv.FormatInt(tokens, 10)}
	return c.local(body)
}

// local answers with a body that Steward itself made.
func (c *call) local(body []byte) error {
	a := &provider.Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}}
	return c.whole(a, body, &wire.Reading{Complete: true})
}

// vertex serves the paths of Vertex AI itself for clients that are set up for it;
// the call goes to the configured provider of that kind.
func (c *call) vertex() error {
	p, err := c.passProvider()
	if err != nil {
		return err
	}
	if c.method != "generateContent" && c.method != "streamGenerateContent" {
		c.surface = &vertexPass
		c.rec.Surface = c.surface.name
		return c.pass()
	}
	if err := c.readJSON(); err != nil {
		return err
	}
	c.target = Target{p, c.model}
	if err := c.permit(); err != nil {
		return err
	}
	ctx, stop := c.exchange()
	defer stop()
	codec := c.g.Chat[c.format]
	m := meter{measure: codec.Measure, observe: codec.Observe, splitter: codec.NewSplitter, json: true,
		encoder: func() wire.Encoder { return codec.NewEncoder(&llm.Request{Model: c.model, Stream: true}) }}
	if c.arrayStream() {
		m.splitter = gemini.NewArraySplitter
		m.encoder = func() wire.Encoder { return gemini.NewArrayEncoder(&llm.Request{Model: c.model, Stream: true}) }
	}
	if err := c.hold(); err != nil {
		return err
	}
	a, err := c.send(ctx, &provider.Outgoing{Method: http.MethodPost, Header: c.r.Header, Body: c.body, Target: withQuery(p.Join(c.path), c.r.URL.RawQuery)})
	if err != nil {
		return err
	}
	return c.relay(ctx, stop, a, m)
}
