package sim

import (
	"fmt"

	"example.org/kmodsh/internal/trace"
)

// maxName is MODULE_NAME_LEN on 64-bit kernels (include/linux/module.h).
const maxName = 56

// Delete is delete_module by this thread: it returns 0 or a negative errno.
// The order of the tests is the kernel's (kernel/module/main.c 6.12).
func (t *Thread) Delete(name string, force bool) int64 {
	w := t.w
	if e := t.Point("U0", nil, trace.Event{Name: name}); e != 0 {
		return -int64(e)
	}
	if name == "" || len(name) >= maxName {
		return -int64(ENOENT)
	}
	if !t.Lock(&w.mm, Interruptible) {
		return -int64(EINTR)
	}
	m, e := w.mayGo(name, force && w.Profile.ForceUnload)
	if e != 0 {
		t.Unlock(&w.mm)
		return -int64(e)
	}
	if m.Refs > 1 || m.Spec.NoExit {
		w.tainted("R")
	}
	m.State = trace.Going
	m.Refs--
	t.note("U1", m, trace.Event{})
	t.Unlock(&w.mm)
	if d := m.body().ExitSleep; d > 0 {
		t.Sleep(d, "the exit function of "+name)
	}
	t.withdraw(m)
	t.Point("U3", m, trace.Event{})
	w.lastGone = name
	t.freeModule(m)
	if w.Profile.DeleteWakes {
		w.wake(&w.wq, -1)
	}
	return 0
}

// mayGo is the tests delete_module makes under module_mutex.
func (w *World) mayGo(name string, force bool) (*Module, Errno) {
	m := w.find(name)
	switch {
	case m == nil || m.State == trace.Unformed:
		return nil, ENOENT
	case len(m.Users) > 0:
		return nil, EAGAIN
	case m.State != trace.Live:
		return nil, EBUSY
	case m.Spec.NoExit && !force:
		return nil, EBUSY
	case m.Refs > 1 && !force:
		return nil, EAGAIN
	}
	return m, 0
}

func (w *World) tainted(letter string) {
	if !containsRune(w.taints, rune(letter[0])) {
		w.taints += letter
	}
}

// freeModule is free_module: takes the sysfs directory down, hides the module,
// gives its references back, takes it off the list and frees it.
func (t *Thread) freeModule(m *Module) {
	w := t.w
	t.Point(trace.PointModuleFree, m, trace.Event{})
	t.sysfsTeardown(m)
	t.Lock(&w.mm, Uninterruptible)
	m.State = trace.Unformed
	t.Unlock(&w.mm)
	t.note("U7", m, trace.Event{})
	t.Point("U8", m, trace.Event{})
	t.putUses(m)
	t.destroyParams(m)
	t.dropSymbols(m)
	t.unlink(m, false)
	w.ledger.give(KindPerCPU, m.Name, "")
	w.ledger.give(KindMemory, m.Name, "")
	t.note("U9", m, trace.Event{State: trace.Absent})
}

// ProcModules is the text of /proc/modules (kernel/module/procfs.c, m_show):
// one row a module, newest first, unformed ones hidden. The address column is
// zero, as for a reader without CAP_SYSLOG.
func (w *World) ProcModules() string {
	var b []byte
	for _, m := range w.list {
		state := map[trace.State]string{trace.Live: "Live", trace.Coming: "Loading", trace.Going: "Unloading"}[m.State]
		if state == "" {
			continue
		}
		b = fmt.Appendf(b, "%s %d %d ", m.Name, m.Size(), m.ShownRefs())
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
			b = fmt.Appendf(b, " (%s)", m.Taints)
		}
		b = append(b, '\n')
	}
	return string(b)
}
