package kmod

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Policy is how a loader decides whether a module is already there, and when
// it is done. It is a value; the named ones come from PolicyByName.
type Policy struct {
	Name string
	// DirIsBuiltin: a directory /sys/module/NAME without initstate means
	// that NAME is built in, also when NAME stands for no module at all. That
	// is wrong while a module is set up or taken down, when it has such a
	// directory too (kmod 19, libkmod-module.c, kmod_module_get_initstate).
	DirIsBuiltin bool
	// Waits: the loader waits itself for a module that is coming or going,
	// asks the kernel again when the reason of EBUSY has gone, and does not
	// take EEXIST for success before the module is live.
	Waits bool
	// Checks: success is reported only when the module is live or built in.
	Checks bool

	// The rest are mistakes found in loaders that ship today.

	// RowIsLoaded: a row of /proc/modules means loaded, whatever its state.
	RowIsLoaded bool
	// Blind: the kernel is never looked at before a load, and EEXIST is taken
	// for ready. Kernels up to 5.2 answer it for a module that is going, too.
	Blind bool
	// KeepsFailed: a module whose load failed counts as loaded, so that what
	// depends on it goes on.
	KeepsFailed bool
}

// The names of the policies.
const (
	PolicyKmod19           = "kmod19"
	PolicyKmod20           = "kmod20"
	PolicyVerified         = "verified"
	PolicyWildProcModules  = "wild-procmodules"
	PolicyWildEexist       = "wild-eexist"
	PolicyWildFailedLoaded = "wild-failed-loaded"
)

// PolicyNames returns the names of the policies, the default first and those
// that copy a mistake last.
func PolicyNames() []string {
	return []string{
		PolicyVerified, PolicyKmod20, PolicyKmod19,
		PolicyWildProcModules, PolicyWildEexist, PolicyWildFailedLoaded,
	}
}

// PolicyByName returns the policy of that name; "" stands for verified.
//
//   - kmod19 is modprobe of every kmod up to 19.
//   - kmod20 is modprobe from kmod 20 on: built in is what the built-in index
//     lists, a directory without initstate is a module that is coming (kmod
//     commits fd44a98 and e2719b3). EEXIST is success, EBUSY failure.
//   - verified is kmod20 that waits until the module is live, and checks.
//   - wild-procmodules takes any row of /proc/modules for a loaded module, as
//     the Go loaders pkg/kmodule of u-root and pmorjan/kmod do.
//   - wild-eexist inserts without a look and takes EEXIST for ready, as
//     pkg/kmodule of u-root does.
//   - wild-failed-loaded goes on with what depends on a module that failed to
//     load, as the init of booster does.
func PolicyByName(name string) (Policy, error) {
	switch name {
	case PolicyKmod19:
		return Policy{Name: name, DirIsBuiltin: true}, nil
	case PolicyKmod20:
		return Policy{Name: name}, nil
	case PolicyVerified, "":
		return Policy{Name: PolicyVerified, Waits: true, Checks: true}, nil
	case PolicyWildProcModules:
		return Policy{Name: name, RowIsLoaded: true}, nil
	case PolicyWildEexist:
		return Policy{Name: name, Blind: true}, nil
	case PolicyWildFailedLoaded:
		return Policy{Name: name, KeepsFailed: true}, nil
	}
	return Policy{}, fmt.Errorf("%q is no policy: the policies are %s", name, strings.Join(PolicyNames(), ", "))
}

// sight is what a policy makes of a module at one moment.
type sight struct {
	state trace.State
	why   string
	// false: state is builtin, and the built-in index does not say so.
	falseBuiltin bool
}

// inKernel says that a loader need not load the module. Coming and going are
// not in the kernel, for every policy.
func (s sight) inKernel() bool { return s.state == trace.Live || s.state == trace.Builtin }

// look decides what is known of a module. builtin says that the name lookup
// itself found the module in the built-in index.
func (p Policy) look(r *Resolver, k kernel.Kernel, module string, builtin bool) (sight, error) {
	if kernel.CheckModuleName(module) != nil {
		return sight{state: trace.Absent, why: "no module has such a name"}, nil
	}
	if !builtin && !p.DirIsBuiltin {
		var err error
		if builtin, err = r.Builtin(module); err != nil {
			return sight{}, err
		}
	}
	if builtin {
		return sight{state: trace.Builtin, why: "the built-in index lists it"}, nil
	}
	switch {
	case p.Blind:
		return sight{state: trace.Absent, why: "it is not looked for"}, nil
	case p.RowIsLoaded:
		state, err := listed(k, module)
		if err != nil || state == trace.Absent {
			return sight{state: trace.Absent, why: "no row in the module list"}, err
		}
		return sight{state: trace.Live, why: "any row in the module list counts as loaded; this one says " + string(state)}, nil
	}
	is, err := k.Initstate(module)
	if err != nil {
		return sight{}, fmt.Errorf("state of %s: %w", module, err)
	}
	switch {
	case is.State != "":
		return sight{state: is.State, why: "initstate says " + string(is.State)}, nil
	case !is.Dir:
		return sight{state: trace.Absent, why: "no directory in /sys/module"}, nil
	case p.DirIsBuiltin:
		s := sight{state: trace.Builtin, why: "a directory in /sys/module without initstate counts as built in"}
		listed, err := r.Builtin(module)
		s.falseBuiltin = err == nil && !listed
		return s, nil
	case !p.Waits:
		return sight{state: trace.Coming, why: "a directory in /sys/module without initstate counts as coming"}, nil
	}
	return p.lookCloser(k, module)
}

// lookCloser tells apart the three things that have a directory without
// initstate: a module being set up, one being taken down, and built-in code
// that is no module. The first two have a row in the module list all the time
// that the directory is there (kernel/module/main.c: complete_formation comes
// before mod_sysfs_setup, free_module unlinks after mod_sysfs_teardown).
func (p Policy) lookCloser(k kernel.Kernel, module string) (sight, error) {
	const dir = "a directory in /sys/module without initstate, and the module list says "
	state, err := listed(k, module)
	if err != nil {
		return sight{}, err
	}
	if state != trace.Absent {
		return sight{state: state, why: dir + string(state)}, nil
	}
	is, err := k.Initstate(module)
	switch {
	case err != nil:
		return sight{}, fmt.Errorf("state of %s: %w", module, err)
	case is.State != "":
		return sight{state: is.State, why: "initstate says " + string(is.State)}, nil
	case is.Dir:
		return sight{state: trace.Absent, why: dir + "nothing: it belongs to code in the kernel image"}, nil
	}
	return sight{state: trace.Absent, why: "no directory in /sys/module"}, nil
}

// listed returns the state of a module's row in the module list, absent when
// there is none.
func listed(k kernel.Kernel, module string) (trace.State, error) {
	modules, err := kernel.ModulesOrNone(k)
	if err != nil {
		return "", err
	}
	name := kernel.Normalize(module)
	for _, m := range modules {
		if m.Name == name {
			return m.State, nil
		}
	}
	return trace.Absent, nil
}
