package sim

import (
	"time"
)

// permitTimeout is how long a request waits for a permit (kernel/kmod.c 4.13,
// MAX_KMOD_ALL_BUSY_TIMEOUT: 5 s).
const permitTimeout = 5 * time.Second

// permits is the limiter of request_module().
type permits struct {
	max    int
	used   int // requests that hold a permit; with Reject also those being refused
	loops  int // "runaway loop" lines printed
	q      Queue
	queued []*grant // Semaphore: first come, first served
}

// grant is a place in the semaphore's queue.
type grant struct{ given bool }

func (p *permits) init(prof Profile) {
	p.max = max(1, prof.KmodMax)
	p.q.name = "kmod_wq"
}

// Permits returns how many permits are in use, and how many there are.
func (w *World) Permits() (used, limit int) { return w.permits.used, w.permits.max }

// takePermit is the limiter part of __request_module: R5.
func (t *Thread) takePermit(name string) Errno {
	p := &t.w.permits
	switch t.w.Profile.Limiter {
	case Reject:
		// The counter is raised before it is compared, so that callers who are
		// being refused count as well (kernel/kmod.c 4.9).
		p.used++
		if p.used > p.max {
			if p.loops < 5 {
				t.w.printk("request_module: runaway loop modprobe %s", name)
				p.loops++
			}
			p.used--
			return ENOMEM
		}
		return 0
	case Throttle:
		if p.used < p.max {
			p.used++
			return 0
		}
		t.w.printk("request_module: kmod_concurrent_max (0) close to 0 (max_modprobes: %d), for module %s, throttling...", p.max, name)
		free := func() bool {
			if p.used < p.max {
				p.used++
				return true
			}
			return false
		}
		switch t.WaitUntil(&p.q, permitTimeout, Killable, "a free permit", free) {
		case TimedOut:
			return t.busy(name)
		case Signalled:
			t.w.printk("request_module: sigkill sent for modprobe %s, giving up", name)
			return ERESTARTSYS
		}
		return 0
	}
	if p.used < p.max {
		p.used++
		return 0
	}
	g := &grant{}
	p.queued = append(p.queued, g)
	if t.WaitUntil(&p.q, permitTimeout, Uninterruptible, "a free permit", func() bool { return g.given }) == TimedOut {
		for i, o := range p.queued {
			if o == g {
				p.queued = append(p.queued[:i], p.queued[i+1:]...)
				break
			}
		}
		return t.busy(name)
	}
	return 0
}

func (t *Thread) busy(name string) Errno {
	t.w.printk("request_module: modprobe %s cannot be processed, kmod busy with %d threads for more than 5 seconds now", name, t.w.permits.max)
	return ETIME
}

// givePermit gives the permit back: R9. The semaphore hands it to the first
// who waits; the throttle wakes all sleepers, who race for it.
func (t *Thread) givePermit() {
	p := &t.w.permits
	if t.w.Profile.Limiter == Semaphore && len(p.queued) > 0 {
		p.queued[0].given = true
		p.queued = p.queued[1:]
	} else {
		p.used--
	}
	t.w.wake(&p.q, -1)
}
