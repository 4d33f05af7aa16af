package explore

import (
	"fmt"
	"math/bits"

	"example.org/kmodsh/internal/sim"
)

// reduces says whether the pass leaves out schedules that differ only in the
// order of steps that do not conflict.
func (p *pass) reduces() bool { return p.bound < 0 && p.seen != nil }

// stepped is told of the step that led to a new node: what it did is compared
// with the steps before it.
func (w *worker) stepped(c *node) {
	v, n := &c.via, c.parent
	if !w.reduces() {
		return
	}
	n.mu.Lock()
	n.asleep[v.key] = v.footprint
	n.stepped |= 1 << v.key
	n.add(int(v.key), &v.footprint)
	n.mu.Unlock()
	came := n.clocks[v.key]
	var races [64]int
	found := races[:0]
	for s := n; s.parent != nil; s = s.parent {
		e := &s.via
		if e.key != v.key && came[e.key] < uint16(s.depth) && e.footprint.Conflicts(&v.footprint) {
			found = append(found, s.depth-1)
			came.join(&e.after)
		}
		if s.barrier {
			break
		}
	}
	v.before, v.after = came, came
	v.after[v.key] = uint16(c.depth)
	if len(found) == 0 {
		return
	}
	w.path = append(w.path, c)
	for _, i := range found {
		w.race(i, v.key)
	}
	w.path = w.path[:len(w.path)-1]
}

// race sees to it that the last step of the path is also tried before step i,
// with which it conflicts: one of the threads that can begin what does not come
// after i is among those explored from there.
func (w *worker) race(i int, by int8) {
	e := w.path[i]
	firsts := w.firsts(i, true) & e.ready
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case firsts == 0:
		e.todo |= e.ready
	case firsts&e.todo != 0:
	case firsts&(1<<by) != 0:
		e.todo |= 1 << by
	default:
		e.todo |= firsts & -firsts
	}
}

// firsts are the threads, by key, that can begin what the path has beyond step
// i that does not come after that step; where last is true the last step of the
// path belongs to it in any case.
func (w *worker) firsts(i int, last bool) (firsts uint32) {
	after := uint16(i + 1)
	of := w.path[i+1].via.key
	end := len(w.path) - 1
	var met uint32
	var buf [128]*step
	between := buf[:0]
	for d := i + 2; d <= end; d++ {
		g := &w.path[d].via
		if g.after[of] >= after && !(last && d == end) {
			continue
		}
		if met&(1<<g.key) == 0 {
			met |= 1 << g.key
			first := true
			for _, h := range between {
				if g.before[h.key] >= h.after[h.key] {
					first = false
					break
				}
			}
			if first {
				firsts |= 1 << g.key
			}
		}
		between = append(between, g)
	}
	return firsts
}

// reduce works out of a new node what it has from the one before: how many
// preemptions led to it, what comes before the next step of each thread, and
// what need not be explored from it.
func (w *worker) reduce(c *node) error {
	n := c.parent
	if n == nil {
		c.clocks = [sim.MaxKeys]clock{}
		return nil
	}
	c.cost = n.cost
	if n.goesOn() && n.last() != int(c.via.key) {
		c.cost = min(c.cost+1, 254)
	}
	if w.reduces() {
		c.order(n)
		c.inherit(n)
	}
	return nil
}

// order works out what comes before the next step of each thread: what did
// before the last step of the path, that step itself for the thread that made
// it and for those it woke or made, and everything when the clock moved.
func (c *node) order(n *node) {
	for i, k := range c.im.Order[:c.im.Len] {
		if i < n.im.Len {
			c.clocks[k] = n.clocks[k]
		} else {
			c.clocks[k] = clock{}
		}
	}
	c.clocks[c.via.key] = c.via.after
	for woken := c.ready &^ n.ready; woken != 0; woken &= woken - 1 {
		c.clocks[bits.TrailingZeros32(woken)].join(&c.via.after)
	}
	if !c.barrier {
		return
	}
	var all clock
	for _, k := range c.im.Order[:c.im.Len] {
		all.join(&c.clocks[k])
	}
	for _, k := range c.im.Order[:c.im.Len] {
		c.clocks[k] = all
	}
}

