package sim

import (
	"slices"
	"time"

	"example.org/kmodsh/internal/trace"
)

// symbolTimeout is how long one symbol's owner is waited for
// (kernel/module/main.c, resolve_symbol_wait: 30 * HZ).
const symbolTimeout = 30 * time.Second

// resolveOnce is resolve_symbol: looks the symbol up under module_mutex and
// takes a reference on its owner. It answers EBUSY while the owner is coming
// and ENOENT when there is none or it is going (strong_try_module_get).
func (t *Thread) resolveOnce(m *Module, sym string) (owner *Module, e Errno) {
	w := t.w
	t.Lock(&w.mm, Uninterruptible)
	defer t.Unlock(&w.mm)
	owner = w.symbols[sym]
	if owner == nil || owner.State == trace.Unformed {
		return nil, ENOENT
	}
	if m.Spec.Defects.BadCRC == sym {
		w.printk("%s: disagrees about version of symbol %s", m.Name, sym)
		return owner, EINVAL
	}
	switch owner.State {
	case trace.Coming:
		return owner, EBUSY
	case trace.Going:
		return owner, ENOENT
	}
	if !slices.Contains(m.Uses, owner) {
		owner.Refs++
		t.note(trace.PointGet, owner, trace.Event{Refs: trace.Int(owner.Refs)})
		m.Uses = append(m.Uses, owner)
		owner.Users = append(owner.Users, m)
	}
	return owner, 0
}

// resolveSymbols is simplify_symbols: every symbol is tried, the last error
// wins. A symbol whose owner is coming is waited for; a weak symbol excuses
// only one that nobody has.
func (t *Thread) resolveSymbols(m *Module) Errno {
	var last Errno
	if miss := m.Spec.Defects.Missing; miss != "" {
		t.w.printk("%s: Unknown symbol %s (err -2)", m.Name, miss)
		last = ENOENT
	}
	for _, sym := range m.Spec.Uses {
		owner, e := t.resolveWait(m, sym.Name)
		switch {
		case e == 0 || e == ENOENT && sym.Weak:
			continue
		case e == EBUSY:
			t.w.printk("%s: gave up waiting for init of module %s.", m.Name, owner.Name)
		}
		t.w.printk("%s: Unknown symbol %s (err -%d)", m.Name, sym.Name, e)
		last = e
	}
	return last
}

// resolveWait is resolve_symbol_wait: an interruptible wait on module_wq of up
// to 30 s for as long as the owner is coming.
func (t *Thread) resolveWait(m *Module, sym string) (owner *Module, e Errno) {
	settled := func() bool {
		if e = t.Point("L8", m, trace.Event{Detail: sym}); e != 0 {
			return true
		}
		owner, e = t.resolveOnce(m, sym)
		return e != EBUSY
	}
	t.WaitUntil(&t.w.wq, symbolTimeout, Interruptible, "the owner of symbol "+sym+", which is coming", settled)
	return owner, e
}

// putUses is module_unload_free: gives back the references on what it used.
func (t *Thread) putUses(m *Module) {
	w := t.w
	t.Lock(&w.mm, Uninterruptible)
	for _, o := range m.Uses {
		o.Users = slices.DeleteFunc(o.Users, func(u *Module) bool { return u == m })
		t.put(o)
	}
	m.Uses = nil
	t.Unlock(&w.mm)
}

// put is module_put: never below zero.
func (t *Thread) put(m *Module) {
	if m.Refs > 0 {
		m.Refs--
	}
	t.note(trace.PointPut, m, trace.Event{Refs: trace.Int(m.Refs)})
}
