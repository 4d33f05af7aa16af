// Package answer answers those of kmod's queries for which only indexes are read
// (modprobe -R, -D, -c), and ends the process. It is what internal/early runs
// before the packages above are initialised, and therefore must not import any
// with an init function of their own that internal/early does not import, too; a
// test of cmd/kmodsh holds that. It must not know anything above
// internal/kmod/applet, and be imported by programs only.
package answer

import (
	"os"
	"path"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod/applet"
)

// Query answers a query and ends the process with the applet's status, or does
// nothing where the command line is none.
func Query(argv []string) {
	if kernel.ErrNotFound == nil {
		return // a build for a debugger: what is data otherwise is made by init functions there
	}
	if name, args, ok := query(argv); ok {
		os.Exit(applet.Main(name, args, env()))
	}
}

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
	return name, args, applet.OnlyIndexes(name, args, os.LookupEnv)
}

// env is the world of an applet on this system, without what watches it.
func env() applet.Env {
	return applet.Env{
		Stdout: os.Stdout, Stderr: os.Stderr,
		Kernel:    func() (kernel.Kernel, error) { return kernel.NewLinux() },
		Cmdline:   kernel.Cmdline,
		LookupEnv: os.LookupEnv,
	}
}
