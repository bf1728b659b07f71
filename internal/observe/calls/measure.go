package calls

import (
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
)

// plainMeasures are the measures that have a word of their own.
var plainMeasures = []What{
	Calls, Spans, Errors, Unpriced, CacheHits, ErrorRate, CacheHitRate,
	CostPerCall, CostPerTrace, CostPerSession, CostPerUser,
}

// uniques are the short words for how many values of a field there are.
var uniques = []struct{ word, field string }{
	{"traces", "trace"}, {"sessions", "session"}, {"users", "subject"}, {"models", "model"}, {"keys", "key"},
}

// aggregations are the words for each Agg.
var aggregations = []Agg{Sum, Average, Min, Max, P50, P75, P90, P95, P99, Unique}

// measurable are the fields that can be added up, with what is taken of them where
// nothing is said.
var measurable = []struct {
	field string
	agg   Agg
}{
	{"cost", Sum}, {"savings", Sum}, {"tokens", Sum}, {"input_tokens", Sum}, {"cached_tokens", Sum},
	{"cache_write_tokens", Sum}, {"output_tokens", Sum}, {"reasoning_tokens", Sum}, {"attempts", Sum},
	{"latency", Average}, {"ttft", Average}, {"speed", Average},
}

// Measures returns the names of the measures that need no aggregation; those of fields
// and of scores take one, as p95(latency), latency_p95 or latency.p95.
func Measures() []string {
	var list []string
	for _, w := range plainMeasures {
		list = append(list, string(w))
	}
	for _, u := range uniques {
		list = append(list, u.word)
	}
	for _, m := range measurable {
		list = append(list, m.field)
	}
	return list
}

// Aggregations returns the words for what is taken of a field.
func Aggregations() []string {
	var list []string
	for _, a := range aggregations {
		list = append(list, string(a))
	}
	return list
}

// ParseMeasure reads the name of a measure: a word of Measures, a field with an
// aggregation in one of three spellings (latency_p95, p95(latency), latency.p95),
// unique(field), score.NAME, or avg, min, max or sum of (score.NAME). The measure is
// named as it was written. What is wrong is a fault.Invalid with code unknown_measure.
func ParseMeasure(text string) (Measure, error) {
	name := strings.TrimSpace(text)
	m := Measure{Name: name}
	word, agg, called, err := splitMeasure(name)
	if err != nil {
		return Measure{}, err
	}
	if score, ok := scoreName(word); ok {
		return scoreMeasure(m, score, agg)
	}
	word = strings.ToLower(word)
	if agg == "" {
		for _, w := range plainMeasures {
			if word == string(w) {
				m.What = w
				return m, nil
			}
		}
		for _, u := range uniques {
			if word == u.word {
				m.What, m.Agg = Of, Unique
				m.Field, _ = FieldOf(u.field)
				return m, nil
			}
		}
	}
	f, _, ok := fieldOf(word)
	if !ok && !called { // the aggregation is behind
		if i := strings.LastIndexAny(word, "_."); i > 0 && aggregation(word[i+1:]) {
			agg = Agg(word[i+1:])
			f, _, ok = fieldOf(word[:i])
		}
	}
	if !ok {
		return Measure{}, unknownMeasure(name, word)
	}
	return fieldMeasure(m, f, agg)
}

// splitMeasure takes agg(word) apart; called is false of a plain word.
func splitMeasure(name string) (word string, agg Agg, called bool, err error) {
	head, inner, called := strings.Cut(name, "(")
	if !called {
		return name, "", false, nil
	}
	agg = Agg(strings.ToLower(strings.TrimSpace(head)))
	inner, closed := strings.CutSuffix(inner, ")")
	switch {
	case !closed:
		return "", "", true, fault.New(fault.Invalid, "unknown_measure", "the measure %q does not end with a parenthesis", short(name)).
			Hinted("write it as p95(latency)").At("measure")
	case !aggregation(string(agg)):
		hint := "one of " + strings.Join(Aggregations(), ", ")
		if near := fault.Nearest(string(agg), Aggregations()); near != "" {
			hint = "did you mean " + near + "? It is " + hint
		}
		return "", "", true, fault.New(fault.Invalid, "unknown_measure", "there is no aggregation %q", short(string(agg))).
			Hinted("%s", hint).At("measure")
	}
	return strings.TrimSpace(inner), agg, true, nil
}

