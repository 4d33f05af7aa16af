package agent

import (
	"syscall"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// stand says how a thread stands.
type stand int

const (
	standFresh   stand = iota // has not begun
	standStopped              // at a point, and may be let go
	standHeld                 // at a point, by a fault, until it is released
	standDelayed              // at a point, by a fault, for a time
	standRunning              // on its way; no longer than the stepper's patience
	standBlocked              // in a wait that is known
	standDone
)

// status is the word of kernel.ThreadState.
func (s stand) status() string {
	switch s {
	case standBlocked, standDelayed:
		return "blocked"
	case standHeld:
		return "held"
	case standDone:
		return "done"
	}
	return "ready" // also on its way: it will be, in a moment
}

// thread is a thread that stops at points: one that was spawned, or a helper
// of its requests. The stepper's lock guards it.
type thread struct {
	id     string
	comm   string
	parent *thread
	task   *kernel.Task // nil of a helper
	pid    int
	tid    int  // the task of pid that does the work, pid when there is one only
	kernel bool // a thread of the kernel, which has no gate and no exit status

	stand      stand
	at         string // point
	module     string // it works on
	request    uint64
	waits      string
	timed      bool
	until      int64 // when the wait is over, nanoseconds; 0 not known
	said       bool  // the wait is what the thread itself has told
	free       bool  // it goes on at points
	asyncSince int64 // when the asynchronous work that it waits for was first seen to go on, 0 not at all
	since      int64 // when it began to run or wait
	gone       int64 // when it was first found to have ended, 0 not

	goOn func(errno int) // lets it go from where it stands; errno 0, or what the step is to fail with
	tied bool            // it stands by the driver's doing, and untie lets it go
	kill func(sig string) error

	result  int64 // a helper's wait status
	exited  bool  // it has told its exit status
	killed  bool
	signal  string // that was sent to it
	outcome wire.Outcome

	changed uint64 // stepper's version when it last changed
}

// state is what the host gets to know.
func (t *thread) state() wire.Thread {
	s := wire.Thread{ThreadState: kernel.ThreadState{
		ID: t.id, PID: t.pid, Comm: t.comm, Status: t.stand.status(), At: t.at, Module: t.module, Request: t.request,
		Done: t.stand == standDone, Killed: t.killed, Result: t.result,
		Verdict: t.outcome.Verdict, Began: t.outcome.Began, Ended: t.outcome.Ended,
	}}
	if t.parent != nil {
		s.Parent = t.parent.id
	}
	if t.task != nil {
		s.Task = t.task.String()
		s.Result = t.outcome.Ret
	}
	if t.killed {
		s.Result = killedBy(t.signal)
	}
	if t.outcome.Error != nil {
		s.Error = t.outcome.Error.Err("guest").Error()
	}
	switch t.stand {
	case standBlocked, standDelayed:
		s.Waits, s.Timed, s.Until = t.waits, t.timed, t.until
	}
	return s
}

// killedStatus is the wait status of a process that SIGKILL ended.
const killedStatus = 9

// killedBy is that of one that was sent a signal and has ended by one.
func killedBy(signal string) int64 {
	return int64(signalOf(signal))
}

// signalOf is the signal of a name, TERM; SIGKILL for any other.
func signalOf(name string) syscall.Signal {
	if name == "TERM" {
		return syscall.SIGTERM
	}
	return syscall.SIGKILL
}

// where says in words where a thread is, for an error.
func (t *thread) where() string {
	switch t.stand {
	case standBlocked, standDelayed:
		return "waits for " + t.waits
	case standHeld:
		return "is held at " + t.at
	case standDone:
		return "has ended"
	case standFresh:
		return "has not begun"
	case standRunning:
		return "is on its way"
	}
	return "is at " + t.at
}
