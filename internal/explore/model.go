package explore

import (
	"slices"
	"sync"
	"sync/atomic"

	"example.org/kmodsh/internal/sim"
)

// move is what one step of a thread does, learned by taking it once in a
// world: it does the same wherever the thread has observed the same and all the
// step had to go by is the same. A search makes its steps of moves, which costs
// a small part of taking them, and needs no run from the start to go back.
type move struct {
	when      []part // what has to be so
	then      []part // what is so afterwards
	made      []int8 // keys of threads made
	footprint sim.Footprint
	broken    []breach // promises that the step broke
}

type part struct {
	part  sim.Part
	value uint64
}

// breach is a promise that was broken, and how.
type breach struct {
	promise int
	says    string
}

// fits says whether the move can be made in a state.
func (m *move) fits(im *sim.Image) bool {
	for _, c := range m.when {
		if im.Get(c.part) != c.value {
			return false
		}
	}
	return true
}

// make changes the state as the step does.
func (m *move) make(im *sim.Image) {
	for _, c := range m.then {
		im.Set(c.part, c.value)
	}
	for _, k := range m.made {
		im.Order[im.Len] = k
		im.Len++
	}
}

// learned is what a step did that was taken between two states.
func learned(before, after *sim.Image, key int, f sim.Footprint, a sim.Asked) *move {
	m := &move{footprint: f}
	changed := before.Changes(after, nil)
	needs := f.Needs(&a, key, nil)
	for _, p := range changed {
		m.then = append(m.then, part{p, after.Get(p)})
		if !sim.OfHistory(p) {
			needs = append(needs, p)
		}
	}
	slices.Sort(needs)
	for _, p := range slices.Compact(needs) {
		m.when = append(m.when, part{p, before.Get(p)})
	}
	m.made = append(m.made, after.Order[before.Len:after.Len]...)
	return m
}

// bytes is the memory that a move takes.
func (m *move) bytes() int {
	return moveBytes + partBytes*(cap(m.when)+cap(m.then)) + cap(m.made) + 8
}

// place is where a thread stands in its code, as far as can be told: a thread
// and what it has observed. Its moves are replaced, never changed.
type place struct{ moves atomic.Pointer[[]*move] }

// find returns the move that fits, nil when none is known.
func (p *place) find(im *sim.Image) *move {
	if list := p.moves.Load(); list != nil {
		for _, m := range *list {
			if m.fits(im) {
				return m
			}
		}
	}
	return nil
}

// add adds a move.
func (p *place) add(m *move) {
	for {
		old := p.moves.Load()
		var list []*move
		if old != nil {
			list = *old
		}
		next := append(slices.Clip(list), m)
		if p.moves.CompareAndSwap(old, &next) {
			return
		}
	}
}

// at names a place.
type at struct {
	key     int
	history uint64
}

// model is all moves known, of a search's workers together.
type model struct {
	mu     sync.Mutex
	places map[at]*place
}

func newModel() *model { return &model{places: map[at]*place{}} }

func (m *model) place(x at, memory *budget) *place {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.places[x]
	if p == nil {
		if p = (&place{}); memory.take(placeBytes) {
			m.places[x] = p
		}
	}
	return p
}
