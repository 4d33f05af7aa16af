package kmod

import (
	"sync"

	"example.org/kmodsh/internal/kernel"
)

// together is several loads at the same time.
type together struct {
	loader Loader  // what each step is taken by
	shared *Loader // the caller's, whose functions are called by one at a time
	loads  []*togetherLoad
	steps  []*togetherStep // of all loads, in the order in which one after the other takes them
	gates  []*knot         // of all plans
	names  map[string]bool // of all modules
	began  int64

	mu      sync.Mutex // of what follows, and of the parts of a step that change
	changed sync.Cond  // a step has ended
	left    int        // steps that have not begun
	ready   lowest     // those of them that nothing holds up
	calls   sync.Mutex // held while a function of the caller's is called
}

// togetherLoad is one request.
type togetherLoad struct {
	*loading
	err   error // of the name itself
	plans []*togetherPlan
}

// togetherPlan is one of the modules a request's name stands for.
type togetherPlan struct {
	load  *togetherLoad
	found Found
	err   error // no plan could be made
	look  *togetherStep
	steps []*togetherStep
	noted []kernel.Step // instead of steps

	looked int           // how many of steps were looked at for failed
	failed *togetherStep // the first of them that is not wanted softly and failed
}

// knot is a step, or a gate (ordered.gates).
type knot struct {
	step  *togetherStep // nil for a gate
	after []*knot
	waits int     // how many of after have not ended
	then  []*knot // who waits for it
}

// togetherStep is one step of a plan, or the look at the module before its first.
type togetherStep struct {
	PlanStep
	knot
	plan   *togetherPlan
	at     int // in the plan
	number int // among all steps
	needs  []*togetherStep
	before *togetherStep // of the same module, nil for none
	behind *togetherStep // of the module that was asked for (follow), nil for none

	lost   *togetherStep // the first of its module in the plan, up to it, that failed
	vain   bool          // nothing was left to do: the module that was asked for is in the kernel, or failed
	failed error
	took   *loading // what it has done
	ended  int64    // when
}

// add resolves and plans one request.
func (t *together) add(req kernel.LoadRequest) {
	r, err := t.loader.begin(req)
	l := &togetherLoad{loading: r, err: err}
	t.loads = append(t.loads, l)
	if err != nil {
		return
	}
	if l.err = r.resolve(); l.err != nil {
		return
	}
	for _, f := range r.found {
		p := &togetherPlan{load: l, found: f}
		l.plans = append(l.plans, p)
		if r.blacklisted(f) {
			p.noted, r.res.Steps = r.res.Steps, []kernel.Step{}
			continue
		}
		p.look = &togetherStep{plan: p, PlanStep: PlanStep{Module: f.Module, Builtin: f.Builtin}}
		t.steps = append(t.steps, p.look)
		var steps []PlanStep
		var planner *planner
		var order *ordered
		steps, planner, p.err = t.loader.planFound(f, req.Name, r.planOptions(), checked)
		if planner != nil {
			t.loader.unnamed(planner.list, p.err != nil)
		}
		if p.err == nil {
			order, p.err = planner.follows(steps, f.Module)
		}
		if p.err == nil {
			t.lay(p, steps, order)
		}
	}
}

// lay makes the steps and gates of a plan.
func (t *together) lay(p *togetherPlan, steps []PlanStep, order *ordered) {
	for j, s := range steps {
		p.steps = append(p.steps, &togetherStep{PlanStep: s, plan: p, at: j})
	}
	gates := make([]*knot, len(order.gates))
	for i := range gates {
		gates[i] = &knot{}
	}
	knots := func(list []int) (out []*knot) {
		for _, i := range list {
			if i < len(steps) {
				out = append(out, &p.steps[i].knot)
			} else {
				out = append(out, gates[i-len(steps)])
			}
		}
		return out
	}
	step := func(i int) *togetherStep {
		if i < 0 {
			return nil
		}
		return p.steps[i]
	}
	for j, f := range order.steps {
		s := p.steps[j]
		s.after, s.before, s.behind = append(knots(f.after), &p.look.knot), step(f.before), step(f.behind)
		for _, i := range f.needs {
			s.needs = append(s.needs, p.steps[i])
		}
	}
	for i, after := range order.gates {
		gates[i].after = knots(after)
	}
	t.steps, t.gates = append(t.steps, p.steps...), append(t.gates, gates...)
}

// order adds what steps have to wait for whatever plan they are of: a module is
// one step's at a time, a look comes when all earlier steps about its module have
// ended, and an install command, which may do anything, begins when all before it
// have ended and holds up all behind it.
func (t *together) order() {
	last := map[string]*togetherStep{} // the latest about a module
	t.names = map[string]bool{}
	var command *togetherStep
	since := 0 // the steps before wait for command or are before it
	for i, s := range t.steps {
		s.step, s.number, t.names[s.Module] = s, i, true
		if s.Command != "" {
			for ; since < i; since++ {
				s.after = append(s.after, &t.steps[since].knot)
			}
		} else if command != nil {
			s.after = append(s.after, &command.knot)
			if command.plan == s.plan && command.self() && (s.behind == nil || s.behind.at < command.at) {
				s.behind = command
			}
		}
		if earlier := last[s.Module]; earlier != nil {
			s.after = append(s.after, &earlier.knot)
		}
		if last[s.Module] = s; s.Command != "" {
			command = s
		}
	}
	t.left = len(t.steps)
	var free []*knot
	tie := func(k *knot) {
		if k.waits = len(k.after); k.waits == 0 {
			free = append(free, k)
		}
		for _, a := range k.after {
			a.then = append(a.then, k)
		}
	}
	for _, s := range t.steps {
		tie(&s.knot)
	}
	for _, g := range t.gates {
		tie(g)
	}
	t.free(free)
}

// free takes what waits for nothing any more: steps can begin, gates are passed.
func (t *together) free(list []*knot) {
	for len(list) > 0 {
		k := list[len(list)-1]
		if list = list[:len(list)-1]; k.step != nil {
			t.ready.add(k.step.number)
			continue
		}
		list = k.pass(list)
	}
}

// pass ends a knot and appends those to list that now wait for nothing.
func (k *knot) pass(list []*knot) []*knot {
	for _, n := range k.then {
		if n.waits--; n.waits == 0 {
			list = append(list, n)
		}
	}
	return list
}
