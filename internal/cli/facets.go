package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
)

func (a *app) callsFacetsCmd() *cobra.Command {
	var q client.FacetQuery
	var f timeFlags
	cmd := &cobra.Command{
		Use: "facets [FIELD...]", Short: "List the values that fields had, most calls first",
		Example: "  steward calls facets model provider\n  steward calls facets tag.team --from -30d",
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Fields = args
			var err error
			if q.From, q.To, err = f.times(a.Now()); err != nil {
				return err
			}
			l, err := a.client().Facets(cmd.Context(), q)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(l)
			}
			a.printFacets(&l)
			return nil
		},
	}
	f.register(cmd, "-7d")
	fs := cmd.Flags()
	fs.StringVar(&q.Prefix, "prefix", "", "only values that begin so")
	fs.IntVar(&q.Limit, "limit", 20, "how many values a field")
	return cmd
}

func (a *app) printFacets(l *client.FacetList) {
	t := table{head: []string{"FIELD", "VALUE", ">CALLS"}}
	var more []string
	for _, f := range l.Facets {
		for _, v := range f.Values {
			calls := "-"
			if v.Calls != nil {
				calls = count(*v.Calls)
			}
			t.add(f.Field, v.Value, calls)
		}
		if f.More {
			more = append(more, f.Field)
		}
	}
	if len(t.rows) == 0 {
		a.say("no values from %s to %s", l.From, l.To)
		return
	}
	t.print(a.Stdout)
	if len(more) > 0 {
		a.say("there are more values of %s; more with --limit", strings.Join(more, ", "))
	}
}

func (a *app) callsFieldsCmd() *cobra.Command {
	return &cobra.Command{
		Use: "fields", Short: "List the words that questions about calls are written with", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := a.client().Fields(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(l)
			}
			yes := map[bool]string{true: "yes", false: "-"}
			t := table{head: []string{"FIELD", "KIND", "BY", "FACET", "MEANING"}}
			for _, f := range l.Fields {
				doc := f.Doc
				if len(f.Aliases) > 0 {
					doc += " (also " + strings.Join(f.Aliases, ", ") + ")"
				}
				t.add(f.Name, f.Kind, yes[f.Dimension], yes[f.Facet], doc)
			}
			t.add("tag.NAME", "text", "yes", "yes", "value of a tag")
			t.print(a.Stdout)
			fmt.Fprintln(a.Stdout)
			t = table{head: []string{"MEASURE", "UNIT"}}
			for _, m := range l.Measures {
				t.add(m.Name, m.Unit)
			}
			t.add("score.NAME", "score")
			t.print(a.Stdout)
			fmt.Fprintf(a.Stdout, "\nof fields also: %s, as latency_p95 or p95(latency)\nsteps of time: %s\n",
				strings.Join(l.Aggregations, ", "), strings.Join(l.Steps, ", "))
			return nil
		},
	}
}
