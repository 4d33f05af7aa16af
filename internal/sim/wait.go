package sim

import (
	"slices"
	"time"
)

// Errno is a Linux errno as a positive number; 0 is success. The simulator
// keeps its own small type so that results are the same on every host.
type Errno int32

// Signal is a signal that reached a thread.
type Signal uint8

// The signals the model tells apart.
const (
	NoSignal Signal = iota
	SIGTERM         // any signal that does not kill: ends interruptible waits only
	SIGKILL         // ends interruptible and killable waits
)

// Break says which signals end a wait.
type Break uint8

// How a wait may be broken, as the kernel's wait functions name it.
const (
	Uninterruptible Break = iota
	Killable              // by SIGKILL
	Interruptible         // by any signal
)

// Wake says why a wait ended.
type Wake uint8

// The reasons.
const (
	Woken Wake = iota
	TimedOut
	Signalled
)

// waiting is what a blocked thread waits for.
type waiting struct {
	what     string
	on       *sleeper
	deadline int64 // virtual time in nanoseconds, 0: none
	brk      Break
	result   Wake
}

// sleeper is a thread's entry in a queue. It is made before the thread looks
// whether it has to sleep, so that no wake-up can slip in between.
type sleeper struct {
	t     *Thread
	depth uint8 // of the waits that t is inside of
	woken bool
}

// joined and left keep the digest of who sleeps.
func (q *Queue) joined(s *sleeper) {
	if q.owner != nil {
		s.t.seen.own = true
		return
	}
	s.t.w.sleeping[q.bit] += mix(uint64(s.t.seen.key), uint64(s.depth))
}

func (q *Queue) left(s *sleeper) {
	if q.owner != nil {
		s.t.seen.own = false
		return
	}
	s.t.w.sleeping[q.bit] -= mix(uint64(s.t.seen.key), uint64(s.depth))
}

// Queue is a wait queue: threads sleep on it until somebody wakes it. A wake
// makes a sleeper ready; whether what it waits for is true it must look up
// again itself, as in the kernel.
type Queue struct {
	name     string
	sleepers []*sleeper
	bit      uint8   // in Footprint.Sleeps and Wakes
	rivals   bool    // who sleeps first matters: woken one at a time, or first come first served
	counts   bool    // a sleeper counts what went by: looking again is not the same as looking first
	owner    *Thread // the only one who sleeps on it, nil: anybody may
	answer   uint64  // digest of what sleepers will be told when they are woken
}

// note adds the queue to the footprint, as slept on or as woken. Where one
// thread has the queue to itself and sleeps, waking it orders the two, and
// nobody else cares.
func (q *Queue) note(w *World, wake bool) {
	f, bit := &w.footprint, uint64(1)<<q.bit
	if q.owner != nil {
		w.asked.Threads |= 1 << (q.owner.seen.key & 31)
		if q.owner.pending == NoSignal {
			return
		}
	}
	w.asked.Queues |= bit
	if wake || q.rivals {
		f.Wakes |= bit
	}
	if !wake || q.rivals {
		f.Sleeps |= bit
	}
}

func (q *Queue) prepare(t *Thread) *sleeper {
	s := t.w.newSleeper(t)
	s.depth = t.seen.depth
	t.seen.depth++
	if q != nil {
		q.sleepers = append(q.sleepers, s)
		q.joined(s)
	}
	return s
}

// newSleeper takes a sleeper from a block that is used again when the world is
// booted again: a search makes very many of them.
func (w *World) newSleeper(t *Thread) *sleeper {
	if len(w.sleepers) == cap(w.sleepers) {
		w.sleepers = make([]sleeper, 0, max(32, 2*cap(w.sleepers)))
	}
	w.sleepers = append(w.sleepers, sleeper{t: t})
	return &w.sleepers[len(w.sleepers)-1]
}

func (q *Queue) leave(s *sleeper) {
	s.t.seen.depth = s.depth
	s.t.seen.woken &^= 1 << s.depth
	if q == nil {
		return
	}
	if i := slices.Index(q.sleepers, s); i >= 0 {
		q.sleepers = slices.Delete(q.sleepers, i, i+1)
		q.left(s)
	}
}

