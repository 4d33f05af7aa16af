package explore

import (
	"context"
	"errors"
	"fmt"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/walk"
)

// Retrace makes of what was done to a machine, as a trace has it, what is to be
// done to another target: each thread is moved on until it has come to the stops
// that it had come to on the machine, as far as both have them. Threads are left
// where the trace leaves them.
func Retrace(rec *recording.Recording, actions []kernel.Action, points walk.Points) *Route {
	end := rec.End()
	named := walk.Names(end)
	spawned := map[string]bool{}
	for i := range end.Threads {
		spawned[end.Threads[i].ID] = end.Threads[i].Task != ""
	}
	rests := restsOf(rec)
	ways := map[string]*way{}
	r := &Route{ways: map[string][]string{}, stays: true}
	from := 0
	for i := range actions {
		a := &actions[i]
		to := min(max(rec.ActionEvents[i], from), len(rec.Events))
		at, came := "", false
		for _, e := range rec.Events[from:to] {
			// A loader that was spawned is a process here, whose beginning and end the
			// simulated kernel does not tell.
			own := (e.Point == trace.PointStarted || e.Point == trace.PointExit) && spawned[e.Thread.ID]
			if e.Thread.ID == "" || own || !walk.Counts(e, points.Stops) {
				continue
			}
			if ways[e.Thread.ID] == nil {
				ways[e.Thread.ID] = &way{}
			}
			ways[e.Thread.ID].come(e)
			came = true
			if e.Thread.ID == a.Thread {
				at = e.Point
			}
		}
		from = to
		switch a.Do {
		case kernel.ActWait:
			if came { // else the clock alone went on, and theirs are not to be compared
				r.list = append(r.list, force{again: a, pos: i + 1})
			}
		case kernel.ActStep:
			m := force{thread: named[a.Thread], rests: rests[i+1][a.Thread], at: at, pos: i + 1}
			if m.thread == "" {
				m.thread = a.Thread
			}
			if m.at == "" {
				m.at = "the end of its step"
			}
			if w := ways[a.Thread]; w != nil {
				m.stops = len(w.stops)
			}
			r.list = append(r.list, m)
		default:
			r.list = append(r.list, force{again: a, pos: i + 1})
		}
	}
	for id, w := range ways {
		r.ways[named[id]] = w.stops
	}
	return r
}

// restsOf tells by position which threads wait then or have ended.
func restsOf(rec *recording.Recording) map[int]map[string]bool {
	by := map[int]map[string]bool{}
	rec.Walk(func(s *kernel.Snapshot) bool {
		by[s.Pos] = map[string]bool{}
		for i := range s.Threads {
			if st := s.Threads[i].Status; st == "blocked" || st == "done" {
				by[s.Pos][s.Threads[i].ID] = true
			}
		}
		return true
	})
	return by
}

// redo does an action of a machine's session. One that the target cannot do is a
// divergence, which says so.
func (f *Forced) redo(ctx context.Context, m *force) error {
	// Who goes on by himself on a machine has done so before.
	if err := f.settle(ctx); err != nil {
		return err
	}
	var err error
	switch m.again.Do {
	case kernel.ActAll:
		_, err = f.d.Run(ctx, kernel.RunOptions{AtOnce: true, For: m.again.For})
	case kernel.ActWait:
		err = f.wait(ctx, m.again)
	case kernel.ActRequest:
		_, err = f.d.Request(ctx, m.again.Value)
		var cannot *kernel.UnsupportedError
		if err != nil && ctx.Err() == nil && f.d.Err() == nil && !errors.As(err, &cannot) {
			err = nil // what the kernel says to it is what came of it
		}
	default:
		err = kernel.Do(ctx, f.d, m.again, f.faults)
	}
	var dead *kernel.DeadError
	if err == nil || ctx.Err() != nil || errors.As(err, &dead) {
		return err
	}
	return fmt.Errorf("%w: position %d, %s, cannot be done there: %w", ErrDiverged, m.pos, m.again, err)
}

// wait has the clock go on to where somebody goes on by himself.
func (f *Forced) wait(ctx context.Context, a *kernel.Action) error {
	var stuck *kernel.StuckError
	var err error
	switch d := f.d.(type) {
	case kernel.Repeater:
		err = d.Again(ctx, *a)
	case interface{ Advance(context.Context) error }:
		err = d.Advance(ctx)
	}
	if errors.As(err, &stuck) {
		return nil // there he has gone on already
	}
	return err
}
