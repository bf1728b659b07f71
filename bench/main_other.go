//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "error: bench runs on Linux only\nwhy:   it pins processes to processors, and reads their CPU time from /proc\ntry:   run it on a Linux machine or in a virtual one")
	os.Exit(1)
}
