package kmod

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// depmodModule is a module file that depmod found, and what it learnt of it.
type depmodModule struct {
	name string // in the kernel
	path string // of the file
	rel  string // as the indexes name it: relative to the tree, else absolute
	ext  bool   // found in an external directory

	facts depmodFacts
	key   fileKey // of the file when it was read; zero: not known
	order int     // line of modules.order, from 1; 0 when it is not there
	index int     // place in the order of modules, the priority in the indexes

	deps  []*depmodModule // direct, in the order their symbols were met, then sorted
	users int             // how many modules depend on it
	topo  int             // place in the topological order
}

// depmodSearch walks the module directories and keeps one file per name.
type depmodSearch struct {
	cfg   *depmodConfig
	dir   string
	names map[string]*depmodModule
	warn  func(string)
	// each, when set, is told of every module file in place of names.
	each func(*depmodModule)
	dirs int // directories that were walked, each as often as links lead to it
	most int // of them, in place of maxModuleDirs; 0: that
}

// maxModuleDirs bounds how many directories are walked. The tree of a kernel has
// some two thousand; links that lead to each other's directories in two ways each
// make of thirty a thousand million.
const maxModuleDirs = 1 << 16

// findModules returns the modules of the tree in dir and of the external
// directories, sorted by path.
func findModules(dir string, cfg *depmodConfig, warn func(string)) ([]*depmodModule, error) {
	s := &depmodSearch{cfg: cfg, dir: dir, names: map[string]*depmodModule{}, warn: warn}
	if err := s.all(); err != nil {
		return nil, err
	}
	mods := make([]*depmodModule, 0, len(s.names))
	for _, m := range s.names {
		mods = append(mods, m)
	}
	slices.SortFunc(mods, func(a, b *depmodModule) int { return strings.Compare(a.rel, b.rel) })
	return mods, nil
}

// all walks the external directories, then the tree. The directory of the last
// line comes first, as with kmod: of modules with the same right the first stays.
func (s *depmodSearch) all() error {
	for _, ext := range slices.Backward(s.cfg.externals) {
		st, err := os.Stat(ext)
		if err != nil {
			s.warn(fmt.Sprintf("ERROR: could not open directory %s: No such file or directory", ext))
			continue
		}
		if !st.IsDir() {
			continue
		}
		if err := s.walk(ext, ext, true, nil); err != nil {
			return err
		}
	}
	return s.walk(s.dir, "", false, nil)
}

// walk reads one directory. Symbolic links are followed, as kmod does (module
// packages link into the trees of other kernels), but not back into a
// directory that is being walked.
func (s *depmodSearch) walk(dir, rel string, ext bool, above []os.FileInfo) error {
	if s.dirs++; s.dirs > cmp.Or(s.most, maxModuleDirs) {
		return fmt.Errorf("module directory %s: more than %d directories: links lead to the same ones in many ways", s.dir, s.dirs-1)
	}
	entries, err := os.ReadDir(dir)
	var self os.FileInfo
	if err == nil {
		self, err = os.Stat(dir)
	}
	if err != nil {
		if len(above) == 0 {
			return fmt.Errorf("module directory: %w", err)
		}
		s.warn(fmt.Sprintf("WARNING: directory passed over: %v", err))
		return nil
	}
	for _, up := range above {
		if os.SameFile(up, self) {
			s.warn(fmt.Sprintf("WARNING: %s: link leads back to a directory above, passed over", dir))
			return nil
		}
	}
	above = append(above, self)
	for _, e := range entries {
		name := e.Name()
		if slices.Contains(s.cfg.excludes, name) {
			continue
		}
		isDir := e.IsDir()
		if t := e.Type(); t != 0 && !isDir {
			st, err := os.Stat(path.Join(dir, name))
			if err != nil {
				if _, module := moduleFileName(name); module {
					s.warn(fmt.Sprintf("ERROR: %s: %v", path.Join(dir, name), cause(err)))
				}
				continue // such as build and source of a removed kernel
			}
			if !st.IsDir() && !st.Mode().IsRegular() {
				continue
			}
			isDir = st.IsDir()
		}
		if isDir {
			if name == "build" || name == "source" {
				continue
			}
			if err := s.walk(path.Join(dir, name), path.Join(rel, name), ext, above); err != nil {
				return err
			}
			continue
		}
		s.file(path.Join(dir, name), path.Join(rel, name), ext)
	}
	return nil
}

