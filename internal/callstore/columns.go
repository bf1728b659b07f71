package callstore

import (
	"strings"
	"unicode/utf8"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// Schema is the version of the layout that the columns make. A store of another
// version is thrown away and built anew from the journal.
const Schema = 2

// Kind is what a column holds.
type Kind uint8

// The kinds. No column holds NULL: the zero value stands for none.
const (
	UUID Kind = iota
	Int       // 64 bits; the unit is in the column's name
	Bool
	Text
)

// Column is one column of the wide row.
type Column struct {
	Name string
	Kind Kind
	// Field returns a pointer to where the column's value lives in the row:
	// *ident.ID, *int64, *int, *bool or *string. Nil of a column that follows from
	// others and is written for questions only.
	Field func(*calls.Row) any
	// Derived returns the value of a column without Field: int64 or string.
	Derived func(*calls.Row) any
}

// Columns is the wide row; behind them comes Rest. A column costs about 0.2 us of
// CPU a call, so what is looked at but never asked by stands in Rest.
var Columns = []Column{
	{"id", UUID, func(c *calls.Row) any { return &c.ID }, nil},
	{"time", Int, func(c *calls.Row) any { return &c.Time }, nil}, // microseconds since the Unix epoch
	{"counted", Bool, func(c *calls.Row) any { return &c.Counted }, nil},
	{"source", Text, nil, func(c *calls.Row) any { return c.SourceOf() }},
	{"kind", Text, nil, func(c *calls.Row) any { return c.KindOf() }},
	{"org", Text, func(c *calls.Row) any { return &c.Org }, nil},
	{"team", Text, func(c *calls.Row) any { return &c.Team }, nil},
	{"project", Text, func(c *calls.Row) any { return &c.Project }, nil},
	{"key_id", Text, func(c *calls.Row) any { return &c.Key }, nil},
	{"key_name", Text, func(c *calls.Row) any { return &c.KeyName }, nil},
	{"subject", Text, func(c *calls.Row) any { return &c.Subject }, nil},
	{"session", Text, func(c *calls.Row) any { return &c.Session }, nil},
	{"trace_id", Text, func(c *calls.Row) any { return &c.TraceID }, nil},
	{"span_id", Text, func(c *calls.Row) any { return &c.SpanID }, nil},
	{"parent_span_id", Text, func(c *calls.Row) any { return &c.ParentSpanID }, nil},
	{"name", Text, func(c *calls.Row) any { return &c.Name }, nil},
	{"service", Text, func(c *calls.Row) any { return &c.Service }, nil},
	{"env", Text, nil, func(c *calls.Row) any { return c.Env() }},
	{"release", Text, func(c *calls.Row) any { return &c.Release }, nil},
	{"tags", Text, nil, func(c *calls.Row) any { return Tags(c) }},
	{"user_agent", Text, func(c *calls.Row) any { return &c.UserAgent }, nil},
	{"surface", Text, func(c *calls.Row) any { return &c.Surface }, nil},
	{"operation", Text, func(c *calls.Row) any { return &c.Operation }, nil},
	{"asked", Text, func(c *calls.Row) any { return &c.Asked }, nil},
	{"deployment", Text, func(c *calls.Row) any { return &c.Deployment }, nil},
	{"variant", Text, func(c *calls.Row) any { return &c.Variant }, nil},
	{"prompt", Text, func(c *calls.Row) any { return &c.Prompt }, nil},
	{"prompt_version", Text, func(c *calls.Row) any { return &c.PromptNumber }, nil},
	{"provider", Text, func(c *calls.Row) any { return &c.Provider }, nil},
	{"model", Text, func(c *calls.Row) any { return &c.Model }, nil},
	{"reported", Text, func(c *calls.Row) any { return &c.Reported }, nil},
	{"upstream_id", Text, func(c *calls.Row) any { return &c.UpstreamID }, nil},
	{"stream", Bool, func(c *calls.Row) any { return &c.Stream }, nil},
	{"tries", Int, nil, func(c *calls.Row) any { return int64(len(c.Attempts)) }},
	{"first_token_us", Int, func(c *calls.Row) any { return &c.FirstTokenMicros }, nil},
	{"total_us", Int, func(c *calls.Row) any { return &c.TotalMicros }, nil},
	{"input_tokens", Int, nil, func(c *calls.Row) any { return sane(c.Usage.InputTokens()) }},
	{"cached_tokens", Int, nil, func(c *calls.Row) any { return sane(c.Usage.CachedTokens()) }},
	{"cache_write_tokens", Int, nil, func(c *calls.Row) any { return sane(c.Usage.CacheWriteTokens()) }},
	{"output_tokens", Int, nil, func(c *calls.Row) any { return sane(c.Usage.OutputTokens()) }},
	{"reasoning_tokens", Int, nil, func(c *calls.Row) any { return sane(c.Usage.N[llm.OutputReasoning]) }},
	{"speed_milli", Int, nil, func(c *calls.Row) any { return calls.Speed(&c.Call) }},
	{"latency_bucket", Int, nil, func(c *calls.Row) any { return calls.Bucket(c.TotalMicros) }},
	{"ttft_bucket", Int, nil, func(c *calls.Row) any { return calls.Bucket(c.FirstTokenMicros) }},
	{"cost_nano", Int, func(c *calls.Row) any { return (*int64)(&c.Cost) }, nil},
	{"savings_nano", Int, func(c *calls.Row) any { return (*int64)(&c.Savings) }, nil},
	{"pricing", Text, func(c *calls.Row) any { return (*string)(&c.Pricing) }, nil},
	{"outcome", Text, func(c *calls.Row) any { return (*string)(&c.Outcome) }, nil},
	{"status", Int, func(c *calls.Row) any { return &c.Status }, nil},
	{"error_kind", Text, func(c *calls.Row) any { return &c.ErrorKind }, nil},
	{"error_code", Text, func(c *calls.Row) any { return &c.ErrorCode }, nil},
	{"finish", Text, func(c *calls.Row) any { return (*string)(&c.Finish) }, nil},
	{"cache", Text, func(c *calls.Row) any { return &c.Cache }, nil},
}

// sane bounds a count, so that sums of counts that somebody made up fit their type.
func sane(n int64) int64 { return min(max(n, 0), 1<<40) }

// Stored is the columns that a row is read back from, with Rest.
var Stored = func() (list []Column) {
	for _, c := range Columns {
		if c.Field != nil {
			list = append(list, c)
		}
	}
	return list
}()

// RestName is the last column: what Rest made of the row.
const RestName = "rest"

// The separators of the tags column, where they are taken out of names and values.
const (
	unit = "\x1f" // before and behind each tag
	pair = "\x1e" // between name and value
)

var separators = strings.NewReplacer(unit, " ", pair, " ")

// Tags returns a row's tags as one text in which engines find them: each as name,
// pair and value, with a unit between two and at both ends.
func Tags(r *calls.Row) string {
	if len(r.Tags) == 0 {
		return ""
	}
	var b strings.Builder
	for _, t := range r.Tags {
		b.WriteString(unit)
		b.WriteString(separators.Replace(t.Name))
		b.WriteString(pair)
		b.WriteString(separators.Replace(t.Value))
	}
	b.WriteString(unit)
	return b.String()
}

// Clean returns s as text that every engine takes: what is not UTF-8 becomes
// U+FFFD. A NUL stays.
func Clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
