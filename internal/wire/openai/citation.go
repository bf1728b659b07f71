package openai

import (
	"math"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// citationOf reads an annotation.
func citationOf(v gjson.Result) llm.Citation {
	c := llm.Citation{DocumentIndex: -1, InAnswer: true, Unit: "char", Raw: raw(v), RawFormat: llm.OpenAIChat}
	body := v
	for _, name := range []string{"url_citation", "file_citation", "file_path"} {
		if inner := v.Get(name); inner.IsObject() {
			body = inner
		}
	}
	c.URL, c.Title = text(get(body, "url")), text(get(body, "title"))
	if c.Title == "" {
		c.Title = text(get(body, "filename"))
	}
	c.Quote, c.FileID = text(get(body, "content")), text(get(body, "file_id"))
	c.Start, c.End = count(get(body, "start_index")), count(get(body, "end_index"))
	return c
}

// sourcesOf reads the sources that Perplexity and others give beside the answer:
// search_results, else the list of citations.
func sourcesOf(results, citations gjson.Result) []llm.Citation {
	var out []llm.Citation
	each(results, func(v gjson.Result) bool {
		if url := text(get(v, "url")); url != "" {
			out = append(out, llm.Citation{URL: url, Title: text(get(v, "title")), DocumentIndex: -1})
		}
		return true
	})
	if len(out) > 0 {
		return out
	}
	each(citations, func(v gjson.Result) bool {
		if url := text(v); url != "" {
			out = append(out, llm.Citation{URL: url, DocumentIndex: -1})
		}
		return true
	})
	return out
}

type annotation struct {
	Type        string      `json:"type"`
	URLCitation urlCitation `json:"url_citation"`
}

type urlCitation struct {
	URL     string `json:"url"`
	Title   string `json:"title"`
	Start   int64  `json:"start_index"`
	End     int64  `json:"end_index"`
	Content string `json:"content,omitempty"`
}

// annotationOf writes a citation; nil where it cites no URL and is not OpenAI's.
func annotationOf(c *llm.Citation) any {
	if c.RawFormat == llm.OpenAIChat && len(c.Raw) > 0 {
		return c.Raw
	}
	if c.URL == "" {
		return nil
	}
	a := annotation{Type: "url_citation", URLCitation: urlCitation{URL: c.URL, Title: c.Title, Content: c.Quote}}
	if c.InAnswer {
		a.URLCitation.Start, a.URLCitation.End = c.Start, c.End
	}
	return a
}

// logProbsOf reads logprobs.content or logprobs.refusal.
func logProbsOf(v gjson.Result) []llm.TokenLogProb {
	var out []llm.TokenLogProb
	each(v, func(v gjson.Result) bool {
		p := logProbOf(v)
		each(get(v, "top_logprobs"), func(v gjson.Result) bool {
			p.Top = append(p.Top, logProbOf(v))
			return true
		})
		out = append(out, p)
		return true
	})
	return out
}

func logProbOf(v gjson.Result) llm.TokenLogProb {
	p := llm.TokenLogProb{Token: text(get(v, "token")), LogProb: get(v, "logprob").Num}
	each(get(v, "bytes"), func(v gjson.Result) bool {
		p.Bytes = append(p.Bytes, int(count(v)))
		return true
	})
	return p
}

type logProbs struct {
	Content []logProb `json:"content"`
	Refusal []logProb `json:"refusal"`
}

type logProb struct {
	topLogProb
	Top []topLogProb `json:"top_logprobs"`
}

// topLogProb is an entry of top_logprobs: it has no list of its own.
type topLogProb struct {
	Token   string  `json:"token"`
	LogProb float64 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
}

// logProbBodies writes log probabilities; nil stays nil.
func logProbBodies(list []llm.TokenLogProb) []logProb {
	var out []logProb
	for i := range list {
		p := &list[i]
		body := logProb{topLogProb: topLogProb{p.Token, finite(p.LogProb), p.Bytes}, Top: []topLogProb{}}
		for k := range p.Top {
			t := &p.Top[k]
			body.Top = append(body.Top, topLogProb{t.Token, finite(t.LogProb), t.Bytes})
		}
		out = append(out, body)
	}
	return out
}

// finite returns OpenAI's figure for an impossible token where JSON has no word.
func finite(f float64) float64 {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return -9999
	}
	return f
}
