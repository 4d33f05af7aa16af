//go:build !linux

package agent

import (
	"fmt"
	"os"
	"runtime"

	"example.org/kmodsh/internal/kernel"
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

// Gate is a loader's end of the gate, which only a Linux guest has.
type Gate struct{}

// DialGate returns a Gate that does nothing.
func DialGate() *Gate { return &Gate{} }

// Followed returns false.
func (*Gate) Followed() bool { return false }

// Policy returns "".
func (*Gate) Policy() string { return "" }

// Report returns report.
func (*Gate) Report(report func(trace.Event)) func(trace.Event) { return report }

// Kernel returns k.
func (*Gate) Kernel(k kernel.Kernel) kernel.Kernel { return k }

// Lie does nothing.
func (*Gate) Lie(func(trace.Event), []string) (status int, handled bool) { return 0, false }

// runProgram runs nothing: only a Linux guest has a modprobe of ours.
func runProgram([]string) int { return notLinux() }
