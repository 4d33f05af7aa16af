package sim

import (
	"slices"

	"example.org/kmodsh/internal/trace"
)

// observer is what is kept of one thread for a search.
type observer struct {
	key      int    // number of the thread, the same in every schedule of one world
	root     int    // key of the one of its forebears that was spawned from outside
	name     uint64 // hash of who it is: the spawned thread, or the n-th helper of whom
	class    uint64 // the same, but threads spawned to do the same share it
	children int
	history  uint64 // hash of all it has observed
	told     uint64 // hash of the answers it was given while it slept
	depth    uint8  // waits it is inside of
	woken    uint8  // which of them, by depth, were woken
	own      bool   // it sleeps on a queue that is its own
}

// tracking is what is kept of one world for a search. It survives Restart, so
// that resources and threads keep their numbers from run to run.
type tracking struct {
	on            bool     // digests are kept up to date
	remember      bool     // histories forget nothing
	same          bool     // threads spawned to do the same are held for the same
	apart         []string // but for those of these names
	countsPermits bool     // also where there are more than can matter to a thread
	footprint     Footprint
	asked         Asked
	names         *Names
	spawned       int // threads made from outside
	values        [128]uint64
	sleeping      [64]uint64 // by queue bit: a digest of who sleeps there
	digest        uint64     // of all values together
	points        [4]uint64  // reached, by pointCode
	listed        uint64     // slots of the modules on the list
	settings      uint64     // digest of what an administrator has set, 0: not known
}

// mix is a step of a hash (the finalizer of splitmix64).
func mix(h, v uint64) uint64 {
	h ^= v + 0x9e3779b97f4a7c15
	h ^= h >> 30
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 27
	h *= 0x94d049bb133111eb
	return h ^ h>>31
}

// hashString is FNV-1a.
func hashString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// saw notes that the running thread read a resource and what it found there.
func (w *World) saw(r int, value uint64) {
	if t := w.current; t != nil {
		w.footprint.Reads.add(r)
		t.seen.history = mix(t.seen.history, value+uint64(r)<<32)
	}
}

// observe mixes something the running thread found out into its history.
func (w *World) observe(value uint64) {
	if t := w.current; t != nil {
		t.seen.history = mix(t.seen.history, value)
	}
}

// askRefs notes a look at a module's references that only makes a difference
// when they are what they are: nothing is done where they are changed.
func (w *World) askRefs(m *Module) {
	if w.current != nil {
		w.asked.Refs |= 1 << w.slot(m.Name)
	}
}

// sawUevents notes a look at the uevents sent so far.
func (w *World) sawUevents() {
	w.askCount(resUevents)
	w.observe(w.values[resUevents])
}

// tell gives the thread an answer while it sleeps.
func (t *Thread) tell(answer uint64) { t.seen.told = mix(t.seen.told, answer) }

// heard takes what the thread was told into its history.
func (t *Thread) heard() {
	if t.seen.told != 0 {
		t.seen.history = mix(t.seen.history, t.seen.told)
		t.seen.told = 0
	}
}

// clock is the virtual time, for a thread that makes a difference of it.
func (w *World) clock() int64 {
	w.asked.Clock = true
	w.observe(uint64(w.now))
	return w.now
}

// wrote notes that the running thread wrote a resource. Where a digest of the
// resource is kept, that is done without being told.
func (w *World) wrote(r int) {
	if w.current != nil {
		w.footprint.Writes.add(r)
	}
}

// sawName notes a look for a module of that name on the list; m is what was
// found, nil for none.
func (w *World) sawName(name string, m *Module) {
	if w.current == nil {
		return
	}
	w.saw(resState+w.slot(name), m.stateDigest())
}

// sawRefs notes a look at a module's references.
func (w *World) sawRefs(m *Module) { w.saw(resRefs+w.slot(m.Name), m.refsDigest()) }

// sawDetails notes a look at what a module shows besides.
func (w *World) sawDetails(m *Module) { w.saw(resDetails+w.slot(m.Name), m.detailsDigest()) }

// sawDir notes a look at /sys/module/NAME.
func (w *World) sawDir(name string, m *Module) {
	if w.current == nil {
		return
	}
	w.saw(resSysfs+w.slot(name), m.sysfsDigest())
}

