package sim

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/trace"
)

// maxName is MODULE_NAME_LEN on 64-bit kernels (include/linux/module.h).
const maxName = 56

// Delete is delete_module by this thread: it returns 0 or a negative errno.
// The order of the tests is the kernel's (kernel/module/main.c 6.1 and 6.12,
// kernel/module.c 4.9). It never waits for references.
func (t *Thread) Delete(name string, force bool) int64 {
	w := t.w
	if e := t.Point("U0", nil, trace.Event{Name: name}); e != 0 {
		return -int64(e)
	}
	if w.modulesDisabled {
		return -int64(EPERM)
	}
	if len(name) >= maxName {
		if !w.Profile.DeleteTruncates {
			return -int64(ENOENT)
		}
		name = name[:maxName-1]
	}
	if name == "" {
		return -int64(ENOENT)
	}
	if !t.Lock(&w.mm, Interruptible) {
		return -int64(EINTR)
	}
	m, e := w.mayGo(name, force && w.Profile.ForceUnload)
	if e == 0 {
		e = t.stopModule(m, force && w.Profile.ForceUnload)
	}
	t.Unlock(&w.mm)
	if e != 0 {
		return -int64(e)
	}
	t.pass("U2", m, trace.Event{})
	if !m.Spec.NoExit {
		if d := m.body().ExitSleep; d > 0 {
			t.msleep(d, "the exit function of "+name)
		}
		t.withdraw(m)
	}
	t.Point("U3", m, trace.Event{})
	t.syncAsync()
	w.lastGone = name
	t.freeModule(m)
	if w.Profile.DeleteWakes {
		w.wake(&w.wq, -1)
	}
	return 0
}

// mayGo is the tests delete_module makes under module_mutex before it touches
// the reference count. Dependents forbid it even by force.
func (w *World) mayGo(name string, force bool) (*Module, Errno) {
	m := w.find(name)
	if m != nil {
		w.sawRefs(m)
	}
	switch {
	case m == nil || m.State == trace.Unformed:
		return nil, ENOENT
	case len(m.Users) > 0:
		return nil, EAGAIN
	case m.State != trace.Live:
		return nil, EBUSY
	case m.Spec.NoExit && !force:
		return nil, EBUSY
	}
	if m.Spec.NoExit {
		w.taintForced()
	}
	return m, 0
}

// stopModule is try_stop_module: the base reference is taken away, and given
// back when others remain (try_release_module_ref). A reference that is
// dropped between the two lets the unload go on. By force it goes on with the
// others held; they may be dropped later.
func (t *Thread) stopModule(m *Module, force bool) Errno {
	w := t.w
	m.Refs--
	if m.Refs != 0 {
		e := t.Point("U1", m, trace.Event{Refs: trace.Int(m.Refs), Detail: "references remain"})
		w.sawRefs(m)
		if m.Refs != 0 {
			m.Refs++
			if !force {
				return EAGAIN
			}
			w.taintForced()
		}
		if e != 0 {
			return t.refuseStop(m, e)
		}
		m.State = trace.Going
		w.turns(m.Name)
		return 0
	}
	m.State = trace.Going
	w.turns(m.Name)
	if e := t.pass("U1", m, trace.Event{}); e != 0 {
		m.State = trace.Live
		w.turns(m.Name)
		return t.refuseStop(m, e)
	}
	return 0
}

// refuseStop puts the base reference back where a fault made U1 fail.
func (t *Thread) refuseStop(m *Module, e Errno) Errno {
	if m.Refs == 0 {
		m.Refs = 1
	}
	return e
}

// taintForced is try_force_unload.
func (w *World) taintForced() {
	if !strings.Contains(w.taints, "R") {
		w.taints += "R"
	}
}

// freeModule is free_module: takes the sysfs directory down, hides the module,
// gives its references back, takes it off the list and frees it. Between the
// hiding and the list the name is invisible and still in the way of a load.
func (t *Thread) freeModule(m *Module) {
	w := t.w
	t.Point(trace.PointModuleFree, m, trace.Event{})
	t.sysfsTeardown(m)
	t.Point("U7", m, trace.Event{})
	t.Lock(&w.mm, Uninterruptible)
	m.State = trace.Unformed
	t.Unlock(&w.mm)
	t.Point("U8", m, trace.Event{})
	t.putUses(m)
	t.destroyParams(m)
	t.unlink(m, false)
	t.give(KindArgs, m, "")
	t.free(m)
	t.note("U9", m, trace.Event{State: trace.Absent})
}

// ProcModules is the text of /proc/modules (kernel/module/procfs.c, m_show and
// print_unload_info): one row a module, newest first, unformed ones hidden,
// its users newest first. The address column is zero, as for a reader without
// CAP_SYSLOG.
func (w *World) ProcModules() string {
	var b []byte
	for _, m := range w.list {
		state, mark := "", ""
		switch m.State {
		case trace.Live:
			state = "Live"
		case trace.Coming:
			state, mark = "Loading", "+"
		case trace.Going:
			state, mark = "Unloading", "-"
		default:
			continue
		}
		b = fmt.Appendf(b, "%s %d %d ", m.Name, w.Size(m), m.ShownRefs())
		for i := len(m.Users) - 1; i >= 0; i-- {
			b = fmt.Appendf(b, "%s,", m.Users[i].Name)
		}
		switch {
		case m.Spec.NoExit:
			b = append(b, "[permanent],"...)
		case len(m.Users) == 0:
			b = append(b, '-')
		}
		b = fmt.Appendf(b, " %s 0x0000000000000000", state)
		if m.Taints != "" {
			b = fmt.Appendf(b, " (%s%s)", m.Taints, mark)
		}
		b = append(b, '\n')
	}
	return string(b)
}
