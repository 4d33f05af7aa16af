package applet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"syscall"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// searchable says whether the module directory can be read, and why not.
func (d *depmodRun) searchable() error {
	st, err := os.Stat(d.opt.Dir)
	if err == nil && !st.IsDir() {
		err = syscall.ENOTDIR
	}
	if err == nil {
		var f *os.File
		if f, err = os.Open(d.opt.Dir); err == nil {
			f.Close()
		}
	}
	if err != nil {
		d.say(fmt.Sprintf("ERROR: could not open directory %s: %s", d.opt.Dir, strerror(kernel.ErrnoOf(err))))
	}
	return err
}

// upToDate says that no module and no directory of the tree is newer than
// modules.dep.
func (d *depmodRun) upToDate() bool {
	if d.searchable() != nil {
		return false
	}
	dep, err := os.Stat(path.Join(d.opt.Dir, "modules.dep"))
	if err != nil {
		d.say(fmt.Sprintf("ERROR: could not fstatat(%s, modules.dep): %s", d.opt.Dir, strerror(kernel.ErrnoOf(err))))
		return false
	}
	made := dep.ModTime()
	if d.opt.Out != "" { // kmod looks at the tree's own file only
		if dep, err = os.Stat(path.Join(d.opt.Out, "modules.dep")); err != nil {
			return false
		}
		if dep.ModTime().Before(made) {
			made = dep.ModTime()
		}
	}
	return !anyNewer(d.opt.Dir, made)
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
