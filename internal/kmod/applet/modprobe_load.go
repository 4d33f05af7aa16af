package applet

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// load loads or shows what a name stands for.
func (m *modprobeRun) load(ctx context.Context, name string, params []string) error {
	switch m.query {
	case "resolve-alias":
		names, err := m.loader.Resolver.ShowNames(name)
		return m.print(name, names, err)
	case "show-depends":
		lines, err := m.loader.Resolver.ShowDepends(name, m.dir, kmod.PlanOptions{
			Params: kmod.JoinParams(params), IgnoreCommands: m.loader.IgnoreCommands, Blacklist: m.loader.Blacklist,
		})
		if err != nil && len(lines) > 0 {
			m.complain(err)
			err = nil
		}
		return m.print(name, lines, err)
	}
	var err error
	m.loadThese(ctx, []kernel.LoadRequest{{Name: name, Params: params, First: m.first}}, func(e error) { err = e })
	return err
}

// loadAll loads or shows several names.
func (m *modprobeRun) loadAll(ctx context.Context, names []string) error {
	if m.query != "" || m.jobs == 0 {
		return m.each(names, func(name string) error { return m.load(ctx, name, nil) })
	}
	var reqs []kernel.LoadRequest
	for _, name := range names {
		reqs = append(reqs, kernel.LoadRequest{Name: name, First: m.first})
	}
	var failed error
	m.loadThese(ctx, reqs, func(err error) {
		if err != nil {
			m.complain(err)
			failed = errSilent
		}
	})
	return failed
}

// loadThese loads several names and tells done of each, in their order, with the
// error that is still to be printed.
func (m *modprobeRun) loadThese(ctx context.Context, reqs []kernel.LoadRequest, done func(error)) {
	said := false
	m.loader.Passed = m.sayPassed
	m.loader.Failed = func(module string, err error) {
		said = true
		m.sayLoad(module, err)
	}
	m.loader.LoadAll(ctx, reqs, m.jobs, func(i int, _ kernel.LoadResult, err error) {
		switch {
		case err == nil:
		case said:
			err = errSilent
		case isNotFound(err):
			err = m.notFound(reqs[i].Name, err)
		default:
			m.sayLoad(reqs[i].Name, err)
			err = errSilent
		}
		said = false
		done(err)
	})
}

// sayPassed prints what libkmod says of a soft dependency that could not be
// loaded.
func (m *modprobeRun) sayPassed(err error) {
	var command *kmod.CommandError
	switch {
	case m.quiet:
	case errors.As(err, &command):
		m.printError(commandFailed(command))
	case errors.Is(err, syscall.ENODATA):
		m.printError(said(failedToStrip))
	}
}

func commandFailed(c *kmod.CommandError) error {
	return said("Error running install command '%s' for module %s: retcode %d", c.Text, c.Module, c.Status)
}

// sayLoad prints why a module could not be loaded: kmod's lines, and below them
// what kmod does not say.
func (m *modprobeRun) sayLoad(module string, err error) {
	if m.quiet {
		return
	}
	var le *kernel.LoadError
	var command *kmod.CommandError
	switch {
	case errors.As(err, &command):
		m.printError(commandFailed(command))
		m.printError(said("could not insert '%s': Invalid argument", module))
	case errors.As(err, &le) && fileErrno(le) != 0:
		errno := fileErrno(le)
		if errno == syscall.ENODATA {
			m.printError(said(failedToStrip))
		}
		m.printError(said("could not insert '%s': %s", module, insertReason(errno)))
	case errors.As(err, &le):
		m.printError(said("could not insert '%s': %v", module, le.Err))
	case isNotFound(err):
		m.printError(said("could not find module by name='%s'", module))
		m.printError(said("could not insert '%s': %s", module, insertReason(syscall.ENOENT)))
	default:
		m.printError(said("could not insert '%s': %v", module, err))
	}
	if le != nil {
		if le.Module != "" && le.Module != module {
			fmt.Fprintf(m.Stderr, "%s: %s needs %s, which was refused\n", m.name, module, le.Module)
		}
		m.sayLog(le.Log)
		m.sayWhy(le.Why)
		m.sayFile(le)
	}
}

// failedToStrip is what kmod says of a module that is to be loaded by force and
// has no vermagic to take away.
const failedToStrip = "Failed to strip version information: No data available"

// print writes the lines of a query.
func (m *modprobeRun) print(name string, lines []string, err error) error {
	for _, l := range lines {
		m.out.WriteString(l)
		m.out.WriteByte('\n')
	}
	if !m.all {
		if ferr := m.out.Flush(); ferr != nil {
			return ferr
		}
	}
	if isNotFound(err) {
		return m.notFound(name, err)
	}
	return err
}

// isNotFound says that a name stands for nothing, or can stand for nothing.
func isNotFound(err error) bool {
	var bad *kmod.PathError
	return errors.Is(err, kernel.ErrNotFound) || errors.Is(err, kernel.ErrInvalidName) || errors.As(err, &bad)
}

// notFound is kmod's message for a name that stands for nothing.
func (m *modprobeRun) notFound(name string, err error) error {
	text := fmt.Sprintf("Module %s not found in directory %s", name, m.dir)
	var bad *kmod.PathError
	if errors.As(err, &bad) {
		text = fmt.Sprintf("Failed to get module from path %s: %s", name, strerror(kernel.ErrnoOf(bad.Err)))
	}
	if m.all {
		return warning{text}
	}
	return fatalError{text}
}
