package gateway

import (
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/anthropic"
	"github.com/steward-llmops/steward/internal/wire/gemini"
)

// hold reserves what the call can cost at most and writes it to the journal, so
// that a restart knows what was in flight. A call that cannot be held does not leave.
func (c *call) hold() error {
	ceiling, ok, err := c.g.Prices.Ceiling(c.target.Provider.Prices, c.target.Model, CeilingQuery{
		InputTokens:  int64(len(c.body)), // a token is a byte at least
		OutputTokens: c.asked.maxTokens * max(1, c.asked.choices),
		ServiceTier:  c.asked.serviceTier, At: c.started,
	})
	if err != nil {
		return err
	}
	c.rec.Ceiling, c.rec.CeilingSet = ceiling.Nano, ok
	c.rec.Catalogue, c.rec.PriceID = ceiling.Catalogue, ceiling.PriceID
	c.holds = record.Hold{
		ID: c.rec.ID, Time: c.rec.Time,
		Org: c.rec.Org, Team: c.rec.Team, Project: c.rec.Project, Key: c.rec.Key, KeyName: c.rec.KeyName,
		Subject: c.rec.Subject, Surface: c.rec.Surface, Operation: c.rec.Operation, Asked: c.rec.Asked,
		Provider: c.target.Provider.Name, Model: c.target.Model, Stream: c.rec.Stream,
		Ceiling: ceiling.Nano, CeilingSet: ok, Catalogue: ceiling.Catalogue, PriceID: ceiling.PriceID,
	}
	return c.g.Journal.Hold(&c.holds)
}

// settle prices what was used. Usage that nobody reported is estimated where an
// answer had begun; a call that was refused costs nothing.
func (c *call) settle(r *wire.Reading, used bool) {
	used = c.owes(r, used)
	c.rec.Usage = r.Usage
	c.rec.Finish = r.Finish
	if r.Model != "" {
		c.rec.Reported = clip(r.Model)
	}
	if r.ID != "" {
		c.rec.UpstreamID = clip(r.ID)
	}
	if c.sent.IsZero() || !used && !r.Usage.Reported {
		c.rec.Pricing = record.Free
		return
	}
	u := &c.rec.Usage
	switch {
	case !u.Reported && billed(c.op):
		c.estimate(u, r)
	case c.rec.Stream && writes(c.op) && !r.Complete:
		estimateRest(u, r)
	}
	if u.ServiceTier == "" && !isDefaultTier(c.asked.serviceTier) {
		u.ServiceTier = c.asked.serviceTier
	}
	u.N[llm.ComputeMicros] = c.g.Now().Sub(c.sent).Microseconds()
	u.N[llm.Requests] = 1
	cost := c.g.Prices.Price(c.target.Provider.Prices, c.target.Model, u, c.started)
	c.rec.Cost, c.rec.Pricing = cost.Nano, cost.Pricing
	c.rec.Catalogue, c.rec.PriceID = cost.Catalogue, cost.PriceID
	if cost.Pricing == record.Unpriced && !billed(c.op) && !metered(u) {
		c.rec.Pricing = record.Free // a look at a list of files needs no price
	}
	if u.Estimated && cost.Pricing == record.Priced {
		c.rec.Pricing = record.Estimated
	}
	if n := len(c.rec.Attempts); n > 0 {
		c.rec.Attempts[n-1].Cost = cost.Nano
	}
}

// isDefaultTier reports whether a vendor's word for a service tier leaves the price
// as it is, or leaves the choice to the vendor, which then says what it was.
func isDefaultTier(tier string) bool {
	switch tier {
	case "auto", "default", "standard", "standard_only", "on_demand":
		return true
	}
	return false
}

// metered reports whether anything was counted beside the call itself.
func metered(u *llm.Usage) bool {
	for q, n := range u.N {
		if q := llm.Quantity(q); n != 0 && q != llm.ComputeMicros && q != llm.Requests {
			return true
		}
	}
	return len(u.Others) > 0
}

// writes reports whether an operation's answer is text that is paid for by its length.
func writes(op string) bool { return op == "chat" || op == "completions" }

