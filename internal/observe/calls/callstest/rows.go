// Package callstest makes rows, queries and analyses for property tests: the same ones
// for the same seed, and more awkward than what anybody would write by hand.
package callstest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// The times of all rows: From inclusive, To exclusive.
var (
	From = time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC)
	To   = time.Date(2026, 4, 10, 0, 0, 0, 0, time.UTC) // a change to summer time lies within
)

// awkward are texts that break what takes texts apart, or builds text of them.
var awkward = []string{
	"", "a", "A", "a b", `quo"te`, `back\slash`, `ends in \`, "100%", "under_score", "underXscore", "st*r", "*",
	"it's", "a,b", "(x)", "-x", ":", "a:b", "OR", "hit", "two\nlines", "ünï", "ÜNÏ", "日本語", "😀 smile", "<1", "..", "1..2",
	"tag.x", "NULL", "0", "'; DROP TABLE calls; --", "%", "_", "~a", "!a", "=a",
}

var models = []string{"", "gpt-5", "gpt-5-mini", "GPT-5", "claude-opus-4.5", "models/gemini", "qwen3:7b", "st*r", "100%"}

var (
	providers   = []string{"", "openai", "anthropic", "lab", "o_enai"}
	teams       = []string{"search", "ads", "ünï", ""}
	tagNames    = []string{"team", "env", "my name", "quo\"te", "cost-center", "ünï"}
	kinds       = []string{"", "", "", record.KindCall, record.KindAgent, record.KindTool, record.KindRetriever, record.KindSpan}
	outcomes    = []record.Outcome{record.OK, record.OK, record.OK, record.Failed, record.Cancelled, record.Interrupted}
	pricings    = []record.Pricing{record.Priced, record.Priced, record.Estimated, record.Defaulted, record.Unpriced, record.Free}
	statuses    = []int{200, 200, 200, 400, 404, 429, 499, 500, 503, 0}
	errorCodes  = []string{"", "", "rate_limited", "model_not_found", "100%"}
	caches      = []string{"", "", "miss", "exact", "semantic"}
	finishes    = []llm.Finish{"", "stop", "length"}
	operations  = []string{"chat", "chat", "embeddings", ""}
	surfaces    = []string{"openai-chat", "anthropic", ""}
	keyNames    = []string{"ci", "prod key", "100%", ""}
	environment = []string{"", "", "production", "dev"}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// often returns one of usual, or now and then an awkward text.
func often(r *rand.Rand, usual []string) string {
	if r.IntN(8) == 0 {
		return pick(r, awkward)
	}
	return pick(r, usual)
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x5eed)) }

// Rows returns n rows by time, between From and To: gateway calls and spans, counted or
// not, some without a price, a duration, a trace or any tag, some with a tag twice. No
// text holds a NUL. Sums over them stay far within 63 bits.
func Rows(seed uint64, n int) []calls.Row {
	r := newRand(seed)
	rows := make([]calls.Row, n)
	length := To.Sub(From).Microseconds()
	for i := range rows {
		low := length * int64(i) / int64(n)
		at := From.UnixMicro() + low + r.Int64N(max(1, length*int64(i+1)/int64(n)-low))
		if r.IntN(16) == 0 && i > 0 {
			at = rows[i-1].Time // the id decides
		}
		rows[i] = row(r, at, i)
	}
	return rows
}

func row(r *rand.Rand, at int64, i int) calls.Row {
	var c record.Call
	c.ID, c.Time = id(at, i, r.Uint64()), at
	who(r, &c)
	what(r, &c)
	figures(r, &c)
	counted := c.KindOf() == record.KindCall && r.IntN(8) != 0
	return calls.Row{Call: c, Counted: counted}
}

// id returns an id of that moment; those of one moment are in the order of i.
func id(at int64, i int, random uint64) ident.ID {
	var out ident.ID
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at/1000))
	copy(out[:6], ms[2:])
	binary.BigEndian.PutUint32(out[6:10], uint32(at%1000)<<22|uint32(i)&(1<<22-1))
	binary.BigEndian.PutUint32(out[10:14], uint32(random))
	return out
}

func who(r *rand.Rand, c *record.Call) {
	c.Org, c.Team, c.Project = "acme", often(r, teams), often(r, []string{"p1", "p2"})
	k := r.IntN(len(keyNames))
	c.Key, c.KeyName = fmt.Sprintf("key_%026d", k), keyNames[k]
	if r.IntN(2) == 0 {
		c.Subject = often(r, []string{"ann", "bob", "eve"})
	}
	if r.IntN(2) == 0 {
		c.Session = often(r, []string{"s1", "s2", "s3"})
	}
	if r.IntN(4) != 0 {
		c.TraceID = fmt.Sprintf("%032x", r.IntN(40)+1)
		c.SpanID = fmt.Sprintf("%016x", r.Uint64())
		if r.IntN(2) == 0 {
			c.ParentSpanID = fmt.Sprintf("%016x", r.IntN(100)+1)
		}
	}
	for range r.IntN(4) {
		c.Tags = append(c.Tags, record.Tag{Name: pick(r, tagNames), Value: often(r, []string{"search", "dev", "x"})})
	}
	c.UserAgent = often(r, []string{"openai-python/2", "curl/8"})
	if c.Kind = pick(r, kinds); c.Kind != "" || r.IntN(3) == 0 {
		c.Source = record.FromOTLP
		c.Name, c.Service = often(r, []string{"answer", "plan"}), often(r, []string{"web", "worker"})
		c.Release, c.Environment = pick(r, []string{"", "1.2", "1..2"}), pick(r, environment)
	}
}

func what(r *rand.Rand, c *record.Call) {
	c.Surface, c.Operation = pick(r, surfaces), pick(r, operations)
	c.Provider, c.Model = pick(r, providers), often(r, models)
	c.Asked, c.Reported = often(r, models), often(r, models)
	c.Deployment, c.Variant = often(r, []string{"", "chat"}), often(r, []string{"", "a", "b"})
	if r.IntN(3) == 0 {
		c.UpstreamID = fmt.Sprintf("resp_%d", r.IntN(60))
	}
	c.Stream = r.IntN(2) == 0
	for range r.IntN(4) {
		c.Attempts = append(c.Attempts, record.Attempt{Provider: c.Provider, Model: c.Model, Status: pick(r, statuses)})
	}
	c.Outcome, c.Status, c.Finish = pick(r, outcomes), pick(r, statuses), pick(r, finishes)
	if c.Outcome != record.OK {
		c.ErrorCode, c.ErrorKind = often(r, errorCodes), pick(r, []string{"", "invalid", "upstream"})
	}
	c.Cache = pick(r, caches)
	c.Prompt, c.PromptNumber = often(r, []string{"", "greet"}), pick(r, []string{"", "1", "2"})
}

// duration is none, nothing, or up to ten minutes on a logarithmic scale.
func duration(r *rand.Rand) int64 {
	switch r.IntN(8) {
	case 0:
		return -1
	case 1:
		return int64(r.IntN(70)) // where buckets are exact
	}
	return r.Int64N(1 << (4 + r.IntN(26)))
}

func figures(r *rand.Rand, c *record.Call) {
	c.TotalMicros, c.FirstTokenMicros = duration(r), duration(r)
	c.QueueMicros, c.FirstByteMicros = duration(r), duration(r)
	c.Pricing = pick(r, pricings)
	switch {
	case c.Pricing == record.Unpriced || c.Pricing == record.Free:
	case r.IntN(6) == 0:
		c.Cost = money.Nano(pick(r, values(calls.Money)))
	default:
		c.Cost = money.Nano(r.Int64N(1 << (4 + r.IntN(34))))
	}
	if r.IntN(6) == 0 {
		c.Savings = money.Nano(r.Int64N(1 << 30))
	}
	if r.IntN(6) == 0 {
		return // no usage
	}
	c.Usage.Reported = true
	for _, q := range []llm.Quantity{llm.Input, llm.Output, llm.Output} {
		c.Usage.N[q] = pick(r, values(calls.Number))
	}
	for _, q := range []llm.Quantity{llm.CacheRead, llm.CacheWrite, llm.OutputReasoning, llm.InputImage} {
		if r.IntN(3) == 0 {
			c.Usage.N[q] = r.Int64N(5000)
		}
	}
}

// Scores returns scores of some of the rows, by span or by the provider's id of the
// answer, some without a figure, and some of nothing that is there.
func Scores(seed uint64, rows []calls.Row) []record.Score {
	r := newRand(seed)
	var list []record.Score
	for i := range rows {
		for range r.IntN(3) {
			s := record.Score{ID: id(rows[i].Time, i, r.Uint64()), Time: rows[i].Time, Org: rows[i].Org,
				Name: pick(r, ScoreNames), Micros: r.Int64N(2_000_000) - 500_000, Valued: r.IntN(5) != 0, Source: record.FromOTLP}
			switch r.IntN(4) {
			case 0:
				s.Response = rows[i].UpstreamID
			case 1:
				s.TraceID, s.SpanID, s.Response = rows[i].TraceID, rows[i].SpanID, rows[i].UpstreamID
			case 2:
				s.TraceID, s.SpanID = rows[i].TraceID, rows[i].SpanID
			default:
				s.TraceID, s.SpanID = rows[i].TraceID, "ffffffffffffffff"
			}
			list = append(list, s)
		}
	}
	return list
}

// ScoreNames are the names of the scores that Scores gives.
var ScoreNames = []string{"helpfulness", "min", "quo\"te"}
