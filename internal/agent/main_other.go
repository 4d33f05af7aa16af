//go:build !linux

package agent

import (
	"fmt"
	"os"
	"runtime"

	"example.org/kmodsh/internal/trace"
)

// Main says that only a Linux guest has an agent; it returns an exit status.
func Main() int { return notLinux() }

// ChildMain says that only a Linux guest has an agent; it returns an exit
// status.
func ChildMain() int { return notLinux() }

func notLinux() int {
	fmt.Fprintf(os.Stderr, "kmodsh-agent: fatal: the agent is the first process of a Linux guest, this is %s\n", runtime.GOOS)
	return 1
}

// DialReport returns functions that do nothing: only a Linux guest has an
// agent to report to.
func DialReport() (report func(trace.Event), hangUp func()) {
	return func(trace.Event) {}, func() {}
}
