package kmod

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// itself removes a module by its remove command, or by the kernel with those
// that use it before and those that it needed after it.
func (u *unloading) itself(ctx context.Context, name string, holders bool) error {
	if !u.IgnoreCommands {
		if c, ok := u.Resolver.removeCommand(name); ok {
			return u.removeByCommand(ctx, c)
		}
	}
	var err error
	switch {
	case holders && u.AtHand:
		err = u.holdersOf(ctx, name)
	case holders:
		err = u.holders(ctx, name, nil)
	}
	if err == nil {
		err = u.free(name)
	}
	if err != nil {
		return err
	}
	if err := u.remove(ctx, name, u.req.Force, u.req.Wait); err != nil || !u.req.Deps {
		return err
	}
	return u.unused(ctx, name)
}

// removeByCommand runs the command that stands in for removing a module.
func (u *unloading) removeByCommand(ctx context.Context, c Command) error {
	u.show("remove " + c.Text)
	status, err := u.command(ctx, "remove", c)
	step := kernel.Step{Module: c.Module, Action: "remove", Because: "remove command"}
	if err == nil && status != 0 {
		err = &CommandError{Kind: "remove", Command: c, Status: status}
	}
	if err != nil {
		step.Because = err.Error()
		err = &kernel.LoadError{Op: "remove", Module: c.Module, Err: err}
	}
	u.step(step)
	return err
}

// remove removes one module; until wait is over it asks again while the module
// is in use.
func (u *unloading) remove(ctx context.Context, name string, force bool, wait time.Duration) error {
	u.show("rmmod " + name)
	if u.DryRun {
		u.step(kernel.Step{Module: name, Action: "remove", Because: "dry run"})
		return nil
	}
	l := *u.Loader
	l.Patience = wait
	w := waiter{loading: &loading{Loader: &l}, module: name}
	for {
		err := u.removeOnce(ctx, name, force)
		busy := errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EBUSY)
		if !busy || w.waited >= wait {
			return err
		}
		if w.waited == 0 {
			u.report(trace.Event{Point: StageWaits, Module: name, Name: u.req.Name, Detail: "waits for it to be free"})
		}
		if slept := w.pause(ctx); slept != nil {
			return errors.Join(err, slept)
		}
	}
}

// removeOnce makes the system call and notes the step. Repeated refusals by
// the same errno are one step.
func (u *unloading) removeOnce(ctx context.Context, name string, force bool) error {
	mark := u.Kernel.LogMark()
	u.report(trace.Event{Point: StageRemove, Module: name, Name: u.req.Name})
	start := u.now()
	err := u.Kernel.Delete(ctx, name, force)
	step := kernel.Step{Module: name, Action: "remove", Took: u.now() - start}
	errno := kernel.ErrnoOf(err)
	e := trace.Event{Point: StageRemoved, Module: name, Name: u.req.Name, Ret: trace.Int(-int64(errno))}
	step.Log = logOf(u.Kernel.LogSince(mark), name, true)
	if err == nil {
		e.State = trace.Absent
	} else {
		step.Errno = kernel.ErrnoName(errno)
		le := &kernel.LoadError{Op: "remove", Module: name, Errno: errno, Log: step.Log, Why: u.why(name, errno)}
		if errno == 0 {
			step.Errno, le.Err = "", err
		}
		step.Because, e.Detail = le.Why, le.Why
		err = le
	}
	u.report(e)
	u.step(step)
	return err
}

// why explains a refusal with what the module list shows of the module.
func (u *unloading) why(name string, errno syscall.Errno) string {
	list, err := u.list()
	m := list[name]
	if err != nil || m == nil {
		return ""
	}
	switch {
	case errno == syscall.EAGAIN && slices.ContainsFunc(m.Users, func(n string) bool { return n != "" }):
		users := slices.DeleteFunc(slices.Clone(m.Users), func(n string) bool { return n == "" })
		order := UnloadOrder(name, func(n string) []string {
			if m := list[n]; m != nil {
				return m.Users
			}
			return nil
		})
		return fmt.Sprintf("in use by %s; to be rid of it: rmmod %s", strings.Join(users, ", "), strings.Join(order, " "))
	case errno == syscall.EAGAIN && m.Refs > 0:
		return fmt.Sprintf("held by no module, but by what is open, mounted, bound or running (reference count %d)", m.Refs)
	case errno == syscall.EBUSY && m.State != trace.Live:
		return "it is " + string(m.State)
	case errno == syscall.EBUSY && m.Permanent:
		return "it has no exit function, so it can't be unloaded"
	}
	return ""
}

// UnloadOrder lists what has to be unloaded, in order, to be rid of a module:
// those that use it, users of theirs first, and itself last. users gives those of
// a module as the kernel lists them; a holder without a name is none of them.
func UnloadOrder(module string, users func(string) []string) (order []string) {
	seen := map[string]bool{"": true}
	var visit func(string)
	visit = func(n string) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, u := range users(n) {
			visit(u)
		}
		order = append(order, n)
	}
	visit(module)
	return order
}

// step notes a step; a refusal that repeats the one before only adds its time.
func (u *unloading) step(s kernel.Step) {
	if n := len(u.res.Steps); n > 0 && s.Errno != "" {
		if last := &u.res.Steps[n-1]; last.Module == s.Module && last.Errno == s.Errno {
			s.Took += last.Took
			*last = s
			return
		}
	}
	u.res.Steps = append(u.res.Steps, s)
}

// removeCommand returns the remove command the configuration has for a module;
// the first line wins, as with install.
func (r *Resolver) removeCommand(module string) (Command, bool) {
	for _, l := range r.about(ConfigRemove, module) {
		if l.Name == module || globMatch(l.Name, module) {
			return Command{Module: beforeDot(module), Text: strings.ReplaceAll(l.Value, "$CMDLINE_OPTS", "")}, true // there are none
		}
	}
	return Command{}, false
}

// HasRemoveCommand says whether a remove command stands in for removing a
// module.
func (l *Loader) HasRemoveCommand(module string) bool {
	_, ok := l.Resolver.removeCommand(module)
	return ok && !l.IgnoreCommands
}
