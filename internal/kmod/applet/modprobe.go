package applet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/refusal"
)

// modprobeOptions are the flags of modprobe(8), in the order in which
// getopt_long names them.
var modprobeOptions = []option{
	{short: 'a', long: "all"},
	{short: 'r', long: "remove"},
	{long: "remove-dependencies", as: "remove-holders"},
	{long: "remove-holders"},
	{short: 'w', long: "wait", arg: true},
	{short: 'R', long: "resolve-alias"},
	{long: "first-time"},
	{short: 'i', long: "ignore-install", as: "ignore"},
	{long: "ignore-remove", as: "ignore"},
	{short: 'b', long: "use-blacklist"},
	{short: 'f', long: "force"},
	{long: "force-modversion"},
	{long: "force-vermagic"},
	{short: 'D', long: "show-depends"},
	{short: 'c', long: "showconfig"},
	{long: "show-config", as: "showconfig"},
	{long: "show-modversions"},
	{long: "dump-modversions", as: "show-modversions"},
	{long: "show-exports"},
	{short: 'n', long: "dry-run"},
	{long: "show", as: "dry-run"},
	{short: 'C', long: "config", arg: true},
	{short: 'd', long: "dirname", arg: true},
	{short: 'S', long: "set-version", arg: true},
	{short: 's', long: "syslog"},
	{short: 'q', long: "quiet"},
	{short: 'v', long: "verbose"},
	{short: 'V', long: "version"},
	{short: 'h', long: "help"},
	{short: 'j', long: "jobs", arg: true, own: true},
}

// modprobeRun is one run of modprobe.
type modprobeRun struct {
	*program
	all, remove, holders, first, force bool
	verbose, syslog                    bool
	silent                             bool            // -q; what is wrong with the flags is said nevertheless
	asked                              map[string]bool // the flags of queries, by id
	query                              string          // the one of them that counts; "" for none
	out                                *bufio.Writer   // of a query's lines

	handDown string // MODPROBE_OPTIONS of commands
	handed   bool   // that it is set, if only to nothing
	wait     time.Duration
	jobs     int // modules to load at once; 0: one after the other, as kmod
	config   []string
	dir      string // of the tree
	loader   kmod.Loader
	dirname  string
	version  string
}

func (p *program) modprobe(args []string) error {
	m := &modprobeRun{program: p, out: bufio.NewWriter(p.Stdout), asked: map[string]bool{}}
	m.handDown, m.handed = p.env("MODPROBE_OPTIONS")
	args = append(splitOptions(m.handDown), args...)
	flags, rest, err := p.options(args, modprobeOptions)
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
	if err != nil {
		return err
	}
	if m.syslog { // messages about the flags were for standard error, as with kmod
		m.toSyslog()
	}
	m.query = query(m.asked, m.remove)
	if len(rest) == 0 && m.query != "showconfig" {
		return said("missing parameters. See -h.")
	}
	m.quiet = m.silent
	if m.remove && m.asked["show-depends"] {
		m.loader.DryRun, m.loader.IgnoreLoaded = true, true
	}
	if m.dir, err = p.treeDir(m.dirname, m.version); err != nil {
		return err
	}
	if err := m.open(); err != nil {
		return err
	}
	ctx := context.Background()
	switch {
	case m.query == "showconfig":
		return m.showConfig()
	case m.query == "show-modversions", m.query == "show-exports":
		return m.showSymbols(rest[0])
	case m.remove:
		return m.each(rest, func(name string) error { return m.unload(ctx, name) })
	case m.all:
		return m.loadAll(ctx, rest)
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
		m.holders = true
	case "wait":
		var ok bool
		if m.wait, ok = waitValue(f.value); !ok {
			return said("unexpected wait value '%s'.", f.value)
		}
	case "jobs":
		n, err := strconv.Atoi(f.value)
		if err != nil || n < 1 || n > kmod.MaxJobs {
			return said("unexpected number of jobs '%s': 1 to %d.", f.value, kmod.MaxJobs)
		}
		if m.jobs = n; m.InOrder {
			m.jobs = 0
		}
	case "first-time":
		m.first = true
	case "ignore":
		m.loader.IgnoreCommands = true
	case "use-blacklist":
		m.loader.Blacklist = true
	case "force":
		m.force = true
		m.loader.Flags |= kernel.IgnoreModversions | kernel.IgnoreVermagic
	case "force-modversion":
		m.loader.Flags |= kernel.IgnoreModversions
	case "force-vermagic":
		m.loader.Flags |= kernel.IgnoreVermagic
	case "resolve-alias", "show-depends", "showconfig", "show-modversions", "show-exports":
		m.asked[f.id] = true
	case "dry-run":
		m.loader.DryRun = true
	case "config":
		m.pass("-C", f.value)
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
	case "syslog":
		m.pass("-s")
		m.syslog = true
	case "quiet":
		m.pass("-q")
		m.silent = true
	case "verbose":
		m.pass("-v")
		m.verbose = true
	}
	return nil
}

// pass hands flags down to a modprobe inside an install or remove command, as
// kmod does with these: so it reads the same configuration.
func (m *modprobeRun) pass(words ...string) {
	for _, w := range words {
		if m.handed {
			m.handDown += " " // also behind nothing: an empty word, and so an empty name there
		}
		m.handDown += w
		m.handed = true
	}
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
	if !m.quiet {
		r.Says = func(text string) { m.complain(said("%s", text)) }
	}
	l := &m.loader
	l.Note = m.complain
	l.LastCounts = m.Policy == "" // nobody asks for more than kmod's status
	l.Resolver, l.Policy, l.Report, l.Now, l.Thread, l.AtHand = r, policy, m.Report, m.Now, m.Thread, true
	run := m.Run
	if run == nil {
		run = Shell
	}
	l.Run = func(ctx context.Context, c kmod.Command) (int, error) {
		c.Options = m.handDown
		return run(ctx, c)
	}
	// Since kmod 35 a dry run needs no -v to say what it does not do.
	if m.verbose && !m.quiet || l.DryRun {
		l.Show = m.showStep
	}
	if m.query != "" {
		return nil
	}
	if l.Kernel, err = m.kernel(); err == nil && !m.quiet {
		l.Why = refusal.OfThisSystem(r, l.Kernel.Release()).Seen
	}
	return err
}

// showStep prints what is done, as -v has it. Of what is removed kmod tells at once,
// of what is loaded when its buffer is full, so behind what install commands print.
func (m *modprobeRun) showStep(line string) {
	fmt.Fprintln(m.Stdout, line)
	if m.remove {
		m.stdout.Flush()
	}
}

// each takes several names and goes on after a failure; the run has failed
// when one has.
func (m *modprobeRun) each(names []string, do func(string) error) error {
	var failed error
	for _, name := range names {
		if err := do(name); err != nil {
			m.complain(err)
			failed = errSilent
			var fatal fatalError
			if errors.As(err, &fatal) && !m.quiet {
				break // with such a message kmod ends at once, if it prints it
			}
		}
	}
	if err := m.out.Flush(); err != nil {
		return err
	}
	return failed
}

// complain prints an error behind the lines that came before it.
func (m *modprobeRun) complain(err error) {
	m.out.Flush() // what is wrong with it stays there, and is told at the end
	m.program.complain(err)
}
