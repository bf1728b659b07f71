package calls

import (
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"
)

// FieldKind says what a field holds, and so how its values are written.
type FieldKind uint8

// The kinds of fields.
const (
	Text     FieldKind = iota // one or several texts
	Number                    // a count: 1200, 10k, 2.5m
	Duration                  // microseconds, written 250ms, 2s, 1m30s, 2h; a bare number is seconds
	Money                     // nano-dollars, written in dollars: 0.01, $5
	Milli                     // thousandths: 12.5
	Bool                      // true or false
	Moment                    // microseconds since the epoch, written as a date, RFC 3339 or -24h
)

// Field is something that calls are asked by. Its name is the word of the grammar,
// of the URL and, where it is a dimension, of tables.
type Field struct {
	Name    string
	Aliases []string // other words for it in the grammar
	Kind    FieldKind
	Doc     string

	// Column is the column of the wide row that holds it.
	Column string
	// Text returns what a Text field holds, as it stands in Column.
	Text func(r *Row) string
	// also returns what else a condition on it may fit.
	also func(r *Row) []string
	// The first is what Column holds, and what rows are grouped by.
	// Number returns the value of the other kinds; ok is false where it is unknown,
	// and then no comparison is true. A Bool is 0 or 1.
	Number func(r *Row) (n int64, ok bool)

	Dimension bool // rows can be grouped by it
	Facet     bool // its values are kept in a dictionary
	Rolled    bool // the rollups have it
}

// Texts returns what a condition on a Text field may fit: it is true if one of them
// fits.
func (f *Field) Texts(r *Row) []string {
	if f.also == nil {
		return []string{f.Text(r)}
	}
	return append([]string{f.Text(r)}, f.also(r)...)
}

func known(get func(r *Row) int64) func(r *Row) (int64, bool) {
	return func(r *Row) (int64, bool) { return get(r), true }
}

