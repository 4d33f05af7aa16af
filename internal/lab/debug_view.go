package lab

import (
	"fmt"
	"slices"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// view is what the guest has told of itself and does not tell again until it
// changes. Its slices are not written to once they are there.
type view struct {
	number  uint64
	modules []kernel.ModuleState
	listed  []kernel.Module
	dirs    []string
	alloc   []kernel.Allocation
}

// update takes a snapshot in.
func (v *view) update(s *wire.Snapshot) error {
	modules := make([]kernel.ModuleState, 0, len(s.Modules))
	for _, m := range s.Modules {
		if m.Now != nil {
			modules = append(modules, *m.Now)
			continue
		}
		i := slices.IndexFunc(v.modules, func(o kernel.ModuleState) bool { return o.Name == m.Same })
		if i < 0 {
			v.number = 0
			return fmt.Errorf("the guest's snapshot: module %q is not known: %w", m.Same, wire.ErrProtocol)
		}
		modules = append(modules, v.modules[i])
	}
	v.number, v.modules = s.Number, modules
	if s.Listed != nil {
		v.listed = s.Listed
	}
	if s.Dirs != nil {
		v.dirs = s.Dirs
	}
	if s.Allocated != nil {
		v.alloc = s.Allocated
	}
	return nil
}
