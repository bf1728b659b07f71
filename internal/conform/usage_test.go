package conform_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/llm"
)

// used is what a recorded answer says was used, read with encoding/json from the
// vendors' own documents and without any of Steward's codecs.
type used struct {
	reported bool
	n        map[llm.Quantity]int64
	tier     string
	costNano int64 // OpenRouter's own figure
}

func (u *used) add(q llm.Quantity, n int64) {
	if u.n == nil {
		u.n = map[llm.Quantity]int64{}
	}
	u.n[q] += n
}

// frames returns the JSON documents of an answer: one, or those of a stream.
func (in *interaction) frames(t *testing.T) [][]byte {
	t.Helper()
	switch {
	case strings.HasPrefix(in.contentType(), "text/event-stream"):
		var list [][]byte
		for _, block := range strings.Split(strings.ReplaceAll(string(in.response), "\r\n", "\n"), "\n\n") {
			var data []string
			for _, line := range strings.Split(block, "\n") {
				if d, ok := strings.CutPrefix(line, "data:"); ok {
					data = append(data, strings.TrimPrefix(d, " "))
				}
			}
			if joined := strings.Join(data, "\n"); strings.HasPrefix(joined, "{") {
				list = append(list, []byte(joined))
			}
		}
		return list
	case strings.HasPrefix(in.contentType(), "application/vnd.amazon.eventstream"):
		var list [][]byte
		for b := in.response; len(b) >= 16; {
			total, head := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
			list = append(list, b[12+head:total-4])
			b = b[total:]
		}
		return list
	}
	return [][]byte{in.response}
}

func unmarshal(t *testing.T, id string, b []byte, into any) bool {
	t.Helper()
	if err := json.Unmarshal(b, into); err != nil {
		t.Errorf("%s: %v in %s", id, err, excerpt(b))
		return false
	}
	return true
}

// used reads the usage of a recorded answer.
func (in *interaction) used(t *testing.T) used {
	t.Helper()
	path, _, _ := strings.Cut(in.path, "?")
	switch {
	case in.status >= 400, in.method == "DELETE", strings.Contains(path, "ountTokens"), strings.HasSuffix(path, "count_tokens"),
		strings.HasSuffix(path, "count-tokens"), strings.HasSuffix(path, "input_tokens"):
		return used{}
	case in.method == "GET" && in.streams():
		return used{} // a stream that is read again: it was paid for as it was made
	case strings.HasSuffix(path, "/chat/completions"), strings.HasSuffix(path, "/embeddings"):
		return in.usedOpenAI(t)
	case strings.Contains(path, "/responses"):
		return in.usedResponses(t)
	case strings.HasSuffix(path, "/messages"):
		return in.usedAnthropic(t)
	case strings.Contains(path, "enerateContent"), strings.Contains(path, "EmbedContents"):
		return in.usedGemini(t)
	case strings.HasSuffix(path, ":predict"):
		return in.usedPredict(t)
	case strings.Contains(path, "/converse"):
		return in.usedConverse(t)
	case strings.HasSuffix(path, "/invoke"):
		return in.usedInvoke(t)
	}
	return used{}
}

