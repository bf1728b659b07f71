package llm

import "github.com/steward-llmops/steward/internal/money"

// Quantity is a kind of thing that a provider charges for. The quantities are
// disjoint: a token is counted under exactly one of them, so that a price is the
// plain sum of quantity times rate.
type Quantity uint8

// The quantities. Units are tokens unless the name says otherwise.
const (
	Input           Quantity = iota // text input, neither cached nor written to a cache
	InputAudio                      //
	InputImage                      //
	InputVideo                      //
	CacheRead                       // input read from the provider's prompt cache
	CacheReadAudio                  //
	CacheReadImage                  //
	CacheWrite                      // input written to the cache, default life (Anthropic: 5 minutes)
	CacheWrite1h                    // input written to the cache for an hour
	Output                          // text output
	OutputReasoning                 // thinking
	OutputAudio                     //
	OutputImage                     //
	OutputVideo                     //
	WebSearch                       // searches
	WebFetch                        // pages
	FileSearch                      // searches
	CodeSession                     // sessions of a code interpreter
	Images                          // images made
	AudioMicros                     // microseconds of sound, read or made
	Characters                      // characters spoken
	Pages                           // pages read
	ComputeMicros                   // microseconds of a self-hosted model's machine
	Requests                        // requests with a fee of their own
	NumQuantities
)

var quantityNames = [NumQuantities]string{
	"input", "input_audio", "input_image", "input_video",
	"cache_read", "cache_read_audio", "cache_read_image", "cache_write", "cache_write_1h",
	"output", "output_reasoning", "output_audio", "output_image", "output_video",
	"web_search", "web_fetch", "file_search", "code_session",
	"images", "audio_micros", "characters", "pages", "compute_micros", "requests",
}

// String returns the quantity's stable name.
func (q Quantity) String() string {
	if q < NumQuantities {
		return quantityNames[q]
	}
	return "unknown"
}

// ParseQuantity is the inverse of String.
func ParseQuantity(name string) (Quantity, bool) {
	for q, n := range quantityNames {
		if n == name {
			return Quantity(q), true
		}
	}
	return 0, false
}

// Usage is what a call used, normalised once from its wire format. The zero
// Usage says that nothing was reported, which is not the same as zero tokens.
type Usage struct {
	// Reported is true where the provider gave figures, be they zero.
	Reported bool
	// Estimated is true where Steward counted, because the provider did not say.
	Estimated bool
	N         [NumQuantities]int64
	// Rejected counts predicted tokens that were thrown away; they are within
	// Output already, and kept for information (OpenAI).
	Rejected int64

	// ServiceTier, Speed and Geo change the price: "flex", "priority", "batch";
	// "fast"; "us". Empty means the default.
	ServiceTier string
	Speed       string
	Geo         string

	// Cost is what the provider itself says it charged, kept beside our own
	// figure (OpenRouter, Perplexity); valid where CostReported.
	Cost         money.Nano
	CostReported bool

	// Others is what other models used within the call, each priced by its own
	// rates (Anthropic's advisor tool); nil almost always.
	Others []ModelUsage
}

// ModelUsage is the part of a call's usage that belongs to another model.
type ModelUsage struct {
	Model string
	Usage Usage
}

// InputTokens returns all tokens read, cached ones included.
func (u *Usage) InputTokens() int64 {
	n := &u.N
	return n[Input] + n[InputAudio] + n[InputImage] + n[InputVideo] +
		n[CacheRead] + n[CacheReadAudio] + n[CacheReadImage] + n[CacheWrite] + n[CacheWrite1h]
}

// CachedTokens returns the tokens read from the provider's cache.
func (u *Usage) CachedTokens() int64 {
	return u.N[CacheRead] + u.N[CacheReadAudio] + u.N[CacheReadImage]
}

// CacheWriteTokens returns the tokens written to the provider's cache.
func (u *Usage) CacheWriteTokens() int64 { return u.N[CacheWrite] + u.N[CacheWrite1h] }

// OutputTokens returns all tokens written, thinking included.
func (u *Usage) OutputTokens() int64 {
	n := &u.N
	return n[Output] + n[OutputReasoning] + n[OutputAudio] + n[OutputImage] + n[OutputVideo]
}

// Add adds other's quantities to u; words (tier, speed, geo) that other has win.
func (u *Usage) Add(other *Usage) {
	u.Reported = u.Reported || other.Reported
	u.Estimated = u.Estimated || other.Estimated
	for q := range u.N {
		u.N[q] += other.N[q]
	}
	u.Rejected += other.Rejected
	u.Cost += other.Cost
	u.CostReported = u.CostReported || other.CostReported
	if other.ServiceTier != "" {
		u.ServiceTier = other.ServiceTier
	}
	if other.Speed != "" {
		u.Speed = other.Speed
	}
	if other.Geo != "" {
		u.Geo = other.Geo
	}
	u.Others = append(u.Others, other.Others...)
}
