package price

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// LiteLLM's list is one flat object: "provider/model" to a record whose prices
// are dollars per token, with service tiers and lengths of context in the names of
// fields: input_cost_per_token_flex, input_cost_per_token_above_200k_tokens.

// litellmIDs maps litellm_provider to our ids where they differ.
var litellmIDs = map[string]string{
	"bedrock_converse": "bedrock", "amazon_nova": "bedrock", "azure_ai": "azure", "azure_text": "azure",
	"text-completion-openai": "openai", "together_ai": "together", "fireworks_ai": "fireworks",
	"fireworks_ai-embedding-models": "fireworks", "cohere_chat": "cohere", "nvidia_nim": "nvidia",
	"text-completion-codestral": "mistral", "codestral": "mistral",
}

type litellmField struct {
	key   string
	shift int // power of ten from the field's unit to ours
}

var litellmFields = map[string]litellmField{
	"input_cost_per_token":              {"input", 6},
	"input_cost_per_audio_token":        {"input_audio", 6},
	"input_cost_per_image_token":        {"input_image", 6},
	"input_cost_per_video_token":        {"input_video", 6},
	"cache_read_input_token_cost":       {"cache_read", 6},
	"cache_read_input_audio_token_cost": {"cache_read_audio", 6},
	"cache_read_input_image_token_cost": {"cache_read_image", 6},
	"cache_creation_input_token_cost":   {"cache_write", 6},
	"output_cost_per_token":             {"output", 6},
	"output_cost_per_reasoning_token":   {"output_reasoning", 6},
	"output_cost_per_audio_token":       {"output_audio", 6},
	"output_cost_per_image_token":       {"output_image", 6},
	"output_cost_per_video_token":       {"output_video", 6},
	"input_cost_per_character":          {"characters", 6},
	"output_cost_per_image":             {"images", 0},
	"ocr_cost_per_page":                 {"pages", 0},
	"code_interpreter_cost_per_session": {"code_session", 0},
	"file_search_cost_per_1k_calls":     {"file_search", 0},
	"input_cost_per_request":            {"requests", 3},
}

const litellmHour = "cache_creation_input_token_cost_above_1hr"

var aboveTokens = regexp.MustCompile(`^(.+)_above_(\d{1,6})k_tokens$`)

var litellmModes = [...]struct{ suffix, mode string }{
	{"_flex", "flex"}, {"_priority", "priority"}, {"_batches", "batch"},
}

// importLiteLLM reads LiteLLM's list. It is long and written by many hands: a model
// that cannot be read or believed is left out and named, not fatal.
func importLiteLLM(top map[string]json.RawMessage) (providers []FileProvider, skipped []string, err error) {
	byID := map[string]*FileProvider{}
	var refused []string
	for _, name := range slices.Sorted(maps.Keys(top)) {
		if name == "sample_spec" {
			continue
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(top[name], &fields); err != nil {
			return nil, nil, fmt.Errorf("litellm: %s: %w", name, err)
		}
		kind := text(fields["litellm_provider"])
		if kind == "" {
			return nil, nil, fmt.Errorf("litellm: %s: litellm_provider is missing", name)
		}
		id := litellmID(kind)
		m, gaps, err := litellmModel(name, kind, id, fields)
		if err == nil {
			_, err = (&context{provider: id, sharedModes: noModes(), sharedGeos: noModes()}).compile(&m)
		}
		if err != nil {
			refused = append(refused, name+": "+err.Error())
			continue
		}
		for _, gap := range gaps {
			skipped = append(skipped, name+": "+gap)
		}
		p := byID[id]
		if p == nil {
			p = &FileProvider{ID: id}
			byID[id] = p
		}
		p.Models = append(p.Models, m)
	}
	if len(byID) == 0 {
		return nil, nil, fmt.Errorf("litellm: no model with a price that can be believed: %s", strings.Join(refused[:min(3, len(refused))], "; "))
	}
	skipped = append(refused, skipped...)
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		providers = append(providers, *byID[id])
	}
	return providers, skipped, nil
}

