package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// versionOf is the version of a kernel, "6.12", of its release.
func versionOf(release string) string {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 2 {
		return release
	}
	minor := parts[1]
	return parts[0] + "." + minor[:len(minor)-len(strings.TrimLeft(minor, "0123456789"))]
}

// setHooks hooks the points at which threads stop. A function that this kernel
// does not have is passed over: its point is one that no thread comes to.
func setHooks(s session, version string) (hooked map[string]bool, err error) {
	hooked = map[string]bool{}
	hooks := append(inject.TableHooks(version), inject.RequestHooks()...)
	for _, h := range hooks {
		if trace.AskedFor(h.ID) || h.ID == inject.Exec {
			continue
		}
		err := s.Send(h)
		switch {
		case err == nil:
			hooked[h.ID] = true
		case !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.EINVAL):
			return nil, err
		}
	}
	for _, r := range inject.Returns() {
		if r.ID == inject.Returned+pointReturned {
			if err := s.Send(r); err != nil {
				return nil, err
			}
		}
	}
	return hooked, nil
}

// canFault says why a fault cannot be put in force on this kernel, and hooks a
// point that is hooked on demand.
func (d *driver) canFault(f kernel.Fault) error {
	p, ok := trace.LookupPoint(f.Point)
	switch {
	case !ok:
		return &kernel.WordsError{Msg: "no point " + clipText(f.Point, 64)}
	case !p.Hold && p.Phase == trace.PhaseFunction:
		return &kernel.WordsError{Msg: "no thread may be held at " + p.ID + ": " + p.Why}
	}
	name := kernel.ErrnoName(syscall.Errno(f.Fail))
	if f.Fail != 0 && !p.FailsIn(d.version, name) {
		return &kernel.UnsupportedError{Op: kernel.OpDebug, Why: fmt.Sprintf("%s cannot be made to fail with %s on kernel %s: the test driver fails a step only where its function may be left out", p.ID, name, d.version)}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if hookedOnDemand(p.ID) && !d.hooked[p.ID] {
		if err := d.send(hooksOf(p, d.version)...); err != nil {
			return cannotHook(p, d.version, err)
		}
		d.hooked[p.ID] = true
	}
	if !d.hooked[p.ID] {
		return &kernel.UnsupportedError{Op: kernel.OpDebug, Why: fmt.Sprintf("no thread can be stopped at %s %s on kernel %s: %s", p.ID, p.Name, d.version, whyNot(p, d.version))}
	}
	return nil
}

// hookedOnDemand says whether a point is hooked only while a fault names it.
func hookedOnDemand(id string) bool {
	return trace.AskedFor(id) || strings.HasPrefix(id, trace.FuncPrefix)
}

// cannotHook says in words why a point could not be hooked.
func cannotHook(p trace.Point, version string, err error) error {
	why := err.Error()
	switch name := strings.TrimPrefix(p.ID, trace.FuncPrefix); {
	case name == p.ID: // a row of the table
	case errors.Is(err, syscall.ENOENT):
		why = fmt.Sprintf("kernel %s has no function %s, or has inlined it: /proc/kallsyms has the names that there are", version, name)
	case errors.Is(err, syscall.EINVAL):
		why = fmt.Sprintf("the function %s of kernel %s has no entry that can be attached to", name, version)
	case errors.Is(err, syscall.EPERM):
		why = fmt.Sprintf("the test driver refuses to hold anybody in %s: it would hang the kernel", name)
	case errors.Is(err, syscall.ENOSPC):
		why = "the test driver attaches to no more functions at once; take a fault at another one out of force"
	}
	return &kernel.UnsupportedError{Op: kernel.OpDebug, Why: why}
}

// unhook takes away the hooks of points that are hooked on demand, and that no
// fault in force names any more.
func (d *driver) unhook(faults []kernel.Fault) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.hooked {
		named := slices.ContainsFunc(faults, func(f kernel.Fault) bool { return f.Point == id })
		if !hookedOnDemand(id) || named {
			continue
		}
		if err := d.send(inject.Unhook{ID: id}); err != nil {
			return err
		}
		delete(d.hooked, id)
	}
	return nil
}

func hooksOf(p trace.Point, version string) []inject.Command {
	var list []inject.Command
	for _, h := range inject.PointHooks(p, version) {
		list = append(list, h)
	}
	return list
}

// whyNot is why a point is not hooked.
func whyNot(p trace.Point, version string) string {
	if p.Why != "" {
		return p.Why
	}
	why := "the kernel has no such function, or has inlined it"
	for _, h := range inject.PointHooks(p, version) {
		why = fmt.Sprintf("the kernel has no function %s, or has inlined it", h.Func)
		if option, ok := optionalFunctions[h.Func]; ok {
			return fmt.Sprintf("the kernel was built without CONFIG_%s, so there is no %s", option, h.Func)
		}
	}
	return why
}

// optionalFunctions are functions of the table of points that an option of the
// kernel's configuration brings: include/linux/security.h, kernel/module/Makefile
// and internal.h, include/linux/livepatch.h of 6.1 and 6.12.
var optionalFunctions = map[string]string{
	"security_kernel_module_request": "SECURITY",
	"module_sig_check":               "MODULE_SIG",
	"klp_module_coming":              "LIVEPATCH",
	"klp_module_going":               "LIVEPATCH",
	"copy_module_elf":                "LIVEPATCH",
}
