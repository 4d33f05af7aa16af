package kmod

import (
	"errors"
	"fmt"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Verify says what is true of a finished load or request of name: it compares
// what was reported (nil: success) with the module list and the built-in index.
// A name that stands for several modules is judged by the one that came
// furthest. The state is that module's; an error means that nothing could be
// judged.
func Verify(r *Resolver, k kernel.Kernel, name string, reported error) (kernel.Verdict, trace.State, error) {
	if err := kernel.CheckAlias(name); err != nil {
		return kernel.Failed, trace.Absent, err
	}
	found, err := r.Resolve(name)
	if err != nil && !errors.Is(err, kernel.ErrNotFound) {
		return "", "", err
	}
	return verdictOf(r, k, name, found, reported)
}

// verdictOf is Verify for a name that is already resolved.
func verdictOf(r *Resolver, k kernel.Kernel, name string, found []Found, reported error) (kernel.Verdict, trace.State, error) {
	modules, err := k.Modules()
	if err != nil {
		return "", "", fmt.Errorf("verifying %s: %w", name, err)
	}
	states := make(map[string]trace.State, len(modules))
	for _, m := range modules {
		states[m.Name] = m.State
	}
	if len(found) == 0 && kernel.CheckModuleName(name) == nil {
		// It may be a module from outside the tree.
		found = []Found{{Module: kernel.Normalize(name)}}
	}
	best := trace.Absent
	for _, f := range found {
		state := states[f.Module]
		if state == "" && isBuiltin(r, f) {
			state = trace.Builtin
		}
		if furtherThan(state, best) {
			best = state
		}
	}
	for _, f := range found {
		if best != trace.Absent {
			break
		}
		if own := r.ownName(f.Module, f.File); own != "" && states[own] != "" {
			best = states[own]
		}
	}
	return judge(k, found, best, reported), best, nil
}

// isBuiltin asks the built-in index; what it can't answer is not built in.
func isBuiltin(r *Resolver, f Found) bool {
	if f.Builtin {
		return true
	}
	builtin, err := r.Builtin(f.Module)
	return err == nil && builtin
}

// judge gives the verdict for the state that was found.
func judge(k kernel.Kernel, found []Found, state trace.State, reported error) kernel.Verdict {
	switch {
	case reported != nil && (state == trace.Live || state == trace.Builtin):
		return kernel.Spurious
	case reported != nil:
		return kernel.Failed
	case state == trace.Live:
		return kernel.OK
	case state == trace.Builtin:
		return kernel.IsBuiltin
	case state != trace.Absent:
		return kernel.Premature
	}
	// Success, and no module. A directory of code that is no module is what
	// an old helper takes for built in.
	for _, f := range found {
		if is, err := k.Initstate(f.Module); err == nil && is.Dir && is.State == "" {
			return kernel.FalseBuiltin
		}
	}
	return kernel.Lost
}

// furtherThan orders states by how far a load has come.
func furtherThan(a, b trace.State) bool { return progress(a) > progress(b) }

func progress(s trace.State) int {
	switch s {
	case trace.Live:
		return 5
	case trace.Builtin:
		return 4
	case trace.Coming:
		return 3
	case trace.Unformed:
		return 2
	case trace.Going:
		return 1
	}
	return 0
}

// judge gives the verdict of a load that ends with err and, under a policy
// that checks, turns a success that is none into an error.
func (r *loading) judge(err error) error {
	if r.DryRun || len(r.found) == 0 && !r.falseBuiltin {
		if err != nil {
			r.res.Verdict = kernel.Failed
		}
		return err
	}
	verdict, state, verr := verdictOf(r.Resolver, r.Kernel, r.req.Name, r.found, err)
	if verr != nil {
		if err == nil && r.policy.Checks {
			return verr
		}
		return err
	}
	if err == nil && r.falseBuiltin {
		verdict = kernel.FalseBuiltin
	}
	if err == nil && r.policy.Checks && !r.byConfig && verdict != kernel.OK && verdict != kernel.IsBuiltin {
		err = &kernel.LoadError{
			Op: "verify", Module: r.res.Modules[len(r.res.Modules)-1],
			Err: fmt.Errorf("every step succeeded, but now the module is %s (%s)", state, verdict),
		}
		verdict = kernel.Failed
	}
	if verdict == kernel.Spurious && r.req.First && errors.Is(err, syscall.EEXIST) {
		verdict = kernel.Failed // as was asked for
	}
	r.res.Verdict, r.res.State = verdict, state
	e := trace.Event{Point: StageVerified, State: state, Detail: string(verdict)}
	if n := len(r.res.Modules); n > 0 {
		e.Module = r.res.Modules[n-1]
	}
	r.report(e)
	return err
}
