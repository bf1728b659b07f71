package apitest

import (
	"time"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// Noon is when the samples happen: 2026-11-23 12:00 UTC.
func Noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// Samples adds three calls: a streamed answer with its content, one that was
// served by a second try and has no price, and one that failed.
func (w *World) Samples() {
	at := func(minutes int) time.Time { return Noon().Add(time.Duration(minutes) * time.Minute) }
	base := func(n uint16, minutes int) record.Call {
		return record.Call{ID: ID(at(minutes), n), Time: at(minutes).UnixMicro(), Org: "default", Team: "default", Project: "web",
			Key: "key_0001", KeyName: "web", Surface: "openai-chat", Operation: "chat", QueueMicros: 80, FirstByteMicros: -1,
			FirstTokenMicros: -1, TotalMicros: 950, Outcome: record.OK, Status: 200, RequestBytes: 2048, ResponseBytes: 1024}
	}
	a := base(1, 0)
	a.Asked, a.Provider, a.Model, a.Reported, a.Stream = "sim/small", "sim", "small", "small-2026", true
	a.Subject, a.Session, a.Tags = "user-7", "talk-1", []record.Tag{{Name: "feature", Value: "search"}}
	a.FirstByteMicros, a.FirstTokenMicros, a.TotalMicros = 4_000, 4_500, 1_250_000
	a.Usage.Reported = true
	a.Usage.N[llm.Input], a.Usage.N[llm.CacheRead] = 1000, 200
	a.Usage.N[llm.Output], a.Usage.N[llm.OutputReasoning] = 300, 50
	a.Cost, a.Pricing, a.Catalogue, a.PriceID = 375_000, record.Priced, "2026-11-20", "sim/small"
	a.Ceiling, a.CeilingSet, a.Finish = money.Dollar/100, true, llm.FinishStop
	a.Attempts = []record.Attempt{{Provider: "sim", Model: "small", StartMicros: 80, DurationMicros: 1_249_000, Status: 200, RequestID: "req_1", Cost: 375_000}}
	w.Add(a, &record.Content{Request: []byte(`{"model":"sim/small","messages":[{"role":"user","content":"hi"}]}`),
		Response: []byte("data: {\"choices\":[]}\n\ndata: [DONE]\n\n"), RequestType: "application/json", ResponseType: "text/event-stream"})

	b := base(2, 1)
	b.Asked, b.Provider, b.Model, b.Pricing = "lab/large", "lab", "large", record.Unpriced
	b.Usage.Reported = true
	b.Usage.N[llm.Input], b.Usage.N[llm.Output] = 12, 5
	b.Attempts = []record.Attempt{
		{Provider: "lab", Model: "large", StartMicros: 90, DurationMicros: 300, Status: 503, ErrorKind: "upstream", ErrorCode: "overloaded"},
		{Provider: "lab", Model: "large", StartMicros: 400, DurationMicros: 500, Status: 200},
	}
	w.Add(b, nil)

	c := base(3, 2)
	c.Asked, c.Project, c.Outcome, c.Status, c.Pricing = "openai/gpt-x", "batch", record.Failed, 429, record.Free
	c.ErrorKind, c.ErrorCode = "exhausted", "rate_limit_exceeded"
	w.Add(c, nil)
}

// AgentTrace is the trace that Agent adds.
const AgentTrace = "4bf92f3577b34da6a3ce929d0e0e4736"

// Agent adds a trace of the session "talk-2": an agent that an application reported, a
// tool, and a model's call that is there twice: as the application's wrapper, which
// sums leave out, and as the gateway's own. Beside it stand a score, a log record and
// points of metrics.
func (w *World) Agent() {
	at := func(seconds int) int64 {
		return Noon().Add(5*time.Minute + time.Duration(seconds)*time.Second).UnixMicro()
	}
	span := func(n uint16, name, kind, id, parent string, from, to int) record.Call {
		return record.Call{ID: ID(time.UnixMicro(at(from)), n), Time: at(from), Org: "default", Team: "default", Project: "web", Key: "key_0001", KeyName: "web",
			Session: "talk-2", Subject: "user-8", TraceID: AgentTrace, SpanID: id, ParentSpanID: parent, Source: record.FromOTLP, Kind: kind, Name: name,
			Service: "shop", Environment: "prod", FirstByteMicros: -1, FirstTokenMicros: -1, QueueMicros: -1, TotalMicros: at(to) - at(from), Outcome: record.OK}
	}
	root := span(21, "answer question", record.KindAgent, "00f067aa0ba902b7", "", 0, 9)
	w.AddRow(calls.Row{Call: root}, &record.Content{Raw: []byte{0x0a, 0x00}})
	w.AddRow(calls.Row{Call: span(22, "look up order", record.KindTool, "00f067aa0ba902b8", "00f067aa0ba902b7", 1, 3)}, nil)
	chat := span(23, "chat gpt-5", record.KindCall, "00f067aa0ba902b9", "00f067aa0ba902b7", 4, 8)
	chat.Provider, chat.Model, chat.Asked, chat.Operation = "openai", "gpt-5", "gpt-5", "chat"
	chat.Usage.N[llm.Input], chat.Usage.N[llm.Output] = 400, 100
	chat.Cost, chat.Pricing = 1_500_000, record.Priced
	w.AddRow(calls.Row{Call: chat}, nil)
	own := chat
	own.ID, own.Time, own.SpanID, own.ParentSpanID = ID(time.UnixMicro(at(5)), 24), at(5), "00f067aa0ba902ba", chat.SpanID
	own.Source, own.Kind, own.Name, own.Service, own.Environment = "", "", "", "", ""
	own.Surface, own.Asked, own.Status, own.UpstreamID, own.TotalMicros = "openai-chat", "openai/gpt-5", 200, "chatcmpl-1", 2_000_000
	w.Add(own, &record.Content{Request: []byte(`{"messages":[{"role":"user","content":"What is your refund policy?"}]}`),
		Response: []byte(`{"choices":[{"message":{"content":"Thirty days."}}]}`), RequestType: "application/json", ResponseType: "application/json"})
	w.Reported([]record.Score{{ID: ID(time.UnixMicro(at(9)), 25), Time: at(9), TraceID: AgentTrace, SpanID: own.SpanID, Response: "chatcmpl-1",
		Name: "helpfulness", Micros: 750_000, Valued: true, Source: record.FromOTLP}},
		[]record.Log{{ID: ID(time.UnixMicro(at(2)), 26), Time: at(2), TraceID: AgentTrace, SpanID: "00f067aa0ba902b8", Service: "shop",
			Event: "order.found", Severity: 9}},
		[]record.Point{
			{ID: ID(time.UnixMicro(at(0)), 27), Time: at(0), Service: "shop", Name: "queue.length", Unit: "{item}", Type: "gauge", Micros: 3_000_000},
			{ID: ID(time.UnixMicro(at(90)), 28), Time: at(90), Service: "shop", Name: "queue.length", Unit: "{item}", Type: "gauge", Micros: 1_500_000},
			{ID: ID(time.UnixMicro(at(0)), 29), Time: at(0), Service: "shop", Name: "tool.calls", Type: "sum", Delta: true, Micros: 2_000_000,
				Attributes: []record.Tag{{Name: "tool", Value: "orders"}}},
		})
}
