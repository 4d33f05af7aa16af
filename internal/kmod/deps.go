package kmod

import (
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// depLine takes a line of modules.dep apart: the module's file and the files
// it depends on, nearest first, as paths relative to the tree where they are
// inside it.
func (t *Tree) depLine(line string) (file string, deps []string) {
	file, rest, _ := strings.Cut(line, ":")
	for _, d := range strings.FieldsFunc(rest, func(r rune) bool { return r == ' ' || r == '\t' }) {
		deps = append(deps, t.inside(d))
	}
	return t.inside(file), deps
}

// inside makes an absolute path of an old modules.dep relative to the tree; a
// path elsewhere stays as it is, and Open refuses it.
func (t *Tree) inside(file string) string {
	return strings.TrimPrefix(file, strings.TrimSuffix(t.name, "/")+"/")
}

// moduleLine returns the file and dependencies of a module by its name.
func (r *Resolver) moduleLine(name string) (file string, deps []string, err error) {
	if err := kernel.CheckModuleName(name); err != nil {
		return "", nil, err
	}
	name = kernel.Normalize(name)
	line, ok, err := r.tree.lookup(indexDep, name)
	if err != nil {
		return "", nil, err
	}
	if ok {
		file, deps = r.tree.depLine(line)
		return file, deps, nil
	}
	builtin, err := r.builtin(name)
	if err != nil {
		return "", nil, err
	}
	if !builtin {
		return "", nil, fmt.Errorf("module %s: %w in %s: it is neither a loadable nor a built-in module there", name, kernel.ErrNotFound, r.tree.Dir())
	}
	return "", nil, nil
}

// Deps returns the modules that the module called name needs: all of them in
// the order in which they are loaded, and those of them that no other of them
// needs (direct). modules.dep holds closures, so a module that is needed both
// directly and through another counts as the other's. A built-in module needs
// nothing.
func (r *Resolver) Deps(name string) (direct, all []string, err error) {
	_, files, err := r.moduleLine(name)
	if err != nil {
		return nil, nil, err
	}
	indirect := map[string]bool{}
	for _, f := range slices.Backward(files) {
		dep := moduleNameOf(f)
		all = append(all, dep)
		line, _, err := r.tree.lookup(indexDep, dep)
		if err != nil {
			return nil, nil, err
		}
		_, sub := r.tree.depLine(line)
		for _, s := range sub {
			indirect[moduleNameOf(s)] = true
		}
	}
	for _, dep := range all {
		if !indirect[dep] {
			direct = append(direct, dep)
		}
	}
	return direct, all, nil
}

// Users returns the modules of the tree that depend, directly or through
// others, on the module called name, sorted.
func (r *Resolver) Users(name string) ([]string, error) {
	if _, _, err := r.moduleLine(name); err != nil {
		return nil, err
	}
	name = kernel.Normalize(name)
	var out []string
	err := r.tree.walk(indexDep, "", func(key, line string) bool {
		_, deps := r.tree.depLine(line)
		if slices.ContainsFunc(deps, func(d string) bool { return moduleNameOf(d) == name }) {
			out = append(out, key)
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("users of %s: %w", name, err)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
