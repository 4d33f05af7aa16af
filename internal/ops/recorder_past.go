package ops

import (
	"reflect"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
)

// pastOf returns what was done in a target that can say so.
func pastOf(d kernel.Debugger) []sim.Action {
	if p, ok := d.(simulated); ok {
		if _, _, actions, err := p.Past(); err == nil {
			return actions
		}
	}
	return nil
}

// common is the last position written that is still a part of the past.
func (r *recorder) common(pos int, actions []sim.Action, verb string) int {
	switch {
	case actions != nil:
		n := 0
		for n < len(actions) && n < len(r.actions) && reflect.DeepEqual(actions[n], r.actions[n]) {
			n++
		}
		return min(n, r.pos)
	case r.target.Events().Cuts() == r.cuts || verb == "back" || verb == "goto":
		return min(pos, r.pos)
	}
	return -1
}

// back forgets what was written after a position.
func (r *recorder) back(pos int) {
	last := r.target.Events().Last()
	n := len(r.seqs)
	if pos < 0 {
		n = 0
	} else if snap := r.eventsAt(pos); snap >= 0 {
		n = snap
	} else {
		for n > 0 && r.seqs[n-1] > last {
			n--
		}
	}
	r.seqs = r.seqs[:n]
	r.actions = r.actions[:min(len(r.actions), max(0, pos))]
	r.done = min(r.done, max(0, pos))
	r.pos = max(pos, -1)
	r.w.Back(max(pos, 0), n)
}

// end writes that the kernel of a machine has died, and of what. It says whether
// it has: then nothing more can be seen.
func (r *recorder) end(d kernel.Debugger) bool {
	p, ok := d.(kernel.Repeater)
	if !ok {
		return false
	}
	a, err := p.Died()
	if a == nil {
		r.died = false
		return false
	}
	if !r.died {
		r.events()
		r.w.Died(a, deathWords(err))
		r.died = true
	}
	return true
}
