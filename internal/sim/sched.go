package sim

import (
	"slices"

	"example.org/kmodsh/internal/trace"
)

// Status says whether a thread can move.
type Status uint8

// The statuses of a thread.
const (
	Ready   Status = iota // stands at a point, can be stepped
	Blocked               // waits for a wake-up, a time-out or a signal
	Held                  // held at a point by a fault, until released
	Done                  // has ended
)

func (s Status) String() string {
	return [...]string{"ready", "blocked", "held", "done"}[s]
}

// Thread is one thread of the simulated kernel: a coroutine that runs real
// code up to its next point and hands control back.
type Thread struct {
	// ID is the name it was spawned with; PID and Comm as the kernel shows it.
	ID   string
	PID  int
	Comm string
	// Parent is the thread that started it, nil for one that was spawned.
	Parent *Thread

	w      *World
	index  int // place in World.threads, the order of spawning
	status Status
	co     *coroutine // it runs on, nil before its first step and after its end
	body   func(*Thread) int64
	seen   observer

	at      string // ID of the point it stands at, "" before the first
	module  *Module
	wait    waiting
	user    bool   // a process, not a kernel thread: SIGKILL ends it
	pending Signal // signal that has arrived and was not taken yet
	request uint64 // number of the request it belongs to, 0 when none
	exit    int64  // what its body returned, valid when Done

	threadState
	outcome *Outcome // of its task, nil for a thread that was given none
}

// Status returns whether the thread can move.
func (t *Thread) Status() Status { return t.status }

// At returns the point the thread stands at, "" before the first one.
func (t *Thread) At() string { return t.at }

// WaitsFor says in words what a blocked thread waits for, "" for others.
func (t *Thread) WaitsFor() string {
	if t.status != Blocked {
		return ""
	}
	return t.wait.what
}

// Exit returns what the thread's body returned; valid when it is Done.
func (t *Thread) Exit() int64 { return t.exit }

// Spawn makes a thread that will run body; it does not move until stepped. The
// body's result is the thread's exit value.
func (w *World) Spawn(id, comm string, body func(*Thread) int64) *Thread {
	w.lastPID++
	var t *Thread
	if n := len(w.spare); n > 0 {
		t = w.spare[n-1]
		w.spare = w.spare[:n-1]
	} else {
		t = new(Thread)
	}
	*t = Thread{ID: id, PID: w.lastPID, Comm: comm, w: w, index: len(w.threads), body: body}
	w.threads = append(w.threads, t)
	w.introduce(t)
	if len(w.threads) > fewThreads {
		w.index()
	}
	return t
}

// Threads returns the threads in the order they were made.
func (w *World) Threads() []*Thread { return slices.Clone(w.threads) }

// fewThreads is up to how many threads are looked for one by one.
const fewThreads = 16

// index keeps byID up to the newest thread. The first of an ID is the one.
func (w *World) index() {
	if w.byID == nil {
		w.byID = map[string]*Thread{}
	}
	n := len(w.threads) - 1
	if n == fewThreads {
		n = 0
	}
	for _, t := range w.threads[n:] {
		if w.byID[t.ID] == nil {
			w.byID[t.ID] = t
		}
	}
}

// Thread returns the thread of the given ID, nil when there is none.
func (w *World) Thread(id string) *Thread {
	if len(w.threads) > fewThreads {
		return w.byID[id]
	}
	for _, t := range w.threads {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// Index is the thread's place in the order in which threads were made in this
// run, from 0.
func (t *Thread) Index() int { return t.index }

// Len is the number of threads made so far.
func (w *World) Len() int { return len(w.threads) }

// At returns the thread with the given Index.
func (w *World) At(index int) *Thread { return w.threads[index] }

// Runnable appends to buf the threads that can be stepped now, in the order
// they were made.
func (w *World) Runnable(buf []*Thread) []*Thread {
	for _, t := range w.threads {
		if t.status == Ready {
			buf = append(buf, t)
		}
	}
	return buf
}

// Step lets t run to its next point, to its next wait, or to its end. It does
// nothing to a thread that cannot move and says so with false.
func (w *World) Step(t *Thread) bool {
	if t.status != Ready || w.closed {
		return false
	}
	w.begin(t)
	w.resume(t)
	w.end()
	return true
}

// begin and end enclose each step.
func (w *World) begin(t *Thread) {
	w.steps++
	w.current = t
	w.footprint, w.asked = Footprint{}, Asked{}
	t.seen.history = mix(t.seen.history, w.restDigest()) // every step may look at it
}

func (w *World) end() {
	w.seal()
	w.current = nil
}

// Driver decides which thread goes next while Drive runs a world. Next is told
// who made the last step, nil at the start; it answers nil to stop. A thread
// it names must be ready.
type Driver interface {
	Next(w *World, last *Thread) *Thread
}

// Drive takes the steps that d chooses. It is Step in a loop, but a thread
// that is chosen again goes on without a change of coroutines, which is most
// of what a step costs.
func (w *World) Drive(d Driver) {
	if w.closed {
		return
	}
	w.driver = d
	defer func() { w.driver = nil }()
	for t := d.Next(w, nil); t != nil; t = w.chosen {
		w.begin(t)
		w.resume(t)
		if t.status == Done {
			w.end()
			w.chosen = d.Next(w, t)
		}
	}
}

// Close ends all coroutines. The world must not be used afterwards.
func (w *World) Close() {
	if w.closed {
		return
	}
	w.closed = true
	for _, t := range w.threads {
		if t.co != nil {
			t.co.stop()
		}
	}
	for _, c := range w.idle {
		c.stop()
	}
}

// pause ends a step: control goes back to whoever stepped the thread, unless a
// driver lets the thread go on at once.
func (t *Thread) pause() {
	w := t.w
	if w.unwinding || w.closed {
		panic(unwound{})
	}
	// Where nothing was seen since the last step the place is another one all
	// the same.
	t.seen.history = mix(t.seen.history, 31)
	if w.driver != nil {
		w.end()
		w.chosen = w.driver.Next(w, t)
		if w.chosen == t {
			w.begin(t)
			return
		}
	}
	t.co.pause()
}

// Point brings the thread to a point: the event is recorded, the faults that
// apply are asked, and the thread stops there until it is stepped. It returns
// the errno (positive) that a fault makes the step fail with, 0 otherwise.
func (t *Thread) Point(id string, m *Module, e trace.Event) Errno {
	t.at, t.module = id, m
	t.w.record(t, id, m, e)
	if len(t.w.faults.plan) == 0 {
		t.pause()
		return 0
	}
	f := t.w.faultAt(t, id, moduleAt(id, m, e))
	if f.hold {
		t.status = Held
	}
	t.pause()
	if f.delay > 0 {
		t.Sleep(f.delay, "delayed at "+id)
	}
	return f.fail
}