// sawList notes a look at the whole module list, with states and references.
func (w *World) sawList() {
	if w.current == nil {
		return
	}
	const slots = 1<<moduleSlots - 1
	w.footprint.Reads[1] |= slots<<(resState-64) | slots<<(resRefs-64) | slots<<(resDetails-64)
	w.sawRows(func(m *Module) uint64 { return mix(mix(m.stateDigest(), m.refsDigest()), m.detailsDigest()) })
}

// sawStates notes a look at the whole module list for the states alone.
func (w *World) sawStates() {
	if w.current == nil {
		return
	}
	w.footprint.Reads[1] |= 1<<moduleSlots - 1
	w.sawRows((*Module).stateDigest)
}

// sawRows mixes what was seen of each row into the history, whatever their
// order: who reads the list looks modules up by name.
func (w *World) sawRows(digest func(*Module) uint64) {
	sum := uint64(0)
	for _, m := range w.list {
		if m.State != trace.Unformed { // which has no row
			sum += mix(digest(m), 5)
		}
	}
	w.observe(sum)
}

// sawPermits notes a look at the limiter of requests.
func (w *World) sawPermits() {
	if w.permits.max <= permitsMatter {
		w.saw(resPermits, w.permits.digest(false))
	}
}

// introduce gives a new thread its number, which depends on who made it and
// how many that one had made before, never on what other threads did.
func (w *World) introduce(t *Thread) {
	t.seen = observer{}
	if p := w.current; p != nil {
		child := p.seen.children
		p.seen.children++
		t.seen.name, t.seen.class = mix(p.seen.name, uint64(child)), mix(p.seen.class, uint64(child))
		t.seen.key, t.seen.root = w.names.key(p.seen.key, child), p.seen.root
		if w.faults.named() { // by an ID that depends on how many there are
			r := w.resource(ofCounter, "threads", 0)
			w.saw(r, uint64(len(w.threads)))
			w.setNamed(r, uint64(len(w.threads)))
			t.seen.class = mix(t.seen.class, hashString(t.ID))
		}
	} else {
		child := w.spawned
		w.spawned++
		t.seen.name = mix(1, uint64(child))
		t.seen.class = t.seen.name
		t.seen.key = w.names.key(-1, child)
		t.seen.root = t.seen.key
	}
	t.seen.history = t.seen.class
}

// alike puts the thread into the class of those that are spawned to do what
// has the given digest.
func (t *Thread) alike(what uint64) {
	if t.w.same && !slices.Contains(t.w.apart, t.ID) {
		t.seen.class, t.seen.history = what, what
	}
}

// TellApart ends, for threads that have begun, that those spawned to do the same
// are held for the same: a search that begins here begins with each of them in a
// place of its own. To be called again after a restart.
func (w *World) TellApart() {
	for _, t := range w.threads {
		if t.seen.history != t.seen.class {
			t.seen.class = t.seen.name
		}
	}
}

// onDone is told when a thread has ended: of what it did nothing but the answer
// makes a difference from here on.
func (w *World) onDone(t *Thread) {
	if w.remember {
		return
	}
	h := mix(t.seen.class, uint64(t.exit))
	if o := t.outcome; o != nil {
		h = mix(mix(h, uint64(o.Ret)), hashString(string(o.Verdict)))
		h = mix(h, hashString(string(o.State)))
		if o.Killed {
			h++
		}
		if o.Gone {
			h += 2
		}
	}
	t.seen.history = h
}

// Key is the thread's number for a search: the same thread has the same in
// every schedule, whatever order threads were made in, as long as worlds have
// their Names in common.
func (t *Thread) Key() int { return t.seen.key }

// Class is the same of threads that were spawned to do the same, where the
// world holds them for the same (Remember), and of those that stand in the same place
// of their families.
func (t *Thread) Class() uint64 { return t.seen.class }

// Track turns on or off that each step's Footprint is complete, with what was
// written, and that StateHash can be asked.
func (w *World) Track(on bool) {
	if on && !w.on {
		w.compare()
	}
	w.on = on
}

// Remember turns on that a thread's history keeps all it has observed, so that
// states are told apart which have the same future but not the same past; and,
// where same is true, that threads spawned to do the same are not told apart.
// Both hold for the world's restarts, and are to be set before threads are made.
func (w *World) Remember(on, same bool) { w.remember, w.same = on, same }

// Footprint is what the last step read and wrote; valid while tracking.
func (w *World) Footprint() Footprint { return w.footprint }

// Asked is what else the last step looked at.
func (w *World) Asked() Asked { return w.asked }
