package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
)

// groupFlags select traces and sessions.
type groupFlags struct {
	from  string
	limit int
}

func (f *groupFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.from, "from", "", "since: a date, a time (RFC 3339), or how long ago (-24h, 7d)")
	cmd.Flags().IntVar(&f.limit, "limit", 50, "how many")
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

func (a *app) traceCmd() *cobra.Command {
	var f groupFlags
	list := &cobra.Command{
		Use: "list [QUERY]", Short: "List traces, newest first", Args: oneQuery,
		RunE: func(cmd *cobra.Command, args []string) error {
			traces, err := a.client().Traces(cmd.Context(), first(args), f.from, f.limit)
			if err != nil {
				return err
			}
			return a.printTraces(traces)
		},
	}
	f.register(list)
	show := &cobra.Command{
		Use: "show ID", Short: "Show one trace as a tree", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := a.client().Trace(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(t)
			}
			a.printTree(&t)
			return nil
		},
	}
	return group("trace", "Traces: the calls and spans of one task", list, show)
}

func (a *app) printTraces(traces []client.Trace) error {
	if a.json {
		return a.printJSON(client.TraceList{Traces: traces})
	}
	out := table{head: []string{"TIME (UTC)", "TRACE", "NAME", ">SPANS", ">CALLS", ">ERRORS", ">TOKENS", ">COST", ">TOOK"}}
	for _, t := range traces {
		out.add(clock(t.Time), t.ID, dash(oneLine(t.Name)), count(t.Spans), count(t.Calls), count(t.Errors), count(t.Tokens), dollars(t.CostNano, ""), span(t.Duration))
	}
	out.print(a.Stdout)
	return nil
}

func clock(stamp string) string {
	if len(stamp) > 19 {
		stamp = stamp[:19]
	}
	return strings.Replace(stamp, "T", " ", 1)
}

// printTree prints the rows of a trace below their parents. A row whose parent is
// not there stands at the top.
func (a *app) printTree(t *client.TraceDetail) {
	there := map[string]bool{}
	for i := range t.Rows {
		there[t.Rows[i].SpanID] = true
	}
	below := map[string][]*client.Call{}
	for i := range t.Rows {
		r := &t.Rows[i]
		parent := r.ParentSpanID
		if !there[parent] || parent == r.SpanID {
			parent = ""
		}
		below[parent] = append(below[parent], r)
	}
	out := table{head: []string{"SPAN", "KIND", "MODEL", ">TOKENS", ">COST", ">TOOK", "STATUS"}}
	printed := map[*client.Call]bool{}
	type item struct {
		row   *client.Call
		depth int
	}
	var stack []item
	push := func(list []*client.Call, depth int) {
		for i := len(list) - 1; i >= 0; i-- {
			stack = append(stack, item{list[i], depth})
		}
	}
	for push(below[""], 0); len(stack) > 0; {
		it := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if printed[it.row] {
			continue
		}
		printed[it.row] = true
		out.add(treeLine(it.row, it.depth)...)
		push(below[it.row.SpanID], it.depth+1)
	}
	out.print(a.Stdout)
	a.say("%s calls, %s, %s; figures in brackets are told again by a row below, and do not count",
		count(t.Calls), dollars(t.CostNano, ""), span(t.Duration))
	if t.Partial {
		a.say("the trace has more rows than are shown")
	}
}

func treeLine(r *client.Call, depth int) []string {
	name := r.Name
	if name == "" {
		name = strings.TrimSpace(r.Operation + " " + r.Asked)
	}
	tokens, cost := "", ""
	if n := r.InputTokens + r.OutputTokens; n > 0 {
		tokens, cost = count(n), dollars(r.CostNano, r.Pricing)
		if !r.Counted {
			tokens, cost = "("+tokens+")", "("+cost+")"
		}
	}
	return []string{strings.Repeat("  ", min(depth, 40)) + oneLine(name), r.Kind, oneLine(r.Model), tokens, cost, span(r.LatencyMicros), r.Outcome}
}

func (a *app) sessionCmd() *cobra.Command {
	var f groupFlags
	list := &cobra.Command{
		Use: "list [QUERY]", Short: "List sessions, the one with the newest call first", Args: oneQuery,
		RunE: func(cmd *cobra.Command, args []string) error {
			sessions, err := a.client().Sessions(cmd.Context(), first(args), f.from, f.limit)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(client.SessionList{Sessions: sessions})
			}
			out := table{head: []string{"LAST (UTC)", "SESSION", "SUBJECT", ">TRACES", ">CALLS", ">ERRORS", ">TOKENS", ">COST"}}
			for _, s := range sessions {
				out.add(clock(s.Last), oneLine(s.Session), dash(oneLine(s.Subject)), count(s.Traces), count(s.Calls), count(s.Errors), count(s.Tokens), dollars(s.CostNano, ""))
			}
			out.print(a.Stdout)
			return nil
		},
	}
	f.register(list)
	show := &cobra.Command{
		Use: "show ID", Short: "List the traces of one session, oldest first", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			traces, err := a.client().Session(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.printTraces(traces)
		},
	}
	return group("session", "Sessions: the traces of one conversation", list, show)
}

func (a *app) metricsCmd() *cobra.Command {
	var from string
	list := &cobra.Command{
		Use: "list", Short: "List the metrics that applications reported", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			metrics, err := a.client().Metrics(cmd.Context(), from)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(client.MetricList{Metrics: metrics})
			}
			out := table{head: []string{"METRIC", "TYPE", "UNIT", ">POINTS", "SERVICES"}}
			for _, m := range metrics {
				out.add(oneLine(m.Name), m.Type, dash(m.Unit), count(m.Points), oneLine(strings.Join(m.Services, ", ")))
			}
			out.print(a.Stdout)
			return nil
		},
	}
	list.Flags().StringVar(&from, "from", "-24h", "since: a date, a time (RFC 3339), or how long ago")
	var step time.Duration
	var by []string
	query := &cobra.Command{
		Use: "query NAME", Short: "Show a metric over time", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			series, err := a.client().MetricQuery(cmd.Context(), args[0], from, step, by)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(client.SeriesList{Series: series})
			}
			out := table{head: []string{"TIME (UTC)", "LABELS", ">VALUE", ">COUNT"}}
			for _, s := range series {
				var labels []string
				for _, name := range by {
					labels = append(labels, name+"="+s.Labels[name])
				}
				for _, v := range s.Values {
					out.add(clock(v.Time), dash(oneLine(strings.Join(labels, " "))), fmt.Sprintf("%g", v.Value), count(v.Count))
				}
			}
			out.print(a.Stdout)
			return nil
		},
	}
	query.Flags().StringVar(&from, "from", "-24h", "since: a date, a time (RFC 3339), or how long ago")
	query.Flags().DurationVar(&step, "step", time.Hour, "length of a step; 0: one value for all")
	query.Flags().StringSliceVar(&by, "by", nil, "attributes that make series of their own; service is one")
	return group("metrics", "Metrics that applications reported by OpenTelemetry", list, query)
}
