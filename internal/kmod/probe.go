package kmod

import (
	"context"
	"fmt"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// NoModuleError says that a softdep line leads to a name that no module has.
type NoModuleError struct{ Name string }

func (e *NoModuleError) Error() string {
	return fmt.Sprintf("could not find module by name='%s'", e.Name)
}

// planFound returns the steps that load one module a name stands for, and the
// planner that knows of their order.
func (l *Loader) planFound(f Found, name string, opt PlanOptions, how checking) ([]PlanStep, *planner, error) {
	r := l.Resolver
	// A plan that is only shown follows kmod, which shows what is not there.
	p := &planner{r: r, modules: map[string]*planModule{}, soft: map[string][]*planModule{}, dropBroken: how == unchecked}
	m := p.fromFound(f)
	m.because, m.extra = because(f, name), opt.Params
	if err := p.probe(m, true, opt.IgnoreCommands); err != nil {
		return nil, nil, err
	}
	if p.missing != nil && l.Note != nil {
		l.Note(p.missing)
	}
	steps, err := r.planSteps(p.list, how, m)
	return steps, p, err
}

// nowhere says that nothing can be loaded for an entry of a probe list.
func (m *planModule) nowhere() bool {
	_, command := m.install()
	return !m.builtin && !command && m.file == ""
}

// unnamed tells of what is only wanted softly and is not in the tree, when its
// turn has come; of a plan that cannot be, up to what it lacks.
func (l *Loader) unnamed(list planList, broken bool) {
	for _, m := range list {
		switch {
		case l.Note == nil || broken && m.required && m.nowhere():
			return
		case !m.required && m.nowhere():
			if state, err := listed(l.Kernel, m.name); err == nil && state == trace.Live {
				continue
			}
			l.Note(&NoModuleError{m.name})
		}
	}
}

// module loads one of the modules that the name stands for.
func (r *loading) module(ctx context.Context, f Found) error {
	if !r.req.First && r.blacklisted(f) {
		return nil
	}
	if !r.IgnoreLoaded {
		if at, err := r.there(f.Module, f.Builtin, true); at.inKernel() || err != nil {
			return err
		}
	}
	if r.req.First && r.blacklisted(f) { // it was to be seen first whether it is there, as with kmod
		return nil
	}
	how := checked
	switch {
	case r.DryRun:
		how = unchecked
	case r.AtHand:
		how = checkedNow
	}
	plan, p, err := r.planFound(f, r.req.Name, r.planOptions(), how)
	if err != nil && p != nil && !r.DryRun {
		r.unnamed(p.list, true)
	}
	if err != nil {
		return err
	}
	come := 0 // how far it got in the list
	for _, s := range plan {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !r.DryRun {
			r.unnamed(p.list[come:s.entry], false)
			come = s.entry
		}
		self := s.Module == f.Module
		err := r.planned(ctx, s, self)
		switch {
		case err == nil:
		case ctx.Err() != nil, !s.Soft && self:
			return err
		case !s.Soft && !r.policy.KeepsFailed:
			return needed(f.Module, s.Module, err)
		case s.Soft:
			r.passed(err)
		}
	}
	if !r.DryRun {
		r.unnamed(p.list[come:], false)
	}
	return nil
}

// passed tells of a failure that stops nothing.
func (l *Loader) passed(err error) {
	if l.Passed != nil {
		l.Passed(err)
	}
}

// blacklisted says that a module is passed over, and notes it.
func (r *loading) blacklisted(f Found) bool {
	if !f.Blacklisted && (!r.Blacklist || f.BlacklistedBy == "") {
		return false
	}
	r.byConfig = true
	r.step(kernel.Step{Module: f.Module, Action: "skip", Because: "blacklisted at " + f.BlacklistedBy})
	return true
}

// planOptions are the options of the plans of this load.
func (r *loading) planOptions() PlanOptions {
	return PlanOptions{Params: JoinParams(r.req.Params), IgnoreCommands: r.IgnoreCommands}
}

// needed is the error of a module that was not loaded because of another.
func needed(module, other string, err error) error {
	return fmt.Errorf("%s not loaded, it needs %s: %w", module, other, err)
}

// planned takes one step of the plan.
func (r *loading) planned(ctx context.Context, s PlanStep, self bool) error {
	at := sight{state: trace.Absent}
	if !r.IgnoreLoaded {
		var err error
		if at, err = r.there(s.Module, s.Builtin, self); at.inKernel() || err != nil {
			return err
		}
	}
	if s.lacks != nil {
		return s.lacks
	}
	if s.Command != "" {
		return r.install(ctx, s, self)
	}
	if s.Builtin {
		r.show("builtin " + s.Module)
		return nil
	}
	return r.insert(ctx, s, at, self)
}

// there says how a module is seen before it would be loaded, and notes why
// when it need not be. For the module that was asked for this is also the
// built-in check of the request.
func (r *loading) there(module string, builtin, self bool) (sight, error) {
	at, err := r.policy.look(r.Resolver, r.Kernel, module, builtin)
	if err != nil {
		return at, err
	}
	r.report(trace.Event{Point: StageBuiltin, Module: module, State: at.state, Detail: string(at.state) + ": " + at.why})
	if !at.inKernel() {
		return at, nil
	}
	if self && at.falseBuiltin {
		r.falseBuiltin = true
	}
	step := kernel.Step{Module: module, Action: "skip", Because: "already live"}
	if at.state == trace.Builtin {
		step.Action, step.Because = "builtin", at.why
	}
	if self && r.req.First {
		step.Errno = kernel.ErrnoName(syscall.EEXIST)
		err = &kernel.LoadError{Op: "insert", Module: module, Errno: syscall.EEXIST}
	}
	r.step(step)
	return at, err
}

// install runs the command that stands in for loading a module.
func (r *loading) install(ctx context.Context, s PlanStep, self bool) error {
	if self {
		r.byConfig = true
	}
	step := kernel.Step{Module: s.Module, Action: "install", Params: s.Params, Because: s.Because}
	status, err := 0, error(nil)
	if self && !r.AtHand {
		err = checkShell(r.req.Params)
	}
	if err == nil {
		r.show(s.Line)
		status, err = r.command(ctx, "install", Command{Module: s.Module, Text: s.Command})
	}
	if err == nil && status != 0 {
		err = &CommandError{Kind: "install", Command: Command{Module: s.Module, Text: s.Command}, Status: status}
	}
	if err != nil {
		step.Because = err.Error()
		err = &kernel.LoadError{Op: "insert", Module: s.Module, Err: err}
	}
	r.step(step)
	return err
}

// command runs an install or remove command.
func (l *Loader) command(ctx context.Context, kind string, c Command) (int, error) {
	if l.DryRun {
		return 0, nil
	}
	if l.Run == nil {
		return 0, fmt.Errorf("the configuration has %s command %q, and none is run here", kind, c.Text)
	}
	status, err := l.Run(ctx, c)
	if err != nil {
		return status, fmt.Errorf("%s command %q: %w", kind, c.Text, err)
	}
	return status, nil
}
