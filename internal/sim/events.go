package sim

import (
	"math"

	"github.com/steward-llmops/steward/internal/llm"
)

// events lists the answer as a stream, a delta for each group of tokens. With
// running, the counts so far come with each delta, as Gemini sends them.
func (a *answer) events(running bool) []llm.Event {
	r := &a.resp
	started := r.Usage
	for _, q := range []llm.Quantity{llm.Output, llm.OutputReasoning} {
		started.N[q] = 0
	}
	out := []llm.Event{
		{Kind: llm.EventStart, ID: r.ID, Model: r.Model, Created: r.Created},
	}
	if r.Usage.Reported {
		out = append(out, llm.Event{Kind: llm.EventUsage, Usage: &started})
	}
	sofar := started
	for i := range r.Parts {
		at := len(out)
		out = a.partEvents(out, i, &r.Parts[i])
		if running && r.Usage.Reported {
			out = append(out[:at:at], withCounts(out[at:], r.Parts[i].Kind, &sofar)...)
		}
	}
	if r.Usage.Reported {
		usage := r.Usage
		out = append(out, llm.Event{Kind: llm.EventUsage, Usage: &usage})
	}
	return append(out, llm.Event{Kind: llm.EventFinish, Finish: r.Finish, StopSequence: r.StopSequence})
}

// withCounts puts the usage so far before each delta of a part.
func withCounts(events []llm.Event, kind llm.Kind, sofar *llm.Usage) (out []llm.Event) {
	q := llm.Output
	if kind == llm.KindReasoning {
		q = llm.OutputReasoning
	}
	for _, e := range events {
		if e.Kind == llm.EventDelta {
			sofar.N[q] += CountTokens(e.Text)
			now := *sofar
			out = append(out, llm.Event{Kind: llm.EventUsage, Usage: &now})
		}
		out = append(out, e)
	}
	return out
}

func (a *answer) partEvents(out []llm.Event, i int, p *llm.Part) []llm.Event {
	head := *p
	head.Text, head.LogProbs = "", nil
	text, signature := p.Text, ""
	switch p.Kind {
	case llm.KindToolCall:
		call := *p.Call
		text, call.Arguments = call.Arguments, ""
		head.Call = &call
	case llm.KindReasoning:
		block := *p.Reasoning
		signature, block.Signature = block.Signature, ""
		head.Reasoning = &block
	}
	out = append(out, llm.Event{Kind: llm.EventPart, Index: i, Part: &head})
	for len(text) > 0 {
		piece, _, _ := firstTokens(text, int64(a.group))
		text = text[len(piece):]
		out = append(out, llm.Event{Kind: llm.EventDelta, Index: i, Text: piece})
		if a.top >= 0 && p.Kind == llm.KindText {
			out = append(out, llm.Event{Kind: llm.EventLogProbs, Index: i, LogProbs: a.logProbs(piece)})
		}
	}
	if signature != "" {
		out = append(out, llm.Event{Kind: llm.EventSign, Index: i, Text: signature})
	}
	return append(out, llm.Event{Kind: llm.EventPartEnd, Index: i})
}

// whole is the answer at once, with log probabilities where asked.
func (a *answer) whole() *llm.Response {
	r := a.resp
	if a.top < 0 {
		return &r
	}
	r.Parts = append([]llm.Part(nil), r.Parts...)
	for i := range r.Parts {
		if r.Parts[i].Kind == llm.KindText {
			r.Parts[i].LogProbs = a.logProbs(r.Parts[i].Text)
		}
	}
	return &r
}

// logProbs makes up plausible log probabilities for the tokens of text, a pure
// function of the token and its place in the text.
func (a *answer) logProbs(text string) []llm.TokenLogProb {
	var out []llm.TokenLogProb
	for len(text) > 0 {
		n := nextToken(text)
		lp := probability(text[:n], -0.01, 1.2)
		left := 1 - math.Exp(lp.LogProb)
		if a.top > 0 {
			lp.Top = []llm.TokenLogProb{probability(text[:n], -0.01, 1.2)}
		}
		for k := 1; k < a.top; k++ {
			left /= 2
			other := probability(objects[(int(hashString(fnvOffset, text[:n]))&0xffff+k)%len(objects)][:3], 0, 0)
			other.LogProb = math.Log(max(left, 1e-9))
			lp.Top = append(lp.Top, other)
		}
		out = append(out, lp)
		text = text[n:]
	}
	return out
}

func probability(tok string, high, span float64) llm.TokenLogProb {
	h := hashString(fnvOffset, tok)
	lp := llm.TokenLogProb{Token: tok, LogProb: high - span*float64(h%1000)/1000}
	for i := range len(tok) {
		lp.Bytes = append(lp.Bytes, int(tok[i]))
	}
	return lp
}
