package apitest

import (
	"time"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
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
