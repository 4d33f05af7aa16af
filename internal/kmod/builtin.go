package kmod

import (
	"slices"
	"strings"

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
	_, ok, err := r.tree.lookup(indexBuiltin, name)
	return ok, err
}

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
	for _, l := range r.config(ConfigAlias) {
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
