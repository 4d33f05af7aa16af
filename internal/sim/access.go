package sim

// What a step read and wrote of what threads share, kept so that a search can
// tell which steps may change places, and when two states have the same future.
// The rules that keep it sound:
//
//   - What was written is found out by comparing a digest of the shared state
//     before and after the step, so that no write can be forgotten. What no
//     finer resource stands for counts as the resource "everything", which
//     every step reads.
//   - What was read is told by the lookups themselves (sawModule and the like).
//   - What is only counted up and down, so that the order does not matter, has
//     a digest and no part in conflicts; who waits for such a count does so on a
//     queue, and queues conflict.
//   - What threads only leave behind and never look at (kernel log, taints of
//     the kernel, statistics, events, the numbers of processes) is left out. The
//     table of fields in access_test.go says so of each.
//
// A step also mixes what it read into the thread's history: a thread's place
// in its code and its variables follow from that, so that the histories and
// the digest of the shared state together name a state of the world.
//
// A history forgets what can make no difference any more, unless told not to
// (Remember): how often a wait looked before it ended, and, when a thread has
// ended, all but what it answered.

// Resources. The first word of a Set holds the kinds below and what is found
// by name (symbols, functionality, inodes, queues); the second four bits for
// each module name. Those that come too late to get a bit share the last.
const (
	resEverything = iota // settings, faults, signals, whatever has no resource of its own
	resMutex             // module_mutex
	resPermits           // permits for requests
	resCallers           // counted: callers of helpers (umh.c, running_helpers)
	resUevents           // counted: uevents sent
	resLeaks             // counted: what nobody will give back any more
	resWatched           // changed by every step that changes what is looked at from outside
	resNamed      = 8    // first of those found by name
	lastNamed     = 63
	moduleSlots   = 16
)

// The resources of a module name. They are kept apart by who looks: every
// loader goes by state and initstate, hardly anybody by the rest, which changes
// in most steps of a load.
const (
	resState   = 64 + iota*moduleSlots // on the list, and its state
	resRefs                            // reference count, holders, arguments
	resSysfs                           // its directory, and initstate in it
	resDetails                         // what else its row and its directory show
)

// Queues have a bit each in Footprint.Sleeps and Wakes. A queue made for what
// is found by name has the bit of its resource.
const (
	bitShared  = iota // queues without a bit of their own
	bitModules        // module_wq
	bitHelpers        // callers of helpers
	bitPermits
	bitMutex
	bitUevents
	bitAsync
	bitWorkers
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

// Asked is what a step looked at besides its Footprint and its own thread:
// what it did may be different where this is.
type Asked struct {
	Counts  uint64 // resources that are counted, by number
	Refs    uint32 // references of modules, by slot
	Queues  uint64 // who sleeps on them, by bit
	Threads uint32 // other threads, by key
	Clock   bool
}
