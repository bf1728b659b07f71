package normal

import (
	"math"
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/record"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
)

// verdict is a score as one convention or another spells it.
type verdict struct {
	name, label, response string
	value                 *commonpb.AnyValue
	micros                int64 // when; 0: with the span
}

// scores returns what the span or its events say that it is worth.
func (n *reader) scores() []record.Score {
	var found []verdict
	found = append(found, evaluation(n.attrs)...)
	for _, e := range n.span.GetEvents() {
		if e.GetName() == evaluationEvent || strings.HasPrefix(e.GetName(), "gen_ai.evaluation") {
			for _, v := range evaluation(newAttrs(n, e.GetAttributes())) {
				if n.sane(e.GetTimeUnixNano()) {
					v.micros = int64(e.GetTimeUnixNano()) / 1000
				}
				found = append(found, v)
			}
		}
	}
	found = append(found, n.annotations()...)
	var list []record.Score
	for i, v := range found {
		if v.micros == 0 {
			v.micros = n.call.Time
		}
		if s, ok := n.score(v, n.call.TraceID, n.call.SpanID, i); ok {
			list = append(list, s)
		}
	}
	return list
}

// evaluation reads the GenAI conventions' attributes of one evaluation.
func evaluation(a *attrs) []verdict {
	v := verdict{name: a.word("gen_ai.evaluation.name"), label: a.word("gen_ai.evaluation.score.label", "gen_ai.evaluation.label"),
		response: a.word("gen_ai.response.id"), value: a.by["gen_ai.evaluation.score.value"]}
	if v.value == nil {
		v.value = a.by["gen_ai.evaluation.score"]
	}
	if v.name == "" && v.label == "" && v.value == nil {
		return nil
	}
	return []verdict{v}
}

// annotations reads OpenInference's: "annotation.name" for one of them, or
// "annotations.N.annotation.name" for several; "evaluation" likewise, on the span, its
// trace or its session.
func (n *reader) annotations() []verdict {
	var order []annotated
	at := map[annotated]*verdict{}
	for _, kv := range n.attrs.list {
		where, field, ok := n.annotation(kv.GetKey())
		if !ok {
			continue
		}
		v := at[where]
		if v == nil {
			v = &verdict{}
			at[where] = v
			order = append(order, where)
		}
		switch field {
		case "name":
			v.name = n.clip(textOf(kv.GetValue()), n.limits.Name)
		case "label":
			v.label = n.clip(textOf(kv.GetValue()), n.limits.Name)
		case "score", "value":
			v.value = kv.GetValue()
		}
	}
	list := make([]verdict, 0, len(order))
	for _, p := range order {
		list = append(list, *at[p])
	}
	return list
}

// annotated is what one annotation is about, and which one it is.
type annotated struct {
	scope, word string
	index       int
}

// annotation takes the name of an attribute apart: the thing that is judged, the word,
// the index and the field.
func (n *reader) annotation(key string) (a annotated, field string, ok bool) {
	for _, scope := range []string{"trace.", "session.", "span."} {
		if rest, found := strings.CutPrefix(key, scope); found {
			a.scope, key = scope, rest
			break
		}
	}
	parts := strings.Split(key, ".")
	switch {
	case len(parts) == 2 && (parts[0] == "annotation" || parts[0] == "evaluation"):
		a.word, a.index = parts[0], -1
		return a, parts[1], true
	case len(parts) == 4 && (parts[0] == "annotations" || parts[0] == "evaluations") && parts[2] == strings.TrimSuffix(parts[0], "s") && digits(parts[1]):
		i, err := strconv.Atoi(parts[1])
		if err != nil || i > n.limits.Index {
			n.cut.Indices++
			return a, "", false
		}
		a.word, a.index = parts[2], i
		return a, parts[3], true
	}
	return a, "", false
}

// score makes a record of a verdict. One without a name, or without a value and a
// label, says nothing.
func (n *reader) score(v verdict, trace, span string, place int) (record.Score, bool) {
	s := record.Score{
		Time: v.micros, Org: n.who.Org, Team: n.who.Team, Project: n.who.Project, Key: n.who.Key,
		TraceID: trace, SpanID: span, Response: v.response, Name: v.name, Label: v.label, Source: record.FromOTLP,
	}
	if v.value != nil {
		s.Micros, s.Valued = millionths(v.value)
		if !s.Valued {
			if t := strings.TrimSpace(textOf(v.value)); t != "" && s.Label == "" && v.value.GetStringValue() != "" {
				s.Label = n.clip(t, n.limits.Name) // a verdict in words
			} else {
				n.cut.Figures++
			}
		}
	}
	if s.Name == "" || (!s.Valued && s.Label == "") {
		n.cut.Scores++
		return s, false
	}
	s.ID = idOf(s.Time, "score", n.who, trace, span, s.Response, s.Name, s.Label, strconv.FormatInt(s.Micros, 10), strconv.Itoa(place))
	return s, true
}

// millionths reads a number as millionths; a truth is 1 or 0. What is not finite or
// does not fit is none.
func millionths(v *commonpb.AnyValue) (int64, bool) {
	if b, ok := v.GetValue().(*commonpb.AnyValue_BoolValue); ok {
		if b.BoolValue {
			return 1_000_000, true
		}
		return 0, true
	}
	f, ok := floatOf(v)
	if !ok {
		return 0, false
	}
	return scaled(f)
}

// scaled returns f in millionths, if it is finite and fits.
func scaled(f float64) (int64, bool) {
	if m := math.Round(f * 1e6); m > -(1<<63) && m < 1<<63 { // false of NaN
		return int64(m), true
	}
	return 0, false
}
