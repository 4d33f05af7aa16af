package kmod

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// Which says which of the files that a module has depmod takes, and by which
// rule.
type Which struct {
	Name string `json:"name"`
	// Candidates are all files of that module, in the order in which depmod
	// meets them.
	Candidates []Candidate `json:"candidates"`
	// Rule is what decided, with the line of depmod.d that says so; "" where
	// there was nothing to decide.
	Rule string `json:"rule,omitempty"`
	// Indexed is the file that modules.dep has; "" none.
	Indexed string `json:"indexed,omitempty"`
	Builtin bool   `json:"builtin,omitempty"`
	// Lines are the lines of depmod.d that are about it, but for search lines with
	// effect: these are what Place and Rule tell.
	Lines []LineEffect `json:"lines,omitempty"`
	// Notes are what else is to be known, such as indexes that are old.
	Notes []string `json:"notes,omitempty"`
}

// Candidate is one file of a module.
type Candidate struct {
	File   string `json:"file"` // relative to the tree, absolute in external directories
	Place  string `json:"place"`
	Chosen bool   `json:"chosen"`
	// Against says what goes before it; "" for the chosen one.
	Against string `json:"against,omitempty"`
}

// FindWhich looks for all files of a module in the tree and in external
// directories, and chooses as depmod does under the configuration in the paths
// of config (depmod.d(5)), which are in files, or on this machine where that is
// nil. release is what its version patterns are matched against, "" the name of
// the tree's directory. Of a tree that is only described the list of its files is
// asked.
func (r *Resolver) FindWhich(name, release string, config []string, files fs.FS) (*Which, error) {
	if err := kernel.CheckModuleName(name); err != nil {
		return nil, err
	}
	w := &Which{Name: kernel.Normalize(name), Candidates: []Candidate{}}
	if release == "" {
		release = path.Base(r.tree.Dir())
	}
	warn := func(s string) { w.Notes = append(w.Notes, s) }
	cfg := loadDepmodConfig(configSource{files}, config, release, warn)
	var mods []*depmodModule
	some := false
	s := depmodSearch{cfg: cfg, dir: r.tree.Dir(), warn: warn, each: func(m *depmodModule) {
		some = true
		if m.name == w.Name {
			mods = append(mods, m)
		}
	}}
	if err := s.allOf(r.tree); err != nil {
		return nil, fmt.Errorf("which %s: %w", name, err)
	}
	if !some && !r.tree.OnDisk() {
		return nil, fmt.Errorf("which %s: the tree %s is not on this machine's disk, and there is no list of its module files", name, r.tree.Dir())
	}
	var best *depmodModule
	for _, m := range mods {
		if best == nil || cfg.prefers(m, best) {
			best = m
		}
	}
	for _, m := range mods {
		c := Candidate{File: m.rel, Place: cfg.place(m), Chosen: m == best}
		if m != best {
			c.Against = cfg.decides(best, m)
			if w.Rule == "" {
				w.Rule = c.Against
			}
		}
		w.Candidates = append(w.Candidates, c)
	}
	all, err := r.withExcluded(cfg, w.Name, mods)
	if err != nil {
		return nil, fmt.Errorf("which %s: %w", name, err)
	}
	w.Lines = cfg.effects(r.tree.Dir(), w.Name, all, config)
	return w, r.whichIndexed(w, best)
}

// allOf is all for a tree that may be described only: then what is external is
// not seen.
func (s *depmodSearch) allOf(t *Tree) error {
	if t.OnDisk() {
		return s.all()
	}
	for _, dir := range s.cfg.externals {
		s.warn("not looked at: the external directory " + dir)
	}
	return t.EachFile(func(name string, _ fs.FileInfo) error {
		for part := range strings.SplitSeq(name, "/") {
			if slices.Contains(s.cfg.excludes, part) {
				return nil
			}
		}
		rel, base := path.Split(name)
		s.file(dirEntry{path: s.dir + "/" + name, name: base}, strings.TrimSuffix(rel, "/"), false)
		return nil
	})
}

// whichIndexed compares with what the indexes have.
func (r *Resolver) whichIndexed(w *Which, best *depmodModule) error {
	line, ok, err := r.tree.lookup(indexDep, w.Name)
	if err != nil {
		return err
	}
	if ok {
		w.Indexed, _ = r.tree.depLine(line)
	}
	if w.Builtin, err = r.builtin(w.Name); err != nil {
		return err
	}
	switch {
	case best == nil && w.Indexed != "":
		w.Notes = append(w.Notes, "modules.dep names "+w.Indexed+", which is not there: run "+r.tree.Depmod())
	case best == nil && !w.Builtin:
		return fmt.Errorf("which %s: %w: no file in %s has this name, and it is not built in", w.Name, kernel.ErrNotFound, r.tree.Dir())
	case best != nil && w.Indexed != best.rel:
		was := "modules.dep does not know it: it was made with other files or another configuration"
		switch {
		case w.Indexed != "":
			was = "modules.dep has " + w.Indexed + ": it was made with other files or another configuration"
		case !r.tree.there("modules.dep") && !r.tree.there("modules.dep.bin"):
			was = "there is no modules.dep"
		}
		w.Notes = append(w.Notes, was+"; run "+r.tree.Depmod()+" to get "+best.rel)
	case best != nil && r.tree.Newer(best.rel) > 0:
		w.Notes = append(w.Notes, "the file is newer than modules.dep: run "+r.tree.Depmod())
	}
	if w.Builtin && best != nil {
		w.Notes = append(w.Notes, "the module is built in as well: modprobe loads no file of it")
	}
	return nil
}

// place says where in the search order a file is.
func (c *depmodConfig) place(m *depmodModule) string {
	for i, o := range c.overrides {
		if c.overridden(m, o) {
			return "override at " + c.overrideAt[i]
		}
	}
	word := searchBuiltin
	if m.ext {
		word = searchExternal
	}
	for _, s := range c.searches {
		if c.standsFor(s, m) {
			word = s
			break
		}
	}
	return c.ranked(word)
}

// ranked says which place in the search order a word has.
func (c *depmodConfig) ranked(word string) string {
	n := c.rankOf(word)
	switch {
	case n == len(c.searches):
		return word + ", which no search line names, so after all that are"
	case c.searchAt == nil:
		return fmt.Sprintf("%s, number %d of the default search order (updates built-in)", word, n+1)
	}
	return fmt.Sprintf("%s, number %d of the search order at %s", word, n+1, c.searchAt[n])
}

// decides says why best goes before m.
func (c *depmodConfig) decides(best, m *depmodModule) string {
	for i, o := range c.overrides {
		if c.overridden(best, o) {
			return "override " + o + " at " + c.overrideAt[i]
		}
	}
	switch n := c.rank(best) - c.rank(m); {
	case n > 0:
		return best.rel + " goes before it, since a word that stands for both counts for neither: " + c.place(m)
	case n == 0:
		return best.rel + " has the same place in the search order, and was found first"
	}
	return best.rel + " goes before it: " + c.place(best)
}
