// Package applet is modprobe, insmod, rmmod, lsmod, modinfo and depmod: kmod's
// flags, words and exit statuses over the loader core of package kmod. The
// kernel starts modprobe from here, in a guest on a slow machine, so start-up
// is lean.
//
// docs/kmod.md lists every flag and behaviour beside kmod's own, from tests that
// run both. It must not know targets, verbs, screens or VMs.
package applet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
)

// Env is what an applet has of the world. Stdout and Stderr are needed, the
// rest may stay zero.
type Env struct {
	Stdout, Stderr io.Writer
	// Kernel opens the kernel to act on, when one is needed.
	Kernel func() (kernel.Kernel, error)
	// Report is told of the stages of modprobe, insmod and rmmod, from start
	// to exit; Time and Seq are the receiver's to fill.
	Report func(trace.Event)
	// Release gives the kernel's release; nil asks the Kernel.
	Release func() string
	// ModulesRoot is the directory with the module trees, one for each
	// release; "" is /lib/modules.
	ModulesRoot string
	// Config are modprobe.d files or directories; nil: those of modprobe.d(5).
	Config []string
	// DepmodConfig are depmod.d files or directories; nil: those of depmod.d(5).
	DepmodConfig []string
	// DepmodCache is a directory in which depmod keeps facts of module files for
	// its next run; "": it keeps none.
	DepmodCache string
	// Cmdline gives the kernel's command line; nil: it is empty.
	Cmdline func() string
	// LookupEnv reads the environment (MODPROBE_OPTIONS, KMOD_LOG,
	// POSIXLY_CORRECT); nil: it is empty.
	LookupEnv func(string) (string, bool)
	// Policy names the loader's policy; "" is verified.
	Policy string
	// Run runs install and remove commands; nil: Shell.
	Run func(context.Context, kmod.Command) (int, error)
	// Now reads the clock in nanoseconds; nil: nothing is timed.
	Now func() int64
	// Thread is kmod.Loader's, for modprobe --jobs.
	Thread func() (done func())
	// InOrder has modprobe load one module after the other whatever --jobs says:
	// where somebody goes through it step by step.
	InOrder bool
}

// program is one run of an applet.
type program struct {
	Env
	name   string
	stdout *stdio    // what Env's Stdout is to an applet
	stderr io.Writer // Env's, also where messages go to the system log
	// quiet suppresses every message.
	quiet bool
}

// applets lists the applets by name.
var applets = [...]struct {
	name string
	run  func(*program, []string) error
}{
	{"modprobe", (*program).modprobe},
	{"insmod", (*program).insmod},
	{"rmmod", (*program).rmmod},
	{"lsmod", (*program).lsmod},
	{"modinfo", (*program).modinfo},
	{"depmod", (*program).depmod},
}

// Names returns the names of the applets.
func Names() []string {
	var names []string
	for _, a := range applets {
		names = append(names, a.name)
	}
	return names
}

// errSilent ends an applet with status 1 and no message.
var errSilent = errors.New("failed")

// Main runs the applet called name with the arguments after its own name and
// returns the exit status: 0, or 1 for every failure, as kmod's tools.
func Main(name string, args []string, env Env) int {
	p := &program{Env: env, name: name, stdout: newStdio(env.Stdout), stderr: env.Stderr}
	p.Stdout = p.stdout
	for _, a := range applets {
		if a.name == name {
			return p.run(a.run, args)
		}
	}
	fmt.Fprintf(env.Stderr, "%s: there is no such applet: %s\n", name, strings.Join(Names(), ", "))
	return 1
}

// run runs an applet between the events of its start and its exit.
func (p *program) run(applet func(*program, []string) error, args []string) int {
	stages := p.Report != nil && (p.name == "modprobe" || p.name == "insmod" || p.name == "rmmod")
	if stages {
		p.Report(kmod.Started(append([]string{p.name}, args...)))
	}
	status := 0
	if err := applet(p, args); err != nil {
		status = 1
		if !errors.Is(err, errSilent) && !p.quiet {
			p.printError(err)
		}
	}
	p.stdout.Flush()
	if stages {
		p.Report(kmod.Exited(status))
	}
	return status
}

// fatalError is an error that kmod calls FATAL.
type fatalError struct{ text string }

func (e fatalError) Error() string { return e.text }

