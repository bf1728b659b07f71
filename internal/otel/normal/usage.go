package normal

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// figures are what was said to be used, before it is known which of them include
// which. A figure that was not said is negative.
type figures struct {
	input, output, total           int64
	read, write, write1h           int64 // of the provider's cache
	readAudio, readImage           int64 // within read
	reasoning                      int64
	inAudio, inImage, inVideo      int64
	outAudio, outImage, outVideo   int64
	rejected                       int64
	searches, fetches, soundMicros int64
	// inputApart and outputApart say that the source counts cached tokens beside the
	// input, and reasoning and sound beside the output, unless the sums show otherwise.
	inputApart, outputApart bool
}

func noFigures() figures {
	return figures{input: -1, output: -1, total: -1, read: -1, write: -1, write1h: -1, readAudio: -1, readImage: -1, reasoning: -1,
		inAudio: -1, inImage: -1, inVideo: -1, outAudio: -1, outImage: -1, outVideo: -1, rejected: -1,
		searches: -1, fetches: -1, soundMicros: -1}
}

// any reports whether a figure stands.
func (f *figures) any() bool {
	for _, v := range f.all() {
		if *v >= 0 {
			return true
		}
	}
	return false
}

func (f *figures) all() []*int64 {
	return []*int64{&f.input, &f.output, &f.total, &f.read, &f.write, &f.write1h, &f.readAudio, &f.readImage, &f.reasoning,
		&f.inAudio, &f.inImage, &f.inVideo, &f.outAudio, &f.outImage, &f.outVideo, &f.rejected, &f.searches, &f.fetches, &f.soundMicros}
}

// usage sets what was used: what Langfuse says as a whole, else the figures of the
// other conventions, else what the answer itself says.
func (n *reader) usage() {
	f, ok := n.langfuseUsage()
	if !ok {
		f, ok = n.attributeUsage()
	}
	if !ok {
		f, ok = n.mlflowUsage()
	}
	if !ok && n.explicitCall() {
		f, ok = n.answerUsage()
	}
	u := &n.call.Usage
	if ok {
		n.settle(u, f)
	}
	u.ServiceTier = tier(n.attrs.word("openai.response.service_tier", "gen_ai.openai.response.service_tier", "aws.bedrock.service_tier"))
	if u.ServiceTier == "" {
		u.ServiceTier = tier(n.word(n.response.get("service_tier")))
	}
	n.reportedCost(u)
}

// explicitCall reports whether the span is a call of a model, which is not settled
// before its usage is known: only then is the answer looked through.
func (n *reader) explicitCall() bool {
	switch n.attrs.text("openinference.span.kind") {
	case "LLM", "EMBEDDING":
		return true
	}
	return n.genkitModel()
}

func (n *reader) attributeUsage() (figures, bool) {
	f, a := noFigures(), n.attrs
	for _, u := range usageNames {
		if v, ok := a.count(u.names...); ok {
			*u.of(&f) = v
		}
	}
	n.vercelDetail(&f)
	if a.has("ai.usage.tokens") && f.input < 0 && f.output < 0 {
		f.input, f.output = f.total, 0 // an embedding: all that was used was read
	}
	return f, f.any()
}

// vercelDetail adds what Vercel's AI SDK keeps of the provider's own words. It passed
// Anthropic's input on without the cached part until its version 6; that the raw figure
// is equal tells which it is.
func (n *reader) vercelDetail(f *figures) {
	s := n.attrs.text("ai.response.providerMetadata")
	if s == "" || !wellFormed(s) {
		return
	}
	m := gjson.Parse(s)
	if raw := m.Get("anthropic.usage"); raw.IsObject() {
		n.fill(&f.read, raw, "cache_read_input_tokens")
		n.fill(&f.write, raw, "cache_creation_input_tokens")
		n.fill(&f.write1h, raw, "cache_creation.ephemeral_1h_input_tokens")
		n.fill(&f.searches, raw, "server_tool_use.web_search_requests")
		if in := raw.Get("input_tokens"); in.Exists() && in.Int() == f.input && max(f.read, 0)+max(f.write, 0) > 0 {
			f.inputApart = true
		}
	}
	n.fill(&f.write, m, "anthropic.cacheCreationInputTokens")
	n.fill(&f.read, m, "openai.cachedPromptTokens")
	n.fill(&f.reasoning, m, "openai.reasoningTokens")
	n.fill(&f.rejected, m, "openai.rejectedPredictionTokens")
	n.fill(&f.read, m, "bedrock.usage.cacheReadInputTokens")
	n.fill(&f.write, m, "bedrock.usage.cacheWriteInputTokens")
	n.fill(&f.read, m, "google.usageMetadata.cachedContentTokenCount")
	n.fill(&f.reasoning, m, "google.usageMetadata.thoughtsTokenCount")
}

