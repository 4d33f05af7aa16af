package sim

import "example.org/kmodsh/internal/trace"

// RequestModule is __request_module by this thread: R1 to R9. It returns what
// the kernel's callers get: 0, an exit status times 256, a signal number, or a
// negative errno (kernel/kmod.c 4.9 to 6.3, kernel/module/kmod.c 6.4 and later).
func (t *Thread) RequestModule(name string, wait bool) int64 {
	w := t.w
	w.tied++
	outer := t.request
	t.request = w.tied
	defer func() { t.request = outer }()
	ret := t.requestModule(name, wait)
	t.note("R9", nil, trace.Event{Name: name, Ret: trace.Int(ret)})
	return ret
}

func (t *Thread) requestModule(name string, wait bool) int64 {
	w := t.w
	t.Point("R1", nil, trace.Event{Name: name})
	if w.ModprobePath == "" {
		t.note("R2", nil, trace.Event{Name: name, Detail: "modprobe_path is empty"})
		if w.Profile.EmptyPathIsError {
			return -int64(ENOENT)
		}
		return 0
	}
	if len(name) >= maxName {
		return -int64(ENAMETOOLONG)
	}
	if e := t.Point("R4", nil, trace.Event{Name: name}); e != 0 {
		return -int64(e)
	}
	if e := t.Point("R5", nil, trace.Event{Name: name}); e != 0 {
		return -int64(e)
	}
	if e := t.takePermit(name); e != 0 {
		return -int64(e)
	}
	t.note(trace.PointRequest, nil, trace.Event{Name: name})
	ret := t.modprobe(name, wait)
	t.givePermit()
	if ret == 0 && w.Profile.SanityCheck && wait && !w.present(name) {
		w.printk("request_module: modprobe %s succeeded, but the module is not live", name)
		return -int64(ENOENT)
	}
	return ret
}

// modprobe is call_modprobe: R8.
func (t *Thread) modprobe(name string, wait bool) int64 {
	if e := t.Point("R8", nil, trace.Event{Name: name}); e != 0 {
		return -int64(e)
	}
	w := t.w
	if w.UMH != UMHEnabled {
		return -int64(EBUSY)
	}
	w.umhCallers++
	ret := t.execHelper(w.ModprobePath, []string{w.ModprobePath, "-q", "--", name}, wait)
	w.umhCallers--
	w.wake(&w.umhQueue, -1)
	return ret
}
