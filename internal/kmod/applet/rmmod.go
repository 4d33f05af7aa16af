package applet

import (
	"context"
	"path"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// rmmodOptions are the flags of rmmod(8).
var rmmodOptions = []option{
	{short: 'f', long: "force"},
	{short: 's', long: "syslog"},
	{short: 'v', long: "verbose"},
	{short: 'V', long: "version"},
	{short: 'h', long: "help"},
}

// rmmod removes modules by the kernel alone, without a module tree.
func (p *program) rmmod(args []string) error {
	flags, names, err := getopt(args, rmmodOptions)
	force := false
	for _, f := range flags {
		switch f.id {
		case "help":
			return p.help()
		case "version":
			return p.version()
		case "force":
			force = true
		case "syslog":
			p.toSyslog()
		}
	}
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return said("missing module name.")
	}
	k, err := p.kernel()
	if err != nil {
		return err
	}
	var failed error
	for _, name := range names {
		if err := p.removeOne(k, name, force); err != nil {
			p.complain(err)
			failed = errSilent
		}
	}
	return failed
}

// removeOne removes one module; a file name stands for its module.
func (p *program) removeOne(k kernel.Kernel, name string, force bool) error {
	if strings.ContainsAny(name, "/.") {
		name, _, _ = strings.Cut(path.Base(name), ".")
	}
	if err := kernel.CheckModuleName(name); err != nil {
		return err
	}
	modules, err := kernel.ModulesOrNone(k)
	if err != nil {
		return err
	}
	name = kernel.Normalize(name)
	var found *kernel.Module
	for i := range modules {
		if modules[i].Name == name {
			found = &modules[i]
		}
	}
	switch {
	case found == nil:
		return said("Module %s is not currently loaded", name)
	case len(found.Users) > 0:
		return said("Module %s is in use by: %s", name, strings.Join(found.Users, " "))
	case found.Refs > 0 && !force:
		return said("Module %s is in use", name)
	}
	p.report(trace.Event{Point: trace.PointRemove, Module: name})
	err = k.Delete(context.Background(), name, force)
	errno := kernel.ErrnoOf(err)
	p.report(trace.Event{Point: trace.PointRemoved, Module: name, Ret: trace.Int(-int64(errno))})
	switch {
	case err == nil:
		return nil
	case errno != 0:
		// libkmod and rmmod say so both.
		p.complain(said("could not remove '%s': %s", name, strerror(errno)))
		return said("could not remove module %s: %s", name, strerror(errno))
	}
	return said("could not remove module %s: %v", name, err)
}

// report hands over an event.
func (p *program) report(e trace.Event) {
	if p.Report != nil {
		e.Source = "helper"
		p.Report(e)
	}
}
