package kernel

import "example.org/kmodsh/internal/trace"

// MaxMoves is how many moves a Debugger keeps at least; older ones may be
// forgotten.
const MaxMoves = 1 << 14

// Move is what led from one position of a Debugger to the next, as far as a
// picture of the whole run needs it.
type Move struct {
	// Pos is the position it led to.
	Pos int
	// Kind is what was done: "step", "spawn", "release", "signal", "clock",
	// "fault", "set".
	Kind string
	// Thread is who it was done with or to, "" for what concerns no thread;
	// what follows says how that thread stood afterwards.
	Thread  string
	Parent  string
	Status  string // "ready", "blocked", "held", "done"
	At      string // point
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

// Changes lists the module states that events tell of.
func Changes(events []trace.Event) []StateChange {
	var list []StateChange
	for i := range events {
		if e := &events[i]; e.Module != "" && e.State != "" && e.State != trace.Builtin {
			list = append(list, StateChange{e.Module, e.State})
		}
	}
	return list
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
