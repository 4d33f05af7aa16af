package walk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// settled is what came of letting those go on who cannot be kept.
type settled struct {
	State  *State
	Events []trace.Event
	// Order are the names of the threads that went on, in the order they did.
	Order []string
}

// Settle lets the threads that were woken, and helpers that were made, go on to
// their next stop: first those that order names, in its order, then in the
// order in which they were made.
func (w *Walker) Settle(ctx context.Context, order []string) (settled, error) {
	var out settled
	var ran []string // IDs of those the target let run on by itself
	for range maxSettle {
		snap, err := w.d.Snapshot(ctx)
		if err != nil {
			return out, err
		}
		events, err := w.read()
		out.Events = append(out.Events, events...)
		if err != nil {
			return out, err
		}
		st := w.state(snap)
		out.State = st
		next := w.loose(st, order, &ran)
		if c, ok := w.d.(clocked); ok && next == nil && w.Brief && graces(st) {
			if err := c.Advance(ctx); err != nil {
				return out, fmt.Errorf("%s: %w", w.d.Name(), err)
			}
			continue
		}
		if next == nil {
			out.Order = append(w.byEvents(st, ran, out.Events), out.Order...)
			return out, nil
		}
		out.Order = append(out.Order, next.Name)
		_, events, err = w.Move(ctx, next.ID)
		out.Events = append(out.Events, events...)
		if err != nil {
			return out, err
		}
	}
	return out, fmt.Errorf("%s does not come to rest: threads wake each other without end", w.d.Name())
}

// graces says whether somebody sleeps in a grace period.
func graces(st *State) bool {
	return slices.ContainsFunc(st.Threads, func(t Thread) bool {
		return t.Status == Waits && strings.HasPrefix(t.Waits, "a grace period")
	})
}

// loose finds a thread that stands at no stop and can go on; nil when all rest.
func (w *Walker) loose(st *State, order []string, ran *[]string) *Thread {
	var best *Thread
	rank := 0
	for i := range st.Threads {
		t := &st.Threads[i]
		slept, waited := w.slept[t.ID]
		switch {
		case t.Status == Waits:
			w.slept[t.ID] = w.arrivals[t.ID]
			w.parked[t.ID] = false
			continue
		case t.Status != Ready:
			continue
		case w.parked[t.ID]:
			continue
		case waited && w.arrivals[t.ID] > slept:
			// The target has let it run on by itself.
			w.parked[t.ID] = true
			delete(w.slept, t.ID)
			*ran = append(*ran, t.ID)
			continue
		case !waited && (w.arrivals[t.ID] > 0 || t.Task != "" && t.At == ""):
			w.parked[t.ID] = true // stood there when it was first seen: spawned, or a helper at its first stop
			continue
		}
		r := len(order)
		if k := slices.Index(order, t.Name); k >= 0 {
			r = k
		}
		if best == nil || r < rank || r == rank && t.made < best.made {
			best, rank = t, r
		}
	}
	return best
}

// byEvents are the names of threads in the order of their first events.
func (w *Walker) byEvents(st *State, ids []string, events []trace.Event) []string {
	if len(ids) == 0 {
		return nil
	}
	var list []string
	for _, e := range events {
		if slices.Contains(ids, e.Thread.ID) && !slices.Contains(list, st.named[e.Thread.ID]) {
			list = append(list, st.named[e.Thread.ID])
		}
	}
	return list
}

// Wait is to be called when no thread can be moved: the clock goes on until one
// can, or else the first thread that is held is released. It says false when
// neither helps: all have ended, or wait for ever. Settle is to be called after
// it.
func (w *Walker) Wait(ctx context.Context, st *State) (events []trace.Event, moved bool, err error) {
	stop, err := w.d.Run(ctx, kernel.RunOptions{Clock: true})
	var stuck *kernel.StuckError
	if err != nil && !errors.As(err, &stuck) {
		return nil, false, fmt.Errorf("%s: %w", w.d.Name(), err)
	}
	if events, err = w.read(); err != nil {
		return events, false, err
	}
	if stuck == nil && stop.Steps > 0 {
		return events, true, nil
	}
	for _, t := range st.Snapshot.Threads {
		if t.Status == "held" && !w.ended[t.ID] {
			w.parked[t.ID] = true
			return events, true, w.d.Release(ctx, t.ID)
		}
	}
	return events, false, nil
}