// fill sets a figure that is not known yet from the first path that has a number.
func (n *reader) fill(to *int64, r gjson.Result, paths ...string) {
	for _, p := range paths {
		if *to >= 0 {
			return
		}
		v := r.Get(p)
		switch v.Type {
		case gjson.Number:
			if q, ok := n.quantity(v.Num); ok {
				*to = q
			}
		case gjson.String:
			if x, err := strconv.ParseFloat(v.Str, 64); err == nil {
				if q, ok := n.quantity(x); ok {
					*to = q
				}
			}
		}
	}
}

// usageObject reads the usage object of a provider's answer or a library: OpenAI's two,
// Anthropic's, Gemini's, Bedrock's and Langfuse's words.
func (n *reader) usageObject(r gjson.Result) figures {
	f := noFigures()
	n.fill(&f.input, r, "prompt_tokens", "input_tokens", "input", "inputTokens", "promptTokens", "promptTokenCount", "prompt")
	n.fill(&f.output, r, "completion_tokens", "output_tokens", "output", "outputTokens", "completionTokens", "candidatesTokenCount", "completion")
	n.fill(&f.total, r, "total_tokens", "total", "totalTokens", "totalTokenCount")
	n.fill(&f.read, r, "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens", "cache_read_input_tokens",
		"input_cached_tokens", "cachedContentTokens", "cachedContentTokenCount", "cacheReadInputTokens", "cache_read_tokens",
		"input_cache_read", "cached_tokens", "cachedInputTokens", "cache_read")
	n.fill(&f.write, r, "prompt_tokens_details.cache_write_tokens", "cache_creation_input_tokens", "cacheWriteInputTokens", "input_cache_creation", "cache_write_tokens", "cache_write", "input_cache_write")
	n.fill(&f.write1h, r, "cache_creation.ephemeral_1h_input_tokens", "input_cache_creation_1h")
	n.fill(&f.reasoning, r, "completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens", "output_reasoning_tokens",
		"thoughtsTokens", "thoughtsTokenCount", "reasoning_tokens", "reasoningTokens", "output_reasoning")
	n.fill(&f.inAudio, r, "prompt_tokens_details.audio_tokens", "input_tokens_details.audio_tokens", "input_token_details.audio_tokens", "input_audio_tokens", "input_audio")
	n.fill(&f.inImage, r, "prompt_tokens_details.image_tokens", "input_tokens_details.image_tokens", "input_image_tokens")
	n.fill(&f.outAudio, r, "completion_tokens_details.audio_tokens", "output_tokens_details.audio_tokens", "output_audio_tokens", "output_audio")
	n.fill(&f.outImage, r, "output_tokens_details.image_tokens", "output_image_tokens")
	n.fill(&f.rejected, r, "completion_tokens_details.rejected_prediction_tokens")
	n.fill(&f.searches, r, "server_tool_use.web_search_requests")
	n.fill(&f.fetches, r, "server_tool_use.web_fetch_requests")
	if s := r.Get("seconds"); s.Type == gjson.Number {
		if q, ok := n.quantity(s.Num * 1e6); ok {
			f.soundMicros = q
		}
	}
	// Anthropic and Bedrock count cached tokens beside the input; Gemini counts thoughts
	// beside the answer.
	f.inputApart = r.Get("cache_read_input_tokens").Exists() && r.Get("input_tokens").Exists() || r.Get("cacheReadInputTokens").Exists()
	f.outputApart = r.Get("thoughtsTokenCount").Exists()
	return f
}

// langfuseUsage reads Langfuse's usage details. In its own words every token stands
// under one name; OpenAI's objects pass through it too.
func (n *reader) langfuseUsage() (figures, bool) {
	s := n.attrs.text("langfuse.observation.usage_details", "langfuse.observation.usage")
	if s == "" || !wellFormed(s) {
		return figures{}, false
	}
	r := gjson.Parse(s)
	f := n.usageObject(r)
	if r.Get("input").Exists() || r.Get("output").Exists() {
		f.inputApart, f.outputApart = true, true
	}
	return f, f.any()
}

func (n *reader) mlflowUsage() (figures, bool) {
	s := n.attrs.text("mlflow.chat.tokenUsage", "mlflow.trace.tokenUsage")
	if s == "" {
		return n.livekitUsage()
	}
	s = unquote(s)
	if !wellFormed(s) {
		return figures{}, false
	}
	f := n.usageObject(gjson.Parse(s))
	return f, f.any()
}

