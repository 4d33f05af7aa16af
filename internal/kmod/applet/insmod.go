package applet

import (
	"context"
	"errors"
	"os"
	"path"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/refusal"
)

// insmodOptions are the flags of insmod(8) since kmod 34, and those by which
// kmod 35 forces one check only.
var insmodOptions = []option{
	{short: 'f', long: "force"},
	{long: "force-modversion"},
	{long: "force-vermagic"},
	{short: 's', long: "syslog"},
	{short: 'v', long: "verbose"},
	{short: 'V', long: "version"},
	{short: 'h', long: "help"},
}

// insmod loads one module file without looking after dependencies.
func (p *program) insmod(args []string) error {
	flags, rest, err := p.options(args, insmodOptions)
	var force kernel.InitFlags
	for _, f := range flags {
		switch f.id {
		case "help":
			return p.help()
		case "version":
			return p.version()
		case "force":
			force |= kernel.IgnoreModversions | kernel.IgnoreVermagic
		case "force-modversion":
			force |= kernel.IgnoreModversions
		case "force-vermagic":
			force |= kernel.IgnoreVermagic
		case "syslog":
			p.toSyslog()
		}
	}
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return said("missing filename.")
	}
	if rest[0] == "-" {
		return said("this tool does not support loading from stdin!")
	}
	if _, err := os.Stat(rest[0]); err == nil && strings.HasSuffix(rest[0], "/") {
		return said("could not load module %s: %s", rest[0], strerror(syscall.ENOENT)) // a path without a file's name
	}
	k, err := p.kernel()
	if err != nil {
		return err
	}
	l := kmod.Loader{Kernel: k, Report: p.Report, Now: p.Now, Flags: force}
	err = l.InsertFile(context.Background(), rest[0], rest[1:])
	var le *kernel.LoadError
	if !errors.As(err, &le) {
		return err
	}
	errno := fileErrno(le)
	_, absent := os.Stat(rest[0])
	switch {
	case absent != nil:
		p.complain(said("could not load module %s: %s", rest[0], strerror(kernel.ErrnoOf(absent))))
	case errno != 0:
		if errno == syscall.ENODATA {
			p.complain(said(failedToStrip))
		}
		p.complain(said("could not insert module %s: %s", rest[0], fileReason(errno)))
	default:
		p.complain(said("could not insert module %s: %v", rest[0], le.Err))
	}
	p.sayLog(le.Log)
	p.sayFile(le)
	if le.Errno != 0 {
		tree := kmod.OpenHostTree("/lib/modules/" + k.Release())
		tree.TakeClosedForAbsent()
		tree.OnDamage(p.damage)
		defer tree.Close()
		file := rest[0]
		if wd, err := os.Getwd(); err == nil && !path.IsAbs(file) {
			file = path.Join(wd, file)
		}
		step := kmod.PlanStep{Module: le.Module, File: file, Params: kmod.JoinParams(rest[1:])}
		p.sayWhy(refusal.OfThisSystem(kmod.NewResolver(tree, nil), k.Release()).Seen(step, le))
	}
	return errSilent
}