func litellmID(kind string) string {
	if id, ok := litellmIDs[kind]; ok {
		return id
	}
	if strings.HasPrefix(kind, "vertex_ai") {
		return "vertex"
	}
	return kind
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func litellmModel(name, kind, id string, fields map[string]json.RawMessage) (m FileModel, gaps []string, err error) {
	m.ID = name
	if head, rest, ok := strings.Cut(name, "/"); ok && (head == kind || litellmID(head) == id) {
		m.ID = rest
	}
	m.Context, m.MaxOutput = tokensOf(fields["max_input_tokens"]), tokensOf(fields["max_output_tokens"])
	rates, over := Rates{}, map[int64]Rates{}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if !strings.Contains(field, "cost") {
			continue
		}
		into, base, err := litellmPlace(field, rates, over, &m)
		if err != nil {
			return m, nil, err
		}
		key, value, err := litellmRate(base, fields[field])
		if err != nil {
			return m, nil, fmt.Errorf("%s: %w", field, err)
		}
		if key == "" || into == nil {
			if s := string(fields[field]); s != "null" && s != "0" && s != "0.0" {
				gaps = append(gaps, field)
			}
			continue
		}
		if value != "" {
			into[key] = value
		}
	}
	for _, start := range slices.Sorted(maps.Keys(over)) {
		if len(over[start]) > 0 {
			m.Tiers = append(m.Tiers, FileTier{Over: start, Rates: over[start]})
		}
	}
	maps.DeleteFunc(m.Modes, func(_ string, mode Mode) bool { return len(mode.Rates) == 0 })
	if len(rates) > 0 && (!allZero(rates) || strings.Contains(name, "free")) {
		m.Rates = rates
		return m, gaps, nil
	}
	if len(rates) > 0 {
		gaps = append(gaps, "every price is 0: taken as not known")
	}
	m.Tiers, m.Modes = nil, nil
	return m, gaps, nil
}

// litellmPlace says which rates a field belongs to, and its name without suffix.
func litellmPlace(field string, rates Rates, over map[int64]Rates, m *FileModel) (Rates, string, error) {
	if field == litellmHour {
		return rates, field, nil
	}
	if part := aboveTokens.FindStringSubmatch(field); part != nil {
		k, err := strconv.ParseInt(part[2], 10, 64)
		if err != nil || k == 0 {
			return nil, "", fmt.Errorf("%s: not a length of context", field)
		}
		if over[k*1000] == nil {
			over[k*1000] = Rates{}
		}
		return over[k*1000], part[1], nil
	}
	for _, s := range litellmModes {
		if base, ok := strings.CutSuffix(field, s.suffix); ok {
			if strings.Contains(base, "_above_") {
				return nil, base, nil
			}
			if m.Modes == nil {
				m.Modes = map[string]Mode{}
			}
			if m.Modes[s.mode].Rates == nil {
				m.Modes[s.mode] = Mode{Rates: Rates{}}
			}
			return m.Modes[s.mode].Rates, base, nil
		}
	}
	return rates, field, nil
}

// litellmRate returns our name and price of a field; no name: we have none.
func litellmRate(field string, raw json.RawMessage) (key, value string, err error) {
	switch field {
	case litellmHour:
		return litellmNumber("cache_write_1h", 6, raw)
	case "input_cost_per_second":
		return perMinute(raw)
	case "search_context_cost_per_query":
		return dearestSearch(raw)
	}
	f, ok := litellmFields[field]
	if !ok {
		return "", "", nil
	}
	return litellmNumber(f.key, f.shift, raw)
}

func litellmNumber(key string, shift int, raw json.RawMessage) (string, string, error) {
	s := strings.Trim(string(raw), `"`)
	if s == "null" || s == "" {
		return key, "", nil
	}
	most := places
	if q, ok := quantityOf(key); ok && !units[q].token {
		most = 12
	}
	v, err := decimalOf(json.Number(s), shift, most)
	return key, v, err
}

// perMinute turns a price per second of sound into one per minute.
func perMinute(raw json.RawMessage) (string, string, error) {
	key, v, err := litellmNumber("audio_minute", 0, raw)
	if v == "" || err != nil {
		return key, v, err
	}
	r, ok := new(big.Rat).SetString(v)
	if !ok {
		return key, "", fmt.Errorf("%q is not a price", v)
	}
	v, err = decimalOf(json.Number(r.Mul(r, big.NewRat(60, 1)).FloatString(12)), 0, 12)
	return key, v, err
}

// dearestSearch takes the dearest of the prices per search, which LiteLLM gives
// by the size of what a search brings in.
func dearestSearch(raw json.RawMessage) (key, value string, err error) {
	var sizes map[string]json.RawMessage
	if json.Unmarshal(raw, &sizes) != nil {
		return "", "", nil
	}
	var top *big.Rat
	for _, size := range slices.Sorted(maps.Keys(sizes)) {
		_, v, err := litellmNumber("web_search", 3, sizes[size])
		if err != nil {
			return "", "", err
		}
		r, ok := new(big.Rat).SetString(v)
		if ok && (top == nil || r.Cmp(top) > 0) {
			top, value = r, v
		}
	}
	return "web_search", value, nil
}

func tokensOf(raw json.RawMessage) int64 {
	s := strings.Trim(string(raw), `"`)
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func allZero(r Rates) bool {
	for _, v := range r {
		if v != "0" {
			return false
		}
	}
	return true
}
