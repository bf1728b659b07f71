package callstore

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"
)

// Kind is what a column holds.
type Kind uint8

// The kinds. No column holds NULL: the zero value stands for none.
const (
	UUID Kind = iota
	Int       // 64 bits; the unit is in the column's name
	Bool
	Text
	JSON // text
	Sum  // like Int, but follows from other columns: written for queries, not read back
)

// Column is one column of the wide row. Columns are only ever added, at any place.
type Column struct {
	Name string
	Kind Kind
	// Field returns a pointer to where the column's value lives in the call:
	// *ident.ID, *int64, *int, *bool, *string, or a Document; of a Sum, its int64.
	Field func(*record.Call) any
}

// Document is a part of a call that a column holds as JSON text. Empty text stands
// for an empty part.
type Document interface {
	Text() string
	Scan(src any) error // sql.Scanner; takes what Text gave
}

// Columns is the wide row. A column costs about 0.2 us of CPU a call, so that what
// is looked at but never asked by stands in the documents.
var Columns = []Column{
	{"id", UUID, func(c *record.Call) any { return &c.ID }},
	{"time", Int, func(c *record.Call) any { return &c.Time }}, // microseconds since the Unix epoch
	{"org", Text, func(c *record.Call) any { return &c.Org }},
	{"team", Text, func(c *record.Call) any { return &c.Team }},
	{"project", Text, func(c *record.Call) any { return &c.Project }},
	{"key_id", Text, func(c *record.Call) any { return &c.Key }},
	{"key_name", Text, func(c *record.Call) any { return &c.KeyName }},
	{"subject", Text, func(c *record.Call) any { return &c.Subject }},
	{"session", Text, func(c *record.Call) any { return &c.Session }},
	{"trace_id", Text, func(c *record.Call) any { return &c.TraceID }},
	{"span_id", Text, func(c *record.Call) any { return &c.SpanID }},
	{"parent_span_id", Text, func(c *record.Call) any { return &c.ParentSpanID }},
	{"tags", JSON, func(c *record.Call) any { return (*tags)(&c.Tags) }}, // object
	{"user_agent", Text, func(c *record.Call) any { return &c.UserAgent }},
	{"surface", Text, func(c *record.Call) any { return &c.Surface }},
	{"operation", Text, func(c *record.Call) any { return &c.Operation }},
	{"asked", Text, func(c *record.Call) any { return &c.Asked }},
	{"deployment", Text, func(c *record.Call) any { return &c.Deployment }},
	{"variant", Text, func(c *record.Call) any { return &c.Variant }},
	{"revision", Int, func(c *record.Call) any { return &c.Revision }},
	{"provider", Text, func(c *record.Call) any { return &c.Provider }},
	{"model", Text, func(c *record.Call) any { return &c.Model }},
	{"reported", Text, func(c *record.Call) any { return &c.Reported }},
	{"upstream_id", Text, func(c *record.Call) any { return &c.UpstreamID }},
	{"stream", Bool, func(c *record.Call) any { return &c.Stream }},
	{"attempts", JSON, func(c *record.Call) any { return (*attempts)(&c.Attempts) }}, // array
	{"queue_us", Int, func(c *record.Call) any { return &c.QueueMicros }},
	{"first_byte_us", Int, func(c *record.Call) any { return &c.FirstByteMicros }},
	{"first_token_us", Int, func(c *record.Call) any { return &c.FirstTokenMicros }},
	{"total_us", Int, func(c *record.Call) any { return &c.TotalMicros }},
	{"usage", JSON, func(c *record.Call) any { return (*usage)(&c.Usage) }}, // object: the whole of it
	{"input_tokens", Sum, func(c *record.Call) any { return c.Usage.InputTokens() }},
	{"cached_tokens", Sum, func(c *record.Call) any { return c.Usage.CachedTokens() }},
	{"output_tokens", Sum, func(c *record.Call) any { return c.Usage.OutputTokens() }},
	{"reasoning_tokens", Sum, func(c *record.Call) any { return c.Usage.N[llm.OutputReasoning] }},
	{"cost_nano", Int, func(c *record.Call) any { return (*int64)(&c.Cost) }},
	{"pricing", Text, func(c *record.Call) any { return (*string)(&c.Pricing) }},
	{"catalogue", Text, func(c *record.Call) any { return &c.Catalogue }},
	{"price_id", Text, func(c *record.Call) any { return &c.PriceID }},
	{"ceiling_nano", Int, func(c *record.Call) any { return (*int64)(&c.Ceiling) }},
	{"ceiling_set", Bool, func(c *record.Call) any { return &c.CeilingSet }},
	{"outcome", Text, func(c *record.Call) any { return (*string)(&c.Outcome) }},
	{"status", Int, func(c *record.Call) any { return &c.Status }},
	{"error_kind", Text, func(c *record.Call) any { return &c.ErrorKind }},
	{"error_code", Text, func(c *record.Call) any { return &c.ErrorCode }},
	{"finish", Text, func(c *record.Call) any { return (*string)(&c.Finish) }},
	{"lost", JSON, func(c *record.Call) any { return (*lost)(&c.Lost) }}, // array
	{"cache", Text, func(c *record.Call) any { return &c.Cache }},
	{"request_bytes", Int, func(c *record.Call) any { return &c.RequestBytes }},
	{"response_bytes", Int, func(c *record.Call) any { return &c.ResponseBytes }},
	{"content_offset", Int, func(c *record.Call) any { return &c.Content.Offset }},
	{"content_length", Int, func(c *record.Call) any { return &c.Content.Length }},
}

// Stored is the columns without the sums: what a call is read back from.
var Stored = slices.DeleteFunc(slices.Clone(Columns), func(c Column) bool { return c.Kind == Sum })

// Clean returns s as text that every engine takes: what is not UTF-8 becomes
// U+FFFD. A NUL stays.
func Clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
