// Command steward is LLMOps in one binary.
package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/steward-llmops/steward/internal/cli"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// What lives long is a few megabytes and what a call needs dies with it, so a
		// few megabytes more between collections halve their share of the time.
		debug.SetGCPercent(300)
	}
	if n := runtime.GOMAXPROCS(0); os.Getenv("GOMAXPROCS") == "" && n < 8 {
		// A batch of a projection holds one of Go's processors for milliseconds. With two
		// more than there are CPUs, calls are never without: the kernel shares the CPUs
		// out among them, and those that have slept go first.
		runtime.GOMAXPROCS(n + 2)
	}
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
