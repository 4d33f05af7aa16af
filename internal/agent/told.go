package agent

import (
	"reflect"
	"slices"
	"sync"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// told is what the host was told in the last snapshot: what has not changed
// since is not told again.
type told struct {
	mu      sync.Mutex
	number  uint64
	modules map[string]kernel.ModuleState
	listed  []kernel.Module
	dirs    []string
	alloc   []kernel.Allocation
}

// shorten fills in the modules of a snapshot and leaves out what the host has,
// whose last one is number seen.
func (o *told) shorten(s *wire.Snapshot, modules []kernel.ModuleState, seen uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	fresh := seen == 0 || seen != o.number
	s.Modules = make([]wire.Module, len(modules))
	now := make(map[string]kernel.ModuleState, len(modules))
	for i := range modules {
		m := &modules[i]
		now[m.Name] = *m
		if had, ok := o.modules[m.Name]; fresh || !ok || !reflect.DeepEqual(had, *m) {
			s.Modules[i].Now = m
		} else {
			s.Modules[i].Same = m.Name
		}
	}
	if s.Listed == nil {
		s.Listed = []kernel.Module{}
	}
	if s.Allocated == nil {
		s.Allocated = []kernel.Allocation{}
	}
	listed, dirs, alloc := s.Listed, s.Dirs, s.Allocated
	if !fresh && reflect.DeepEqual(listed, o.listed) {
		s.Listed = nil
	}
	if !fresh && slices.Equal(dirs, o.dirs) {
		s.Dirs = nil
	}
	if !fresh && slices.Equal(alloc, o.alloc) {
		s.Allocated = nil
	}
	o.number++
	s.Number, o.modules, o.listed, o.dirs, o.alloc = o.number, now, listed, dirs, alloc
}
