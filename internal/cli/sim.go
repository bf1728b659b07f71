package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// SimOptions is how the simulator is started on its own.
type SimOptions struct {
	Listen         string        // host:port
	Seed           uint64        // chooses among all possible simulators
	Instant        bool          // no waiting but what a request asks for itself
	Latency        time.Duration // to the first token; zero: the model's habit
	Rate           float64       // tokens a second of a stream; zero: the model's own
	Script         string        // file of scripted faults; empty: none
	Cassette       string        // file of recorded interactions; empty: none
	IgnoreModel    bool          // a recorded interaction answers for any model's name
	Stdout, Stderr io.Writer
}

// SimFault is a fault that the simulator can be told to have.
type SimFault struct {
	Name   string `json:"name"`
	Params string `json:"params"` // "delay=30s"
	What   string `json:"what"`
}

func (a *app) simCmd() *cobra.Command {
	o := SimOptions{Stdout: a.Stdout, Stderr: a.Stderr}
	cmd := &cobra.Command{
		Use: "sim", Short: "Start the simulator of a provider on its own", Args: cobra.NoArgs,
		Long: "Start the simulator of a provider on its own, until Ctrl-C. It speaks the wire formats of the\n" +
			"vendors, answers the same to the same, and fails on request. \"steward up\" has it built in as sim.",
		Example: "  steward sim --instant\n  steward sim --script outage.yaml --latency 800ms\n  steward sim --cassette recorded.jsonl.gz --ignore-model",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.Sim == nil {
				return missing("the simulator")
			}
			ctx, stop := untilInterrupt(cmd.Context())
			defer stop()
			return a.Sim(ctx, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:9100", "the address to listen on, host:port")
	f.Uint64Var(&o.Seed, "seed", 0, "another seed gives other answers")
	f.BoolVar(&o.Instant, "instant", false, "do not wait, but where a request asks for it")
	f.DurationVar(&o.Latency, "latency", 0, "the time to the first token (default by model)")
	f.Float64Var(&o.Rate, "rate", 0, "tokens a second of a stream (default by model)")
	f.StringVar(&o.Script, "script", "", "a file that says which requests meet which fault")
	f.StringVar(&o.Cassette, "cassette", "", "a file of recorded interactions to answer with, JSONL or JSONL.gz")
	f.BoolVar(&o.IgnoreModel, "ignore-model", false, "let a recorded interaction answer for any model")
	cmd.AddCommand(a.simFaultsCmd())
	return cmd
}

func (a *app) simFaultsCmd() *cobra.Command {
	return &cobra.Command{
		Use: "faults", Short: "List the faults that the simulator can have", Args: cobra.NoArgs,
		Long: "List the faults that the simulator can have. Ask for one with the header\n" +
			"x-sim-fault: NAME,key=value, or for many requests with a script.",
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return a.printJSON(a.SimFaults)
			}
			var b strings.Builder
			for _, f := range a.SimFaults {
				fmt.Fprintf(&b, "%-18s %-28s %s\n", f.Name, f.Params, f.What)
			}
			_, err := io.WriteString(a.Stdout, b.String())
			return err
		},
	}
}