// billed reports whether an operation uses tokens that are paid for.
func billed(op string) bool {
	switch op {
	case "chat", "embeddings", "completions", "images", "audio_speech", "audio_transcription", "audio_translation":
		return true
	}
	return false
}

// estimate counts what a provider did not: the words of the request, and the
// bytes of the answer at four to a token.
func (c *call) estimate(u *llm.Usage, r *wire.Reading) {
	u.Estimated = true
	if u.InputTokens() == 0 {
		u.N[llm.Input] = c.g.Counter.Count(c.words())
	}
	if u.OutputTokens() == 0 && writes(c.op) {
		u.N[llm.Output] = (r.OutputBytes + 3) / 4
	}
}

// estimateRest fills up what a provider had counted of an answer that broke off: it
// tells of the input at once, and of the output only at the end.
func estimateRest(u *llm.Usage, r *wire.Reading) {
	if missing := (r.OutputBytes+3)/4 - u.OutputTokens(); missing > 0 {
		u.Estimated = true
		u.N[llm.Output] += missing
	}
}

// words returns the text of the request, as far as it can be told from the rest.
func (c *call) words() string {
	codec, ok := c.g.Chat[c.format]
	if !ok {
		return string(c.body)
	}
	decode := codec.DecodeRequest
	if c.op == "count_tokens" { // such a request may leave out what a chat request must have
		decode = gemini.DecodeCount
		if c.style == anthropicStyle {
			decode = anthropic.DecodeCount
		}
	}
	req, err := decode(c.body)
	if err != nil {
		return string(c.body)
	}
	var b []byte
	add := func(parts []llm.Part) {
		for i := range parts {
			p := &parts[i]
			b = append(b, p.Text...)
			if p.Call != nil {
				b = append(append(b, p.Call.Name...), p.Call.Arguments...)
			}
			if p.Result != nil {
				for k := range p.Result.Parts {
					b = append(b, p.Result.Parts[k].Text...)
				}
			}
			b = append(b, '\n')
		}
	}
	add(req.System)
	for i := range req.Messages {
		add(req.Messages[i].Parts)
	}
	for i := range req.Tools {
		b = append(append(append(b, req.Tools[i].Name...), req.Tools[i].Description...), req.Tools[i].Schema...)
	}
	return string(b)
}

// finish writes the record. Only when it returns nil may the answer's last byte go
// out. It is called once; later calls do nothing.
func (c *call) finish(outcome record.Outcome, status int, f *fault.Error) error {
	if c.recorded {
		return nil
	}
	c.recorded = true
	c.rec.Outcome, c.rec.Status = outcome, status
	if f != nil {
		c.rec.ErrorKind, c.rec.ErrorCode = f.Kind.String(), f.StableCode()
	}
	if c.rec.Pricing == "" {
		c.rec.Pricing = record.Free
	}
	c.rec.TotalMicros = c.since()
	if c.rec.FirstByteMicros < 0 && outcome == record.OK {
		c.rec.FirstByteMicros = c.rec.TotalMicros
	}
	var content *record.Content
	if c.g.MaxContent > 0 && (len(c.body) > 0 || len(c.answer) > 0) {
		content = &record.Content{Request: c.body, Response: c.answer, RequestType: c.r.Header.Get("Content-Type"),
			ResponseType: c.responseType, RequestCut: c.cut, ResponseCut: c.answerCut}
		if int64(len(content.Request)) > c.g.MaxContent {
			content.Request, content.RequestCut = content.Request[:c.g.MaxContent], true
		}
	}
	c.g.Metrics.observe(&c.rec)
	return c.g.Journal.Record(&c.rec, content)
}

// keep remembers bytes of the answer for the record.
func (c *call) keep(b []byte) {
	c.rec.ResponseBytes += int64(len(b))
	if c.answer == nil {
		c.answer = c.answerBuf[:0]
	}
	if room := c.g.MaxContent - int64(len(c.answer)); int64(len(b)) > room {
		c.answerCut = true
		b = b[:max(0, room)]
	}
	c.answer = append(c.answer, b...)
	c.answerBuf = c.answer
}
