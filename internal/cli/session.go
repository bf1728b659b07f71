package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
)

func (a *app) sessionCmd() *cobra.Command {
	return group("session", "Sessions: the traces of one conversation", a.sessionListCmd(), a.sessionShowCmd())
}

func (a *app) sessionListCmd() *cobra.Command {
	var f sumFlags
	cmd := asksQuery(&cobra.Command{
		Use: "list [QUERY]", Short: "List sessions, the one with the newest call first",
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := f.query(a, args)
			if err != nil {
				return err
			}
			l, err := a.client().Sessions(cmd.Context(), q)
			if err != nil {
				return err
			}
			switch {
			case a.json:
				err = a.printJSON(l.Sessions)
			case len(l.Sessions) == 0:
				a.say("no sessions; an application names them with the header x-steward-session, or the attribute session.id")
			default:
				a.printSessions(l.Sessions)
			}
			if l.More {
				a.say("the newest %d; more with --limit, or with an earlier --to", len(l.Sessions))
			}
			return err
		},
	}, "session list")
	f.register(cmd)
	return cmd
}

func (a *app) printSessions(list []client.SessionSum) {
	t := table{head: []string{"LAST (UTC)", "SESSION", "SUBJECT", ">TRACES", ">CALLS", ">ERRORS", ">TOKENS", ">COST"}}
	for _, x := range list {
		t.add(clock(x.Last), x.Session, dash(x.Subject), count(x.Traces), count(x.Calls), count(x.Errors), count(x.Tokens), sumOf(x.CostNano, x.Unpriced))
	}
	t.print(a.Stdout)
}

func (a *app) sessionShowCmd() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show one session: its traces in order, and what they add up to", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.client().Session(cmd.Context(), args[0], limit)
			if err != nil {
				return err
			}
			if a.json {
				err = a.printJSON(s)
			} else {
				p := page{a.Stdout}
				p.head(s.Session)
				p.line("subject", "%s", s.Subject)
				p.line("first", "%s", s.First)
				p.line("last", "%s", s.Last)
				p.line("traces", "%s", count(s.Traces))
				p.line("calls", "%s, %s errors", count(s.Calls), count(s.Errors))
				p.line("tokens", "%s", count(s.Tokens))
				p.line("cost", "%s", sumOf(s.CostNano, s.Unpriced))
				if len(s.List) > 0 {
					fmt.Fprintln(a.Stdout)
					a.printTraces(s.List)
				}
			}
			if s.More {
				a.say("the newest %d traces; more with --limit", len(s.List))
			}
			return err
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 0, "how many traces, at most 10,000 (default 1,000)")
	return cmd
}
