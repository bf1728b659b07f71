package normal_test

import (
	"math"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/otel/normal"

	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
)

func logOf(event string, a m, body any) *logspb.LogRecord {
	l := &logspb.LogRecord{
		TimeUnixNano: uint64(began.UnixNano()), EventName: event, SeverityNumber: 9, Attributes: attributes(a),
		TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"),
	}
	if body != nil {
		l.Body = value(body)
	}
	return l
}

func TestLog(t *testing.T) {
	tests := map[string]struct {
		log               *logspb.LogRecord
		event             string
		request, response string
		scores            int
	}{
		"the details of a call":             {logOf("gen_ai.client.inference.operation.details", m{"gen_ai.input.messages": []any{m{"role": "user"}}, "gen_ai.output.messages": "[2]"}, nil), "gen_ai.client.inference.operation.details", `[{"role":"user"}]`, "[2]", 0},
		"the details in the body":           {logOf("gen_ai.client.inference.operation.details", nil, m{"gen_ai.input.messages": "[1]"}), "gen_ai.client.inference.operation.details", "[1]", "", 0},
		"a message of the first generation": {logOf("", m{"event.name": "gen_ai.user.message"}, m{"content": "hi"}), "gen_ai.user.message", `{"content":"hi"}`, "", 0},
		"a choice":                          {logOf("gen_ai.choice", nil, m{"index": 0}), "gen_ai.choice", "", `{"index":0}`, 0},
		"any text":                          {logOf("", nil, "started"), "", "started", "", 0},
		"nothing":                           {logOf("", nil, nil), "", "", "", 0},
		"an evaluation":                     {logOf("gen_ai.evaluation.result", m{"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 0.25, "gen_ai.response.id": "r1"}, nil), "gen_ai.evaluation.result", "", "", 1},
		"an evaluation without a figure":    {logOf("gen_ai.evaluation.result", m{"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": math.NaN()}, nil), "gen_ai.evaluation.result", "", "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			res := service(m{"service.name": "shop"})
			r, err := normal.Log(who, res, nil, tt.log, now, normal.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			l, c := r.Log, r.Content
			if l.Event != tt.event || string(c.Request) != tt.request || string(c.Response) != tt.response || len(r.Scores) != tt.scores {
				t.Errorf("event %q, request %s, response %s, %d scores", l.Event, c.Request, c.Response, len(r.Scores))
			}
			if l.Time != began.UnixMicro() || l.Severity != 9 || l.Service != "shop" || l.TraceID != "30313233343536373839616263646566" || l.SpanID != "3031323334353637" || l.Project != "bot" {
				t.Errorf("Log() = %+v", l)
			}
			for _, s := range r.Scores {
				if s.Micros != 250_000 || s.Response != "r1" || s.SpanID != l.SpanID || s.Time != l.Time {
					t.Errorf("score %+v", s)
				}
			}
			var back logspb.ResourceLogs
			if err := proto.Unmarshal(c.Raw, &back); err != nil || !proto.Equal(back.ScopeLogs[0].LogRecords[0], tt.log) || !proto.Equal(back.Resource, res) {
				t.Errorf("the record is not kept as it came: %v", err)
			}
			again, _ := normal.Log(who, res, nil, tt.log, now.Add(time.Hour), normal.Limits{})
			if again.Log.ID != l.ID {
				t.Errorf("sent again, it is %v; want %v", again.Log.ID, l.ID)
			}
		})
	}
}

func TestLogWithoutATrace(t *testing.T) {
	l := &logspb.LogRecord{ObservedTimeUnixNano: uint64(began.UnixNano()), TraceId: []byte("short"), Attributes: attributes(m{"user.id": "u1"}), SeverityNumber: 99}
	r, err := normal.Log(who, nil, nil, l, now, normal.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Log.TraceID != "" || r.Log.SpanID != "" || r.Log.Time != began.UnixMicro() || r.Log.Subject != "u1" || r.Log.Severity != 0 || r.Cut.IDs != 1 {
		t.Errorf("Log() = %+v, cut %v", r.Log, r.Cut.Counts())
	}
	one, _ := normal.Log(who, nil, nil, logOf("", nil, "a"), now, normal.Limits{})
	other, _ := normal.Log(who, nil, nil, logOf("", nil, "b"), now, normal.Limits{})
	if one.Log.ID == other.Log.ID {
		t.Error("two records of one moment have one id")
	}
	if _, err := normal.Log(who, nil, nil, nil, now, normal.Limits{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("Log(nil) = %v", err)
	}
}
