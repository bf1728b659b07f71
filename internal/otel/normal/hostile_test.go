package normal_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"
	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/otel/normal"
	"github.com/steward-llmops/steward/internal/record"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

func TestIDsMustBeValid(t *testing.T) {
	trace, span := []byte("0123456789abcdef"), []byte("01234567")
	tests := map[string]struct {
		span *tracepb.Span
		code string
	}{
		"none at all":       {nil, "invalid_span"},
		"no trace id":       {&tracepb.Span{SpanId: span}, "invalid_trace_id"},
		"a short trace id":  {&tracepb.Span{TraceId: trace[:8], SpanId: span}, "invalid_trace_id"},
		"a trace id of 0":   {&tracepb.Span{TraceId: make([]byte, 16), SpanId: span}, "invalid_trace_id"},
		"no span id":        {&tracepb.Span{TraceId: trace}, "invalid_span_id"},
		"a long span id":    {&tracepb.Span{TraceId: trace, SpanId: trace}, "invalid_span_id"},
		"a span id of 0":    {&tracepb.Span{TraceId: trace, SpanId: make([]byte, 8)}, "invalid_span_id"},
		"both as they must": {&tracepb.Span{TraceId: trace, SpanId: span}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := normal.Span(who, nil, nil, tt.span, now, normal.Limits{})
			if tt.code == "" {
				if err != nil {
					t.Fatalf("Span() = %v", err)
				}
				return
			}
			if !fault.Is(err, fault.Invalid) || fault.As(err).StableCode() != tt.code || fault.As(err).Hint == "" {
				t.Errorf("Span() = %v; want an invalid %s with a hint", err, tt.code)
			}
		})
	}
}

func TestParents(t *testing.T) {
	tests := map[string]struct {
		parent []byte
		want   string
		cut    int
	}{
		"none":            {nil, "", 0},
		"one":             {[]byte{1, 2, 3, 4, 5, 6, 7, 0xab}, "01020304050607ab", 0},
		"zeros for none":  {make([]byte, 8), "", 0},
		"no id of a span": {[]byte("0123"), "", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := spanOf(nil)
			s.ParentSpanId = tt.parent
			if r := read(t, s); r.Call.ParentSpanID != tt.want || r.Cut.IDs != tt.cut {
				t.Errorf("parent %q, %d cut; want %q, %d", r.Call.ParentSpanID, r.Cut.IDs, tt.want, tt.cut)
			}
		})
	}
}

func TestTheSameSpanHasTheSameID(t *testing.T) {
	one := read(t, spanOf(m{"a": 1}))
	later, err := normal.Span(who, nil, nil, spanOf(m{"a": 1}), now.Add(time.Hour), normal.Limits{})
	if err != nil || later.Call.ID != one.Call.ID {
		t.Errorf("sent again, it is %v, %v; want %v", later.Call.ID, err, one.Call.ID)
	}
	for name, other := range map[string]func() (normal.Result, error){
		"another project": func() (normal.Result, error) {
			return normal.Span(ident.Principal{Org: "acme", Project: "other"}, nil, nil, spanOf(nil), now, normal.Limits{})
		},
		"names that run together": func() (normal.Result, error) {
			return normal.Span(ident.Principal{Org: "acmeb", Project: "ot"}, nil, nil, spanOf(nil), now, normal.Limits{})
		},
		"another span": func() (normal.Result, error) {
			s := spanOf(nil)
			s.SpanId = []byte("01234568")
			return normal.Span(who, nil, nil, s, now, normal.Limits{})
		},
	} {
		if r, err := other(); err != nil || r.Call.ID == one.Call.ID {
			t.Errorf("%s has the id %v, %v", name, r.Call.ID, err)
		}
	}
}

func TestASpanThatHasOnlyBegun(t *testing.T) {
	if r := read(t, spanOf(m{"logfire.span_type": "pending_span"})); r.Skip != normal.SkipPending {
		t.Errorf("Skip = %q", r.Skip)
	}
	if r := read(t, spanOf(m{"logfire.span_type": "span"})); r.Skip != "" {
		t.Errorf("Skip = %q", r.Skip)
	}
}

