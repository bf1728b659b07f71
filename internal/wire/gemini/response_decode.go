package gemini

import (
	"hash/fnv"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// answer is one GenerateContentResponse, or one chunk of a stream of them, taken
// apart but for its parts.
type answer struct {
	id, model, created string
	hasCandidate       bool
	content            gjson.Result // candidates[0].content
	finish             string
	block              string // promptFeedback.blockReason
	grounding          gjson.Result
	citations          gjson.Result // citationMetadata
	logprobs           gjson.Result
	usage              gjson.Result
	failure            gjson.Result // error
}

func readAnswer(v gjson.Result) answer {
	var a answer
	fields(v, func(name string, f gjson.Result) {
		switch name {
		case "responseId":
			a.id = f.Str
		case "modelVersion":
			a.model = bareModel(f.Str)
		case "createTime":
			a.created = f.Str
		case "usageMetadata":
			a.usage = f
		case "error":
			a.failure = f
		case "promptFeedback":
			a.block = field(f, "blockReason").Str
		case "candidates":
			each(f, func(i int, c gjson.Result) {
				if i == 0 {
					a.candidate(c)
				}
			})
		}
	})
	return a
}

func (a *answer) candidate(c gjson.Result) {
	a.hasCandidate = c.IsObject()
	fields(c, func(name string, f gjson.Result) {
		switch name {
		case "content":
			a.content = f
		case "finishReason":
			a.finish = f.Str
		case "groundingMetadata":
			a.grounding = f
		case "citationMetadata":
			a.citations = f
		case "logprobsResult":
			a.logprobs = f
		}
	})
}

// blocked reports that the prompt was refused, so that there is no candidate.
func (a *answer) blocked() bool {
	return !a.hasCandidate && a.block != "" && a.block != "BLOCK_REASON_UNSPECIFIED"
}

func (a *answer) createdAt() int64 {
	t, err := time.Parse(time.RFC3339Nano, a.created)
	if err != nil || t.Unix() < 0 {
		return 0
	}
	return t.Unix()
}

// callIDs makes the ids of calls that came without one: the same for the same
// answer and position, different between answers, and short enough for every
// other format (40 characters of [a-zA-Z0-9_-]).
func (a *answer) callIDs() func(n int) string {
	h := fnv.New64a()
	seed := a.id
	if seed == "" {
		seed = a.content.Raw
	}
	h.Write([]byte(seed))
	prefix := madeID + strconv.FormatUint(h.Sum64(), 36) + "_"
	return func(n int) string { return prefix + strconv.Itoa(n) }
}

func decodeResponse(body []byte) (*llm.Response, error) {
	v, ok := parse(body)
	if !ok {
		return nil, fault.New(fault.Upstream, "response_malformed", "the provider's answer is not a JSON object")
	}
	a := readAnswer(v)
	if a.failure.Exists() {
		return nil, streamFault(a.failure)
	}
	if !a.hasCandidate && !a.blocked() {
		return nil, fault.New(fault.Upstream, "response_malformed", "the provider's answer has no candidate")
	}
	resp := &llm.Response{ID: a.id, Model: a.model, Created: a.createdAt(), Usage: readUsage(a.usage)}
	r := partReader{newID: a.callIDs()}
	each(field(a.content, "parts"), func(_ int, e gjson.Result) {
		if p, ok := r.part(e, "parts"); ok {
			resp.Parts = append(resp.Parts, p)
		}
	})
	if r.err != nil {
		return nil, fault.New(fault.Upstream, "response_malformed", "the provider's answer has a malformed part").Because(r.err)
	}
	resp.Finish = finishOf(a.finish, r.called)
	if a.blocked() {
		resp.Finish = llm.FinishContentFilter
	}
	if resp.Finish == llm.FinishNone {
		resp.Finish = llm.FinishOther
	}
	var texts []textPart
	for i := range resp.Parts {
		if p := &resp.Parts[i]; p.Kind == llm.KindText {
			texts = append(texts, textPart{index: i, text: p.Text})
		}
	}
	a.cite(texts, func(i int, c *llm.Citation) { resp.Parts[i].Citations = append(resp.Parts[i].Citations, *c) })
	if len(texts) > 0 {
		p := &resp.Parts[texts[0].index]
		p.LogProbs = readLogProbs(a.logprobs)
	}
	var s searches
	s.add(a.grounding)
	resp.Usage.N[llm.WebSearch] = s.count(a.model)
	return resp, nil
}

// readLogProbs reads a logprobsResult.
func readLogProbs(v gjson.Result) []llm.TokenLogProb {
	var list []llm.TokenLogProb
	each(field(v, "chosenCandidates"), func(_ int, e gjson.Result) { list = append(list, readToken(e)) })
	each(field(v, "topCandidates"), func(i int, e gjson.Result) {
		if i < len(list) {
			each(field(e, "candidates"), func(_ int, t gjson.Result) { list[i].Top = append(list[i].Top, readToken(t)) })
		}
	})
	return list
}

func readToken(v gjson.Result) llm.TokenLogProb {
	p, _ := float(field(v, "logProbability"))
	return llm.TokenLogProb{Token: field(v, "token").Str, LogProb: p}
}