func (in *interaction) usedOpenAI(t *testing.T) (u used) {
	type usage struct {
		Prompt     int64 `json:"prompt_tokens"`
		Completion int64 `json:"completion_tokens"`
		Total      int64 `json:"total_tokens"`
		Hit        int64 `json:"prompt_cache_hit_tokens"`
		Num        int64 `json:"num_cached_tokens"`
		In         struct {
			Cached int64 `json:"cached_tokens"`
			Write  int64 `json:"cache_write_tokens"`
			Audio  int64 `json:"audio_tokens"`
		} `json:"prompt_tokens_details"`
		Out struct {
			Reasoning int64 `json:"reasoning_tokens"`
			Audio     int64 `json:"audio_tokens"`
		} `json:"completion_tokens_details"`
		Server struct {
			Web int64 `json:"web_search_requests"`
		} `json:"server_tool_use_details"`
		Cost json.Number
		Tier string `json:"service_tier"`
	}
	for _, frame := range in.frames(t) {
		var body struct {
			Usage *usage
			XGroq struct{ Usage *usage } `json:"x_groq"`
			Tier  string                 `json:"service_tier"`
		}
		if !unmarshal(t, in.id, frame, &body) {
			continue
		}
		if body.Tier != "" && body.Tier != "default" && body.Tier != "on_demand" && body.Tier != "standard" {
			u.tier = body.Tier
		}
		v := body.Usage
		if v == nil {
			v = body.XGroq.Usage
		}
		if v == nil {
			continue
		}
		u.reported, u.n = true, nil
		cached := max(v.In.Cached, v.Hit, v.Num)
		thought := v.Out.Reasoning
		written := v.Completion - thought - v.Out.Audio
		if gap := v.Total - v.Prompt - v.Completion; gap > 0 { // Google counts thoughts in the total only
			thought, written = max(thought, gap), v.Completion-v.Out.Audio
		}
		u.add(llm.Input, v.Prompt-cached-v.In.Write-v.In.Audio)
		u.add(llm.InputAudio, v.In.Audio)
		u.add(llm.CacheRead, cached)
		u.add(llm.CacheWrite, v.In.Write)
		u.add(llm.Output, written)
		u.add(llm.OutputReasoning, thought)
		u.add(llm.OutputAudio, v.Out.Audio)
		u.add(llm.WebSearch, v.Server.Web)
		u.costNano = nano(t, v.Cost)
	}
	return u
}

// nano reads decimal dollars as nano-dollars, rounded to the nearest.
func nano(t *testing.T, dollars json.Number) int64 {
	t.Helper()
	if dollars == "" {
		return 0
	}
	f, err := dollars.Float64()
	if err != nil {
		t.Fatal(err)
	}
	return int64(f*1e9 + 0.5)
}

func (in *interaction) usedResponses(t *testing.T) (u used) {
	type response struct {
		Usage *struct {
			In        int64 `json:"input_tokens"`
			Out       int64 `json:"output_tokens"`
			InDetails struct {
				Cached int64 `json:"cached_tokens"`
				Write  int64 `json:"cache_write_tokens"`
			} `json:"input_tokens_details"`
			OutDetails struct {
				Reasoning int64 `json:"reasoning_tokens"`
			} `json:"output_tokens_details"`
		}
		Tier   string `json:"service_tier"`
		Output []struct {
			Type      string
			Action    struct{ Type string }
			Container string `json:"container_id"`
		}
	}
	for _, frame := range in.frames(t) {
		var event struct {
			Type     string
			Response *response
		}
		var whole response
		if !unmarshal(t, in.id, frame, &event) || !unmarshal(t, in.id, frame, &whole) {
			continue
		}
		v := event.Response
		if v == nil {
			v = &whole
		}
		if v.Usage == nil {
			continue
		}
		u = used{reported: true}
		if v.Tier != "default" && v.Tier != "auto" {
			u.tier = v.Tier
		}
		u.add(llm.Input, v.Usage.In-v.Usage.InDetails.Cached-v.Usage.InDetails.Write)
		u.add(llm.CacheRead, v.Usage.InDetails.Cached)
		u.add(llm.CacheWrite, v.Usage.InDetails.Write)
		u.add(llm.Output, v.Usage.Out-v.Usage.OutDetails.Reasoning)
		u.add(llm.OutputReasoning, v.Usage.OutDetails.Reasoning)
		var containers []string
		for _, item := range v.Output {
			switch {
			case item.Type == "web_search_call" && (item.Action.Type == "search" || item.Action.Type == ""):
				u.add(llm.WebSearch, 1)
			case item.Type == "file_search_call":
				u.add(llm.FileSearch, 1)
			case item.Type == "code_interpreter_call" && !slices.Contains(containers, item.Container):
				containers = append(containers, item.Container)
				u.add(llm.CodeSession, 1)
			}
		}
	}
	return u
}

