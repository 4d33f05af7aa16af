package sim

import "time"

// AdvanceTo is Advance that moves the clock no further than limit, in virtual
// nanoseconds since boot; 0 is no limit. It says false when the clock cannot
// move: no time-out is due and there is no limit to go to.
func (w *World) AdvanceTo(limit int64) bool {
	if limit == 0 {
		return w.Advance()
	}
	if at, ok := w.NextTimer(); ok && at <= limit {
		return w.Advance()
	}
	if limit <= w.now {
		return false
	}
	w.now = limit
	return true
}

// Sleep blocks t for d of virtual time; only SIGKILL ends it early.
func (t *Thread) Sleep(d time.Duration, what string) Wake {
	if t.pending == SIGKILL {
		return Signalled
	}
	t.w.asked.Clock = true
	return t.block(t.w.newSleeper(t), t.w.now+int64(max(d, 1)), Killable, what)
}

// NextTimer returns the virtual time at which the first time-out is due; ok is
// false when no thread waits for one.
func (w *World) NextTimer() (at int64, ok bool) {
	for _, t := range w.threads {
		if t.status == Blocked && t.wait.deadline > 0 && (!ok || t.wait.deadline < at) {
			at, ok = t.wait.deadline, true
		}
	}
	return at, ok
}

// Advance moves the virtual clock to the next time-out and makes the threads
// ready whose time has come. It says false when there is no time-out to go to.
func (w *World) Advance() bool {
	at, ok := w.NextTimer()
	if !ok {
		return false
	}
	w.now = max(w.now, at)
	for _, t := range w.threads {
		if t.status == Blocked && t.wait.deadline > 0 && t.wait.deadline <= w.now {
			w.ready(t, TimedOut)
		}
	}
	return true
}
