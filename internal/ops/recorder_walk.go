package ops

import (
	"context"
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
)

// eventsAt is how many events had been written at a position of a simulated
// run, -1 when that has to be asked of the log.
func (r *recorder) eventsAt(pos int) int {
	d, ok := r.target.(simulated)
	if !ok {
		return -1
	}
	twin, err := d.Fork(context.Background())
	if err != nil {
		return -1
	}
	defer twin.Close()
	if err := twin.Goto(context.Background(), pos); err != nil {
		return -1
	}
	snap, err := twin.Snapshot(context.Background())
	if err != nil {
		return -1
	}
	return min(len(snap.Events), len(r.seqs))
}

// walk writes the positions up to the present one. Where they can be gone to
// without touching the target, each is looked at in a twin of it.
func (r *recorder) walk(ctx context.Context, d kernel.Debugger, pos int, actions []sim.Action) error {
	if pos <= r.pos {
		return nil
	}
	view := d
	if actions != nil && pos > r.pos+1 {
		twin, err := d.Fork(ctx)
		if err != nil {
			return err
		}
		defer twin.Close()
		view = twin
	} else {
		r.pos = pos - 1
	}
	every := 1
	if pos > r.pos+1 {
		// Of many threads fewer positions are kept; a verb may have made them all.
		last, err := d.Snapshot(ctx)
		if err != nil {
			return err
		}
		every = max(1, (pos-r.pos)/maxVerbFrames, (pos-r.pos)*len(last.Threads)/maxVerbThreads)
	}
	for at := r.pos + 1; ; at = min(at+every, pos) {
		if view != d {
			if err := view.Goto(ctx, at); err != nil {
				return err
			}
		}
		snap, err := view.Snapshot(ctx)
		if err != nil {
			return err
		}
		r.position(snap, actions)
		if at == pos {
			return nil
		}
	}
}

// position writes one position: what was done, what happened, what there is.
func (r *recorder) position(snap *kernel.Snapshot, actions []sim.Action) {
	for n := len(r.actions); n < snap.Pos && n < len(actions); n++ {
		r.w.Action(n+1, actions[n], 0)
		r.actions = append(r.actions, actions[n])
	}
	if actions == nil {
		r.events()
	}
	for _, e := range snap.Events {
		if e.Seq > r.last() {
			r.w.Event(e)
			r.seqs = append(r.seqs, e.Seq)
		}
	}
	r.w.Snapshot(snap)
	r.frames++
	r.pos = snap.Pos
}

// historyOf returns what was done to a machine that can say so, and why doing it
// again would not come to the same.
func historyOf(d kernel.Debugger) ([]kernel.Action, error) {
	if p, ok := d.(kernel.Repeater); ok {
		return p.History()
	}
	return nil, nil
}

// acts writes what was done to a machine to come to a position.
func (r *recorder) acts(d kernel.Debugger, pos int) {
	list, _ := historyOf(d) // that it is not whole was told when the recording began
	if len(list) <= r.done || len(list) != pos {
		return // somebody else has gone on meanwhile: the next time
	}
	r.events()
	for ; r.done < len(list); r.done++ {
		n, _ := slices.BinarySearch(r.seqs, list[r.done].Events+1)
		r.w.Action(r.done+1, list[r.done], n)
	}
}
