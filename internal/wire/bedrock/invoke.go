package bedrock

import (
	"encoding/base64"
	"net/http"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/anthropic"
	"github.com/steward-llmops/steward/internal/wire/openai"
)

// The headers in which Bedrock counts an InvokeModel, whatever the body says.
const (
	headerInput      = "X-Amzn-Bedrock-Input-Token-Count"
	headerOutput     = "X-Amzn-Bedrock-Output-Token-Count"
	headerCacheRead  = "X-Amzn-Bedrock-Cache-Read-Input-Token-Count"
	headerCacheWrite = "X-Amzn-Bedrock-Cache-Write-Input-Token-Count"
)

// MeasureInvoke reads the answer of InvokeModel, whose body is the model's own.
// Where the body is of a shape that is known, its figures are the finer ones;
// else Bedrock's headers count. h may be nil.
func MeasureInvoke(h http.Header, body []byte) wire.Reading {
	r := invokeBody(body)
	if !r.Usage.Reported {
		r.Usage = headerUsage(h)
	}
	if t := h.Get("X-Amzn-Bedrock-Service-Tier"); r.Usage.Reported && t != "" && t != "default" {
		r.Usage.ServiceTier = t
	}
	if l := h.Get("X-Amzn-Bedrock-Performanceconfig-Latency"); r.Usage.Reported && l != "" && l != "standard" {
		r.Usage.Speed = l
	}
	r.Done, r.Complete = r.Err == nil, r.Err == nil
	return r
}

func headerUsage(h http.Header) (u llm.Usage) {
	for _, f := range []struct {
		name string
		q    llm.Quantity
	}{{headerInput, llm.Input}, {headerOutput, llm.Output}, {headerCacheRead, llm.CacheRead}, {headerCacheWrite, llm.CacheWrite}} {
		n, err := strconv.ParseInt(h.Get(f.name), 10, 64)
		if err != nil || n < 0 {
			continue
		}
		u.N[f.q] = min(n, most)
		u.Reported = u.Reported || f.q == llm.Input || f.q == llm.Output
	}
	return u
}

// invokeBody tells the shape of an answer by its fields.
func invokeBody(body []byte) (r wire.Reading) {
	v := gjson.GetManyBytes(body, "type", "usage", "inputTextTokenCount", "results.#.tokenCount",
		"prompt_token_count", "generation_token_count", "object")
	kind, usage, titan, titanOut, llamaIn, llamaOut, object := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch {
	case kind.String() == "message": // Claude
		return anthropic.Messages().Measure(body)
	case usage.Get("inputTokens").Exists(): // Nova
		return measure(body)
	case usage.Get("prompt_tokens").Exists() && object.Exists(): // gpt-oss, Mistral, Qwen and others
		r = openai.Chat().Measure(body)
		r.Err = nil // of answers without choices, such as embeddings
		return r
	case titan.Type == gjson.Number: // Titan, embeddings and text
		r.Usage.Reported = true
		r.Usage.N[llm.Input] = count(titan)
		for _, n := range list(titanOut) {
			r.Usage.N[llm.Output] = min(r.Usage.N[llm.Output]+count(n), most)
		}
	case llamaIn.Type == gjson.Number:
		r.Usage.Reported = true
		r.Usage.N[llm.Input], r.Usage.N[llm.Output] = count(llamaIn), count(llamaOut)
	}
	return r
}

// observeChunk folds a chunk of InvokeModelWithResponseStream into r: an event of
// the model's own stream in base64. The last one holds Bedrock's metrics.
func observeChunk(data []byte, r *wire.Reading) {
	event, err := base64.StdEncoding.DecodeString(gjson.GetBytes(data, "bytes").String())
	if err != nil {
		return
	}
	r.FirstToken = true
	v := gjson.GetManyBytes(event, "type", "amazon-bedrock-invocationMetrics")
	if v[0].Type == gjson.String { // Claude's events name themselves
		anthropic.Messages().Observe(v[0].Str, event, r)
	}
	m := v[1]
	if !m.IsObject() {
		return
	}
	if !r.Usage.Reported {
		r.Usage.Reported = true
		r.Usage.N[llm.Input] = count(m.Get("inputTokenCount"))
		r.Usage.N[llm.Output] = count(m.Get("outputTokenCount"))
		r.Usage.N[llm.CacheRead] = count(m.Get("cacheReadInputTokenCount"))
		r.Usage.N[llm.CacheWrite] = count(m.Get("cacheWriteInputTokenCount"))
	}
	r.Done, r.Complete = true, true
}

// MeasureCount returns the tokens that an answer to count-tokens gives; false
// where it gives none. Counting itself costs nothing.
func MeasureCount(body []byte) (int64, bool) {
	n := gjson.GetBytes(body, "inputTokens")
	return count(n), n.Type == gjson.Number
}

// EncodeCount writes the answer to count-tokens.
func EncodeCount(tokens int64) []byte {
	return append(strconv.AppendInt([]byte(`{"inputTokens":`), tokens, 10), '}')
}
