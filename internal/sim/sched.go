package sim

import (
	"iter"
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
	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool

	at      string // ID of the point it stands at, "" before the first
	module  *Module
	wait    waiting
	user    bool   // a process, not a kernel thread: SIGKILL ends it
	pending Signal // signal that has arrived and was not taken yet
	request uint64 // number of the request it belongs to, 0 when none
	exit    int64  // what its body returned, valid when Done

	threadState
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

// unwound is the panic value that takes a coroutine's stack down when its
// world is closed.
type unwound struct{}

// Spawn makes a thread that will run body; it does not move until stepped. The
// body's result is the thread's exit value.
func (w *World) Spawn(id, comm string, body func(*Thread) int64) *Thread {
	w.lastPID++
	t := &Thread{ID: id, PID: w.lastPID, Comm: comm, w: w, index: len(w.threads)}
	seq := func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(unwound); !ok {
					panic(r)
				}
			}
		}()
		t.yield = yield
		t.exit = body(t)
	}
	t.resume, t.stop = iter.Pull(iter.Seq[struct{}](seq))
	w.threads = append(w.threads, t)
	return t
}

// Threads returns the threads in the order they were made.
func (w *World) Threads() []*Thread { return slices.Clone(w.threads) }

// Thread returns the thread of the given ID, nil when there is none.
func (w *World) Thread(id string) *Thread {
	for _, t := range w.threads {
		if t.ID == id {
			return t
		}
	}
	return nil
}

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
	w.steps++
	w.current = t
	if _, more := t.resume(); !more {
		t.status = Done
		w.onDone(t)
	}
	w.current = nil
	return true
}

// Close ends all coroutines. The world must not be used afterwards.
func (w *World) Close() {
	w.closed = true
	for _, t := range w.threads {
		t.stop()
	}
}

// pause hands control back to whoever stepped the thread.
func (t *Thread) pause() {
	if !t.yield(struct{}{}) {
		panic(unwound{})
	}
}

// Point brings the thread to a point: the event is recorded, the faults that
// apply are asked, and the thread stops there until it is stepped. It returns
// the errno (positive) that a fault makes the step fail with, 0 otherwise.
func (t *Thread) Point(id string, m *Module, e trace.Event) Errno {
	t.at, t.module = id, m
	t.w.record(t, id, m, e)
	f := t.w.faultAt(t, id, m)
	if f.hold {
		t.status = Held
	}
	t.pause()
	if f.delay > 0 {
		t.Sleep(f.delay, "delayed at "+id)
	}
	return f.fail
}
