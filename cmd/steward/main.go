// Command steward is LLMOps in one binary.
package main

import (
	"os"
	"runtime/debug"

	"github.com/steward-llmops/steward/internal/cli"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// What lives long is a few megabytes and what a call needs dies with it, so a
		// few megabytes more between collections halve their share of the time.
		debug.SetGCPercent(300)
	}
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