func (n *reader) livekitUsage() (figures, bool) {
	s := n.attrs.text("lk.llm_metrics", "lk.realtime_model_metrics")
	if s == "" || !wellFormed(s) {
		return figures{}, false
	}
	r, f := gjson.Parse(s), noFigures()
	n.fill(&f.input, r, "prompt_tokens", "input_tokens")
	n.fill(&f.output, r, "completion_tokens", "output_tokens")
	n.fill(&f.total, r, "total_tokens")
	n.fill(&f.read, r, "prompt_cached_tokens", "input_token_details.cached_tokens")
	n.fill(&f.inAudio, r, "input_token_details.audio_tokens")
	n.fill(&f.outAudio, r, "output_token_details.audio_tokens")
	return f, f.any()
}

// answerUsage reads the usage that the answer's own document carries.
func (n *reader) answerUsage() (figures, bool) {
	for _, path := range []string{"usage", "usageMetadata", "response.usage"} {
		if r := n.response.get(path); r.IsObject() {
			f := n.usageObject(r)
			return f, f.any()
		}
	}
	return figures{}, false
}

// settle puts the figures into quantities that are disjoint.
func (n *reader) settle(u *llm.Usage, f figures) {
	u.Reported = true
	f.sums()
	read, write := max(f.read, 0), max(f.write, 0)
	reasoning := max(f.reasoning, 0)
	outSound := max(f.outAudio, 0) + max(f.outImage, 0) + max(f.outVideo, 0)
	input, output := max(f.input, 0), max(f.output, 0)
	inApart, outApart := f.apart(input, output, read+write, reasoning)
	if inApart {
		input += read + write
	}
	if outApart {
		output += reasoning
		if f.outputApart && output < reasoning+outSound {
			output += outSound
		}
	}

	left := input
	take := func(want int64) int64 {
		got := min(max(want, 0), left)
		left -= got
		return got
	}
	q := &u.N
	q[llm.CacheReadAudio] = take(min(max(f.readAudio, 0), read))
	q[llm.CacheReadImage] = take(min(max(f.readImage, 0), read-q[llm.CacheReadAudio]))
	q[llm.CacheRead] = take(read - q[llm.CacheReadAudio] - q[llm.CacheReadImage])
	q[llm.CacheWrite1h] = take(min(max(f.write1h, 0), write))
	q[llm.CacheWrite] = take(write - q[llm.CacheWrite1h])
	q[llm.InputAudio] = take(f.inAudio - q[llm.CacheReadAudio])
	q[llm.InputImage] = take(f.inImage - q[llm.CacheReadImage])
	q[llm.InputVideo] = take(f.inVideo)
	q[llm.Input] = left

	left = output
	q[llm.OutputReasoning] = take(reasoning)
	q[llm.OutputAudio] = take(f.outAudio)
	q[llm.OutputImage] = take(f.outImage)
	q[llm.OutputVideo] = take(f.outVideo)
	q[llm.Output] = left

	q[llm.WebSearch], q[llm.WebFetch] = max(f.searches, 0), max(f.fetches, 0)
	q[llm.AudioMicros] = max(f.soundMicros, 0)
	u.Rejected = max(f.rejected, 0)
}

// sums fills in an input or an output that only the total tells.
func (f *figures) sums() {
	switch {
	case f.total < 0:
	case f.input < 0 && f.output < 0:
		f.input = f.total
	case f.input < 0:
		f.input = max(f.total-f.output, 0)
	case f.output < 0:
		f.output = max(f.total-f.input, 0)
	}
	if f.write < 0 {
		f.write = f.write1h
	}
}

// apart decides whether the input leaves out the cached tokens and the output the
// thoughts. A part that is larger than what should include it lies beside it: the GenAI
// conventions include both, but libraries that pass Anthropic's (cached) or Gemini's
// (thoughts) own figures on do not. Where the total is known, the sum that it is equal
// to decides; else the source's habit.
func (f *figures) apart(input, output, cached, reasoning int64) (in, out bool) {
	in, out = f.inputApart, f.outputApart
	fits := func(in, out bool) bool {
		sum := input + output
		if in {
			sum += cached
		}
		if out {
			sum += reasoning
		}
		return sum == f.total && (in || cached <= input) && (out || reasoning <= output)
	}
	if f.total >= 0 && !fits(in, out) {
		switch {
		case fits(false, false):
			in, out = false, false
		case fits(true, false):
			in, out = true, false
		case fits(false, true):
			in, out = false, true
		case fits(true, true):
			in, out = true, true
		}
	}
	return in || cached > input, out || reasoning > output
}

// tier leaves out the tiers that are the default.
func tier(s string) string {
	switch s {
	case "default", "auto", "standard":
		return ""
	}
	return s
}
