package recording

import (
	"slices"
	"sort"

	"example.org/kmodsh/internal/kernel"
)

// Positions returns the first and the last position there is something of.
func (r *Recording) Positions() (first, last int) {
	if !r.Steps {
		return 0, len(r.Events)
	}
	if len(r.frames) == 0 {
		return 0, 0
	}
	return r.frames[0].Pos, r.frames[len(r.frames)-1].Pos
}

// End returns what there was to see at the last position.
func (r *Recording) End() *kernel.Snapshot {
	_, last := r.Positions()
	return r.At(last)
}

// Kept returns the positions there are snapshots of, in order.
func (r *Recording) Kept() []int {
	var list []int
	if !r.Steps {
		for i := range len(r.Events) + 1 {
			list = append(list, i)
		}
		return list
	}
	for i := range r.frames {
		list = append(list, r.frames[i].Pos)
	}
	return list
}

// At returns what there was to see at a position, or at the last one before it
// that was kept. The caller must not change what is in it.
func (r *Recording) At(pos int) *kernel.Snapshot {
	var s *kernel.Snapshot
	if r.Steps {
		s = r.stepAt(pos)
	} else {
		s = r.eventAt(pos)
	}
	first, last := r.Positions()
	s.Target, s.Kernel, s.End, s.Moves = r.Target, r.Kernel, max(first, last), r.Moves()
	s.IsBuiltin = func(name string) bool { return slices.Contains(r.Builtin, name) }
	s.HasDir = func(name string) bool { return slices.Contains(r.Dirs, name) }
	return s
}

// frameAt is the number of the last frame at or before a position, -1 when all
// come later.
func (r *Recording) frameAt(pos int) int {
	return sort.Search(len(r.frames), func(i int) bool { return r.frames[i].Pos > pos }) - 1
}

// stepAt makes the snapshot of a position from the key frame before it.
func (r *Recording) stepAt(pos int) *kernel.Snapshot {
	if len(r.frames) == 0 {
		return &kernel.Snapshot{AllDone: true, Events: r.Events}
	}
	i := max(0, r.frameAt(pos))
	s := r.fold(i)
	s.Events = r.Events[:r.frames[i].events:r.frames[i].events]
	return s
}

// fold applies the frames from the last key frame up to frame i.
func (r *Recording) fold(i int) *kernel.Snapshot {
	k := i
	for k > 0 && !r.frames[k].Key {
		k--
	}
	var s *kernel.Snapshot
	for ; k <= i; k++ {
		s = r.frames[k].apply(s)
	}
	return s
}

// Walk calls f with the snapshot of each position of a trace with steps, in
// order, until it returns false. It costs one frame for each.
func (r *Recording) Walk(f func(*kernel.Snapshot) bool) {
	var s *kernel.Snapshot
	for i := range r.frames {
		s = r.frames[i].apply(s)
		one := *s
		one.Events = r.Events[:r.frames[i].events:r.frames[i].events]
		one.Target, one.Kernel = r.Target, r.Kernel
		if r.Steps && !f(&one) {
			return
		}
	}
}
