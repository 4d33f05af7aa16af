package sim

import (
	"slices"
	"strings"
	"time"

	"example.org/kmodsh/internal/trace"
)

// symbolTimeout is how long one symbol's owner is waited for
// (kernel/module/main.c, resolve_symbol_wait: 30 * HZ).
const symbolTimeout = 30 * time.Second

// resolveOnce is resolve_symbol: looks the symbol up under module_mutex and
// takes a reference on its owner, one for all symbols (ref_module). It answers
// EBUSY while the owner is coming and ENOENT when there is none or it is going
// (strong_try_module_get).
func (t *Thread) resolveOnce(m *Module, sym SymbolSpec) (owner *Module, e Errno) {
	w := t.w
	t.Lock(&w.mm, Uninterruptible)
	defer t.Unlock(&w.mm)
	owner = w.exporter(sym.Name)
	if owner == nil || owner.State == trace.Unformed {
		return nil, ENOENT
	}
	if sym.GPL && strings.Contains(m.Taints, "P") {
		return nil, ENOENT // find_symbol does not show it
	}
	if !w.inherits(m, owner, sym) {
		return nil, ENOENT
	}
	if m.Spec.Defects.BadCRC == sym.Name {
		w.printk("%s: disagrees about version of symbol %s", m.Name, sym.Name)
		return owner, EINVAL
	}
	if m.Spec.Defects.BadNamespace == sym.Name && w.Profile.Namespaces {
		w.printk("%s: module uses symbol (%s) from namespace %s, but does not import it.", m.Name, sym.Name, "OTHER")
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

// inherits is inherit_taint (262e6ae7081d, 5.9): a module that uses symbols of
// a proprietary one becomes proprietary itself, and may not if it uses symbols
// for GPL-compatible modules.
func (w *World) inherits(m, owner *Module, sym SymbolSpec) bool {
	m.usesGPL = m.usesGPL || sym.GPL
	if w.Profile.TaintInherit {
		w.sawDetails(owner)
	}
	if !w.Profile.TaintInherit || !strings.Contains(owner.Taints, "P") {
		return true
	}
	if m.usesGPL {
		w.printk("%s: module using GPL-only symbols uses symbols %s from proprietary module %s.", m.Name, sym.Name, owner.Name)
		return false
	}
	if !strings.Contains(m.Taints, "P") {
		w.printk("%s: module uses symbols %s from proprietary module %s, inheriting taint.", m.Name, sym.Name, owner.Name)
		w.taint(m, 'P')
	}
	return true
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
		owner, e := t.resolveWait(m, sym)
		switch {
		case e == 0 || e == ENOENT && sym.Weak:
			continue
		case e == EBUSY && owner != nil:
			t.w.printk("%s: gave up waiting for init of module %s.", m.Name, owner.Name)
		}
		t.w.printk("%s: Unknown symbol %s (err -%d)", m.Name, sym.Name, e)
		last = e
	}
	return last
}

// resolveWait is resolve_symbol_wait: an interruptible wait on module_wq of up
// to 30 s for as long as the owner is coming. One that is going by the end of
// it is ENOENT.
func (t *Thread) resolveWait(m *Module, sym SymbolSpec) (owner *Module, e Errno) {
	settled := func() bool {
		if e = t.Point("L8", m, trace.Event{Detail: sym.Name}); e != 0 {
			return true
		}
		owner, e = t.resolveOnce(m, sym)
		return e != EBUSY
	}
	t.WaitUntil(&t.w.wq, symbolTimeout, Interruptible, "the owner of symbol "+sym.Name+", which is coming", settled)
	return owner, e
}

// exporter is find_symbol: the module that exports a symbol.
func (w *World) exporter(sym string) *Module {
	m := w.symbols[sym]
	w.sawExporter(sym, m)
	return m
}

// tryGet is try_module_get: it needs a module that is not going, and a counter
// that is not 0, so that it fails before L7 and in the tail of an unload. It
// succeeds while init still runs.
func (t *Thread) tryGet(m *Module) bool {
	t.w.sawName(m.Name, m)
	t.w.sawRefs(m)
	if m.State == trace.Going || m.Refs == 0 || m.freed {
		return false
	}
	m.Refs++
	t.note(trace.PointGet, m, trace.Event{Refs: trace.Int(m.Refs)})
	return true
}

// symbolGet is __symbol_get: it does not wait, an owner that is not live is
// none (strong_try_module_get).
func (t *Thread) symbolGet(sym string) *Module {
	w := t.w
	t.Lock(&w.mm, Uninterruptible)
	defer t.Unlock(&w.mm)
	m := w.exporter(sym)
	if m == nil || m.State != trace.Live || !t.tryGet(m) {
		return nil
	}
	return m
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
	t.w.askRefs(m)
	if m.Refs > 0 {
		m.Refs--
	}
	t.note(trace.PointPut, m, trace.Event{Refs: trace.Int(m.Refs)})
}
