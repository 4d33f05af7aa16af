package kmod

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// BusyError says that a module is in use, so that the kernel was not asked to
// remove it.
type BusyError struct{ Module string }

func (e *BusyError) Error() string { return fmt.Sprintf("module %s is in use", e.Module) }

// AbsentError says that a module that was to be there is not. It wraps
// kernel.ErrNotLoaded.
type AbsentError struct{ Module string }

func (e *AbsentError) Error() string {
	return fmt.Sprintf("module %s is %v", e.Module, kernel.ErrNotLoaded)
}

func (e *AbsentError) Unwrap() error { return kernel.ErrNotLoaded }

// softdeps returns the modules that the softdep line of a module names, nil
// where soft dependencies do not count. Only the first line for it counts.
func (u *unloading) softdeps(module string) (pre, post []*planModule, err error) {
	if !u.req.Deps || u.IgnoreCommands {
		return nil, nil, nil
	}
	p := &planner{r: u.Resolver, modules: map[string]*planModule{}, soft: map[string][]*planModule{}}
	for _, l := range u.Resolver.about(ConfigSoftdep, module) {
		if !globMatch(l.Name, module) {
			continue
		}
		m := &planModule{p: p, name: module}
		if pre, err = p.lookupSoft(l.Pre, m, l); err == nil {
			post, err = p.lookupSoft(l.Post, m, l)
		}
		return pre, post, err
	}
	return nil, nil, nil
}

// softly removes what a softdep line names, the last first, each with its own
// soft dependencies (kmod 30, tools/modprobe.c, rmmod_do_modlist). What cannot
// go stays, and the receiver of failures hears of it; but where the loader
// insists, one that is in use ends the whole.
func (u *unloading) softly(ctx context.Context, list []*planModule) error {
	for _, m := range slices.Backward(list) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if m.builtin && !u.IgnoreLoaded || slices.Contains(u.under, m.name) {
			continue
		}
		err := u.softOne(ctx, m.name, false)
		if err == nil {
			continue
		}
		var busy *BusyError
		var command *CommandError
		if u.Insists && (errors.As(err, &busy) || errors.As(err, &command) || errors.Is(err, kernel.ErrNotFound)) {
			return err
		}
		if u.Failed != nil {
			u.Failed(m.name, err)
		}
	}
	return nil
}

// holdersOf removes the modules that use a module, for who typed its name: the last
// in their directory first, each by its remove command or with its own soft
// dependencies, until one cannot go (kmod 30 to 34, tools/modprobe.c,
// rmmod_do_module); and before each, what kmod leaves, those that use it.
func (u *unloading) holdersOf(ctx context.Context, name string) error {
	list, err := u.list()
	if err != nil {
		return err
	}
	u.held = append(u.held, name)
	defer func() { u.held = u.held[:len(u.held)-1] }()
	var users []string
	if m := list[name]; m != nil {
		users = m.Users
	}
	for _, holder := range slices.Backward(kernel.HoldersOr(u.Kernel, name, users)) {
		if slices.Contains(u.under, holder) {
			return &kernel.LoadError{Op: "remove", Module: name, Err: fmt.Errorf("it and %s use each other", holder)}
		}
		if err := errors.Join(ctx.Err(), u.softOne(ctx, holder, true)); err != nil {
			return err
		}
	}
	return nil
}

// softOne removes one module of a softdep line, or one that uses another, if it is
// there; with those that use it, where they are to go.
func (u *unloading) softOne(ctx context.Context, name string, holders bool) error {
	_, command := u.Resolver.removeCommand(name)
	if !command && !u.IgnoreLoaded {
		state, err := listed(u.Kernel, name)
		if err != nil {
			return err
		}
		if state == trace.Absent && u.First {
			return &AbsentError{name}
		}
		if state == trace.Absent {
			return nil
		}
	}
	return u.module(ctx, name, holders)
}

// free says by an error that a module is in use. Only who typed the name is
// refused so: for others the kernel decides, which knows it better.
func (u *unloading) free(name string) error {
	if !u.AtHand || u.req.Wait > 0 || u.IgnoreLoaded {
		return nil
	}
	list, err := u.list()
	if m := list[name]; err == nil && m != nil && (m.Refs > 0 || len(m.Users) > 0) {
		return &BusyError{name}
	}
	return nil
}