func TestFiguresThatAreNone(t *testing.T) {
	for name, bad := range map[string]any{
		"negative": -5, "not a number": math.NaN(), "infinite": math.Inf(1), "too large": 1e18, "a sentence": "many", "a truth": true, "an array": []string{"1"}, "bytes": []byte{1},
	} {
		t.Run(name, func(t *testing.T) {
			r := read(t, spanOf(m{"gen_ai.usage.input_tokens": bad}))
			if r.Call.Usage.Reported || r.Cut.Figures == 0 {
				t.Errorf("used %q, %d cut; want nothing said, and counted", used(r), r.Cut.Figures)
			}
			r = read(t, spanOf(m{"gen_ai.usage.input_tokens": bad, "gen_ai.usage.prompt_tokens": 7}))
			if used(r) != "input=7" {
				t.Errorf("beside a figure, used %q; want input=7", used(r))
			}
		})
	}
	for name, bad := range map[string]any{"negative": -0.5, "not a number": math.NaN(), "beyond money": 1e30, "a huge exponent": "1e999999999", "words": "free"} {
		t.Run("a cost that is "+name, func(t *testing.T) {
			r := read(t, spanOf(m{"gen_ai.usage.cost": bad}))
			if r.Call.Usage.CostReported || r.Call.Usage.Cost != 0 {
				t.Errorf("cost %v", r.Call.Usage.Cost)
			}
		})
	}
	if r := read(t, spanOf(m{"gen_ai.usage.cost": 1e-7})); used(r) != "$0.0000001" {
		t.Errorf("used %q; want $0.0000001", used(r))
	}
	if r := read(t, spanOf(m{"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0})); used(r) != "nothing" {
		t.Errorf("used %q; zero tokens are not the same as none said", used(r))
	}
}

func TestFlattenedArraysAreBounded(t *testing.T) {
	a := m{
		"llm.input_messages.1000.message.content": "last", "llm.input_messages.3.message.content": "first",
		"llm.input_messages.1001.message.content": "x", "llm.input_messages.99999999999999999999.message.content": "x",
		"llm.input_messages.4.message.__proto__.polluted": "x", "llm.input_messages.4.constructor": "x", "llm.input_messages.4..x": "x",
		"llm.input_messages.4" + strings.Repeat(".a", 100): "x",
	}
	r := read(t, spanOf(a))
	if got, want := string(r.Content.Request), `[{"content":"first"},{"content":"last"}]`; got != want {
		t.Errorf("request %s; want %s", got, want)
	}
	if r.Cut.Indices != 6 {
		t.Errorf("%d parts cut; want 6", r.Cut.Indices)
	}
}

func TestManyAndLargeAttributes(t *testing.T) {
	s := spanOf(m{"gen_ai.operation.name": "chat", "gen_ai.request.model": strings.Repeat("m", 2000), "input.value": strings.Repeat("é", 1<<20)})
	for i := range 2000 {
		s.Attributes = append(s.Attributes, &commonpb.KeyValue{Key: fmt.Sprintf("k%d", i), Value: value(i)})
	}
	for range 600 {
		s.Events = append(s.Events, event("e", 0, m{"x": 1}))
	}
	before := proto.CloneOf(s)
	r := read(t, s)
	if !proto.Equal(before, s) {
		t.Error("the span that was given has changed")
	}
	if r.Cut.Attributes != 2003-1024 || r.Cut.Events != 600-512 || r.Cut.Values != 1 {
		t.Errorf("cut %v; want 979 attributes, 88 events, 1 value", r.Cut.Counts())
	}
	if len(r.Call.Model) != 512 {
		t.Errorf("a model's name of %d bytes; want 512", len(r.Call.Model))
	}
	if len(r.Content.Request) != 1<<20 || !r.Content.RequestCut || !utf8.Valid(r.Content.Request) || r.Content.RequestType != "text/plain" {
		t.Errorf("a request of %d bytes, cut %v, %s", len(r.Content.Request), r.Content.RequestCut, r.Content.RequestType)
	}
	back := unpack(t, r)
	if len(back.Attributes) != 1024 || len(back.Events) != 512 {
		t.Errorf("%d attributes and %d events are kept; want 1024 and 512", len(back.Attributes), len(back.Events))
	}
}

// A conversation in parts takes more attributes than a span may have; what the call
// used stands behind them.
func TestALongConversationKeepsItsFigures(t *testing.T) {
	s := spanOf(m{"openinference.span.kind": "LLM"})
	for i := range 900 {
		s.Attributes = append(s.Attributes, attributes(m{fmt.Sprintf("llm.input_messages.%d.message.role", i): "user", fmt.Sprintf("llm.input_messages.%d.message.content", i): "hi"})...)
	}
	s.Attributes = append(s.Attributes, attributes(m{"llm.model_name": "gpt-4o", "llm.token_count.prompt": 9000, "llm.token_count.completion": 5})...)
	r := read(t, s)
	if served(r) != "call chat openai gpt-4o" || used(r) != "input=9000 output=5" {
		t.Errorf("served %q, used %q", served(r), used(r))
	}
	if got := len(gjson.ParseBytes(r.Content.Request).Array()); got != 510 || r.Cut.Attributes != 1804-1024 {
		t.Errorf("%d messages are left, %d attributes cut; want 510, 780", got, r.Cut.Attributes)
	}
}

func TestPricing(t *testing.T) {
	for name, tt := range map[string]struct {
		attrs m
		want  record.Pricing
	}{
		"a call":                     {m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "x", "gen_ai.usage.input_tokens": 1}, record.Unpriced},
		"a call that says no figure": {m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "x"}, record.Unpriced},
		"a call that failed":         {m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "x", "error.type": "500"}, record.Free},
		"a call that failed late":    {m{"gen_ai.operation.name": "chat", "error.type": "500", "gen_ai.usage.input_tokens": 1}, record.Unpriced},
		"a tool":                     {m{"gen_ai.operation.name": "execute_tool"}, record.Free},
		"an agent that names a sum":  {m{"gen_ai.operation.name": "invoke_agent", "operation.cost": 0.1}, record.Unpriced},
	} {
		if got := read(t, spanOf(tt.attrs)).Call.Pricing; got != tt.want {
			t.Errorf("%s is %s; want %s", name, got, tt.want)
		}
	}
}

