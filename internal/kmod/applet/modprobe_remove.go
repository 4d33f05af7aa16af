package applet

import (
	"context"
	"errors"
	"fmt"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// unload removes what a name stands for. That nothing of it is loaded is a
// failure only with --first-time.
func (m *modprobeRun) unload(ctx context.Context, name string) error {
	r := m.loader.Resolver
	found, err := r.Resolve(name)
	switch {
	case errors.Is(err, kernel.ErrInvalidName):
		return errSilent // as kmod, which says nothing of a bracket without its like
	case isNotFound(err):
		return m.graded(fmt.Sprintf("Module %s not found.", name))
	case err != nil:
		return err
	}
	for _, f := range found {
		if err := m.unloadOne(ctx, f); err != nil {
			return err // as kmod: the others stay
		}
	}
	return nil
}

// graded is a message that is fatal, or a warning where more names follow.
func (m *modprobeRun) graded(text string) error {
	if m.all {
		return warning{text}
	}
	return fatalError{text}
}

// unloadOne removes one module. One that is built in is refused even where the
// kernel lists it, but a remove command stands in for its removal as well (kmod 30 to
// 34, tools/modprobe.c, rmmod_do_module); what only its alias tells to be built in is.
func (m *modprobeRun) unloadOne(ctx context.Context, f kmod.Found) error {
	l, module := &m.loader, f.Module
	if f.Builtin && !l.IgnoreLoaded && !l.HasRemoveCommand(module) {
		return m.graded(fmt.Sprintf("Module %s is builtin.", module))
	}
	l.Insists, l.First = !m.all && !m.quiet, m.first
	l.Failed = func(module string, err error) {
		if err := m.removeError(module, err); err != nil {
			m.complain(err)
		}
	}
	_, err := l.Unload(ctx, kernel.UnloadRequest{
		Name: module, Deps: true, Holders: m.holders, Wait: m.wait, Force: m.force,
	})
	return m.removeError(module, err)
}

// removeError is kmod's message for what became of a removal, nil where that is
// no failure.
func (m *modprobeRun) removeError(module string, err error) error {
	var command *kmod.CommandError
	var busy *kmod.BusyError
	var absent *kmod.AbsentError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &busy):
		return m.graded(fmt.Sprintf("Module %s is in use.", busy.Module))
	case errors.As(err, &command):
		return m.graded("Error running remove command for " + command.Module)
	case !errors.Is(err, kernel.ErrNotFound):
		m.sayRemove(err)
		return errSilent
	case errors.As(err, &absent):
		return m.graded(fmt.Sprintf("Module %s is not in kernel.", absent.Module))
	case m.first:
		return m.graded(fmt.Sprintf("Module %s is not in kernel.", module))
	}
	return nil
}

// sayRemove prints why a module could not be removed: kmod's line, and below
// it who holds the module.
func (m *modprobeRun) sayRemove(err error) {
	for _, err := range split(err) {
		var le *kernel.LoadError
		if !errors.As(err, &le) || le.Errno == 0 {
			m.complain(err)
		} else {
			m.complain(said("could not remove '%s': %s", le.Module, strerror(le.Errno)))
		}
		if le != nil && le.Why != "" && !m.quiet {
			fmt.Fprintf(m.Stderr, "%s: %s: %s\n", m.name, le.Module, le.Why)
		}
	}
}
