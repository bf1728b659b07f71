package sim

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/llm"
)

// answer is what the brain makes of a request, with the pace at which it comes.
type answer struct {
	resp  llm.Response
	group int           // tokens in one delta of a stream
	first time.Duration // until the first token
	gaps  float64       // seconds between two tokens, on average; 0: none
	top   int           // alternatives a token's log probability comes with; -1: not asked
	rng   *rand.Rand    // for what does not change the answer: gaps, log probabilities
}

// temper is how a model behaves.
type temper struct {
	median  float64       // tokens of an answer, half are longer
	high    float64       // tokens that no answer exceeds by itself
	first   time.Duration // median time to the first token
	rate    float64       // tokens a second
	thought int64         // median tokens of thinking; 0: only when asked
}

// The lengths follow a published hour of conversation traffic (Azure LLM
// inference trace 2023: median 129 tokens, sigma of the logarithm 0.86).
var tempers = map[string]temper{
	"small":     {median: 110, high: 900, first: 120 * time.Millisecond, rate: 120},
	"large":     {median: 160, high: 1500, first: 300 * time.Millisecond, rate: 60},
	"reasoning": {median: 140, high: 1200, first: 300 * time.Millisecond, rate: 80, thought: 180},
	"echo":      {median: 110, high: 900, first: 120 * time.Millisecond, rate: 120},
	"embed":     {median: 110, high: 900, first: 120 * time.Millisecond, rate: 120},
}

// Models returns the names of the simulator's models, in the order of its list.
func Models() []string { return []string{"small", "large", "reasoning", "embed", "echo"} }

const lengthSigma = 0.8

// bareModel strips the provider's prefix: "sim/large" is "large".
func bareModel(name string) string { return strings.TrimPrefix(name, "sim/") }

func temperOf(model string) (string, temper) {
	name := bareModel(model)
	t, ok := tempers[name]
	if !ok {
		name = "small"
		t = tempers[name]
	}
	return name, t
}

// thinker makes one answer.
type thinker struct {
	req    *llm.Request
	format llm.Format
	model  string
	temper temper
	prompt *prompt
	rng    *rand.Rand // of what is said
	ids    *rand.Rand // of ids and signatures, whose look is the format's
	budget int64      // tokens left of max_tokens
	text   string     // of the last user message
	resp   *llm.Response
}

// think answers req. The same request, seed and settings give the same answer,
// whatever its format; only ids and signatures have the format's look.
func (s *Server) think(req *llm.Request, format llm.Format, c *controls) *answer {
	p := readPrompt(req)
	print := fingerprint(req, p)
	seed := s.opt.Seed
	if c.seed != nil {
		seed = *c.seed
	}
	now := s.opt.Now()
	model, temper := temperOf(req.Model)
	t := &thinker{
		req: req, format: format, model: model, temper: temper, prompt: p,
		rng:    rand.New(rand.NewPCG(seed, print)),
		ids:    rand.New(rand.NewPCG(print, hashString(seed, "ids"))),
		budget: 1 << 40,
		text:   lastUserText(req),
	}
	a := &answer{group: 1, top: -1, rng: rand.New(rand.NewPCG(print, seed))}
	t.resp = &a.resp
	t.resp.ID, t.resp.Model, t.resp.Created = answerID(t.ids, format), req.Model, now.Unix()
	if req.MaxTokens != nil {
		t.budget = max(0, *req.MaxTokens)
	}
	t.answer(s, c)
	t.count(s.prefixes.look(p, now))
	if req.LogProbs {
		a.top = 0
		if req.TopLogProbs != nil {
			a.top = int(min(max(*req.TopLogProbs, 0), 20))
		}
	}
	if c.hugeBytes > 0 {
		a.group = 1024
	}
	s.pace(a, temper, c)
	return a
}

// pace sets how fast the answer comes.
func (s *Server) pace(a *answer, t temper, c *controls) {
	rate := t.rate
	first := time.Duration(logNormal(a.rng, float64(t.first), 0.35, float64(t.first)/4, float64(t.first)*8))
	if s.opt.Rate > 0 {
		rate = s.opt.Rate
	}
	if s.opt.Latency > 0 {
		first = s.opt.Latency
	}
	if s.opt.Instant {
		rate, first = 0, 0
	}
	if c.rate > 0 {
		rate = c.rate
	}
	if c.latency != nil {
		first = *c.latency
	}
	a.first = first
	if rate > 0 {
		a.gaps = 1 / rate
	}
}

