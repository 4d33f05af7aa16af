package sim

import (
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// KeepMoves makes the run keep what led to each of its positions, those from
// now on and, by doing all once more, those before. A search needs none.
func (r *Run) KeepMoves() error {
	r.noting, r.moves = true, nil
	if r.pos == 0 {
		return nil
	}
	pos := r.pos
	r.boot()
	return r.Goto(pos)
}

// Moves are what led to the positions known, when they are kept. Nobody may
// change them.
func (r *Run) Moves() []kernel.Move { return r.moves[:len(r.moves):len(r.moves)] }

// note keeps what the action that led to the present position was.
func (r *Run) note(a Action) {
	if !r.noting {
		return
	}
	w := r.world
	m := kernel.Move{Pos: r.pos, Kind: string(a.Kind), Thread: a.Thread, Now: w.now, Events: uint64(len(w.events))}
	switch a.Kind {
	case DoAdvance:
		m.Kind = "clock"
	case DoUnfault:
		m.Kind = string(DoFault)
	}
	if t := w.Thread(a.Thread); t != nil && a.Thread != "" {
		s := t.snapshot(r.out[t.ID])
		m.Take(&s)
	}
	before := uint64(0)
	if list := kernel.MovesTo(r.moves, m.Pos-1); len(list) > 0 {
		before = list[len(list)-1].Events
	}
	m.Tell(w.events[before:], func(t trace.Thread) string { return t.ID })
	r.moves = kernel.AddMove(r.moves, m)
}

// again keeps a position that was come to by going forth, unless it is known.
func (r *Run) again(a Action) {
	if n := len(r.moves); n == 0 || r.moves[n-1].Pos < r.pos {
		r.note(a)
	}
}

// shareMoves gives a fork what led to its positions.
func (r *Run) shareMoves(f *Run) {
	f.noting, f.moves = r.noting, kernel.MovesTo(r.moves, r.pos)
}
