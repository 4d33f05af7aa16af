package explore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/walk"
)

// ErrDiverged is wrapped where a target does not take a schedule: a thread that
// is to move cannot, or does not come where it is to come.
var ErrDiverged = errors.New("the target does not take the schedule")

// Forced is what came of a schedule that was forced on a target.
type Forced struct {
	Moves    []Moved       `json:"moves"`
	Says     string        `json:"says,omitempty"` // how the promise was broken
	State    *walk.State   `json:"-"`
	Diverged string        `json:"diverged,omitempty"`
	faults   map[int]int   // numbers of faults, the run's by the target's
	ask      []LivePromise // in order
	w        *walk.Walker
	d        kernel.Debugger
	route    *Route
	points   walk.Points
	came     map[string]*way // by the target's IDs
	reached  map[string]int  // how many stops of the schedule, by the target's IDs
}

// Moved is one move that was made.
type Moved struct {
	Thread string `json:"thread"`
	At     string `json:"at"` // where it came to, in words
}

// ForceOn does to a target what the list says, each thread to its stop in turn,
// and at the end lets all go on. The promises are asked after every move; the
// first that is broken ends up in Says. An error that wraps ErrDiverged comes
// with what was done so far.
func ForceOn(ctx context.Context, d kernel.Debugger, points walk.Points, route *Route, ask []LivePromise) (*Forced, error) {
	w, err := walk.New(ctx, d, points)
	if err != nil {
		return nil, err
	}
	w.Brief = route.stays // as on the machine that it is of
	f := &Forced{Moves: []Moved{}, faults: map[int]int{}, ask: ask, w: w, d: d, route: route, points: points, came: map[string]*way{}, reached: map[string]int{}}
	for i := range route.list {
		switch m := &route.list[i]; {
		case m.action != nil:
			err = f.do(ctx, m.action)
		case m.again != nil:
			err = f.redo(ctx, m)
		default:
			err = f.take(ctx, m)
		}
		if err != nil {
			break
		}
	}
	switch {
	case err == nil && route.stays:
		err = f.settle(ctx)
	case err == nil:
		err = f.finish(ctx)
	}
	if errors.Is(err, ErrDiverged) {
		f.Diverged = err.Error()
	}
	return f, err
}

// do does an action of the set-up.
func (f *Forced) do(ctx context.Context, a *sim.Action) error {
	switch a.Kind {
	case sim.DoSpawn:
		return f.d.Spawn(ctx, a.Thread, *a.Task)
	case sim.DoFault:
		n, err := f.d.AddFault(ctx, kernel.Fault{
			Point: a.Fault.Point, Module: a.Fault.Module, Thread: a.Fault.Thread, Hit: a.Fault.Hit,
			Hold: a.Fault.Hold, Delay: a.Fault.Delay, Fail: int(a.Fault.Fail),
		})
		f.faults[len(f.faults)+1] = n
		return err
	case sim.DoUnfault:
		return f.d.RemoveFault(ctx, f.faults[a.N])
	case sim.DoRelease:
		return f.d.Release(ctx, a.Thread)
	case sim.DoSignal:
		return f.d.Signal(ctx, a.Thread, a.Value)
	case sim.DoSet:
		return f.d.Set(ctx, a.Value)
	}
	return fmt.Errorf("no action %q", a.Kind)
}

// hear notes how far threads have come.
func (f *Forced) hear(events []trace.Event) {
	for _, e := range events {
		if id := e.Thread.ID; id != "" && walk.Counts(e, f.points.Stops) {
			if f.came[id] == nil {
				f.came[id] = &way{}
			}
			f.came[id].come(e)
		}
	}
}

// move moves a thread to its next stop.
func (f *Forced) move(ctx context.Context, id string) error {
	_, events, err := f.w.Move(ctx, id)
	f.hear(events)
	return err
}

