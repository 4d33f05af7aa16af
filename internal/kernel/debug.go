package kernel

import (
	"context"
	"time"
)

// OpDebug is what a Debugger can do: spawn threads and move them point by point.
const OpDebug Op = "debug"

// OpFunctions is what a Debugger can do that attaches to functions of a kernel
// by their names: the points "fn:NAME".
const OpFunctions Op = "attach to functions"

// OpLook is what every Debugger can do, also one that cannot move: show its
// threads and positions, and go from one position to another.
const OpLook Op = "look"

// Debugger is a Target whose threads stop at every point and move when told,
// and which can go back. Its methods may be called from any goroutine; one
// that changes the target waits for the one before.
//
// What is done through it, and by the verbs of Target, is one history: a list
// of actions, each of which takes the target from one position to the next.
// Going back is returning to an earlier position; doing something there
// forgets what had followed. When a method returns, the events of what it did,
// and of what it saw, are in Events.
type Debugger interface {
	Target
	// Tasks lists what a thread can be spawned to do: the verb, and in words
	// what it is.
	Tasks() []Fact
	// Spawn makes a thread of the given ID that will do task. It does not move
	// until it is stepped.
	Spawn(ctx context.Context, id string, task Task) error
	// Step moves one thread to its next point, wait or end. A thread that
	// cannot move is a *StuckError.
	Step(ctx context.Context, id string) (Stop, error)
	// Run moves threads, and the clock when none can move, until something of
	// RunOptions or of the target itself ends it.
	Run(ctx context.Context, o RunOptions) (Stop, error)
	// Release lets a thread that is held go on.
	Release(ctx context.Context, id string) error
	// Signal sends a signal, "TERM" or "KILL", to a thread.
	Signal(ctx context.Context, id, signal string) error
	// AddFault puts a fault in force and returns its number.
	AddFault(ctx context.Context, f Fault) (int, error)
	// RemoveFault takes a fault out of force; who is held by it stays held.
	RemoveFault(ctx context.Context, number int) error
	// Set changes a setting, "name=value", that Settings lists.
	Set(ctx context.Context, setting string) error
	// Settings lists the settings with their present values.
	Settings() []Setting
	// Pos returns the present position, and the last one known: beyond the
	// present lies what was gone back over.
	Pos() (pos, end int)
	// Goto goes to a position, back or forth.
	Goto(ctx context.Context, pos int) error
	// Fork returns a second target with the same past and present, which the
	// caller must close.
	Fork(ctx context.Context) (Debugger, error)
	// Outcome returns what became of a spawned thread's task.
	Outcome(ctx context.Context, id string) (Outcome, error)
	// Snapshot returns all there is to see at the present position.
	Snapshot(ctx context.Context) (*Snapshot, error)
}

// Pinner is a Debugger that has no room for all positions: it thins out the old
// ones, and reruns from the nearest that is left. A pinned one stays.
type Pinner interface {
	// Pin keeps a position, which must be known, until Unpin.
	Pin(ctx context.Context, pos int) error
	Unpin(pos int)
}

// Untouched is implemented by a Debugger for which it costs something to be
// debugged: a machine, whose events and module list are as good until then.
type Untouched interface {
	// Untouched says that nothing has been done yet that only a Debugger can.
	// It does not wait.
	Untouched() bool
}

// Onward is implemented by a Debugger for which it costs something to be able to
// go back.
type Onward interface {
	// OnlyOnward says that nobody will go back, or fork, but to positions that
	// are kept already; again ends that.
	OnlyOnward() (again func())
}

// Sparing is implemented by a Debugger for which it costs something to keep each
// position, and which can do without: it reruns from the nearest that is kept.
type Sparing interface {
	Pinner
	// Spare says that from now on a position is kept only when it is pinned
	// while it is the present one, or, with false, again by itself.
	Spare(on bool)
}