func (s *depmodSearch) file(file, rel string, ext bool) {
	name, ok := moduleFileName(path.Base(rel))
	if !ok {
		return
	}
	if i := strings.IndexFunc(rel, func(r rune) bool { return r <= ' ' || r == ':' || r >= 0x7f }); i >= 0 {
		s.warn(fmt.Sprintf("WARNING: %q passed over: an index cannot hold the character %q", rel, rel[i]))
		return
	}
	m := &depmodModule{name: name, path: file, rel: rel, ext: ext}
	if s.each != nil {
		s.each(m)
		return
	}
	if old := s.names[name]; old == nil || s.cfg.prefers(m, old) {
		s.names[name] = m
	}
}

// prefers reports whether m takes the place of old, a module of the same name
// that was found before: by the override that comes last in the
// configuration, then by the search order, where external stands for those
// directories in the order of their lines; between equals the first stays.
func (c *depmodConfig) prefers(m, old *depmodModule) bool {
	for _, o := range c.overrides {
		if c.overridden(m, o) {
			return true
		}
		if c.overridden(old, o) {
			return false
		}
	}
	if m.ext && old.ext && slices.Contains(c.searches, searchExternal) {
		return c.externalOf(m) < c.externalOf(old)
	}
	// Where one word of the order is above another, such as updates above
	// updates/dkms, kmod's answer can hang on which file it meets first.
	if first, second := c.replaces(m, old), c.replaces(old, m); first != second {
		return first
	}
	return c.rank(m) < c.rank(old)
}

// replaces reports whether kmod would take m in place of old, when it meets old
// first: a word that stands for both is a right of m alone there (kmod 30 to 34,
// tools/depmod.c, depmod_module_is_higher_priority).
func (c *depmodConfig) replaces(m, old *depmodModule) bool {
	right, other := -1, -1
	for i, s := range c.searches {
		switch {
		case c.standsFor(s, m):
			if right < 0 {
				right = i
			}
		case c.standsFor(s, old):
			if other < 0 {
				other = i
			}
		}
	}
	if right < 0 {
		right = c.rankOf(searchBuiltin)
	}
	if other < 0 {
		other = c.rankOf(searchBuiltin)
	}
	return right < other
}

// standsFor reports whether a word of the search order, other than built-in,
// stands for a module's file.
func (c *depmodConfig) standsFor(word string, m *depmodModule) bool {
	switch word {
	case searchBuiltin:
		return false
	case searchExternal:
		return m.ext
	}
	return !m.ext && strings.HasPrefix(m.rel, word+"/")
}

// externalOf is the place of the external directory that a module is in.
func (c *depmodConfig) externalOf(m *depmodModule) int {
	return slices.IndexFunc(c.externals, func(dir string) bool { return strings.HasPrefix(m.path, dir+"/") })
}

func (c *depmodConfig) overridden(m *depmodModule, override string) bool {
	dir, base := path.Split(m.rel)
	stem, _, _ := strings.Cut(base, ".")
	return dir+stem == override
}

// rank is a module's place in the search order, 0 the best. A directory stands
// for all below it. What no word of the order stands for comes
// after all that one does.
func (c *depmodConfig) rank(m *depmodModule) int {
	if m.ext {
		return c.rankOf(searchExternal)
	}
	for i, s := range c.searches {
		if c.standsFor(s, m) {
			return i
		}
	}
	return c.rankOf(searchBuiltin)
}

func (c *depmodConfig) rankOf(word string) int {
	if i := slices.Index(c.searches, word); i >= 0 {
		return i
	}
	return len(c.searches)
}

// DuplicateError says that two of the files that depmod was given by name hold
// modules of one name.
type DuplicateError struct{ Module, File string }

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("module %s: another file of module %s was given before", e.File, e.Module)
}

// namedModules returns the modules in files, which depmod was given by name. One
// below dir is called by its path from there. Two of one name are a
// *DuplicateError.
func namedModules(dir string, files []string) ([]*depmodModule, error) {
	var mods []*depmodModule
	seen := map[string]bool{}
	for _, file := range files {
		name := moduleNameOf(file)
		if _, err := os.Stat(file); err != nil || name == "" {
			return nil, fmt.Errorf("module %s: %w", file, cmp.Or(err, fs.ErrNotExist))
		}
		if seen[name] {
			return nil, &DuplicateError{name, file}
		}
		seen[name] = true
		mods = append(mods, &depmodModule{name: name, path: file, rel: strings.TrimPrefix(file, strings.TrimSuffix(dir, "/")+"/")})
	}
	return mods, nil
}
