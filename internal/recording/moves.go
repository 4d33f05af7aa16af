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
	// Without an event it is who was made by nobody else, else who ended, else who came
	// somewhere, else who stands otherwise: a thread that ends wakes others.
	for _, changed := range []struct {
		kind string
		is   func(old, t *kernel.ThreadState) bool
	}{
		{"spawn", func(*kernel.ThreadState, *kernel.ThreadState) bool { return false }},
		{"step", func(old, t *kernel.ThreadState) bool { return t.Done && !old.Done }},
		{"step", func(old, t *kernel.ThreadState) bool { return t.At != old.At }},
		{"release", func(old, t *kernel.ThreadState) bool { return old.Status == "held" && t.Status != "held" }},
		{"step", func(old, t *kernel.ThreadState) bool { return t.Status != old.Status }},
	} {
		for i := range b.Threads {
			t := &b.Threads[i]
			if old := was[t.ID]; mover == nil && (old == nil && t.Parent == "" && changed.kind == "spawn" || old != nil && changed.is(old, t)) {
				m.Kind, mover = changed.kind, t
			}
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