func (t *thinker) answer(s *Server, c *controls) {
	if t.model == "echo" {
		t.say(t.text, llm.FinishStop)
		return
	}
	t.reason()
	if calls := t.choose(s.opt.ToolProbability); len(calls) > 0 {
		t.call(calls)
		return
	}
	switch t.req.Output.Kind {
	case "schema":
		t.say(instance(t.req.Output.Schema, t.rng, t.text), llm.FinishStop)
		return
	case "json":
		t.say(string(append(appendString([]byte(`{"answer": `), sentences(t.rng, "", 12)), '}')), llm.FinishStop)
		return
	}
	t.prose(c)
}

// prose answers in sentences.
func (t *thinker) prose(c *controls) {
	n := int64(logNormal(t.rng, t.temper.median, lengthSigma, 8, t.temper.high))
	if c.hugeBytes > 0 {
		n = c.hugeBytes / 4
	}
	if c.tokens > 0 {
		n = c.tokens
	}
	text := sentences(t.rng, t.opening(), min(n, t.budget))
	if c.tokens > 0 {
		text, _, _ = firstTokens(text, c.tokens)
	}
	t.say(text, llm.FinishStop)
}

// opening is what the answer says of its input before it goes on in prose.
func (t *thinker) opening() string {
	if name, result, ok := lastToolResult(t.req); ok {
		return "The tool " + name + " answered: " + clip(result, 400) + "."
	}
	if seen := describeMedia(t.req); seen != "" {
		return seen
	}
	return ""
}

// say adds the text part, cut to the budget and at the first stop sequence.
func (t *thinker) say(text string, finish llm.Finish) {
	at := len(text)
	for _, stop := range t.req.Stop {
		if i := strings.Index(text, stop); stop != "" && i >= 0 && i < at {
			at, finish, t.resp.StopSequence = i, llm.FinishStopSequence, stop
		}
	}
	text = text[:at]
	head, n, cut := firstTokens(text, t.budget)
	if cut {
		finish, t.resp.StopSequence = llm.FinishLength, ""
	}
	t.budget -= n
	t.resp.Usage.N[llm.Output] += n
	t.resp.Parts = append(t.resp.Parts, llm.Part{Kind: llm.KindText, Text: head})
	t.resp.Finish = finish
}

// reason adds the thinking part, where the model thinks or is asked to.
func (t *thinker) reason() {
	r := t.req.Reasoning
	n := t.temper.thought
	switch {
	case r == nil && n == 0, r != nil && r.Off:
		return
	case n == 0:
		n = 120
	}
	if r != nil {
		switch r.Effort {
		case "minimal":
			n /= 6
		case "low":
			n /= 2
		case "high":
			n *= 2
		case "xhigh", "max":
			n *= 4
		}
		if r.Budget != nil && *r.Budget > 0 {
			n = min(n, *r.Budget)
		}
	}
	n = int64(logNormal(t.rng, float64(n), 0.4, 4, float64(n)*3))
	most := max(1, t.budget/2)
	if r != nil && r.Budget != nil && *r.Budget > 0 {
		most = min(most, *r.Budget)
	}
	text, n, _ := firstTokens(thinking(t.rng, topicOf(t.text), n), most)
	t.budget -= n
	t.resp.Usage.N[llm.OutputReasoning] += n
	t.resp.Parts = append(t.resp.Parts, llm.Part{Kind: llm.KindReasoning, Text: text, Reasoning: t.block()})
}

// block is the frame of the thinking part: signed where the format signs.
func (t *thinker) block() *llm.ReasoningBlock {
	b := &llm.ReasoningBlock{Issuer: t.format}
	switch t.format {
	case llm.AnthropicMessages, llm.BedrockConverse, llm.GeminiGenerate:
		b.Signature = t.signature()
	case llm.OpenAIResponses:
		b.ID, b.Summary = token(t.ids, "rs_", 48), true
		if t.req.Reasoning != nil && t.req.Reasoning.Encrypted {
			b.Encrypted = t.signature()
		}
	}
	return b
}

