package kmod

import (
	"context"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// isForeign says whether a line of the kernel's log is about a module of these
// loads other than this one.
func (t *together) isForeign(line, module string) bool {
	name, _, ok := strings.Cut(strings.TrimPrefix(line, "module "), ":")
	return ok && name != module && t.names[name]
}

// finish puts together what became of one request.
func (t *together) finish(ctx context.Context, l *togetherLoad) (kernel.LoadResult, error) {
	r := l.loading
	if l.err != nil || len(r.found) == 0 {
		err := r.judge(l.err)
		return r.res, err
	}
	var errs []error
	end := t.began
	for _, p := range l.plans {
		err := t.outcome(p)
		r.res.Steps = append(r.res.Steps, p.noted...)
		for _, s := range append([]*togetherStep{p.look}, p.steps...) {
			if s == nil || s.took == nil {
				continue
			}
			r.res.Steps = append(r.res.Steps, s.took.res.Steps...)
			r.falseBuiltin = r.falseBuiltin || s.took.falseBuiltin
			r.byConfig = r.byConfig || s.took.byConfig
			end = max(end, s.ended)
		}
		if errs = append(errs, err); err != nil && r.Failed != nil {
			r.Failed(p.found.Module, err)
		}
	}
	err := r.judge(r.sum(ctx, errs))
	r.res.Took = end - t.began
	return r.res, err
}

// outcome is the error of one plan.
func (t *together) outcome(p *togetherPlan) error {
	switch {
	case p.look == nil || p.look.vain:
		return nil
	case p.look.failed != nil:
		return p.look.failed
	case p.err != nil:
		return p.err
	}
	for _, s := range p.steps {
		switch {
		case s.failed == nil:
		case s.Soft:
			t.shared.passed(s.failed)
		case s.self():
			return s.failed
		case !p.load.policy.KeepsFailed:
			return needed(p.found.Module, s.Module, s.failed)
		}
	}
	return nil
}

// report, show and why call the caller's functions, one at a time.
func (t *together) report(e trace.Event) {
	t.calls.Lock()
	defer t.calls.Unlock()
	t.shared.report(e)
}

func (t *together) show(line string) {
	t.calls.Lock()
	defer t.calls.Unlock()
	t.shared.show(line)
}

func (t *together) why(s PlanStep, err *kernel.LoadError) string {
	t.calls.Lock()
	defer t.calls.Unlock()
	return t.shared.Why(s, err)
}
