package kmod

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Unload removes what a name stands for and is loaded. The result is valid
// also with an error, as far as it got. A name of which nothing is loaded
// gives an error that wraps kernel.ErrNotFound, and kernel.ErrNotLoaded where the
// tree knows the name; a built-in module one that says
// so, a kernel's refusal a *kernel.LoadError that says who holds the module.
//
// With Holders the modules that use it go first, with Deps those it needed go
// afterwards when nobody else uses them; that these stay is no error. With Wait
// a refusal because of use is repeated until that time is over.
func (l *Loader) Unload(ctx context.Context, req kernel.UnloadRequest) (kernel.UnloadResult, error) {
	u := &unloading{Loader: l, req: req, res: kernel.UnloadResult{Name: req.Name, Steps: []kernel.Step{}, State: trace.Absent}}
	start := l.now()
	err := u.unload(ctx)
	u.res.Took = l.now() - start
	return u.res, err
}

// unloading is one Unload under way.
type unloading struct {
	*Loader
	req   kernel.UnloadRequest
	res   kernel.UnloadResult
	under []string // modules that are being removed: soft dependencies may go round
	held  []string // those of them whose holders go before
}

func (u *unloading) unload(ctx context.Context) error {
	names, err := u.targets()
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		if err := u.module(ctx, name, u.req.Holders); err != nil {
			errs = append(errs, err)
		}
	}
	if state, err := listed(u.Kernel, names[len(names)-1]); err == nil {
		u.res.State = state
	}
	return errors.Join(errs...)
}

// targets returns the loaded modules a name stands for, and those that a remove
// command stands in for. A name on the module
// list stands for itself, whether or not the tree knows it.
func (u *unloading) targets() ([]string, error) {
	if err := kernel.CheckAlias(u.req.Name); err != nil && !u.AtHand {
		return nil, err
	}
	list, err := u.list()
	if err != nil {
		return nil, err
	}
	if name := kernel.Normalize(u.req.Name); list[name] != nil {
		return []string{name}, nil
	}
	found, err := u.found()
	if err != nil {
		return nil, err
	}
	u.report(trace.Event{Point: StageResolved, Name: u.req.Name, Detail: describe(found)})
	var names []string
	builtin := false
	for _, f := range found {
		here := list[f.Module] != nil || u.IgnoreLoaded || u.AtHand && !f.Builtin && u.unlisted(f.Module)
		if !here && !u.IgnoreCommands {
			// A remove command is run whether or not the module is loaded.
			_, here = u.Resolver.removeCommand(f.Module)
		}
		if here && !slices.Contains(names, f.Module) {
			names = append(names, f.Module)
		}
		builtin = builtin || f.Builtin
	}
	switch {
	case len(names) > 0:
		return names, nil
	case builtin:
		u.res.State = trace.Builtin
		return nil, &kernel.LoadError{Op: "remove", Module: found[0].Module, Err: errors.New("it is built into the kernel image and can't be removed")}
	}
	return nil, notLoaded(u.req.Name, found)
}

// notLoaded is the error of a name that stands for modules of which none is loaded.
func notLoaded(name string, found []Found) error {
	if len(found) == 1 && found[0].Module == kernel.Normalize(name) {
		return fmt.Errorf("module %s is %w", found[0].Module, kernel.ErrNotLoaded)
	}
	which := "which is"
	if len(found) > 1 {
		which = "all"
	}
	var names []string
	for _, f := range found {
		names = append(names, f.Module)
	}
	return fmt.Errorf("%s stands for %s, %s %w", name, Few(names), which, kernel.ErrNotLoaded)
}

// unlisted says that the kernel has a directory of a module that it does not
// list: kmod takes the module for one that is just coming and asks the kernel to
// remove it. It is one that the running kernel has built in, and the tree does not.
func (u *unloading) unlisted(module string) bool {
	s, err := u.Kernel.Initstate(module)
	return err == nil && s.Dir && s.State == ""
}

// found is what the name stands for. Who typed a name has looked it up: then it
// is a module's, whatever alias is called so.
func (u *unloading) found() ([]Found, error) {
	if !u.AtHand {
		return u.Resolver.Resolve(u.req.Name)
	}
	f := Found{Module: kernel.Normalize(u.req.Name)}
	var err error
	f.Builtin, err = u.Resolver.builtin(f.Module)
	return []Found{f}, err
}

// list reads the module list, by name.
func (u *unloading) list() (map[string]*kernel.Module, error) {
	modules, err := kernel.ModulesOrNone(u.Kernel)
	if err != nil {
		return nil, err
	}
	list := make(map[string]*kernel.Module, len(modules))
	for i := range modules {
		list[modules[i].Name] = &modules[i]
	}
	return list, nil
}

// module removes one module with what was asked for before and after it (kmod
// 30, tools/modprobe.c, rmmod_do_module).
func (u *unloading) module(ctx context.Context, name string, holders bool) error {
	u.under = append(u.under, name)
	defer func() { u.under = u.under[:len(u.under)-1] }()
	pre, post, err := u.softdeps(name)
	if err != nil {
		return err
	}
	if err := u.softly(ctx, post); err != nil {
		return err
	}
	if err := u.itself(ctx, name, holders); err != nil {
		return err
	}
	return u.softly(ctx, pre)
}

// holders removes the modules that use a module, those that use them first.
// above are the modules whose holders are being removed: the usage graph has
// no loops, but it is read anew for each.
func (u *unloading) holders(ctx context.Context, name string, above []string) error {
	list, err := u.list()
	if err != nil || list[name] == nil {
		return err
	}
	above = append(above, name)
	for _, holder := range list[name].Users {
		if slices.Contains(above, holder) {
			return &kernel.LoadError{Op: "remove", Module: name, Err: fmt.Errorf("the module list says that it and %s use each other", holder)}
		}
		if err := u.holders(ctx, holder, above); err != nil {
			return err
		}
		if again, err := listed(u.Kernel, holder); err == nil && again == trace.Absent {
			continue // another holder's holder, gone already
		}
		if err := u.remove(ctx, holder, u.req.Force, u.req.Wait); err != nil {
			return fmt.Errorf("%s not removed, %s uses it: %w", name, holder, err)
		}
	}
	return nil
}

// unused removes what the module needed and nobody uses any more. What is used
// meanwhile, or can't go, stays.
//
// Who typed the name gets what kmod does (kmod 30 to 34, tools/modprobe.c,
// rmmod_do_module): each is looked at once, the farthest first, so that one which
// only another of them uses stays. Else they go from the nearest on, and all
// that is free goes.
func (u *unloading) unused(ctx context.Context, name string) error {
	p := &planner{r: u.Resolver, modules: map[string]*planModule{}}
	needed, err := p.dependencies(p.fromFound(Found{Module: name}))
	if err != nil {
		// The tree does not know the module: then it does not know what it
		// needed, and there is nothing to remove.
		return nil
	}
	if !u.AtHand {
		slices.Reverse(needed)
	}
	for _, s := range needed {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.builtin || slices.Contains(u.held, s.name) { // its own turn comes: kmod removes it twice, and fails
			continue
		}
		list, err := u.list()
		if err != nil {
			return err
		}
		m := list[s.name]
		if m == nil || m.Refs != 0 {
			continue
		}
		if !u.AtHand && (m.State != trace.Live || m.Permanent || len(m.Users) > 0) {
			continue
		}
		// It may be taken between the look and the call; so its errors are
		// steps of the result and told of, but not the result.
		if err := u.remove(ctx, s.name, u.AtHand && u.req.Force, 0); err != nil && u.Failed != nil {
			u.Failed(s.name, err)
		}
	}
	return nil
}
