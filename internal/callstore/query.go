package callstore

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// UUIDText returns id as engines write a UUID.
func UUIDText(id ident.ID) string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// builder collects conditions and their parameters. A value only ever goes into a
// parameter; texts come from this file alone.
type builder struct {
	where []string
	args  []any
}

// and adds a condition in which each ? is the value.
func (b *builder) and(condition string, value any) {
	b.args = append(b.args, value)
	b.where = append(b.where, strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(b.args))))
}

func (b *builder) text(condition, value string) {
	if value != "" {
		b.and(condition, Clean(value))
	}
}

func (b *builder) clause() string {
	if len(b.where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(b.where, " AND ")
}

func (b *builder) filter(q *calls.Query) {
	if !q.From.IsZero() {
		b.and("time >= ?", q.From.UnixMicro())
	}
	if !q.To.IsZero() {
		b.and("time < ?", q.To.UnixMicro())
	}
	b.text("provider = ?", q.Provider)
	if head, ok := strings.CutSuffix(q.Model, "*"); ok {
		b.text("(starts_with(model, ?) OR starts_with(asked, ?) OR starts_with(provider || '/' || model, ?))", head)
	} else {
		b.text("(model = ? OR asked = ? OR provider || '/' || model = ?)", q.Model)
	}
	b.text("project = ?", q.Project)
	b.text("team = ?", q.Team)
	b.text("key_id = ?", q.Key)
	b.text("subject = ?", q.Subject)
	b.text("session = ?", q.Session)
	b.text("trace_id = ?", q.TraceID)
	b.text("operation = ?", q.Operation)
	b.text("outcome = ?", string(q.Outcome))
	if q.Errors {
		b.where = append(b.where, "outcome <> 'ok'")
	}
}

// before adds that calls come after the cursor's in the order of Rows. The first
// condition says nothing new, but engines know how to skip by it.
func (b *builder) before(id ident.ID, time int64) {
	b.and("time <= ?", time)
	b.args = append(b.args, UUIDText(id))
	n := len(b.args)
	b.where = append(b.where, "(time < $"+strconv.Itoa(n-1)+" OR id < CAST($"+strconv.Itoa(n)+" AS UUID))")
}

// Rows compiles a query to one that gives the whole rows of the calls that it
// selects, by time and id, newest first, columns in the order of Stored. Engines
// find the ends of a time quickly, of a UUID not. before is the time of the call
// q.Before, in microseconds since the Unix epoch.
func Rows(q *calls.Query, before int64) (query string, args []any) {
	var b builder
	b.filter(q)
	if !q.Before.IsZero() {
		b.before(q.Before, before)
	}
	query = selectRows + b.clause() + " ORDER BY time DESC, id DESC"
	if q.Limit > 0 {
		query += " LIMIT " + strconv.Itoa(q.Limit)
	}
	return query, b.args
}

// TimeOf is the query for a call's time by its id, as UUID text.
const TimeOf = "SELECT time FROM calls WHERE id = CAST($1 AS UUID) LIMIT 1"

// Row is the query for one whole row by its id, as UUID text.
var Row = selectRows + " WHERE id = CAST($1 AS UUID) LIMIT 1"

var selectRows = "SELECT " + columnNames() + " FROM calls"

func columnNames() string {
	names := make([]string, len(Stored))
	for i, c := range Stored {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

// dimensions says by which expression a dimension is grouped.
var dimensions = map[calls.Dimension]string{
	calls.ByOrg: "org", calls.ByTeam: "team", calls.ByProject: "project", calls.ByKey: "key_id",
	calls.BySubject: "subject", calls.BySession: "session", calls.ByProvider: "provider", calls.ByModel: "model",
	calls.ByOperation: "operation", calls.BySurface: "surface", calls.ByOutcome: "outcome", calls.ByErrorCode: "error_code",
	calls.ByPricing: "pricing",
	calls.ByHour:    "time - time % 3600000000", // Value makes words of it: once a group, not a row
	calls.ByDay:     "time - time % 86400000000",
}

// Value returns the words of what Sums' query gave for a dimension.
func Value(d calls.Dimension, given string) string {
	layout := ""
	switch d {
	case calls.ByHour:
		layout = "2006-01-02T15:00:00Z"
	case calls.ByDay:
		layout = time.DateOnly
	default:
		return given
	}
	micros, err := strconv.ParseInt(given, 10, 64)
	if err != nil {
		return given
	}
	return time.UnixMicro(micros).UTC().Format(layout)
}

const measures = `COUNT(*), COUNT(*) FILTER (WHERE outcome <> 'ok'), COUNT(*) FILTER (WHERE pricing = 'unpriced'),
CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT),
CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT), CAST(COALESCE(SUM(cached_tokens), 0) AS BIGINT),
CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT), CAST(COALESCE(SUM(reasoning_tokens), 0) AS BIGINT)`

// Sums compiles a query to one that gives, for each combination of the dimensions'
// values, those (see Value) and then the fields of a calls.Sum; the most calls first. A
// dimension that is not known is an error. q.Before says nothing here.
func Sums(q *calls.Query, by []calls.Dimension) (query string, args []any, err error) {
	var b builder
	b.filter(q)
	var list, group strings.Builder
	for i, d := range by {
		expression, ok := dimensions[d]
		if !ok {
			return "", nil, calls.UnknownDimension(d)
		}
		list.WriteString(expression + ", ")
		if i > 0 {
			group.WriteString(", ")
		}
		group.WriteString(strconv.Itoa(i + 1))
	}
	query = "SELECT " + list.String() + measures + " FROM calls" + b.clause()
	if len(by) > 0 {
		query += " GROUP BY " + group.String() + " ORDER BY COUNT(*) DESC, " + group.String()
	}
	if q.Limit > 0 {
		query += " LIMIT " + strconv.Itoa(q.Limit)
	}
	return query, b.args, nil
}
