package applet

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
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
		if err := m.unloadOne(ctx, f.Module); err != nil {
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

// unloadOne removes one module.
func (m *modprobeRun) unloadOne(ctx context.Context, module string) error {
	if err := m.inUse(module); err != nil {
		return err
	}
	res, err := m.loader.Unload(ctx, kernel.UnloadRequest{
		Name: module, Deps: true, Holders: m.holders, Wait: m.wait, Force: m.loader.Flags != 0,
	})
	var command *kmod.CommandError
	switch {
	case err == nil:
		return nil
	case res.State == trace.Builtin:
		return m.graded(fmt.Sprintf("Module %s is builtin.", module))
	case errors.As(err, &command):
		return m.graded("Error running remove command for " + command.Module)
	case !errors.Is(err, kernel.ErrNotFound):
		m.sayRemove(err)
		return errSilent
	case m.first:
		return m.graded(fmt.Sprintf("Module %s is not in kernel.", module))
	}
	return nil
}

// inUse refuses, as kmod does, to ask the kernel for what it will refuse.
func (m *modprobeRun) inUse(module string) error {
	if m.holders || m.wait > 0 || m.loader.IgnoreLoaded || m.loader.HasRemoveCommand(module) {
		return nil
	}
	list, err := kernel.ModulesOrNone(m.loader.Kernel)
	if err != nil {
		return nil // then the kernel is asked
	}
	for _, l := range list {
		if l.Name == module && (l.Refs > 0 || len(l.Users) > 0) {
			return m.graded(fmt.Sprintf("Module %s is in use.", module))
		}
	}
	return nil
}

// sayRemove prints why a module could not be removed: kmod's line, and below
// it who holds the module.
func (m *modprobeRun) sayRemove(err error) {
	for _, err := range split(err) {
		var le *kernel.LoadError
		switch {
		case !errors.As(err, &le) || le.Errno == 0:
			m.complain(err)
		case le.Errno == syscall.EAGAIN:
			m.complain(m.graded(fmt.Sprintf("Module %s is in use.", le.Module)))
		default:
			m.complain(said("could not remove '%s': %s", le.Module, strerror(le.Errno)))
		}
		if le != nil && le.Why != "" && !m.quiet {
			fmt.Fprintf(m.Stderr, "%s: %s: %s\n", m.name, le.Module, le.Why)
		}
	}
}
