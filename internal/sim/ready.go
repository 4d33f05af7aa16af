package sim

import (
	"slices"

	"example.org/kmodsh/internal/kernel"
)

// Success that a loader reports is about a moment that has passed when the
// answer arrives: whoever unloads the module meanwhile makes it no lie. So a
// success is held to be right when what was asked for was live or built in at
// some moment between the call and the answer.

// life is how often a module of a name has become live, and left it again: odd
// while it is live.
type life struct {
	name string
	n    int
}

// turns notes that a module of that name has become live, or has left it.
func (w *World) turns(name string) {
	i := slices.IndexFunc(w.lives, func(l life) bool { return l.name == name })
	if i < 0 {
		w.lives = append(w.lives, life{name: name})
		i = len(w.lives) - 1
	}
	w.lives[i].n++
	w.setNamed(w.resource(ofLife, name, 0), uint64(w.lives[i].n))
}

// sawLife returns how often. Of a module that is live the thread has to know no
// more than that.
func (w *World) sawLife(name string) (n int) {
	if i := slices.IndexFunc(w.lives, func(l life) bool { return l.name == name }); i >= 0 {
		n = w.lives[i].n
	}
	if w.current != nil {
		w.footprint.Reads.add(w.resource(ofLife, name, 0))
		if n&1 != 0 {
			w.observe(1)
		} else {
			w.observe(uint64(n))
		}
	}
	return n
}

// watch is what a task was to bring, and how it stood at the call.
type watch struct {
	names []string
	lives []int
	// ready: one was live at the call; builtin: one is built in.
	ready, builtin bool
}

// watch begins to watch what a name stands for.
func (s *System) watch(t *Thread, name string) (x watch) {
	found, err := s.resolverIn(t.w).Resolve(name)
	if err != nil || len(found) == 0 {
		x.names = []string{kernel.Normalize(name)}
	}
	for _, f := range found {
		x.names = append(x.names, f.Module)
		x.builtin = x.builtin || f.Builtin
	}
	for _, n := range x.names {
		life := t.w.sawLife(n)
		x.lives = append(x.lives, life)
		x.ready = x.ready || life&1 != 0
	}
	return x
}

// gone says whether one of them was live at some moment since, and none is
// there any more.
func (x *watch) gone(t *Thread) bool {
	met := x.ready
	for i, n := range x.names {
		life := t.w.sawLife(n)
		if life&1 != 0 || t.w.builtins[n] {
			return false
		}
		met = met || life != x.lives[i]
	}
	return met && !x.builtin
}
