package sim

import (
	"math/bits"
)

// What a step read and wrote of what threads share, kept so that a search can
// tell which steps may change places. Three rules keep it sound:
//
//   - What was written is found out by comparing a digest of the shared state
//     before and after the step, so that no write can be forgotten. What no
//     finer resource stands for counts as the resource "everything", which
//     every step reads.
//   - What was read is told by the lookups themselves (sawModule and the like).
//   - What threads only leave behind and never look at (kernel log, taints,
//     statistics, events, the numbers of processes) is left out.
//
// A step also mixes what it read into the thread's history: a thread's place
// in its code and its variables follow from that, so that the histories and
// the digest of the shared state together name a state of the world.

// Resources. The first word of a Set holds the kinds below and what is found
// by name (symbols, functionality, inodes, queues); the second three bits for
// each module name. Those that come too late to get a bit share the last.
const (
	resEverything = iota // settings, faults, signals, whatever has no resource of its own
	resMutex             // module_mutex
	resPermits           // permits for requests
	resNamed             // first of those found by name
	lastNamed     = 63
	moduleSlots   = 21
)

// The three resources of a module name.
const (
	resState = 64 + iota*moduleSlots // on the list, and its state
	resRefs                          // reference count, holders
	resSysfs                         // its directory
)

// Set is a set of resources.
type Set [2]uint64

func (s *Set) add(r int) { s[r>>6] |= 1 << (r & 63) }

// Empty says whether the set is empty.
func (s Set) Empty() bool { return s[0]|s[1] == 0 }

// Footprint is what a step read and wrote. Sleeping on a queue and waking it
// are kept apart, since two sleepers do not mind each other, nor two wakers.
type Footprint struct {
	Reads, Writes Set
	Sleeps, Wakes uint64
}

// Conflicts says whether two steps of different threads may not change places.
func (f *Footprint) Conflicts(g *Footprint) bool {
	return f.Writes[0]&(g.Reads[0]|g.Writes[0])|f.Reads[0]&g.Writes[0]|
		f.Writes[1]&(g.Reads[1]|g.Writes[1])|f.Reads[1]&g.Writes[1]|
		f.Sleeps&g.Wakes|f.Wakes&g.Sleeps != 0
}

// Add makes f the footprint of both steps.
func (f *Footprint) Add(g *Footprint) {
	for i := range f.Reads {
		f.Reads[i] |= g.Reads[i]
		f.Writes[i] |= g.Writes[i]
	}
	f.Sleeps |= g.Sleeps
	f.Wakes |= g.Wakes
}

// observer is what is kept of one thread for a search.
type observer struct {
	key      int    // number of the thread, the same in every schedule of one world
	name     uint64 // hash of who it is: the spawned thread, or the n-th helper of whom
	children int
	history  uint64 // hash of all it has observed
}

// tracking is what is kept of one world for a search. It survives Restart, so
// that resources and threads keep their numbers from run to run.
type tracking struct {
	on        bool // digests are kept up to date
	footprint Footprint
	modules   []string // names, by slot
	named     []named  // what is found by name, by resource - resNamed
	family    []kin    // threads, by key
	keys      map[kin]int
	spawned   int // threads made from outside
	values    [128]uint64
	digest    uint64    // of all values together
	points    [4]uint64 // reached, by pointCode
	listed    uint64    // slots of the modules on the list
}

type named struct {
	kind byte
	name string
	id   uint64
}

type kin struct{ parent, child int }

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

// slot is the number of a module name.
func (w *World) slot(name string) int {
	for i, n := range w.modules {
		if n == name {
			return i
		}
	}
	if len(w.modules) == moduleSlots-1 {
		return moduleSlots - 1
	}
	w.modules = append(w.modules, name)
	return len(w.modules) - 1
}

// resource is the number of what is found by name or number.
func (w *World) resource(kind byte, name string, id uint64) int {
	for i, n := range w.named {
		if n.kind == kind && n.id == id && n.name == name {
			return resNamed + i
		}
	}
	if resNamed+len(w.named) >= lastNamed {
		return lastNamed
	}
	w.named = append(w.named, named{kind, name, id})
	return resNamed + len(w.named) - 1
}

