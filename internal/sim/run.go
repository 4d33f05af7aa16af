package sim

import (
	"fmt"
	"slices"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// ActionKind is the kind of an Action.
type ActionKind string

// What can be done to a world from outside; together with the system and the
// profile a list of them is a run.
const (
	DoSpawn   ActionKind = "spawn"   // Thread, Task
	DoStep    ActionKind = "step"    // Thread
	DoAdvance ActionKind = "advance" // the clock goes to the next time-out, but not past Until
	DoFault   ActionKind = "fault"   // Fault
	DoUnfault ActionKind = "unfault" // N: number of the fault
	DoRelease ActionKind = "release" // Thread
	DoSignal  ActionKind = "signal"  // Thread, Value: "TERM" or "KILL"
	DoSet     ActionKind = "set"     // Value: "policy=kmod19", "modprobe=/bin/x", "umh=freezing", a switch
)

// Action is one thing done to a world from outside, as data.
type Action struct {
	Kind   ActionKind `json:"do"`
	Thread string     `json:"thread,omitempty"`
	Task   *Task      `json:"task,omitempty"`
	Fault  *Fault     `json:"fault,omitempty"`
	N      int        `json:"n,omitempty"`
	Until  int64      `json:"until_ns,omitempty"`
	Value  string     `json:"value,omitempty"`
}

// Run is a world together with everything that was done to it, so that it can
// go back: it makes the world again and does the same up to an earlier place.
// One goroutine at a time may use it.
type Run struct {
	sys     *System
	profile Profile
	done    []Action // all that was done; beyond pos what was gone back over
	pos     int
	world   *World
	out     map[string]*Outcome
	hints   [2]int // indexes of the threads that actions were last for
	options Options
	duties  map[*Task]*duty

	noting bool // moves are kept
	moves  []kernel.Move
}

// NewRun boots a world of the given profile on sys.
func NewRun(sys *System, p Profile) *Run {
	r := &Run{sys: sys, profile: p}
	r.boot()
	return r
}

func (r *Run) boot() {
	old := r.world
	if old != nil {
		old.Close()
	}
	if r.options.Programs == nil {
		r.options = r.sys.options(r.profile)
	}
	r.world = New(r.options)
	if old != nil {
		r.world.numberAs(old)
	}
	r.out = map[string]*Outcome{}
	r.pos = 0
}

// Restart forgets all that was done and boots the same world again, which
// costs a small part of a new run. Threads and outcomes taken from the run
// before are no longer valid.
func (r *Run) Restart() {
	r.world.Restart(r.options)
	clear(r.out)
	r.done, r.moves = r.done[:0], nil
	r.pos = 0
}

// World is the world as it is now. It is another one after going back.
func (r *Run) World() *World { return r.world }

// System is what the run's world was booted from.
func (r *Run) System() *System { return r.sys }

// Pos is the number of actions done to reach the present state.
func (r *Run) Pos() int { return r.pos }

// Actions returns the actions done so far.
func (r *Run) Actions() []Action { return slices.Clone(r.done[:r.pos]) }

// Outcome returns what became of the task of a spawned thread, nil when there
// is no such thread.
func (r *Run) Outcome(thread string) *Outcome { return r.out[thread] }

// Close ends the run.
func (r *Run) Close() { r.world.Close() }

// Do does one action. What was gone back over is forgotten. An action that
// cannot be done changes nothing and is not kept.
func (r *Run) Do(a Action) error {
	if err := r.apply(a); err != nil {
		return err
	}
	r.done = append(r.done[:r.pos], a)
	r.pos++
	r.note(a)
	return nil
}

// Goto goes to the state after the first pos actions, back or forth.
func (r *Run) Goto(pos int) error {
	if pos < 0 || pos > len(r.done) {
		return fmt.Errorf("no step %d: the run has steps 0 to %d", pos, len(r.done))
	}
	if pos < r.pos {
		r.boot()
	}
	for r.pos < pos {
		if err := r.apply(r.done[r.pos]); err != nil {
			return fmt.Errorf("step %d cannot be done again: %w", r.pos+1, err)
		}
		r.pos++
		r.again(r.done[r.pos-1])
	}
	return nil
}

// Len is the number of actions known, those gone back over included.
func (r *Run) Len() int { return len(r.done) }

// Fork returns a second run with the same past.
func (r *Run) Fork() (*Run, error) {
	f := NewRun(r.sys, r.profile)
	f.done = slices.Clone(r.done[:r.pos])
	r.shareMoves(f)
	if err := f.Goto(len(f.done)); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (r *Run) apply(a Action) error {
	w := r.world
	var t *Thread
	switch a.Kind {
	case DoStep, DoRelease, DoSignal:
		if t = r.thread(a.Thread); t == nil {
			return fmt.Errorf("%w: no thread %q", kernel.ErrNotFound, a.Thread)
		}
	}
	switch a.Kind {
	case DoSpawn:
		return r.spawn(a)
	case DoStep:
		if !w.Step(t) {
			return fmt.Errorf("thread %s cannot move: %s", t.ID, t.Where())
		}
	case DoAdvance:
		if !w.AdvanceTo(a.Until) {
			return fmt.Errorf("nobody waits for the clock")
		}
	case DoFault:
		if a.Fault == nil {
			return fmt.Errorf("no fault given")
		}
		if a.Fault.Lie != "" {
			if _, err := w.helperOf(a.Fault.Lie); err != nil {
				return err
			}
		}
		w.AddFault(*a.Fault)
	case DoUnfault:
		if !w.RemoveFault(a.N) {
			return fmt.Errorf("%w: no fault %d", kernel.ErrNotFound, a.N)
		}
	case DoRelease:
		if !w.Release(t) {
			return fmt.Errorf("thread %s is not held: %s", t.ID, t.Where())
		}
	case DoSignal:
		sig, ok := map[string]Signal{"TERM": SIGTERM, "KILL": SIGKILL}[a.Value]
		if !ok {
			return fmt.Errorf("no signal %q: TERM or KILL", a.Value)
		}
		w.Signal(t, sig)
	case DoSet:
		return w.Set(a.Value)
	default:
		return fmt.Errorf("no action %q", a.Kind)
	}
	return nil
}

// thread is World.Thread that first looks where the last two were, and at the
// newest: most steps are theirs, and a flood has thousands of threads.
func (r *Run) thread(id string) *Thread {
	all := r.world.threads
	for _, i := range [...]int{r.hints[0], r.hints[1], len(all) - 1} {
		if i >= 0 && i < len(all) && all[i].ID == id {
			r.remember(i)
			return all[i]
		}
	}
	t := r.world.Thread(id)
	if t != nil {
		r.remember(t.index)
	}
	return t
}

func (r *Run) remember(i int) {
	if i != r.hints[0] {
		r.hints[0], r.hints[1] = i, r.hints[0]
	}
}

// Where says in words where the thread is.
func (t *Thread) Where() string {
	switch t.status {
	case Blocked:
		return "waits for " + t.wait.what
	case Held:
		return "held at " + t.at
	case Done:
		return fmt.Sprintf("done, returned %d", t.exit)
	}
	if t.at == "" {
		return "has not begun"
	}
	return "at " + t.at
}

// Deadline returns when the thread's wait times out, 0 when it does not.
func (t *Thread) Deadline() time.Duration { return time.Duration(t.wait.deadline) }