// inherit works out the sleep set: what was begun from the state before when
// this step was, or slept there, and does not conflict with the step.
func (c *node) inherit(n *node) {
	if c.barrier {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for q := (n.sleep | n.ahead[c.via.key]) &^ (1 << c.via.key) & c.ready; q != 0; q &= q - 1 {
		k := bits.TrailingZeros32(q)
		if !n.asleep[k].Conflicts(&c.via.footprint) {
			c.sleep |= 1 << k
			c.asleep[k] = n.asleep[k]
		}
	}
}

// met says whether all beyond the new state has been searched; then what is
// beyond it is compared with the steps of the path.
func (w *worker) met(c *node) bool {
	if w.bound >= 0 {
		mark := -1
		if c.goesOn() {
			mark = c.last()
		}
		return w.seen.cheaper(c.im.Hash(mark, nil), c.cost)
	}
	w.ranks = w.ranks[:0]
	c.hash = c.im.Hash(-1, &w.ranks)
	list, ok := w.seen.get(c.hash, w.ranked(c, c.sleep), w.list[:0])
	w.list = list
	if !ok {
		return false
	}
	var all sim.Footprint
	var moves [sim.MaxKeys]sim.Footprint
	var clocks [sim.MaxKeys]*clock
	var none clock
	moved := uint32(0)
	for _, b := range list {
		k := w.names.KeyAt(int(w.ranks[b.rank]), int(b.place))
		if k >= sim.MaxKeys {
			w.fail(fmt.Errorf("%s has %w", w.problem.Name, errTooMany))
			return true
		}
		moves[k] = w.print(b.footprint)
		moved |= 1 << k
		all.Add(&moves[k])
		// A thread that is not made yet comes after whoever makes it.
		clocks[k] = &none
		for p := k; p >= 0; p = w.names.ParentKey(p) {
			if c.made(p) {
				clocks[k] = &c.clocks[p]
				break
			}
		}
	}
	for s := c; s.parent != nil && !s.barrier; s = s.parent {
		e := &s.via
		if !e.footprint.Conflicts(&all) {
			continue
		}
		for left := moved &^ (1 << e.key); left != 0; left &= left - 1 {
			k := bits.TrailingZeros32(left)
			if clocks[k][e.key] < uint16(s.depth) && e.footprint.Conflicts(&moves[k]) {
				w.raceBeyond(s.depth - 1)
				break
			}
		}
	}
	n := c.parent
	n.mu.Lock()
	for left := moved; left != 0; left &= left - 1 {
		k := bits.TrailingZeros32(left)
		n.add(k, &moves[k])
	}
	n.mu.Unlock()
	return true
}

// raceBeyond is race with a step that lies beyond the path, which is known to
// come: what does not come after step i begins with what of it is on the path.
func (w *worker) raceBeyond(i int) {
	e := w.path[i]
	firsts := w.firsts(i, false) & e.ready
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case firsts == 0:
		e.todo |= e.ready
	case firsts&e.todo == 0:
		e.todo |= firsts & -firsts
	}
}

// leave is told when all beyond a state has been searched.
func (w *worker) leave(n *node) {
	up := n.parent
	if w.reduces() && n.depth > 0 {
		if !n.partial {
			w.ranks = w.ranks[:0]
			hash := n.im.Hash(-1, &w.ranks)
			if list, ok := w.pack(n); ok {
				w.seen.put(hash, w.ranked(n, n.sleep), list, w.merge)
			}
		}
		up.mu.Lock()
		for left := n.moved; left != 0; left &= left - 1 {
			k := bits.TrailingZeros32(left)
			up.add(k, &n.beyond[k])
		}
		up.mu.Unlock()
	}
}
