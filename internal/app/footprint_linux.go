package app

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// settleDown gives back what only the start needed: garbage, and the pages of the
// program's code that initialisation went through, most of them the calls engine's.
// Pages of code are never written to, so the kernel reads those that are needed
// again from its cache of the file.
func settleDown() {
	debug.FreeOSMemory()
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		// "00400000-0a2b3000 r-xp 00000000 fe:00 1234   /usr/bin/steward"
		fields := strings.Fields(s.Text())
		if len(fields) < 6 || fields[1] != "r-xp" || !strings.HasPrefix(fields[5], "/") {
			continue
		}
		from, to, _ := strings.Cut(fields[0], "-")
		a, aerr := strconv.ParseUint(from, 16, 64)
		b, berr := strconv.ParseUint(to, 16, 64)
		if aerr == nil && berr == nil && a < b {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(a), uintptr(b-a), syscall.MADV_DONTNEED)
		}
	}
}
