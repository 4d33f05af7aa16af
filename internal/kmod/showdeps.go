package kmod

import (
	"fmt"
	"strings"
)

// ShowNames returns the lines modprobe -R NAME prints: the names of the
// modules that name stands for, blacklisted or not.
func (r *Resolver) ShowNames(name string) ([]string, error) {
	var found []Found
	var err error
	if IsPath(name) {
		found, err = r.resolveOrPath(name)
	} else {
		found, err = r.names(name) // no more is asked of them
	}
	out := make([]string, len(found))
	for i, f := range found {
		out[i] = f.Module
	}
	return out, err
}

// ShowDepends returns the lines modprobe -D NAME prints: "insmod FILE PARAMS",
// "install COMMAND PARAMS" or "builtin NAME" for each module in the order of
// the load. dir goes before the files; "" is the directory of the tree. As
// with kmod, lines end in a space where no parameters follow, and a module
// that two lines of softdep lead to can be there twice.
//
// kmod drops all dependencies of a module of which one file is not there. So
// do the lines returned, and the error, which wraps kernel.ErrNotFound, says
// which file; kmod prints that on standard error and exits with 0.
func (r *Resolver) ShowDepends(name, dir string, opt PlanOptions) ([]string, error) {
	found, err := r.resolveOrPath(name)
	if err != nil {
		return nil, err
	}
	lists, missing, err := r.planLists(found, name, opt, true)
	if err != nil {
		return nil, err
	}
	if dir == "" {
		dir = r.tree.Dir()
	}
	dir = strings.TrimSuffix(dir, "/") + "/"
	var out []string
	for _, list := range lists {
		for _, m := range list {
			if line := m.show(dir); line != "" {
				out = append(out, line)
			}
		}
	}
	return out, missing
}

// show is the line of one module; "" for one of which there is nothing to do
// (kmod 30, tools/modprobe.c, print_action).
func (m *planModule) show(dir string) string {
	if l, ok := m.install(); ok {
		return fmt.Sprintf("install %s %s", l.Value, m.options())
	}
	switch {
	case strings.HasPrefix(m.file, "/"):
		return fmt.Sprintf("insmod %s %s", m.file, m.options())
	case m.file != "":
		return fmt.Sprintf("insmod %s%s %s", dir, m.file, m.options())
	case m.builtin:
		return "builtin " + m.name
	}
	return ""
}
