package cli

import (
	"io"

	"github.com/spf13/cobra"
)

// SimOptions is how the simulator is started on its own.
type SimOptions struct {
	Listen         string // host:port
	Stdout, Stderr io.Writer
}

func (a *app) simCmd() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use: "sim", Short: "Start the simulator of a provider on its own", Args: cobra.NoArgs,
		Long: "Start the simulator of a provider on its own, until Ctrl-C. It speaks the wire formats of the\n" +
			"vendors, answers the same to the same, and fails on request. \"steward up\" has it built in as sim.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.Sim == nil {
				return missing("the simulator")
			}
			ctx, stop := untilInterrupt(cmd.Context())
			defer stop()
			return a.Sim(ctx, SimOptions{Listen: listen, Stdout: a.Stdout, Stderr: a.Stderr})
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:9100", "the address to listen on, host:port")
	return cmd
}
