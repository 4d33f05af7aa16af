package walk

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Bounds of one move: of the steps of a thread to its next stop, and of the
// threads that go on by themselves after it.
const (
	maxSteps  = 10_000
	maxSettle = 100_000
)

// Points are the places that count: Stops, where a move ends, and Shown, whose
// events are told.
type Points struct{ Stops, Shown map[string]bool }

// PointsOf returns the points at which threads of all the given targets can be
// stopped, and those all can show. Versions are those of their kernels. The
// points of reference counts are left out: the simulated kernel tells them by
// the state of the module alone; and those by which real kernels come for some
// modules only.
func PointsOf(versions []string, targets ...kernel.Debugger) Points {
	p := Points{Stops: map[string]bool{}, Shown: map[string]bool{}}
	var places [][]string // of those targets that do not stop at all points; a real one is asked for them
	for _, t := range targets {
		if s, ok := t.(kernel.Stopper); ok {
			places = append(places, s.StopsAt())
		}
	}
	for _, row := range trace.Points() {
		stops, shown := true, row.Phase != trace.PhaseRefs
		for _, v := range versions {
			some := row.ForSomeIn(v)
			stops, shown = stops && !some && row.StopsIn(v), shown && !some && row.ShownIn(v)
		}
		if row.StopsIn("") {
			for _, list := range places {
				has := slices.Contains(list, row.ID)
				stops, shown = stops && has, shown && has
			}
		}
		if stops {
			p.Stops[row.ID] = true
		}
		if shown {
			p.Shown[row.ID] = true
		}
	}
	return p
}

// Walker moves the threads of one target. One goroutine at a time may use it.
type Walker struct {
	d      kernel.Debugger
	points Points
	seen   uint64 // last event read
	place
	ended map[string]bool // threads that had ended before the walk began
	tasks map[string]bool // threads that were spawned
	base  int             // position where it began
	// Brief has the grace periods of a simulated kernel belong to the move that
	// comes to them: on a real one, beside which it is moved, a step is over only
	// when they are.
	Brief bool
}

// clocked is a target whose clock can be moved to what is due next.
type clocked interface {
	Advance(ctx context.Context) error
}

// place is what the walker knows of the threads, by ID, at one position.
type place struct {
	at       map[string]string // last stop
	arrivals map[string]int    // how many stops it came to
	slept    map[string]int    // arrivals when it was last seen to wait, for those who wait
	parked   map[string]bool   // stands at a stop, or has not begun and was spawned
}

func (p place) clone() place {
	q := place{map[string]string{}, map[string]int{}, map[string]int{}, map[string]bool{}}
	for k, v := range p.at {
		q.at[k] = v
	}
	for k, v := range p.arrivals {
		q.arrivals[k] = v
	}
	for k, v := range p.slept {
		q.slept[k] = v
	}
	for k, v := range p.parked {
		q.parked[k] = v
	}
	return q
}

// New returns a walker that begins at the target's present position. Threads
// that have ended by then are not looked at. Settle is to be called first.
func New(ctx context.Context, d kernel.Debugger, points Points) (*Walker, error) {
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	w := &Walker{d: d, points: points, seen: d.Events().Last(), ended: map[string]bool{}, tasks: map[string]bool{}, place: place{}.clone()}
	w.base, _ = d.Pos()
	for _, t := range snap.Threads {
		if t.Done {
			w.ended[t.ID] = true
		}
	}
	for _, t := range snap.Threads {
		if points.Stops[t.At] && t.Status != "blocked" {
			w.at[t.ID], w.parked[t.ID] = t.At, true
		}
	}
	return w, nil
}

// Target is what is moved.
func (w *Walker) Target() kernel.Debugger { return w.d }

// Mark is a position with what the walker knows there, to go back to.
type Mark struct {
	pos   int
	place place
}

// Mark returns the present place.
func (w *Walker) Mark() Mark {
	pos, _ := w.d.Pos()
	return Mark{pos, w.place.clone()}
}

// Pos is the target's position at the mark.
func (m Mark) Pos() int { return m.pos }