// WaitUntil is the kernel's wait_event (include/linux/wait.h, ___wait_event):
// t sleeps on q until cond holds, looking again at each wake-up, until the time
// (0: none) has passed on the virtual clock, or until a signal that brk allows.
// A condition that holds wins over a signal and over the time-out. what says in
// words what t waits for.
func (t *Thread) WaitUntil(q *Queue, timeout time.Duration, brk Break, what string, cond func() bool) Wake {
	deadline := int64(0)
	if timeout > 0 {
		deadline = t.w.clock() + int64(timeout)
	}
	first := t.seen.history
	for late := false; ; {
		t.again(q, first, late)
		s := q.prepare(t)
		ok := cond()
		t.w.looked(q, ok)
		switch {
		case ok:
			q.leave(s)
			t.heard()
			return Woken
		case brk.by(t.pending):
			q.leave(s)
			t.ended(Signalled)
			return Signalled
		case late || deadline > 0 && t.w.clock() >= deadline:
			q.leave(s)
			t.ended(TimedOut)
			return TimedOut
		case s.woken:
			q.leave(s)
			continue
		}
		late = t.block(s, deadline, brk, what) == TimedOut
		q.leave(s)
	}
}

// again begins a look of a wait: that there were looks before makes no
// difference to what comes.
func (t *Thread) again(q *Queue, first uint64, late bool) {
	if t.w.remember || q != nil && q.counts {
		return
	}
	t.seen.history = first
	if late {
		t.w.observe(23)
	}
}

// ended notes that a wait ended without what was waited for.
func (t *Thread) ended(why Wake) {
	t.heard()
	t.w.observe(24 + uint64(why))
}

// looked notes that the running thread looked whether it has to sleep on q.
func (w *World) looked(q *Queue, ok bool) {
	if q != nil {
		q.note(w, false)
	}
	if ok {
		w.observe(22)
	} else {
		w.observe(21)
	}
}

// block takes t off the processor until its sleeper is woken, the deadline is
// due, or a signal breaks the wait.
func (t *Thread) block(s *sleeper, deadline int64, brk Break, what string) Wake {
	t.wait = waiting{what: what, on: s, deadline: deadline, brk: brk}
	t.status = Blocked
	t.pause()
	t.w.observe(uint64(t.wait.result))
	return t.wait.result
}

func (b Break) by(s Signal) bool {
	return b == Interruptible && s != NoSignal || b == Killable && s == SIGKILL
}

// wake wakes up to n sleepers of q, oldest first; n < 0 means all.
func (w *World) wake(q *Queue, n int) {
	q.note(w, true)
	for len(q.sleepers) > 0 && n != 0 {
		s := q.sleepers[0]
		q.sleepers = q.sleepers[1:]
		q.left(s)
		s.woken = true
		s.t.seen.woken |= 1 << s.depth
		if q.answer != 0 {
			s.t.tell(q.answer)
		}
		if s.t.status == Blocked && s.t.wait.on == s {
			w.ready(s.t, Woken)
		}
		n--
	}
}

// ready ends the wait of a blocked thread.
func (w *World) ready(t *Thread, why Wake) {
	t.wait.result = why
	t.wait.deadline = 0
	t.status = Ready
}

// Signal sends a signal to t: a wait that it may break ends; otherwise it
// stays pending. SIGKILL is never replaced by a lesser one.
func (w *World) Signal(t *Thread, s Signal) {
	if t.status == Done {
		return
	}
	w.wrote(resEverything)
	w.asked.Threads |= 1 << (t.seen.key & 31)
	if t.pending != SIGKILL {
		t.pending = s
	}
	if t.status == Held && s == SIGKILL {
		t.status = Ready
	}
	if t.status == Blocked && t.wait.brk.by(s) {
		w.ready(t, Signalled)
	}
}

// Killed says whether SIGKILL is pending for t.
func (t *Thread) Killed() bool { return t.pending == SIGKILL }
