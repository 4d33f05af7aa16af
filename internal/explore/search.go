package explore

import (
	"context"
	"fmt"
	"math/bits"
)

// root is the state that the search begins with.
func (w *worker) root() (*node, error) {
	n := w.fresh(nil)
	if err := w.boot(); err != nil {
		return nil, err
	}
	m := w.machine
	world := m.run.World()
	world.Track(true)
	if err := w.watch(world); err != nil {
		return nil, err
	}
	if !world.Image(&n.im) {
		return nil, fmt.Errorf("%s has %w", w.problem.Name, errTooMany)
	}
	n.settle()
	n.barrier = false // nothing comes before it
	m.at, m.fresh = n.id, false
	w.path = append(w.path[:0], n)
	return n, w.reduce(n)
}

// boot makes the worker's world.
func (w *worker) boot() (err error) {
	if w.machine == nil {
		w.machine, err = w.problem.machine(w.names, w.options.Every || !w.learn, w.alike)
	}
	return err
}

// walk searches all beyond the alternative k of the last node of the path, and
// then what is left of the nodes before it, to the root or to a node that
// somebody else is still busy beyond. It says false when the search stopped
// before that.
func (w *worker) walk(ctx context.Context, k int) bool {
	for {
		n := w.path[len(w.path)-1]
		w.from, w.key = n, k
		if !w.tick(ctx) {
			return false
		}
		child, err := w.descend(n, k)
		if err != nil {
			w.fail(err)
			return false
		}
		w.from = nil
		if child != nil {
			k = w.choose(child)
			continue
		}
		if k = w.backtrack(true); k < 0 {
			return true
		}
	}
}

// descend takes a step and comes to a new node, nil when there is nothing to be
// searched beyond it. In that case the alternative has ended, which backtrack is
// to be told.
func (w *worker) descend(n *node, k int) (*node, error) {
	c := w.fresh(n)
	if c == nil {
		w.tooLong(n.depth, ": more of them and of others at once are over the limit of memory")
		return nil, nil
	}
	if err := w.step(n, c, k); err != nil {
		return nil, err
	}
	w.path = append(w.path, c)
	more, err := w.beyond(c)
	if err != nil || more {
		return c, err
	}
	w.path = w.path[:len(w.path)-1]
	w.free = append(w.free, c)
	return nil, nil
}

// beyond says whether there is something to be searched beyond a new state.
func (w *worker) beyond(c *node) (bool, error) {
	switch {
	case c.ready == 0:
		return false, w.end(c)
	case c.depth >= w.options.Length:
		w.tooLong(w.options.Length, "")
		return false, nil
	}
	if err := w.reduce(c); err != nil {
		return false, err
	}
	if w.seen != nil && w.met(c) || c.ready&^c.sleep == 0 {
		w.cut()
		return false, nil
	}
	return true, nil
}

// tooLong notes that schedules of more than so many steps were not searched.
func (w *worker) tooLong(steps int, why string) {
	w.mu.Lock()
	w.found.missed = addTo(w.found.missed, fmt.Sprintf("schedules of more than %d steps%s", steps, why))
	w.short = true
	w.mu.Unlock()
	w.cut()
}

// fresh is an empty node beyond n, nil when there is no memory for one.
func (w *worker) fresh(n *node) *node {
	var c *node
	if last := len(w.free) - 1; last >= 0 {
		c, w.free = w.free[last], w.free[:last]
	} else if n == nil || w.memory.takeNode() {
		c = &node{}
	} else {
		return nil
	}
	w.nodes++
	c.reset(w.number<<48|w.nodes, n)
	return c
}

// choose begins the first alternative of a new node.
func (w *worker) choose(n *node) int {
	awake := n.ready &^ n.sleep
	k := bits.TrailingZeros32(awake)
	if last := n.last(); last >= 0 && awake&(1<<last) != 0 {
		k = last
	}
	switch {
	case w.seen == nil:
		n.todo = n.ready
	case w.bound >= 0:
		n.todo = n.ready
		if n.goesOn() && int(n.cost) >= w.bound {
			n.todo = 1 << n.last()
		}
	}
	n.begin(k)
	return k
}

// begin makes alternative k one that has been begun. n.mu is held, or the node
// is nobody else's.
func (n *node) begin(k int) {
	n.ahead[k] = n.done & n.stepped
	n.todo |= 1 << k
	n.done |= 1 << k
	n.open++
}

// left is what is to be explored and has not been begun. n.mu is held.
func (n *node) left() uint32 { return n.todo &^ n.done &^ n.sleep }

// backtrack goes to the last node of the path that something is left of, and
// begins that. It says -1 when there is none, or when a node on the way is still
// open and what is left of it is somebody else's. ended says that an alternative
// of the last node has ended: that is noted and looked at in one go, so that of
// several workers who end their alternatives of a node at once just one, the
// last, leaves it; the others do not touch it again.
func (w *worker) backtrack(ended bool) int {
	for {
		n := w.path[len(w.path)-1]
		n.mu.Lock()
		if ended {
			n.open--
		}
		if left := n.left(); left != 0 {
			k := bits.TrailingZeros32(left)
			n.begin(k)
			n.mu.Unlock()
			return k
		}
		open := n.open
		n.mu.Unlock()
		if open > 0 {
			return -1
		}
		w.leave(n)
		ended = true // the alternative of the node before that led here
		w.path = w.path[:len(w.path)-1]
		if n.parent == nil {
			w.sharing.finish()
			return -1
		}
		w.free = append(w.free, n)
	}
}
