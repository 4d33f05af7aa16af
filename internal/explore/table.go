package explore

import "example.org/kmodsh/internal/sim"

// table keeps the states that were searched. It is bounded: when it is full
// nothing more is kept. What is looked for never depends on the order in which
// a map is walked.
type table struct {
	limit  int // bytes
	used   int
	len    int
	states map[uint64]state
	beyond []sim.Footprint // of all states, one after another
	costs  map[uint64]uint8
}

// state is what is kept of one state.
type state struct {
	sleep uint32 // it was searched without what begins with these
	at    uint32 // place in beyond
	n     uint16 // threads there
}

const (
	stateBytes     = 48 // of a map's entry, roughly
	footprintBytes = 48
)

func newTable(limit int) *table {
	return &table{limit: limit, states: map[uint64]state{}, costs: map[uint64]uint8{}}
}

// get returns what lies beyond a state that was searched with no bigger a
// sleep set.
func (t *table) get(hash uint64, sleep uint32) ([]sim.Footprint, bool) {
	s, ok := t.states[hash]
	if !ok || s.sleep&^sleep != 0 {
		return nil, false
	}
	return t.beyond[s.at : s.at+uint32(s.n)], true
}

// put keeps a state. One that is there already has now been searched for what
// either search left out.
func (t *table) put(hash uint64, sleep uint32, beyond []sim.Footprint) {
	old, again := t.states[hash]
	bytes := len(beyond) * footprintBytes
	if !again {
		bytes += stateBytes
	}
	if t.used+bytes > t.limit {
		return
	}
	t.used += bytes
	at := uint32(len(t.beyond))
	t.beyond = append(t.beyond, beyond...)
	n := len(beyond)
	if again {
		sleep &= old.sleep
		for k := range int(old.n) {
			if k < n {
				t.beyond[int(at)+k].Add(&t.beyond[int(old.at)+k])
				continue
			}
			t.beyond = append(t.beyond, t.beyond[int(old.at)+k])
			t.used += footprintBytes
		}
		n = max(n, int(old.n))
	} else {
		t.len++
	}
	t.states[hash] = state{sleep: sleep, at: at, n: uint16(n)}
}

// cheaper says whether a state was met at no higher a cost, and notes it.
func (t *table) cheaper(hash uint64, cost uint8) bool {
	old, ok := t.costs[hash]
	if ok && old <= cost {
		return true
	}
	if !ok {
		if t.used+stateBytes > t.limit {
			return false
		}
		t.used += stateBytes
		t.len++
	}
	t.costs[hash] = cost
	return false
}