// The kinds of what is found by name.
const (
	ofSymbol   = 's'
	ofProvided = 'p'
	ofInode    = 'i'
	ofQueue    = 'q'
	ofHelper   = 'h'
	ofRequest  = 'r'
)

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
	w.footprint.Reads[1] |= slots | slots<<moduleSlots
	for _, m := range w.list {
		w.observe(mix(m.stateDigest(), m.refsDigest()))
	}
}

// The digests of one module. What is in none of them no thread may look at but
// the one that loads or unloads the module.

func (m *Module) stateDigest() uint64 {
	if m == nil {
		return 0
	}
	return mix(hashString(m.Name), uint64(m.State[0]))
}

func (m *Module) refsDigest() uint64 {
	if m == nil {
		return 0
	}
	h := mix(uint64(m.Refs), uint64(len(m.Uses)))
	if m.InitGone {
		h++
	}
	for _, u := range m.Users {
		h += mix(17, hashString(u.Name))
	}
	return h
}

func (m *Module) sysfsDigest() uint64 {
	if m == nil || !m.Sysfs.Dir {
		return 0
	}
	s := &m.Sysfs
	h := mix(hashString(m.Name), uint64(len(s.Files)))
	for i, on := range [...]bool{s.Holders, s.Parameters, s.Sections, s.Notes} {
		if on {
			h += 1 << i
		}
	}
	return h + uint64(len(s.Linked))<<8
}

// setValue keeps the digest of one resource; a change is a write.
func (w *World) setValue(r int, v uint64) {
	old := w.values[r]
	if old == v {
		return
	}
	w.values[r] = v
	w.digest += mix(uint64(r), v) - mix(uint64(r), old)
	w.footprint.Writes.add(r)
}

// seal ends the notes of a step: what it changed is found out.
func (w *World) seal() {
	w.footprint.Reads.add(resEverything)
	if w.on {
		w.compare()
	}
}

func (w *World) compare() {
	present := uint64(0)
	for _, m := range w.list {
		i := w.slot(m.Name)
		state, refs, sysfs := m.stateDigest(), m.refsDigest(), m.sysfsDigest()
		if present&(1<<i) != 0 { // two in one slot
			state, refs, sysfs = mix(state, w.values[resState+i]), mix(refs, w.values[resRefs+i]), mix(sysfs, w.values[resSysfs+i])
		}
		present |= 1 << i
		w.setValue(resState+i, state)
		w.setValue(resRefs+i, refs)
		w.setValue(resSysfs+i, sysfs)
	}
	for gone := w.listed &^ present; gone != 0; gone &= gone - 1 {
		i := bits.TrailingZeros64(gone)
		w.setValue(resState+i, 0)
		w.setValue(resRefs+i, 0)
		w.setValue(resSysfs+i, 0)
	}
	w.listed = present
	owner := uint64(0)
	if w.mm.owner != nil {
		owner = w.mm.owner.seen.name
	}
	w.setValue(resMutex, owner)
	w.setValue(resPermits, w.permits.digest())
	w.setValue(resEverything, w.restDigest())
}

// setNamed keeps the digest of a resource found by name. Where several share
// the last number the digest follows the order of their changes.
func (w *World) setNamed(r int, v uint64) {
	if r == lastNamed {
		v = mix(w.values[r], v)
	}
	w.setValue(r, v)
}

// sawExporter notes a look for who exports a symbol.
func (w *World) sawExporter(sym string, m *Module) {
	if w.current == nil {
		return
	}
	r := w.resource(ofSymbol, sym, 0)
	w.saw(r, w.values[r])
	if m != nil {
		w.sawName(m.Name, m)
	}
}

// setExporter makes m the module that exports sym, nil: nobody does.
func (w *World) setExporter(sym string, m *Module) {
	if m == nil {
		delete(w.symbols, sym)
		w.setNamed(w.resource(ofSymbol, sym, 0), 0)
		return
	}
	w.symbols[sym] = m
	w.setNamed(w.resource(ofSymbol, sym, 0), hashString(m.Name))
}

// provider returns the module that has registered a functionality.
func (w *World) provider(what string) *Module {
	if w.current != nil {
		r := w.resource(ofProvided, what, 0)
		w.saw(r, w.values[r])
	}
	return w.provided[what]
}

