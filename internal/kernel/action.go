package kernel

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// ActionKind is the kind of an Action.
type ActionKind string

// What can be done to a machine that is debugged. The names are those of the
// simulated kernel's actions, where it has the same.
const (
	ActSpawn   ActionKind = "spawn"   // Thread, Task
	ActStep    ActionKind = "step"    // Thread; Free: without a stop at points
	ActWait    ActionKind = "wait"    // for whoever moves by himself, For at most
	ActAll     ActionKind = "all"     // all threads go at once, For at most
	ActRelease ActionKind = "release" // Thread
	ActSignal  ActionKind = "signal"  // Thread, Value: "TERM" or "KILL"
	ActFault   ActionKind = "fault"   // Fault
	ActUnfault ActionKind = "unfault" // N: number of the fault
	ActSet     ActionKind = "set"     // Value: "policy=kmod19"
	ActRequest ActionKind = "request" // Value: what the kernel is made to ask for
)

// Action is one thing that was done to a machine, as data: it led from one
// position to the next.
type Action struct {
	Do     ActionKind `json:"do"`
	Thread string     `json:"thread,omitempty"`
	Task   *Task      `json:"task,omitempty"`
	Fault  *Fault     `json:"fault,omitempty"`
	N      int        `json:"n,omitempty"`
	Free   bool       `json:"free,omitempty"`
	// For is on the target's clock; 0 is no bound.
	For   time.Duration `json:"for_ns,omitempty"`
	Value string        `json:"value,omitempty"`
	// Events is the number of the last event when it had been done, which is no
	// part of what is done.
	Events uint64 `json:"-"`
}

// Repeater is a Debugger that tells what was done to it as data, so that the same
// can be done again.
type Repeater interface {
	// History returns what led to the present position, one action for each
	// position from 1 on. The error says why doing all of it again on a target
	// that was just opened would not come to the same.
	History() ([]Action, error)
	// Died returns what was being done at the present position when the kernel under
	// test died of it, and how it died; nil when it lives.
	Died() (*Action, error)
	// Again does an action of one of the kinds ActStep, ActWait, ActAll and
	// ActRequest, which are no methods of Debugger of their own, and makes it
	// history. A thread that cannot move is a *StuckError. That the kernel does not
	// get what it asks for is no error.
	Again(ctx context.Context, a Action) error
}

// Do does an action that is a method of every Debugger. faults are the numbers of
// the faults there by those of the actions; it is added to. What is no such
// action, or names a task that the target has not, is a *WordsError.
func Do(ctx context.Context, d Debugger, a *Action, faults map[int]int) error {
	switch a.Do {
	case ActSpawn:
		if !slices.ContainsFunc(d.Tasks(), func(f Fact) bool { return f.Name == a.Task.Verb }) {
			return &WordsError{fmt.Sprintf("%s has no task %s", d.Name(), quote(a.Task.Verb))}
		}
		return d.Spawn(ctx, a.Thread, *a.Task)
	case ActRelease:
		return d.Release(ctx, a.Thread)
	case ActSignal:
		return d.Signal(ctx, a.Thread, a.Value)
	case ActSet:
		return d.Set(ctx, a.Value)
	case ActFault:
		n, err := d.AddFault(ctx, *a.Fault)
		faults[a.Fault.Number] = n
		return err
	case ActUnfault:
		n, ok := faults[a.N]
		if !ok {
			return &WordsError{fmt.Sprintf("there is no fault %d", a.N)}
		}
		return d.RemoveFault(ctx, n)
	}
	return &WordsError{fmt.Sprintf("%s is not done so", quote(string(a.Do)))}
}

// String is the action in words, as the verb that makes it is typed where there
// is one.
func (a *Action) String() string {
	text := string(a.Do)
	switch a.Do {
	case ActSpawn:
		text = "spawn " + a.Thread
		if a.Task != nil {
			text += " " + a.Task.String()
		}
	case ActStep, ActRelease:
		text += " " + a.Thread
	case ActSignal:
		text = "kill " + a.Thread + " " + a.Value
	case ActFault:
		if a.Fault != nil {
			text = a.Fault.String()
		}
	case ActUnfault:
		text = fmt.Sprintf("faults --delete %d", a.N)
	case ActSet, ActRequest:
		text += " " + a.Value
	case ActWait:
		text = "waiting for who moves by himself"
	case ActAll:
		text = "all threads at once"
	}
	if len(text) > 80 {
		text = text[:80] + "..."
	}
	return text
}