// RunOptions say how far Run goes. Without any it goes on until all threads
// have ended, one is newly held, or nobody can move.
type RunOptions struct {
	// First is the thread to move first, for as long as it can; "" is the one
	// that moved last.
	First string
	// Until ends the run when it has ended; "" no thread.
	Until string
	// For bounds the run on the target's clock; 0 does not.
	For time.Duration
	// Frozen keeps the clock where it is.
	Frozen bool
	// Clock lets only the clock go on, until a thread can be moved; none is. Each
	// time it went on is a step.
	Clock bool
	// AtOnce lets all threads go at the same time, and nobody stop at points, where
	// a kernel can do that; one that moves a thread at a time takes turns.
	AtOnce bool
	// Stop is asked after each step whether to stop there; nil never does. It
	// must call nothing of the target; look gives it a snapshot.
	Stop func(at Stop, look func() *Snapshot) bool
	// Sampled says that Stop need not see each step of a crowd: a real kernel,
	// where stopping fifty threads at each point takes seconds of its own time,
	// lets them go at once, and asks where they stand again.
	Sampled bool
}

// Reason says why a thread, or a run, stopped.
type Reason string

// The reasons.
const (
	StopPoint    Reason = "point"     // the thread came to its next point
	StopWaits    Reason = "waits"     // the thread waits for something
	StopHeld     Reason = "held"      // a fault holds the thread where it is
	StopDone     Reason = "done"      // the thread has ended
	StopAllDone  Reason = "all-done"  // all threads have ended
	StopDeadlock Reason = "deadlock"  // nobody can move, nobody is held, and somebody waits
	StopOnlyHeld Reason = "only-held" // nobody can move until a thread is released
	StopTime     Reason = "time"      // the time given has passed
	StopFrozen   Reason = "frozen"    // nobody can move while the clock stands
	StopReady    Reason = "ready"     // a thread can be moved: RunOptions.Clock
)

// Stop says where and why a step or run ended.
type Stop struct {
	Reason Reason `json:"reason"`
	Thread string `json:"thread,omitempty"` // who moved last, "" when nobody did
	Parent string `json:"parent,omitempty"` // who started that thread
	Point  string `json:"point,omitempty"`  // where it stands, "" before the first point
	Module string `json:"module,omitempty"` // the module it works on there
	Waits  string `json:"waits,omitempty"`  // what it waits for, in words
	Steps  int    `json:"steps"`            // steps taken
	Pos    int    `json:"pos"`              // position afterwards
	Now    int64  `json:"now_ns"`           // the target's clock
	Events uint64 `json:"events"`           // number of the last event
}

// Fault is one planned fault: where it strikes, whom, and what it does.
type Fault struct {
	Number int    `json:"n"`
	Point  string `json:"point"`
	Module string `json:"module,omitempty"` // only this module, "" any
	Thread string `json:"thread,omitempty"` // only this thread, "" any
	Hit    int    `json:"hit,omitempty"`    // only the n-th time, 0 every time
	Hold   bool   `json:"hold,omitempty"`
	// Delay is on the target's clock.
	Delay time.Duration `json:"delay_ns,omitempty"`
	// Fail is the errno, positive, that the step fails with; 0 none.
	Fail int `json:"fail,omitempty"`
	Hits int `json:"hits"` // how often it has struck
}

// Setting is one thing that Set changes.
type Setting struct {
	Name   string `json:"name"`
	Values string `json:"values"` // "on|off", "N", "A|B|C"
	Value  string `json:"value"`
	Says   string `json:"says"`
}

// StuckError says that a thread cannot be moved, or waits for something that
// can no longer happen.
type StuckError struct {
	Thread string
	Where  string // in words
	Nobody bool   // nobody else can move either
}

func (e *StuckError) Error() string {
	s := "thread " + e.Thread + " cannot move: it " + e.Where
	if e.Nobody {
		s += ", and nobody can move any more"
	}
	return s
}
