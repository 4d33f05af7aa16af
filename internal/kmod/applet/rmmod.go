package applet

import (
	"context"
	"os"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
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
	flags, names, err := p.options(args, rmmodOptions)
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

// removeOne removes one module; the path of a file that is there stands for its
// module, every other word is a name, up to a dot. By force, the kernel alone is
// asked, also about what is not loaded or in use (kmod, tools/rmmod.c).
func (p *program) removeOne(k kernel.Kernel, name string, force bool) error {
	given := name
	if _, err := os.Stat(name); err == nil {
		name = name[strings.LastIndexByte(name, '/')+1:]
		if name == "" {
			return said("could not use module %s: %s", given, strerror(syscall.ENOENT))
		}
	}
	name, _, _ = strings.Cut(name, ".")
	name = kernel.Normalize(name)
	if name == "" && !force {
		return p.noHolders(name)
	}
	if kernel.CheckModuleName(name) != nil && !force {
		return said("Module %s is not currently loaded", name)
	}
	if !force {
		if err := p.notInUse(k, name); err != nil {
			return err
		}
	}
	p.report(trace.Event{Point: trace.PointRemove, Module: name})
	err := k.Delete(context.Background(), name, force)
	errno := kernel.ErrnoOf(err)
	p.report(trace.Event{Point: trace.PointRemoved, Module: name, Ret: trace.Int(-int64(errno))})
	switch {
	case err == nil:
		return nil
	case errno != 0:
		// libkmod and rmmod say so both.
		p.complain(said("could not remove '%s': %s", name, strerror(errno)))
		return said("could not remove module %s: %s", given, strerror(errno))
	}
	return said("could not remove module %s: %v", given, err)
}

// notInUse says why a module is not to be removed, or nil.
func (p *program) notInUse(k kernel.Kernel, name string) error {
	modules, err := kernel.ModulesOrNone(k)
	if err != nil {
		return err
	}
	for _, m := range modules {
		if m.Name != name {
			continue
		}
		if users := kernel.HoldersOr(k, name, m.Users); len(users) > 0 {
			return said("Module %s is in use by: %s", name, strings.Join(users, " "))
		}
		if m.Refs > 0 {
			return said("Module %s is in use", name)
		}
		return nil
	}
	if p.builtin(name) {
		return said("Module %s is builtin.", name)
	}
	if s, err := k.Initstate(name); err == nil && s.Dir {
		return p.noHolders(name)
	}
	return said("Module %s is not currently loaded", name)
}

// noHolders is what kmod says of a directory of sysfs that is no loaded module's:
// that of a module which the kernel has built in and no index here lists.
func (p *program) noHolders(name string) error {
	p.complain(said("could not open '/sys/module/%s/holders': %s", name, strerror(syscall.ENOENT)))
	return said("Module unloading is not supported")
}

// builtin says whether the running kernel's tree lists a module as built in.
func (p *program) builtin(name string) bool {
	dir, err := p.treeDir("", "")
	if err != nil {
		return false
	}
	tree := kmod.OpenHostTree(dir)
	tree.TakeClosedForAbsent()
	tree.OnDamage(p.damage)
	defer tree.Close()
	found, err := kmod.NewResolver(tree, nil).ResolveName(name)
	return err == nil && found[0].Via == kmod.ViaBuiltin
}

// report hands over an event.
func (p *program) report(e trace.Event) {
	if p.Report != nil {
		e.Source = "helper"
		p.Report(e)
	}
}
