package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
)

// defaultConfig is the file that is read where --config is not given and it
// exists.
const defaultConfig = "steward.yaml"

// UpOptions is what the server needs beside its configuration.
type UpOptions struct {
	ConfigPath     string // the file that was read; empty: none
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Found          []Found // providers whose keys are in the environment
}

func (a *app) upCmd() *cobra.Command {
	var path, listen string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the gateway, the admin API and the console",
		Long: "Start the gateway, the admin API and the console, until Ctrl-C.\n\n" +
			"Without --config, steward.yaml in the current directory is read where it exists; no\n" +
			"configuration is needed. STEWARD_LISTEN and STEWARD_DATA go before the file, flags before both.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, read, err := a.loadConfig(path, listen)
			if err != nil {
				return err
			}
			if a.Up == nil {
				return missing("the server")
			}
			ctx, stop := untilInterrupt(cmd.Context())
			defer stop()
			return a.Up(ctx, cfg, UpOptions{ConfigPath: read, Stdout: a.Stdout, Stderr: a.Stderr,
				Getenv: a.Getenv, Found: a.found()})
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the configuration (default "+defaultConfig+" where it exists)")
	cmd.Flags().StringVar(&listen, "listen", "", "the address to listen on, host:port")
	return cmd
}

// loadConfig reads the configuration and says which file it came from.
func (a *app) loadConfig(path, listen string) (cfg config.Config, read string, err error) {
	s := config.Sources{Path: path, ReadFile: os.ReadFile, Getenv: a.Getenv, Listen: listen, Data: a.data, Kinds: a.Kinds}
	if path == "" {
		s.Path, s.Optional = defaultConfig, true
	}
	cfg, err = config.Load(s)
	if _, statErr := os.Stat(s.Path); statErr == nil {
		read = s.Path
	}
	return cfg, read, err
}

func (a *app) found() []Found {
	if a.Found == nil {
		return nil
	}
	return a.Found(a.Getenv)
}

// untilInterrupt returns a context that Ctrl-C and SIGTERM end.
func untilInterrupt(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// missing says that this build lacks a part.
func missing(part string) error {
	return fault.New(fault.Unavailable, "not_built_in", "this build of steward does not hold %s", part).
		Hinted("use a released binary, or build ./cmd/steward")
}
