package kmod

import (
	"fmt"
	"slices"
	"strings"
)

// ofTree says whether a line is of a file that depmod made.
func (r *Resolver) ofTree(l ConfigLine) bool {
	dir := r.tree.Dir() + "/modules."
	return l.File == dir+"softdep" || l.File == dir+"weakdep"
}

// shadowed returns the line that counts in place of one whose kind has an effect
// only once for each module: the first that matches, by name or pattern, in the
// order of all files, those of the tree among them (libkmod-module.c,
// kmod_module_get_softdeps and those beside it). Of a pattern that is not told.
func (r *Resolver) shadowed(l ConfigLine) (by ConfigLine, ok bool) {
	if strings.ContainsAny(l.Name, "*?[") {
		return by, false
	}
	for _, by := range r.about(l.Kind, l.Name) {
		if by.Name == l.Name || globMatch(by.Name, l.Name) {
			return by, by.File != l.File || by.Line != l.Line
		}
	}
	return by, false
}

// inPlaceOf says which softdep line of the module itself the line of a person
// takes the place of, "" for none.
func (r *Resolver) inPlaceOf(l ConfigLine, module string) string {
	if r.ofTree(l) {
		return ""
	}
	for _, own := range r.about(l.Kind, module) {
		if own.Name == module && r.ofTree(own) {
			return "takes the place of what the module itself wants, " + own.Where() + r.joined(module, l, own)
		}
	}
	return ""
}

// mostJoined bounds how many names a line may have that is proposed.
const mostJoined = 16

// joined says how what two softdep or weakdep lines of a module name counts
// together, where first alone does: in words that go behind a sentence; "" where a
// person has nothing to write, as for two lines of the module itself.
func (r *Resolver) joined(module string, first, second ConfigLine) string {
	pre, post, weak := both(first.Pre, second.Pre), both(first.Post, second.Post), both(first.Weak, second.Weak)
	n := len(pre) + len(post) + len(weak)
	if n == 0 || n > mostJoined || r.ofTree(first) && r.ofTree(second) || n == len(first.Pre)+len(first.Post)+len(first.Weak) {
		return ""
	}
	words := []string{string(first.Kind), module}
	for _, list := range [...]struct {
		head  string
		names []string
	}{{"pre:", pre}, {"post:", post}, {"", weak}} {
		if len(list.names) > 0 && list.head != "" {
			words = append(words, list.head)
		}
		words = append(words, list.names...)
	}
	out := fmt.Sprintf("; for all of them write one line, %q", strings.Join(words, " "))
	switch {
	case r.ofTree(first):
		out += ", in a file of modprobe.d whose name sorts before modules." + string(first.Kind)
	case first.Name != module:
		out += ", before " + first.Where()
	}
	return out
}

// both returns the names of two lists, each once.
func both(a, b []string) []string {
	out := slices.Clone(a)
	for _, n := range b {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
