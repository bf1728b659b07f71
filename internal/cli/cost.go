package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
)

func (a *app) costCmd() *cobra.Command {
	var f callFlags
	var by []string
	cmd := &cobra.Command{
		Use: "report", Short: "Add up what calls cost", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			known := client.Dimensions()
			for _, d := range by {
				if !slices.Contains(known, d) {
					return &usageError{what: "--by does not know \"" + d + "\"", why: "it knows " + strings.Join(known, ", "),
						try: "steward cost report --by model,day"}
				}
			}
			q, err := f.query(a.Now())
			if err != nil {
				return err
			}
			r, err := a.client().CostReport(cmd.Context(), client.ReportQuery{By: by, From: q.From, To: q.To,
				Provider: q.Provider, Model: q.Model, Project: q.Project, Team: q.Team, Key: q.Key})
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(r)
			}
			a.printReport(&r)
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().StringSliceVar(&by, "by", []string{"model"}, "what the rows stand for: "+strings.Join(client.Dimensions(), ", "))
	return group("cost", "What calls cost", cmd)
}

func (a *app) printReport(r *client.Report) {
	t := table{}
	for _, by := range r.By {
		t.head = append(t.head, strings.ToUpper(by))
	}
	t.head = append(t.head, ">CALLS", ">IN", ">OUT", ">COST")
	for i := range r.Rows {
		row := &r.Rows[i]
		var cells []string
		for _, by := range r.By {
			value := ""
			if p := row.Dimension(by); p != nil {
				value = *p
			}
			cells = append(cells, dash(value))
		}
		t.add(append(cells, count(row.Calls), count(row.InputTokens), count(row.OutputTokens), dollars(row.CostNano, ""))...)
	}
	if len(r.By) > 0 {
		total := append([]string{"total"}, make([]string, len(r.By)-1)...)
		var in, out int64
		for _, row := range r.Rows {
			in, out = in+row.InputTokens, out+row.OutputTokens
		}
		t.add(append(total, count(r.Calls), count(in), count(out), dollars(r.TotalNano, ""))...)
	} else {
		t.head = []string{">CALLS", ">COST"}
		t.add(count(r.Calls), dollars(r.TotalNano, ""))
	}
	t.print(a.Stdout)
	if r.Unpriced > 0 {
		a.say("%s of %s calls have no price and add nothing to the total; see: steward price check", count(r.Unpriced), count(r.Calls))
	}
}
