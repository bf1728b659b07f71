package normal_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/otel/normal"
	"github.com/steward-llmops/steward/internal/record"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

func TestLabels(t *testing.T) {
	tests := map[string]struct {
		attrs            m
		session, subject string
		tags             []record.Tag
	}{
		"GenAI":                            {attrs: m{"gen_ai.conversation.id": "c1", "session.id": "s1", "user.id": "u1"}, session: "c1", subject: "u1"},
		"OpenInference":                    {attrs: m{"session.id": "s1", "user.id": "u1", "tag.tags": []string{"a", "b"}, "metadata": `{"tier":"gold","n":3,"deep":{"x":1},"list":[1],"ok":true,"none":null}`}, session: "s1", subject: "u1", tags: []record.Tag{{Name: "a", Value: "true"}, {Name: "b", Value: "true"}, {Name: "tier", Value: "gold"}, {Name: "n", Value: "3"}, {Name: "ok", Value: "true"}}},
		"LangGraph's thread":               {attrs: m{"metadata": `{"thread_id":"t1","user_id":"u1","langgraph_step":2}`}, session: "t1", subject: "u1", tags: []record.Tag{{Name: "langgraph_step", Value: "2"}}},
		"a thread that is not the session": {attrs: m{"session.id": "s1", "metadata": `{"thread_id":"t1","session_id":"s1"}`}, session: "s1", tags: []record.Tag{{Name: "thread_id", Value: "t1"}}},
		"Langfuse": {attrs: m{"langfuse.session.id": "s1", "langfuse.user.id": "u1", "langfuse.trace.tags": `["x","y"]`, "langfuse.trace.metadata": `{"a":"1"}`, "langfuse.observation.metadata.b": "2"},
			session: "s1", subject: "u1", tags: []record.Tag{{Name: "x", Value: "true"}, {Name: "y", Value: "true"}, {Name: "a", Value: "1"}, {Name: "b", Value: "2"}}},
		"Traceloop":                  {attrs: m{"traceloop.association.properties.session_id": "s1", "traceloop.association.properties.user_id": "u1", "traceloop.association.properties.plan": "pro"}, session: "s1", subject: "u1", tags: []record.Tag{{Name: "plan", Value: "pro"}}},
		"Vercel":                     {attrs: m{"ai.telemetry.metadata.userId": "u1", "ai.telemetry.metadata.sessionId": "s1", "ai.telemetry.metadata.tags": []string{"t"}, "ai.telemetry.metadata.plan": "pro"}, session: "s1", subject: "u1", tags: []record.Tag{{Name: "t", Value: "true"}, {Name: "plan", Value: "pro"}}},
		"MLflow":                     {attrs: m{"mlflow.trace.session": `"s1"`, "mlflow.trace.user": "u1"}, session: "s1", subject: "u1"},
		"LangSmith":                  {attrs: m{"langsmith.span.tags": "a, b", "langsmith.metadata.session_id": "s1"}, session: "s1", tags: []record.Tag{{Name: "a", Value: "true"}, {Name: "b", Value: "true"}}},
		"a number as user":           {attrs: m{"enduser.id": 42}, subject: "42"},
		"one tag twice":              {attrs: m{"tag.tags": []string{"a", "a"}, "metadata": `{"a":"other"}`}, tags: []record.Tag{{Name: "a", Value: "true"}}},
		"metadata that is no object": {attrs: m{"metadata": "[1]"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := read(t, spanOf(tt.attrs)).Call
			if c.Session != tt.session || c.Subject != tt.subject {
				t.Errorf("session %q, subject %q; want %q, %q", c.Session, c.Subject, tt.session, tt.subject)
			}
			if d := cmp.Diff(tt.tags, c.Tags); d != "" {
				t.Errorf("tags (-want +got):\n%s", d)
			}
		})
	}
}

func TestTagsAreBounded(t *testing.T) {
	a := m{"metadata.long": strings.Repeat("é", 200), "metadata." + strings.Repeat("n", 200): "v"}
	for i := range 50 {
		a[fmt.Sprintf("metadata.k%02d", i)] = i
	}
	r := read(t, spanOf(a))
	if len(r.Call.Tags) != 32 {
		t.Errorf("%d tags; want 32", len(r.Call.Tags))
	}
	for _, tag := range r.Call.Tags {
		if len(tag.Name) > 128 || len(tag.Value) > 256 {
			t.Errorf("a tag of %d and %d bytes", len(tag.Name), len(tag.Value))
		}
	}
	if r.Cut.Tags != 22 { // 20 too many, and two too long
		t.Errorf("%d tags cut; want 22", r.Cut.Tags)
	}
}

