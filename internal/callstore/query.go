package callstore

import (
	"encoding/hex"
	"strconv"
	"strings"

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
	if !q.Before.IsZero() {
		b.and("id < CAST(? AS UUID)", UUIDText(q.Before))
	}
}

// Identities compiles a query to one that gives the ids of the calls that it
// selects, newest first.
func Identities(q *calls.Query) (query string, args []any) {
	var b builder
	b.filter(q)
	query = "SELECT id FROM calls" + b.clause() + " ORDER BY id DESC"
	if q.Limit > 0 {
		query += " LIMIT " + strconv.Itoa(q.Limit)
	}
	return query, b.args
}

// Rows compiles a query to one that gives the whole rows of the calls that it
// selects, newest first, columns in the order of Columns.
func Rows(q *calls.Query) (query string, args []any) {
	var b builder
	b.filter(q)
	query = selectRows + b.clause() + " ORDER BY id DESC"
	if q.Limit > 0 {
		query += " LIMIT " + strconv.Itoa(q.Limit)
	}
	return query, b.args
}

// Row is the query for one whole row by its id, as UUID text.
var Row = selectRows + " WHERE id = CAST($1 AS UUID) LIMIT 1"

var selectRows = "SELECT " + columnNames() + " FROM calls"

func columnNames() string {
	names := make([]string, len(Columns))
	for i, c := range Columns {
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
	calls.ByHour:    "strftime(make_timestamp(time), '%Y-%m-%dT%H:00:00Z')",
	calls.ByDay:     "strftime(make_timestamp(time), '%Y-%m-%d')",
}

const measures = `COUNT(*), COUNT(*) FILTER (WHERE outcome <> 'ok'), COUNT(*) FILTER (WHERE pricing = 'unpriced'),
CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT),
CAST(COALESCE(SUM(used_input + used_input_audio + used_input_image + used_input_video + used_cache_read + used_cache_read_audio
    + used_cache_read_image + used_cache_write + used_cache_write_1h), 0) AS BIGINT),
CAST(COALESCE(SUM(used_cache_read + used_cache_read_audio + used_cache_read_image), 0) AS BIGINT),
CAST(COALESCE(SUM(used_output + used_output_reasoning + used_output_audio + used_output_image + used_output_video), 0) AS BIGINT),
CAST(COALESCE(SUM(used_output_reasoning), 0) AS BIGINT)`

// Sums compiles a query to one that gives, for each combination of the dimensions'
// values, those and then the fields of a calls.Sum; the most calls first. A
// dimension that is not known is an error.
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
