// Package cli is the command line: one file a command.
package cli

import "io"

// Main runs the command that args name and returns the process's exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return 2
}
