package applet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// depmodOptions are the flags of depmod(8).
var depmodOptions = []option{
	{short: 'a', long: "all"},
	{short: 'A', long: "quick"},
	{short: 'b', long: "basedir", arg: true},
	{short: 'm', long: "moduledir", arg: true},
	{short: 'o', long: "outdir", arg: true},
	{short: 'C', long: "config", arg: true},
	{short: 'E', long: "symvers", arg: true},
	{short: 'F', long: "filesyms", arg: true},
	{short: 'e', long: "errsyms"},
	{short: 'v', long: "verbose"},
	{short: 'n', long: "show"},
	{long: "dry-run", as: "show"},
	{short: 'P', long: "symbol-prefix", arg: true},
	{short: 'w', long: "warn"},
	{short: 'V', long: "version"},
	{short: 'h', long: "help"},
}

// dryRunFiles are what depmod -n prints: the text indexes.
var dryRunFiles = [...]string{
	"modules.dep", "modules.alias", "modules.softdep", "modules.weakdep", "modules.symbols", "modules.devname",
}

// depmodRun is one run of depmod.
type depmodRun struct {
	*program
	opt                kmod.DepmodOptions
	base, out          *string // nil: not given
	moduleDir          string
	symvers, systemMap string
	files              []string
	config             []string // of -C, each of which adds to those before
	all, quick         bool
	show, warn, errs   bool
}

// depmod makes the indexes of a module tree.
func (p *program) depmod(args []string) error {
	flags, rest, err := p.options(args, depmodOptions)
	d := &depmodRun{program: p, opt: kmod.DepmodOptions{Config: p.DepmodConfig, Cache: p.DepmodCache, Now: time.Now().UnixNano()}, moduleDir: "/lib/modules"}
	d.opt.Warn = d.say
	for _, f := range flags {
		switch f.id {
		case "help":
			return p.help()
		case "version":
			return p.version()
		}
		if err := d.flag(f); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	switch {
	case d.config != nil:
		d.opt.Config = d.config
	case d.opt.Config == nil:
		d.opt.Config = kmod.DefaultDepmodConfig()
	}
	if err := d.arguments(rest); err != nil {
		return err
	}
	if d.quick && (d.show || d.upToDate()) {
		return nil
	}
	// Of modules.softdep, which a run before may have left there, and of the kernel's
	// command line kmod reads here what is bad in them. Damage is made good.
	if _, err := p.resolverOf(kmod.OpenHostTree(d.opt.Dir), nil); err != nil {
		return err
	}
	if err := d.kernelSymbols(); err != nil {
		return err
	}
	if err := d.modules(); err != nil {
		return err
	}
	if d.show {
		return d.told(d.showIndexes())
	}
	_, err = kmod.Depmod(context.Background(), d.opt)
	return d.told(err)
}

// flag takes one flag.
func (d *depmodRun) flag(f flag) error {
	switch f.id {
	case "all":
		d.all = true
	case "quick": // goes before -a, wherever it stands
		d.quick = true
	case "basedir":
		d.base = &f.value
	case "moduledir":
		d.moduleDir = "/" + strings.TrimLeft(f.value, "/")
	case "outdir":
		d.out = &f.value
	case "config":
		d.config = append(d.config, f.value)
	case "symvers":
		d.symvers = f.value
	case "filesyms":
		d.systemMap = f.value
	case "errsyms":
		d.errs = true
	case "verbose":
		d.opt.Needs = func(module, symbol, provider string) {
			fmt.Fprintf(d.Stdout, "%s needs \"%s\": %s\n", module, symbol, provider)
		}
	case "show":
		d.show = true
	case "symbol-prefix":
		if len(f.value) != 1 {
			return fatalError{"-P only takes a single char"}
		}
		d.opt.SymbolPrefix = f.value[0]
	case "warn":
		d.warn, d.opt.Duplicates = true, true
	}
	return nil
}

// arguments takes the release and the files, and puts the directories together.
func (d *depmodRun) arguments(rest []string) error {
	release, err := d.release("")
	if len(rest) > 0 {
		release, err = rest[0], nil
		if !isVersion(release) {
			return said("Bad version passed %s", release)
		}
		d.files = rest[1:]
	}
	if err != nil {
		return err
	}
	base := ""
	if d.base != nil {
		if base, err = absolute(*d.base); err != nil {
			return err
		}
	}
	d.opt.Dir, d.opt.Release = base+d.moduleDir+"/"+release, release
	if d.out != nil {
		out, err := absolute(*d.out)
		if err != nil {
			return err
		}
		d.opt.Out = out + d.moduleDir + "/" + release
	}
	return nil
}

// kernelSymbols reads the file of the kernel's symbols, of two that of -E. What is
// wrong with it is told without -e, too.
func (d *depmodRun) kernelSymbols() error {
	file := cmp.Or(d.symvers, d.systemMap)
	if file == "" {
		if d.errs {
			d.say("WARNING: -e needs -E or -F")
		}
		return nil
	}
	image, err := kmod.ReadKernelSymbols(d.symvers, d.systemMap, d.opt.SymbolPrefix, d.opt.Warn)
	if at := (*fs.PathError)(nil); errors.As(err, &at) && at.Op == "open" {
		return fatalError{fmt.Sprintf("could not load %s: %s", file, strerror(kernel.ErrnoOf(err)))}
	}
	if !d.errs {
		return nil
	}
	d.opt.Kernel = image
	return err
}

// modules looks whether the files that were named are there, or the directory of
// all. With -a or -A files count for nothing.
func (d *depmodRun) modules() error {
	if d.all || d.quick || len(d.files) == 0 {
		err := d.searchable()
		if err == nil {
			return nil
		}
		return fatalError{"could not search modules: " + strerror(kernel.ErrnoOf(err))}
	}
	for _, file := range d.files {
		if !path.IsAbs(file) {
			return fatalError{file + ": not absolute path."}
		}
		_, err := os.Stat(file)
		if err == nil && strings.HasSuffix(file, "/") {
			err = syscall.ENOENT
		}
		if err != nil {
			return fatalError{fmt.Sprintf("could not create module %s: %s", file, strerror(kernel.ErrnoOf(err)))}
		}
	}
	d.opt.Files = d.files
	return nil
}

// isVersion says whether a word can be a kernel's release: two numbers and a
// dot between at its start, as C's scanf reads them. It becomes part of a path.
func isVersion(s string) bool {
	major, rest, ok := strings.Cut(s, ".")
	number := func(s string) string {
		s = strings.TrimLeft(s, " \t\n\v\f\r")
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		return s
	}
	minor := number(rest)
	return ok && isNumber(number(major)) && minor != "" && isNumber(minor[:1]) && !strings.Contains(s, "/")
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
