package callstore

import (
	"fmt"
	"strings"
)

// RollupDimensions are the columns of a rollup that rows are told apart by, beside
// its time: the columns of every field that is Rolled.
var RollupDimensions = []string{"source", "kind", "counted", "outcome", "error_code", "org", "team", "project", "key_id", "key_name", "env",
	"provider", "model", "asked", "deployment", "variant", "operation", "cache", "pricing"}

// HistDimensions are those of the rollups of durations. They are fewer, because
// each combination has a row a bucket.
var HistDimensions = []string{"source", "kind", "counted", "outcome", "provider", "model", "asked", "operation"}

// rollupSums are the other columns of a rollup: name, and what one row adds to it.
var rollupSums = [][2]string{
	{"n", "1"}, {"cost_nano", "cost_nano"}, {"savings_nano", "savings_nano"},
	{"input_tokens", "input_tokens"}, {"cached_tokens", "cached_tokens"}, {"cache_write_tokens", "cache_write_tokens"},
	{"output_tokens", "output_tokens"}, {"reasoning_tokens", "reasoning_tokens"},
	{"latency_sum", "CASE WHEN total_us >= 0 THEN total_us ELSE 0 END"}, {"latency_n", "CASE WHEN total_us >= 0 THEN 1 ELSE 0 END"},
	{"ttft_sum", "CASE WHEN first_token_us >= 0 THEN first_token_us ELSE 0 END"}, {"ttft_n", "CASE WHEN first_token_us >= 0 THEN 1 ELSE 0 END"},
	{"speed_sum", "CASE WHEN speed_milli >= 0 THEN speed_milli ELSE 0 END"}, {"speed_n", "CASE WHEN speed_milli >= 0 THEN 1 ELSE 0 END"},
}

// Durations are those of which rollups keep histograms.
var Durations = []string{"latency", "ttft"}

// RollupColumns returns the columns of a rollup's table with their types.
func RollupColumns() []string {
	list := []string{"time BIGINT"}
	list = append(list, typed(RollupDimensions)...)
	for _, s := range rollupSums {
		list = append(list, s[0]+" BIGINT")
	}
	return list
}

// HistColumns returns the columns of a table of histograms with their types.
func HistColumns() []string {
	list := append([]string{"time BIGINT"}, typed(HistDimensions)...)
	return append(list, "duration VARCHAR", "bucket BIGINT", "n BIGINT")
}

func typed(names []string) (list []string) {
	for _, name := range names {
		if name == "counted" {
			list = append(list, name+" BOOLEAN")
		} else {
			list = append(list, name+" VARCHAR")
		}
	}
	return list
}

// Rolled is a select of rows of a table in the shape of a rollup: each row alone
// with step 0, else added up by steps of so many microseconds.
func Rolled(d Dialect, table, where string, step int64) string {
	if step == 0 {
		list := append([]string{"time"}, RollupDimensions...)
		for _, s := range rollupSums {
			list = append(list, s[1]+" AS "+s[0])
		}
		return "SELECT " + strings.Join(list, ", ") + " FROM " + table + " WHERE " + where
	}
	list := append([]string{fmt.Sprintf("time - time %% %d", step)}, RollupDimensions...)
	for _, s := range rollupSums {
		list = append(list, d.Total(s[1], "")+" AS "+s[0])
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + table + " WHERE " + where + groupBy(1+len(RollupDimensions))
}

// RolledHist is Rolled for the histogram of a duration.
func RolledHist(table, duration, where string, step int64) string {
	column := duration + "_bucket"
	where += " AND counted AND " + column + " >= 0"
	if step == 0 {
		list := append([]string{"time"}, HistDimensions...)
		list = append(list, "'"+duration+"' AS duration", column+" AS bucket", "1 AS n")
		return "SELECT " + strings.Join(list, ", ") + " FROM " + table + " WHERE " + where
	}
	list := append([]string{fmt.Sprintf("time - time %% %d", step)}, HistDimensions...)
	list = append(list, "'"+duration+"'", column, "COUNT(*)")
	return "SELECT " + strings.Join(list, ", ") + " FROM " + table + " WHERE " + where + groupBy(3+len(HistDimensions))
}
