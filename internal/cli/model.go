package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
)

func (a *app) modelCmd() *cobra.Command {
	var provider string
	list := &cobra.Command{
		Use: "list [SEARCH]", Short: "List models that can be called", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := a.client().Models(cmd.Context())
			if err != nil {
				return err
			}
			models := []client.Model{}
			for _, m := range all {
				if provider != "" && m.Provider != provider {
					continue
				}
				if len(args) == 1 && !strings.Contains(strings.ToLower(m.ID), strings.ToLower(args[0])) {
					continue
				}
				models = append(models, m)
			}
			if a.json {
				return a.printJSON(models)
			}
			t := table{head: []string{"MODEL", "FOR", ">CONTEXT", ">OUTPUT", ">$/M IN", ">$/M OUT"}}
			for _, m := range models {
				t.add(m.ID, dash(m.Operation), unknown(m.Context), unknown(m.Output), dash(m.InputUSD), dash(m.OutputUSD))
			}
			t.print(a.Stdout)
			return nil
		},
	}
	list.Flags().StringVar(&provider, "provider", "", "only this provider's")
	return group("model", "Models", list)
}

// unknown writes a number of tokens, of which zero says that nobody knows.
func unknown(n int64) string {
	if n == 0 {
		return "-"
	}
	return count(n)
}