// Goto goes to a place that was marked before.
func (w *Walker) Goto(ctx context.Context, m Mark) error {
	if pos, _ := w.d.Pos(); pos != m.pos {
		if err := w.d.Goto(ctx, m.pos); err != nil {
			return fmt.Errorf("%s: going back to position %d: %w", w.d.Name(), m.pos, err)
		}
	}
	w.place = m.place.clone()
	w.seen = w.d.Events().Last()
	return nil
}

// Look returns what there is to see now.
func (w *Walker) Look(ctx context.Context) (*State, error) {
	snap, err := w.d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return w.state(snap), nil
}

// Move moves a thread, by its ID, to its next stop, its next wait or its end.
// The events are all that happened meanwhile.
func (w *Walker) Move(ctx context.Context, id string) (kernel.Stop, []trace.Event, error) {
	var all []trace.Event
	w.parked[id] = false
	delete(w.slept, id)
	for range maxSteps {
		stop, err := w.d.Step(ctx, id)
		if err != nil {
			return stop, all, fmt.Errorf("%s: %w", w.d.Name(), err)
		}
		events, err := w.read()
		all = append(all, events...)
		if err != nil {
			return stop, all, err
		}
		switch {
		case stop.Reason == kernel.StopHeld:
			w.parked[id] = true
			return stop, all, nil
		case stop.Reason != kernel.StopPoint:
			w.slept[id] = w.arrivals[id]
			return stop, all, nil
		case w.arrived(events, id, stop.Point):
			w.parked[id] = true
			return stop, all, nil
		}
	}
	return kernel.Stop{}, all, fmt.Errorf("%s: %s has not come to a stop within %d steps", w.d.Name(), id, maxSteps)
}

// Arrivals is how many stops a thread, by its ID, has come to.
func (w *Walker) Arrivals(id string) int { return w.arrivals[id] }

// Counts says whether an event is a thread's coming to one of the places. What
// a function of the kernel returned is told where it arrives, at H4 and in the
// outcome.
func Counts(e trace.Event, places map[string]bool) bool {
	return places[e.Point] && (e.Ret == nil || e.Point[0] == 'H')
}

// counts is Counts for an event of this target. A loader that was spawned is a
// process of its own on a real kernel, and reports that it has started and that
// it exits; on the simulated one it is what comes between.
func (w *Walker) counts(e trace.Event, places map[string]bool) bool {
	own := e.Point == trace.PointStarted || e.Point == trace.PointExit
	return Counts(e, places) && !(own && w.tasks[e.Thread.ID])
}

// arrived says whether the last of the thread's events is its coming to the
// point where it stands, and that point is a stop.
func (w *Walker) arrived(events []trace.Event, id, point string) bool {
	if !w.points.Stops[point] {
		return false
	}
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Thread.ID == id {
			return events[i].Point == point && w.counts(events[i], w.points.Stops)
		}
	}
	return false
}

// read takes in the events since the last look.
func (w *Walker) read() ([]trace.Event, error) {
	events, missed := w.d.Events().After(w.seen, 0)
	if missed > 0 {
		return events, fmt.Errorf("%s: %d events were lost: threads cannot be followed", w.d.Name(), missed)
	}
	for _, e := range events {
		w.seen = e.Seq
		if e.Lost > 0 {
			return events, fmt.Errorf("%s: %d events were lost: threads cannot be followed", w.d.Name(), e.Lost)
		}
		if e.Thread.ID != "" && w.counts(e, w.points.Stops) {
			w.at[e.Thread.ID] = e.Point
			w.arrivals[e.Thread.ID]++
		}
	}
	return events, nil
}

// Tell puts events into the form in which two targets can be compared: those of
// points that both can show, each thread's in their order, threads by name.
func (w *Walker) Tell(st *State, events []trace.Event) []Event {
	var list []Event
	for _, e := range events {
		name, known := st.named[e.Thread.ID]
		if !known || !w.counts(e, w.points.Shown) || w.ended[e.Thread.ID] {
			continue
		}
		list = append(list, Event{Thread: name, Point: e.Point, Module: e.Module, State: e.State, Name: e.Name, Ret: e.Ret, Refs: e.Refs})
	}
	slices.SortStableFunc(list, func(a, b Event) int {
		switch {
		case a.Thread < b.Thread:
			return -1
		case a.Thread > b.Thread:
			return 1
		}
		return 0
	})
	return list
}
