package agent

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// stands looks whether a thread stands, and notes how; s.mu is held.
func (s *stepper) stands(t *thread) bool {
	switch t.stand {
	case standFresh, standStopped, standHeld, standDelayed, standDone:
		return true
	}
	if t.said {
		return true // as it has told itself, until it tells otherwise
	}
	at := s.look(t.pid, t.tid)
	if at.gone {
		if t.kernel || t.task == nil {
			return s.vanished(t)
		}
		s.running(t) // its answer is on its way
		return false
	}
	w := waitOf(at, s.rivals(t))
	if w.kind == waitHelper {
		helper := s.helperOf(t)
		if helper == nil || helper.stand == standDone {
			s.running(t) // the helper is about to show up, or it is about to go on
			return false
		}
		w.words = "the helper " + helper.id
	}
	if w.kind == waitNone || w.kind == waitAsync && s.asyncMoves(t) {
		s.running(t)
		return false
	}
	if t.stand != standBlocked || t.waits != w.named(t.module) {
		since := s.now()
		s.set(t, standBlocked)
		t.waits, t.timed = w.named(t.module), w.timed
		if w.limit > 0 {
			t.until = since + w.limit
		}
	}
	return true
}

// goneWait is how long the answer of a kernel thread that has ended may take, in
// nanoseconds: its verdict needs the indexes of the tree.
const goneWait = 15 * second

// named is what a wait is for, in words.
func (k known) named(module string) string {
	if module == "" {
		module = "module"
	}
	i := 0
	for ; i+1 < len(k.words); i++ {
		if k.words[i:i+2] == "%m" {
			return k.words[:i] + module + k.words[i+2:]
		}
	}
	return k.words
}

// running notes that a thread is on its way; s.mu is held.
func (s *stepper) running(t *thread) {
	if t.stand != standRunning {
		s.set(t, standRunning)
	}
}

// vanished is the end of a helper or a kernel thread that nobody told of; s.mu
// is held. A helper that told its exit status had it; one that did not was
// killed, or never became a program.
func (s *stepper) vanished(t *thread) bool {
	if t.kernel {
		if t.gone == 0 {
			t.gone = s.now()
		}
		if s.now()-t.gone < goneWait {
			s.running(t) // what it returned is on its way
			return false
		}
	}
	if t.task == nil && !t.exited {
		t.killed = t.signal != ""
		if t.result == 0 {
			t.result = killedBy(t.signal)
		}
	}
	t.outcome.Done, t.outcome.Ended = true, s.now()
	t.goOn = nil
	s.set(t, standDone)
	return true
}

// helperOf returns the helper that a thread made last, nil if none; s.mu is held.
func (s *stepper) helperOf(t *thread) *thread {
	for _, h := range slices.Backward(s.threads) {
		if h.parent == t && h.task == nil {
			return h
		}
	}
	return nil
}

// reported is the time after which the kernel's own report of a thread that hangs
// has come, in nanoseconds: the watchdog looks once in its time-out
// (kernel/hung_task.c), so twice that, and a second. It is 0 for a thread that
// does not sleep uninterruptibly, and where the kernel reports none.
func (s *stepper) reported(t *thread) int64 {
	if s.hung == nil || s.look(t.pid, t.tid).state != 'D' {
		return 0
	}
	limit := s.hung()
	if limit <= 0 || limit > hungMost {
		return 0
	}
	return 2*limit + second
}

// hungMost is the longest such time-out that is waited for: the kernel's own,
// 120 s, in nanoseconds.
const hungMost = 120 * second

// astray is the error of a thread that has not come to stand for a time,
// nanoseconds.
func (s *stepper) astray(t *thread, silence int64) error {
	at := s.look(t.pid, t.tid)
	where := "it runs"
	if at.asleep() {
		where = fmt.Sprintf("it sleeps (%c) in %s", at.state, firstOf(at.stack))
	}
	last := t.at
	if last == "" {
		last = "its beginning"
	}
	return fmt.Errorf("thread %s, process %d, has been on its way from %s for %d s and came to no point and no known wait: %s",
		t.id, t.pid, last, silence/int64(time.Second), where)
}

func firstOf(stack []string) string {
	if len(stack) == 0 {
		return "user space"
	}
	return stack[0]
}

// requester returns a thread that waits for a helper nobody has seen yet, by
// where it sleeps; nil if there is none. Without the driver it is what tells
// whose helper a new one is.
func (s *stepper) requester() *thread {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.threads {
		if t.stand != standRunning && t.stand != standBlocked || t.said {
			continue
		}
		if h := s.helperOf(t); h != nil && h.stand != standDone {
			continue
		}
		if waitOf(s.look(t.pid, t.tid), false).kind == waitHelper {
			return t
		}
	}
	return nil
}

// rivals says whether another thread is loading the module that t is, or its init
// function requests another just now; s.mu is held.
func (s *stepper) rivals(t *thread) bool {
	return slices.ContainsFunc(s.threads, func(o *thread) bool {
		return o != t && o.module == t.module && o.module != "" && o.stand != standDone && o.at != "" && strings.Contains("LWUR", o.at[:1])
	})
}
