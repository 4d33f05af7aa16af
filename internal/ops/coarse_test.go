package ops_test

import (
	"context"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
)

// coarse is a simulated kernel with the manners of a real one: its threads stop
// only where a kernel function begins or the loader reports a stage, a step that
// comes to a grace period is over when that is, and those that a step wakes or
// makes run on to their next stop by themselves.
type coarse struct {
	kernel.Debugger
	version string
	stops   []string
	// late lets those that were woken go on in the opposite order.
	late bool
	// wrong changes what a snapshot shows, nil nothing.
	wrong func(*kernel.Snapshot)
}

func (c *coarse) StopsAt() []string {
	if c.stops != nil {
		return c.stops
	}
	list := []string{}
	for _, p := range trace.Points() {
		if p.StopsIn(c.version) {
			list = append(list, p.ID)
		}
	}
	c.stops = list
	return list
}

// Step is one step of a real kernel.
func (c *coarse) Step(ctx context.Context, id string) (kernel.Stop, error) {
	before, err := c.Debugger.Snapshot(ctx)
	if err != nil {
		return kernel.Stop{}, err
	}
	stop, err := c.run(ctx, id)
	if err != nil {
		return stop, err
	}
	for {
		now, err := c.Debugger.Snapshot(ctx)
		if err != nil {
			return stop, err
		}
		var woken []string
		for _, t := range now.Threads {
			old := before.Thread(t.ID)
			if t.ID != id && t.Status == "ready" && (old == nil || old.Status == "blocked") {
				woken = append(woken, t.ID)
			}
		}
		if len(woken) == 0 {
			return stop, nil
		}
		if c.late {
			slices.Reverse(woken)
		}
		before = now
		if _, err := c.run(ctx, woken[0]); err != nil {
			return stop, err
		}
		if at := before.Thread(woken[0]); at != nil {
			at.Status = "ready"
		}
		for i := range before.Threads { // the others are still to go
			if slices.Contains(woken[1:], before.Threads[i].ID) {
				before.Threads[i].Status = "blocked"
			}
		}
	}
}

// run steps one thread to its next stop.
func (c *coarse) run(ctx context.Context, id string) (kernel.Stop, error) {
	stops := c.StopsAt()
	for {
		from := c.Debugger.Events().Last()
		stop, err := c.Debugger.Step(ctx, id)
		if err == nil && stop.Reason == kernel.StopWaits && strings.HasPrefix(stop.Waits, "a grace period") {
			if err := c.Debugger.(interface{ Advance(context.Context) error }).Advance(ctx); err != nil {
				return stop, err
			}
			continue
		}
		if err != nil || stop.Reason != kernel.StopPoint {
			return stop, err
		}
		events, _ := c.Debugger.Events().After(from, 0)
		events = slices.DeleteFunc(events, func(e trace.Event) bool { return e.Thread.ID != id || e.Ret != nil && e.Point[0] != 'H' })
		if len(events) > 0 && events[len(events)-1].Point == stop.Point && slices.Contains(stops, stop.Point) {
			return stop, nil
		}
	}
}

// Snapshot implements kernel.Debugger.
func (c *coarse) Snapshot(ctx context.Context) (*kernel.Snapshot, error) {
	snap, err := c.Debugger.Snapshot(ctx)
	if err == nil && c.wrong != nil {
		c.wrong(snap)
	}
	return snap, err
}

// withCoarse is a session whose targets vm:VERSION are simulated kernels with
// the manners of real ones; change may be nil.
func withCoarse(change func(*coarse)) *ops.Session {
	s := ops.New()
	s.OpenTarget = func(_ context.Context, name string, _ ops.Progress) (kernel.Target, error) {
		version, ok := strings.CutPrefix(name, "vm:")
		if !ok {
			return sim.Open(strings.TrimPrefix(strings.TrimPrefix(name, "sim"), ":"))
		}
		t, err := sim.Open("v" + version)
		if err != nil {
			return nil, err
		}
		c := &coarse{Debugger: t, version: version}
		if change != nil {
			change(c)
		}
		return c, nil
	}
	return s
}

// coarseAs is withCoarse(nil) with each of those targets inside another.
func coarseAs(wrap func(*coarse) kernel.Target) *ops.Session {
	s := withCoarse(nil)
	open := s.OpenTarget
	s.OpenTarget = func(ctx context.Context, name string, p ops.Progress) (kernel.Target, error) {
		t, err := open(ctx, name, p)
		if c, ok := t.(*coarse); ok {
			return wrap(c), err
		}
		return t, err
	}
	return s
}
