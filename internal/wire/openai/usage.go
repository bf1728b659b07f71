package openai

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// usageFields is a usage object as the servers write it, before it is sorted
// into disjoint quantities.
type usageFields struct {
	prompt, completion, total                  int64
	cached, written, audioIn, imageIn, videoIn int64
	reasoning, audioOut, imageOut, videoOut    int64
	rejected, searches, citations, sources     int64
	imageCached, audioCached                   int64
	requestFee, byok                           bool
	cost, upstreamCost                         string
}

// usageOf reads a usage object. It returns false where v is none. The names are
// OpenAI's; the further ones are DeepSeek's (prompt_cache_hit_tokens), Moonshot's
// (cached_tokens), Mistral's (num_cached_tokens), LiteLLM's
// (cache_read_input_tokens, cache_creation_input_tokens), xAI's
// (num_sources_used), Perplexity's and OpenRouter's.
func usageOf(v gjson.Result, u *llm.Usage) bool {
	if !v.IsObject() {
		return false
	}
	var f usageFields
	fields(v, func(k string, v gjson.Result) bool {
		f.take(k, v)
		return true
	})
	tier := u.ServiceTier
	*u = llm.Usage{Reported: true, ServiceTier: tier}
	f.sort(u)
	return true
}

func (f *usageFields) take(name string, v gjson.Result) {
	switch name {
	case "prompt_tokens", "input_tokens":
		f.prompt = count(v)
	case "completion_tokens", "output_tokens":
		f.completion = count(v)
	case "total_tokens":
		f.total = count(v)
	case "prompt_tokens_details", "input_tokens_details", "input_token_details":
		f.promptDetails(v)
	case "completion_tokens_details", "output_tokens_details", "output_token_details":
		f.completionDetails(v)
	case "prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cache_read_input_tokens":
		f.cached = max(f.cached, count(v)) // servers repeat the figure under several names
	case "cache_creation_input_tokens":
		f.written = max(f.written, count(v))
	case "reasoning_tokens":
		f.reasoning = max(f.reasoning, count(v))
	case "num_search_queries":
		f.searches = max(f.searches, count(v))
	case "num_sources_used":
		f.sources = count(v)
	case "citation_tokens":
		f.citations = count(v)
	case "search_context_size":
		f.requestFee = v.Type == gjson.String
	case "server_tool_use", "server_tool_use_details":
		f.searches = max(f.searches, count(get(v, "web_search_requests")))
	case "is_byok":
		f.byok = v.Bool()
	case "cost":
		if v.IsObject() {
			v = get(v, "total_cost")
		}
		f.cost = v.Raw
	case "cost_details":
		f.upstreamCost = get(v, "upstream_inference_cost").Raw
	}
}

func (f *usageFields) promptDetails(v gjson.Result) {
	fields(v, func(k string, v gjson.Result) bool {
		switch k {
		case "cached_tokens":
			f.cached = max(f.cached, count(v))
		case "cache_write_tokens", "cache_creation_tokens":
			f.written = max(f.written, count(v))
		case "audio_tokens":
			f.audioIn = count(v)
		case "image_tokens":
			f.imageIn = count(v)
		case "video_tokens":
			f.videoIn = count(v)
		case "cached_tokens_details":
			f.imageCached = count(get(v, "image_tokens"))
			f.audioCached = count(get(v, "audio_tokens"))
		}
		return true
	})
}

func (f *usageFields) completionDetails(v gjson.Result) {
	fields(v, func(k string, v gjson.Result) bool {
		switch k {
		case "reasoning_tokens":
			f.reasoning = max(f.reasoning, count(v))
		case "audio_tokens":
			f.audioOut = count(v)
		case "image_tokens":
			f.imageOut = count(v)
		case "video_tokens":
			f.videoOut = count(v)
		case "rejected_prediction_tokens":
			f.rejected = count(v)
		}
		return true
	})
}

// sort puts every token under exactly one quantity.
func (f *usageFields) sort(u *llm.Usage) {
	f.sortOutput(u, f.sortInput(u))
	u.Rejected = f.rejected
	u.N[llm.WebSearch] = f.searches + f.sources
	if f.requestFee { // Perplexity: a fee for each request, by its search context
		u.N[llm.Requests] = 1
	}
	cost, ok := nanoOf(f.cost)
	if ok && f.byok { // the rest is billed to the caller's own account there
		if upstream, ok := nanoOf(f.upstreamCost); ok {
			cost += upstream
		}
	}
	u.Cost, u.CostReported = cost, ok
}

