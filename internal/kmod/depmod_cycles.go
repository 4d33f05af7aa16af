package kmod

import (
	"fmt"
	"slices"
	"strings"
)

// CycleError says that modules need each other's symbols, so that none of them
// can be loaded first. No index is written then.
type CycleError struct {
	// Cycles are the cycles found, each from a module back to the same.
	Cycles [][]string
	// Modules is how many modules are part of them.
	Modules int
}

func (e *CycleError) Error() string {
	var b strings.Builder
	for _, c := range e.Cycles {
		fmt.Fprintf(&b, "cycle detected: %s; ", strings.Join(c, " -> "))
	}
	fmt.Fprintf(&b, "found %d modules in dependency cycles", e.Modules)
	return b.String()
}

// Bounds of what is told of cycles: there may be as many as there are orders of
// the modules.
const (
	maxCycles     = 1 << 10
	maxCycleSteps = 1 << 18
)

// cycleStep is a module on the way from a root.
type cycleStep struct {
	module *depmodModule
	from   *cycleStep
}

// path returns the names on the way to a step, the root's first.
func (s *cycleStep) path() (names []string) {
	for ; s != nil; s = s.from {
		names = append(names, s.module.name)
	}
	slices.Reverse(names)
	return names
}

func (s *cycleStep) has(m *depmodModule) bool {
	for ; s != nil; s = s.from {
		if s.module == m {
			return true
		}
	}
	return false
}

// without takes a module out of the ring of roots; the next one is the first
// then, as in kmod's list.
func without(ring []*depmodModule, name string) []*depmodModule {
	i := slices.IndexFunc(ring, func(m *depmodModule) bool { return m.name == name })
	if i < 0 {
		return ring
	}
	return slices.Concat(ring[i+1:], ring[:i])
}

// findCycles reports the cycles among modules that could not be sorted, those
// that go through the first of them, then through the next that is in none of
// these, and so on: with the words and in the order of kmod's depmod
// (tools/depmod.c, depmod_report_cycles), which looks at the last dependency
// first. What a cycle needs and is in none is passed over, where kmod may tell
// it as a cycle of one.
func findCycles(unsorted []*depmodModule) *CycleError {
	e := &CycleError{}
	inCycle := map[string]bool{}
	steps := 0
	roots := slices.Clone(unsorted)
	for len(roots) > 0 {
		root := roots[0]
		roots = roots[1:]
		stack := []*cycleStep{{module: root}}
		for len(stack) > 0 && steps < maxCycleSteps && len(e.Cycles) < maxCycles {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if at.module == root && at.from != nil {
				cycle := at.path()
				for _, name := range cycle {
					inCycle[name] = true
					roots = without(roots, name)
				}
				e.Cycles = append(e.Cycles, cycle)
				continue
			}
			if len(at.module.deps) == 0 {
				roots = without(roots, at.module.name)
			}
			for _, d := range at.module.deps {
				if d == root || d.topo < 0 && !at.has(d) {
					steps++
					stack = append(stack, &cycleStep{d, at})
				}
			}
		}
	}
	e.Modules = len(inCycle)
	return e
}
