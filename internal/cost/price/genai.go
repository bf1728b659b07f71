package price

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The pydantic/genai-prices format, version 2: a list of providers, each with
// models, each with match logic and either one price or a list of prices with
// constraints. A tiered price {base, tiers: [{start, price}]} means that a call
// whose total input is more than start pays the tier's price for all its tokens,
// which is what FileTier means. Of prices with constraints the last that is active
// applies, the first where none is: also as here. Names match without regard to
// case, in the order of the list.

type genaiProvider struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	URLs     []string     `json:"pricing_urls"`
	Note     string       `json:"price_comments"`
	Fallback []string     `json:"fallback_model_providers"`
	Models   []genaiModel `json:"models"`
}

type genaiModel struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Match   genaiMatch      `json:"match"`
	Context int64           `json:"context_window"`
	Prices  json.RawMessage `json:"prices"`
}

type genaiMatch struct {
	Equals     string       `json:"equals"`
	StartsWith string       `json:"starts_with"`
	EndsWith   string       `json:"ends_with"`
	Contains   string       `json:"contains"`
	Regex      string       `json:"regex"`
	Or         []genaiMatch `json:"or"`
	And        []genaiMatch `json:"and"`
}

type genaiPrice struct {
	Constraint *struct {
		StartDate string `json:"start_date"`
		StartTime string `json:"start_time"`
		EndTime   string `json:"end_time"`
	} `json:"constraint"`
	Prices map[string]json.RawMessage `json:"prices"`
}

type genaiTiered struct {
	Base  json.Number `json:"base"`
	Tiers []struct {
		Start int64       `json:"start"`
		Price json.Number `json:"price"`
	} `json:"tiers"`
}

// genaiIDs maps providers whose ids differ from ours.
var genaiIDs = map[string]string{
	"google": "gemini", "aws": "bedrock", "x-ai": "xai", "moonshotai": "moonshot", "voyageai": "voyage",
}

// genaiQuantities maps price fields to our names. Their units are ours: a million
// tokens, a thousand calls.
var genaiQuantities = map[string]string{
	"input_mtok": "input", "input_audio_mtok": "input_audio", "input_image_mtok": "input_image",
	"input_video_mtok": "input_video", "cache_read_mtok": "cache_read", "cache_audio_read_mtok": "cache_read_audio",
	"cache_image_read_mtok": "cache_read_image", "cache_write_mtok": "cache_write",
	"cache_write_1h_mtok": "cache_write_1h", "output_mtok": "output", "output_reasoning_mtok": "output_reasoning",
	"output_audio_mtok": "output_audio", "output_image_mtok": "output_image", "output_video_mtok": "output_video",
	"web_searches_kcount": "web_search", "requests_kcount": "requests",
}

// importGenai reads genai-prices. skipped names the prices that have no word here.
func importGenai(data []byte) (providers []FileProvider, skipped []string, err error) {
	var list []genaiProvider
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&list); err != nil {
		return nil, nil, fmt.Errorf("genai-prices: %w", err)
	}
	for i := range list {
		g := &list[i]
		p := FileProvider{ID: ours(g.ID), Name: g.Name, URLs: g.URLs, Note: g.Note}
		if p.ID != g.ID {
			p.Aliases = []string{g.ID}
		}
		for _, id := range g.Fallback {
			p.Fallback = append(p.Fallback, ours(id))
		}
		for j := range g.Models {
			m, gaps, err := g.Models[j].convert()
			if err != nil {
				return nil, nil, fmt.Errorf("genai-prices: %s/%s: %w", g.ID, g.Models[j].ID, err)
			}
			for _, gap := range gaps {
				skipped = append(skipped, g.ID+"/"+m.ID+": "+gap)
			}
			p.Models = append(p.Models, m)
		}
		providers = append(providers, p)
	}
	return splitVertex(providers), skipped, nil
}

func ours(id string) string {
	if o, ok := genaiIDs[id]; ok {
		return o
	}
	return id
}

// splitVertex makes two providers of Google's one list: Claude models are sold by
// Vertex AI only, everything else by the Gemini API and, at the same prices, by
// Vertex AI.
func splitVertex(list []FileProvider) []FileProvider {
	i := slices.IndexFunc(list, func(p FileProvider) bool { return p.ID == "gemini" })
	if i < 0 {
		return list
	}
	g := &list[i]
	v := FileProvider{ID: "vertex", Name: "Vertex AI", URLs: g.URLs, Fallback: append([]string{"gemini"}, g.Fallback...)}
	claude := func(m FileModel) bool { return strings.Contains(m.ID, "claude") }
	for _, m := range g.Models {
		if claude(m) {
			v.Models = append(v.Models, m)
		}
	}
	g.Models = slices.DeleteFunc(g.Models, claude)
	g.Name, g.Fallback = "Google Gemini", nil
	return append(list, v)
}

