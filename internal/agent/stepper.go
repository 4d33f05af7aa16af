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
)

// stepper keeps the threads that stop at points, and moves them when told. What
// it hears comes from the gate (stages of loaders), from the driver (points of
// the kernel), from processes that end, and from /proc.
type stepper struct {
	look func(pid, tid int) sight
	now  func() int64 // CLOCK_MONOTONIC

	moving sync.Mutex // held by the one operation that moves threads

	mu      sync.Mutex
	threads []*thread
	byID    map[string]*thread
	byTask  map[int]*thread // process or task -> thread
	version uint64
	helpers int
	faults  faultPlan
	news    chan struct{} // closed and made again at each change
}

func newStepper(look func(pid, tid int) sight, now func() int64) *stepper {
	return &stepper{look: look, now: now, byID: map[string]*thread{}, byTask: map[int]*thread{}, news: make(chan struct{})}
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

// arrive says that a thread has come to a point, from which goOn lets it go.
// Faults strike here.
func (s *stepper) arrive(t *thread, point, module, name string, goOn func(errno int)) {
	s.mu.Lock()
	if t.goOn = goOn; point != "" {
		t.at = point
	}
	if module != "" {
		t.module = module
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
	t.outcome.Done, t.outcome.Ended = true, s.now()
	if t.outcome.Began == 0 {
		t.outcome.Began = t.outcome.Ended
	}
	t.goOn = nil
	s.set(t, standDone)
}

// letGo lets a thread go from where it stands; s.mu is held, and released.
func (s *stepper) letGo(t *thread) {
	goOn := t.goOn
	t.goOn = nil
	if t.stand == standFresh {
		t.outcome.Began = s.now()
	}
	s.set(t, standRunning)
	s.mu.Unlock()
	if goOn != nil {
		goOn(0)
	}
}

// step moves one thread until it stands again, and all others do. stuck says
// in words why it cannot be moved.
// With free it does not stop at points, and it stands at its end, in a wait, or
// where a fault holds it.
func (s *stepper) step(ctx context.Context, id string, free bool) (stuck string, err error) {
	s.moving.Lock()
	defer s.moving.Unlock()
	if err := s.settle(ctx); err != nil {
		return "", err
	}
	t, err := s.thread(id)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	if t.stand != standStopped && t.stand != standFresh {
		defer s.mu.Unlock()
		return t.where(), nil
	}
	t.free = free
	s.letGo(t)
	err = s.settle(ctx)
	s.tie()
	return "", err
}

// tie makes all threads stop at points again.
func (s *stepper) tie() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.threads {
		t.free = false
	}
}

// freeAll lets every thread go on without a stop at points, until nobody
// moves by himself any more or limit nanoseconds are over; 0 is no limit.
func (s *stepper) freeAll(ctx context.Context, limit int64) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	defer s.tie()
	end := s.now() + limit
	s.mu.Lock()
	var ready []*thread
	for _, t := range s.threads {
		t.free = true
		if t.stand == standStopped || t.stand == standFresh {
			ready = append(ready, t)
		}
	}
	s.mu.Unlock()
	for _, t := range ready {
		s.mu.Lock()
		s.letGo(t)
	}
	for {
		s.mu.Lock()
		news := s.news
		moving := false
		for _, t := range s.threads {
			moving = moving || t.stand == standRunning && !s.stands(t) || t.stand == standDelayed || t.stand == standBlocked && (t.timed || !s.stands(t))
		}
		s.mu.Unlock()
		left := end - s.now()
		if !moving || limit > 0 && left <= 0 {
			return nil
		}
		wait := lookRarely
		if limit > 0 {
			wait = min(wait, time.Duration(left))
		}
		timer := time.NewTimer(wait)
		select {
		case <-news:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

// settle waits until every thread stands.
func (s *stepper) settle(ctx context.Context) error {
	pause := lookEvery
	for {
		s.mu.Lock()
		news := s.news
		var loose *thread
		for _, t := range s.threads {
			if !s.stands(t) && loose == nil {
				loose = t
			}
		}
		late := loose != nil && s.now()-loose.since > standPatience
		s.mu.Unlock()
		if loose == nil {
			return nil
		}
		if late {
			return s.astray(loose)
		}
		timer := time.NewTimer(pause)
		select {
		case <-news:
			pause = lookEvery
		case <-timer.C:
			pause = min(2*pause, lookRarely)
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

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
	w := waitOf(at, t.at)
	if w.kind == waitHelper {
		helper := s.helperOf(t)
		if helper == nil || helper.stand == standDone {
			s.running(t) // the helper is about to show up, or it is about to go on
			return false
		}
		w.words = "the helper " + helper.id
	}
	if w.kind == waitNone {
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
	if t.kernel && s.now()-t.since < int64(second) {
		return false // what it returned is on its way
	}
	if t.task == nil && !t.exited {
		t.killed = t.signal != ""
		if t.result == 0 {
			t.result = killedStatus
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

// astray is the error of a thread that does not come to stand.
func (s *stepper) astray(t *thread) error {
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
		t.id, t.pid, last, standPatience/int64(time.Second), where)
}

func firstOf(stack []string) string {
	if len(stack) == 0 {
		return "user space"
	}
	return stack[0]
}

// await waits until a thread can be moved that could not, or has ended, but no
// longer than limit nanoseconds, or than any thread moves by itself when limit
// is 0. It waits the whole limit when nothing happens.
func (s *stepper) await(ctx context.Context, limit int64) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	end := s.now() + limit
	pause := lookEvery
	for {
		if err := s.settle(ctx); err != nil {
			return err
		}
		s.mu.Lock()
		news := s.news
		ready, timed := false, false
		for _, t := range s.threads {
			ready = ready || t.stand == standStopped || t.stand == standFresh
			timed = timed || t.stand == standDelayed || t.stand == standBlocked && t.timed
		}
		s.mu.Unlock()
		left := end - s.now()
		if ready || limit == 0 && !timed || limit > 0 && left <= 0 {
			return nil
		}
		wait := pause
		if limit > 0 {
			wait = min(wait, time.Duration(left))
		}
		timer := time.NewTimer(wait)
		select {
		case <-news:
			pause = lookEvery
		case <-timer.C:
			pause = min(2*pause, lookRarely)
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
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
	kill, done := t.kill, t.stand == standDone
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
			t.killed, t.result = true, killedStatus
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
		if waitOf(s.look(t.pid, t.tid), t.at).kind == waitHelper {
			return t
		}
	}
	return nil
}
