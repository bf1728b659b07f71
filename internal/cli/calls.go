package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
)

func (a *app) callsCmd() *cobra.Command {
	return group("calls", "Calls: one request through Steward and its answer", a.callsListCmd(), a.callsShowCmd(), a.callsTailCmd(),
		a.callsQueryCmd(), a.callsFacetsCmd(), a.callsFieldsCmd())
}

// callFlags are the flags that select calls.
type callFlags struct {
	from, to, status string
	q                client.CallQuery
}

func (f *callFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.from, "from", "", "only calls since: a date, a time (RFC 3339), or how long ago (24h, 7d)")
	fs.StringVar(&f.to, "to", "", "only calls before")
	fs.StringVar(&f.q.Model, "model", "", "only this model's, served or asked for; a trailing * matches any ending")
	fs.StringVar(&f.q.Provider, "provider", "", "only this provider's")
	fs.StringVar(&f.q.Project, "project", "", "only this project's")
	fs.StringVar(&f.q.Team, "team", "", "only this team's")
	fs.StringVar(&f.q.Key, "key", "", "only those made with the key of this id")
}

// query returns what the flags select.
func (f *callFlags) query(now time.Time) (client.CallQuery, error) {
	q := f.q
	var err error
	if q.From, err = when("from", f.from, now); err != nil {
		return q, err
	}
	if q.To, err = when("to", f.to, now); err != nil {
		return q, err
	}
	switch f.status {
	case "", "ok", "error", "cancelled", "interrupted":
		q.Outcome = f.status
		return q, nil
	}
	if q.Status, err = strconv.Atoi(f.status); err != nil || q.Status < 100 || q.Status > 599 {
		return q, &usageError{what: "--status " + strconv.Quote(f.status) + " is neither an outcome nor an HTTP status",
			try: "--status error, or --status 429"}
	}
	return q, nil
}

func (a *app) callsListCmd() *cobra.Command {
	var f callFlags
	cmd := &cobra.Command{
		Use: "list [QUERY]", Short: "List calls, newest first", Args: oneQuery,
		Long: "List calls, newest first.\n\nQUERY says what they must be, in the query language:\n\n" +
			"  steward calls list 'model:gpt-5* status:error cost:>0.01 latency:>2s tag.team:search \"refund policy\"'",
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := f.query(a.Now())
			if err != nil {
				return err
			}
			if len(args) > 0 {
				q.Query = args[0]
			}
			if q.Limit < 0 {
				return &usageError{what: "--limit is negative", try: "--limit 0 for all"}
			}
			return a.listCalls(cmd, q)
		},
	}
	f.register(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.status, "status", "", "only this outcome (ok, error, cancelled, interrupted) or HTTP status (429)")
	fs.BoolVar(&f.q.Errors, "error", false, "only calls that did not end ok")
	fs.StringVar(&f.q.Subject, "subject", "", "only those about this end user")
	fs.StringVar(&f.q.Session, "session", "", "only those of this session")
	fs.StringVar(&f.q.TraceID, "trace", "", "only those of this trace")
	fs.StringVar(&f.q.Operation, "operation", "", "only this operation (chat, embeddings, ...)")
	fs.BoolVar(&f.q.Spans, "spans", false, "with the spans that sums do not count")
	fs.IntVar(&f.q.Limit, "limit", 50, "how many; 0: all")
	return cmd
}

// oneQuery takes one text of the query language at most.
func oneQuery(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return &usageError{what: "the query is several arguments", why: "the shell split it", try: cmd.CommandPath() + " '" + strings.Join(args, " ") + "'"}
	}
	return nil
}

// listCalls prints calls as they come, page after page, so that all of them need
// no more memory than one page.
func (a *app) listCalls(cmd *cobra.Command, q client.CallQuery) error {
	n := 0
	for call, err := range a.client().Calls(cmd.Context(), q) {
		if err != nil {
			return err
		}
		if a.json {
			text, err := lineJSON(call)
			if err != nil {
				return err
			}
			if _, err := io.WriteString(a.Stdout, map[bool]string{true: "[\n", false: ",\n"}[n == 0]+text); err != nil {
				return err
			}
		} else {
			if n == 0 {
				fmt.Fprintln(a.Stdout, callHead)
			}
			if _, err := fmt.Fprintln(a.Stdout, callLine(&call)); err != nil {
				return err
			}
		}
		n++
	}
	switch {
	case a.json && n == 0:
		fmt.Fprintln(a.Stdout, "[]")
	case a.json:
		fmt.Fprintln(a.Stdout, "\n]")
	case n == 0:
		a.say("no calls; make one with: steward chat sim/small")
	case n == q.Limit:
		a.say("the newest %d; more with --limit", n)
	}
	return nil
}

const callFormat = "%-19s  %-31s  %-28s  %6s  %9s  %9s  %14s  %8s  %8s  %s"

var callHead = strings.TrimRight(fmt.Sprintf(callFormat, "TIME (UTC)", "ID", "MODEL", "STATUS", "IN", "OUT", "COST", "TTFT", "LATENCY", "ERROR"), " ")

func callLine(c *client.Call) string {
	model := c.Asked
	if c.Provider != "" {
		model = c.Provider + "/" + c.Model
	}
	clock := strings.Replace(c.Time, "T", " ", 1)
	if len(clock) > 19 {
		clock = clock[:19]
	}
	return strings.TrimRight(fmt.Sprintf(callFormat, clock, c.ID, oneLine(model), strconv.Itoa(c.Status), count(c.InputTokens),
		count(c.OutputTokens), dollars(c.CostNano, c.Pricing), span(c.TTFTMicros), span(c.LatencyMicros), oneLine(c.Error)), " ")
}

func (a *app) callsTailCmd() *cobra.Command {
	var f callFlags
	cmd := &cobra.Command{
		Use: "tail", Short: "Follow calls as they end, until Ctrl-C", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilInterrupt(cmd.Context())
			defer stop()
			if !a.json {
				fmt.Fprintln(a.Stdout, callHead)
			}
			for call, err := range a.client().Tail(ctx) {
				switch {
				case ctx.Err() != nil:
					return nil // Ctrl-C is how a tail ends
				case err != nil:
					return err
				case !f.matches(&call):
					continue
				case a.json:
					text, err := lineJSON(call)
					if err != nil {
						return err
					}
					fmt.Fprintln(a.Stdout, text)
				default:
					fmt.Fprintln(a.Stdout, callLine(&call))
				}
			}
			return nil
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.q.Model, "model", "", "only this model's, served or asked for; a trailing * matches any ending")
	fs.StringVar(&f.q.Provider, "provider", "", "only this provider's")
	fs.StringVar(&f.q.Project, "project", "", "only this project's")
	fs.StringVar(&f.q.Key, "key", "", "only those made with the key of this id")
	fs.BoolVar(&f.q.Errors, "error", false, "only calls that did not end ok")
	return cmd
}

func (f *callFlags) matches(c *client.Call) bool {
	q := &f.q
	return (q.Provider == "" || q.Provider == c.Provider) && (q.Project == "" || q.Project == c.Project) &&
		(q.Key == "" || q.Key == c.Key) && (!q.Errors || c.Outcome != "ok") &&
		(q.Model == "" || fits(q.Model, c.Model) || fits(q.Model, c.Asked))
}

func fits(pattern, s string) bool {
	if head, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(s, head)
	}
	return pattern == s
}