func (g *genaiModel) convert() (m FileModel, gaps []string, err error) {
	m = FileModel{ID: g.ID, Context: g.Context}
	if !strings.EqualFold(g.Name, g.ID) {
		m.Name = g.Name
	}
	rule, err := g.Match.convert()
	if err != nil {
		return m, nil, err
	}
	m.Match = []Rule{rule}
	if rule.Any != nil {
		m.Match = rule.Any
	}
	m.Match = distinct(m.Match)
	if len(m.Match) == 1 && strings.EqualFold(m.Match[0].Text, g.ID) {
		m.Match = nil
	}
	prices, err := g.prices()
	if err != nil {
		return m, nil, err
	}
	for i, gp := range prices {
		fp, skipped, err := gp.convert()
		if err != nil {
			return m, nil, err
		}
		gaps = append(gaps, skipped...)
		if i == 0 {
			m.FilePrice = fp
		} else {
			m.Then = append(m.Then, fp)
		}
	}
	return m, gaps, nil
}

// distinct drops rules that differ in case only.
func distinct(rules []Rule) []Rule {
	seen := map[string]bool{}
	return slices.DeleteFunc(rules, func(r Rule) bool {
		key := strings.ToLower(r.Text)
		if r.All != nil || r.Any != nil || (r.Text != "" && r.Text[0] == '/') {
			return false
		}
		dup := seen[key]
		seen[key] = true
		return dup
	})
}

func (g *genaiMatch) convert() (Rule, error) {
	switch {
	case g.Equals != "":
		return Rule{Text: g.Equals}, plain(g.Equals)
	case g.StartsWith != "":
		return Rule{Text: g.StartsWith + "*"}, plain(g.StartsWith)
	case g.EndsWith != "":
		return Rule{Text: "*" + g.EndsWith}, plain(g.EndsWith)
	case g.Contains != "":
		return Rule{Text: "*" + g.Contains + "*"}, plain(g.Contains)
	case g.Regex != "":
		return Rule{Text: "/" + g.Regex + "/"}, nil
	case g.Or != nil:
		any, err := convertAll(g.Or)
		return Rule{Any: any}, err
	case g.And != nil:
		all, err := convertAll(g.And)
		return Rule{All: all}, err
	}
	return Rule{}, fmt.Errorf("match: no rule that is known")
}

func convertAll(list []genaiMatch) ([]Rule, error) {
	out := make([]Rule, len(list))
	for i := range list {
		var err error
		if out[i], err = list[i].convert(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func plain(s string) error {
	if strings.Contains(s, "*") || strings.HasPrefix(s, "/") {
		return fmt.Errorf("match: %q has no rule here", s)
	}
	return nil
}

func (g *genaiModel) prices() ([]genaiPrice, error) {
	dec := json.NewDecoder(bytes.NewReader(g.Prices))
	dec.UseNumber()
	if len(g.Prices) > 0 && g.Prices[0] == '[' {
		var list []genaiPrice
		if err := dec.Decode(&list); err != nil {
			return nil, fmt.Errorf("prices: %w", err)
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("prices: the list is empty")
		}
		return list, nil
	}
	var one genaiPrice
	if err := dec.Decode(&one.Prices); err != nil {
		return nil, fmt.Errorf("prices: %w", err)
	}
	return []genaiPrice{one}, nil
}

func (g *genaiPrice) convert() (fp FilePrice, skipped []string, err error) {
	if c := g.Constraint; c != nil {
		fp.From = c.StartDate
		if c.StartTime != "" {
			fp.Window, err = utcWindow(c.StartTime, c.EndTime)
			if err != nil {
				return fp, nil, err
			}
		}
	}
	over := map[int64]Rates{}
	for _, field := range slices.Sorted(maps.Keys(g.Prices)) {
		key, ok := genaiQuantities[field]
		if !ok {
			skipped = append(skipped, field)
			continue
		}
		var t genaiTiered
		if raw := g.Prices[field]; len(raw) > 0 && raw[0] == '{' {
			if err := json.Unmarshal(raw, &t); err != nil {
				return fp, nil, fmt.Errorf("%s: %w", field, err)
			}
		} else {
			t.Base = json.Number(raw)
		}
		if fp.Rates == nil {
			fp.Rates = Rates{}
		}
		if fp.Rates[key], err = decimalOf(t.Base, 0, places); err != nil {
			return fp, nil, fmt.Errorf("%s: %w", field, err)
		}
		for _, step := range t.Tiers {
			if over[step.Start] == nil {
				over[step.Start] = Rates{}
			}
			if over[step.Start][key], err = decimalOf(step.Price, 0, places); err != nil {
				return fp, nil, fmt.Errorf("%s: %w", field, err)
			}
		}
	}
	for _, start := range slices.Sorted(maps.Keys(over)) {
		fp.Tiers = append(fp.Tiers, FileTier{Over: start, Rates: over[start]})
	}
	return fp, skipped, nil
}

// utcWindow turns "00:30:00Z" and "16:30:00Z" into a window.
func utcWindow(start, end string) (string, error) {
	cut := func(s string) (string, error) {
		hm, ok := strings.CutSuffix(s, ":00Z")
		if _, good := clock(hm); !ok || !good {
			return "", fmt.Errorf("constraint: %s is not a whole minute of UTC", strconv.Quote(s))
		}
		return hm, nil
	}
	a, err := cut(start)
	if err != nil {
		return "", err
	}
	b, err := cut(end)
	return a + "-" + b, err
}
