package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// Per says what a price is for.
type Per string

// What prices are for.
const (
	PerMillion Per = "million" // tokens or characters
	PerUnit    Per = "unit"
	PerMinute  Per = "minute"
	PerHour    Per = "hour"
)

// Rate is one quantity's price in an override.
type Rate struct {
	Field    string // the field's name in the file
	Quantity llm.Quantity
	Per      Per
	Price    Price
}

// Rates returns the prices that o sets, in the order of the file's fields.
func (o *Override) Rates() []Rate {
	all := []Rate{
		{"input", llm.Input, PerMillion, o.Input},
		{"output", llm.Output, PerMillion, o.Output},
		{"cached_read", llm.CacheRead, PerMillion, o.CachedRead},
		{"cache_write", llm.CacheWrite, PerMillion, o.CacheWrite},
		{"cache_write_1h", llm.CacheWrite1h, PerMillion, o.CacheWrite1h},
		{"reasoning", llm.OutputReasoning, PerMillion, o.Reasoning},
		{"input_audio", llm.InputAudio, PerMillion, o.InputAudio},
		{"output_audio", llm.OutputAudio, PerMillion, o.OutputAudio},
		{"input_image", llm.InputImage, PerMillion, o.InputImage},
		{"output_image", llm.OutputImage, PerMillion, o.OutputImage},
		{"characters", llm.Characters, PerMillion, o.Characters},
		{"per_image", llm.Images, PerUnit, o.PerImage},
		{"per_page", llm.Pages, PerUnit, o.PerPage},
		{"per_search", llm.WebSearch, PerUnit, o.PerSearch},
		{"per_request", llm.Requests, PerUnit, o.PerRequest},
		{"audio_minute", llm.AudioMicros, PerMinute, o.AudioMinute},
		{"compute_hour", llm.ComputeMicros, PerHour, o.ComputeHour},
	}
	set := all[:0]
	for _, r := range all {
		if r.Price.IsSet() {
			set = append(set, r)
		}
	}
	return set
}

// ParseOverrides reads a file of prices: a list of overrides, alone or under
// "overrides:", in YAML or JSON. The error is Problems, all at once.
func ParseOverrides(name string, src []byte) ([]Override, error) {
	d := newDecoder(name, src, nil)
	var file struct {
		Overrides []Override `yaml:"overrides"`
	}
	if root := d.parse(); root != nil {
		v := reflect.ValueOf(&file).Elem()
		if _, ok := d.follow(root).(*ast.SequenceNode); ok {
			d.value("overrides", root, v.Field(0), "")
		} else {
			d.value("", root, v, "")
		}
	}
	return file.Overrides, d.err()
}

// NewOverride returns an override from its fields' names and texts, as the API
// carries them. Its errors are fault.Invalid.
func NewOverride(provider, model string, rates map[string]string) (Override, error) {
	o := Override{Provider: provider, Model: model}
	v := reflect.ValueOf(&o).Elem()
	var names []string
	for i := range v.NumField() {
		if shapeOf(v.Field(i).Type()) == Amount {
			names = append(names, v.Type().Field(i).Tag.Get("yaml"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rates)) {
		if !slices.Contains(names, name) {
			f := fault.New(fault.Invalid, "unknown_rate", "a price has no field %q", name).At("rates." + name)
			if near := fault.Nearest(name, names); near != "" {
				return o, f.Hinted("did you mean %q?", near)
			}
			return o, f.Hinted("choose among %s", strings.Join(names, ", "))
		}
		i := slices.IndexFunc(reflect.VisibleFields(v.Type()), func(f reflect.StructField) bool { return f.Tag.Get("yaml") == name })
		if err := setScalar(v.Field(i), rates[name]); err != nil {
			what, hint, _ := strings.Cut(err.Error(), "; ")
			return o, fault.New(fault.Invalid, "invalid_price", "%s: %s", name, what).Hinted("%s", hint).At("rates." + name)
		}
	}
	if model == "" || len(o.Rates()) == 0 {
		return o, fault.New(fault.Invalid, "invalid_price", "a price needs a model and at least one rate").
			Hinted("such as input=2.50 output=10.00").At("rates")
	}
	return o, nil
}