func TestApplication(t *testing.T) {
	res := service(m{"service.name": "shop", "service.version": "1.2", "deployment.environment.name": "production"})
	scope := &commonpb.InstrumentationScope{Name: "opentelemetry.instrumentation.openai", Version: "0.40"}
	r, err := normal.Span(who, res, scope, spanOf(m{"gen_ai.prompt.name": "greet", "gen_ai.prompt.version": 7}), now, normal.Default)
	if err != nil {
		t.Fatal(err)
	}
	c := r.Call
	got := []string{c.Service, c.Release, c.Environment, c.UserAgent, c.Prompt, c.PromptNumber, c.Name, c.Org, c.Team, c.Project, c.Key, c.KeyName, c.Source}
	want := []string{"shop", "1.2", "production", "opentelemetry.instrumentation.openai/0.40", "greet", "7", "work", "acme", "shop", "bot", "key_1", "prod", "otlp"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Span() (-want +got):\n%s", d)
	}

	c = readWith(t, res, m{"langfuse.environment": "staging", "langfuse.release": "abc", "ai.telemetry.metadata.langfusePrompt": `{"name":"hi","version":3}`})
	got = []string{c.Environment, c.Release, c.Prompt, c.PromptNumber}
	if d := cmp.Diff([]string{"staging", "abc", "hi", "3"}, got); d != "" {
		t.Errorf("Span() (-want +got):\n%s", d)
	}
}

func readWith(t *testing.T, res *resourcepb.Resource, a m) record.Call {
	t.Helper()
	r, err := normal.Span(who, res, nil, spanOf(a), now, normal.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r.Call
}

func TestTimes(t *testing.T) {
	at := func(d time.Duration) uint64 { return uint64(began.Add(d).UnixNano()) }
	tests := map[string]struct {
		start, end  uint64
		time, total int64
		cut         int
	}{
		"two seconds":                {at(0), at(2 * time.Second), began.UnixMicro(), 2_000_000, 0},
		"it ends before it begins":   {at(0), at(-time.Second), began.UnixMicro(), 0, 1},
		"it has not ended":           {at(0), 0, began.UnixMicro(), -1, 0},
		"no start":                   {0, at(0), began.UnixMicro(), -1, 1},
		"neither":                    {0, 0, now.UnixMicro(), -1, 1},
		"before 2000":                {uint64(time.Hour), uint64(2 * time.Hour), now.UnixMicro(), -1, 1},
		"half an hour ahead":         {uint64(now.Add(30 * time.Minute).UnixNano()), uint64(now.Add(31 * time.Minute).UnixNano()), now.Add(30 * time.Minute).UnixMicro(), 60_000_000, 0},
		"two hours ahead":            {uint64(now.Add(2 * time.Hour).UnixNano()), uint64(now.Add(3 * time.Hour).UnixNano()), now.UnixMicro(), -1, 1},
		"beyond what a time can be":  {math.MaxUint64, math.MaxUint64, now.UnixMicro(), -1, 1},
		"it took longer than a year": {at(0), math.MaxUint64, began.UnixMicro(), -1, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := spanOf(nil)
			s.StartTimeUnixNano, s.EndTimeUnixNano = tt.start, tt.end
			r := read(t, s)
			if r.Call.Time != tt.time || r.Call.TotalMicros != tt.total || r.Cut.Times != tt.cut {
				t.Errorf("time %d, took %d us, %d cut; want %d, %d, %d", r.Call.Time, r.Call.TotalMicros, r.Cut.Times, tt.time, tt.total, tt.cut)
			}
			if got := r.Call.ID.Time().UnixMilli(); got != tt.time/1000 {
				t.Errorf("the id is of %d ms; want %d", got, tt.time/1000)
			}
		})
	}
}

