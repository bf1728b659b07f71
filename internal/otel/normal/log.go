package normal

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/record"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
)

// LogResult is what a log record says.
type LogResult struct {
	Log     record.Log
	Content *record.Content // never nil: Raw is always kept
	Scores  []record.Score
	Cut     Cuts
}

// Log returns what a log record says. Res and scope may be nil. Unlike a span, a log
// record need not belong to a trace: ids that are not valid are left out. No record at
// all is a fault.Invalid.
func Log(who ident.Principal, res *resourcepb.Resource, scope *commonpb.InstrumentationScope, log *logspb.LogRecord, now time.Time, limits Limits) (LogResult, error) {
	if log == nil {
		return LogResult{}, fault.New(fault.Invalid, "invalid_log", "the log record is empty").
			Hinted("send log records with a time and a body")
	}
	n := &reader{who: who, now: now, limits: limits.orDefault()}
	n.res, n.scope, n.log = n.boundResource(res), n.boundScope(scope), n.boundLog(log)
	n.attrs, n.resAttrs = newAttrs(n, n.log.GetAttributes()), newAttrs(n, n.res.GetAttributes())
	n.labels() // for the subject

	l := record.Log{
		Time: n.logTime(), Org: who.Org, Team: who.Team, Project: who.Project, Key: who.Key,
		Subject: n.call.Subject, TraceID: n.traceID(log.GetTraceId()), SpanID: n.spanID(log.GetSpanId()),
		Service: n.resAttrs.word("service.name"),
		Event:   firstOf(n.log.GetEventName(), n.attrs.word("event.name")),
	}
	if s := int64(log.GetSeverityNumber()); s >= 1 && s <= 24 {
		l.Severity = s
	}
	body, _ := proto.MarshalOptions{Deterministic: true}.Marshal(n.log) // mended, so it cannot fail
	l.ID = idOf(l.Time, "log", who, l.TraceID, l.SpanID, l.Service, string(body))

	n.logDocuments(l.Event)
	c := contentOf(n.request, n.response)
	c.Raw = n.raw(func() proto.Message {
		return &logspb.ResourceLogs{Resource: n.res, ScopeLogs: []*logspb.ScopeLogs{{
			Scope: n.scope, LogRecords: []*logspb.LogRecord{n.log}}}}
	}, func() {
		n.log = proto.CloneOf(n.log)
		n.log.Attributes, n.log.Body = nil, nil
		n.res, n.scope = nil, nil
	})
	var scores []record.Score
	if strings.HasPrefix(l.Event, "gen_ai.evaluation") {
		for i, v := range n.logEvaluations() {
			v.micros = l.Time
			if s, ok := n.score(v, l.TraceID, l.SpanID, i); ok {
				scores = append(scores, s)
			}
		}
	}
	return LogResult{Log: l, Content: c, Scores: scores, Cut: n.cut}, nil
}

// logTime returns when it happened, else when it was seen, else now.
func (n *reader) logTime() int64 {
	for _, t := range []uint64{n.log.GetTimeUnixNano(), n.log.GetObservedTimeUnixNano()} {
		if n.sane(t) {
			return int64(t) / 1000
		}
	}
	n.cut.Times++
	return n.now.UnixMicro()
}

// logEvaluations reads an evaluation from the attributes, or from the body where the
// first emitters put it.
func (n *reader) logEvaluations() []verdict {
	list := evaluation(n.attrs)
	if body := n.log.GetBody().GetKvlistValue(); len(list) == 0 && body != nil {
		list = evaluation(newAttrs(n, body.GetValues()))
	}
	return list
}

// logDocuments finds what was said: the events of the GenAI conventions say which side
// it is; of other records the body is the request's side.
func (n *reader) logDocuments(event string) {
	a, body := n.attrs, n.log.GetBody()
	if kv := body.GetKvlistValue(); kv != nil && !a.has("gen_ai.input.messages", "gen_ai.output.messages") {
		a = newAttrs(n, kv.GetValues())
	}
	n.request, n.response = n.asked(a), n.answered(a)
	if !n.request.empty() || !n.response.empty() {
		return
	}
	text := textOf(body)
	if text == "" {
		text = n.attrs.text("gen_ai.event.content", "exception.message")
	}
	if _, answer := sideOf(event); answer {
		n.response = n.document(text)
		return
	}
	n.request = n.document(text)
}

func (n *reader) boundLog(l *logspb.LogRecord) *logspb.LogRecord {
	return &logspb.LogRecord{
		TimeUnixNano: l.GetTimeUnixNano(), ObservedTimeUnixNano: l.GetObservedTimeUnixNano(),
		SeverityNumber: l.GetSeverityNumber(), SeverityText: n.clip(l.GetSeverityText(), n.limits.Name),
		Body: n.boundValue(l.GetBody(), 1), Attributes: n.boundList(l.GetAttributes()),
		DroppedAttributesCount: l.GetDroppedAttributesCount(), Flags: l.GetFlags(),
		TraceId: l.GetTraceId(), SpanId: l.GetSpanId(), EventName: n.clip(l.GetEventName(), n.limits.Name),
	}
}
