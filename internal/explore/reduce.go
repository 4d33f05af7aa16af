package explore

import (
	"math/bits"

	"example.org/kmodsh/internal/sim"
)

// stepped is told when the last step of the path was taken: what it did is
// compared with the steps before it.
func (s *search) stepped(w *sim.World, f *frame) {
	f.footprint = w.Footprint()
	if s.bound >= 0 || s.options.Plain {
		return
	}
	f.add(int(f.key), &f.footprint)
	n := s.depth - 1
	c := f.clocks[f.key]
	var races []int
	var buf [16]int
	races = buf[:0]
	for i := n - 1; i >= 0; i-- {
		e := s.path[i]
		if e.key != f.key && c[e.key] < uint16(i+1) && e.footprint.Conflicts(&f.footprint) {
			races = append(races, i)
			c.join(&e.after)
		}
		if s.path[i+1].barrier {
			break
		}
	}
	f.before = c
	f.after = c
	f.after[f.key] = uint16(n + 1)
	for _, i := range races {
		s.race(i, n)
	}
}

// race sees to it that step n is also tried before step i, with which it
// conflicts: one of the threads that can begin what does not come after i is
// among those explored from there.
func (s *search) race(i, n int) {
	e := s.path[i]
	var firsts, met uint32
	var between []int
	var buf [64]int
	between = buf[:0]
	for k := i + 1; k <= n; k++ {
		g := s.path[k]
		if k < n && g.after[e.key] >= uint16(i+1) {
			continue
		}
		if met&(1<<g.key) == 0 {
			met |= 1 << g.key
			first := true
			for _, m := range between {
				if g.before[s.path[m].key] >= uint16(m+1) {
					first = false
					break
				}
			}
			if first {
				firsts |= 1 << g.key
			}
		}
		between = append(between, k)
	}
	switch firsts &= e.ready; {
	case firsts == 0:
		e.todo |= e.ready
	case firsts&e.todo != 0:
	case firsts&(1<<s.path[n].key) != 0:
		e.todo |= 1 << s.path[n].key
	default:
		e.todo |= firsts & -firsts
	}
}

// order works out what comes before the next step of each thread: what did
// before the last step of the path, that step itself for the thread that made
// it and for those it woke or made, and everything when the clock moved.
func (f *frame) order(parent *frame) {
	if parent == nil {
		return
	}
	f.clocks = parent.clocks
	f.clocks[parent.key] = parent.after
	for woken := f.ready &^ parent.ready; woken != 0; woken &= woken - 1 {
		f.clocks[bits.TrailingZeros32(woken)].join(&parent.after)
	}
	if f.barrier {
		var all clock
		for i := range f.clocks {
			all.join(&f.clocks[i])
		}
		for i := range f.clocks {
			f.clocks[i] = all
		}
	}
}

// inherit works out the sleep set: what was explored from the state before,
// or slept there, and does not conflict with the step made since.
func (f *frame) inherit(parent *frame) {
	if parent == nil || f.barrier {
		return
	}
	for q := (parent.sleep | parent.done) &^ (1 << parent.key) & f.ready; q != 0; q &= q - 1 {
		k := bits.TrailingZeros32(q)
		if !parent.asleep[k].Conflicts(&parent.footprint) {
			f.sleep |= 1 << k
			f.asleep[k] = parent.asleep[k]
		}
	}
}

// known says whether all beyond the new state has been searched; then what is
// beyond it is compared with the steps of the path.
func (s *search) known(w *sim.World, f *frame) bool {
	f.hash = w.StateHash()
	if s.bound >= 0 {
		h := f.hash
		if f.lastKey >= 0 && f.ready&(1<<f.lastKey) != 0 && !f.barrier {
			h += uint64(f.lastKey+1) * 0x9e3779b97f4a7c15
		}
		return s.seen.cheaper(h, f.cost)
	}
	beyond, ok := s.seen.get(f.hash, f.sleep)
	if !ok {
		return false
	}
	n := s.depth - 1
	for k := range beyond {
		g := &beyond[k]
		if *g == (sim.Footprint{}) {
			continue
		}
		c := &f.clocks[k]
		for p := k; *c == (clock{}); c = &f.clocks[p] {
			// A thread that is not made yet comes after whoever makes it.
			if p = w.ParentKey(p); p < 0 {
				break
			}
		}
		for i := n - 1; i >= 0 && !s.path[i+1].barrier; i-- {
			e := s.path[i]
			if int(e.key) != k && c[e.key] < uint16(i+1) && e.footprint.Conflicts(g) {
				e.todo |= e.ready
			}
		}
		if n > 0 {
			s.path[n-1].add(k, g)
		}
	}
	return true
}
