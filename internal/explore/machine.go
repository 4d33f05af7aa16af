package explore

import (
	"errors"
	"fmt"

	"example.org/kmodsh/internal/sim"
)

// errUnlike says that a world did not come to the state that the moves learned
// led to: something that a step went by was not told.
var errUnlike = errors.New("the model of the kernel went by something that it did not tell: a mistake in internal/sim")

// machine is the world that a worker takes steps in.
type machine struct {
	problem *Problem
	run     *sim.Run
	fresh   bool   // nothing was done since the set-up
	at      uint64 // id of the node whose state the world is in, 0: none that is known
	from    uint64 // else of the one that its last step was taken from,
	took    int8   // and by which thread
	path    []int8 // for Next: keys to be stepped
	pos     int
	after   sim.Image
}

// start boots a machine: alike says whether threads that are spawned to do the
// same are held for the same.
func (p *Problem) machine(names *sim.Names, remember, alike bool) (*machine, error) {
	run, err := p.boot(names, remember, alike)
	if err != nil {
		return nil, err
	}
	run.World().Quiet(true)
	return &machine{problem: p, run: run, fresh: true}, nil
}

// reach brings the world to the state of n.
func (m *machine) reach(n *node) error {
	if m.at == n.id {
		settle(m.run.World())
		return nil
	}
	m.at, m.from = 0, 0
	if !m.fresh {
		m.run.Restart()
		if err := m.problem.prepare(m.run); err != nil {
			return err
		}
	}
	m.fresh = false
	m.path = m.path[:0]
	for x := n; x.parent != nil; x = x.parent {
		m.path = append(m.path, x.via.index)
	}
	m.pos = len(m.path)
	w := m.run.World()
	w.Drive(m)
	settle(w)
	w.Track(true)
	if !w.Image(&m.after) {
		return errTooMany
	}
	if m.after != n.im {
		return fmt.Errorf("%w: %v", errUnlike, n.im.Changes(&m.after, nil))
	}
	m.at = n.id
	return nil
}

// Next implements sim.Driver: it takes the path.
func (m *machine) Next(w *sim.World, _ *sim.Thread) *sim.Thread {
	if m.pos == 0 {
		return nil
	}
	settle(w)
	m.pos--
	index := int(m.path[m.pos])
	if index >= w.Len() || w.At(index).Status() != sim.Ready {
		return nil // found out by the image
	}
	return w.At(index)
}

// came notes that c is the state after the last step, if it is.
func (m *machine) came(c *node) {
	if m.from == c.parent.id && m.took == c.via.index {
		m.at, m.from = c.id, 0
	}
}

// step takes a step of the thread with the given index from state n. The state
// after it, before time moves, is in m.after.
func (m *machine) step(n *node, index int8) error {
	if err := m.reach(n); err != nil {
		return err
	}
	m.at, m.from, m.took = 0, n.id, index
	w := m.run.World()
	w.Step(w.At(int(index)))
	if !w.Image(&m.after) {
		return errTooMany
	}
	return nil
}

// settle moves the clock, or releases held threads, until somebody can go.
func settle(w *sim.World) {
	for !w.Movable() {
		if !w.Advance() {
			held := w.FirstHeld()
			if held == nil {
				return
			}
			w.Release(held)
		}
	}
}
