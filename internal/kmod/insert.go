package kmod

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// maxAttempts bounds how often one module is handed to the kernel in one load.
// More than two are needed only when other loaders come and go meanwhile.
const maxAttempts = 16

// WaitError says that a loader's patience ended before a module of another
// loader had settled.
type WaitError struct {
	Module string
	State  trace.State   // as it was last seen
	For    string        // what the loader waited for
	Waited time.Duration // on the kernel's clock
}

func (e *WaitError) Error() string {
	return fmt.Sprintf("waited %s for %s %s, it is still %s", e.Waited, e.Module, e.For, e.State)
}

// insert hands one module to the kernel and, where the policy waits, sees to
// it that it ends live. at is how the module was last seen.
func (r *loading) insert(ctx context.Context, s PlanStep, at sight, self bool) error {
	if s.Line != "" {
		r.show(s.Line)
	}
	if r.DryRun {
		r.step(kernel.Step{Module: s.Module, File: s.File, Params: s.Params, Action: "insert", Because: "dry run"})
		return nil
	}
	if !r.policy.Waits {
		err := r.attempt(ctx, s)
		if errors.Is(err, syscall.EEXIST) && !(self && r.req.First) {
			return nil // as kmod: it is there, whoever did it
		}
		return err
	}
	return r.insertAndWait(ctx, s, at, self)
}

// insertAndWait loads a module whatever other loaders do with it meanwhile:
//
//   - coming or going: it waits until the module is live or gone, and never
//     takes either for done;
//   - EEXIST: success once the module is live. Up to Linux 5.2 it is answered
//     for a module that is going, too (kernel/module.c, add_unformed_module);
//   - EBUSY: another load of it failed or it is going, so the reason passes,
//     and the kernel does not try again itself (Linux 6.2 and stable releases,
//     commit 0254127ab977).
//
// An init function may return these two itself. So without any sign of another
// loader the kernel is asked again only once.
func (r *loading) insertAndWait(ctx context.Context, s PlanStep, at sight, self bool) error {
	w := waiter{loading: r, module: s.Module}
	alone := 0 // answers in a row with no other loader to be seen
	for n := 1; ; n++ {
		if at.state == trace.Coming || at.state == trace.Going {
			alone = 0
			var err error
			if at.state, err = w.settle(ctx, at.state); err != nil {
				return r.failed(s, "wait", err)
			}
		}
		if at.inKernel() {
			return r.lateLive(s, self)
		}
		err := r.attempt(ctx, s)
		if !errors.Is(err, syscall.EEXIST) && !errors.Is(err, syscall.EBUSY) || ctx.Err() != nil {
			return err
		}
		var lookErr error
		if at, lookErr = r.policy.look(r.Resolver, r.Kernel, s.Module, false); lookErr != nil {
			return errors.Join(err, lookErr)
		}
		if at.state == trace.Absent {
			if own := r.Resolver.ownName(s.Module, s.File); own != "" && errors.Is(err, syscall.EEXIST) {
				if there, lookErr := r.policy.look(r.Resolver, r.Kernel, own, false); lookErr == nil && there.inKernel() {
					return r.lateLive(s, self)
				}
			}
			if alone++; alone == 2 {
				return err
			}
			if slept := w.pause(ctx); slept != nil {
				return errors.Join(err, slept)
			}
		}
		if n == maxAttempts {
			return err
		}
	}
}

// lateLive notes that another loader made the module live meanwhile.
func (r *loading) lateLive(s PlanStep, self bool) error {
	step := kernel.Step{Module: s.Module, File: s.File, Action: "wait", Because: "another loader made it live"}
	var err error
	if self && r.req.First {
		step.Errno = kernel.ErrnoName(syscall.EEXIST)
		err = &kernel.LoadError{Op: "insert", Module: s.Module, File: s.File, Errno: syscall.EEXIST}
	}
	r.step(step)
	return err
}

// failed notes a step that failed without an answer of the kernel.
func (r *loading) failed(s PlanStep, action string, cause error) error {
	err := &kernel.LoadError{Op: "insert", Module: s.Module, File: s.File, Err: cause}
	r.step(kernel.Step{Module: s.Module, File: s.File, Action: action, Because: cause.Error()})
	return err
}

// attempt hands the module to the kernel once and notes the step.
func (r *loading) attempt(ctx context.Context, s PlanStep) error {
	step := kernel.Step{Module: s.Module, File: s.File, Params: s.Params, Action: "insert", Because: s.Because}
	params := s.Params
	if r.AtHand {
		params = s.given // as kmod, for who looks over its shoulder
	}
	mark := r.Kernel.LogMark()
	start := r.now()
	op, err := handOver{
		kernel: r.Kernel, module: s.Module, file: s.File, params: params, flags: r.Flags, report: r.report,
		open: func() (fs.File, error) { return r.Resolver.Tree().Open(s.File) },
		note: func(text string) { step.Because = joinWords(step.Because, text) },
	}.insert(ctx)
	step.Took = r.now() - start
	errno := kernel.ErrnoOf(err)
	if op != "insert" {
		errno = 0 // not the kernel's answer to the load
	}
	if err != nil {
		le := &kernel.LoadError{Op: op, Module: s.Module, File: s.File, Errno: errno}
		if errno == 0 {
			le.Err = err
			step.Because = err.Error()
		} else {
			step.Errno = kernel.ErrnoName(errno)
			step.Log = logOf(r.logSince(mark), s.Module, false)
			le.Log = step.Log
			if r.Why != nil {
				le.Why = r.Why(s, le)
			}
		}
		err = le
	} else {
		step.Log = logOf(r.logSince(mark), s.Module, true)
	}
	r.step(step)
	return err
}

// logSince is what the kernel logged since a mark, without what is about modules
// that were loaded at the same time.
func (r *loading) logSince(mark kernel.LogMark) []string {
	lines := r.Kernel.LogSince(mark)
	if r.foreign != nil {
		lines = slices.DeleteFunc(lines, r.foreign)
	}
	return lines
}

// joinWords joins what is said of one thing.
func joinWords(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
