package sim

import (
	"context"
	"errors"
	"fmt"

	"example.org/kmodsh/internal/kernel"
)

// Step implements kernel.Debugger.
func (t *Target) Step(ctx context.Context, id string) (kernel.Stop, error) {
	if err := t.lock(ctx); err != nil {
		return kernel.Stop{}, err
	}
	defer t.mu.Unlock()
	defer t.publish()
	th := t.run.world.Thread(id)
	if th == nil {
		return kernel.Stop{}, fmt.Errorf("%w: no thread %q", kernel.ErrNotFound, id)
	}
	if th.status != Ready {
		return kernel.Stop{}, &kernel.StuckError{Thread: id, Where: cannotMove(th), Nobody: t.run.world.stuck()}
	}
	if err := t.run.Do(Action{Kind: DoStep, Thread: id}); err != nil {
		return kernel.Stop{}, err
	}
	t.touch()
	t.last = id
	stop := t.stopOf(th)
	stop.Steps = 1
	return stop, nil
}

// stuck says that no thread can move and no time-out is due.
func (w *World) stuck() bool {
	if len(w.Runnable(nil)) > 0 {
		return false
	}
	_, timer := w.NextTimer()
	return !timer
}

// stopOf says where a thread that has just moved stands.
func (t *Target) stopOf(th *Thread) kernel.Stop {
	w := t.run.world
	s := kernel.Stop{
		Thread: th.ID, Point: th.at, Waits: th.WaitsFor(), Pos: t.run.Pos(), Now: w.now, Events: uint64(len(w.events)),
		Reason: map[Status]kernel.Reason{
			Ready: kernel.StopPoint, Blocked: kernel.StopWaits, Held: kernel.StopHeld, Done: kernel.StopDone,
		}[th.status],
	}
	if th.Parent != nil {
		s.Parent = th.Parent.ID
	}
	if th.module != nil {
		s.Module = th.module.Name
	}
	return s
}

// cancelEvery is how many steps a run takes between two looks at its context.
const cancelEvery = 256

// Run implements kernel.Debugger: the thread that moved last goes on for as
// long as it can, then who it waits for, then the first that can in the order
// they were made, then the clock.
func (t *Target) Run(ctx context.Context, o kernel.RunOptions) (kernel.Stop, error) {
	if err := t.lock(ctx); err != nil {
		return kernel.Stop{}, err
	}
	defer t.mu.Unlock()
	defer t.publish()
	r := &running{Target: t, o: o}
	if o.First != "" || o.Until != "" {
		for _, id := range []string{o.First, o.Until} {
			if id != "" && t.run.world.Thread(id) == nil {
				return kernel.Stop{}, fmt.Errorf("%w: no thread %q", kernel.ErrNotFound, id)
			}
		}
		t.last = o.First
	}
	if o.For > 0 {
		r.limit = t.run.world.now + int64(o.For)
	}
	stop, err := r.loop(ctx)
	stop.Steps = r.steps
	return stop, err
}

// running is one Run under way.
type running struct {
	*Target
	o     kernel.RunOptions
	limit int64 // virtual time, 0 none
	steps int
	ended int // threads before this one have all ended
}

func (r *running) loop(ctx context.Context) (kernel.Stop, error) {
	w := r.run.world
	last := w.Thread(r.last)
	for {
		if r.steps%cancelEvery == 0 && ctx.Err() != nil {
			return r.at(last), ctx.Err()
		}
		if r.o.Until != "" && w.Thread(r.o.Until).status == Done {
			return r.at(last), nil
		}
		next := last
		if next == nil || next.status != Ready {
			if next = r.choose(last); next == nil {
				moved, stop, err := r.clock(last)
				if !moved || err != nil {
					return stop, err
				}
				if r.o.Clock {
					r.steps++
				}
				continue
			}
		}
		if r.o.Clock {
			stop := r.at(next)
			stop.Reason = kernel.StopReady
			return stop, nil
		}
		if err := r.run.Do(Action{Kind: DoStep, Thread: next.ID}); err != nil {
			return r.at(last), err
		}
		r.steps++
		r.touch()
		last, r.last = next, next.ID
		if next.status == Held {
			return r.at(next), nil
		}
		if r.o.Stop != nil {
			if stop := r.at(next); r.o.Stop(stop, r.snapshot) {
				return stop, nil
			}
		}
	}
}

