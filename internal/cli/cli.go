// Package cli is the command line: one file a command.
//
// What a command prints to stdout is data, what it says to stderr is talk. With
// --json the data is JSON whose fields stay. An error is three aligned lines, and
// the exit code says who can mend it (fault.Kind's table).
package cli

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/config"
)

// Main runs the command that args name and returns the process's exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return MainWith(programs(), SystemEnv(stdin, stdout, stderr), args)
}

// Programs are the parts of Steward that the command line starts. A nil function
// is a part that this build does not have; its command says so.
type Programs struct {
	Version string   // empty: what the Go toolchain stamped
	Kinds   []string // kinds of provider, for checks of the configuration; nil: unchecked
	// Up serves until ctx ends.
	Up func(ctx context.Context, cfg config.Config, opts UpOptions) error
	// Sim serves the simulator until ctx ends.
	Sim func(ctx context.Context, opts SimOptions) error
	// SimFaults are the faults that the simulator can be told to have.
	SimFaults []SimFault
	// Found returns the providers whose keys are in the environment.
	Found func(getenv func(string) string) []Found
	// BaseURL returns the address of a provider: its own, or its kind's.
	BaseURL func(p config.Provider) string
	// Probe looks at the journal and the stores of a data directory that no server
	// uses at the moment.
	Probe func(ctx context.Context, cfg config.Config) []Check
}

// Found is a provider whose key is in the environment.
type Found struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Variable string `json:"variable"` // "OPENAI_API_KEY"; its value is never kept
}

// Env is the world around the command line.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Interactive    bool // a person types into Stdin
	Getenv         func(string) string
	Now            func() time.Time
	HTTP           *http.Client // nil: http.DefaultClient
	// Interrupts begins to report Ctrl-C; stop ends it.
	Interrupts func() (c <-chan os.Signal, stop func())
}

// SystemEnv returns the real world.
func SystemEnv(stdin io.Reader, stdout, stderr io.Writer) Env {
	return Env{
		Stdin: stdin, Stdout: stdout, Stderr: stderr, Interactive: isTerminal(stdin),
		Getenv: os.Getenv, Now: time.Now,
		Interrupts: func() (<-chan os.Signal, func()) {
			c := make(chan os.Signal, 1)
			signal.Notify(c, os.Interrupt)
			return c, func() { signal.Stop(c) }
		},
	}
}

func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

// MainWith runs the command that args name, with the parts and the world given.
func MainWith(p Programs, env Env, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	a := &app{Programs: p, Env: env}
	root := a.root()
	root.SetArgs(queries(args))
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	return a.report(cmd, err)
}

// negated is a query that begins with what must not be: "-env:dev" is no flag.
var negated = regexp.MustCompile(`^-([A-Za-z_][A-Za-z0-9_.]*!?:|[("])`)

// queries puts a space before queries that look like flags.
func queries(args []string) []string {
	out := slices.Clone(args)
	for i, arg := range out {
		if negated.MatchString(arg) && !slices.Contains(args[:i], "--") {
			out[i] = " " + arg
		}
	}
	return out
}

// Root returns the tree of commands, for the reference.
func Root() *cobra.Command {
	return (&app{Env: Env{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard,
		Getenv: func(string) string { return "" }}}).root()
}

// app is one run of the command line.
type app struct {
	Programs
	Env
	url, data string // --url and --data; empty: not given
	json      bool   // --json
	ran       bool   // arguments were right, and a command has begun
	noToken   string // why no token was sent; empty: one was
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "steward",
		Short: "LLMOps in one binary: every call's cost, security, quality and lifecycle in one place",
		Long: "Steward stands between your software and the language models that it calls.\n" +
			"Start it with \"steward up\"; no configuration is needed.",
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRun: func(*cobra.Command, []string) { a.ran = true },
		Args:             cobra.ArbitraryArgs,
		RunE:             noun,
	}
	root.SetIn(a.Stdin)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	f := root.PersistentFlags()
	f.StringVar(&a.url, "url", "", "the server (default $STEWARD_URL, else "+defaultURL+")")
	f.StringVar(&a.data, "data", "", "the data directory (default $STEWARD_DATA, else "+defaultData+")")
	f.BoolVar(&a.json, "json", false, "print data as JSON")
	root.AddCommand(a.upCmd(), a.initCmd(), a.keyCmd(), a.providerCmd(), a.modelCmd(), a.chatCmd(),
		a.callsCmd(), a.traceCmd(), a.sessionCmd(), a.metricsCmd(), a.otlpCmd(), a.costCmd(), a.priceCmd(), a.doctorCmd(), a.simCmd(), a.versionCmd())
	root.InitDefaultCompletionCmd()
	return root
}

// group returns a noun with its verbs.
func group(use, short string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: noun}
	cmd.AddCommand(verbs...)
	return cmd
}

// noun runs a noun without a verb: it shows the verbs, or refuses what is none.
func noun(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	cmd.SuggestionsMinimumDistance = 2
	e := &usageError{what: "unknown command \"" + args[0] + "\" for \"" + cmd.CommandPath() + "\""}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		e.try = cmd.CommandPath() + " " + near[0]
	}
	return e
}

const (
	defaultURL  = "http://127.0.0.1:8080"
	defaultData = "./steward-data"
	tokenFile   = "admin-token"
)

func (a *app) serverURL() string {
	return strings.TrimRight(firstOf(a.url, a.Getenv("STEWARD_URL"), defaultURL), "/")
}

func (a *app) dataDir() string { return firstOf(a.data, a.Getenv("STEWARD_DATA"), defaultData) }

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// client returns a client of the server. The token in the data directory goes to
// this machine only, unless --data says that it is meant.
func (a *app) client() *client.Client {
	c := &client.Client{URL: a.serverURL(), HTTP: a.HTTP, Token: a.Getenv("STEWARD_TOKEN")}
	if c.Token != "" {
		return c
	}
	path := filepath.Join(a.dataDir(), tokenFile)
	if a.data == "" && !isLocal(c.URL) {
		a.noToken = "STEWARD_TOKEN is not set, and " + path + " is not sent to another machine unless --data names its directory"
		return c
	}
	b, err := os.ReadFile(path)
	if err != nil {
		a.noToken = "STEWARD_TOKEN is not set, and " + path + " cannot be read"
		return c
	}
	c.Token = strings.TrimSpace(string(b))
	return c
}
