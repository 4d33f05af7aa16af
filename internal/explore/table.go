package explore

import (
	"sync"
	"sync/atomic"

	"example.org/kmodsh/internal/sim"
)

// table keeps the states that were searched, for all workers together. When
// there is no memory for more nothing more is kept, which loses no schedule.
type table struct {
	memory *budget
	states atomic.Int64
	shards [tableShards]shard

	mu         sync.RWMutex // of the footprints
	footprints []sim.Footprint
	number     map[sim.Footprint]uint32
}

// tableShards is into how many parts the table is cut, so that workers seldom
// wait for each other.
const tableShards = 64

// shard is an open-addressed hash table, and what lies beyond its states.
type shard struct {
	mu     sync.Mutex
	slots  []slot // a power of two of them
	len    int
	beyond []beyond
}

// slot is one state. Beyond it lies what beyond[at:at+n] says.
type slot struct {
	hash  uint64 // 0: nothing
	sleep uint16 // it was searched without what begins with these, by rank of thread
	n     uint8
	cost  uint8 // preemptions it was met with
	at    uint32
}

// beyond is what one thread does beyond a state.
type beyond struct {
	rank, place uint8  // whose: of which family, and where in it
	footprint   uint32 // number
}

// Bytes of what a table is made of.
const (
	slotBytes      = 16
	beyondBytes    = 8
	footprintBytes = 2*48 + 24 // kept twice, once as the key of a map
	firstSlots     = 64
	firstBeyond    = 64
)

func newTable(b *budget) *table {
	return &table{memory: b, number: map[sim.Footprint]uint32{}}
}

// intern returns the number of a footprint; false when there is no room for it.
func (t *table) intern(f *sim.Footprint) (uint32, bool) {
	t.mu.RLock()
	i, ok := t.number[*f]
	t.mu.RUnlock()
	if ok {
		return i, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i, ok = t.number[*f]; ok {
		return i, true
	}
	if !t.memory.take(footprintBytes) {
		return 0, false
	}
	i = uint32(len(t.footprints))
	t.footprints = append(t.footprints, *f)
	t.number[*f] = i
	return i, true
}

func (t *table) shard(hash uint64) (*shard, uint64) {
	if hash == 0 {
		hash = 1
	}
	return &t.shards[hash>>58], hash
}

// find returns the slot of a state, or the free one where it would be. There is
// a free one in slots, or none at all.
func (s *shard) find(hash uint64) *slot {
	if len(s.slots) == 0 {
		return nil
	}
	for i := hash; ; i++ {
		x := &s.slots[i&uint64(len(s.slots)-1)]
		if x.hash == hash || x.hash == 0 {
			return x
		}
	}
}

// room makes the shard big enough for one state more.
func (s *shard) room(t *table) bool {
	if s.len < len(s.slots)/4*3 {
		return true
	}
	n := max(firstSlots, 2*len(s.slots))
	if !t.memory.take(n * slotBytes) {
		return s.len < len(s.slots)-1
	}
	old := s.slots
	s.slots = make([]slot, n)
	for _, x := range old {
		if x.hash != 0 {
			*s.find(x.hash) = x
		}
	}
	t.memory.give(len(old) * slotBytes)
	return true
}

// get appends what lies beyond a state that was searched with no bigger a sleep
// set.
func (t *table) get(hash uint64, sleep uint16, list []beyond) ([]beyond, bool) {
	s, hash := t.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(hash)
	if x == nil || x.hash == 0 || x.sleep&^sleep != 0 {
		return list, false
	}
	return append(list, s.beyond[x.at:x.at+uint32(x.n)]...), true
}

// put keeps a state. One that is there already has now been searched for what
// either search left out.
func (t *table) put(hash uint64, sleep uint16, list []beyond, merge func(a, b []beyond) ([]beyond, bool)) {
	s, hash := t.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(hash)
	again := x != nil && x.hash != 0
	if again {
		var ok bool
		if list, ok = merge(list, s.beyond[x.at:x.at+uint32(x.n)]); !ok {
			return
		}
		sleep &= x.sleep
	}
	if len(list) > 255 || !s.keep(t, len(list)) || !again && !s.room(t) {
		return
	}
	if !again {
		x = s.find(hash)
		s.len++
		t.states.Add(1)
	}
	if !again || int(x.n) < len(list) {
		x.at = uint32(len(s.beyond))
		s.beyond = append(s.beyond, list...)
	} else {
		copy(s.beyond[x.at:], list)
	}
	x.hash, x.sleep, x.n = hash, sleep, uint8(len(list))
}

// keep makes room for n more of what lies beyond states.
func (s *shard) keep(t *table, n int) bool {
	if len(s.beyond)+n <= cap(s.beyond) {
		return true
	}
	size := max(firstBeyond, 2*cap(s.beyond), len(s.beyond)+n)
	if !t.memory.take(size * beyondBytes) {
		return false
	}
	old := s.beyond
	s.beyond = make([]beyond, len(old), size)
	copy(s.beyond, old)
	t.memory.give(cap(old) * beyondBytes)
	return true
}

// cheaper says whether a state was met at no higher a cost, and notes it.
func (t *table) cheaper(hash uint64, cost uint8) bool {
	s, hash := t.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.find(hash); x != nil && x.hash != 0 {
		if x.cost <= cost {
			return true
		}
		x.cost = cost
		return false
	}
	if s.room(t) {
		*s.find(hash) = slot{hash: hash, cost: cost}
		s.len++
		t.states.Add(1)
	}
	return false
}
