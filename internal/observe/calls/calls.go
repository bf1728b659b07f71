// Package calls is the store of calls as everybody asks it: list, detail, sums.
package calls

import (
	"time"

	"github.com/steward-llmops/steward/internal/llm"
)

// View is a call as the command line and the API show it. The first fields are a
// contract; units are in the names.
type View struct {
	ID              string `json:"id" doc:"Call id"`
	Time            string `json:"time" doc:"Arrival, RFC 3339 with microseconds, UTC"`
	Provider        string `json:"provider" doc:"Provider that answered"`
	Model           string `json:"model" doc:"Upstream model that served"`
	Status          int    `json:"status" doc:"HTTP status that the caller got"`
	Error           string `json:"error" doc:"Stable error code; empty: none"`
	InputTokens     int64  `json:"input_tokens" doc:"All tokens read, cached ones included"`
	CachedTokens    int64  `json:"cached_tokens" doc:"Tokens read from the provider's cache"`
	OutputTokens    int64  `json:"output_tokens" doc:"All tokens written, reasoning included"`
	ReasoningTokens int64  `json:"reasoning_tokens" doc:"Tokens of reasoning, within output_tokens"`
	CostNano        int64  `json:"cost_nano" doc:"Cost in nano-dollars; see pricing for unpriced calls"`
	LatencyMicros   int64  `json:"latency_us" doc:"Arrival to last byte, microseconds"`
	TTFTMicros      int64  `json:"ttft_us" doc:"Arrival to first output token, microseconds; -1: none"`
	Stream          bool   `json:"stream"`
	Attempts        int    `json:"attempts" doc:"Tries at providers"`

	Outcome    string            `json:"outcome" doc:"ok, error, cancelled or interrupted"`
	Pricing    string            `json:"pricing" doc:"priced, estimated, default, reported, unpriced or free"`
	Asked      string            `json:"asked" doc:"Model as the caller wrote it"`
	Surface    string            `json:"surface" doc:"The caller's wire format"`
	Operation  string            `json:"operation"`
	Org        string            `json:"org"`
	Team       string            `json:"team"`
	Project    string            `json:"project"`
	Key        string            `json:"key"`
	KeyName    string            `json:"key_name"`
	Subject    string            `json:"subject,omitempty"`
	Session    string            `json:"session,omitempty"`
	TraceID    string            `json:"trace_id,omitempty"`
	Finish     string            `json:"finish,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	Lost       []string          `json:"lost,omitempty" doc:"What translation could not carry"`
	Catalogue  string            `json:"catalogue,omitempty" doc:"Version of the price catalogue"`
	PriceID    string            `json:"price_id,omitempty"`
	UpstreamID string            `json:"upstream_id,omitempty"`

	Source       string `json:"source" doc:"gateway, or otlp for what an application reported"`
	Kind         string `json:"kind" doc:"call, agent, chain, tool, retriever, reranker, guardrail, evaluator, prompt or span"`
	Counted      bool   `json:"counted" doc:"Sums include it; false of spans that say again what another row says"`
	SpanID       string `json:"span_id,omitempty"`
	ParentSpanID string `json:"parent_span_id,omitempty"`
	Name         string `json:"name,omitempty" doc:"Name of the span"`
	Service      string `json:"service,omitempty" doc:"Application that reported it"`
	Env          string `json:"env,omitempty" doc:"Environment"`
	Release      string `json:"release,omitempty"`
	Prompt       string `json:"prompt,omitempty"`
	PromptNumber string `json:"prompt_version,omitempty"`
	Cache        string `json:"cache,omitempty"`
	SavingsNano  int64  `json:"savings_nano,omitempty" doc:"What a cache hit spared, nano-dollars"`
	CacheWrites  int64  `json:"cache_write_tokens,omitempty" doc:"Tokens written to the provider's cache"`
}

// NewView returns how a row is shown.
func NewView(c *Row) View {
	v := View{
		ID: c.ID.Text("call"), Time: time.UnixMicro(c.Time).UTC().Format("2006-01-02T15:04:05.000000Z"),
		Provider: c.Provider, Model: c.Model, Status: c.Status, Error: c.ErrorCode,
		InputTokens: c.Usage.InputTokens(), CachedTokens: c.Usage.CachedTokens(),
		OutputTokens: c.Usage.OutputTokens(), ReasoningTokens: c.Usage.N[llm.OutputReasoning],
		CostNano: int64(c.Cost), LatencyMicros: c.TotalMicros, TTFTMicros: c.FirstTokenMicros,
		Stream: c.Stream, Attempts: len(c.Attempts),
		Outcome: string(c.Outcome), Pricing: string(c.Pricing), Asked: c.Asked,
		Surface: c.Surface, Operation: c.Operation,
		Org: c.Org, Team: c.Team, Project: c.Project, Key: c.Key, KeyName: c.KeyName,
		Subject: c.Subject, Session: c.Session, TraceID: c.TraceID, Finish: string(c.Finish),
		Lost: c.Lost, Catalogue: c.Catalogue, PriceID: c.PriceID, UpstreamID: c.UpstreamID,
		Source: c.SourceOf(), Kind: c.KindOf(), Counted: c.Counted, SpanID: c.SpanID, ParentSpanID: c.ParentSpanID,
		Name: c.Name, Service: c.Service, Env: c.Env(), Release: c.Release, Prompt: c.Prompt, PromptNumber: c.PromptNumber,
		Cache: c.Cache, SavingsNano: int64(c.Savings), CacheWrites: c.Usage.CacheWriteTokens(),
	}
	if len(c.Tags) > 0 {
		v.Tags = make(map[string]string, len(c.Tags))
		for _, t := range c.Tags {
			v.Tags[t.Name] = t.Value
		}
	}
	return v
}
