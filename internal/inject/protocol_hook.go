package inject

import (
	"errors"
	"fmt"
)

// Layout says where a hooked function's arguments hold what it is about.
type Layout string

// The layouts.
const (
	LayoutNone     Layout = "-"
	LayoutModule   Layout = "m0" // argument 0 is a struct module *
	LayoutString0  Layout = "s0" // argument 0 is the module's name
	LayoutString1  Layout = "s1" // argument 1 is the module's name
	LayoutRequest  Layout = "r0" // a request begins; its name is not known yet
	LayoutQuery    Layout = "q0" // argument 0 is the requested name
	LayoutPermit   Layout = "p0" // argument 0 is a semaphore; counts only when it is that of the permits
	LayoutArgv     Layout = "v1" // argument 1 is modprobe's argument vector, the name its fourth
	LayoutHelper   Layout = "u0" // argument 0 is the struct subprocess_info * of a requester
	LayoutChild    Layout = "c0" // the same, in the helper's process
	LayoutExec     Layout = "e0" // argument 0 is the path that a helper's process executes
	LayoutKobject  Layout = "k0" // argument 0 is a module's kobject, argument 1 an attribute *
	LayoutHolders  Layout = "h1" // argument 0 is a directory's name, argument 1 the module's kobject
	LayoutFile     Layout = "f0" // argument 0 is the struct file * of a module
	LayoutRead     Layout = "x0" // as f0, of kernel_read_file: counts only when a module is read
	LayoutSyscall  Layout = "y0" // a system call whose first argument is the file of a module
	LayoutDelete   Layout = "d0" // a system call whose first argument is a module's name
	LayoutInitcall Layout = "i0" // argument 0 is a module's init function
	LayoutNamed    Layout = "n2" // argument 0 is a struct module *, argument 2 a name
	LayoutTask     Layout = "t0" // the module that the task's last event in this system call named
)

var layouts = []Layout{
	LayoutNone, LayoutModule, LayoutString0, LayoutString1, LayoutRequest, LayoutQuery, LayoutPermit, LayoutArgv,
	LayoutHelper, LayoutChild, LayoutExec, LayoutKobject, LayoutHolders, LayoutFile, LayoutRead, LayoutSyscall,
	LayoutDelete, LayoutInitcall, LayoutNamed, LayoutTask,
}

// Scope restricts a hook to tasks inside certain system calls.
type Scope string

// The scopes.
const (
	Anywhere Scope = ""       // every task
	InLoad   Scope = "load"   // inside finit_module or init_module
	InUnload Scope = "unload" // inside delete_module
	InModule Scope = "module" // inside any of the three
)

// Hook attaches the driver to the entry of a kernel function under a point's
// ID ("W4") or, for a function named by hand, "fn:NAME". Several hooks may
// share an ID or a function. Func "notifier:COMING", "notifier:LIVE" and
// "notifier:GOING" are the module notifiers.
type Hook struct {
	ID     string
	Func   string
	Layout Layout
	Attr   string // LayoutKobject, LayoutHolders: only this attribute or directory
	Scope  Scope
	// Quiet hooks record only what a rule matches or a traced task does.
	Quiet bool
	// FailOnly hooks do nothing but fail: the ID's other hook holds.
	FailOnly bool
}

func (h Hook) words() ([]string, error) {
	w := []string{"hook", h.ID, h.Func, string(h.Layout)}
	if err := errors.Join(checkID(h.ID), checkFunc(h.Func), checkLayout(h.Layout)); err != nil {
		return nil, err
	}
	if h.Attr != "" {
		if h.Layout != LayoutKobject && h.Layout != LayoutHolders {
			return nil, fmt.Errorf("%w: layout %s has no attribute", ErrCommand, h.Layout)
		}
		a, err := value("attribute", h.Attr, MaxModule)
		if err != nil {
			return nil, err
		}
		w = append(w, "attr="+a)
	}
	switch h.Scope {
	case Anywhere:
	case InLoad, InUnload, InModule:
		w = append(w, "in="+string(h.Scope))
	default:
		return nil, fmt.Errorf("%w: no scope %.20q", ErrCommand, h.Scope)
	}
	if h.Quiet {
		w = append(w, "quiet=1")
	}
	if h.FailOnly {
		w = append(w, "failonly=1")
	}
	return w, nil
}

// Return reports what a kernel function returns, as events of the kind ret.
type Return struct {
	ID     string // as of a Hook
	Func   string
	Layout Layout
}

func (r Return) words() ([]string, error) {
	return []string{"return", r.ID, r.Func, string(r.Layout)}, errors.Join(checkID(r.ID), checkFunc(r.Func), checkLayout(r.Layout))
}

// Unhook takes away all hooks and returns of an ID.
type Unhook struct{ ID string }

func (u Unhook) words() ([]string, error) { return []string{"unhook", u.ID}, checkID(u.ID) }