func (in *interaction) usedAnthropic(t *testing.T) (u used) {
	type counts struct {
		Type  string
		Model string
		In    *int64 `json:"input_tokens"`
		Read  *int64 `json:"cache_read_input_tokens"`
		Write *int64 `json:"cache_creation_input_tokens"`
		Lives *struct {
			Short int64 `json:"ephemeral_5m_input_tokens"`
			Hour  int64 `json:"ephemeral_1h_input_tokens"`
		} `json:"cache_creation"`
		Out     *int64 `json:"output_tokens"`
		Details *struct {
			Thinking int64 `json:"thinking_tokens"`
		} `json:"output_tokens_details"`
	}
	type usage struct {
		counts
		Tools *struct {
			Search int64 `json:"web_search_requests"`
			Fetch  int64 `json:"web_fetch_requests"`
		} `json:"server_tool_use"`
		Tier       string `json:"service_tier"`
		Iterations []counts
	}
	var sum usage
	over := func(to **int64, from *int64) {
		if from != nil {
			*to = from
		}
	}
	for _, frame := range in.frames(t) {
		var body struct {
			Usage   *usage
			Message struct{ Usage *usage }
		}
		if !unmarshal(t, in.id, frame, &body) {
			continue
		}
		v := body.Usage
		if v == nil {
			v = body.Message.Usage
		}
		if v == nil {
			continue
		}
		u.reported = true
		over(&sum.In, v.In)
		over(&sum.Read, v.Read)
		over(&sum.Write, v.Write)
		over(&sum.Out, v.Out)
		if v.Lives != nil {
			sum.Lives = v.Lives
		}
		if v.Details != nil {
			sum.Details = v.Details
		}
		if v.Tools != nil {
			sum.Tools = v.Tools
		}
		if v.Iterations != nil {
			sum.Iterations = v.Iterations
		}
		if v.Tier != "" {
			sum.Tier = v.Tier
		}
	}
	if !u.reported {
		return u
	}
	if sum.Tier != "standard" {
		u.tier = sum.Tier
	}
	value := func(n *int64) int64 {
		if n == nil {
			return 0
		}
		return *n
	}
	all := sum.Iterations
	if len(all) == 0 {
		all = []counts{sum.counts}
	}
	for _, c := range all {
		if c.Type == "advisor_message" {
			continue // another model's, under Others
		}
		u.add(llm.Input, value(c.In))
		u.add(llm.CacheRead, value(c.Read))
		lives := c.Lives
		if lives == nil {
			lives = sum.Lives
		}
		switch {
		case lives != nil && lives.Hour > 0 && lives.Short == 0:
			u.add(llm.CacheWrite1h, value(c.Write))
		case lives != nil && lives.Hour > 0:
			t.Errorf("%s: two lives of cache at once: not expected here", in.id)
		default:
			u.add(llm.CacheWrite, value(c.Write))
		}
		u.add(llm.Output, value(c.Out))
	}
	if d := sum.Details; d != nil {
		u.add(llm.Output, -d.Thinking)
		u.add(llm.OutputReasoning, d.Thinking)
	}
	if sum.Tools != nil {
		u.add(llm.WebSearch, sum.Tools.Search)
		u.add(llm.WebFetch, sum.Tools.Fetch)
	}
	return u
}

