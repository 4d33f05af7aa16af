package sim

import "slices"

// MaxKeys is how many threads an Image has room for.
const MaxKeys = 16

// Image is a state of a world as far as its future depends on it: digests of
// what threads share, and of each thread what it has observed and whether it
// can go. Two worlds with the same image, booted from the same system with the
// same profile, go on alike.
type Image struct {
	Now      int64
	Values   [128]uint64 // by resource
	Sleeping [64]uint64  // by bit of a queue
	Digest   uint64      // of Values
	// Lines are the keys of those who sleep on module_mutex, and of those who are
	// in the semaphore's queue for a permit, in order: four bits each from the lowest up, the highest four the length.
	Lines   [2]uint64
	Threads [MaxKeys]ThreadImage // by key
	Order   [MaxKeys]int8        // keys, in the order the threads were made
	Len     int
}

// ThreadImage is what an Image has of one thread.
type ThreadImage struct {
	Class, History uint64
	Told           uint64 // answers it was given while it slept
	Deadline       int64  // of its wait, on the virtual clock; 0: none
	ThreadWord
	Root int8 // key of the one of its forebears spawned from outside
}

// ThreadWord is what others may change of a thread.
type ThreadWord struct {
	Status       Status
	Result       Wake   // why its last wait ended
	Pending      Signal // not taken yet
	Depth, Woken uint8  // waits it is inside of, and which were woken
	Own          bool   // it sleeps on a queue that is its own
}

func (t *ThreadWord) digest() uint64 {
	h := uint64(t.Status) | uint64(t.Result)<<8 | uint64(t.Pending)<<16 | uint64(t.Depth)<<24 | uint64(t.Woken)<<32
	if t.Own {
		h |= 1 << 40
	}
	return h
}

// wordOf is the word with the given digest.
func wordOf(h uint64) ThreadWord {
	return ThreadWord{
		Status: Status(h & 0xff), Result: Wake(h >> 8 & 0xff), Pending: Signal(h >> 16 & 0xff),
		Depth: uint8(h >> 24), Woken: uint8(h >> 32), Own: h&(1<<40) != 0,
	}
}

// Image writes the state of the world to im. It says false when the world has
// too many threads. Valid while tracking.
func (w *World) Image(im *Image) bool {
	im.Now, im.Values, im.Sleeping, im.Digest = w.now, w.values, w.sleeping, w.digest
	im.Threads = [MaxKeys]ThreadImage{}
	im.Len = len(w.threads)
	if im.Len > MaxKeys {
		return false
	}
	for i, t := range w.threads {
		if t.seen.key >= MaxKeys {
			return false
		}
		im.Order[i] = int8(t.seen.key)
		x := ThreadImage{
			Class: t.seen.class, History: t.seen.history, Told: t.seen.told, Root: int8(t.seen.root),
			ThreadWord: ThreadWord{t.status, t.wait.result, t.pending, t.seen.depth, t.seen.woken, t.seen.own},
		}
		if t.status == Blocked {
			x.Deadline = t.wait.deadline
		}
		im.Threads[t.seen.key] = x
	}
	clear(im.Order[im.Len:])
	im.Lines = [2]uint64{}
	for i, s := range w.mm.queue.sleepers {
		im.Lines[0] |= inLine(i, s.t)
	}
	for i, g := range w.permits.queued {
		im.Lines[1] |= inLine(i, g.t)
	}
	im.Lines[0] |= uint64(len(w.mm.queue.sleepers)) << 60
	im.Lines[1] |= uint64(len(w.permits.queued)) << 60
	return true
}

// inLine is the i-th place of a line, which t has.
func inLine(i int, t *Thread) uint64 { return uint64(t.seen.key&15) << (4 * i) }

// StateHash names the state of the world, as Image.Hash does.
func (w *World) StateHash() uint64 {
	var im Image
	if !w.Image(&im) {
		panic("sim: the state of a world with too many threads has no name")
	}
	return im.Hash(-1, nil)
}

// Advance is World.Advance.
func (im *Image) Advance() bool {
	at := int64(0)
	for _, k := range im.Order[:im.Len] {
		if t := &im.Threads[k]; t.Status == Blocked && t.Deadline > 0 && (at == 0 || t.Deadline < at) {
			at = t.Deadline
		}
	}
	if at == 0 {
		return false
	}
	im.Now = max(im.Now, at)
	for _, k := range im.Order[:im.Len] {
		if t := &im.Threads[k]; t.Status == Blocked && t.Deadline > 0 && t.Deadline <= im.Now {
			t.Status, t.Result, t.Deadline = Ready, TimedOut, 0
		}
	}
	return true
}

// Release is World.Release of the held thread that was made first. It says
// false when none is held.
func (im *Image) Release() bool {
	for _, k := range im.Order[:im.Len] {
		if t := &im.Threads[k]; t.Status == Held {
			t.Status = Ready
			return true
		}
	}
	return false
}

// Movable is World.Movable.
func (im *Image) Movable() bool {
	for _, k := range im.Order[:im.Len] {
		if im.Threads[k].Status == Ready {
			return true
		}
	}
	return false
}

// Hash names the state: two with the same hash have the same future, but for
// which of the threads that were spawned to do the same is which. mark is a
// thread that something is to be known of, -1 none. ranks, where not nil, is set
// to the keys of the families' first threads, in an order that depends on
// nothing but the state.
func (im *Image) Hash(mark int, ranks *[]int8) uint64 {
	var own, family [MaxKeys]uint64
	for _, k := range im.Order[:im.Len] {
		t := &im.Threads[k]
		h := mix(mix(t.Class, t.History), t.digest())
		if t.Told != 0 {
			h = mix(h, t.Told)
		}
		if t.Deadline != 0 {
			h = mix(h, uint64(t.Deadline))
		}
		if int(k) == mark {
			h = mix(h, 9)
		}
		own[k] = h
	}
	for l, line := range im.Lines {
		for i := range int(line >> 60) {
			k := line >> (4 * i) & 15
			own[k] = mix(own[k], uint64(l)<<8+uint64(i))
		}
	}
	for _, k := range im.Order[:im.Len] {
		family[im.Threads[k].Root] += mix(own[k], 7)
	}
	h := im.Digest + mix(3, uint64(im.Now))
	for _, k := range im.Order[:im.Len] {
		if im.Threads[k].Root == k {
			family[k] = mix(family[k], 5)
			h += family[k]
			if ranks != nil {
				*ranks = append(*ranks, k)
			}
		}
	}
	if ranks != nil {
		slices.SortStableFunc(*ranks, func(a, b int8) int {
			switch {
			case family[a] < family[b]:
				return -1
			case family[a] > family[b]:
				return 1
			}
			return 0
		})
	}
	return h
}
