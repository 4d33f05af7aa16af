package kmod

import (
	"context"
	"slices"
	"sync"

	"example.org/kmodsh/internal/kernel"
)

// MaxJobs bounds how many modules are loaded at once.
const MaxJobs = 64

// LoadAll loads several names, each as Load does, and tells done of each in
// their order. With jobs 0 it is one after the other and everything in
// modprobe's order. Else up to jobs modules are loaded at once, of all names
// together, where that is safe: what waits for what is follow's to say, and the
// kernel itself takes any number of finit_module calls at a time. Then
//
//   - a module that could not be loaded fails those that need it, unasked, and
//     nobody else: what does not need it is loaded, and stays;
//   - the error of a name is the first in the order of its plan;
//   - what is in the kernel at the end is the same for every number of jobs,
//     1 included.
//
// Without jobs modprobe stops at the first failure, and what comes later in its
// order is not tried. A dry run has no jobs.
func (l *Loader) LoadAll(ctx context.Context, reqs []kernel.LoadRequest, jobs int, done func(i int, res kernel.LoadResult, err error)) {
	if jobs <= 0 || l.DryRun {
		for i, req := range reqs {
			req.Jobs = 0
			res, err := l.Load(ctx, req)
			done(i, res, err)
		}
		return
	}
	t := &together{loader: *l, shared: l}
	t.changed.L = &t.mu
	t.loader.Report, t.loader.Show = t.report, t.show
	if l.Why != nil {
		t.loader.Why = t.why
	}
	t.began = l.now()
	for _, req := range reqs {
		t.add(req)
	}
	t.order()
	t.run(ctx, min(jobs, MaxJobs, len(t.steps)))
	for i, r := range t.loads {
		res, err := t.finish(ctx, r)
		done(i, res, err)
	}
}

// together is several loads at the same time.
type together struct {
	loader Loader  // what each step is taken by
	shared *Loader // the caller's, whose functions are called by one at a time
	loads  []*togetherLoad
	steps  []*togetherStep // of all loads, in the order in which one after the other takes them
	began  int64

	mu      sync.Mutex // of what follows, and of the parts of a step that change
	changed sync.Cond  // a step has ended
	left    int        // steps that have not begun
	ready   []int      // those of them that nothing holds up, in rising order
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
}

// togetherStep is one step of a plan, or the look at the module before its first.
type togetherStep struct {
	PlanStep
	plan  *togetherPlan
	after []*togetherStep
	needs []*togetherStep

	waits int   // how many of after have not ended
	then  []int // the steps that wait for it

	vain   bool // nothing was left to do: the module that was asked for is in the kernel, or failed
	failed error
	took   *loading // what it has done
	at     int64    // when it ended
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
		var follows []follow
		steps, planner, p.err = t.loader.planFound(f, req.Name, r.planOptions(), checked)
		if planner != nil {
			t.loader.unnamed(planner.list, p.err != nil)
		}
		if p.err == nil {
			follows, p.err = planner.follows(steps, f.Module)
		}
		if p.err != nil {
			continue
		}
		for j, s := range steps {
			step := &togetherStep{PlanStep: s, plan: p, after: []*togetherStep{p.look}}
			for _, i := range follows[j].after {
				step.after = append(step.after, p.steps[i])
			}
			for _, i := range follows[j].needs {
				step.needs = append(step.needs, p.steps[i])
			}
			p.steps = append(p.steps, step)
		}
		t.steps = append(t.steps, p.steps...)
	}
}

// order adds what steps have to wait for whatever plan they are of: a module is
// one step's at a time, a look comes when all earlier steps about its module have
// ended, and an install command, which may do anything, begins when all before it
// have ended and holds up all behind it.
func (t *together) order() {
	last := map[string]*togetherStep{} // the latest about a module
	var command *togetherStep
	for i, s := range t.steps {
		switch {
		case s.Command != "":
			s.after = slices.Clone(t.steps[:i])
		case command != nil:
			s.after = append(s.after, command)
		}
		if earlier := last[s.Module]; earlier != nil && !slices.Contains(s.after, earlier) {
			s.after = append(s.after, earlier)
		}
		if last[s.Module] = s; s.Command != "" {
			command = s
		}
	}
	t.left = len(t.steps)
	for i, s := range t.steps {
		if s.waits = len(s.after); s.waits == 0 {
			t.ready = append(t.ready, i)
		}
		for _, a := range s.after {
			a.then = append(a.then, i)
		}
	}
}

// run takes all steps, up to jobs of them at once.
func (t *together) run(ctx context.Context, jobs int) {
	var all sync.WaitGroup
	for range jobs - 1 {
		all.Go(func() {
			if t.shared.Thread != nil {
				defer t.shared.Thread()()
			}
			t.work(ctx)
		})
	}
	t.work(ctx)
	all.Wait()
}

// work takes steps until none is left.
func (t *together) work(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.left > 0 {
		if len(t.ready) == 0 {
			t.changed.Wait()
			continue
		}
		s := t.steps[t.ready[0]]
		t.ready = t.ready[1:]
		t.left--
		why := t.inVain(s)
		if why == nil && !s.vain && ctx.Err() == nil {
			t.mu.Unlock()
			t.take(ctx, s)
			t.mu.Lock()
		} else if s.failed = why; why == nil && !s.vain {
			s.failed = ctx.Err()
		}
		s.at = t.loader.now()
		for _, i := range s.then {
			if t.steps[i].waits--; t.steps[i].waits == 0 {
				at, _ := slices.BinarySearch(t.ready, i)
				t.ready = slices.Insert(t.ready, at, i)
			}
		}
		t.changed.Broadcast()
	}
}

// inVain looks at what a step waited for: the error is that of a module which it
// needs and which could not be loaded.
func (t *together) inVain(s *togetherStep) error {
	p := s.plan
	if s == p.look {
		return nil
	}
	if p.look.vain || p.look.failed != nil {
		s.vain = true
		return nil
	}
	if p.load.policy.KeepsFailed {
		return nil
	}
	for _, n := range s.needs {
		if n.failed != nil {
			s.took = &loading{Loader: &t.loader, policy: p.load.policy, req: p.load.req}
			s.took.step(kernel.Step{Module: s.Module, File: s.File, Action: "skip", Because: "it needs " + n.Module + ", which could not be loaded"})
			return n.failed
		}
	}
	// Behind the module that was asked for is what it wants loaded after it.
	for _, a := range s.after {
		if a.plan == p && a.self() && a.failed != nil {
			s.vain = true
		}
	}
	return nil
}

// self says that a step is that of the module that was asked for.
func (s *togetherStep) self() bool {
	return s != s.plan.look && s.Module == s.plan.found.Module && !s.Soft
}

// take does one step. Nobody else looks at it meanwhile.
func (t *together) take(ctx context.Context, s *togetherStep) {
	l := s.plan.load
	r := &loading{Loader: &t.loader, policy: l.policy, req: l.req}
	r.foreign = func(line string) bool { return t.isForeign(line, s.Module) }
	s.took = r
	if s != s.plan.look {
		s.failed = r.planned(ctx, s.PlanStep, s.self())
		return
	}
	if !r.IgnoreLoaded {
		at, err := r.there(s.Module, s.Builtin, true)
		s.vain, s.failed = at.inKernel() && err == nil, err
	}
}