func (in *interaction) usedGemini(t *testing.T) (u used) {
	type modality struct {
		Modality   string
		TokenCount int64
	}
	var queries []string
	for _, frame := range in.frames(t) {
		var body struct {
			Model string `json:"modelVersion"`
			Usage *struct {
				Prompt, Cached, Candidates, Thoughts, Tool int64
				PromptTokenCount                           int64
				CachedContentTokenCount                    int64
				CandidatesTokenCount                       int64
				ThoughtsTokenCount                         int64
				ToolUsePromptTokenCount                    int64
				PromptTokensDetails                        []modality
				CacheTokensDetails                         []modality
				CandidatesTokensDetails                    []modality
				ToolUsePromptTokensDetails                 []modality
				TrafficType, ServiceTier                   string
			} `json:"usageMetadata"`
			Candidates []struct {
				GroundingMetadata struct{ WebSearchQueries []string }
			}
		}
		if !unmarshal(t, in.id, frame, &body) {
			continue
		}
		for _, c := range body.Candidates {
			for _, q := range c.GroundingMetadata.WebSearchQueries {
				if q != "" && !slices.Contains(queries, q) {
					queries = append(queries, q)
				}
			}
		}
		v := body.Usage
		if v == nil {
			continue
		}
		tier := u.tier
		u = used{reported: true, tier: tier}
		if v.TrafficType != "" && v.TrafficType != "ON_DEMAND" {
			u.tier = strings.ToLower(strings.TrimPrefix(v.TrafficType, "ON_DEMAND_"))
		}
		if v.ServiceTier != "" && v.ServiceTier != "standard" {
			u.tier = v.ServiceTier
		}
		kinds := func(total int64, list []modality, text, audio, image, video llm.Quantity, sign int64) {
			for _, m := range list {
				switch m.Modality {
				case "AUDIO":
					u.add(audio, sign*m.TokenCount)
				case "IMAGE":
					u.add(image, sign*m.TokenCount)
				case "VIDEO":
					u.add(video, sign*m.TokenCount)
				default:
					continue
				}
				total -= m.TokenCount
			}
			u.add(text, sign*total)
		}
		kinds(v.PromptTokenCount, v.PromptTokensDetails, llm.Input, llm.InputAudio, llm.InputImage, llm.InputVideo, 1)
		kinds(v.ToolUsePromptTokenCount, v.ToolUsePromptTokensDetails, llm.Input, llm.InputAudio, llm.InputImage, llm.InputVideo, 1)
		kinds(v.CachedContentTokenCount, v.CacheTokensDetails, llm.Input, llm.InputAudio, llm.InputImage, llm.InputVideo, -1)
		kinds(v.CachedContentTokenCount, v.CacheTokensDetails, llm.CacheRead, llm.CacheReadAudio, llm.CacheReadImage, llm.CacheRead, 1)
		kinds(v.CandidatesTokenCount, v.CandidatesTokensDetails, llm.Output, llm.OutputAudio, llm.OutputImage, llm.OutputVideo, 1)
		u.add(llm.OutputReasoning, v.ThoughtsTokenCount)
	}
	// Up to Gemini 2.x a prompt that was searched for is billed once, from 3 on each query.
	if n := len(queries); n > 0 {
		if strings.Contains(in.path, "gemini-2") || strings.Contains(in.path, "gemini-1") {
			n = 1
		}
		u.add(llm.WebSearch, int64(n))
	}
	return u
}

func (in *interaction) usedPredict(t *testing.T) (u used) {
	var body struct {
		Predictions []struct {
			Embeddings struct {
				Statistics struct {
					TokenCount int64 `json:"token_count"`
				}
			}
		}
	}
	unmarshal(t, in.id, in.response, &body)
	for _, p := range body.Predictions {
		u.reported = true
		u.add(llm.Input, p.Embeddings.Statistics.TokenCount)
	}
	return u
}

func (in *interaction) usedConverse(t *testing.T) (u used) {
	for _, frame := range in.frames(t) {
		var body struct {
			Usage *struct {
				InputTokens, OutputTokens, CacheReadInputTokens, CacheWriteInputTokens int64
			}
			ServiceTier struct{ Type string }
		}
		if !unmarshal(t, in.id, frame, &body) || body.Usage == nil {
			continue
		}
		u = used{reported: true}
		u.add(llm.Input, body.Usage.InputTokens)
		u.add(llm.CacheRead, body.Usage.CacheReadInputTokens)
		u.add(llm.CacheWrite, body.Usage.CacheWriteInputTokens)
		u.add(llm.Output, body.Usage.OutputTokens)
		if tier := body.ServiceTier.Type; tier != "default" {
			u.tier = tier
		}
	}
	return u
}

func (in *interaction) usedInvoke(t *testing.T) (u used) {
	var body struct{ InputTextTokenCount *int64 }
	if bytes.HasPrefix(in.response, []byte("{")) && unmarshal(t, in.id, in.response, &body) && body.InputTextTokenCount != nil {
		u.reported = true
		u.add(llm.Input, *body.InputTextTokenCount)
	}
	return u
}