// sortInput fills the input quantities and returns their sum without Perplexity's
// citation tokens, which are outside of total_tokens.
func (f *usageFields) sortInput(u *llm.Usage) int64 {
	n := &u.N
	inCache := f.cached + f.written
	// prompt_tokens includes cached tokens, except on servers that pass on
	// Anthropic's count, where the total tells or the figures cannot be nested.
	apart := inCache > f.prompt ||
		inCache > 0 && f.total > 0 && f.total == f.prompt+inCache+f.completion
	rest := f.prompt
	take := func(want int64) int64 {
		got := min(want, rest)
		rest -= got
		return got
	}
	cached, written := f.cached, f.written
	if !apart {
		cached, written = take(cached), take(written)
	}
	imageCached := min(f.imageCached, cached)
	audioCached := min(f.audioCached, cached-imageCached)
	n[llm.CacheReadImage], n[llm.CacheReadAudio] = imageCached, audioCached
	n[llm.CacheRead] = cached - imageCached - audioCached
	n[llm.CacheWrite] = written
	n[llm.InputAudio] = take(max(f.audioIn-audioCached, 0))
	n[llm.InputImage] = take(max(f.imageIn-imageCached, 0))
	n[llm.InputVideo] = take(f.videoIn)
	n[llm.Input] = rest + f.citations
	if apart {
		return f.prompt + inCache
	}
	return f.prompt
}

// sortOutput fills the output quantities. completion_tokens includes thinking on
// OpenAI; xAI's and some others' do not, and Google's compatible endpoint hides
// thinking in the total.
func (f *usageFields) sortOutput(u *llm.Usage, input int64) {
	n := &u.N
	rest, thinking := f.completion, f.reasoning
	extra := f.total - input - f.completion
	switch {
	case thinking == 0 && extra > 0:
		thinking = extra
	case thinking > 0 && (extra >= thinking || thinking > rest):
		if extra > thinking { // Google's tool-use prompt is in the total only
			n[llm.Input] += extra - thinking
		}
	default:
		thinking = min(thinking, rest)
		rest -= thinking
	}
	take := func(want int64) int64 {
		got := min(want, rest)
		rest -= got
		return got
	}
	n[llm.OutputReasoning] = thinking
	n[llm.OutputAudio] = take(f.audioOut)
	n[llm.OutputImage] = take(f.imageOut)
	n[llm.OutputVideo] = take(f.videoOut)
	n[llm.Output] = rest
}

// tierOf returns the tier that changes the price; the servers' words for the
// usual one become "".
func tierOf(s string) string {
	switch s {
	case "default", "auto", "standard", "on_demand":
		return ""
	case "flex": // the usual ones without memory of their own: this runs for every event
		return "flex"
	case "priority":
		return "priority"
	}
	return strings.Clone(s)
}

type usageBody struct {
	Prompt            int64             `json:"prompt_tokens"`
	Completion        int64             `json:"completion_tokens"`
	Total             int64             `json:"total_tokens"`
	PromptDetails     promptDetails     `json:"prompt_tokens_details"`
	CompletionDetails completionDetails `json:"completion_tokens_details"`
}

type promptDetails struct {
	Cached     int64 `json:"cached_tokens"`
	Audio      int64 `json:"audio_tokens"`
	CacheWrite int64 `json:"cache_write_tokens,omitempty"`
	Image      int64 `json:"image_tokens,omitempty"`
	Video      int64 `json:"video_tokens,omitempty"`
}

type completionDetails struct {
	Reasoning int64 `json:"reasoning_tokens"`
	Audio     int64 `json:"audio_tokens"`
	Accepted  int64 `json:"accepted_prediction_tokens"`
	Rejected  int64 `json:"rejected_prediction_tokens"`
	Image     int64 `json:"image_tokens,omitempty"`
	Video     int64 `json:"video_tokens,omitempty"`
}

// usageBodyOf writes usage in OpenAI's inclusive counts; nil where nothing is known.
func usageBodyOf(u *llm.Usage) *usageBody {
	if !u.Reported && !u.Estimated {
		return nil
	}
	n := &u.N
	b := usageBody{
		Prompt:     u.InputTokens(),
		Completion: u.OutputTokens(),
		PromptDetails: promptDetails{
			Cached:     u.CachedTokens(),
			CacheWrite: u.CacheWriteTokens(),
			Audio:      n[llm.InputAudio],
			Image:      n[llm.InputImage],
			Video:      n[llm.InputVideo],
		},
		CompletionDetails: completionDetails{
			Reasoning: n[llm.OutputReasoning],
			Audio:     n[llm.OutputAudio],
			Image:     n[llm.OutputImage],
			Video:     n[llm.OutputVideo],
			Rejected:  u.Rejected,
		},
	}
	b.Total = b.Prompt + b.Completion
	return &b
}
