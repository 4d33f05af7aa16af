package explore

import (
	"fmt"
	"slices"

	"example.org/kmodsh/internal/sim"
)

// blind says whether some promise about steps looks at something that nobody
// knows. Then every alternative is taken at every state. Threads that are not
// spawned by the set-up are such a thing: which of them gets a name depends on
// the order in which they are made.
func (p *Problem) blind() bool {
	spawned := func(id string) bool {
		return slices.ContainsFunc(p.Setup, func(a sim.Action) bool { return a.Kind == sim.DoSpawn && a.Thread == id })
	}
	return slices.ContainsFunc(p.Promises, func(q Promise) bool {
		return !q.plain && (q.looks == nil || slices.ContainsFunc(q.looks.Threads, func(id string) bool { return !spawned(id) }))
	})
}

// watching is what promises look at after every step.
type watching struct {
	watches bool
	watched sim.Watch
}

// watch works it out, from the world that the search begins with.
func (p *pass) watch(w *sim.World) error {
	p.watching = watching{}
	if p.problem.blind() {
		return nil
	}
	for _, q := range p.problem.Promises {
		if q.looks == nil {
			continue
		}
		p.watches = true
		if !w.Watched(q.looks, &p.watched) {
			return fmt.Errorf("%s: a thread that the promise %q names is not there", p.problem.Name, q.Name)
		}
	}
	return nil
}

// see is told of the step from n to c before time moves from there: one that
// changes what is looked at conflicts with all others that do.
func (w *worker) see(n, c *node) {
	if !w.watches {
		return
	}
	if w.sight = c.im.Seen(&w.watched); w.sight != n.im.Seen(&w.watched) {
		c.via.footprint.See()
	}
}

// news says whether something is seen for the first time.
func (w *worker) news(sight uint64) bool {
	if _, known := w.sights[sight]; known {
		return false
	}
	if w.memory.take(endBytes) {
		w.sights[sight] = struct{}{}
	}
	return true
}

// lookOut asks the promises that look at states: at the state before time moves,
// which see was told of, and at the one after. Where steps are not taken, it asks
// only when what is looked at has not been so before.
func (w *worker) lookOut(n, c *node) error {
	if !w.watches && !w.problem.blind() {
		return nil
	}
	if w.learn && w.news(w.sight) {
		if err := w.boot(); err != nil {
			return err
		}
		if err := w.machine.step(n, c.via.index); err != nil {
			return fmt.Errorf("%s: %w", w.problem.Name, err)
		}
		if err := w.askLooking(c); err != nil {
			return err
		}
		w.machine.came(c)
	}
	if !c.barrier || w.learn && !w.news(c.im.Seen(&w.watched)) {
		return nil
	}
	if err := w.boot(); err != nil {
		return err
	}
	if err := w.machine.reach(c); err != nil {
		return fmt.Errorf("%s: %w", w.problem.Name, err)
	}
	return w.askLooking(c)
}

// askLooking asks them in the world.
func (w *worker) askLooking(c *node) error {
	for i := range w.problem.Promises {
		if p := &w.problem.Promises[i]; !p.plain && p.Step != nil {
			if err := w.judge(c, p, p.Step(w.machine.run)); err != nil {
				return err
			}
		}
	}
	return nil
}
