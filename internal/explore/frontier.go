package explore

import (
	"fmt"
	"math/bits"
)

// saved1 is what the file keeps of a pass; false when there is nothing.
func (p *pass) saved1() (savedPass, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := &p.found
	one := savedPass{f.pass, f.longest, f.broken, f.outcomes, f.reached, nil}
	if f.pass.Complete {
		return one, true
	}
	one.Open = p.frontier()
	if len(one.Open) == 0 {
		return one, false
	}
	one.Pass = Pass{Name: p.name, Learned: p.learn, Schedules: p.schedules.Load(), Pruned: p.pruned.Load(), Steps: p.steps.Load(), States: p.states()}
	for _, w := range p.workers {
		if w.machine == nil {
			continue
		}
		for _, id := range pointsReached(w.machine.run.World()) {
			one.Reached = addTo(one.Reached, id)
		}
	}
	return one, true
}

// frontier is the tree of open nodes: what is on a worker's path or waits for
// one. What was begun and has no node yet counts as not begun.
func (p *pass) frontier() []openNode {
	var list []openNode
	places := map[*node]int{}
	var add func(n *node) int
	add = func(n *node) int {
		if i, ok := places[n]; ok {
			return i
		}
		o := openNode{From: -1}
		if n.parent != nil {
			o.From, o.Step = add(n.parent), int(n.via.index)
		}
		o.Todo, o.Done = n.byIndex(n.todo), n.byIndex(n.done)
		places[n] = len(list)
		list = append(list, o)
		return len(list) - 1
	}
	begun := func(n *node, k int) {
		if i := add(n); k >= 0 {
			list[i].Done &^= n.byIndex(1 << k)
		}
	}
	for _, w := range p.workers {
		if len(w.path) > 0 {
			add(w.path[len(w.path)-1])
		}
		if len(w.path) > 0 && w.from != nil {
			begun(w.from, w.key)
		}
	}
	p.shareMu.Lock()
	defer p.shareMu.Unlock()
	for _, t := range p.tasks {
		begun(t.node, t.key)
	}
	return list
}

// byIndex is a set of keys as one of places in the run.
func (n *node) byIndex(keys uint32) (indexes uint32) {
	for i, k := range n.im.Order[:n.im.Len] {
		if keys&(1<<k) != 0 {
			indexes |= 1 << i
		}
	}
	return indexes
}

// byKey is a set of places in the run as one of keys.
func (n *node) byKey(indexes uint32) (keys uint32, ok bool) {
	for ; indexes != 0; indexes &= indexes - 1 {
		i := bits.TrailingZeros32(indexes)
		if i >= n.im.Len {
			return 0, false
		}
		keys |= 1 << n.im.Order[i]
	}
	return keys, true
}

// reopen makes the open nodes of a search that was saved again, and returns
// where it goes on. What was known of the states and of what may sleep is not
// kept: some of it will be searched twice.
func (w *worker) reopen(root *node, open []openNode) ([]task, error) {
	nodes := make([]*node, len(open))
	inner := make([]bool, len(open))
	for i, o := range open {
		n := root
		if i > 0 {
			up := nodes[o.From]
			k, ok := up.byKey(1 << o.Step)
			if !ok || up.ready&k == 0 || up.done&k == 0 || up.remade&k != 0 {
				return nil, fmt.Errorf("going on with %s: open state %d does not follow from the one before it: %w", w.name, i, ErrStale)
			}
			up.remade |= k
			inner[o.From] = true
			if n = w.fresh(up); n == nil {
				return nil, fmt.Errorf("going on with %s: %w", w.name, errMemory)
			}
			w.pathTo(up)
			if err := w.step(up, n, bits.TrailingZeros32(k)); err != nil {
				return nil, err
			}
			if err := w.reduce(n); err != nil {
				return nil, err
			}
			n.sleep = 0
			up.open++
		}
		todo, ok := n.byKey(o.Todo)
		done, ok2 := n.byKey(o.Done)
		if !ok || !ok2 || todo&^n.ready != 0 || todo == 0 {
			return nil, fmt.Errorf("going on with %s: open state %d is another one now: %w", w.name, i, ErrStale)
		}
		n.todo |= todo
		n.done |= done
		n.partial = true
		nodes[i] = n
	}
	var tasks []task
	for i := len(nodes) - 1; i >= 0; i-- {
		if !inner[i] {
			tasks = append(tasks, task{nodes[i], -1})
		}
	}
	return tasks, nil
}

// pathTo makes the path the one to a node.
func (w *worker) pathTo(n *node) {
	w.path = w.path[:0]
	for x := n; x != nil; x = x.parent {
		w.path = append(w.path, x)
	}
	for i, j := 0, len(w.path)-1; i < j; i, j = i+1, j-1 {
		w.path[i], w.path[j] = w.path[j], w.path[i]
	}
}
