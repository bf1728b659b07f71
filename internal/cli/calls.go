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
	fs.StringVar(&f.from, "from", "", "only calls since: a date, a time (RFC 3339), how long ago (-24h, 7d), or now")
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

// queryHelp says how a query stands on the command line.
const queryHelp = "QUERY is in the query language, such as\n" +
	"  'model:gpt-5* status:error cost:>0.01 latency:>2s tag.team:search \"refund policy\"'\n" +
	"Quote it for the shell. One may begin with a minus: steward %s '-env:dev'.\n" +
	"All that the query and the flags say must hold. steward calls fields lists its words."

// asksQuery prepares a command whose arguments are a query: what looks like a flag
// that is none may be a query that begins with a minus.
func asksQuery(cmd *cobra.Command, path string) *cobra.Command {
	cmd.Args = cobra.ArbitraryArgs
	cmd.Long = fmt.Sprintf(queryHelp, path)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		e := &usageError{what: err.Error()}
		if strings.HasPrefix(e.what, "unknown shorthand flag") {
			e.why = "what begins with a minus is a flag, unless it stands after --"
			e.try = "steward " + path + " -- '-env:dev'"
		}
		return e
	})
	return cmd
}

func (a *app) callsListCmd() *cobra.Command {
	var f callFlags
	cmd := asksQuery(&cobra.Command{
		Use: "list [QUERY]", Short: "List calls, newest first",
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := f.query(a.Now())
			if err != nil {
				return err
			}
			if q.Limit < 0 {
				return &usageError{what: "--limit is negative", try: "--limit 0 for all"}
			}
			q.Query = strings.Join(args, " ")
			return a.listCalls(cmd, q)
		},
	}, "calls list")
	f.register(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.status, "status", "", "only this outcome (ok, error, cancelled, interrupted) or HTTP status (429)")
	fs.BoolVar(&f.q.Errors, "error", false, "only calls that did not end ok")
	fs.StringVar(&f.q.Subject, "subject", "", "only those about this end user")
	fs.StringVar(&f.q.Session, "session", "", "only those of this session")
	fs.StringVar(&f.q.TraceID, "trace", "", "all of this trace, spans that sums do not count too")
	fs.StringVar(&f.q.Operation, "operation", "", "only this operation (chat, embeddings, ...)")
	fs.BoolVar(&f.q.Spans, "spans", false, "spans that sums do not count, too")
	fs.StringVar(&f.q.Before, "before", "", "only calls older than the one with this id")
	fs.IntVar(&f.q.Limit, "limit", 50, "how many; 0: all")
	return cmd
}

// listCalls prints calls as they come, page after page, so that all of them need no
// more memory than one page. A search that ends early is gone on with only where all
// are asked for.
func (a *app) listCalls(cmd *cobra.Command, q client.CallQuery) error {
	c, limit, n := a.client(), q.Limit, 0
	for {
		page, err := c.CallPage(cmd.Context(), q)
		if err != nil {
			return err
		}
		for i := range page.Calls {
			if err := a.listCall(&page.Calls[i], n == 0); err != nil {
				return err
			}
			if n++; n == limit {
				break
			}
		}
		stop := page.Partial && limit > 0 && n < limit
		if page.Next == "" || n == limit && limit > 0 || stop {
			a.endOfList(n, limit, &page)
			return nil
		}
		if q.Before = page.Next; limit > 0 {
			q.Limit = limit - n
		}
	}
}

// listCall prints one call of a list.
func (a *app) listCall(call *client.Call, first bool) error {
	if !a.json {
		if first {
			fmt.Fprintln(a.Stdout, callHead)
		}
		_, err := fmt.Fprintln(a.Stdout, callLine(call))
		return err
	}
	text, err := lineJSON(*call)
	if err != nil {
		return err
	}
	_, err = io.WriteString(a.Stdout, map[bool]string{true: "[\n", false: ",\n"}[first]+text)
	return err
}

// endOfList ends the data, and says what is not in it.
func (a *app) endOfList(n, limit int, page *client.CallPage) {
	switch {
	case a.json && n == 0:
		fmt.Fprintln(a.Stdout, "[]")
	case a.json:
		fmt.Fprintln(a.Stdout, "\n]")
	}
	switch {
	case page.Partial && n < limit && page.Next != "":
		a.say("partial: %s; go on with --before %s, or look through all with --limit 0", page.Reason, page.Next)
	case page.Partial && page.Next == "":
		a.say("partial: %s", page.Reason)
	case a.json:
	case n == 0:
		a.say("no calls; make one with: steward chat sim/small")
	case n == limit:
		a.say("the newest %d; more with --limit", n)
	}
}

const callFormat = "%-19s  %-31s  %-28s  %6s  %9s  %9s  %14s  %8s  %8s  %s"

var callHead = strings.TrimRight(fmt.Sprintf(callFormat, "TIME (UTC)", "ID", "MODEL", "STATUS", "IN", "OUT", "COST", "TTFT", "LATENCY", "ERROR"), " ")

func callLine(c *client.Call) string {
	model := c.Asked
	if c.Provider != "" {
		model = c.Provider + "/" + c.Model
	}
	if model == "" {
		model = firstOf(c.Name, c.Kind)
	}
	status, cost := strconv.Itoa(c.Status), dollars(c.CostNano, c.Pricing)
	if c.Source == "otlp" { // it has no HTTP status, and a cost only where it used a model
		status = "-"
		if c.Pricing == "" {
			cost = "-"
		}
	}
	return strings.TrimRight(fmt.Sprintf(callFormat, clock(c.Time), c.ID, oneLine(model), status, count(c.InputTokens),
		count(c.OutputTokens), cost, span(c.TTFTMicros), span(c.LatencyMicros), oneLine(c.Error)), " ")
}

func (a *app) callsTailCmd() *cobra.Command {
	var f callFlags
	cmd := asksQuery(&cobra.Command{
		Use: "tail [QUERY]", Short: "Follow calls as they end, until Ctrl-C",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilInterrupt(cmd.Context())
			defer stop()
			if !a.json {
				fmt.Fprintln(a.Stdout, callHead)
			}
			for call, err := range a.client().TailQuery(ctx, client.TailQuery{Query: strings.Join(args, " "), Spans: f.q.Spans}) {
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
	}, "calls tail")
	fs := cmd.Flags()
	fs.BoolVar(&f.q.Spans, "spans", false, "spans that sums do not count, too")
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
