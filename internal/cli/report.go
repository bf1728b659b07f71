package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
)

// usageError is a command line that cannot be understood; its exit code is 2.
type usageError struct{ what, why, try string }

// Error returns what is wrong.
func (e *usageError) Error() string { return e.what }

// exitError is an outcome that is no fault of the command: its data was printed
// already, and code says how it came out.
type exitError struct {
	code           int
	what, why, try string
}

// Error returns what came out.
func (e *exitError) Error() string { return e.what }

// whys say for each kind of fault what it means, where nothing more is known.
var whys = map[fault.Kind]string{
	fault.Internal:        "something that should not happen did",
	fault.Invalid:         "what was asked for is not possible as it was written",
	fault.Unauthenticated: "the server does not know who asks",
	fault.Denied:          "the server knows who asks, and does not allow it",
	fault.NotFound:        "nothing has that name or id here",
	fault.Conflict:        "it exists already, or has changed",
	fault.TooLarge:        "it is over a limit of size",
	fault.Exhausted:       "a limit or a budget is used up",
	fault.Unavailable:     "the server cannot serve this now",
	fault.Upstream:        "the provider failed, or cannot be reached",
	fault.Timeout:         "the provider took too long",
	fault.Cancelled:       "it was interrupted",
	fault.Refused:         "the provider refused the request",
}

// report says an error on stderr and returns the exit code.
func (a *app) report(cmd *cobra.Command, err error) int {
	if e, ok := errors.AsType[*exitError](err); ok {
		if e.what != "" {
			a.threeLines(e.what, e.why, e.try)
		}
		return e.code
	}
	if e, ok := errors.AsType[*usageError](err); ok || !a.ran {
		if !ok {
			what, _, _ := strings.Cut(err.Error(), "\n")
			e = &usageError{what: what}
		}
		a.threeLines(e.what, firstOf(e.why, "the command line cannot be understood"), firstOf(e.try, cmd.CommandPath()+" --help"))
		return fault.Invalid.ExitCode()
	}
	if ps, ok := errors.AsType[config.Problems](err); ok {
		fmt.Fprintln(a.Stderr, ps.Error())
	}
	if errors.Is(err, context.Canceled) {
		err = fault.New(fault.Cancelled, "cancelled", "interrupted").Hinted("run it again")
	}
	f := fault.As(err)
	what, why, try := f.Message, a.why(err, f), f.Hint
	if f.Kind == fault.Internal && f.Code == "internal" && f.Err != nil {
		what = err.Error() // a plain error: its text is all there is, and this is its owner's own terminal
		why = whys[fault.Internal]
	}
	a.threeLines(what, why, firstOf(try, "steward doctor"))
	return f.Kind.ExitCode()
}

func (a *app) why(err error, f *fault.Error) string {
	if f.Kind == fault.Unauthenticated && a.noToken != "" {
		return a.noToken
	}
	if f.Code == "config_invalid" {
		return "each is listed above with its place"
	}
	if f.Err != nil {
		return f.Err.Error()
	}
	if e, ok := errors.AsType[*client.Error](err); ok && e.Status != 0 {
		return fmt.Sprintf("%s (the server answered %d, %s)", whys[f.Kind], e.Status, e.Code)
	}
	return whys[f.Kind]
}

func (a *app) threeLines(what, why, try string) {
	for _, l := range []struct{ name, text string }{{"error:", what}, {"why:", why}, {"try:", try}} {
		fmt.Fprintf(a.Stderr, "%-6s %s\n", l.name, oneLine(l.text))
	}
}

// isLocal reports whether a URL leads to this machine.
func isLocal(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
}
