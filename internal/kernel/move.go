package kernel

import (
	"slices"

	"example.org/kmodsh/internal/trace"
)

// MaxMoves is how many moves a Debugger keeps at least; older ones may be
// forgotten.
const MaxMoves = 1 << 14

// Move is what led from one position of a Debugger to the next, as far as a
// picture of the whole run needs it.
type Move struct {
	// Pos is the position it led to.
	Pos int
	// Kind is what was done: "step", "spawn", "release", "signal", "clock",
	// "fault", "set", "request".
	Kind string
	// Thread is who it was done with or to, "" for what concerns no thread;
	// what follows says how that thread stood afterwards.
	Thread string
	Parent string
	Status string // "ready", "blocked", "held", "done"
	At     string // point
	// Point is that of the last event it made on the way, "" when it made none.
	Point   string
	Module  string
	Waits   string
	Killed  bool
	Result  int64   // when it is done
	Verdict Verdict // when it is done, and there is one
	// Now is the target's clock then, in nanoseconds, Events the number of the
	// last event.
	Now    int64
	Events uint64
	// States are the module states that its events told of, in order.
	States []StateChange
}

// Take takes in how the thread of a move stands.
func (m *Move) Take(t *ThreadState) {
	m.Thread, m.Parent, m.Status, m.At, m.Module, m.Waits = t.ID, t.Parent, t.Status, t.At, t.Module, t.Waits
	if t.Done {
		m.Killed, m.Result, m.Verdict = t.Killed, t.Result, t.Verdict
	}
}

// StateChange is a module's new state.
type StateChange struct {
	Module string
	State  trace.State
}

// Tell takes in what the events since the position before tell.
func (m *Move) Tell(events []trace.Event, id func(trace.Thread) string) {
	for i := range events {
		e := &events[i]
		if e.Module != "" && e.State != "" && e.State != trace.Builtin {
			m.States = append(m.States, StateChange{e.Module, e.State})
		}
		if m.Thread != "" && id(e.Thread) == m.Thread {
			m.Point = e.Point
		}
	}
}

// MovesOf makes a move of each event, for a target whose threads do not stop:
// positions are the events' numbers. What a thread did between its events is
// not known, save that a request waits for its helper and a loader for a
// module. Events of no thread move none.
func MovesOf(events []trace.Event, id func(trace.Thread) string) []Move {
	moves := make([]Move, 0, len(events))
	for i := range events {
		e := &events[i]
		m := Move{
			Pos: int(e.Seq), Kind: "step", Thread: id(e.Thread), Status: "ready", At: e.Point, Module: e.Module, Now: e.Time, Events: e.Seq,
		}
		m.Tell(events[i:i+1], id)
		switch e.Point {
		case "R8":
			m.Status, m.Waits = "blocked", "its helper"
		case trace.PointWaits:
			m.Status, m.Waits = "blocked", e.Module
		case trace.PointExit, "R9":
			m.Status = "done"
			if e.Ret != nil {
				m.Result = *e.Ret
			}
		}
		moves = append(moves, m)
	}
	return moves
}

// MovesTo returns the moves that led to the positions up to pos. Nobody may
// change them.
func MovesTo(moves []Move, pos int) []Move {
	n, _ := slices.BinarySearchFunc(moves, pos+1, func(m Move, pos int) int { return m.Pos - pos })
	return moves[:n:n]
}

// AddMove returns moves with one more behind the move that led to the position
// before it: what followed on that is forgotten. The list given stays as it
// was, so that who was given it may keep it.
func AddMove(moves []Move, m Move) []Move {
	n := len(moves)
	for n > 0 && moves[n-1].Pos >= m.Pos {
		n--
	}
	switch {
	case n >= 2*MaxMoves:
		moves = append(make([]Move, 0, 2*MaxMoves+1), moves[n-MaxMoves:n]...)
	case n < len(moves): // others may look at those behind
		moves = append(make([]Move, 0, n+16), moves[:n]...)
	}
	return append(moves, m)
}
