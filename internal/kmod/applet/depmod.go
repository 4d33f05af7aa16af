package applet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"example.org/kmodsh/internal/kmod"
)

// depmodOptions are the flags of depmod(8) of kmod 30.
var depmodOptions = []option{
	{short: 'a', long: "all"},
	{short: 'A', long: "quick"},
	{short: 'e', long: "errsyms"},
	{short: 'F', long: "filesyms", arg: true},
	{short: 'E', long: "symvers", arg: true},
	{short: 'P', long: "symbol-prefix", arg: true},
	{short: 'b', long: "basedir", arg: true},
	{short: 'o', long: "outdir", arg: true},
	{short: 'C', long: "config", arg: true},
	{short: 'n', long: "show"},
	{long: "dry-run"},
	{short: 'w', long: "warn"},
	{short: 'v', long: "verbose"},
	{short: 'V', long: "version"},
	{short: 'h', long: "help"},
}

// dryRunFiles are what depmod -n prints, in its order: the text indexes.
var dryRunFiles = [...]string{
	"modules.dep", "modules.alias", "modules.softdep", "modules.weakdep", "modules.symbols", "modules.devname",
}

// depmod makes the indexes of a module tree.
func (p *program) depmod(args []string) error {
	flags, rest, err := getopt(args, depmodOptions)
	if err != nil {
		return err
	}
	var base, out string
	quick, show, warn, symbols := false, false, false, false
	opt := kmod.DepmodOptions{Config: p.DepmodConfig}
	if opt.Config == nil {
		opt.Config = []string{"/etc/depmod.d", "/run/depmod.d", "/usr/local/lib/depmod.d", "/lib/depmod.d"}
	}
	for _, f := range flags {
		switch f.id {
		case "help":
			return p.help()
		case "version":
			return p.version()
		case "quick":
			quick = true
		case "errsyms":
			symbols = true
		case "filesyms":
			opt.Symvers = f.value
		case "basedir":
			base = f.value
		case "outdir":
			out = f.value
		case "config":
			opt.Config = []string{f.value}
		case "show", "dry-run":
			show = true
		case "warn", "verbose":
			warn = true
		}
	}
	if symbols && opt.Symvers == "" {
		return errors.New("option -e needs a System.map, given by -F")
	}
	if !symbols {
		opt.Symvers = ""
	}
	release := ""
	switch {
	case len(rest) > 1:
		return errors.New("module files as arguments are not supported here: give the kernel's release, and all its modules are read")
	case len(rest) == 1:
		release = rest[0]
	}
	if opt.Dir, err = p.treeDir(base, release); err != nil {
		return err
	}
	opt.Release = path.Base(opt.Dir)
	if out != "" {
		opt.Out = path.Join(out, "lib/modules", opt.Release)
	}
	if st, err := os.Stat(opt.Dir); err != nil || !st.IsDir() {
		return fmt.Errorf("could not open directory %s: is the kernel's module package installed?", opt.Dir)
	}
	if quick && upToDate(opt.Dir, opt.Out) {
		return nil
	}
	opt.Warn = func(line string) {
		if warn || strings.Contains(line, "only its name is in the indexes") {
			fmt.Fprintf(p.Stderr, "depmod: WARNING: %s\n", line)
		}
	}
	if show {
		return p.showIndexes(opt)
	}
	_, err = kmod.Depmod(context.Background(), opt)
	return err
}

// showIndexes makes the indexes in a directory of its own and prints the text
// ones.
func (p *program) showIndexes(opt kmod.DepmodOptions) error {
	dir, err := os.MkdirTemp("", "depmod-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	opt.Out = dir
	if _, err := kmod.Depmod(context.Background(), opt); err != nil {
		return err
	}
	for _, name := range dryRunFiles {
		text, err := os.ReadFile(path.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := p.Stdout.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// upToDate says that no module and no directory of the tree is newer than
// modules.dep.
func upToDate(dir, out string) bool {
	if out == "" {
		out = dir
	}
	dep, err := os.Stat(path.Join(out, "modules.dep"))
	if err != nil {
		return false
	}
	return !anyNewer(dir, dep.ModTime())
}

// anyNewer says that a module or a directory below dir is newer than a time, or
// that it cannot be told. The tree's own directory changes with the indexes in
// it.
func anyNewer(dir string, than time.Time) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return true
	}
	for _, e := range entries {
		if !e.IsDir() && !kmod.IsModuleFile(e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil || info.ModTime().After(than) || e.IsDir() && anyNewer(path.Join(dir, e.Name()), than) {
			return true
		}
	}
	return false
}
