package kmod

import (
	"context"
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
		if t.ready.Len() == 0 {
			t.changed.Wait()
			continue
		}
		s := t.steps[t.ready.take()]
		t.left--
		why := t.inVain(s)
		if why == nil && !s.vain && ctx.Err() == nil {
			t.mu.Unlock()
			t.take(ctx, s)
			t.mu.Lock()
		} else if s.failed = why; why == nil && !s.vain {
			s.failed = ctx.Err()
		}
		s.ended = t.loader.now()
		if s.before != nil && s.before.lost != nil {
			s.lost = s.before.lost
		} else if s.failed != nil {
			s.lost = s
		}
		t.free(s.pass(nil))
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
	if n := s.firstFailed(); n != nil {
		s.took = &loading{Loader: &t.loader, policy: p.load.policy, req: p.load.req}
		s.took.step(kernel.Step{Module: s.Module, File: s.File, Action: "skip", Because: "it needs " + n.Module + ", which could not be loaded"})
		return n.failed
	}
	// Behind the module that was asked for is what it wants loaded after it.
	s.vain = s.behind != nil && s.behind.failed != nil
	return nil
}

// firstFailed is the first step of the plan that a step needs and that failed; for
// the module that was asked for that is any that is not wanted softly.
func (s *togetherStep) firstFailed() (first *togetherStep) {
	p := s.plan
	if s.self() { // it waited for all before it
		for ; p.looked < s.at; p.looked++ {
			if e := p.steps[p.looked]; p.failed == nil && !e.Soft && e.failed != nil {
				p.failed = e
			}
		}
		first = p.failed
	}
	for _, n := range s.needs {
		if n.lost != nil && (first == nil || n.lost.at < first.at) {
			first = n.lost
		}
	}
	return first
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
