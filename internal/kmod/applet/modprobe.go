package applet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
)

// modprobeOptions are the flags of modprobe(8) of kmod 30.
var modprobeOptions = []option{
	{short: 'a', long: "all"},
	{short: 'r', long: "remove"},
	{long: "remove-dependencies", absent: true},
	{long: "remove-holders"},
	{short: 'w', long: "wait", arg: true},
	{long: "first-time"},
	{short: 'i', long: "ignore-install"},
	{long: "ignore-remove"},
	{short: 'b', long: "use-blacklist"},
	{short: 'f', long: "force"},
	{long: "force-modversion"},
	{long: "force-vermagic"},
	{short: 'R', long: "resolve-alias"},
	{short: 'D', long: "show-depends"},
	{short: 'c', long: "showconfig", absent: true},
	{long: "show-config", absent: true},
	{long: "show-modversions", absent: true},
	{long: "dump-modversions", absent: true},
	{long: "show-exports", absent: true},
	{short: 'n', long: "dry-run"},
	{long: "show"},
	{short: 'C', long: "config", arg: true},
	{short: 'd', long: "dirname", arg: true},
	{short: 'S', long: "set-version", arg: true},
	{short: 's', long: "syslog", absent: true},
	{short: 'q', long: "quiet"},
	{short: 'v', long: "verbose"},
	{short: 'V', long: "version"},
	{short: 'h', long: "help"},
}

// modprobeRun is one run of modprobe.
type modprobeRun struct {
	*program
	all, remove, holders, first, names, depends, verbose bool

	wait    time.Duration
	config  []string
	dir     string // of the tree
	loader  kmod.Loader
	dirname string
	version string
}

func (p *program) modprobe(args []string) error {
	if p.Getenv != nil {
		args = append(strings.Fields(p.Getenv("MODPROBE_OPTIONS")), args...)
	}
	flags, rest, err := getopt(args, modprobeOptions)
	if err != nil {
		return err
	}
	m := &modprobeRun{program: p}
	for _, f := range flags {
		switch f.id {
		case "help":
			return p.help()
		case "version":
			return p.version()
		}
		if err := m.flag(f); err != nil {
			return err
		}
	}
	if len(rest) == 0 {
		return said("missing parameters. See -h.")
	}
	if m.dir, err = p.treeDir(m.dirname, m.version); err != nil {
		return err
	}
	if err := m.open(); err != nil {
		if errors.Is(err, kernel.ErrNotFound) {
			return m.notFound(rest[0], err)
		}
		return err
	}
	ctx := context.Background()
	switch {
	case m.remove:
		return m.each(rest, func(name string) error { return m.unload(ctx, name) })
	case m.all:
		return m.each(rest, func(name string) error { return m.load(ctx, name, nil) })
	}
	return m.load(ctx, rest[0], rest[1:])
}

// flag takes one flag.
func (m *modprobeRun) flag(f flag) error {
	switch f.id {
	case "all":
		m.all = true
	case "remove":
		m.remove = true
	case "remove-holders":
		m.remove, m.holders = true, true
	case "wait":
		ms, err := strconv.ParseUint(f.value, 10, 31)
		if err != nil {
			return fmt.Errorf("unable to parse wait time %q: give milliseconds", f.value)
		}
		m.wait = time.Duration(ms) * time.Millisecond
	case "first-time":
		m.first = true
	case "ignore-install", "ignore-remove":
		m.loader.IgnoreCommands = true
	case "use-blacklist":
		m.loader.Blacklist = true
	case "force":
		m.loader.Flags |= kernel.IgnoreModversions | kernel.IgnoreVermagic
	case "force-modversion":
		m.loader.Flags |= kernel.IgnoreModversions
	case "force-vermagic":
		m.loader.Flags |= kernel.IgnoreVermagic
	case "resolve-alias":
		m.names = true
	case "show-depends":
		m.depends = true
	case "dry-run", "show":
		m.loader.DryRun = true
	case "config":
		if m.config == nil {
			m.config = []string{}
		}
		if f.value != os.DevNull { // how one asks for no configuration
			m.config = append(m.config, f.value)
		}
	case "dirname":
		m.dirname = f.value
	case "set-version":
		m.version = f.value
	case "quiet":
		m.quiet = true
	case "verbose":
		m.verbose = true
	}
	return nil
}

