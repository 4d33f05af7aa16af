package sim

import "example.org/kmodsh/internal/trace"

// find returns the module of a name on the list, unformed ones included
// (find_module_all with even_unformed).
func (w *World) find(name string) *Module {
	for _, m := range w.list {
		if m.Name == name {
			w.sawName(name, m)
			return m
		}
	}
	w.sawName(name, nil)
	return nil
}

// finishedLoading is the predicate that ends a wait on module_wq. It takes and
// drops module_mutex in the waiter's context, as the kernel's does.
func (t *Thread) finishedLoading(name string) bool {
	t.Lock(&t.w.mm, Uninterruptible)
	m := t.w.find(name)
	t.Unlock(&t.w.mm)
	if m == nil || m.State == trace.Live {
		return true
	}
	return m.State == trace.Going && t.w.Profile.DupRule != RuleB
}

// waitFinished sleeps on module_wq until finishedLoading; any signal ends it.
func (t *Thread) waitFinished(name string) Errno {
	done := func() bool { return t.finishedLoading(name) }
	if t.WaitUntil(&t.w.wq, 0, Interruptible, "the module "+name+" to finish loading", done) == Signalled {
		return ERESTARTSYS
	}
	return 0
}

// checkDuplicate applies the profile's duplicate rule. module_mutex is held on
// entry and on return; it is dropped while waiting. early says that it is the
// look before the allocation.
//
// Rules A and B are the loop of add_unformed_module (kernel/module.c 4.9, 5.3):
// after a wait the whole test is repeated, so that the second load may end up
// loading the module itself. Rule C is module_patient_check_exists (6.12) and
// its inlined form (6.1): one look after the wait, and no second try.
func (t *Thread) checkDuplicate(name string, early bool) Errno {
	w := t.w
	for {
		old := w.find(name)
		if old == nil {
			return 0
		}
		waits := old.State == trace.Coming || old.State == trace.Unformed ||
			old.State == trace.Going && w.Profile.DupRule == RuleB
		if waits {
			t.Unlock(&w.mm)
			e := t.waitFinished(name)
			t.Lock(&w.mm, Uninterruptible)
			if e != 0 {
				return e
			}
			if w.Profile.DupRule != RuleC {
				continue
			}
			old = w.find(name)
		}
		w.lost(name, early)
		if w.Profile.DupRule == RuleC && (old == nil || old.State != trace.Live) {
			return EBUSY
		}
		return EEXIST
	}
}
