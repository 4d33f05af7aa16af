package applet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
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

// dryRunFiles are what depmod -n prints, in its order: the text indexes.
var dryRunFiles = [...]string{
	"modules.dep", "modules.alias", "modules.softdep", "modules.weakdep", "modules.symbols", "modules.devname",
}

// depmodRun is one run of depmod.
type depmodRun struct {
	*program
	opt                     kmod.DepmodOptions
	base, moduleDir, out    string
	quick, show, warn, errs bool
}

// depmod makes the indexes of a module tree.
func (p *program) depmod(args []string) error {
	flags, rest, err := p.options(args, depmodOptions)
	d := &depmodRun{program: p, opt: kmod.DepmodOptions{Config: p.DepmodConfig, Cache: p.DepmodCache, Now: time.Now().UnixNano()}, moduleDir: "/lib/modules"}
	if d.opt.Config == nil {
		d.opt.Config = kmod.DefaultDepmodConfig()
	}
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
	if err := d.arguments(rest); err != nil {
		return err
	}
	if d.quick && d.show {
		return nil
	}
	if st, err := os.Stat(d.opt.Dir); len(d.opt.Files) == 0 && (err != nil || !st.IsDir()) {
		missing := fmt.Sprintf("ERROR: could not open directory %s: No such file or directory", d.opt.Dir)
		d.say(missing)
		if d.quick { // kmod looks twice, for what is new and for all
			d.say(missing)
		}
		return fatalError{"could not search modules: No such file or directory"}
	}
	if d.quick && d.upToDate() {
		return nil
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
	case "quick": // goes before -a, wherever it stands
		d.quick = true
	case "basedir":
		d.base = f.value
	case "moduledir":
		d.moduleDir = "/" + strings.Trim(f.value, "/")
	case "outdir":
		d.out = f.value
	case "config":
		d.opt.Config = []string{f.value}
	case "symvers":
		d.opt.Symvers = f.value
	case "filesyms":
		d.opt.SystemMap = f.value
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
		d.opt.Files = rest[1:]
	}
	if err != nil {
		return err
	}
	if len(d.opt.Files) == 0 {
		d.opt.Files = nil
	}
	for _, file := range d.opt.Files {
		if !path.IsAbs(file) {
			return fatalError{file + ": not absolute path."}
		}
		if _, err := os.Stat(file); err != nil || strings.HasSuffix(file, "/") {
			return fatalError{fmt.Sprintf("could not create module %s: No such file or directory", file)}
		}
	}
	base, err := absolute(d.base)
	if err != nil {
		return err
	}
	d.opt.Dir, d.opt.Release = base+d.moduleDir+"/"+release, release
	if d.out != "" {
		out, err := absolute(d.out)
		if err != nil {
			return err
		}
		d.opt.Out = out + d.moduleDir + "/" + release
	}
	if d.errs && d.opt.Symvers == "" && d.opt.SystemMap == "" {
		d.say("WARNING: -e needs -E or -F")
	}
	if file := cmp.Or(d.opt.Symvers, d.opt.SystemMap); file != "" {
		f, err := os.Open(file)
		if err != nil {
			return fatalError{fmt.Sprintf("could not load %s: %s", file, strerror(kernel.ErrnoOf(err)))}
		}
		f.Close()
	}
	if !d.errs {
		d.opt.Symvers, d.opt.SystemMap = "", ""
	}
	return nil
}

// isVersion says whether a word can be a kernel's release: two numbers and a
// dot between at its start. It becomes part of a path.
func isVersion(s string) bool {
	major, rest, ok := strings.Cut(s, ".")
	return ok && isNumber(major) && rest != "" && isNumber(rest[:1]) && !strings.Contains(s, "/")
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// upToDate says that no module and no directory of the tree is newer than
// modules.dep.
func (d *depmodRun) upToDate() bool {
	out := cmp.Or(d.opt.Out, d.opt.Dir)
	dep, err := os.Stat(path.Join(out, "modules.dep"))
	if err != nil {
		d.say(fmt.Sprintf("ERROR: could not fstatat(%s, modules.dep): %s", out, strerror(kernel.ErrnoOf(err))))
		return false
	}
	return !anyNewer(d.opt.Dir, dep.ModTime())
}

// anyNewer says that a module or a directory below dir is newer than a time, or
// that it cannot be told. The tree's own directory changes with the indexes in
// it. kmod looks at modules only: of one that was taken away, or came with an
// old time, the directory tells. above are the directories that are being read.
func anyNewer(dir string, than time.Time, above ...os.FileInfo) bool {
	self, err := os.Stat(dir)
	if err != nil || slices.ContainsFunc(above, func(up os.FileInfo) bool { return os.SameFile(up, self) }) {
		return err != nil // a link that leads back up tells nothing new
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return true
	}
	above = append(above, self)
	for _, e := range entries {
		name := e.Name()
		if name == "build" || name == "source" || e.Type().IsRegular() && !kmod.IsModuleFile(name) {
			continue
		}
		info, err := os.Stat(path.Join(dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist): // a link to nothing, or it is just gone
		case err != nil:
			return true
		case info.IsDir():
			if e.IsDir() && info.ModTime().After(than) || anyNewer(path.Join(dir, name), than, above...) {
				return true
			}
		case kmod.IsModuleFile(name) && info.ModTime().After(than):
			return true
		}
	}
	return false
}
