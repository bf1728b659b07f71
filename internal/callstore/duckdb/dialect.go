package duckdb

import (
	"fmt"

	"github.com/steward-llmops/steward/internal/callstore"
)

// dialect is how DuckDB writes SQL.
type dialect struct{}

var _ callstore.Dialect = dialect{}

func (dialect) Like(text, param string) string {
	return "(" + text + " LIKE " + param + ` ESCAPE '\')`
}
func (dialect) Holds(text, param string) string { return "contains(" + text + ", " + param + ")" }
func (dialect) Lower(text string) string        { return "lower(" + text + ")" }
func (dialect) Fits(text, param string) string  { return "regexp_matches(" + text + ", " + param + ")" }
func (dialect) Extract(text, param string) string {
	return "regexp_extract(" + text + ", " + param + ", 1)"
}
func (dialect) Percentile(expression string, perCent int64, where string) string {
	return fmt.Sprintf("quantile_disc(%s, 0.%02d) FILTER (WHERE %s)", expression, perCent, where)
}
func (dialect) Total(expression, where string) string {
	if where != "" {
		where = " FILTER (WHERE " + where + ")"
	}
	sum := "SUM(" + expression + ")" + where
	return "CAST(CASE WHEN " + sum + " > 9223372036854775807 THEN 9223372036854775807 ELSE " + sum + " END AS BIGINT)"
}
func (dialect) UUID(param string) string { return "CAST(" + param + " AS UUID)" }
