package lab

import (
	"context"
	"fmt"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// crowd is from how many threads on a run lets them go all at once, when
// nobody wants to see each step.
const crowd = 16

// Step implements kernel.Debugger.
func (t *target) Step(ctx context.Context, id string) (kernel.Stop, error) {
	done, err := t.begin(ctx)
	if err != nil {
		return kernel.Stop{}, err
	}
	defer done()
	r, err := t.do(ctx, action{op: wire.OpStep, thread: id})
	if err != nil {
		return kernel.Stop{}, err
	}
	if r.Stuck != "" {
		return kernel.Stop{}, &kernel.StuckError{Thread: id, Where: r.Stuck, Nobody: t.debug.stuck()}
	}
	t.debug.last = id
	stop := t.stopOf(id)
	stop.Steps = 1
	return stop, t.keep(ctx)
}

// ready says whether a thread can be moved.
func ready(t *wire.Thread) bool { return t != nil && t.Status == "ready" }

// stuck says that no thread can move, also not by itself.
func (d *debugging) stuck() bool {
	for i := range d.threads {
		if ready(&d.threads[i]) || d.threads[i].Timed {
			return false
		}
	}
	return true
}

// stopOf says where a thread stands; "" is nobody.
func (t *target) stopOf(id string) kernel.Stop {
	d := &t.debug
	s := kernel.Stop{Pos: d.pos, Now: d.now, Events: t.events.Last()}
	th := d.thread(id)
	if th == nil {
		return s
	}
	s.Thread, s.Parent, s.Point, s.Module, s.Waits = th.ID, th.Parent, th.At, th.Module, th.Waits
	s.Reason = map[string]kernel.Reason{
		"ready": kernel.StopPoint, "blocked": kernel.StopWaits, "held": kernel.StopHeld, "done": kernel.StopDone,
	}[th.Status]
	return s
}

// Run implements kernel.Debugger: the thread that moved last goes on for as
// long as it can, then who it waits for, then the first that can in the order
// they were made; when nobody can, whoever moves by himself is waited for.
func (t *target) Run(ctx context.Context, o kernel.RunOptions) (kernel.Stop, error) {
	done, err := t.begin(ctx)
	if err != nil {
		return kernel.Stop{}, err
	}
	defer done()
	return t.run(ctx, o, false)
}

// run is Run with the machine taken; free: nobody stops at points.
func (t *target) run(ctx context.Context, o kernel.RunOptions, free bool) (kernel.Stop, error) {
	d := &t.debug
	for _, id := range []string{o.First, o.Until} {
		if id != "" && d.thread(id) == nil {
			return kernel.Stop{}, fmt.Errorf("%w: no thread %q", kernel.ErrNotFound, id)
		}
	}
	if o.First != "" || o.Until != "" {
		d.last = o.First
	}
	r := &running{target: t, o: o, free: free}
	if o.For > 0 {
		if _, err := t.look(ctx); err != nil { // what time it is
			return kernel.Stop{}, err
		}
		r.limit = d.now + int64(o.For)
	}
	stop, err := r.loop(ctx)
	stop.Steps = r.steps
	if kerr := t.keep(ctx); err == nil {
		err = kerr
	}
	return stop, err
}

// running is one Run under way.
type running struct {
	*target
	o     kernel.RunOptions
	free  bool
	limit int64 // on the guest's clock, 0 none
	steps int
}

func (r *running) loop(ctx context.Context) (kernel.Stop, error) {
	d := &r.debug
	for {
		if err := ctx.Err(); err != nil {
			return r.stopOf(d.last), err
		}
		if r.o.Until != "" && d.thread(r.o.Until).Done {
			return r.stopOf(r.o.Until), nil
		}
		next := d.thread(d.last)
		if !ready(next) {
			next = r.choose(next)
		}
		if next == nil || r.limit > 0 && d.now >= r.limit {
			moved, stop, err := r.wait(ctx)
			if !moved || err != nil {
				return stop, err
			}
			if r.o.Clock {
				r.steps++
			}
			continue
		}
		if r.o.Clock {
			stop := r.stopOf(next.ID)
			stop.Reason = kernel.StopReady
			return stop, nil
		}
		if r.o.AtOnce || (r.o.Stop == nil || r.o.Sampled) && d.readyCount() >= crowd {
			if err := r.freeAll(ctx); err != nil {
				return r.stopOf(d.last), err
			}
			if stop := r.stopOf(d.last); r.stops(ctx, stop) {
				return stop, nil
			}
			continue
		}
		id := next.ID
		a, err := r.do(ctx, action{op: wire.OpStep, thread: id, free: r.free || r.o.Stop == nil})
		if err != nil {
			return r.stopOf(d.last), err
		}
		if a.Stuck != "" {
			continue // it went on by itself meanwhile
		}
		r.steps++
		d.last = id
		stop := r.stopOf(id)
		if stop.Reason == kernel.StopHeld {
			return stop, nil
		}
		if r.stops(ctx, stop) {
			return stop, nil
		}
	}
}

// stops asks whether the run is to stop here.
func (r *running) stops(ctx context.Context, stop kernel.Stop) bool {
	return r.o.Stop != nil && r.o.Stop(stop, func() *kernel.Snapshot { return r.seen(ctx) })
}

// seen is a snapshot for who looks at a step; what cannot be seen is empty.
func (r *running) seen(ctx context.Context) *kernel.Snapshot {
	s, err := r.snapshot(ctx)
	if err != nil {
		return &kernel.Snapshot{Target: r.name}
	}
	return s
}

func (d *debugging) readyCount() (n int) {
	for i := range d.threads {
		if ready(&d.threads[i]) {
			n++
		}
	}
	return n
}

// freeAll lets a crowd go at once.
func (r *running) freeAll(ctx context.Context) error {
	a := action{op: wire.OpFree}
	if r.limit > 0 {
		a.limit = max(1, r.limit-r.debug.now)
	}
	_, err := r.do(ctx, a)
	r.steps++
	return err
}

// choose picks the thread to move when the last one cannot: the thread the run
// is for, who works for it, who works for the last one or started it, then the
// first that can; nil when none can. It is the simulated kernel's order.
func (r *running) choose(last *wire.Thread) *wire.Thread {
	d := &r.debug
	all := d.threads
	if r.o.First == "" && last != nil && len(all) > 0 {
		if newest := &all[len(all)-1]; ready(newest) && newest.Parent == last.ID {
			return newest
		}
		if parent := d.thread(last.Parent); ready(parent) {
			return parent
		}
	}
	var best *wire.Thread
	rank := -1
	for i := range all {
		th := &all[i]
		if !ready(th) {
			continue
		}
		n := 0
		switch {
		case r.o.First != "" && th.ID == r.o.First:
			return th
		case r.o.First != "" && d.worksFor(th, r.o.First):
			n = 2
		case last != nil && (th.Parent == last.ID || last.Parent == th.ID):
			n = 1
		}
		if n > rank {
			best, rank = th, n
		}
	}
	return best
}

// worksFor says whether th was started by the thread id, or by one who was.
func (d *debugging) worksFor(th *wire.Thread, id string) bool {
	for n := 0; th != nil && th.Parent != "" && n < 64; n++ {
		if th.Parent == id {
			return true
		}
		th = d.thread(th.Parent)
	}
	return false
}

// overdue is how long after its end a wait with a time-out may still be under
// way: a timer far off is late by an eighth of its time (kernel/time/timer.c,
// LVL_GRAN), and who wakes has to come to the processor.
const overdue = int64(5e9) // nanoseconds

// goesOn says whether time ends a thread's wait. One that should have ended long
// ago was taken for what it is not, and ends by nobody's doing.
func goesOn(th wire.Thread, now int64) bool {
	return th.Timed && (th.Until == 0 || now <= th.Until+overdue)
}

// wait waits for whoever moves by himself, or says why the run ends.
func (r *running) wait(ctx context.Context) (moved bool, stop kernel.Stop, err error) {
	d := &r.debug
	stop = r.stopOf(d.last)
	timed, held, blocked := false, false, false
	for i := range d.threads {
		th := &d.threads[i]
		timed = timed || goesOn(*th, d.now)
		held = held || th.Status == "held"
		blocked = blocked || th.Status == "blocked"
	}
	switch {
	case r.limit > 0 && d.now >= r.limit:
		stop.Reason = kernel.StopTime
		return false, stop, nil
	case r.o.Frozen && timed:
		stop.Reason = kernel.StopFrozen
		return false, stop, nil
	case timed || r.limit > 0:
		a := action{op: wire.OpAwait}
		if r.limit > 0 {
			a.limit = r.limit - d.now
		}
		_, err = r.do(ctx, a)
		return err == nil, stop, err
	case held:
		stop.Reason = kernel.StopOnlyHeld
	case blocked:
		stop.Reason = kernel.StopDeadlock
	default:
		stop.Reason = kernel.StopAllDone
	}
	return false, stop, nil
}