// open readies the loader. A query needs no kernel.
func (m *modprobeRun) open() error {
	policy, err := kmod.PolicyByName(m.Policy)
	if err != nil {
		return err
	}
	r, err := m.resolver(m.dir, m.config)
	if err != nil {
		return err
	}
	l := &m.loader
	l.Resolver, l.Policy, l.Report, l.Run, l.Now = r, policy, m.Report, m.Run, m.Now
	if l.Run == nil {
		l.Run = Shell
	}
	if m.verbose {
		l.Show = func(line string) { fmt.Fprintln(m.Stdout, line) }
	}
	if m.names || m.depends {
		return nil
	}
	l.Kernel, err = m.kernel()
	return err
}

// each takes several names and goes on after a failure; the run has failed
// when one has.
func (m *modprobeRun) each(names []string, do func(string) error) error {
	var failed error
	for _, name := range names {
		if err := do(name); err != nil {
			m.complain(err)
			failed = errSilent
		}
	}
	return failed
}

// load loads or shows what a name stands for.
func (m *modprobeRun) load(ctx context.Context, name string, params []string) error {
	switch {
	case m.names:
		names, err := m.loader.Resolver.ShowNames(name)
		return m.print(name, names, err)
	case m.depends:
		lines, err := m.loader.Resolver.ShowDepends(name, m.dir, kmod.PlanOptions{
			Params: kmod.JoinParams(params), IgnoreCommands: m.loader.IgnoreCommands, Blacklist: m.loader.Blacklist,
		})
		if err != nil && len(lines) > 0 {
			m.complain(err)
			err = nil
		}
		return m.print(name, lines, err)
	}
	_, err := m.loader.Load(ctx, kernel.LoadRequest{Name: name, Params: params, First: m.first})
	if err == nil {
		return nil
	}
	var refused *kernel.LoadError
	if !errors.As(err, &refused) && errors.Is(err, kernel.ErrNotFound) {
		return m.notFound(name, err)
	}
	m.sayInsert(name, err, insertReason)
	return errSilent
}

// print writes the lines of a query.
func (m *modprobeRun) print(name string, lines []string, err error) error {
	for _, l := range lines {
		fmt.Fprintln(m.Stdout, l)
	}
	if errors.Is(err, kernel.ErrNotFound) {
		return m.notFound(name, err)
	}
	return err
}

// notFound is kmod's message for a name that stands for nothing. Where the
// tree is to blame, it is followed by what is wrong with it.
func (m *modprobeRun) notFound(name string, err error) error {
	text := fmt.Sprintf("Module %s not found in directory %s", name, m.dir)
	if why := err.Error(); strings.Contains(why, "depmod") || strings.Contains(why, "which has no") || strings.HasPrefix(why, "module tree") {
		text += "\n" + m.name + ": " + why
	}
	if m.all {
		return warning{text}
	}
	return fatalError{text}
}

// unload removes what a name stands for. That nothing of it is loaded is a
// failure only with --first-time.
func (m *modprobeRun) unload(ctx context.Context, name string) error {
	res, err := m.loader.Unload(ctx, kernel.UnloadRequest{
		Name: name, Deps: true, Holders: m.holders, Wait: m.wait, Force: m.loader.Flags != 0,
	})
	switch {
	case err == nil:
		return nil
	case res.State == trace.Builtin:
		return fatalError{fmt.Sprintf("Module %s is builtin.", name)}
	case !errors.Is(err, kernel.ErrNotFound):
		m.sayRemove(err)
		return errSilent
	}
	if _, unknown := m.loader.Resolver.Resolve(name); unknown != nil {
		return fatalError{fmt.Sprintf("Module %s not found.", name)}
	}
	if m.first {
		return fatalError{fmt.Sprintf("Module %s is not in kernel.", name)}
	}
	return nil
}

// sayRemove prints why a module could not be removed: kmod's line, and below
// it who holds the module.
func (m *modprobeRun) sayRemove(err error) {
	for _, err := range split(err) {
		var le *kernel.LoadError
		switch {
		case !errors.As(err, &le) || le.Errno == 0:
			m.complain(err)
		case le.Errno == syscall.EAGAIN:
			m.complain(fatalError{fmt.Sprintf("Module %s is in use.", le.Module)})
		default:
			m.complain(said("could not remove '%s': %s", le.Module, strerror(le.Errno)))
		}
		if le != nil && le.Why != "" && !m.quiet {
			fmt.Fprintf(m.Stderr, "%s: %s: %s\n", m.name, le.Module, le.Why)
		}
	}
}