// choose picks the thread to move when the last one cannot: the thread the run
// is for, who works for it, who works for the last one or started it, then the
// first that can; nil when none can.
func (r *running) choose(last *Thread) *Thread {
	all := r.run.world.threads
	// Threads that have ended are passed over for good: a flood has thousands.
	for r.ended < len(all) && all[r.ended].status == Done {
		r.ended++
	}
	if r.o.First == "" {
		// Who was made last is most often the helper that is waited for.
		if newest := all[max(0, len(all)-1):]; len(newest) > 0 && newest[0].status == Ready && newest[0].Parent == last && last != nil {
			return newest[0]
		}
		if last != nil && last.Parent != nil && last.Parent.status == Ready {
			return last.Parent
		}
	}
	first := r.run.world.Thread(r.o.First)
	var best *Thread
	rank := -1
	for _, th := range all[r.ended:] {
		if th.status != Ready {
			continue
		}
		n := 0
		switch {
		case first != nil && th == first:
			return th
		case first != nil && th.worksFor(first):
			n = 2
		case last != nil && (th.Parent == last || last.Parent == th):
			n = 1
		}
		if n > rank {
			best, rank = th, n
		}
		if first == nil && n == 0 && (last == nil || last.status == Done) {
			break // nobody works for one that has ended
		}
	}
	return best
}

// worksFor says whether t was started by o, or by one who was.
func (t *Thread) worksFor(o *Thread) bool {
	for p := t.Parent; p != nil; p = p.Parent {
		if p == o {
			return true
		}
	}
	return false
}

// at is the stop of a thread, which may be nil.
func (r *running) at(th *Thread) kernel.Stop {
	if th == nil {
		w := r.run.world
		return kernel.Stop{Pos: r.run.Pos(), Now: w.now, Events: uint64(len(w.events))}
	}
	return r.stopOf(th)
}

// clock moves the clock when nobody can move, or says why the run ends.
func (r *running) clock(last *Thread) (moved bool, stop kernel.Stop, err error) {
	w := r.run.world
	stop = r.at(last)
	_, timer := w.NextTimer()
	switch {
	case r.limit > 0 && w.now >= r.limit:
		stop.Reason = kernel.StopTime
		return false, stop, nil
	case r.o.Frozen && timer:
		stop.Reason = kernel.StopFrozen
		return false, stop, nil
	case timer || r.limit > 0:
		err = r.run.Do(Action{Kind: DoAdvance, Until: r.limit})
		return err == nil, stop, err
	}
	stop.Reason = kernel.StopAllDone
	for _, th := range w.threads {
		switch {
		case th.status == Held:
			stop.Reason = kernel.StopOnlyHeld
			return false, stop, nil
		case th.status == Blocked:
			stop.Reason = kernel.StopDeadlock
		}
	}
	return false, stop, nil
}

// finish steps a thread to its end and says why it did not get there.
func (t *Target) finish(id string) error {
	err := t.run.Finish(id)
	t.last = id
	var stuck *StuckError
	if errors.As(err, &stuck) {
		return &kernel.StuckError{Thread: id, Where: "waits for " + stuck.Waits, Nobody: true}
	}
	if th := t.run.world.Thread(id); err == nil && th.status == Held {
		return &kernel.StuckError{Thread: id, Where: "is " + th.Where()}
	}
	return err
}

// cannotMove says in words behind "it" why a thread that is to be stepped cannot be.
func cannotMove(th *Thread) string {
	switch th.status {
	case Held:
		return "is " + th.Where()
	case Done:
		return "has ended"
	}
	return th.Where()
}
