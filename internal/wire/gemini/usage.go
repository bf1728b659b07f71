package gemini

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// modalities counts tokens by what they are of.
type modalities struct {
	text, audio, image, video int64
}

// split divides total by a *TokensDetails list. Documents are text. What the list
// leaves open is text, and what it has too much is cut, so that the parts are
// never negative and sum up to the total.
func split(total int64, details gjson.Result) modalities {
	var m modalities
	left := total
	each(details, func(_ int, e gjson.Result) {
		n := min(count(field(e, "tokenCount")), left)
		switch field(e, "modality").Str {
		case "AUDIO":
			m.audio += n
		case "IMAGE":
			m.image += n
		case "VIDEO":
			m.video += n
		default:
			return
		}
		left -= n
	})
	m.text = left
	return m
}

// within cuts m to what of has of each kind; what does not fit moves to kinds
// that have room.
func (m modalities) within(of modalities) modalities {
	want := []int64{m.text, m.audio, m.image, m.video}
	room := []int64{of.text, of.audio, of.image, of.video}
	var over int64
	for i := range want {
		if want[i] > room[i] {
			over += want[i] - room[i]
			want[i] = room[i]
		}
	}
	for i := range want {
		n := min(over, room[i]-want[i])
		want[i] += n
		over -= n
	}
	return modalities{want[0], want[1], want[2], want[3]}
}

// counts holds the fields of usageMetadata that matter.
type counts struct {
	prompt, cached, candidates, thoughts, tool                   int64
	promptDetails, cachedDetails, candidatesDetails, toolDetails gjson.Result
	tier                                                         string
}

// readUsage reads a usageMetadata object. promptTokenCount includes the cached
// tokens; candidatesTokenCount excludes thoughtsTokenCount; toolUsePromptTokenCount
// comes on top of the prompt.
func readUsage(v gjson.Result) llm.Usage {
	if !v.IsObject() {
		return llm.Usage{}
	}
	var c counts
	fields(v, func(name string, f gjson.Result) {
		switch name {
		case "promptTokenCount":
			c.prompt = count(f)
		case "cachedContentTokenCount":
			c.cached = count(f)
		case "candidatesTokenCount":
			c.candidates = count(f)
		case "thoughtsTokenCount":
			c.thoughts = count(f)
		case "toolUsePromptTokenCount":
			c.tool = count(f)
		case "promptTokensDetails", "promptTokenDetails": // embeddings spell it without the s
			c.promptDetails = f
		case "cacheTokensDetails":
			c.cachedDetails = f
		case "candidatesTokensDetails":
			c.candidatesDetails = f
		case "toolUsePromptTokensDetails":
			c.toolDetails = f
		case "trafficType", "serviceTier":
			if t := usageTier(f.Str); t != "" {
				c.tier = t
			}
		}
	})
	return c.usage()
}

func (c *counts) usage() llm.Usage {
	prompt := split(max(c.prompt, c.cached), c.promptDetails)
	cached := split(c.cached, c.cachedDetails).within(prompt)
	tool := split(c.tool, c.toolDetails)
	out := split(c.candidates, c.candidatesDetails)

	u := llm.Usage{Reported: true, ServiceTier: c.tier}
	n := &u.N
	n[llm.Input] = prompt.text - cached.text + tool.text
	n[llm.InputAudio] = prompt.audio - cached.audio + tool.audio
	n[llm.InputImage] = prompt.image - cached.image + tool.image
	n[llm.InputVideo] = prompt.video - cached.video + tool.video
	n[llm.CacheRead] = cached.text + cached.video // film has no cache quantity of its own
	n[llm.CacheReadAudio] = cached.audio
	n[llm.CacheReadImage] = cached.image
	n[llm.Output] = out.text
	n[llm.OutputReasoning] = c.thoughts
	n[llm.OutputAudio] = out.audio
	n[llm.OutputImage] = out.image
	n[llm.OutputVideo] = out.video
	return u
}

// usageTier reads trafficType (Vertex: "ON_DEMAND_FLEX") or serviceTier (Gemini
// API: "flex"); the default tier is empty.
func usageTier(word string) string {
	t := strings.TrimPrefix(tierWord(word), "on_demand")
	switch t = strings.TrimPrefix(t, "_"); t {
	case "standard", "default", "traffic_type_unspecified", "unspecified":
		return ""
	case "provisioned_throughput":
		return "provisioned"
	}
	return t
}

// tierWord puts a tier into the words of llm.
func tierWord(word string) string {
	return strings.TrimPrefix(strings.ToLower(word), "service_tier_")
}

// searches gathers the distinct queries of an answer's groundingMetadata.
type searches struct {
	queries []string
}

func (s *searches) add(grounding gjson.Result) {
	if !grounding.IsObject() {
		return
	}
	each(field(grounding, "webSearchQueries"), func(_ int, e gjson.Result) {
		if e.Str == "" {
			return // Google does not charge for these
		}
		for _, q := range s.queries {
			if q == e.Str {
				return
			}
		}
		s.queries = append(s.queries, strings.Clone(e.Str))
	})
}

// count returns llm.WebSearch for the model: its distinct queries from Gemini 3
// on, else one for a prompt that was searched for. A model without a number in
// its name counts as a new one.
func (s *searches) count(model string) int64 {
	n := int64(len(s.queries))
	if g := generation(model); g != 0 && g < 3 {
		return min(n, 1)
	}
	return n
}

// writeUsage is the inverse of readUsage, as far as llm tells the kinds apart.
func writeUsage(u *llm.Usage) *usageJSON {
	if u == nil || !u.Reported && !u.Estimated {
		return nil
	}
	n := &u.N
	cached := u.CachedTokens()
	out := &usageJSON{
		PromptTokenCount:        u.InputTokens(),
		CachedContentTokenCount: cached,
		CandidatesTokenCount:    u.OutputTokens() - n[llm.OutputReasoning],
		ThoughtsTokenCount:      n[llm.OutputReasoning],
		TotalTokenCount:         u.InputTokens() + u.OutputTokens(),
		ServiceTier:             u.ServiceTier,
	}
	audio, image := n[llm.InputAudio]+n[llm.CacheReadAudio], n[llm.InputImage]+n[llm.CacheReadImage]
	out.PromptTokensDetails = details(out.PromptTokenCount, audio, image, n[llm.InputVideo])
	if cached > 0 {
		out.CacheTokensDetails = details(cached, n[llm.CacheReadAudio], n[llm.CacheReadImage], 0)
	}
	out.CandidatesTokensDetails = details(out.CandidatesTokenCount, n[llm.OutputAudio], n[llm.OutputImage], n[llm.OutputVideo])
	return out
}

// details lists the kinds that total consists of.
func details(total, audio, image, video int64) []modalityJSON {
	var list []modalityJSON
	for _, m := range []modalityJSON{
		{"TEXT", total - audio - image - video}, {"AUDIO", audio}, {"IMAGE", image}, {"VIDEO", video},
	} {
		if m.TokenCount > 0 {
			list = append(list, m)
		}
	}
	return list
}
