//go:build !linux

package app

import "runtime/debug"

// settleDown gives back the garbage of the start.
func settleDown() { debug.FreeOSMemory() }
