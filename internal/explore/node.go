package explore

import (
	"sync"

	"example.org/kmodsh/internal/sim"
)

// clock says how many steps of the path, by thread, come before something:
// clock[k] is 1 + the index of the last step of thread k that does.
type clock [sim.MaxKeys]uint16

func (c *clock) join(d *clock) {
	for i := range c {
		c[i] = max(c[i], d[i])
	}
}

// step is one step of a path.
type step struct {
	index     int8 // which thread went: its place in the run
	key       int8 // and its number for the search
	footprint sim.Footprint
	before    clock // what comes before the step
	after     clock // the same, with the step
}

// node is a state that is being searched beyond, at the end of one path. The
// nodes that are open make a tree; workers share it.
type node struct {
	id      uint64 // of all nodes there ever were
	parent  *node
	via     step // that led here
	depth   int  // steps from the start
	im      sim.Image
	hash    uint64
	barrier bool   // time moved, or a held thread was released, on the way here
	cost    uint8  // preemptions on the way here
	remade  uint32 // by key: alternatives whose nodes were made anew
	partial bool   // some of what lies beyond was searched before this search went on

	ready  uint32             // by key
	sleep  uint32             // by key: explored elsewhere
	clocks [sim.MaxKeys]clock // what comes before the next step of each thread

	mu      sync.Mutex
	todo    uint32                     // by key: alternatives to be explored, those begun included
	done    uint32                     // by key: begun
	open    int                        // begun and not ended
	stepped uint32                     // by key: asleep is known
	ahead   [sim.MaxKeys]uint32        // by key: those stepped when the alternative was begun
	asleep  [sim.MaxKeys]sim.Footprint // what each in sleep or stepped does next
	moved   uint32                     // by key: beyond is not empty
	beyond  [sim.MaxKeys]sim.Footprint // what each thread does beyond this state
}

// reset makes it an empty node beyond parent.
func (n *node) reset(id uint64, parent *node) {
	n.id = id
	n.parent, n.hash, n.depth, n.partial = parent, 0, 0, false
	if parent != nil {
		n.depth = parent.depth + 1
	}
	n.barrier, n.cost = false, 0
	n.remade, n.ready, n.sleep, n.todo, n.done, n.open, n.stepped, n.moved = 0, 0, 0, 0, 0, 0, 0, 0
}

// last is the key of the thread that made the last step, -1 at the start.
func (n *node) last() int {
	if n.parent == nil {
		return -1
	}
	return int(n.via.key)
}

// goesOn says whether the thread that made the last step could make the next,
// so that to take another is a preemption.
func (n *node) goesOn() bool {
	last := n.last()
	return last >= 0 && n.ready&(1<<last) != 0 && !n.barrier
}

// settle moves the clock of the state, or releases held threads, until somebody
// can go: what settle does to a world.
func (n *node) settle() {
	n.ready = 0
	for !n.im.Movable() {
		if !n.im.Advance() && !n.im.Release() {
			break
		}
		n.barrier = true
	}
	for _, k := range n.im.Order[:n.im.Len] {
		if n.im.Threads[k].Status == sim.Ready {
			n.ready |= 1 << k
		}
	}
}

// indexOf is the place in the run of the thread with a key.
func (n *node) indexOf(key int) int8 {
	for i, k := range n.im.Order[:n.im.Len] {
		if int(k) == key {
			return int8(i)
		}
	}
	return -1
}

// add notes what thread k does beyond the state. n.mu is held.
func (n *node) add(k int, f *sim.Footprint) {
	if n.moved&(1<<k) == 0 {
		n.moved |= 1 << k
		n.beyond[k] = sim.Footprint{}
	}
	n.beyond[k].Add(f)
}

// schedule is the path to the state.
func (n *node) schedule() Schedule {
	list := make(Schedule, n.depth)
	for x := n; x.parent != nil; x = x.parent {
		list[x.depth-1] = uint16(x.via.index)
	}
	return list
}
