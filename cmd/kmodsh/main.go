// Command kmodsh drives a kernel's module loader: it makes loads, requests and
// unloads happen in a throw-away virtual machine or on this host, and shows
// every step. The same program is init, agent and modprobe of its guests.
//
// This package turns flags into a target and hands it to a front. It must not
// know what a verb does or how a screen is drawn.
package main

import (
	"os"

	_ "example.org/kmodsh/internal/early"            // queries end here, before the rest is initialised
	_ "example.org/kmodsh/internal/early/answer"     // by this
	_ "example.org/kmodsh/internal/kmod/unpack/link" // the tools of kmod open module files
	_ "example.org/kmodsh/internal/quiet"            // before anything that links Bubble Tea
)

func main() {
	if status, ok := dispatch(os.Args); ok {
		os.Exit(status)
	}
	os.Exit(run(os.Args[1:]))
}
