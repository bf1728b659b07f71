package cli

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
)

func (a *app) metricsCmd() *cobra.Command {
	return group("metrics", "Metrics that applications report by OpenTelemetry", a.metricsListCmd(), a.metricsQueryCmd())
}

// timeFlags are the flags that bound a time.
type timeFlags struct{ from, to string }

// register adds the flags; usual is where the time begins if nothing is said.
func (f *timeFlags) register(cmd *cobra.Command, usual string) {
	cmd.Flags().StringVar(&f.from, "from", "", "since: a date, a time (RFC 3339), how long ago (-24h, 7d), or now (default "+usual+")")
	cmd.Flags().StringVar(&f.to, "to", "", "before (default now)")
}

func (f *timeFlags) times(now time.Time) (from, to time.Time, err error) {
	if from, err = when("from", f.from, now); err != nil {
		return from, to, err
	}
	to, err = when("to", f.to, now)
	return from, to, err
}

func (a *app) metricsListCmd() *cobra.Command {
	var f timeFlags
	cmd := &cobra.Command{
		Use: "list", Short: "List metrics", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, to, err := f.times(a.Now())
			if err != nil {
				return err
			}
			list, err := a.client().Metrics(cmd.Context(), from, to)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list)
			}
			if len(list) == 0 {
				a.say("no metrics in this time; point an application's OTEL_EXPORTER_OTLP_ENDPOINT at Steward")
				return nil
			}
			t := table{head: []string{"METRIC", "TYPE", "UNIT", "SERVICES", ">POINTS", "LAST (UTC)"}}
			for _, m := range list {
				t.add(m.Name, m.Type, dash(m.Unit), dash(strings.Join(m.Services, ",")), count(m.Points), clock(m.Last))
			}
			t.print(a.Stdout)
			return nil
		},
	}
	f.register(cmd, "-24h")
	return cmd
}

func (a *app) metricsQueryCmd() *cobra.Command {
	var f timeFlags
	var q client.MetricQuery
	var step string
	cmd := &cobra.Command{
		Use: "query NAME", Short: "Compute a metric over time: the increase of counters, the last value of gauges", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Name = args[0]
			var err error
			if q.From, q.To, err = f.times(a.Now()); err != nil {
				return err
			}
			if step != "" {
				if q.Step, err = ago(step); err != nil {
					return &usageError{what: "--step: " + err.Error(), try: "--step 5m"}
				}
			}
			s, err := a.client().QueryMetric(cmd.Context(), q)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(s)
			}
			a.printSeries(&s)
			return nil
		},
	}
	f.register(cmd, "-24h")
	fs := cmd.Flags()
	fs.StringVar(&step, "step", "", "length of a step, such as 5m, 1h or 1d (default one value for the whole time)")
	fs.StringArrayVar(&q.By, "by", nil, "attributes that make series of their own, with commas between; service is one")
	return cmd
}

func (a *app) printSeries(s *client.MetricSeries) {
	names := map[string]bool{}
	for _, x := range s.Series {
		for name := range x.Labels {
			names[name] = true
		}
	}
	labels := slices.Sorted(maps.Keys(names))
	t := table{head: []string{"TIME (UTC)"}}
	for _, name := range labels {
		t.head = append(t.head, strings.ToUpper(name))
	}
	t.head = append(t.head, ">VALUE", ">COUNT")
	for _, x := range s.Series {
		for _, v := range x.Values {
			cells := []string{clock(v.Time)}
			for _, name := range labels {
				cells = append(cells, dash(x.Labels[name]))
			}
			value, n := "-", "-"
			if v.Value != nil {
				value = trimmed(*v.Value)
			}
			if v.Count > 0 {
				n = count(v.Count)
			}
			t.add(append(cells, value, n)...)
		}
	}
	if len(t.rows) == 0 {
		a.say("no points of %s from %s to %s; see: steward metrics list", s.Name, s.From, s.To)
		return
	}
	t.print(a.Stdout)
}
