package normal

import (
	"strings"

	"github.com/tidwall/gjson"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// The names of events that carry what was said; the first generation of the
// conventions had one for each message.
const (
	detailsEvent    = "gen_ai.client.inference.operation.details"
	evaluationEvent = "gen_ai.evaluation.result"
	choiceEvent     = "gen_ai.choice"
)

// eventSide puts together what the events of a span say was asked, or answered.
func (n *reader) eventSide(answer bool) document {
	var messages []string
	for _, e := range n.span.GetEvents() {
		if e.GetName() == detailsEvent {
			a := newAttrs(n, e.GetAttributes())
			d := n.asked(a)
			if answer {
				d = n.answered(a)
			}
			if !d.empty() {
				return d
			}
		}
		if role, isAnswer := sideOf(e.GetName()); role != "" && isAnswer == answer {
			if m := n.message(e, role); m != "" {
				messages = append(messages, m)
			}
		}
	}
	if len(messages) == 0 {
		return n.logfireEvents(answer)
	}
	if len(messages) == 1 {
		return n.document(messages[0])
	}
	for i, m := range messages {
		messages[i] = string(rawJSON(m))
	}
	return n.document("[" + strings.Join(messages, ",") + "]")
}

// sideOf returns whose words an event brings, and whether they are an answer's.
func sideOf(event string) (role string, answer bool) {
	switch event {
	case choiceEvent, "gen_ai.content.completion":
		return "assistant", true
	case "gen_ai.content.prompt":
		return "user", false
	}
	if s, ok := strings.CutPrefix(event, "gen_ai."); ok {
		if role, ok := strings.CutSuffix(s, ".message"); ok && !strings.Contains(role, ".") {
			return role, false
		}
	}
	return "", false
}

// message returns one message of an event: the one that its attribute holds, else its
// attributes as an object.
func (n *reader) message(e *tracepb.Span_Event, role string) string {
	a := newAttrs(n, e.GetAttributes())
	if s := a.text("gen_ai.event.content", "gen_ai.prompt", "gen_ai.completion"); s != "" {
		return s
	}
	for _, prefix := range []string{"gen_ai.prompt", "gen_ai.completion"} {
		if b := n.assemble(e.GetAttributes(), prefix); b != nil {
			return string(b)
		}
	}
	if len(a.by) == 0 {
		return ""
	}
	list := e.GetAttributes()
	if !a.has("role") && !a.has("message") {
		list = append([]*commonpb.KeyValue{{Key: "role", Value: &commonpb.AnyValue{
			Value: &commonpb.AnyValue_StringValue{StringValue: role}}}}, list...)
	}
	return string(appendJSON(nil, &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{
		KvlistValue: &commonpb.KeyValueList{Values: list}}}))
}

// logfireEvents splits the attribute in which Logfire keeps the events of a call.
func (n *reader) logfireEvents(answer bool) document {
	s := n.attrs.text("events")
	if s == "" || !wellFormed(s) {
		return document{}
	}
	var side []string
	gjson.Parse(s).ForEach(func(_, e gjson.Result) bool {
		if e.IsObject() && (e.Get(`event\.name`).Str == choiceEvent) == answer {
			side = append(side, e.Raw)
		}
		return true
	})
	if len(side) == 0 {
		return document{}
	}
	return n.document("[" + strings.Join(side, ",") + "]")
}
