package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
)

func (a *app) callsQueryCmd() *cobra.Command {
	var q client.Analysis
	cmd := &cobra.Command{
		Use: "query", Short: "Compute measures over calls, by dimensions", Args: cobra.NoArgs,
		Long: "Compute measures over calls, by dimensions.\n\n" +
			"  steward calls query --measure cost,calls,latency_p95 --by model,hour --from -24h --filter 'status:error'\n\n" +
			"What can be measured and what by: steward calls fields",
		RunE: func(cmd *cobra.Command, _ []string) error {
			for flag, text := range map[string]string{"from": q.From, "to": q.To} {
				if _, err := when(flag, text, a.Now()); err != nil {
					return err
				}
			}
			t, err := a.client().Analyse(cmd.Context(), q)
			if err != nil {
				return err
			}
			if a.json {
				err = a.printJSON(t)
			} else {
				a.printTable(&t)
			}
			if t.Partial {
				a.say("partial: %s", t.Reason)
			}
			return err
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVar(&q.Measures, "measure", []string{"calls"}, "what is computed: calls, cost, errors, latency_p95, users, ...")
	fs.StringArrayVar(&q.By, "by", nil, "dimensions: model, project, tag.NAME, hour, day, ...")
	fs.StringVar(&q.From, "from", "-24h", "since: a date, a time (RFC 3339), or how long ago (-24h, 7d)")
	fs.StringVar(&q.To, "to", "now", "before")
	fs.StringVar(&q.Filter, "filter", "", "only calls that fit this query")
	fs.StringVar(&q.Order, "order", "", "the measure that orders the rows, or by: the dimensions (default: time, else the first measure)")
	fs.IntVar(&q.Limit, "limit", 0, "how many rows; 0: all, up to 10,000")
	fs.BoolVar(&q.Compare, "compare", false, "beside each row, the same of the period before")
	fs.StringVar(&q.Zone, "zone", "", "time zone of days, weeks and months (default UTC)")
	return cmd
}

func (a *app) printTable(t *client.Table) {
	out := table{}
	for _, by := range t.By {
		out.head = append(out.head, strings.ToUpper(by))
	}
	for _, m := range t.Measures {
		out.head = append(out.head, ">"+strings.ToUpper(m))
	}
	for _, row := range t.Rows {
		var cells []string
		for _, by := range t.By {
			text, _ := row[by].(string)
			cells = append(cells, dash(oneLine(text)))
		}
		before, _ := row["previous"].(map[string]any)
		for _, m := range t.Measures {
			cells = append(cells, figure(row[m], t.Units[m])+change(row[m], before[m]))
		}
		out.add(cells...)
	}
	out.print(a.Stdout)
	if t.Groups > 0 {
		a.say("%d of %d rows", len(t.Rows), t.Groups)
	}
}

// figure writes a measure's value as people read it.
func figure(v any, unit string) string {
	n, ok := v.(json.Number)
	if !ok {
		return "-"
	}
	whole, err := n.Int64()
	f, _ := n.Float64()
	switch {
	case unit == "nano_usd" && err == nil:
		return dollars(whole, "")
	case unit == "us" && err == nil:
		return span(whole)
	case unit == "ratio":
		return strconv.FormatFloat(100*f, 'f', 1, 64) + " %"
	case err == nil:
		return count(whole)
	}
	return strconv.FormatFloat(f, 'f', 3, 64)
}

// change writes by how much a figure differs from the one before; "" where there is none.
func change(now, before any) string {
	n, ok := now.(json.Number)
	b, there := before.(json.Number)
	if !ok || !there {
		return ""
	}
	x, _ := n.Float64()
	y, _ := b.Float64()
	if y == 0 {
		return ""
	}
	return fmt.Sprintf(" (%+.0f %%)", 100*(x-y)/y)
}

func (a *app) callsFacetsCmd() *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use: "facets [FIELD...]", Short: "List the values that fields have", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := a.client().Facets(cmd.Context(), args, from)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(client.FacetList{Facets: list})
			}
			out := table{head: []string{"FIELD", "VALUE", ">CALLS"}}
			for _, f := range list {
				for _, v := range f.Values {
					calls := "-"
					if v.Calls >= 0 {
						calls = count(v.Calls)
					}
					out.add(f.Field, oneLine(v.Value), calls)
				}
			}
			out.print(a.Stdout)
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "from", "-30d", "since: a date, a time (RFC 3339), or how long ago")
	return cmd
}

func (a *app) callsFieldsCmd() *cobra.Command {
	return &cobra.Command{
		Use: "fields", Short: "List what calls can be asked by", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := a.client().Fields(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list)
			}
			out := table{head: []string{"FIELD", "KIND", "MEANING"}}
			for _, f := range list.Fields {
				out.add(strings.Join(append([]string{f.Name}, f.Aliases...), ", "), f.Kind, f.Doc)
			}
			out.print(a.Stdout)
			fmt.Fprintln(a.Stdout, "\nmeasures:    ", strings.Join(list.Measures, ", "))
			fmt.Fprintln(a.Stdout, "aggregations:", strings.Join(list.Aggregations, ", "))
			fmt.Fprintln(a.Stdout, "dimensions:  ", strings.Join(list.Dimensions, ", ")+", tag.NAME")
			return nil
		},
	}
}
