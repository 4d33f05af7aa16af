package recording

import (
	"reflect"
	"slices"

	"example.org/kmodsh/internal/kernel"
)

// keyEvery is how many frames apart key frames are, so that any position costs
// at most so many to come to.
const keyEvery = 64

// delta is the frame that makes next of prev; prev nil makes a key frame.
func delta(prev, next *kernel.Snapshot) frame {
	f := frame{Type: typeSnapshot, Pos: next.Pos, Now: next.Now, Key: prev == nil}
	if prev == nil {
		prev = &kernel.Snapshot{}
	}
	if r := restOf(next); f.Key || !reflect.DeepEqual(restOf(prev), r) {
		f.Rest = &r
	}
	f.Modules, f.ModuleOrder = changed(prev.Modules, next.Modules, moduleName)
	f.Threads, f.ThreadOrder = changed(prev.Threads, next.Threads, threadID)
	if f.Key || !reflect.DeepEqual(prev.Listed, next.Listed) {
		f.Listed = some(next.Listed)
	}
	if f.Key || !reflect.DeepEqual(prev.Leaks, next.Leaks) {
		f.Leaks = some(next.Leaks)
	}
	f.LogCut = cutOf(prev.Log, next.Log)
	f.Log = next.Log[len(prev.Log)-f.LogCut:]
	return f
}

// some returns a pointer to a list that is written also when it is empty.
func some[T any](list []T) *[]T {
	if list == nil {
		list = []T{}
	}
	return &list
}

func moduleName(m kernel.ModuleState) string { return m.Name }

func threadID(t kernel.ThreadState) string { return t.ID }

// changed returns the elements of next that prev has not as they are, and the
// order of next where it is another one than that of prev.
func changed[T any](prev, next []T, name func(T) string) (list []T, order *[]string) {
	same := len(prev) == len(next)
	var by map[string]int
	for i, v := range next {
		j := i
		if i >= len(prev) || name(prev[i]) != name(v) {
			same = false
			if by == nil {
				by = make(map[string]int, len(prev))
				for k, p := range prev {
					by[name(p)] = k
				}
			}
			k, ok := by[name(v)]
			if !ok {
				list = append(list, v)
				continue
			}
			j = k
		}
		if !reflect.DeepEqual(prev[j], v) {
			list = append(list, v)
		}
	}
	if !same {
		names := make([]string, 0, len(next))
		for _, v := range next {
			names = append(names, name(v))
		}
		order = &names
	}
	return list, order
}

// cutOf returns how many lines of prev have left at its beginning when it has
// become next, which goes on with the rest of it.
func cutOf(prev, next []string) int {
	for cut := range prev {
		if rest := prev[cut:]; len(rest) <= len(next) && slices.Equal(rest, next[:len(rest)]) {
			return cut
		}
	}
	return len(prev)
}

// apply makes the snapshot of a frame from the one before it; what did not
// change is shared.
func (f *frame) apply(prev *kernel.Snapshot) *kernel.Snapshot {
	s := &kernel.Snapshot{}
	if prev != nil && !f.Key {
		*s = *prev
	}
	s.Pos, s.Now = f.Pos, f.Now
	if f.Rest != nil {
		f.Rest.into(s)
	}
	s.Modules = merged(s.Modules, f.Modules, f.ModuleOrder, moduleName)
	s.Threads = merged(s.Threads, f.Threads, f.ThreadOrder, threadID)
	if f.Listed != nil {
		s.Listed = *f.Listed
	}
	if f.Leaks != nil {
		s.Leaks = *f.Leaks
	}
	if f.LogCut > 0 || len(f.Log) > 0 {
		kept := s.Log[min(max(f.LogCut, 0), len(s.Log)):]
		s.Log = slices.Concat(kept, f.Log)
		s.Log = s.Log[max(0, len(s.Log)-maxLog):]
	}
	return s
}

// merged is the inverse of changed. A name in the order that stands for nothing
// is left out.
func merged[T any](prev, list []T, order *[]string, name func(T) string) []T {
	if len(list) == 0 && order == nil {
		return prev
	}
	if order == nil {
		by := make(map[string]int, len(list))
		for i, v := range list {
			by[name(v)] = i
		}
		next := slices.Clone(prev)
		for i, v := range next {
			if k, ok := by[name(v)]; ok {
				next[i] = list[k]
			}
		}
		return next
	}
	by := make(map[string]T, len(prev)+len(list))
	for _, l := range [][]T{prev, list} {
		for _, v := range l {
			by[name(v)] = v
		}
	}
	next := make([]T, 0, min(len(*order), len(by)))
	for _, n := range *order {
		if v, ok := by[n]; ok {
			next = append(next, v)
			delete(by, n)
		}
	}
	return next
}
