// Command steward is LLMOps in one binary.
package main

import (
	"os"

	"github.com/steward-llmops/steward/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