// span returns a duration, which is unknown where it is negative.
func span(get func(r *Row) int64) func(r *Row) (int64, bool) {
	return func(r *Row) (int64, bool) { n := get(r); return n, n >= 0 }
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Fields is every field, tags and texts of content apart (see Parse).
var Fields = []*Field{
	{Name: "time", Kind: Moment, Column: "time", Doc: "arrival of the request, or start of the span", Number: known(func(r *Row) int64 { return r.Time })},
	{Name: "id", Column: "id", Doc: "id of the call", Text: func(r *Row) string { return r.ID.Text("call") }},
	{Name: "source", Column: "source", Doc: "gateway, or otlp for what an application reported", Text: func(r *Row) string { return r.SourceOf() }, Dimension: true, Facet: true, Rolled: true},
	{Name: "kind", Column: "kind", Doc: "call, agent, chain, tool, retriever, reranker, guardrail, evaluator, prompt or span", Text: func(r *Row) string { return r.KindOf() }, Dimension: true, Facet: true, Rolled: true},
	{Name: "counted", Kind: Bool, Column: "counted", Doc: "sums include it; false of spans that say again what another row says", Number: known(func(r *Row) int64 { return truth(r.Counted) }), Rolled: true},
	{Name: "status", Aliases: []string{"outcome"}, Column: "outcome", Doc: "ok, error, cancelled, interrupted; or an HTTP status: 429, 5xx, >=500", Text: func(r *Row) string { return string(r.Outcome) }, Dimension: true, Facet: true, Rolled: true},
	{Name: "http_status", Kind: Number, Column: "status", Doc: "HTTP status that the caller got", Number: known(func(r *Row) int64 { return int64(r.Status) }), Dimension: true},
	{Name: "error", Aliases: []string{"error_code"}, Column: "error_code", Doc: "stable error code", Text: func(r *Row) string { return r.ErrorCode }, Dimension: true, Facet: true, Rolled: true},
	{Name: "error_kind", Column: "error_kind", Doc: "who can mend it: invalid, limited, upstream, ...", Text: func(r *Row) string { return r.ErrorKind }, Dimension: true},

	{Name: "org", Column: "org", Doc: "organisation", Text: func(r *Row) string { return r.Org }, Dimension: true, Facet: true, Rolled: true},
	{Name: "team", Column: "team", Doc: "team", Text: func(r *Row) string { return r.Team }, Dimension: true, Facet: true, Rolled: true},
	{Name: "project", Column: "project", Doc: "project", Text: func(r *Row) string { return r.Project }, Dimension: true, Facet: true, Rolled: true},
	{Name: "key", Column: "key_id", Doc: "key, by id or name", Text: func(r *Row) string { return r.Key }, also: func(r *Row) []string { return []string{r.KeyName} }, Dimension: true, Rolled: true},
	{Name: "key_name", Column: "key_name", Doc: "name of the key", Text: func(r *Row) string { return r.KeyName }, Dimension: true, Facet: true, Rolled: true},
	{Name: "subject", Aliases: []string{"user"}, Column: "subject", Doc: "end user whom it is about", Text: func(r *Row) string { return r.Subject }, Dimension: true},
	{Name: "session", Column: "session", Doc: "session: the traces of one conversation", Text: func(r *Row) string { return r.Session }, Dimension: true},
	{Name: "trace", Aliases: []string{"trace_id"}, Column: "trace_id", Doc: "trace id, 32 hex digits", Text: func(r *Row) string { return r.TraceID }, Dimension: true},
	{Name: "span", Aliases: []string{"span_id"}, Column: "span_id", Doc: "span id, 16 hex digits", Text: func(r *Row) string { return r.SpanID }},
	{Name: "parent", Aliases: []string{"parent_span_id"}, Column: "parent_span_id", Doc: "span id of the parent", Text: func(r *Row) string { return r.ParentSpanID }},
	{Name: "name", Column: "name", Doc: "name of the span", Text: func(r *Row) string { return r.Name }, Dimension: true, Facet: true},
	{Name: "service", Column: "service", Doc: "application that reported it", Text: func(r *Row) string { return r.Service }, Dimension: true, Facet: true},
	{Name: "env", Aliases: []string{"environment"}, Column: "env", Doc: "environment: reported, or the tag env", Text: func(r *Row) string { return r.Env() }, Dimension: true, Facet: true, Rolled: true},
	{Name: "release", Column: "release", Doc: "version of the application", Text: func(r *Row) string { return r.Release }, Dimension: true, Facet: true},
	{Name: "user_agent", Column: "user_agent", Doc: "the caller's SDK", Text: func(r *Row) string { return r.UserAgent }, Dimension: true},

	{Name: "provider", Column: "provider", Doc: "provider that answered", Text: func(r *Row) string { return r.Provider }, Dimension: true, Facet: true, Rolled: true},
	{Name: "model", Column: "model", Doc: "model that served or was asked for, with or without its provider", Dimension: true, Facet: true, Rolled: true, Text: func(r *Row) string { return r.Model }, also: func(r *Row) []string {
		if r.Provider == "" || r.Model == "" {
			return []string{r.Asked}
		}
		return []string{r.Asked, r.Provider + "/" + r.Model}
	}},
	{Name: "asked", Column: "asked", Doc: "model as the caller wrote it", Text: func(r *Row) string { return r.Asked }, Dimension: true, Rolled: true},
	{Name: "reported", Aliases: []string{"reported_model"}, Column: "reported", Doc: "model that the provider says answered", Text: func(r *Row) string { return r.Reported }, Dimension: true},
	{Name: "response", Aliases: []string{"upstream_id"}, Column: "upstream_id", Doc: "the provider's id of the answer", Text: func(r *Row) string { return r.UpstreamID }},
	{Name: "deployment", Column: "deployment", Doc: "deployment", Text: func(r *Row) string { return r.Deployment }, Dimension: true, Facet: true, Rolled: true},
	{Name: "variant", Column: "variant", Doc: "variant of the deployment", Text: func(r *Row) string { return r.Variant }, Dimension: true, Facet: true, Rolled: true},
	{Name: "prompt", Column: "prompt", Doc: "prompt that was filled in", Text: func(r *Row) string { return r.Prompt }, Dimension: true, Facet: true},
	{Name: "prompt_version", Column: "prompt_version", Doc: "its version", Text: func(r *Row) string { return r.PromptNumber }, Dimension: true},
	{Name: "surface", Column: "surface", Doc: "the caller's wire format", Text: func(r *Row) string { return r.Surface }, Dimension: true, Facet: true},
	{Name: "operation", Column: "operation", Doc: "chat, embeddings, ...", Text: func(r *Row) string { return r.Operation }, Dimension: true, Facet: true, Rolled: true},
	{Name: "finish", Column: "finish", Doc: "why the model stopped", Text: func(r *Row) string { return string(r.Finish) }, Dimension: true, Facet: true},
	{Name: "cache", Column: "cache", Doc: "exact, semantic or miss", Text: func(r *Row) string { return r.Cache }, Dimension: true, Facet: true, Rolled: true},
	{Name: "pricing", Column: "pricing", Doc: "priced, estimated, default, reported, unpriced or free", Text: func(r *Row) string { return string(r.Pricing) }, Dimension: true, Facet: true, Rolled: true},
	{Name: "stream", Kind: Bool, Column: "stream", Doc: "the answer was streamed", Number: known(func(r *Row) int64 { return truth(r.Stream) }), Dimension: true},
	{Name: "attempts", Kind: Number, Column: "tries", Doc: "tries at providers", Number: known(func(r *Row) int64 { return int64(len(r.Attempts)) })},

	{Name: "cost", Kind: Money, Column: "cost_nano", Doc: "cost in dollars; of an unpriced call it is unknown", Number: func(r *Row) (int64, bool) {
		return int64(r.Cost), r.Pricing != record.Unpriced
	}},
	{Name: "savings", Kind: Money, Column: "savings_nano", Doc: "what a cache hit spared, in dollars", Number: known(func(r *Row) int64 { return int64(r.Savings) })},
	{Name: "tokens", Aliases: []string{"total_tokens"}, Kind: Number, Column: "tokens", Doc: "all tokens, in and out", Number: known(func(r *Row) int64 { return r.Usage.InputTokens() + r.Usage.OutputTokens() })},
	{Name: "input_tokens", Kind: Number, Column: "input_tokens", Doc: "tokens read, cached ones included", Number: known(func(r *Row) int64 { return r.Usage.InputTokens() })},
	{Name: "cached_tokens", Kind: Number, Column: "cached_tokens", Doc: "tokens read from the provider's cache", Number: known(func(r *Row) int64 { return r.Usage.CachedTokens() })},
	{Name: "cache_write_tokens", Kind: Number, Column: "cache_write_tokens", Doc: "tokens written to the provider's cache", Number: known(func(r *Row) int64 { return r.Usage.CacheWriteTokens() })},
	{Name: "output_tokens", Kind: Number, Column: "output_tokens", Doc: "tokens written, reasoning included", Number: known(func(r *Row) int64 { return r.Usage.OutputTokens() })},
	{Name: "reasoning_tokens", Kind: Number, Column: "reasoning_tokens", Doc: "tokens of reasoning", Number: known(func(r *Row) int64 { return r.Usage.N[llm.OutputReasoning] })},
	{Name: "latency", Aliases: []string{"duration"}, Kind: Duration, Column: "total_us", Doc: "arrival to last byte, or the span's duration", Number: span(func(r *Row) int64 { return r.TotalMicros })},
	{Name: "ttft", Aliases: []string{"first_token"}, Kind: Duration, Column: "first_token_us", Doc: "arrival to first output token", Number: span(func(r *Row) int64 { return r.FirstTokenMicros })},
	{Name: "speed", Aliases: []string{"tps"}, Kind: Milli, Column: "speed_milli", Doc: "output tokens a second", Number: span(func(r *Row) int64 { return Speed(&r.Call) })},
}

var byName = func() map[string]*Field {
	m := map[string]*Field{}
	for _, f := range Fields {
		m[f.Name] = f
		for _, a := range f.Aliases {
			m[a] = f
		}
	}
	return m
}()

// FieldOf returns the field of that name or alias, in any case of letters.
func FieldOf(name string) (*Field, bool) {
	f, ok := byName[strings.ToLower(name)]
	return f, ok
}

// TagPrefix comes before the name of a tag where a field can stand: tag.team.
const TagPrefix = "tag."

// ScorePrefix comes before the name of a score where a measure can stand.
const ScorePrefix = "score."
