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
	if wait && t.threadState.async && w.once("request from async") {
		// WARN_ON_ONCE(wait && current_is_async()), 0fdff3ec6d87.
		w.printk("WARNING: CPU: 0 PID: %d at __request_module: an async worker waits for modprobe %s", t.PID, name)
	}
	if w.ModprobePath == "" {
		e := t.pass("R2", nil, trace.Event{Name: name, Detail: "modprobe_path is empty"})
		if w.Profile.EmptyPathIsError && e == 0 {
			e = ENOENT
		}
		return -int64(e)
	}
	if e := t.pass("R3", nil, trace.Event{Name: name}); e != 0 {
		return -int64(e)
	}
	if len(name) >= maxName {
		return -int64(ENAMETOOLONG)
	}
	if e := t.Point("R4", nil, trace.Event{Name: name}); e != 0 {
		return -int64(e)
	}
	if e := t.takePermit(name); e != 0 {
		return -int64(e)
	}
	ret := t.permitted(name, wait)
	t.givePermit()
	if ret == 0 && w.Profile.SanityCheck && wait && !w.present(name) {
		w.printk("request_module: modprobe %s succeeded, but the module is not live", name)
		return -int64(ENOENT)
	}
	return ret
}

// permitted is what a request does while it holds its permit: R6 to R8. A
// request that is merged with another holds one, too, and is traced.
func (t *Thread) permitted(name string, wait bool) int64 {
	t.note(trace.PointRequest, nil, trace.Event{Name: name})
	if t.w.Profile.DupMerge {
		if ret, merged := t.dupRequest(name, wait); merged {
			return ret
		}
	}
	ret := t.modprobe(name, wait)
	if t.w.Profile.DupMerge {
		t.w.announce(name, ret)
	}
	return ret
}

// modprobe is call_modprobe: R8.
func (t *Thread) modprobe(name string, wait bool) int64 {
	t.lie = ""
	if e := t.Point("R8", nil, trace.Event{Name: name}); e != 0 {
		return -int64(e)
	}
	path := t.w.ModprobePath
	return t.execHelper(path, []string{path, "-q", "--", name}, wait)
}
