package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
)

func (a *app) traceCmd() *cobra.Command {
	return group("trace", "Traces: the calls and spans of one task", a.traceListCmd(), a.traceShowCmd())
}

// sumFlags are the flags that select traces or sessions.
type sumFlags struct {
	timeFlags
	q client.TraceQuery
}

func (f *sumFlags) register(cmd *cobra.Command) {
	f.timeFlags.register(cmd, "-24h")
	cmd.Flags().IntVar(&f.q.Limit, "limit", 50, "how many, at most 1,000")
}

func (f *sumFlags) query(a *app, args []string) (client.TraceQuery, error) {
	q := f.q
	q.Query = strings.Join(args, " ")
	var err error
	q.From, q.To, err = f.times(a.Now())
	return q, err
}

func (a *app) traceListCmd() *cobra.Command {
	var f sumFlags
	cmd := asksQuery(&cobra.Command{
		Use: "list [QUERY]", Short: "List traces, newest first: those in which a call is as the query says",
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := f.query(a, args)
			if err != nil {
				return err
			}
			l, err := a.client().Traces(cmd.Context(), q)
			if err != nil {
				return err
			}
			switch {
			case a.json:
				err = a.printJSON(l.Traces)
			case len(l.Traces) == 0:
				a.say("no traces; an application reports them by OpenTelemetry, or sends traceparent with its calls")
			default:
				a.printTraces(l.Traces)
			}
			if l.More {
				a.say("the newest %d; more with --limit, or with an earlier --to", len(l.Traces))
			}
			return err
		},
	}, "trace list")
	f.register(cmd)
	return cmd
}

func (a *app) printTraces(list []client.TraceSum) {
	t := table{head: []string{"START (UTC)", "TRACE", "NAME", "SERVICE", "SESSION", ">TOOK", ">SPANS", ">CALLS", ">ERRORS", ">TOKENS", ">COST"}}
	for _, x := range list {
		t.add(clock(x.Start), x.TraceID, dash(x.Name), dash(x.Service), dash(x.Session), span(x.Duration), count(x.Spans), count(x.Calls),
			count(x.Errors), count(x.Tokens), sumOf(x.CostNano, x.Unpriced))
	}
	t.print(a.Stdout)
}

// clock writes a moment of an answer in the seconds that people read.
func clock(s string) string {
	s = strings.Replace(s, "T", " ", 1)
	return s[:min(len(s), 19)]
}

// sumOf writes a sum of costs; one that leaves out calls without a price says so.
func sumOf(nano, unpriced int64) string {
	if unpriced > 0 {
		return dollars(nano, "") + " + unknown"
	}
	return dollars(nano, "")
}

func (a *app) traceShowCmd() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show one trace as a tree: what called what, how long, at what cost", Args: cobra.ExactArgs(1),
		Long: "A row in parentheses is not counted: it says again what another row says, as an application's own span around a\ncall that went through the gateway does.",
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := a.client().Trace(cmd.Context(), args[0], limit, !a.json)
			if err != nil {
				return err
			}
			if a.json {
				err = a.printJSON(t)
			} else {
				a.printTrace(&t)
			}
			if t.Partial {
				a.say("partial: the first %s rows; more with --limit", count(int64(len(t.Rows)+len(t.Compact))))
			}
			return err
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 0, "how many rows, at most 100,000 (default 10,000)")
	return cmd
}

func (a *app) printTrace(t *client.Trace) {
	p := page{a.Stdout}
	p.head(t.TraceID)
	p.line("name", "%s", t.Name)
	p.line("service", "%s", t.Service)
	p.line("session", "%s", t.Session)
	p.line("subject", "%s", t.Subject)
	p.line("start", "%s", t.Start)
	p.line("took", "%s", span(t.Duration))
	p.line("calls", "%s of %s rows, %s errors", count(t.Calls), count(t.Spans), count(t.Errors))
	p.line("tokens", "%s", count(t.Tokens))
	p.line("cost", "%s", sumOf(t.CostNano, t.Unpriced))
	p.title("tree")
	out := table{head: []string{"  WHAT", "KIND", "MODEL", ">BEGAN", ">TOOK", ">TOKENS", ">COST", "ERROR"}}
	aside := false
	for _, b := range treeOf(t.Compact) {
		r := b.row
		tokens, cost := dash(strings.TrimPrefix(count(r.Tokens), "0")), "-"
		if r.Pricing != "" && (r.Counted || r.CostNano != 0 || r.Tokens != 0) {
			cost = dollars(r.CostNano, r.Pricing)
		}
		if !r.Counted && (r.Tokens != 0 || r.CostNano != 0) {
			tokens, cost, aside = "("+tokens+")", "("+cost+")", true
		}
		out.add("  "+b.lead+firstOf(r.Name, r.Model, r.Kind), r.Kind, dash(r.Model), span(r.Start), span(r.Duration), tokens, cost, spanError(r))
	}
	out.print(a.Stdout)
	if len(t.Scores) > 0 {
		p.title("scores")
		for _, s := range t.Scores {
			p.line(s.Name, "%s", scoreText(&s))
		}
	}
	if len(t.Logs) > 0 {
		p.title("log records")
		for _, l := range t.Logs {
			p.line(clock(l.Time), "%s", strings.TrimSpace(l.Service+" "+l.Event))
		}
	}
	if aside {
		a.say("figures in parentheses are not counted: another row has them")
	}
}

func spanError(r *client.SpanRow) string {
	if r.Error == "" && r.Outcome != "ok" {
		return r.Outcome
	}
	return r.Error
}

func scoreText(s *client.Score) string {
	var parts []string
	if s.Value != nil {
		parts = append(parts, trimmed(*s.Value))
	}
	if s.Label != "" {
		parts = append(parts, s.Label)
	}
	return strings.Join(append(parts, "("+firstOf(s.SpanID, s.UpstreamID, s.Source)+")"), " ")
}
