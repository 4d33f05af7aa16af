package explore

import (
	"math/bits"

	"example.org/kmodsh/internal/sim"
)

// In the table threads have other names than in a run: the rank of their family
// among those of the state, which depends on nothing but the state, and their
// place in it. So what is known of one state holds for each that differs from
// it only in which of the threads that were spawned to do the same is which.

// made says whether the thread with a key has been made.
func (n *node) made(key int) bool { return key < sim.MaxKeys && n.im.Threads[key].Class != 0 }

// ranked makes a set of threads by key one by rank: families in the order of
// w.ranks, which are n's, and in a family the order of places.
func (w *worker) ranked(n *node, keys uint32) (ranks uint16) {
	if keys == 0 {
		return 0
	}
	bit := 0
	for _, root := range w.ranks {
		var family [sim.MaxKeys]int8
		for _, k := range w.members(n, root, family[:0]) {
			if keys&(1<<k) != 0 {
				ranks |= 1 << bit
			}
			bit++
		}
	}
	return ranks
}

// members appends the threads of a family that were made, in the order of their
// places.
func (w *worker) members(n *node, root int8, list []int8) []int8 {
	for _, k := range n.im.Order[:n.im.Len] {
		if n.im.Threads[k].Root == root {
			at := len(list)
			_, place := w.names.Place(int(k))
			for at > 0 {
				if _, before := w.names.Place(int(list[at-1])); before < place {
					break
				}
				at--
			}
			list = append(list, 0)
			copy(list[at+1:], list[at:])
			list[at] = k
		}
	}
	return list
}

// pack writes what lies beyond a node as the table keeps it, for w.ranks; false
// when the table has no room.
func (w *worker) pack(n *node) ([]beyond, bool) {
	var rank [sim.MaxKeys]uint8
	for i, root := range w.ranks {
		rank[root] = uint8(i)
	}
	list := w.list[:0]
	for left := n.moved; left != 0; left &= left - 1 {
		k := bits.TrailingZeros32(left)
		f, ok := w.intern(&n.beyond[k])
		if !ok {
			return nil, false
		}
		root, place := w.names.Place(k)
		list = append(list, beyond{rank[root], uint8(place), f})
	}
	w.list = list
	return list, true
}

// merge adds b to a.
func (w *worker) merge(a, b []beyond) ([]beyond, bool) {
next:
	for _, y := range b {
		for i, x := range a {
			if x.rank == y.rank && x.place == y.place {
				if x.footprint != y.footprint {
					f, g := w.print(x.footprint), w.print(y.footprint)
					f.Add(&g)
					number, ok := w.intern(&f)
					if !ok {
						return nil, false
					}
					a[i].footprint = number
				}
				continue next
			}
		}
		a = append(a, y)
	}
	return a, true
}

// intern is table.intern by way of what the worker knows already.
func (w *worker) intern(f *sim.Footprint) (uint32, bool) {
	if i, ok := w.prints[*f]; ok {
		return i, true
	}
	i, ok := w.seen.intern(f)
	if ok && w.memory.take(printBytes) {
		w.prints[*f] = i
	}
	return i, ok
}

// print is the footprint with a number.
func (w *worker) print(i uint32) sim.Footprint {
	if int(i) >= len(w.known) {
		w.seen.mu.RLock()
		w.known = w.seen.footprints
		w.seen.mu.RUnlock()
	}
	return w.known[i]
}
