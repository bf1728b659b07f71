package normal_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/otel/normal"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

var (
	now   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	began = now.Add(-time.Minute)
	who   = ident.Principal{Org: "acme", Team: "shop", Project: "bot", Key: "key_1", KeyName: "prod"}
)

type m = map[string]any

// value makes an attribute's value of a Go one.
func value(v any) *commonpb.AnyValue {
	switch x := v.(type) {
	case nil:
		return &commonpb.AnyValue{}
	case *commonpb.AnyValue:
		return x
	case string:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: x}}
	case bool:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: x}}
	case int:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: int64(x)}}
	case float64:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: x}}
	case []byte:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_BytesValue{BytesValue: x}}
	case []string:
		list := &commonpb.ArrayValue{}
		for _, s := range x {
			list.Values = append(list.Values, value(s))
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: list}}
	case []any:
		list := &commonpb.ArrayValue{}
		for _, e := range x {
			list.Values = append(list.Values, value(e))
		}
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: list}}
	case m:
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{Values: attributes(x)}}}
	}
	panic(fmt.Sprintf("no value for %T", v))
}

// attributes makes attributes in the order of their names.
func attributes(a m) []*commonpb.KeyValue {
	var list []*commonpb.KeyValue
	for _, k := range slices.Sorted(maps.Keys(a)) {
		list = append(list, &commonpb.KeyValue{Key: k, Value: value(a[k])})
	}
	return list
}

// spanOf makes a span of two seconds.
func spanOf(a m) *tracepb.Span {
	return &tracepb.Span{
		TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"), Name: "work",
		StartTimeUnixNano: uint64(began.UnixNano()), EndTimeUnixNano: uint64(began.Add(2 * time.Second).UnixNano()),
		Attributes: attributes(a),
	}
}

func event(name string, after time.Duration, a m) *tracepb.Span_Event {
	return &tracepb.Span_Event{Name: name, TimeUnixNano: uint64(began.Add(after).UnixNano()), Attributes: attributes(a)}
}

func service(a m) *resourcepb.Resource { return &resourcepb.Resource{Attributes: attributes(a)} }

// read reads a span that must be valid.
func read(t *testing.T, span *tracepb.Span) normal.Result {
	t.Helper()
	r, err := normal.Span(who, nil, nil, span, now, normal.Limits{})
	if err != nil {
		t.Fatalf("Span() = %v", err)
	}
	return r
}

// served says what kind of work a span is, and what served it: "call chat openai
// gpt-4 (asked gpt-4o, reported gpt-4-0613)".
func served(r normal.Result) string {
	c := &r.Call
	s := strings.Join(strings.Fields(c.Kind+" "+c.Operation+" "+c.Provider+" "+c.Model), " ")
	var more []string
	if c.Asked != c.Model {
		more = append(more, "asked "+c.Asked)
	}
	if c.Reported != "" && c.Reported != c.Model {
		more = append(more, "reported "+c.Reported)
	}
	if more != nil {
		s += " (" + strings.Join(more, ", ") + ")"
	}
	return s
}

// used says what was used: "input=3 output=4 $0.01", "nothing" or "" (not said).
func used(r normal.Result) string {
	u := &r.Call.Usage
	var list []string
	for q, n := range u.N {
		if n != 0 {
			list = append(list, fmt.Sprintf("%v=%d", llm.Quantity(q), n))
		}
	}
	if u.Reported && list == nil {
		list = []string{"nothing"}
	}
	if u.CostReported {
		list = append(list, "$"+u.Cost.String())
	}
	if u.ServiceTier != "" {
		list = append(list, u.ServiceTier)
	}
	return strings.Join(list, " ")
}

// ended says how a span ended: "ok stop", "error 400 refused bad_request_error".
func ended(r normal.Result) string {
	c := &r.Call
	s := string(c.Outcome)
	if c.Status != 0 {
		s += fmt.Sprintf(" %d", c.Status)
	}
	for _, w := range []string{c.ErrorKind, c.ErrorCode, string(c.Finish)} {
		if w != "" {
			s += " " + w
		}
	}
	return s
}
