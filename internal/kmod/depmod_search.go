package kmod

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
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
	scan dirScan
	dirs int // directories that were walked, each as often as links lead to it
	most int // of them, in place of maxModuleDirs; 0: that
}

// maxModuleDirs bounds how many directories are walked. The tree of a kernel has
// some two thousand; links that lead to each other's directories in two ways each
// make of thirty a thousand million.
const maxModuleDirs = 1 << 16

// findModules returns the modules of the tree in dir and of the external
// directories, sorted by path; with their keys, when these are wanted.
func findModules(dir string, cfg *depmodConfig, warn func(string), wantKeys bool) ([]*depmodModule, error) {
	s := &depmodSearch{cfg: cfg, dir: dir, names: make(map[string]*depmodModule, 4096), warn: warn, scan: dirScan{keys: wantKeys}}
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
		if err == nil && !st.IsDir() {
			err = syscall.ENOTDIR
		}
		if err != nil {
			s.warn(fmt.Sprintf("ERROR: could not open directory %s: %s", ext, reasonOf(err)))
			continue
		}
		dir := inWorkDir(ext)
		if err := s.walk(dir, dir, true, false, nil); err != nil {
			return err
		}
	}
	return s.walk(s.dir, "", false, false, nil)
}

// walk reads one directory. Symbolic links are followed, as kmod does (module
// packages link into the trees of other kernels), but not back into a
// directory that is being walked: above are those, from the first on, and linked
// says that a link leads from one to the next.
func (s *depmodSearch) walk(dir, rel string, ext, linked bool, above []string) error {
	if s.dirs++; s.dirs > cmp.Or(s.most, maxModuleDirs) {
		return fmt.Errorf("module directory %s: more than %d directories: links lead to the same ones in many ways", s.dir, s.dirs-1)
	}
	if len(above) == 0 {
		s.scan.passed = s.passed
		s.scan.begin(dir)
		defer s.scan.end()
	}
	entries, err := s.scan.of(dir)
	defer s.scan.leave(dir)
	if err != nil {
		if len(above) == 0 {
			return fmt.Errorf("module directory: %w", err)
		}
		s.warn(fmt.Sprintf("WARNING: directory passed over: %v", err))
		return nil
	}
	if linked && sameAsOne(dir, above) {
		s.warn(fmt.Sprintf("WARNING: %s: link leads back to a directory above, passed over", dir))
		return nil
	}
	above = append(above, dir)
	for _, e := range entries {
		name := e.name
		if slices.Contains(s.cfg.excludes, name) {
			continue
		}
		isDir, link := e.mode.IsDir(), false
		if e.mode != 0 && !isDir {
			st, err := os.Stat(e.path)
			if err != nil {
				if _, module := moduleFileName(name); module {
					s.warn(fmt.Sprintf("ERROR: %s: %s", e.path, reasonOf(err)))
				}
				continue // such as build and source of a removed kernel
			}
			if !st.IsDir() && !st.Mode().IsRegular() {
				s.warn(fmt.Sprintf("ERROR: unsupported file type %s: %o", e.path, fileType(st.Mode())))
				continue
			}
			isDir, link = st.IsDir(), true
		}
		if isDir {
			if s.passed(name) {
				continue
			}
			if err := s.walk(e.path, e.path[len(e.path)-lengthBelow(rel, name):], ext, linked || link, above); err != nil {
				return err
			}
			continue
		}
		s.file(e, rel, ext)
	}
	return nil
}

// passed says that a directory of that name is passed over.
func (s *depmodSearch) passed(name string) bool {
	return name == "build" || name == "source" || slices.Contains(s.cfg.excludes, name)
}

// sameAsOne says that a directory is one of others, by another way.
func sameAsOne(dir string, others []string) bool {
	self, err := os.Stat(dir)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(others, func(other string) bool {
		st, err := os.Stat(other)
		return err == nil && os.SameFile(st, self)
	})
}

// lengthBelow is the length of the path of a file below a directory.
func lengthBelow(dir, name string) int {
	if dir == "" {
		return len(name)
	}
	return len(dir) + 1 + len(name)
}

// file takes one file of a directory, which the indexes call rel.
func (s *depmodSearch) file(e dirEntry, rel string, ext bool) {
	name, ok := moduleFileName(e.name)
	if !ok {
		return
	}
	rel = e.path[len(e.path)-lengthBelow(rel, e.name):]
	for i := range len(rel) {
		if c := rel[i]; c <= ' ' || c == ':' || c >= 0x7f {
			s.warn(fmt.Sprintf("WARNING: %q passed over: an index cannot hold the character %q", rel, c))
			return
		}
	}
	m := &depmodModule{name: name, path: e.path, rel: rel, ext: ext, key: e.key}
	if s.each != nil {
		s.each(m)
		return
	}
	if old := s.names[name]; old == nil || s.cfg.prefers(m, old) {
		s.names[name] = m
	}
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