func TestFirstToken(t *testing.T) {
	tests := map[string]struct {
		attrs  m
		event  string
		micros int64
		stream bool
	}{
		"not said":                {micros: -1},
		"GenAI":                   {attrs: m{"gen_ai.response.time_to_first_chunk": 0.25}, micros: 250_000, stream: true},
		"Pydantic AI":             {attrs: m{"gen_ai.client.operation.time_to_first_chunk": 0.5}, micros: 500_000, stream: true},
		"a server":                {attrs: m{"gen_ai.server.time_to_first_token": 0.5}, micros: 500_000, stream: true},
		"agentgateway":            {attrs: m{"agw.ai.time_to_first_token": "120ms"}, micros: 120_000, stream: true},
		"Vercel":                  {attrs: m{"ai.response.msToFirstChunk": 426.8535}, micros: 426_854, stream: true},
		"LiveKit":                 {attrs: m{"lk.response.ttft": 0.3}, micros: 300_000, stream: true},
		"Langfuse":                {attrs: m{"langfuse.observation.completion_start_time": `"` + began.Add(time.Second).Format(time.RFC3339Nano) + `"`}, micros: 1_000_000, stream: true},
		"OpenInference's event":   {event: "First Token Stream Event", micros: 1_500_000, stream: true},
		"Vercel's event":          {event: "ai.stream.firstChunk", micros: 1_500_000, stream: true},
		"a little after the end":  {attrs: m{"gen_ai.response.time_to_first_chunk": 2.5}, micros: 2_000_000, stream: true},
		"long after the end":      {attrs: m{"gen_ai.response.time_to_first_chunk": 250}, micros: -1},
		"before the start":        {attrs: m{"gen_ai.response.time_to_first_chunk": -1.0}, micros: -1},
		"no number":               {attrs: m{"gen_ai.response.time_to_first_chunk": math.NaN()}, micros: -1},
		"only that it streams":    {attrs: m{"gen_ai.request.stream": true}, micros: -1, stream: true},
		"OpenInference's request": {attrs: m{"openinference.span.kind": "LLM", "llm.invocation_parameters": `{"stream":true}`}, micros: -1, stream: true},
		"Traceloop's":             {attrs: m{"llm.is_streaming": "true"}, micros: -1, stream: true},
		"Vercel's operation":      {attrs: m{"ai.operationId": "ai.streamText"}, micros: -1, stream: true},
		"not streaming":           {attrs: m{"llm.is_streaming": false}, micros: -1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := spanOf(tt.attrs)
			if tt.event != "" {
				s.Events = []*tracepb.Span_Event{event(tt.event, 1500*time.Millisecond, nil)}
			}
			c := read(t, s).Call
			if c.FirstTokenMicros != tt.micros || c.Stream != tt.stream {
				t.Errorf("first token after %d us, stream %v; want %d, %v", c.FirstTokenMicros, c.Stream, tt.micros, tt.stream)
			}
		})
	}
}

func TestScores(t *testing.T) {
	type score struct {
		Name, Label string
		Micros      int64
		Valued      bool
	}
	tests := map[string]struct {
		attrs  m
		events []*tracepb.Span_Event
		want   []score
		cut    int
	}{
		"GenAI, on the span": {attrs: m{"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 0.25, "gen_ai.evaluation.score.label": "poor"}, want: []score{{"relevance", "poor", 250_000, true}}},
		"GenAI, events": {events: []*tracepb.Span_Event{event("gen_ai.evaluation.result", 0, m{"gen_ai.evaluation.name": "a", "gen_ai.evaluation.score.value": 1}),
			event("gen_ai.evaluation.result", 0, m{"gen_ai.evaluation.name": "b", "gen_ai.evaluation.score.label": "pass"})}, want: []score{{"a", "", 1_000_000, true}, {"b", "pass", 0, false}}},
		"OpenInference, one":     {attrs: m{"annotation.name": "h", "annotation.score": 0, "annotation.label": "ok", "annotation.explanation": "since"}, want: []score{{"h", "ok", 0, true}}},
		"OpenInference, several": {attrs: m{"annotations.0.annotation.name": "a", "annotations.0.annotation.score": "0.5", "evaluations.0.evaluation.name": "b", "evaluations.0.evaluation.score": true, "trace.annotations.1.annotation.name": "c", "trace.annotations.1.annotation.label": "x"}, want: []score{{"a", "", 500_000, true}, {"b", "", 1_000_000, true}, {"c", "x", 0, false}}},
		"a verdict in words":     {attrs: m{"annotation.name": "v", "annotation.score": "pass"}, want: []score{{"v", "pass", 0, false}}},
		"no number":              {attrs: m{"annotation.name": "v", "annotation.score": math.NaN()}, cut: 1},
		"beyond what we count":   {attrs: m{"annotation.name": "v", "annotation.score": 1e300}, cut: 1},
		"no name":                {attrs: m{"annotation.score": 1}, cut: 1},
		"an index out of range":  {attrs: m{"annotations.99999999999999999999.annotation.name": "v", "annotations.5000.annotation.name": "w"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := spanOf(tt.attrs)
			s.Events = tt.events
			r := read(t, s)
			var got []score
			ids := map[string]bool{}
			for _, x := range r.Scores {
				got = append(got, score{x.Name, x.Label, x.Micros, x.Valued})
				ids[x.ID.String()] = true
				if x.TraceID != r.Call.TraceID || x.SpanID != r.Call.SpanID || x.Project != "bot" || x.Source != record.FromOTLP {
					t.Errorf("score %+v is not the span's", x)
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("scores (-want +got):\n%s", d)
			}
			if r.Cut.Scores != tt.cut || len(ids) != len(got) {
				t.Errorf("%d cut, %d ids", r.Cut.Scores, len(ids))
			}
		})
	}
}
