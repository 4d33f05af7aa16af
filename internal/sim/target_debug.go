package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

var _ kernel.Debugger = (*Target)(nil)

// lock takes the target for one operation; the caller must call t.mu.Unlock
// when the error is nil.
func (t *Target) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return kernel.ErrClosed
	}
	return nil
}

// act does one action and makes its events known.
func (t *Target) act(ctx context.Context, a Action) error {
	if err := t.lock(ctx); err != nil {
		return err
	}
	defer t.mu.Unlock()
	defer t.publish()
	return t.run.Do(a)
}

// Tasks implements kernel.Debugger.
func (t *Target) Tasks() []kernel.Fact {
	var list []kernel.Fact
	names, says := Tasks()
	for i, n := range names {
		list = append(list, kernel.Fact{Name: n, Value: says[i]})
	}
	return list
}

// Spawn implements kernel.Debugger.
func (t *Target) Spawn(ctx context.Context, id string, task kernel.Task) error {
	return words(t.act(ctx, Action{Kind: DoSpawn, Thread: id, Task: &task}))
}

// words makes what is wrong with a person's words an error of that kind.
func words(err error) error {
	if err == nil || errors.Is(err, kernel.ErrNotFound) || errors.Is(err, kernel.ErrClosed) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &kernel.WordsError{Msg: err.Error()}
}

// Release implements kernel.Debugger.
func (t *Target) Release(ctx context.Context, id string) error {
	return t.act(ctx, Action{Kind: DoRelease, Thread: id})
}

// Signal implements kernel.Debugger.
func (t *Target) Signal(ctx context.Context, id, signal string) error {
	return words(t.act(ctx, Action{Kind: DoSignal, Thread: id, Value: signal}))
}

// Set implements kernel.Debugger.
func (t *Target) Set(ctx context.Context, setting string) error {
	return words(t.act(ctx, Action{Kind: DoSet, Value: setting}))
}

// AddFault implements kernel.Debugger.
func (t *Target) AddFault(ctx context.Context, f kernel.Fault) (int, error) {
	if strings.HasPrefix(f.Point, trace.FuncPrefix) {
		return 0, &kernel.UnsupportedError{Op: kernel.OpFunctions, Target: t.Name(), Why: "a simulated kernel has none; " + f.Point + " is for a machine (vm:) with the test driver"}
	}
	if err := t.lock(ctx); err != nil {
		return 0, err
	}
	defer t.mu.Unlock()
	err := t.run.Do(Action{Kind: DoFault, Fault: &Fault{
		Point: f.Point, Module: f.Module, Thread: f.Thread, Hit: f.Hit,
		Hold: f.Hold, Delay: f.Delay, Fail: Errno(f.Fail),
	}})
	return t.run.world.faults.last, err
}

// RemoveFault implements kernel.Debugger.
func (t *Target) RemoveFault(ctx context.Context, number int) error {
	return t.act(ctx, Action{Kind: DoUnfault, N: number})
}

// Pos implements kernel.Debugger.
func (t *Target) Pos() (pos, end int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.run.Pos(), t.run.Len()
}

// Goto implements kernel.Debugger.
func (t *Target) Goto(ctx context.Context, pos int) error {
	if err := t.lock(ctx); err != nil {
		return err
	}
	defer t.mu.Unlock()
	err := t.run.Goto(pos)
	if t.track {
		t.run.world.Track(true)
	}
	t.last, t.touched = "", false
	if n := len(t.run.world.events); n < t.shown {
		t.log.Cut(uint64(n))
		t.shown = n
	}
	t.publish()
	return err
}

// Fork implements kernel.Debugger.
func (t *Target) Fork(ctx context.Context) (kernel.Debugger, error) {
	if err := t.lock(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	run, err := t.run.Fork()
	if err != nil {
		return nil, err
	}
	f := newTarget(t.name, t.sys, run)
	f.serial, f.last, f.tree, f.config = t.serial, t.last, t.tree, t.config
	f.publish()
	return f, nil
}

// Outcome implements kernel.Debugger.
func (t *Target) Outcome(ctx context.Context, id string) (kernel.Outcome, error) {
	if err := t.lock(ctx); err != nil {
		return kernel.Outcome{}, err
	}
	defer t.mu.Unlock()
	o := t.run.Outcome(id)
	if o == nil {
		return kernel.Outcome{}, fmt.Errorf("%w: no spawned thread %q", kernel.ErrNotFound, id)
	}
	return *o, nil
}

// Settings implements kernel.Debugger.
func (t *Target) Settings() []kernel.Setting {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.run.world
	policy := w.Policy
	if policy == "" {
		policy = "verified"
	}
	list := []kernel.Setting{
		{Name: "policy", Values: "NAME", Value: policy, Says: "The policy that /sbin/modprobe works by."},
		{Name: "modprobe", Values: "PATH", Value: w.ModprobePath, Says: "The program a request starts, kernel.modprobe."},
		{Name: "umh", Values: "enabled|freezing|disabled", Value: string(w.UMH), Says: "Whether the usermode helper may start programs."},
		{Name: "helper", Values: helperForms, Value: w.helperText(), Says: "What /sbin/modprobe does when it is started."},
	}
	list = append(list, w.adminSettings()...)
	for _, s := range Switches() {
		list = append(list, kernel.Setting{Name: s.Name, Values: s.Values, Value: w.Profile.Get(s.Name), Says: s.Says})
	}
	return slices.Clip(list)
}
