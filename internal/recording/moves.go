package recording

import (
	"example.org/kmodsh/internal/kernel"
)

// Moves are what led to each position that was kept. Nobody may change them.
func (r *Recording) Moves() []kernel.Move {
	r.moved.Do(func() {
		if !r.Steps {
			r.moves = kernel.MovesOf(r.named, ThreadID)
			return
		}
		var before *kernel.Snapshot
		r.Walk(func(s *kernel.Snapshot) bool {
			if before != nil {
				r.moves = kernel.AddMove(r.moves, between(before, s))
			}
			before = s
			return true
		})
	})
	return r.moves
}

// between makes the move from one snapshot to the next: of the thread that the
// last new event is of, or else the one that changed.
func between(a, b *kernel.Snapshot) kernel.Move {
	m := kernel.Move{Pos: b.Pos, Kind: "set", Now: b.Now, Events: uint64(len(b.Events))}
	was := map[string]*kernel.ThreadState{}
	for i := range a.Threads {
		was[a.Threads[i].ID] = &a.Threads[i]
	}
	var mover *kernel.ThreadState
	if n := len(b.Events); n > len(a.Events) {
		m.Kind, mover = "step", b.Thread(ThreadID(b.Events[n-1].Thread))
	}
	for i := range b.Threads {
		t := &b.Threads[i]
		old := was[t.ID]
		switch {
		case mover != nil:
		case old == nil:
			m.Kind, mover = "spawn", t
		case old.Status == "held" && t.Status != "held":
			m.Kind, mover = "release", t
		case old.Status != t.Status || old.At != t.At:
			m.Kind, mover = "step", t
		}
	}
	switch {
	case mover != nil:
		m.Take(mover)
	case len(a.Faults) != len(b.Faults):
		m.Kind = "fault"
	case a.Now != b.Now:
		m.Kind = "clock"
	}
	if len(a.Events) <= len(b.Events) {
		m.Tell(b.Events[len(a.Events):], ThreadID)
	}
	return m
}
