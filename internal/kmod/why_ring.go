package kmod

import "slices"

// maxRing bounds how many modules are looked at for a ring; what a module of a real
// kernel needs are some twenty.
const maxRing = 1 << 12

// ring looks in modules.dep for modules that need each other, among those that a
// module needs and itself: each needs the next, and the last is the first again. It
// is nil where there are none. depmod refuses to write such a file, so another has
// made it; loads in its order fail, since whichever comes first lacks the symbols of
// one that comes later.
func (r *Resolver) ring(module string) []string {
	s := ringSearch{r: r, state: map[string]ringState{}}
	if s.visit(module) {
		return s.path
	}
	return nil
}

type ringState int

const (
	ringUnseen ringState = iota
	ringAbove            // on the path
	ringDone             // no ring goes through it
)

type ringSearch struct {
	r     *Resolver
	state map[string]ringState
	path  []string
}

// visit reports whether a ring is in what a module needs; then it is path.
func (s *ringSearch) visit(module string) bool {
	switch s.state[module] {
	case ringDone:
		return false
	case ringAbove:
		s.path = append(s.path[slices.Index(s.path, module):], module)
		return true
	}
	if len(s.state) >= maxRing {
		return false
	}
	s.state[module], s.path = ringAbove, append(s.path, module)
	if line, ok, err := s.r.tree.lookup(indexDep, module); ok && err == nil {
		_, deps := s.r.tree.depLine(line)
		for _, d := range deps {
			if s.visit(moduleNameOf(d)) {
				return true
			}
		}
	}
	s.state[module], s.path = ringDone, s.path[:len(s.path)-1]
	return false
}
