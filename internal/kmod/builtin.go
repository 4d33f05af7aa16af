package kmod

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"example.org/kmodsh/internal/kernel"
)

// Builtin says whether the module called name is compiled into the kernel:
// whether the built-in index has it. It is one lookup whose cost grows with
// the length of the name only, and it asks no kernel, whose /sys/module says
// nothing certain about it (kmod commit fd44a98, first released in kmod 20).
func (r *Resolver) Builtin(name string) (bool, error) {
	if err := kernel.CheckModuleName(name); err != nil {
		return false, err
	}
	return r.builtin(kernel.Normalize(name))
}

func (r *Resolver) builtin(name string) (bool, error) {
	if set := r.inImage.set.Load(); set != nil {
		_, ok := (*set)[name]
		return ok, nil
	}
	if ix, err := r.tree.index(indexBuiltin); err == nil && ix.reader != nil && r.inImage.asked.Add(1) > max(fewBuiltin, ix.reader.size/bytesPerAsk) {
		r.inImage.fill(r.tree)
	}
	_, ok, err := r.tree.lookup(indexBuiltin, name)
	return ok, err
}

// Bounds of when a set of all built-in modules is made: one question is
// answered soonest by a walk down the index, whose length is that of the name;
// for many, reading the whole index once pays.
const (
	fewBuiltin  = 32
	bytesPerAsk = 1 << 10 // of the index, for each question
)

// builtinSet is the names of all built-in modules, once many were asked for:
// then each further question takes the same time, however many there are.
type builtinSet struct {
	asked atomic.Int64
	once  sync.Once
	set   atomic.Pointer[map[string]struct{}]
}

// fill reads the whole index, once. With one that makes no sense in a place that
// nobody asked for, questions are answered as before.
func (b *builtinSet) fill(t *Tree) {
	b.once.Do(func() {
		set := map[string]struct{}{}
		err := t.walk(indexBuiltin, "", func(key, _ string) bool {
			set[key] = struct{}{}
			return len(set) <= maxBuiltin
		})
		if err == nil && len(set) <= maxBuiltin {
			b.set.Store(&set)
		}
	})
}

// maxBuiltin bounds how many names are kept in memory.
const maxBuiltin = 1 << 21

// Names returns the names of all modules of the tree, loadable and built in,
// sorted.
func (r *Resolver) Names() ([]string, error) {
	var out []string
	keep := func(key, _ string) bool {
		out = append(out, key)
		return true
	}
	for _, kind := range []indexKind{indexDep, indexBuiltin} {
		if err := r.tree.walk(kind, "", keep); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// AliasNames returns up to limit aliases and alias patterns that start with
// prefix, sorted: those of the configuration, of loadable and of built-in
// modules.
func (r *Resolver) AliasNames(prefix string, limit int) ([]string, error) {
	prefix = kernel.Normalize(prefix)
	var out []string
	for l := range r.each(ConfigAlias) {
		if strings.HasPrefix(l.Name, prefix) {
			out = append(out, l.Name)
		}
	}
	for _, kind := range []indexKind{indexAlias, indexBuiltinAlias} {
		// The walk is in the order of keys where the index is binary. Several
		// values of one key count once.
		n, last := 0, ""
		err := r.tree.walk(kind, prefix, func(key, _ string) bool {
			if key != last || n == 0 {
				out = append(out, key)
				n, last = n+1, key
			}
			return n < limit
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), max(limit, 0))], nil
}

// EachAlias calls fn for the aliases inside modules, then for the symbols they
// export, in the order of the indexes' keys, until it says false.
func (r *Resolver) EachAlias(fn func(alias, module string) bool) error {
	for _, kind := range []indexKind{indexAlias, indexSymbol} {
		if err := r.tree.walk(kind, "", fn); err != nil {
			return err
		}
	}
	return nil
}

// EachModuleAlias calls fn for the aliases inside loadable modules, then for
// those inside built-in ones, until it says false. Dashes are underscores in
// them, except in brackets.
func (r *Resolver) EachModuleAlias(fn func(alias, module string) bool) error {
	for _, kind := range []indexKind{indexAlias, indexBuiltinAlias} {
		if err := r.tree.walk(kind, "", fn); err != nil {
			return err
		}
	}
	return nil
}
