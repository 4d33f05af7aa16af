package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

const (
	// threadsMax bounds the threads of one machine.
	threadsMax = 4096
	// standPatience is how long a thread may be on its way before that is an
	// error, in nanoseconds: the emulated exec of a program takes a twentieth
	// of a second, fifty at once take two.
	standPatience = 20 * int64(time.Second)
	// lookEvery is the pause between two looks at threads that are on their
	// way; it doubles up to lookRarely.
	lookEvery  = 300 * time.Microsecond
	lookRarely = 5 * time.Millisecond
	// lookAsleep is the longest pause while all stand and some sleep: who wakes
	// is heard of when he comes to his next stop.
	lookAsleep = 250 * time.Millisecond
)

// stepper keeps the threads that stop at points, and moves them when told. What
// it hears comes from the gate (stages of loaders), from the driver (points of
// the kernel), from processes that end, and from /proc.
type stepper struct {
	look func(pid, tid int) sight
	now  func() int64                    // CLOCK_MONOTONIC
	kill func(pid int, sig string) error // of a helper
	// hung is how long a task may sleep uninterruptibly before the kernel reports
	// it, in nanoseconds, 0 never; nil is never.
	hung func() int64
	// async is who does the kernel's asynchronous work; nil is not known.
	async func() asyncWork

	moving sync.Mutex // held by the one operation that moves threads

	mu      sync.Mutex
	threads []*thread
	byID    map[string]*thread
	byTask  map[int]*thread // process or task -> thread
	version uint64
	helpers int
	loaded  map[string]string // module -> ID of the thread that was last seen loading it
	faults  faultPlan
	ties    ties          // nil without the driver
	news    chan struct{} // closed and made again at each change
}

// ties are what makes threads stop at the points of the kernel: the driver.
type ties interface {
	// untie has the threads of these processes stop nowhere but where faults
	// hold them, and lets them go from where they stand by the driver's doing;
	// retie has them, and whoever they started, stop again.
	untie(pids []int) error
	retie(pids []int) error
}

func newStepper(look func(pid, tid int) sight, now func() int64) *stepper {
	return &stepper{look: look, now: now, byID: map[string]*thread{}, byTask: map[int]*thread{}, loaded: map[string]string{}, news: make(chan struct{})}
}

// touched notes that t has changed; s.mu is held.
func (s *stepper) touched(t *thread) {
	s.version++
	t.changed = s.version
	close(s.news)
	s.news = make(chan struct{})
}

// set makes t stand as said; s.mu is held.
func (s *stepper) set(t *thread, to stand) {
	if t.stand == standDone {
		return
	}
	if to == standRunning {
		t.since = s.now()
	}
	if to != standBlocked && to != standDelayed {
		t.waits, t.timed, t.until, t.said = "", false, 0, false
	}
	t.stand = to
	s.touched(t)
}

// add makes a thread known; it stands at its beginning.
func (s *stepper) add(t *thread) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[t.id] != nil {
		return &kernel.WordsError{Msg: "there is a thread " + t.id + " already"}
	}
	if len(s.threads) >= threadsMax {
		return fmt.Errorf("there are %d threads already: that is the limit", threadsMax)
	}
	s.enter(t)
	return nil
}

// enter is add with s.mu held and no questions.
func (s *stepper) enter(t *thread) {
	s.threads = append(s.threads, t)
	s.byID[t.id] = t
	if t.pid != 0 {
		s.byTask[t.pid] = t
	}
	if t.tid != 0 {
		s.byTask[t.tid] = t
	}
	s.touched(t)
}

// addHelper makes a helper of a thread's request known. It is on its way to
// its first stop.
func (s *stepper) addHelper(pid int, parent *thread, request uint64) *thread {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.byTask[pid]; t != nil && t.parent == parent && t.stand != standDone {
		return t
	}
	s.helpers++
	t := &thread{id: "helper-" + strconv.Itoa(s.helpers), comm: "kworker", parent: parent, pid: pid, tid: pid, request: request, stand: standRunning, since: s.now(), free: parent.free}
	t.outcome.Began = s.now()
	s.enter(t)
	return t
}

// idOf returns the ID of the thread that a process or task is, "" if none.
func (s *stepper) idOf(pid int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.byTask[pid]; t != nil {
		return t.id
	}
	return ""
}

// ofTask returns the thread that a process or task is, nil if none.
func (s *stepper) ofTask(pid int) *thread {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byTask[pid]
}

// thread returns the thread of an ID.
func (s *stepper) thread(id string) (*thread, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.byID[id]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("%w: no thread %q", kernel.ErrNotFound, id)
}

// letGo lets a thread go from where it stands; s.mu is held, and released. Who
// was untied goes on already and may be held at its next stop, of which nothing
// was heard yet: let go again, it would leave that.
func (s *stepper) letGo(t *thread) {
	goOn := t.goOn
	t.goOn = nil
	if t.free && t.tied {
		goOn = nil
	}
	if t.stand == standFresh {
		t.outcome.Began = s.now()
	}
	s.set(t, standRunning)
	s.mu.Unlock()
	if goOn != nil {
		goOn(0)
	}
}

// resting says that every thread has ended, and nobody who was followed is in
// the kernel. version counts what has changed.
func (s *stepper) resting() (rests bool, version uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rests = !slices.ContainsFunc(s.threads, func(t *thread) bool { return t.stand != standDone })
	return rests, s.version
}

// release lets a held thread go on when it is next moved.
func (s *stepper) release(id string) error {
	t, err := s.thread(id)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.stand != standHeld {
		return &kernel.WordsError{Msg: "thread " + id + " is not held: it " + t.where()}
	}
	s.set(t, standStopped)
	return nil
}

// signal sends a signal to a thread. One that stands at a point gets it there.
func (s *stepper) signal(ctx context.Context, id, sig string) error {
	t, err := s.thread(id)
	if err != nil {
		return err
	}
	if sig != "TERM" && sig != "KILL" {
		return &kernel.WordsError{Msg: fmt.Sprintf("no signal %q: TERM or KILL", clipText(sig, 16))}
	}
	s.mu.Lock()
	kill, done, pid := t.kill, t.stand == standDone, t.pid
	if kill == nil && t.task == nil && s.kill != nil {
		kill = func(sig string) error { return s.kill(pid, sig) }
	}
	t.signal = sig
	s.mu.Unlock()
	if done {
		return nil
	}
	if kill == nil {
		return errors.New("thread " + id + " cannot be sent a signal")
	}
	if err := kill(sig); err != nil {
		return err
	}
	s.moving.Lock()
	defer s.moving.Unlock()
	return s.settle(ctx)
}

// since returns the threads that have changed after a version.
func (s *stepper) since(version uint64) wire.Threads {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := wire.Threads{Version: s.version, Now: s.now(), Threads: []wire.Thread{}}
	for _, t := range s.threads {
		if t.changed > version {
			a.Threads = append(a.Threads, t.state())
		}
	}
	return a
}
