package kmod

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// Health is what can be said of a tree's directory and indexes without
// resolving a name.
type Health struct {
	Dir     string        `json:"dir"`
	Link    string        `json:"link,omitempty"` // where Dir really is, when links lead there
	Indexes []IndexHealth `json:"indexes"`
	// Blind says which binary indexes are missing beside a text that is there:
	// kmod's programs never read it (libkmod.c, kmod_lookup_alias_from_alias_bin,
	// kmod_search_moddep). "" where none is, or the tree is not on a disk.
	Blind string `json:"kmod_blind,omitempty"`
	// Depmod is the command that makes the indexes anew.
	Depmod string `json:"depmod,omitempty"`
}

// IndexHealth is one index of a tree.
type IndexHealth struct {
	Index string `json:"index"`          // such as modules.dep
	File  string `json:"file,omitempty"` // that is read; "" none is there
	Error string `json:"error,omitempty"`
	// Lost says what is not known without it; "" when it is there.
	Lost string `json:"lost,omitempty"`
}

// Trouble returns the indexes that are missing or damaged.
func (h Health) Trouble() []IndexHealth {
	return slices.DeleteFunc(slices.Clone(h.Indexes), func(i IndexHealth) bool { return i.Error == "" && i.Lost == "" })
}

// Health opens all indexes of the tree and goes through each to its end, so that
// damage is found also where no lookup comes along, or one came and a text is read
// since then.
func (t *Tree) Health() Health {
	h := Health{Dir: t.name, Depmod: t.Depmod()}
	var textOnly []string
	t = t.again(nil)
	defer t.closeIndexes()
	if t.OnDisk() {
		if to, err := os.Readlink(path.Clean(t.name)); err == nil {
			if !path.IsAbs(to) {
				to = path.Join(path.Dir(path.Clean(t.name)), to)
			}
			h.Link = to
		}
	}
	for _, i := range [...]struct {
		kind indexKind
		lost string
	}{
		{indexDep, "no module has a file or dependencies"},
		{indexAlias, "no alias inside a module is known, so neither hardware nor file systems find theirs"},
		{indexSymbol, "who exports a symbol is not known"},
		{indexBuiltin, "built-in modules look as if they were missing"},
		{indexBuiltinAlias, "aliases of built-in modules look as if nothing answered them"},
	} {
		ix, err := t.index(i.kind)
		if err == nil && ix.reader != nil {
			err = ix.reader.walk("", func(string, string) bool { return true })
		}
		row := IndexHealth{Index: string(i.kind)}
		switch {
		case err != nil:
			row.File, row.Error = ix.file, err.Error()
			if !ix.text {
				if text := t.openText(i.kind); text.err == nil && text.reader != nil {
					row.Error += "; " + text.file + " beside it is read in its place"
				}
			}
		case ix.reader == nil:
			row.Lost = i.lost
			if i.kind == indexBuiltinAlias && t.beforeModinfo() {
				row.Lost += ": kernels before 5.2 have no list of them"
			}
		default:
			row.File = ix.file
			if ix.text && t.OnDisk() {
				textOnly = append(textOnly, string(i.kind)+".bin")
			}
		}
		h.Indexes = append(h.Indexes, row)
	}
	if len(textOnly) > 0 {
		h.Blind = fmt.Sprintf("no %s: kmodsh reads the text that is there, and kmod's programs do not; to them it is as if nothing were in it; run %s", strings.Join(textOnly, ", "), t.Depmod())
	}
	if !t.there("modules.softdep") {
		h.Indexes = append(h.Indexes, IndexHealth{Index: "modules.softdep", Lost: "soft dependencies of modules are not known"})
	}
	return h
}

// mend says how to get an index that is missing, "" where nothing helps. What is built in only the
// kernel's build knows: depmod makes indexes of its lists and can't make these.
func (t *Tree) mend(index string) string {
	source := ""
	switch index {
	case string(indexBuiltin):
		source = "modules.builtin"
	case string(indexBuiltinAlias):
		source = "modules.builtin.modinfo"
	}
	if source == "modules.builtin.modinfo" && t.beforeModinfo() {
		return ""
	}
	if source == "" || t.there(source) {
		return "run " + t.Depmod() + ", or copy it into this tree (an initramfs needs it, too)"
	}
	return "the kernel's build makes " + source + ", and depmod cannot: copy that from the kernel's own tree or package (an initramfs needs it, too), and run " + t.Depmod()
}

