package normal

import (
	"strings"
	"unicode/utf8"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// clip shortens s to at most n bytes, at a letter's end, and mends what is not UTF-8.
func (n *reader) clip(s string, limit int) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
		n.cut.Texts++
	}
	if len(s) > limit {
		s = cutText(s, limit)
		n.cut.Names++
	}
	return s
}

// cutText returns at most limit bytes of s, whole letters.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// The functions below return what they are given where it is within the limits, and
// a bounded copy where it is not.

func (n *reader) boundSpan(s *tracepb.Span) *tracepb.Span {
	out := &tracepb.Span{
		TraceId: s.GetTraceId(), SpanId: s.GetSpanId(), ParentSpanId: s.GetParentSpanId(), Flags: s.GetFlags(),
		TraceState: n.clip(s.GetTraceState(), n.limits.Name), Name: n.clip(s.GetName(), n.limits.Name), Kind: s.GetKind(),
		StartTimeUnixNano: s.GetStartTimeUnixNano(), EndTimeUnixNano: s.GetEndTimeUnixNano(),
		Attributes: n.boundList(s.GetAttributes()), Events: s.GetEvents(), Links: s.GetLinks(), Status: s.GetStatus(),
		DroppedAttributesCount: s.GetDroppedAttributesCount(), DroppedEventsCount: s.GetDroppedEventsCount(),
		DroppedLinksCount: s.GetDroppedLinksCount(),
	}
	if len(out.Events) > n.limits.Events {
		n.cut.Events += len(out.Events) - n.limits.Events
		out.Events = out.Events[:n.limits.Events]
	}
	if len(out.Links) > n.limits.Events {
		n.cut.Events += len(out.Links) - n.limits.Events
		out.Links = out.Links[:n.limits.Events]
	}
	events := make([]*tracepb.Span_Event, 0, len(out.Events))
	for _, e := range out.Events {
		events = append(events, &tracepb.Span_Event{
			TimeUnixNano: e.GetTimeUnixNano(), Name: n.clip(e.GetName(), n.limits.Name),
			Attributes: n.boundList(e.GetAttributes()), DroppedAttributesCount: e.GetDroppedAttributesCount(),
		})
	}
	links := make([]*tracepb.Span_Link, 0, len(out.Links))
	for _, l := range out.Links {
		links = append(links, &tracepb.Span_Link{
			TraceId: l.GetTraceId(), SpanId: l.GetSpanId(), TraceState: n.clip(l.GetTraceState(), n.limits.Name), Flags: l.GetFlags(),
			Attributes: n.boundList(l.GetAttributes()), DroppedAttributesCount: l.GetDroppedAttributesCount(),
		})
	}
	out.Events, out.Links = events, links
	if st := s.GetStatus(); st != nil {
		out.Status = &tracepb.Status{Code: st.GetCode(), Message: n.boundText(st.GetMessage())}
	}
	return out
}

func (n *reader) boundResource(r *resourcepb.Resource) *resourcepb.Resource {
	if r == nil {
		return nil
	}
	return &resourcepb.Resource{Attributes: n.boundList(r.GetAttributes()), DroppedAttributesCount: r.GetDroppedAttributesCount()}
}

func (n *reader) boundScope(s *commonpb.InstrumentationScope) *commonpb.InstrumentationScope {
	if s == nil {
		return nil
	}
	return &commonpb.InstrumentationScope{
		Name: n.clip(s.GetName(), n.limits.Name), Version: n.clip(s.GetVersion(), n.limits.Name),
		Attributes: n.boundList(s.GetAttributes()), DroppedAttributesCount: s.GetDroppedAttributesCount(),
	}
}

func (n *reader) boundList(list []*commonpb.KeyValue) []*commonpb.KeyValue {
	if most := n.limits.Attributes; len(list) > most {
		n.cut.Attributes += len(list) - most
		list = foremost(list, most)
	}
	return n.boundPairs(list, 1)
}

// foremost returns at most that many attributes in their order. Those of flattened
// arrays go first: a long conversation in parts must not push out what the call used.
func foremost(list []*commonpb.KeyValue, most int) []*commonpb.KeyValue {
	flat := make([]bool, len(list))
	room := most
	for i, kv := range list {
		if flat[i] = isFlat(kv.GetKey()); !flat[i] {
			room--
		}
	}
	out := make([]*commonpb.KeyValue, 0, most)
	for i, kv := range list {
		if flat[i] {
			if room <= 0 {
				continue
			}
			room--
		}
		if out = append(out, kv); len(out) == most {
			break
		}
	}
	return out
}

// isFlat reports whether an attribute is a part of a flattened array.
func isFlat(key string) bool {
	for part := range strings.SplitSeq(key, ".") {
		if digits(part) {
			return true
		}
	}
	return false
}

func (n *reader) boundPairs(list []*commonpb.KeyValue, depth int) []*commonpb.KeyValue {
	out, copied := list, false
	for i, kv := range list {
		key, value := n.clip(kv.GetKey(), n.limits.Name), n.boundValue(kv.GetValue(), depth)
		if kv != nil && key == kv.GetKey() && value == kv.GetValue() {
			continue
		}
		if !copied {
			out, copied = append([]*commonpb.KeyValue(nil), list...), true
		}
		out[i] = &commonpb.KeyValue{Key: key, Value: value}
	}
	return out
}

func (n *reader) boundValue(v *commonpb.AnyValue, depth int) *commonpb.AnyValue {
	switch x := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		if s := n.boundText(x.StringValue); s != x.StringValue {
			return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
		}
	case *commonpb.AnyValue_BytesValue:
		if len(x.BytesValue) > n.limits.Value {
			n.cut.Values++
			return &commonpb.AnyValue{Value: &commonpb.AnyValue_BytesValue{BytesValue: x.BytesValue[:n.limits.Value]}}
		}
	case *commonpb.AnyValue_ArrayValue:
		return n.boundArray(v, x.ArrayValue.GetValues(), depth)
	case *commonpb.AnyValue_KvlistValue:
		list := x.KvlistValue.GetValues()
		if len(list) > 0 && depth >= n.limits.Depth {
			n.cut.Nesting++
			return &commonpb.AnyValue{}
		}
		out := n.boundPairs(list, depth+1)
		if len(list) > 0 && &out[0] != &list[0] {
			return &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{Values: out}}}
		}
	}
	return v
}

func (n *reader) boundArray(v *commonpb.AnyValue, list []*commonpb.AnyValue, depth int) *commonpb.AnyValue {
	if len(list) > 0 && depth >= n.limits.Depth {
		n.cut.Nesting++
		return &commonpb.AnyValue{}
	}
	if most := max(n.limits.Value/8, 8); len(list) > most { // numbers take 8 bytes at least
		n.cut.Values++
		list = list[:most]
		v = &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: list}}}
	}
	out, copied := list, false
	for i, e := range list {
		bounded := n.boundValue(e, depth+1)
		if bounded == e && e != nil {
			continue
		}
		if !copied {
			out, copied = append([]*commonpb.AnyValue(nil), list...), true
		}
		if bounded == nil {
			bounded = &commonpb.AnyValue{}
		}
		out[i] = bounded
	}
	if !copied {
		return v
	}
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: out}}}
}

func (n *reader) boundText(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
		n.cut.Texts++
	}
	if len(s) > n.limits.Value {
		s = cutText(s, n.limits.Value)
		n.cut.Values++
	}
	return s
}