// unpack reads what was kept of a span.
func unpack(t *testing.T, r normal.Result) *tracepb.Span {
	t.Helper()
	var rs tracepb.ResourceSpans
	if err := proto.Unmarshal(r.Content.Raw, &rs); err != nil || len(rs.ScopeSpans) != 1 || len(rs.ScopeSpans[0].Spans) != 1 {
		t.Fatalf("what is kept is no span: %v", err)
	}
	return rs.ScopeSpans[0].Spans[0]
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	a := m{}
	for i := range 20 {
		a[fmt.Sprintf("big%d", i)] = strings.Repeat("x", 1<<20)
	}
	r := read(t, spanOf(a))
	if len(r.Content.Raw) > 4<<20 || r.Cut.Raw != 1 {
		t.Errorf("%d bytes are kept, %d cut; want at most %d", len(r.Content.Raw), r.Cut.Raw, 4<<20)
	}
	if got := len(unpack(t, r).Attributes); got != 20 {
		t.Errorf("%d attributes are kept; want 20, shortened", got)
	}

	many := &commonpb.ArrayValue{}
	for range 1 << 19 {
		many.Values = append(many.Values, value(1.5))
	}
	s := spanOf(nil)
	for i := range 5 {
		s.Attributes = append(s.Attributes, &commonpb.KeyValue{Key: fmt.Sprintf("v%d", i), Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: many}}})
	}
	r = read(t, s)
	if len(r.Content.Raw) > 4<<20 || len(r.Content.Raw) == 0 {
		t.Errorf("%d bytes are kept; want some, and at most %d", len(r.Content.Raw), 4<<20)
	}

	r, err := normal.Span(who, nil, nil, spanOf(m{"a": "x"}), now, normal.Limits{Raw: 10})
	if err != nil || r.Cut.Raw != 1 || len(unpack(t, r).Attributes) != 0 {
		t.Errorf("a limit below what ids take: %v, %v", err, r.Cut.Counts())
	}
}

