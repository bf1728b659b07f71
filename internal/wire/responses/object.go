package responses

import (
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// The encoder writes the response object four times over a stream's life, so the
// half that never changes, which repeats the request, is made once (echo).

// echo returns the members of a response object that repeat the request: clients
// with strict types miss any that is absent.
func (e *encoder) makeEcho() []byte {
	r := e.req
	if r == nil {
		r = &llm.Request{}
	}
	var ignored llm.Lost // of the request; told when it was sent
	b := []byte(`,"background":false`)
	b = append(b, `,"frequency_penalty":`...)
	b = appendFloat(b, r.FrequencyPenalty, 0)
	re := requestEncoder{r: r}
	if s := re.instructions(); s != "" {
		b = memberString(b, "instructions", s)
	} else {
		b = append(b, `,"instructions":null`...)
	}
	b = append(b, `,"max_output_tokens":`...)
	b = appendInt(b, r.MaxTokens)
	b = append(b, `,"max_tool_calls":null,"metadata":`...)
	if r.Metadata == nil {
		b = append(b, "{}"...)
	} else {
		b = appendJSON(b, r.Metadata)
	}
	b = append(b, `,"parallel_tool_calls":`...)
	b = strconv.AppendBool(b, r.ParallelTools == nil || *r.ParallelTools)
	b = append(b, `,"presence_penalty":`...)
	b = appendFloat(b, r.PresencePenalty, 0)
	b = append(b, `,"previous_response_id":null,"prompt_cache_key":null,"reasoning":`...)
	b = appendReasoning(b, r.Reasoning)
	b = append(b, `,"safety_identifier":null,"store":false,"temperature":`...)
	b = appendFloat(b, r.Temperature, 1)
	b = append(b, `,"text":`...)
	if shape := encodeShape(&r.Output); shape != nil {
		b = appendJSON(b, shape)
	} else {
		b = append(b, `{"format":{"type":"text"}}`...)
	}
	b = append(b, `,"tool_choice":`...)
	if choice := encodeChoice(r.ToolChoice, e.custom); choice != nil {
		b = appendJSON(b, choice)
	} else {
		b = append(b, `"auto"`...)
	}
	b = append(b, `,"tools":`...)
	b = appendJSON(b, encodeTools(r.Tools, &ignored))
	b = append(b, `,"top_logprobs":`...)
	var top int64
	if r.TopLogProbs != nil {
		top = *r.TopLogProbs
	}
	b = strconv.AppendInt(b, top, 10)
	b = append(b, `,"top_p":`...)
	b = appendFloat(b, r.TopP, 1)
	b = append(b, `,"truncation":"disabled","user":`...)
	if r.User == "" {
		return append(b, "null"...)
	}
	return appendString(b, r.User)
}

func appendReasoning(b []byte, r *llm.Reasoning) []byte {
	effort, summary := "", ""
	if r != nil {
		if effort, summary = r.Effort, r.Summary; r.Off {
			effort = "none"
		}
	}
	word := func(b []byte, s string) []byte {
		if s == "" {
			return append(b, "null"...)
		}
		return appendString(b, s)
	}
	b = word(append(b, `{"effort":`...), effort)
	b = word(append(b, `,"summary":`...), summary)
	return append(b, '}')
}

func appendFloat(b []byte, f *float64, otherwise float64) []byte {
	if f == nil {
		f = &otherwise
	}
	return appendJSON(b, *f)
}

func appendInt(b []byte, n *int64) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, *n, 10)
}

// appendJSON appends v; what cannot be written (a schema that is not JSON, an
// infinite number) becomes null.
func appendJSON(b []byte, v any) []byte {
	j, err := api.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, j...)
}

// appendObject appends the response object in the given status; members are the
// further ones that the status brings.
func (e *encoder) appendObject(dst []byte, status string, details func([]byte) []byte) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendString(dst, e.id)
	dst = append(dst, `,"object":"response"`...)
	dst = memberInt(dst, "created_at", e.created)
	dst = memberString(dst, "status", status)
	if details != nil {
		dst = details(dst)
	} else {
		dst = append(dst, `,"error":null,"incomplete_details":null`...)
	}
	dst = memberString(dst, "model", e.model)
	dst = append(dst, `,"output":[`...)
	if status != "in_progress" {
		dst = e.appendOutput(dst)
	}
	dst = append(dst, `],"usage":`...)
	if status == "in_progress" {
		dst = append(dst, "null"...)
	} else {
		dst = e.appendUsage(dst)
	}
	tier := e.usage.ServiceTier
	if tier == "" {
		tier = "default"
		if status == "in_progress" {
			tier = "auto"
		}
	}
	dst = memberString(dst, "service_tier", tier)
	if e.echo == nil {
		e.echo = e.makeEcho()
	}
	dst = append(dst, e.echo...)
	return append(dst, '}')
}

func (e *encoder) appendOutput(dst []byte) []byte {
	first := true
	for _, it := range e.items {
		if !it.closed {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = it.appendJSON(dst, it.status)
	}
	return dst
}

// appendUsage appends the usage, or null where neither the provider nor Steward
// has counted: a missing figure is no zero.
func (e *encoder) appendUsage(dst []byte) []byte {
	u := &e.usage
	if !u.Reported && !u.Estimated {
		return append(dst, "null"...)
	}
	in, out := u.InputTokens(), u.OutputTokens()
	dst = append(dst, `{"input_tokens":`...)
	dst = strconv.AppendInt(dst, in, 10)
	dst = append(dst, `,"input_tokens_details":{"cached_tokens":`...)
	dst = strconv.AppendInt(dst, u.CachedTokens(), 10)
	dst = memberInt(dst, "cache_write_tokens", u.CacheWriteTokens())
	dst = append(dst, '}')
	dst = memberInt(dst, "output_tokens", out)
	dst = append(dst, `,"output_tokens_details":{"reasoning_tokens":`...)
	dst = strconv.AppendInt(dst, u.N[llm.OutputReasoning], 10)
	dst = append(dst, '}')
	dst = memberInt(dst, "total_tokens", in+out)
	return append(dst, '}')
}

// ending says how a finish is told: the status, and the reason of an incomplete
// answer.
func ending(f llm.Finish) (status, reason string) {
	switch f {
	case llm.FinishLength, llm.FinishContext:
		return "incomplete", "max_output_tokens"
	case llm.FinishContentFilter:
		return "incomplete", "content_filter"
	case llm.FinishPause:
		return "incomplete", "pause"
	case llm.FinishOther, llm.FinishNone:
		return "incomplete", "other"
	}
	return "completed", ""
}

// responseID returns the id in the format's own form, and the root that the ids of
// the items are made of.
func responseID(id string) (full, root string) {
	root = strings.TrimPrefix(id, "resp_")
	if root == "" {
		root = "0"
	}
	return "resp_" + root, root
}
