package sim

import (
	"slices"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Fault is one planned fault: where it strikes, whom, and what it does.
type Fault struct {
	Point  string // ID of a point
	Module string // only this module, "" any
	Thread string // only this thread, "" any
	Hit    int    // only the n-th time, 0: every time
	Hold   bool
	Delay  time.Duration
	Fail   Errno
	Lie    string // at R8: how the helper behaves, a value of the setting helper
}

type planned struct {
	Fault
	id   int
	hits int
}

// faults is the fault plan in force.
type faults struct {
	last int
	plan []*planned
}

// AddFault puts a fault in force and returns its number.
func (w *World) AddFault(f Fault) int {
	w.faults.last++
	w.faults.plan = append(w.faults.plan, &planned{Fault: f, id: w.faults.last})
	return w.faults.last
}

// RemoveFault takes a fault out of force; threads it holds stay held until
// they are released.
func (w *World) RemoveFault(id int) bool {
	n := len(w.faults.plan)
	w.faults.plan = slices.DeleteFunc(w.faults.plan, func(p *planned) bool { return p.id == id })
	return len(w.faults.plan) < n
}

// named says whether a fault is for a certain thread.
func (f *faults) named() bool {
	return slices.ContainsFunc(f.plan, func(p *planned) bool { return p.Thread != "" })
}

// Release lets a held thread go on when it is next stepped.
func (w *World) Release(t *Thread) bool {
	if t.status != Held {
		return false
	}
	t.status = Ready
	return true
}

// effect is what the faults in force do to a thread at a point.
type effect struct {
	hold  bool
	delay time.Duration
	fail  Errno
}

// moduleAt is the name of the module that a thread is at work on where it records
// e at a point: the kernel's, or at its stages the one that a loader means; "" where
// there is none yet. At the entries of the system calls it is the name by which the
// caller means it, as the test driver reads it there (read_file and LAY_D0 of its
// arguments.c).
func moduleAt(point string, m *Module, e trace.Event) string {
	switch {
	case m != nil:
		return m.Name
	case point == "L0", point == "L1", point == "U0":
		return kernel.Normalize(e.Name)
	}
	return e.Module
}

// faultAt counts the thread's arrival at a point, with a module or "", and returns
// what the faults in force do to it.
func (w *World) faultAt(t *Thread, point, module string) (e effect) {
	for _, p := range w.faults.plan {
		if p.Point != point || p.Thread != "" && p.Thread != t.ID ||
			p.Module != "" && p.Module != module {
			continue
		}
		p.hits++
		if p.Hit != 0 && p.hits != p.Hit {
			continue
		}
		e.hold = e.hold || p.Hold
		e.delay = max(e.delay, p.Delay)
		if p.Fail != 0 {
			e.fail = p.Fail
		}
		if p.Lie != "" {
			t.lie = p.Lie
		}
	}
	return e
}
