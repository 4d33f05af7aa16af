package agent

import (
	"encoding/json"
	"sync"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// told is what the host was told in the last snapshot: what has not changed
// since is not told again.
type told struct {
	mu      sync.Mutex
	number  uint64
	modules map[string]string // as JSON, by name
	listed  string
	dirs    string
	alloc   string
}

// shorten fills in the modules of a snapshot and leaves out what the host has,
// whose last one is number seen.
func (o *told) shorten(s *wire.Snapshot, modules []kernel.ModuleState, seen uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	fresh := seen == 0 || seen != o.number
	s.Modules = make([]wire.Module, len(modules))
	now := make(map[string]string, len(modules))
	for i := range modules {
		m := &modules[i]
		now[m.Name] = text(m)
		if fresh || o.modules[m.Name] != now[m.Name] {
			s.Modules[i].Now = m
		} else {
			s.Modules[i].Same = m.Name
		}
	}
	listed, dirs := text(s.Listed), text(s.Dirs)
	if s.Listed == nil {
		s.Listed = []kernel.Module{}
	} else if !fresh && listed == o.listed {
		s.Listed = nil
	}
	if !fresh && dirs == o.dirs {
		s.Dirs = nil
	}
	alloc := text(s.Allocated)
	if s.Allocated == nil {
		s.Allocated = []kernel.Allocation{}
	} else if !fresh && alloc == o.alloc {
		s.Allocated = nil
	}
	o.number++
	s.Number, o.modules, o.listed, o.dirs, o.alloc = o.number, now, listed, dirs, alloc
}

// text is JSON by which two of one type are compared; it cannot fail of those
// that a snapshot is made of.
func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
