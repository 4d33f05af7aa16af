package sim

import (
	"slices"
	"time"

	"example.org/kmodsh/internal/trace"
)

// gracePeriod is how long an RCU grace period takes on the virtual clock.
const gracePeriod = 10 * time.Millisecond

// ladder is a rung of the failure ladder of load_module: where a failed load
// enters it. A load that got further enters further up and passes all below.
type ladder int

// The rungs, from the ground up.
const (
	ladderMemory ladder = iota // L6 failed: only memory is to be freed
	ladderUnlink               // L7
	ladderUses                 // L8, L9
	ladderArgs                 // L11
	ladderBug                  // L12
	ladderComing               // L13, L14
	ladderSysfs                // L15
)

// failAt undoes what a failed load did before init (load_module's error
// labels, kernel/module/main.c 6.1 and 6.12, kernel/module.c 4.9), and returns
// the errno as the system call does.
func (t *Thread) failAt(from ladder, m *Module, e Errno) int64 {
	w := t.w
	if from >= ladderSysfs {
		t.sysfsTeardown(m)
	}
	if from >= ladderComing {
		if w.Profile.CleanupGoing {
			m.State = trace.Going
		}
		if !w.Profile.ParamLeak {
			t.destroyParams(m)
		}
		t.Point("U3", m, trace.Event{})
	}
	if from >= ladderBug && w.Profile.BugCleanupGoing {
		m.State = trace.Going
	}
	if from >= ladderArgs {
		t.msleep(gracePeriod, "a grace period")
		t.give(KindArgs, m, "")
	}
	if from >= ladderUses {
		t.Point("U8", m, trace.Event{})
		t.putUses(m)
	}
	if from >= ladderUnlink {
		t.unlink(m, true)
	}
	t.free(m)
	w.count(&w.stats.FailedLoads, &w.stats.InvalidModBytes, 2*m.fileSize())
	t.note("U9", m, trace.Event{State: trace.Absent, Ret: trace.Int(-int64(e))})
	return -int64(e)
}

// free is module_deallocate, and the end of free_module.
func (t *Thread) free(m *Module) {
	if m.perCPU {
		t.give(KindPerCPU, m, "")
	}
	t.give(KindMemory, m, "")
	m.freed = true
}

// failInit is do_init_module's error path: the module goes, as in an unload,
// and those who wait are woken after free_module.
func (t *Thread) failInit(m *Module, e Errno) int64 {
	w := t.w
	m.State = trace.Going
	t.msleep(gracePeriod, "a grace period")
	t.put(m)
	t.Point("U3", m, trace.Event{})
	t.freeModule(m)
	w.wake(&w.wq, -1)
	return -int64(e)
}

// unlink takes m off the list, and its symbols with it. On the failure ladder
// the sleepers are woken while module_mutex is still held, before the grace
// period: they contend for it at once.
func (t *Thread) unlink(m *Module, wake bool) {
	w := t.w
	t.Lock(&w.mm, Uninterruptible)
	w.list = slices.DeleteFunc(w.list, func(o *Module) bool { return o == m })
	m.onList = false
	for _, sym := range m.Spec.Exports {
		if w.exporter(sym) == m {
			w.setExporter(sym, nil)
		}
	}
	if wake {
		w.wake(&w.wq, -1)
	}
	t.msleep(gracePeriod, "a grace period, holding module_mutex")
	t.Unlock(&w.mm)
}

// destroyParams is module_destroy_params: frees the parameters' strings.
func (t *Thread) destroyParams(m *Module) {
	for i := range m.Args {
		if a := &m.Args[i]; a.owned {
			t.give(KindString, m, a.Name)
			a.owned = false
		}
	}
}
