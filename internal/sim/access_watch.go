package sim

import "math/bits"

// Watch is what somebody outside looks at after every step: a step that changes
// it may not change places with another that does, or what is seen in between
// would be missed.
type Watch struct {
	Set     Set    // resources
	Threads uint32 // by key: how they ended
	All     bool   // all threads
	Stands  bool   // whether they can go, too
}

// Looks is what is looked at, by name.
type Looks struct {
	States, Refs, Sysfs []string // modules: their state; references; directory and initstate
	Threads             []string // spawned threads: whether and how they ended
	AllThreads          bool     // of all threads, which are not told apart
	Stands              bool     // whether those threads can go, too
	Permits             bool     // how many are used
}

// LookAt tells the world what will be looked at, before anything happens in it:
// threads that are looked at by name are told apart from others that do the
// same, and permits are counted however many there are. It holds for restarts.
func (w *World) LookAt(l *Looks) {
	w.apart = append(w.apart, l.Threads...)
	w.countsPermits = w.countsPermits || l.Permits
}

// Watched adds what is looked at to x. It says false when a thread of that name
// is not there yet.
func (w *World) Watched(l *Looks, x *Watch) bool {
	for _, m := range l.States {
		x.Set.add(resState + w.slot(m))
	}
	for _, m := range l.Refs {
		x.Set.add(resRefs + w.slot(m))
	}
	for _, m := range l.Sysfs {
		x.Set.add(resSysfs + w.slot(m))
	}
	if l.Permits {
		x.Set.add(resPermits)
	}
	for _, id := range l.Threads {
		t := w.Thread(id)
		if t == nil || t.seen.key >= MaxKeys {
			return false
		}
		x.Threads |= 1 << t.seen.key
	}
	x.All = x.All || l.AllThreads
	x.Stands = x.Stands || l.Stands
	return true
}

// Seen is a digest of what is looked at. What a thread has seen is taken for how
// it ended: a history must not remember more (World.Remember).
func (im *Image) Seen(x *Watch) uint64 {
	h := uint64(11)
	for i, set := range x.Set {
		for ; set != 0; set &= set - 1 {
			h = mix(h, im.Values[64*i+bits.TrailingZeros64(set)])
		}
	}
	sum := uint64(0)
	for _, k := range im.Order[:im.Len] {
		named := x.Threads&(1<<k) != 0
		if !named && !x.All {
			continue
		}
		t := &im.Threads[k]
		one := uint64(13)
		if named {
			one = mix(one, uint64(k))
		}
		if x.Stands {
			one = mix(one, uint64(t.Status))
		}
		if t.Status == Done {
			one = mix(one, t.History)
		}
		sum += mix(one, 1)
	}
	return mix(h, sum)
}

// See notes that the step changed something that is looked at.
func (f *Footprint) See() { f.Writes.add(resWatched) }
