package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

func (a *app) callsShowCmd() *cobra.Command {
	var content bool
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show one call: tokens, cost, timings, tries, and what was said", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.client().Call(cmd.Context(), args[0], content)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(d)
			}
			showCall(a.Stdout, &d)
			if content && d.Content == nil {
				a.say("what was said in this call is not kept")
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&content, "content", false, "with what was said, where it is kept")
	return cmd
}

// page is lines of a name and a value, set below one another.
type page struct{ w io.Writer }

// head prints what the page is of.
func (p page) head(s string) { fmt.Fprintln(p.w, oneLine(s)) }

func (p page) title(s string) { fmt.Fprintf(p.w, "\n%s\n", s) }

// line prints a value; an empty one is left out.
func (p page) line(name, format string, args ...any) {
	if text := fmt.Sprintf(format, args...); text != "" {
		fmt.Fprintf(p.w, "  %-18s %s\n", name, oneLine(text))
	}
}

func showCall(w io.Writer, d *client.CallDetail) {
	p := page{w}
	fmt.Fprintln(w, d.ID)
	p.line("time", "%s", d.Time)
	p.line("kind", "%s", kindOf(d))
	p.line("name", "%s", d.Name)
	p.line("outcome", "%s", outcome(d))
	p.line("asked", "%s", d.Asked)
	p.line("served by", "%s", servedBy(d))
	p.line("as", "%s%s", strings.TrimSpace(d.Surface+" "+d.Operation), map[bool]string{true: ", streamed"}[d.Stream])
	p.line("finish", "%s", d.Finish)
	p.line("who", "%s / %s / %s, key %s (%s)", d.Org, d.Team, d.Project, d.KeyName, d.Key)
	p.line("subject", "%s", d.Subject)
	p.line("session", "%s", d.Session)
	p.line("trace", "%s", d.TraceID)
	p.line("span", "%s", d.SpanID)
	p.line("parent", "%s", d.ParentSpanID)
	p.line("service", "%s", d.Service)
	p.line("environment", "%s", d.Env)
	p.line("release", "%s", d.Release)
	p.line("prompt", "%s", strings.TrimSuffix(d.Prompt+" version "+d.PromptNumber, " version "))
	p.line("cache", "%s", d.Cache)
	p.line("lost", "%s", strings.Join(d.Lost, ", "))
	for _, name := range slices.Sorted(maps.Keys(d.Tags)) {
		p.line("tag", "%s=%s", name, d.Tags[name])
	}
	showUsage(p, d)
	p.title("timings")
	p.line("left for it", "%s", span(d.Timings.Queue))
	p.line("first byte", "%s", span(d.Timings.FirstByte))
	p.line("first token", "%s", span(d.Timings.FirstToken))
	p.line("total", "%s", span(d.Timings.Total))
	if d.Source == "gateway" {
		p.line("sent", "%s", bytesText(d.Sent))
		p.line("received", "%s", bytesText(d.Received))
	}
	showTries(w, d)
	if c := d.Content; c != nil {
		showBody(p, "request", c.RequestType, c.Request, c.Encoding)
		showBody(p, "answer", c.ResponseType, c.Response, c.Encoding)
		if c.Raw != "" {
			fmt.Fprintf(w, "\nas reported: %s of base64, in --json\n", bytesText(int64(len(c.Raw))))
		}
	}
}

// kindOf says what a row is; nothing of the gateway's own calls.
func kindOf(d *client.CallDetail) string {
	switch {
	case d.Source == "gateway" && d.Kind == "call":
		return ""
	case !d.Counted:
		return d.Kind + ", reported by " + d.Source + "; sums do not count it"
	}
	return d.Kind + ", reported by " + d.Source
}

func outcome(d *client.CallDetail) string {
	s := d.Outcome
	if d.Status != 0 || d.Source == "gateway" {
		s += ", status " + strconv.Itoa(d.Status)
	}
	if d.Error != "" {
		s += ", " + d.Error
	}
	return s
}

func servedBy(d *client.CallDetail) string {
	switch {
	case d.Provider == "" && d.Source != "gateway":
		return d.Model
	case d.Provider == "":
		return "no provider was reached"
	}
	s := d.Provider + "/" + d.Model
	if d.Reply != "" && d.Reply != d.Model {
		s += " (it says " + d.Reply + ")"
	}
	return s
}

func showUsage(p page, d *client.CallDetail) {
	p.title("tokens and cost")
	p.line("read", "%s tokens, %s of them cached", count(d.InputTokens), count(d.CachedTokens))
	p.line("written", "%s tokens, %s of them reasoning", count(d.OutputTokens), count(d.ReasoningTokens))
	for _, q := range slices.Sorted(maps.Keys(d.Usage)) {
		p.line("  "+q, "%s", count(d.Usage[q]))
	}
	if d.Pricing == "" { // a span that uses no model
		return
	}
	cost := dollars(d.CostNano, d.Pricing) + " (" + d.Pricing
	if d.PriceID != "" {
		cost += ", " + d.PriceID + " of catalogue " + d.Catalogue
	}
	p.line("cost", "%s)", cost)
	if d.SavingsNano != 0 {
		p.line("spared", "%s", dollars(d.SavingsNano, ""))
	}
	if d.CeilingNano != nil {
		p.line("held", "%s", dollars(*d.CeilingNano, ""))
	}
}

func showTries(w io.Writer, d *client.CallDetail) {
	if len(d.Tries) == 0 {
		return
	}
	fmt.Fprintln(w, "\ntries")
	t := table{head: []string{"  PROVIDER", "MODEL", ">STATUS", ">BEGAN", ">TOOK", ">COST", "ERROR"}}
	for _, r := range d.Tries {
		t.add("  "+r.Provider, r.Model, strconv.Itoa(r.Status), span(r.Start), span(r.Duration), dollars(r.CostNano, ""), r.Error)
	}
	t.print(w)
}

// textOf are where the formats' stream events keep a piece of the answer's text.
var textOf = []string{
	"choices.0.delta.content",           // OpenAI chat
	"delta.text",                        // Anthropic
	"candidates.0.content.parts.#.text", // Gemini
}

// streamText returns the text that a stream's events add up to; what is not text,
// such as a tool's arguments, is left out.
func streamText(stream string) (text string, events int) {
	var b strings.Builder
	var split sse.Splitter
	split.Feed([]byte(stream+"\n\n"), func(_ string, data []byte, _ int) {
		events++
		for _, path := range textOf {
			gjson.GetBytes(data, path).ForEach(func(_, piece gjson.Result) bool {
				b.WriteString(piece.String())
				return true
			})
		}
		if gjson.GetBytes(data, "type").Str == "response.output_text.delta" { // OpenAI responses
			b.WriteString(gjson.GetBytes(data, "delta").Str)
		}
	})
	return b.String(), events
}

// showBody prints what was said: JSON set in lines, a stream as the text that it
// adds up to.
func showBody(p page, name, contentType, text, encoding string) {
	p.title(name + " (" + firstOf(contentType, "no content type") + ")")
	if said, events := streamText(text); said != "" && strings.HasPrefix(contentType, "text/event-stream") {
		fmt.Fprintf(p.w, "%s\n\n(the text of %d events, which are in --json)\n", printable(strings.TrimRight(said, "\n")), events)
		return
	}
	if encoding != "text" {
		fmt.Fprintf(p.w, "%s of base64, in --json\n", bytesText(int64(len(text))))
		return
	}
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") == nil {
		text = b.String()
	}
	fmt.Fprintln(p.w, printable(strings.TrimRight(text, "\n")))
}
