package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/money"
)

func (a *app) callsQueryCmd() *cobra.Command {
	var q client.Analysis
	var f timeFlags
	cmd := &cobra.Command{
		Use: "query", Short: "Compute measures over calls, by dimensions", Args: cobra.NoArgs,
		Long: "Measures are calls, cost, errors, error_rate, tokens, latency_p95, unique(model), score.NAME and more; dimensions\n" +
			"are model, project, key_name, tag.NAME, hour, day and more: steward calls fields lists them.\n" +
			"With --json money is in nano-dollars, durations are in microseconds, and what cannot be computed is null.",
		Example: "  steward calls query --measure cost,calls --by model,day --from -7d\n" +
			"  steward calls query --measure latency_p95,error_rate --by hour --filter 'model:gpt-5* env:prod'\n" +
			"  steward calls query --measure cost --by tag.team --from 2026-11-01 --to 2026-12-01 --compare",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if q.From, q.To, err = f.times(a.Now()); err != nil {
				return err
			}
			t, err := a.client().QueryCalls(cmd.Context(), q)
			if err != nil {
				return err
			}
			if a.json {
				err = a.printJSON(t)
			} else {
				a.printTable(&t)
			}
			a.sayMissing(&t)
			return err
		},
	}
	f.register(cmd, "-24h")
	fs := cmd.Flags()
	fs.StringArrayVar(&q.Measures, "measure", nil, "what to compute, with commas between (default calls)")
	fs.StringArrayVar(&q.By, "by", nil, "what the rows stand for, with commas between (default one row)")
	fs.StringVar(&q.Filter, "filter", "", "which calls, in the query language")
	fs.StringVar(&q.Order, "order", "", "a measure: the largest first; or by: the dimensions' values")
	fs.IntVar(&q.Limit, "limit", 0, "how many rows (default 10,000, the most)")
	fs.BoolVar(&q.Compare, "compare", false, "beside each figure, that of the period before")
	fs.StringVar(&q.Zone, "zone", "", "time zone of days, weeks and months, such as Europe/Berlin (default UTC)")
	return cmd
}

// printTable prints a table in the units that people read.
func (a *app) printTable(t *client.Table) {
	out := table{}
	for _, by := range t.By {
		out.head = append(out.head, strings.ToUpper(by))
	}
	for _, m := range t.Measures {
		out.head = append(out.head, ">"+strings.ToUpper(m))
		if t.PreviousFrom != "" {
			out.head = append(out.head, ">BEFORE", ">CHANGE")
		}
	}
	for _, r := range t.Rows {
		var cells []string
		for _, by := range t.By {
			cells = append(cells, dash(r.Keys[by]))
		}
		for _, m := range t.Measures {
			cells = append(cells, figure(r.Values[m], t.Units[m]))
			if t.PreviousFrom != "" {
				cells = append(cells, figure(r.Previous[m], t.Units[m]), change(r.Previous[m], r.Values[m]))
			}
		}
		out.add(cells...)
	}
	out.print(a.Stdout)
}

// sayMissing says what is not in a table.
func (a *app) sayMissing(t *client.Table) {
	if t.Partial {
		a.say("partial: %s", firstOf(t.Reason, "some calls are missing"))
	}
	switch {
	case len(t.Rows) == 0 && !a.json:
		a.say("no calls from %s to %s", t.From, t.To)
	case t.Groups > int64(len(t.Rows)):
		a.say("%s of %s rows; more with --limit", count(int64(len(t.Rows))), count(t.Groups))
	}
}

// figure writes a figure; none is "-".
func figure(f client.Figure, unit string) string {
	x, ok := f.Float()
	if !ok {
		return "-"
	}
	n, _ := f.Int()
	switch {
	case unit == "nano_usd":
		return "$" + money.Nano(n).String()
	case unit == "us":
		return span(n)
	case unit == "ratio":
		return percent(x)
	case float64(n) == x:
		return count(n)
	}
	return trimmed(x)
}

// percent writes a share with at most two decimals.
func percent(x float64) string {
	s := strconv.FormatFloat(x*100, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") + "%"
}

// change writes by how much a figure has changed; "-" where that is not known.
func change(before, now client.Figure) string {
	b, ok := before.Float()
	n, known := now.Float()
	if !ok || !known || b == 0 {
		return "-"
	}
	s := percent((n - b) / b)
	if n > b {
		return "+" + s
	}
	return s
}
