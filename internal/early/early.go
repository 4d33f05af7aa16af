// Package early answers those of kmod's queries for which only indexes are read
// (modprobe -R, -D, -c) before the rest of the program is initialised: what the
// screen, the lab and the explorer link takes longer to prepare its tables than
// such a query takes in all, and initramfs tools ask thousands of them.
//
// Go initialises packages that are ready in the order of their import paths, so
// the init of this package runs before those of all packages of others that it
// does not import itself; a test of the house holds that these are few. It must
// not know anything above internal/kmod/applet, and be imported by programs only.
package early

import (
	"os"
	"path"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod/applet"
)

// init answers a query and ends the process, or does nothing.
func init() {
	enoughStack(false)
	if name, args, ok := query(os.Args); ok {
		os.Exit(applet.Main(name, args, env()))
	}
}

// enoughStack makes the stack as large at once as a query needs it: by
// itself it would double four times, and each time be copied, and each size
// has its own pages to be made. What grows it is the frame alone; deep is false.
//
//go:noinline
func enoughStack(deep bool) {
	if deep {
		var frame [20 << 10]byte
		fill(&frame)
	}
}

//go:noinline
func fill(b *[20 << 10]byte) { clear(b[:]) }

// query says whether a command line is one of the queries.
func query(argv []string) (name string, args []string, ok bool) {
	if len(argv) == 0 {
		return "", nil, false
	}
	name, args = strings.TrimPrefix(path.Base(argv[0]), "kmodsh-"), argv[1:]
	if !slices.Contains(applet.Names(), name) {
		if len(args) == 0 || !slices.Contains(applet.Names(), args[0]) {
			return "", nil, false
		}
		name, args = args[0], args[1:]
	}
	return name, args, applet.OnlyIndexes(name, args, os.Getenv)
}

// env is the world of an applet on this system, without what watches it.
func env() applet.Env {
	return applet.Env{
		Stdout: os.Stdout, Stderr: os.Stderr,
		Kernel:  func() (kernel.Kernel, error) { return kernel.NewLinux() },
		Cmdline: kernel.Cmdline,
		Getenv:  os.Getenv,
	}
}
