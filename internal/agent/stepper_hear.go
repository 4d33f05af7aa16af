package agent

import (
	"context"
	"strings"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// arrive says that a thread has come to a point, from which goOn lets it go; tied
// says that untie does, too. Faults strike here.
func (s *stepper) arrive(t *thread, point, module, name string, tied bool, goOn func(errno int)) {
	s.mu.Lock()
	t.tied, t.asyncSince = tied, 0
	if t.goOn = goOn; point != "" {
		t.at = point
	}
	if module != "" {
		t.module = module
		if strings.HasPrefix(point, "L") {
			s.loaded[module] = t.id
		}
	}
	e := s.faults.strike(t, point, t.module)
	switch {
	case e.hold:
		s.set(t, standHeld)
	case e.delay > 0:
		s.set(t, standDelayed)
		t.waits, t.timed, t.until = "delayed at "+point, true, s.now()+int64(e.delay)
		time.AfterFunc(e.delay, func() { s.delayed(t, point) })
	case t.free:
		s.set(t, standRunning)
		s.mu.Unlock()
		goOn(e.fail)
		return
	default:
		s.set(t, standStopped)
	}
	if e.fail != 0 {
		t.goOn = func(int) { goOn(e.fail) }
	}
	s.mu.Unlock()
}

// heldBy says that a fault which is the driver's rule holds a thread at a point.
func (s *stepper) heldBy(t *thread, point, module string, goOn func(errno int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.at, t.goOn, t.tied = point, goOn, true
	if module != "" {
		t.module = module
	}
	s.set(t, standHeld)
}

// passes says that a thread which does not stop has come by a point.
func (s *stepper) passes(t *thread, point, module string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.stand != standRunning && t.stand != standBlocked {
		return
	}
	t.at = point
	if module != "" {
		t.module = module
		if strings.HasPrefix(point, "L") {
			s.loaded[module] = t.id
		}
	}
	s.touched(t)
}

// delayed ends a thread's delay.
func (s *stepper) delayed(t *thread, point string) {
	s.mu.Lock()
	if t.stand != standDelayed || t.at != point {
		s.mu.Unlock()
		return
	}
	if t.free {
		goOn := t.goOn
		s.set(t, standRunning)
		s.mu.Unlock()
		goOn(0)
		return
	}
	s.set(t, standStopped)
	s.mu.Unlock()
}

// waitsFor says that a thread waits in user space, as it has told itself; no
// words: it goes on.
func (s *stepper) waitsFor(t *thread, words string, timed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if words == "" {
		s.set(t, standRunning)
		return
	}
	s.set(t, standBlocked)
	t.waits, t.timed, t.said = words, timed, true
}

// end says that a thread has ended; finish fills in what became of it.
func (s *stepper) end(t *thread, finish func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.stand == standDone {
		return
	}
	if finish != nil {
		finish()
	}
	if t.outcome.Done = true; t.outcome.Ended == 0 {
		t.outcome.Ended = s.now()
	}
	if t.outcome.Began == 0 {
		t.outcome.Began = t.outcome.Ended
	}
	t.goOn = nil
	s.set(t, standDone)
}

// hello says that the loader of a thread is there, and which of its tasks does
// the work. A thread that has not begun begins by begin; a helper is let go at
// once, to its first stage.
func (s *stepper) hello(t *thread, pid, tid int, begin func(errno int)) {
	s.mu.Lock()
	t.pid, t.tid = pid, tid
	s.byTask[pid], s.byTask[tid] = t, t
	if t.stand == standFresh {
		t.goOn = begin
		s.touched(t)
		s.mu.Unlock()
		return
	}
	t.comm = "modprobe"
	s.touched(t)
	s.mu.Unlock()
	begin(0)
}

// exits notes the exit status that a helper is about to end with.
func (s *stepper) exits(t *thread, status int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.task == nil {
		t.exited, t.result = true, status&0xff<<8
	}
}

// left says that a loader has hung up: a helper has ended with that.
func (s *stepper) left(t *thread) {
	if t.task != nil {
		return // its process is waited for
	}
	s.end(t, func() {
		if !t.exited {
			t.killed, t.result = true, killedBy(t.signal)
		}
	})
}

// begun waits until a thread that was spawned stands at its beginning.
func (s *stepper) begun(ctx context.Context, t *thread) error {
	for {
		s.mu.Lock()
		news, there := s.news, t.goOn != nil || t.stand == standDone
		s.mu.Unlock()
		if there {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// asks notes the number of a thread's request.
func (s *stepper) asks(t *thread, request uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.request = request
}

// leaves says that a thread left a stop without being told to: its hold had a
// deadline, or it was killed.
func (s *stepper) leaves(t *thread) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch t.stand {
	case standStopped, standHeld, standDelayed:
		t.goOn = nil
		s.set(t, standRunning)
	}
}

// hit counts that a fault has struck.
func (s *stepper) hit(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults.list {
		if s.faults.list[i].Number == number {
			s.faults.list[i].Hits++
		}
	}
}

// loaders fills in which thread loaded each module, as far as it was seen.
func (s *stepper) loaders(list []kernel.ModuleState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range list {
		list[i].Loader = s.loaded[list[i].Name]
	}
}
