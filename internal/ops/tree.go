package ops

import (
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
)

// treeFlag is the flag of verbs that look into a tree of this machine in place of the
// target's.
type treeFlag struct {
	Tree string `help:"A module tree on this machine, such as /lib/modules/RELEASE, in place of the target's." placeholder:"DIR"`
}

// ownTree says that nothing is asked of the target.
func (f *treeFlag) ownTree() bool { return f.Tree != "" }

// treeAndConf is treeFlag with the configuration that goes with the tree.
type treeAndConf struct {
	treeFlag
	Conf []string `help:"With --tree: files or directories of configuration in place of this machine's." placeholder:"PATH" sep:"none"`
}

// treeCache is the module tree of a target, opened once: its indexes stay open
// and its names are read when first needed.
type treeCache struct {
	target   kernel.Target
	tree     kernel.Tree
	resolver *kmod.Resolver
	names    []string // of all modules, sorted; nil until needed
	err      error    // why the tree could not be opened
}

// openResolver opens a module tree and reads the configuration that goes with
// it. What is damaged in it is passed over where that can be, and told by
// Warnings. Who called it closes the resolver's Tree.
func (s *Session) openResolver(t kernel.Tree) (*kmod.Resolver, error) {
	config, err := kmod.ReadConfigFrom(t.ConfigFS, t.Config, t.Cmdline)
	if err != nil {
		return nil, err
	}
	tree := kmod.NewTree(t.FS, t.Dir)
	if t.FS == nil {
		if tree, err = kmod.OpenTree(t.Dir); err != nil {
			return nil, err
		}
	}
	tree.OnDamage(s.passed.Add)
	return kmod.NewResolver(tree, config), nil
}

// resolver returns the resolver over the present target's module tree.
func (s *Session) resolver() (*kmod.Resolver, kernel.Tree, error) {
	t := s.Target()
	if t == nil {
		return nil, kernel.Tree{}, ErrNoTarget
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trees.target != t {
		s.dropTree()
		s.trees = treeCache{target: t}
		tree, err := t.Tree()
		s.trees.tree = tree // its configuration, too, where the directory is not there
		if err == nil {
			s.trees.resolver, err = s.openResolver(tree)
		}
		s.trees.err = err
	}
	return s.trees.resolver, s.trees.tree, s.trees.err
}

// dropTree closes the tree; s.mu is held. A verb that still uses it gets an
// error, which is right: its target is gone.
func (s *Session) dropTree() {
	if s.trees.resolver != nil {
		s.trees.resolver.Tree().Close()
	}
	s.trees = treeCache{}
}

// names returns the names of all modules of the target's tree, sorted; none
// where there is no tree.
func (s *Session) names() []string {
	r, _, err := s.resolver()
	if err != nil {
		return nil
	}
	s.mu.Lock()
	names := s.trees.names
	s.mu.Unlock()
	if names != nil {
		return names
	}
	if names, err = r.Names(); err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trees.resolver == r {
		s.trees.names = full(names)
	}
	return names
}

// completeModules completes the names of modules, and, when there are few of
// those, aliases.
func (s *Session) completeModules(word string) []Candidate {
	names := s.names()
	if len(names) == 0 {
		return s.completeLoaded(word)
	}
	key := kernel.Normalize(word)
	i, _ := slices.BinarySearch(names, key)
	var out []Candidate
	for ; i < len(names) && strings.HasPrefix(names[i], key) && len(out) < maxCandidates; i++ {
		out = append(out, Candidate{Text: names[i], Note: "module"})
	}
	// Without two letters to go by there are too many aliases to be of use.
	if r, _, err := s.resolver(); err == nil && len(word) >= 2 && len(out) < maxCandidates {
		aliases, err := r.AliasNames(word, maxCandidates-len(out))
		if err != nil {
			return out
		}
		for _, a := range aliases {
			if !strings.ContainsAny(a, "*?[") {
				out = append(out, Candidate{Text: spelled(word, a), Note: "alias"})
			}
		}
	}
	return out
}

// completeModulesIn completes the names of modules of the tree that a --tree
// among the words before names, or else of the target's.
func (s *Session) completeModulesIn(args []string, word string) []Candidate {
	dir := ""
	for i, a := range args {
		if value, ok := strings.CutPrefix(a, "--tree="); ok {
			dir = value
		} else if a == "--tree" && i+1 < len(args) {
			dir = args[i+1]
		}
	}
	if dir == "" {
		return s.completeModules(word)
	}
	r, done, err := s.resolverOf(dir)
	if err != nil {
		return nil
	}
	defer done()
	names, err := r.Names()
	if err != nil {
		return nil
	}
	var out []Candidate
	for _, name := range names {
		if strings.HasPrefix(name, kernel.Normalize(word)) && len(out) < maxCandidates {
			out = append(out, Candidate{Text: name, Note: "module"})
		}
	}
	return out
}

// spelled gives an alias, of which the index has underscores only, dashes where
// they were typed and where the kernel itself writes them, so that it is a
// completion of what was typed.
func spelled(word, alias string) string {
	rest := alias[len(word):]
	dashed := strings.Contains(word, "-") || !strings.Contains(word, "_") && slices.ContainsFunc(requestForms(), func(c Candidate) bool {
		return strings.HasPrefix(alias, kernel.Normalize(c.Text))
	})
	if dashed {
		rest = strings.ReplaceAll(rest, "_", "-")
	}
	return word + rest
}

// unloadedState is the state of a module that is not on the kernel's list.
func (s *Session) unloadedState(name string) trace.State {
	if r, _, err := s.resolver(); err == nil {
		if yes, err := r.Builtin(name); err == nil && yes {
			return trace.Builtin
		}
	}
	return trace.Absent
}

// addTree adds what the module tree says. That the tree does not know the
// module is an error only when the kernel does not either.
func (s *Session) addTree(m *ModuleInfo) error {
	if s.Target().Can(kernel.OpTree) != nil {
		return nil
	}
	r, _, err := s.resolver()
	if err != nil {
		return err
	}
	found, err := r.Resolve(m.Name)
	if err != nil {
		if m.State != trace.Absent {
			return nil
		}
		return err
	}
	for _, f := range found {
		if f.Module != m.Name {
			continue
		}
		m.File = f.File
		if m.State == trace.Absent && f.Builtin {
			m.State = trace.Builtin
		}
	}
	if direct, _, err := r.Deps(m.Name); err == nil {
		m.Deps = full(direct)
	}
	m.Modinfo = modinfoOf(r, m)
	return nil
}

// modinfoOf reads what a module says of itself: in its file, or, built in, in
// modules.builtin.modinfo; nil where neither can be read.
func modinfoOf(r *kmod.Resolver, m *ModuleInfo) []kmod.InfoField {
	if m.State == trace.Builtin {
		info, err := r.BuiltinInfo(m.Name)
		if err != nil {
			return nil // damage is told where it matters
		}
		return info
	}
	if m.File == "" || !r.Tree().HasContents() {
		return nil
	}
	f, err := r.Tree().Open(m.File)
	if err != nil {
		return nil
	}
	defer f.Close()
	facts, err := kmod.ReadModuleFile(f, m.File)
	if err != nil {
		return nil
	}
	return facts.Info
}
