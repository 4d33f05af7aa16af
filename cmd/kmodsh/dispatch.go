package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"example.org/kmodsh/internal/agent"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/applet"
	"example.org/kmodsh/internal/lab"
	"example.org/kmodsh/internal/terminal"
)

// dispatch recognises by its name what the program is this time: init or a
// child of the agent in a guest, the warden of a virtual machine, who looks after
// a terminal, or one of kmod's tools. It comes before everything else, since a kernel waits for the
// modprobe it starts, and init has nothing to stand on yet.
func dispatch(argv []string) (status int, ok bool) {
	name := "kmodsh"
	if len(argv) > 0 {
		name = filepath.Base(argv[0])
	}
	switch {
	case os.Getpid() == 1 && name == "init":
		return agent.Main(), true
	case name == "kmodsh-child":
		return agent.ChildMain(), true
	case agent.IsShell(name):
		return agent.ShellMain(argv), true
	case len(argv) > 1 && argv[1] == lab.WardenArg:
		return lab.WardenMain(argv[2:]), true
	case len(argv) > 1 && argv[1] == terminal.Arg:
		return terminal.Main(), true
	case slices.Contains(applet.Names(), name):
		return runApplet(name, argv[1:]), true
	case len(argv) > 1 && slices.Contains(applet.Names(), argv[1]):
		return runApplet(argv[1], argv[2:]), true
	}
	return 0, false
}

// runApplet runs one of kmod's tools. In a guest it reports its stages to the
// agent, stops at them when it is followed, and may be told to lie.
func runApplet(name string, args []string) int {
	report, hangUp := agent.DialReport()
	defer hangUp()
	thread := func() func() {
		return kernel.LockThread(func() {
			fmt.Fprintf(os.Stderr, "%s: ERROR: %v\n", name, kernel.ErrOops)
			report(kmod.Exited(1))
			os.Exit(1)
		})
	}
	defer thread()()
	gate := agent.DialGate()
	report = gate.Report(report)
	if status, ok := gate.Lie(report, append([]string{name}, args...)); ok {
		return status
	}
	began := time.Now()
	return applet.Main(name, args, applet.Env{
		Stdout: os.Stdout, Stderr: os.Stderr,
		Kernel: func() (kernel.Kernel, error) {
			k, err := kernel.NewLinux()
			if err != nil {
				return nil, err
			}
			return gate.Kernel(k), nil
		},
		Policy:    gate.Policy(),
		Report:    report,
		Thread:    thread,
		InOrder:   gate.Followed(), // one thread of a loader is followed
		Cmdline:   kernel.Cmdline,
		LookupEnv: os.LookupEnv,

		DepmodCache: depmodCache(name),
		Now:         func() int64 { return int64(time.Since(began)) },
	})
}

// depmodMemory is how much memory in bytes depmod takes before it collects what
// it needs no more: it runs for a moment, and most of what it makes it keeps.
const depmodMemory = 96 << 20

// depmodCache is where depmod keeps what it learnt of module files: in the cache
// of the user who runs it; "" where there is none. It also puts off the
// collection of garbage.
func depmodCache(applet string) string {
	if applet != "depmod" {
		return ""
	}
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(depmodMemory)
	dir, err := lab.DefaultCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "depmod")
}