func aggregation(s string) bool {
	for _, a := range aggregations {
		if s == string(a) {
			return true
		}
	}
	return false
}

func scoreName(word string) (name string, ok bool) {
	if len(word) > len(ScorePrefix) && strings.EqualFold(word[:len(ScorePrefix)], ScorePrefix) {
		return word[len(ScorePrefix):], true
	}
	return "", false
}

func scoreMeasure(m Measure, score string, agg Agg) (Measure, error) {
	switch agg {
	case "":
		agg = Average
	case Average, Min, Max, Sum:
	default:
		return Measure{}, fault.New(fault.Invalid, "unknown_measure", "scores have no %s", agg).
			Hinted("take avg, min, max or sum: avg(score.%s)", short(score)).At("measure")
	}
	m.What, m.Score, m.Agg = Score, score, agg
	return m, nil
}

func fieldMeasure(m Measure, f *Field, agg Agg) (Measure, error) {
	m.What, m.Field, m.Agg = Of, f, agg
	if agg == Unique {
		if f.Kind == Text || f.Dimension {
			return m, nil
		}
		return Measure{}, fault.New(fault.Invalid, "unknown_measure", "the values of %s are not counted", f.Name).
			Hinted("count those of a text, such as unique(model); of %s take avg, max or p95", f.Name).At("measure")
	}
	for _, x := range measurable {
		if x.field == f.Name {
			if m.Agg == "" {
				m.Agg = x.agg
			}
			return m, nil
		}
	}
	return Measure{}, fault.New(fault.Invalid, "unknown_measure", "%s cannot be added up", f.Name).
		Hinted("count its values with unique(%s), or name it in by", f.Name).At("measure")
}

func unknownMeasure(name, word string) error {
	hint := "measures are " + strings.Join(Measures(), ", ") + "; and p95(latency), unique(model), avg(score.NAME)"
	if near := nearestMeasure(word); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return fault.New(fault.Invalid, "unknown_measure", "there is no measure %q", short(name)).Hinted("%s", hint).At("measure")
}

// nearestMeasure looks for a field before an aggregation, and for the word itself.
func nearestMeasure(word string) string {
	if i := strings.LastIndexAny(word, "_."); i > 0 {
		field, agg := fault.Nearest(word[:i], Measures()), fault.Nearest(word[i+1:], Aggregations())
		if field != "" && agg != "" {
			return field + "_" + agg
		}
	}
	return fault.Nearest(word, Measures())
}

var steps = []Step{Minute, Minute5, Minute15, Hour, Hour6, Day, Week, Month}

// Dimensions returns the names of what rows can be grouped by; tags are tag.NAME.
func Dimensions() []string {
	var list []string
	for _, s := range steps {
		list = append(list, string(s))
	}
	for _, f := range Fields {
		if f.Dimension {
			list = append(list, f.Name)
		}
	}
	return list
}

// ParseDimension reads the name of a dimension: a word of Dimensions, or tag.NAME.
// Steps of time are the zone's; nil is UTC. The dimension is named as it was written.
// What is wrong is a fault.Invalid with code unknown_dimension.
func ParseDimension(text string, zone *time.Location) (Dimension, error) {
	name := strings.TrimSpace(text)
	d := Dimension{Name: name}
	if len(name) > len(TagPrefix) && strings.EqualFold(name[:len(TagPrefix)], TagPrefix) {
		d.Tag = name[len(TagPrefix):]
		if s := (&scanner{text: d.Tag}); s.peek() == '"' {
			if tag, err := s.quoted(); err == nil && s.at == len(d.Tag) && tag != "" {
				d.Tag = tag
			}
		}
		return d, nil
	}
	word := strings.ToLower(name)
	for _, s := range steps {
		if word == string(s) {
			d.Step, d.Zone = s, zone
			return d, nil
		}
	}
	f, ok := FieldOf(word)
	if ok && f.Dimension {
		d.Field = f
		return d, nil
	}
	hint := "dimensions are " + strings.Join(Dimensions(), ", ") + " and tag.NAME"
	if ok {
		return Dimension{}, fault.New(fault.Invalid, "unknown_dimension", "calls are not grouped by %s", f.Name).
			Hinted("%s", hint).At("by")
	}
	if near := fault.Nearest(word, Dimensions()); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return Dimension{}, fault.New(fault.Invalid, "unknown_dimension", "there is no dimension %q", short(name)).Hinted("%s", hint).At("by")
}
