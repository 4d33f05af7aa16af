package explore

import (
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
)

// Look returns all there is to see of a run. Events are in it only when the
// run keeps them, which a search does not.
func Look(r *sim.Run) *kernel.Snapshot {
	out := map[string]*sim.Outcome{}
	w := r.World()
	for i := range w.Len() {
		if id := w.At(i).ID; r.Outcome(id) != nil {
			out[id] = r.Outcome(id)
		}
	}
	s := w.Snapshot(out)
	s.Pos, s.End = r.Pos(), r.Len()
	return s
}

// Looks is what a question looks at.
type Looks = sim.Looks

// Watch makes a promise of a question that is asked of what there is to see,
// after every step and at the end. It answers how the promise was broken, ""
// when it was kept.
//
// looks says what it looks at. Steps that change that are all tried in every
// order; where it is nil, so are all steps, which takes much longer.
func Watch(name, says string, looks *Looks, ask func(*kernel.Snapshot) string) Promise {
	look := func(r *sim.Run) string { return ask(Look(r)) }
	return Promise{Name: name, Says: says, Step: look, End: look, looks: looks}
}

// ReplayJudged is Replay that also asks the problem's promises, those about
// steps at every step: says is how the first of them was broken, "" when all
// were kept.
func ReplayJudged(p *Problem, s Schedule) (run *sim.Run, says string, err error) {
	if run, err = Replay(p, s); err != nil {
		return nil, "", err
	}
	for _, q := range p.Promises {
		if says, err = judged(run, q, len(p.Setup)); says != "" || err != nil {
			break
		}
	}
	if err != nil {
		run.Close()
		return nil, "", err
	}
	return run, says, nil
}

// judged asks one promise of a run, from a position on. The run ends where it
// was.
func judged(run *sim.Run, p Promise, from int) (says string, err error) {
	if p.Step != nil {
		for end, pos := run.Len(), from+1; pos <= end && says == ""; pos++ {
			if err := run.Goto(pos); err != nil {
				return "", err
			}
			says = p.Step(run)
		}
		if err := run.Goto(run.Len()); err != nil {
			return "", err
		}
	}
	if says == "" && p.End != nil {
		says = p.End(run)
	}
	return says, nil
}