func (t *thinker) signature() string {
	var raw []byte
	for range 12 {
		raw = binary.BigEndian.AppendUint64(raw, t.ids.Uint64())
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// call adds calls of the tools, and cuts their arguments to the budget.
func (t *thinker) call(tools []*llm.Tool) {
	t.resp.Finish = llm.FinishToolCalls
	for _, tool := range tools {
		args, n, cut := firstTokens(instance(tool.Schema, t.rng, t.text), t.budget)
		t.budget -= n
		t.resp.Usage.N[llm.Output] += n + CountTokens(tool.Name)
		t.resp.Parts = append(t.resp.Parts, llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{
			ID: callID(t.ids, t.format), Name: tool.Name, Arguments: args,
		}})
		if cut {
			t.resp.Finish = llm.FinishLength
			return
		}
	}
}

// count fills in what was read.
func (t *thinker) count(c cached) {
	u := &t.resp.Usage
	u.Reported = true
	u.N[llm.CacheRead], u.N[llm.CacheWrite], u.N[llm.CacheWrite1h] = c.read, c.write, c.writeLong
	u.N[llm.InputAudio] = min(t.prompt.audio, t.prompt.text-c.read-c.write-c.writeLong)
	u.N[llm.Input] = t.prompt.text - c.read - c.write - c.writeLong - u.N[llm.InputAudio]
	switch t.req.ServiceTier {
	case "flex", "priority":
		u.ServiceTier = t.req.ServiceTier
	}
}

func lastUserText(r *llm.Request) string {
	for i := len(r.Messages) - 1; i >= 0; i-- {
		m := &r.Messages[i]
		if m.Role != llm.RoleUser {
			continue
		}
		var texts []string
		for k := range m.Parts {
			if p := &m.Parts[k]; p.Kind == llm.KindText {
				texts = append(texts, p.Text)
			}
		}
		if len(texts) > 0 {
			return strings.Join(texts, "")
		}
	}
	return ""
}

// lastToolResult returns the result that the last message ends with.
func lastToolResult(r *llm.Request) (name, text string, ok bool) {
	if len(r.Messages) == 0 {
		return "", "", false
	}
	parts := r.Messages[len(r.Messages)-1].Parts
	if len(parts) == 0 || parts[len(parts)-1].Kind != llm.KindToolResult || parts[len(parts)-1].Result == nil {
		return "", "", false
	}
	result := parts[len(parts)-1].Result
	for i := range result.Parts {
		text += result.Parts[i].Text
	}
	if name = result.Name; name == "" {
		name = toolNameOf(r, result.CallID)
	}
	return name, text, true
}

// toolNameOf finds the tool whose call had the id.
func toolNameOf(r *llm.Request, id string) string {
	for i := range r.Messages {
		for k := range r.Messages[i].Parts {
			if c := r.Messages[i].Parts[k].Call; c != nil && c.ID == id {
				return c.Name
			}
		}
	}
	return id
}

// describeMedia says what the last user message holds beside text.
func describeMedia(r *llm.Request) string {
	if len(r.Messages) == 0 {
		return ""
	}
	words := map[llm.Kind]string{llm.KindImage: "image", llm.KindDocument: "document", llm.KindAudio: "sound", llm.KindVideo: "video"}
	found := map[llm.Kind][]string{}
	parts := r.Messages[len(r.Messages)-1].Parts
	for i := range parts {
		if m := parts[i].Media; m != nil {
			found[parts[i].Kind] = append(found[parts[i].Kind], describe(m))
		}
	}
	var seen []string
	for _, kind := range []llm.Kind{llm.KindImage, llm.KindDocument, llm.KindAudio, llm.KindVideo} {
		if n := len(found[kind]); n > 0 {
			word := words[kind]
			if n > 1 {
				word += "s"
			}
			seen = append(seen, fmt.Sprintf("%d %s (%s)", n, word, strings.Join(found[kind], "; ")))
		}
	}
	if len(seen) == 0 {
		return ""
	}
	return "I see " + strings.Join(seen, " and ") + "."
}

func describe(m *llm.Media) string {
	kind := m.MIME
	if kind == "" {
		kind = "type not said"
	}
	switch {
	case m.URL != "":
		return kind + ", by URL"
	case m.FileID != "":
		return kind + ", by file id"
	}
	return fmt.Sprintf("%s, %d bytes", kind, mediaBytes(m))
}

func answerID(rng *rand.Rand, f llm.Format) string {
	switch f {
	case llm.AnthropicMessages:
		return token(rng, "msg_01", 22)
	case llm.OpenAIResponses:
		return token(rng, "resp_", 48)
	case llm.GeminiGenerate:
		return token(rng, "", 22)
	case llm.BedrockConverse:
		a, b := rng.Uint64(), rng.Uint64()
		return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&0xffffffffffff)
	}
	return token(rng, "chatcmpl-", 29)
}

// callID is empty for Gemini, whose calls mostly have none.
func callID(rng *rand.Rand, f llm.Format) string {
	switch f {
	case llm.AnthropicMessages:
		return token(rng, "toolu_01", 22)
	case llm.BedrockConverse:
		return token(rng, "tooluse_", 22)
	case llm.GeminiGenerate:
		return ""
	}
	return token(rng, "call_", 24)
}