func TestNestingIsBounded(t *testing.T) {
	deep := value("bottom")
	for range 5000 {
		deep = value([]any{deep})
	}
	r := read(t, spanOf(m{"input.value": deep, "metadata": strings.Repeat("[", 1<<19), "output.value": strings.Repeat(`{"a":`, 1<<17)}))
	if r.Cut.Nesting == 0 {
		t.Error("nothing was cut")
	}
	if got := strings.Count(string(r.Content.Request), "["); got > 32 {
		t.Errorf("%d levels are left; want at most 32", got)
	}
	if r.Content.ResponseType != "text/plain" {
		t.Errorf("a response nested beyond reason is %s", r.Content.ResponseType)
	}
}

func TestTextsThatAreNotUTF8(t *testing.T) {
	s := spanOf(m{"gen_ai.request.model": "gpt\xff", "input.value": "a\xffb"})
	s.Name = "na\xfeme"
	s.Status = &tracepb.Status{Message: "\xff"}
	r := read(t, s)
	if r.Call.Name != "na\uFFFDme" || r.Call.Model != "gpt\uFFFD" || string(r.Content.Request) != "a\uFFFDb" || r.Cut.Texts != 4 {
		t.Errorf("name %q, model %q, request %q, %d mended", r.Call.Name, r.Call.Model, r.Content.Request, r.Cut.Texts)
	}
	unpack(t, r)
}

// Values of types that nobody expects give something bounded, and never a panic.
func TestTypesThatNobodyExpects(t *testing.T) {
	names := []string{"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.finish_reasons", "gen_ai.usage.input_tokens",
		"gen_ai.input.messages", "llm.invocation_parameters", "langfuse.observation.usage_details", "langfuse.observation.cost_details", "langfuse.observation.type",
		"metadata", "tag.tags", "session.id", "user.id", "mlflow.spanType", "mlflow.chat.tokenUsage", "ai.response.providerMetadata", "events",
		"gen_ai.evaluation.name", "gen_ai.evaluation.score.value", "gen_ai.response.time_to_first_chunk", "error.type", "ai.operationId", "genkit:output", "lk.llm_metrics"}
	for _, bad := range []any{nil, true, -1, math.NaN(), "", "null", "[", `{"a":{}}`, `"x"`, []byte{0xff}, []any{}, []any{nil, 1, m{}}, m{}, m{"input": m{}}, strings.Repeat(`"`, 100)} {
		all := m{"openinference.span.kind": "LLM"}
		for _, name := range names {
			all[name] = bad
			read(t, spanOf(m{name: bad}))
		}
		read(t, spanOf(all))
	}
	s := spanOf(nil)
	s.Attributes = []*commonpb.KeyValue{nil, {}, {Key: "x"}, {Key: "y", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{}}}, {Value: value("z")},
		{Key: "k", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_KvlistValue{KvlistValue: &commonpb.KeyValueList{Values: []*commonpb.KeyValue{nil, {}}}}}}}
	s.Events, s.Links = []*tracepb.Span_Event{nil, {}}, []*tracepb.Span_Link{nil, {}}
	unpack(t, read(t, s))
}

func TestNothingSaidIsNoLabel(t *testing.T) {
	r := read(t, spanOf(m{"session.id": "", "user.id": " ", "gen_ai.request.model": "null", "gen_ai.provider.name": "unknown"}))
	c := r.Call
	if d := cmp.Diff([]string{"", "", "", "", "span"}, []string{c.Session, c.Subject, c.Model, c.Provider, c.Kind}); d != "" {
		t.Errorf("Span() (-want +got):\n%s", d)
	}
}

// What went wrong is content: of the message, no word is in the code.
func TestMessagesAreNoCodes(t *testing.T) {
	s := spanOf(m{"error.type": "my password is hunter2: do not tell"})
	s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "SecretWord hunter2Error leaks"}
	s.Events = []*tracepb.Span_Event{event("exception", 0, m{"exception.type": "boom hunter2 boom boom boom", "exception.message": "hunter2"})}
	r := read(t, s)
	if strings.Contains(r.Call.ErrorCode, "hunter2") || len(r.Call.ErrorCode) > 64 {
		t.Errorf("the code is %q", r.Call.ErrorCode)
	}
	if gjson.GetBytes(r.Content.Response, "error.message").Str != "hunter2" {
		t.Errorf("the message is not in the content: %s", r.Content.Response)
	}
}
