package sim

import (
	"slices"
	"time"

	"example.org/kmodsh/internal/trace"
)

// permitTimeout is how long a request waits for a permit (kernel/kmod.c 4.13,
// MAX_KMOD_ALL_BUSY_TIMEOUT: 5 s).
const permitTimeout = 5 * time.Second

// maxLoopMessages is how often "runaway loop" is said since boot
// (kernel/kmod.c 4.9, kmod_loop_msg).
const maxLoopMessages = 5

// permits is the limiter of request_module().
type permits struct {
	max    int
	used   int // requests that hold a permit; with Reject also those being refused
	loops  int // "runaway loop" lines printed
	q      Queue
	queued []*grant // Semaphore: first come, first served
}

// grant is a place in the semaphore's queue.
type grant struct {
	t     *Thread
	given bool
}

func (p *permits) init(prof Profile) {
	p.max = max(1, prof.KmodMax)
	p.q.name = "kmod_wq"
}

// Permits returns how many permits are in use, and how many there are.
func (w *World) Permits() (used, limit int) { return w.permits.used, w.permits.max }

// takePermit is the limiter part of __request_module: R5.
func (t *Thread) takePermit(name string) Errno {
	t.w.sawPermits()
	if t.w.Profile.Limiter == Reject {
		return t.rejectOver(name)
	}
	if e := t.Point("R5", nil, trace.Event{Name: name}); e != 0 {
		return e
	}
	t.w.sawPermits()
	if t.w.Profile.Limiter == Throttle {
		return t.throttle(name)
	}
	return t.downTimeout(name)
}

// rejectOver raises the counter and then compares it, two steps that others
// may come between (kernel/kmod.c 4.9, kmod_concurrent). A caller that is
// refused counts until it has lowered the counter again, so that two newcomers
// at one free place may both be refused, and a burst refuses others for longer
// than the helpers that run would.
func (t *Thread) rejectOver(name string) Errno {
	p := &t.w.permits
	p.used++
	e := t.Point("R5", nil, trace.Event{Name: name})
	t.w.sawPermits()
	if e == 0 && p.used <= p.max {
		return 0
	}
	if e == 0 {
		e = ENOMEM
		if p.loops < maxLoopMessages {
			t.w.printk("request_module: runaway loop modprobe %s", name)
			p.loops++
		}
	}
	t.Point("R5", nil, trace.Event{Name: name, Ret: trace.Int(-int64(e)), Detail: "refused, and still counted"})
	p.used--
	return e
}

// throttle takes a permit if there is one, past those who sleep for one; else
// it sleeps. Sleepers are not exclusive: each release wakes all, who race
// (kernel/kmod.c 4.13 to 6.3, kmod_concurrent_max and kmod_wq).
func (t *Thread) throttle(name string) Errno {
	w, p := t.w, &t.w.permits
	free := func() bool {
		w.sawPermits()
		if p.used >= p.max {
			return false
		}
		p.used++
		return true
	}
	if free() {
		return 0
	}
	w.printkLimited("throttling", "__request_module",
		"request_module: kmod_concurrent_max (%d) close to 0 (max_modprobes: %d), for module %s, throttling...", p.max-p.used, p.max, name)
	switch t.WaitUntil(&p.q, permitTimeout, Killable, "a free permit", free) {
	case TimedOut:
		return t.busy(name)
	case Signalled:
		w.printkLimited("sigkill", "__request_module", "request_module: sigkill sent for modprobe %s, giving up", name)
		return ERESTARTSYS
	}
	return 0
}

// downTimeout is down_timeout (kernel/locking/semaphore.c): no signal ends the
// wait, and the permit is handed to the first in the queue. A task that was
// killed meanwhile takes it all the same, and starts its helper.
func (t *Thread) downTimeout(name string) Errno {
	p := &t.w.permits
	if p.used < p.max {
		p.used++
		return 0
	}
	g := &grant{t: t}
	p.queued = append(p.queued, g)
	if t.WaitUntil(&p.q, permitTimeout, Uninterruptible, "a free permit", func() bool { return g.given }) == TimedOut {
		p.queued = slices.DeleteFunc(p.queued, func(o *grant) bool { return o == g })
		return t.busy(name)
	}
	return 0
}

func (t *Thread) busy(name string) Errno {
	t.w.printkLimited("busy", "__request_module",
		"request_module: modprobe %s cannot be processed, kmod busy with %d threads for more than 5 seconds now", name, t.w.permits.max)
	return ETIME
}

// givePermit gives the permit back: R9. The semaphore hands it to the first
// who waits; the throttle wakes all sleepers, who race for it.
func (t *Thread) givePermit() {
	p := &t.w.permits
	if t.w.Profile.Limiter == Semaphore && len(p.queued) > 0 {
		p.queued[0].given = true
		p.queued[0].t.tell(1)
		p.queued = p.queued[1:]
	} else {
		p.used--
	}
	t.w.wake(&p.q, -1)
}