// setProvider makes m the one that has registered it, nil: nobody has.
func (w *World) setProvider(what string, m *Module) {
	r := w.resource(ofProvided, what, 0)
	if m == nil {
		delete(w.provided, what)
		w.setNamed(r, 0)
		return
	}
	w.provided[what] = m
	w.setNamed(r, hashString(m.Name))
}

// permitsMatter is the number of permits up to which requests are held to be
// rivals. A search that goes through all schedules takes no more threads than
// this, so that with more permits nobody can be kept waiting.
const permitsMatter = 32

func (p *permits) digest() uint64 {
	if p.max > permitsMatter {
		return 0
	}
	return mix(uint64(p.used), uint64(len(p.queued)))
}

func (w *World) sawPermits() {
	if w.permits.max <= permitsMatter {
		w.saw(resPermits, w.permits.digest())
	}
}

// restDigest is of all that has no resource of its own.
func (w *World) restDigest() uint64 {
	h := mix(hashString(w.ModprobePath), hashString(string(w.UMH)))
	h = mix(h, hashString(w.Policy))
	h = mix(h, hashString(w.helper))
	h = mix(h, hashString(w.config.text))
	h = mix(h, uint64(w.async)+uint64(w.root)<<16+uint64(w.rootGone)<<32+uint64(len(w.mounts))<<48)
	for i, on := range [...]bool{w.rootFrozen, w.frozen, w.modulesDisabled} {
		if on {
			h = mix(h, uint64(i))
		}
	}
	if w.Profile.Workers <= permitsMatter {
		h = mix(h, uint64(w.workers)+uint64(len(w.workQueue))<<16)
	}
	for _, p := range w.faults.plan {
		if p.Hit != 0 && p.hits <= p.Hit {
			h = mix(h, uint64(p.hits)+uint64(p.id)<<32)
		}
	}
	return h
}

// introduce gives a new thread its number, which depends on who made it and
// how many that one had made before, never on what other threads did.
func (w *World) introduce(t *Thread) {
	parent, child, name := -1, 0, uint64(1)
	if p := w.current; p != nil {
		parent, child, name = p.seen.key, p.seen.children, p.seen.name
		p.seen.children++
	} else {
		child = w.spawned
		w.spawned++
	}
	t.seen = observer{name: mix(name, uint64(child))}
	t.seen.history = t.seen.name
	k := kin{parent, child}
	key, known := w.keys[k]
	if !known {
		if w.keys == nil {
			w.keys = map[kin]int{}
		}
		key = len(w.family)
		w.keys[k] = key
		w.family = append(w.family, k)
	}
	t.seen.key = key
}

// Key is the thread's number for a search: the same thread has the same in
// every schedule, whatever order threads were made in, as long as the world is
// only restarted.
func (t *Thread) Key() int { return t.seen.key }

// ParentKey is the Key of the thread that makes the thread with the given key,
// -1 for one that is spawned from outside.
func (w *World) ParentKey(key int) int { return w.family[key].parent }

// Track turns on or off that each step's Footprint is complete, with what was
// written, and that StateHash can be asked.
func (w *World) Track(on bool) {
	if on && !w.on {
		w.compare()
	}
	w.on = on
}

// Footprint is what the last step read and wrote; valid while tracking.
func (w *World) Footprint() Footprint { return w.footprint }

// StateHash names the state of the world: two states with the same hash have
// the same future. Valid while tracking.
func (w *World) StateHash() uint64 {
	h := w.digest + mix(3, uint64(w.now))
	for _, t := range w.threads {
		v := mix(t.seen.history, uint64(t.status)<<8|uint64(t.wait.result)<<4|uint64(t.pending))
		if t.status == Blocked {
			v = mix(v, uint64(t.wait.deadline))
		}
		h += mix(t.seen.name, v)
	}
	for i, s := range w.mm.queue.sleepers {
		h += mix(uint64(i)+5, s.t.seen.name)
	}
	for i, s := range w.permits.q.sleepers {
		h += mix(uint64(i)+6, s.t.seen.name)
	}
	return h
}