// NoAliases says that the aliases inside modules are not known, and what makes
// them known; "" when they are.
func (t *Tree) NoAliases() string {
	if t.there(string(indexAlias)) || t.there(string(indexAlias)+".bin") {
		return ""
	}
	return t.name + " has no " + string(indexAlias) + "; run " + t.Depmod()
}

// Depmod is the command that makes the tree's indexes anew: depmod alone works on
// the tree of the kernel that runs, which need not be this one.
func (t *Tree) Depmod() string {
	dir := path.Clean(t.name)
	base, release, ok := strings.Cut(dir, "/lib/modules/")
	if !t.OnDisk() || !ok || release == "" || strings.Contains(release, "/") {
		return "depmod"
	}
	if base == "" {
		return "depmod " + release
	}
	return "depmod -b " + base + " " + release
}

// beforeModinfo says that a tree is of a kernel whose build makes no
// modules.builtin.modinfo, going by the name of its directory: they do since Linux
// 5.2 (scripts/link-vmlinux.sh).
func (t *Tree) beforeModinfo() bool {
	major, minor, ok := kernel.ReleaseNumbers(path.Base(path.Clean(t.name)))
	return ok && (major < 5 || major == 5 && minor < 2)
}

// stat is fs.Stat on the tree.
func (t *Tree) stat(name string) (fs.FileInfo, error) {
	switch {
	case !t.allowed(name):
		return nil, kernel.ErrNotFound
	case t.host:
		return os.Stat(t.Path(name))
	case t.root != nil:
		return t.root.Stat(name)
	}
	return fs.Stat(t.fsys, name)
}

func (t *Tree) there(name string) bool {
	_, err := t.stat(name)
	return err == nil
}

// readDir lists a directory of the tree.
func (t *Tree) readDir(name string) ([]fs.DirEntry, error) {
	switch {
	case !t.allowed(name):
		return nil, kernel.ErrNotFound
	case t.host:
		return os.ReadDir(t.Path(name))
	}
	return fs.ReadDir(t.fsys, name)
}

// Empty says that a file of the tree is there and has no content.
func (t *Tree) Empty(file string) bool {
	st, err := t.stat(file)
	return err == nil && st.Size() == 0
}

// sameTime is by how much a file may be newer than the indexes and still belong
// to them: packages write both in one go.
const sameTime = 2 * time.Second

// Newer says that a module's file was changed after the indexes were made, by
// how much; 0 when it was not or nothing can be told.
func (t *Tree) Newer(file string) time.Duration {
	dep, err := t.stat("modules.dep.bin")
	if err != nil {
		dep, err = t.stat("modules.dep")
	}
	if err != nil {
		return 0
	}
	st, err := t.stat(file)
	if err != nil {
		return 0
	}
	if by := st.ModTime().Sub(dep.ModTime()); by > sameTime {
		return by
	}
	return 0
}

// OtherTrees lists the directories beside a missing one that have indexes: what
// there is for other kernels.
func OtherTrees(dir string) []string {
	dir = path.Clean(dir)
	return slices.DeleteFunc(treesIn(path.Dir(dir)), func(name string) bool { return name == path.Base(dir) })
}

// treesIn lists the directories in one that have indexes.
func treesIn(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if _, err := os.Stat(path.Join(dir, e.Name(), "modules.dep")); err == nil {
			out = append(out, e.Name())
		}
	}
	return out
}

// missingTree says what to do about a directory that is not there.
func missingTree(dir string) error {
	hint := "is the kernel's module package installed?"
	if others := OtherTrees(dir); len(others) > 0 {
		hint = fmt.Sprintf("beside it %s %s: was the kernel updated without a reboot, or booted from elsewhere? Boot one of these, or install the modules of this one", map[bool]string{true: "is", false: "are"}[len(others) == 1], Few(others))
	}
	return fmt.Errorf("module tree %s: %w: no such directory; %s", dir, kernel.ErrNotFound, hint)
}

// List lists a directory of the tree.
func (t *Tree) List(dir string) ([]fs.DirEntry, error) { return t.readDir(dir) }

// EachFile calls fn for every regular file of the tree, in order, but those
// below build and source, until it returns an error. Links are not followed.
func (t *Tree) EachFile(fn func(name string, fi fs.FileInfo) error) error {
	fsys := t.fsys
	if fsys == nil {
		fsys = os.DirFS(t.name)
	}
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // what cannot be read has nothing to list
		case d.IsDir() && (name == "build" || name == "source"):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		fi, err := d.Info()
		if err != nil {
			return nil
		}
		return fn(name, fi)
	})
}
