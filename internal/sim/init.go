package sim

import (
	"slices"
	"strconv"
	"time"

	"example.org/kmodsh/internal/trace"
)

// doInit is do_init_module: L17 to L19.
func (t *Thread) doInit(m *Module) int64 {
	w := t.w
	if e := t.Point("L17", m, trace.Event{}); e != 0 {
		return t.failInit(m, e)
	}
	t.take(KindInit, m, "")
	used, e := t.runInit(m)
	if e != 0 {
		t.give(KindInit, m, "")
		return t.failInit(m, e)
	}
	m.State = trace.Live // unlocked, no waiter is woken yet
	w.turns(m.Name)
	t.Point("L18", m, trace.Event{})
	if !w.Profile.EarlyUevent {
		w.uevent("add", m)
	}
	if !m.asyncProbe() && (used || w.Profile.AsyncSyncAlways) {
		t.syncAsync()
	}
	t.Lock(&w.mm, Uninterruptible)
	t.put(m)
	m.InitGone = true
	t.give(KindInit, m, "")
	if w.Profile.ModuleStats {
		w.stats.Modules++
		w.stats.TotalModSize += m.Spec.CoreSize + m.Spec.InitSize
	}
	t.Unlock(&w.mm)
	t.note("L19", m, trace.Event{Ret: trace.Int(0)})
	w.wake(&w.wq, -1)
	return 0
}

// runInit is the module's own init function: it registers what it provides at
// once, then starts asynchronous work, requests, sleeps and returns as its
// body and parameters say. It says whether it used asynchronous work
// (PF_USED_ASYNC).
func (t *Thread) runInit(m *Module) (async bool, e Errno) {
	b := m.body()
	for _, what := range b.Provides {
		t.w.setProvider(what, m)
	}
	if b.Async != nil {
		t.startAsync(m, *b.Async)
	}
	for _, name := range b.Requests {
		t.RequestModule(name, true)
	}
	if b.InitSleep > 0 {
		t.msleep(b.InitSleep, "the init function of "+m.Name)
	}
	if b.InitRet != 0 {
		t.withdraw(m)
		return b.Async != nil, b.InitRet
	}
	if b.InitPos > 0 {
		t.w.printk("do_init_module: '%s'->init suspiciously returned %d, it should follow 0/-E convention", m.Name, b.InitPos)
		t.w.printk("do_init_module: loading module anyway...")
		t.w.printk("CPU: 0 PID: %d Comm: %s Tainted: %s", t.PID, t.Comm, t.w.Taints())
		t.w.printk("Call Trace:")
	}
	return b.Async != nil, 0
}

// startAsync is async_schedule: a worker does it while init goes on
// (kernel/async.c).
func (t *Thread) startAsync(m *Module, a AsyncWork) {
	w := t.w
	w.async++
	w.asyncs++
	worker := w.Spawn("async-"+strconv.Itoa(w.asyncs), "kworker/u:async", func(h *Thread) int64 {
		if a.Sleep > 0 {
			h.msleep(a.Sleep, "the asynchronous work of "+m.Name)
		}
		for _, name := range a.Requests {
			h.RequestModule(name, true)
		}
		w.find(m.Name)
		if m.onList {
			for _, what := range a.Provides {
				w.setProvider(what, m)
			}
		}
		w.async--
		w.wake(&w.asyncQ, -1)
		return 0
	})
	worker.Parent, worker.threadState.async = t, true
}

// syncAsync is async_synchronize_full: nothing ends it but the work's end.
func (t *Thread) syncAsync() {
	t.WaitUntil(&t.w.asyncQ, 0, Uninterruptible, "all asynchronous work to end", func() bool { return t.w.async == 0 })
}

// asyncProbe says whether the load asked for asynchronous probing.
func (m *Module) asyncProbe() bool {
	return slices.ContainsFunc(m.Args, func(a Arg) bool { return a.Name == "async_probe" })
}

// withdraw takes back what the module registered.
func (t *Thread) withdraw(m *Module) {
	give := func(list []string) {
		for _, what := range list {
			if t.w.provider(what) == m {
				t.w.setProvider(what, nil)
			}
		}
	}
	give(m.Spec.Body.Provides)
	if a := m.Spec.Body.Async; a != nil {
		give(a.Provides)
	}
}

// body returns what the module's code does, its parameters applied.
func (m *Module) body() Body {
	b := m.Spec.Body
	for _, a := range m.Args {
		n, e := parseInt(a.Value, 32)
		if e != 0 {
			continue
		}
		switch a.Name {
		case "init_ms":
			b.InitSleep = time.Duration(n) * time.Millisecond
		case "exit_ms":
			b.ExitSleep = time.Duration(n) * time.Millisecond
		case "init_ret":
			b.InitRet, b.InitPos = Errno(max(0, -n)), int(max(0, n))
		}
	}
	return b
}
