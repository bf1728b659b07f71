package cli

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"
)

func (a *app) otlpCmd() *cobra.Command {
	return group("otlp", "The OpenTelemetry receiver", a.otlpStatusCmd())
}

func (a *app) otlpStatusCmd() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show what came in, and what became of it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.client().OTLP(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(s)
			}
			if !s.Enabled {
				a.say("nothing is received: the receiver is off")
				return nil
			}
			p := page{a.Stdout}
			p.line("HTTP", "%s", firstOf(s.HTTPPath, "off"))
			p.line("gRPC", "%s", firstOf(s.GRPCAddress, "off"))
			p.line("in memory", "%s", bytesText(s.InFlight))
			fmt.Fprintln(a.Stdout)
			t := table{head: []string{"SIGNAL", ">ACCEPTED", ">REFUSED", ">DROPPED", ">DUPLICATE"}}
			for _, x := range s.Signals {
				t.add(x.Signal, count(x.Accepted), count(x.Refused), count(x.Dropped), count(x.Duplicate))
			}
			t.print(a.Stdout)
			if len(s.Cuts) > 0 {
				p.title("cut")
				for _, name := range slices.Sorted(maps.Keys(s.Cuts)) {
					p.line(name, "%s", count(s.Cuts[name]))
				}
			}
			return nil
		},
	}
}