// warning is an error that kmod calls WARNING, since others may go well.
type warning struct{ text string }

func (e warning) Error() string { return e.text }

// env reads a variable of the environment; one that is set may be empty.
func (p *program) env(name string) (value string, set bool) {
	if p.LookupEnv == nil {
		return "", false
	}
	return p.LookupEnv(name)
}

// printError writes an error in the form of kmod's messages.
func (p *program) printError(err error) {
	var usage usageError
	var fatal fatalError
	var warn warning
	switch {
	case errors.As(err, &usage):
		fmt.Fprintf(p.stderr, "%s: %s\n", p.name, usage.text)
	case errors.As(err, &fatal):
		fmt.Fprintf(p.Stderr, "%s: FATAL: %s\n", p.name, fatal.text)
	case errors.As(err, &warn):
		fmt.Fprintf(p.Stderr, "%s: WARNING: %s\n", p.name, warn.text)
	default:
		fmt.Fprintf(p.Stderr, "%s: ERROR: %s\n", p.name, err)
	}
}

// complain prints an error that does not end the run.
func (p *program) complain(err error) {
	if !p.quiet && !errors.Is(err, errSilent) {
		p.printError(err)
	}
}

// kernel opens the kernel.
func (p *program) kernel() (kernel.Kernel, error) {
	if p.Kernel == nil {
		return nil, errors.New("there is no kernel to act on here")
	}
	return p.Kernel()
}

// release returns the release whose tree is meant: the given one, or the
// running kernel's.
func (p *program) release(given string) (string, error) {
	if given == "" {
		if p.Release != nil {
			given = p.Release()
		} else {
			k, err := p.kernel()
			if err != nil {
				return "", err
			}
			given = k.Release()
		}
	}
	if given == "" || strings.ContainsAny(given, "/\x00") || given == "." || given == ".." {
		return "", fmt.Errorf("%q is no kernel release", given)
	}
	return given, nil
}

// treeDir returns the directory of a release's module tree under root, the
// -d or -b of a tool: DIR/lib/modules/RELEASE.
func (p *program) treeDir(root, release string) (string, error) {
	release, err := p.release(release)
	if err != nil {
		return "", err
	}
	dir := "/lib/modules"
	switch {
	case root != "":
		if root, err = absolute(root); err != nil {
			return "", err
		}
		dir = root + dir
	case p.ModulesRoot != "":
		dir = strings.TrimRight(p.ModulesRoot, "/")
	}
	return dir + "/" + release, nil
}

// resolver opens a tree under the configuration in files (nil: the default).
func (p *program) resolver(dir string, config []string) (*kmod.Resolver, error) {
	if config == nil {
		if config = p.Config; config == nil {
			config = kmod.DefaultConfigPaths()
		}
	}
	tree := kmod.OpenHostTree(dir)
	tree.TakeClosedForAbsent()
	tree.OnDamage(p.damage) // also with modprobe -q, as what libkmod says
	r, err := p.resolverOf(tree, config)
	if err == nil {
		r.AtHand = true
	}
	return r, err
}

// resolverOf opens a tree under the configuration in files and says which lines of
// it, of what the tree brings and of the kernel's command line are passed over, also
// with modprobe -q, as kmod does.
func (p *program) resolverOf(tree *kmod.Tree, config []string) (*kmod.Resolver, error) {
	cmdline := ""
	if p.Cmdline != nil {
		cmdline = p.Cmdline()
	}
	c, err := kmod.ReadConfig(config, cmdline)
	if err != nil {
		return nil, err
	}
	r := kmod.NewResolver(tree, c)
	if level, given := p.env("KMOD_LOG"); !given || logsErrors(level) {
		for _, line := range r.Complaints() {
			fmt.Fprintf(p.stderr, "libkmod: ERROR: %s\n", line)
		}
	}
	return r, nil
}

// damage says which file of the module tree is passed over.
func (p *program) damage(err error) {
	fmt.Fprintf(p.stderr, "%s: WARNING: %v\n", p.name, err)
}

// absolute puts the working directory before a relative path, as kmod does,
// whose messages show it so. "" is the working directory.
func absolute(dir string) (string, error) {
	if path.IsAbs(dir) {
		return dir, nil
	}
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return wd + "/" + dir, nil
}
