// Command bench measures Steward side by side with the standard library's bare
// reverse proxy, on one machine in one run, and prints the figures that the README
// quotes.
//
//	go run ./bench -steward ./bin/steward
//
// It runs itself again as the mock provider, as the proxy and as the load
// generator. Mock and load generator have one processor, what is measured has
// another. docs/benchmarks.md says what is measured and how to read it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes, as those of Steward's command line.
const (
	exitFault        = 1
	exitUsage        = 2
	exitRegression   = 7
	exitInconclusive = 8
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, in io.Reader, out, talk io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		signal.Reset(syscall.SIGTERM) // a role has nothing to tidy up
		if err := role(args[0], args[1:], in, out); err != nil {
			fmt.Fprintln(talk, err)
			return exitFault
		}
		return 0
	}
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(talk)
	flags.StringVar(&o.steward, "steward", "./bin/steward", "the steward binary to measure")
	flags.StringVar(&o.dir, "dir", "", "where data directories are made, and removed again (default: the temporary folder)")
	flags.BoolVar(&o.quick, "quick", false, "one short round: to see that it works, not to quote")
	asJSON := flags.Bool("json", false, "print JSON, with the figures of every round")
	check := flags.Bool("check", false, "exit with 7 where a goal is missed, with 8 where the machine was too busy to judge")
	if err := flags.Parse(args); err != nil {
		return exitUsage
	}
	o.talk = talk
	if _, err := os.Stat(o.steward); err != nil {
		fmt.Fprintf(talk, "error: there is no binary to measure\nwhy:   %v\ntry:   make build, or name one with -steward\n", err)
		return exitUsage
	}
	rep, err := runSuite(ctx, o)
	if err != nil {
		fmt.Fprintf(talk, "error: %v\n", err)
		return exitFault
	}
	if err := show(rep, *asJSON, out); err != nil {
		fmt.Fprintf(talk, "error: %v\n", err)
		return exitFault
	}
	if !*check {
		return 0
	}
	if names := rep.with(missed); len(names) > 0 {
		fmt.Fprintf(talk, "goals missed: %s\n", strings.Join(names, "; "))
		return exitRegression
	}
	if names := rep.with(inconclusive); len(names) > 0 {
		fmt.Fprintf(talk, "the machine was not quiet enough to judge: %s\n", strings.Join(names, "; "))
		return exitInconclusive
	}
	return 0
}

func show(rep report, asJSON bool, out io.Writer) error {
	if !asJSON {
		return rep.markdown(out)
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(rep)
}

// role is this program as a part of its own benchmark.
func role(name string, args []string, in io.Reader, out io.Writer) error {
	switch name {
	case "mock":
		return listen(out, newMock(timing{}).serve)
	case "proxy":
		if len(args) != 1 {
			return errors.New("the proxy takes its upstream's address")
		}
		return listen(out, func(l net.Listener) error { return serveProxy(l, args[0]) })
	case "load":
		var p plan
		if err := json.NewDecoder(in).Decode(&p); err != nil {
			return fmt.Errorf("read the plan: %w", err)
		}
		res, err := p.run()
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(res)
	}
	return fmt.Errorf("no role is called %q", name)
}

// listen serves on a free loopback port whose address it prints.
func listen(out io.Writer, serve func(net.Listener) error) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, l.Addr())
	return serve(l)
}