// progress is how many stops of the schedule a thread has come to: those that
// only the target has do not count, and one that it lacks is passed with the
// next that it has.
func (f *Forced) progress(t *walk.Thread) int {
	w := f.came[t.ID]
	if w == nil {
		return 0
	}
	on := f.route.ways[t.Name]
	n := f.reached[t.ID]
	for _, key := range w.stops[w.read:] {
		if i := slices.Index(on, key); i >= n {
			n = i + 1
		}
	}
	w.read = len(w.stops)
	f.reached[t.ID] = n
	return n
}

// take moves a thread to where it is to be. It may be there already: who is
// woken goes on by itself.
func (f *Forced) take(ctx context.Context, m *force) error {
	past := m.past // it has yet to leave its last stop
	for first := true; ; first = false {
		if err := f.settle(ctx); err != nil {
			return err
		}
		t := f.State.Thread(m.thread)
		come := 0
		if t != nil {
			come = f.progress(t)
		}
		switch {
		case t == nil && first && len(f.State.Movable()) == 0:
		case t == nil:
			return fmt.Errorf("%w: there is no thread %s to move", ErrDiverged, m.thread)
		case past && come == m.stops && t.Status == walk.Ready:
			past = false
			if err := f.move(ctx, t.ID); err != nil {
				return err
			}
			continue
		case come > m.stops, come == m.stops && (!m.rests || t.Status != walk.Ready):
			if !first {
				f.Moves = append(f.Moves, Moved{m.thread, stands(t)})
			}
			return nil
		case t.Status == walk.Ready:
			if err := f.move(ctx, t.ID); err != nil {
				return err
			}
			continue
		case t.Status == walk.Done:
			return fmt.Errorf("%w: %s has ended, and was to come to %s", ErrDiverged, m.thread, m.at)
		case len(f.State.Movable()) > 0:
			return fmt.Errorf("%w: %s is to go on to %s, and %s", ErrDiverged, m.thread, m.at, stands(t))
		}
		events, moved, err := f.w.Wait(ctx, f.State)
		f.hear(events)
		if err != nil {
			return err
		}
		if !moved {
			return fmt.Errorf("%w: nobody can move, and %s is to come to %s", ErrDiverged, m.thread, m.at)
		}
	}
}

// stands says in words where a thread is.
func stands(t *walk.Thread) string {
	switch t.Status {
	case walk.Waits:
		return "waits for " + t.Waits
	case walk.Done:
		return fmt.Sprintf("returned %d", t.Result)
	case walk.Held:
		return "held at " + t.At
	}
	return "at " + t.At
}

// settle lets those go on who cannot be kept, and asks the promises.
func (f *Forced) settle(ctx context.Context) error {
	out, err := f.w.Settle(ctx, nil)
	f.hear(out.Events)
	if err != nil {
		return err
	}
	f.State = out.State
	for _, q := range f.ask {
		if says := q.Ask(out.State.Snapshot); says != "" && f.Says == "" {
			f.Says = says
		}
	}
	return nil
}

// finish lets all threads go on to their ends, each in its turn.
func (f *Forced) finish(ctx context.Context) error {
	for range maxTokenSteps {
		if err := f.settle(ctx); err != nil {
			return err
		}
		if m := f.State.Movable(); len(m) > 0 {
			t := f.State.Thread(m[0])
			if err := f.move(ctx, t.ID); err != nil {
				return err
			}
			continue
		}
		if _, moved, err := f.w.Wait(ctx, f.State); err != nil || !moved {
			return err
		}
	}
	return fmt.Errorf("%s does not come to an end within %d moves", f.d.Name(), maxTokenSteps)
}

// SetUp does actions to a target: threads to spawn, faults, settings.
func SetUp(ctx context.Context, d kernel.Debugger, actions []sim.Action) error {
	f := &Forced{faults: map[int]int{}, d: d}
	for i := range actions {
		if err := f.do(ctx, &actions[i]); err != nil {
			return err
		}
	}
	return nil
}
