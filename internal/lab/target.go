package lab

import (
	"context"
	"errors"
	"sync"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// target is a machine as the verbs know it.
type target struct {
	name        string
	boot        Boot
	config      []wire.File
	configPaths []string
	accel       Accel
	made        making
	events      *trace.Log
	resumed     bool
	savedAs     string // the file of the saved machine
	stuck       bool   // the last start hung
	again       string // why it was started twice
	split       split
	settled     chan struct{} // closed when calls may go to the guest
	debug       debugging
	log         guestLog

	past  *past  // what it can go back to
	story *story // up to the last checkpoint that the present follows on; owned by whoever has the turn
	// turn has an element while the machine is saved, forked or replaced:
	// one at a time.
	turn    chan struct{}
	leaving sync.WaitGroup  // machines that were replaced and are being stopped
	life    context.Context // ends when the target is closed
	end     context.CancelFunc

	mu      sync.Mutex
	vm      *vm
	moving  chan struct{} // closed when another machine stands behind the target; nil while none is under way
	saved   string        // what became of saving it
	unsaved string        // why it is not saved
}

// making is what it takes to start a machine of the same kind.
type making struct {
	cache   *Cache
	qemu    qemu
	machine machine
	options vmOptions
}

// newTarget returns a target without a machine.
func newTarget(name string, past *past) *target {
	t := &target{name: name, past: past, settled: make(chan struct{}), turn: make(chan struct{}, 1)}
	t.life, t.end = context.WithCancel(context.Background())
	return t
}

// running returns the machine behind the target.
func (t *target) running() *vm {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.vm
}

var _ kernel.Target = (*target)(nil)

// Name implements kernel.Target.
func (t *target) Name() string { return t.name }

// Can implements kernel.Target: a machine can do everything, but it has a tree
// only when it was given modules.
func (t *target) Can(op kernel.Op) error {
	if op == kernel.OpTree && t.boot.Kernel.Modules == "" {
		return &kernel.UnsupportedError{Target: t.name, Op: op, Why: "the kernel was given without a module directory (--modules)"}
	}
	return nil
}

// Damaged implements kernel.Damaged. What loaders in the guest pass over is told
// by who resolves the same names in the same tree out here.
func (t *target) Damaged() []error { return t.boot.damage.List() }

// Tree implements kernel.Target: the tree that the guest has a copy of, with the
// command line that its kernel was started with.
func (t *target) Tree() (kernel.Tree, error) {
	if err := t.Can(kernel.OpTree); err != nil {
		return kernel.Tree{}, err
	}
	return kernel.Tree{Dir: t.boot.Kernel.Modules, Release: t.boot.Kernel.Release, Config: t.configPaths, Cmdline: t.made.machine.kernelLine()}, nil
}

// OpenedWith implements kernel.Opened.
func (t *target) OpenedWith() kernel.Opening {
	o := kernel.Opening{Config: t.configPaths}
	if t.boot.Kernel.Source == SourcePath {
		o.Kernel = t.boot.Kernel.Release
	}
	return o
}

// call asks the agent, once the machine has settled and stays the target's.
func (t *target) call(ctx context.Context, op wire.Op, args, result any) error {
	switch op {
	case wire.OpLoad, wire.OpUnload, wire.OpRequest:
		defer t.debug.aside.Add(1)
	}
	for {
		t.mu.Lock()
		v, moving := t.vm, t.moving
		t.mu.Unlock()
		if moving == nil {
			select {
			case <-t.settled:
			case <-v.dead:
			case <-ctx.Done():
				return ctx.Err()
			}
			return v.call(ctx, op, args, result)
		}
		select {
		case <-moving:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// configure replaces the guest's /etc/modprobe.d.
func (t *target) configure(ctx context.Context, v *vm) error {
	if len(t.config) == 0 {
		return nil // as it has booted
	}
	return v.call(ctx, wire.OpConfigure, wire.Configure{Files: t.config}, nil)
}

// Modules implements kernel.Target.
func (t *target) Modules(ctx context.Context) (list []kernel.Module, err error) {
	err = t.call(ctx, wire.OpModules, nil, &list)
	return list, err
}

// Load implements kernel.Target.
func (t *target) Load(ctx context.Context, req kernel.LoadRequest) (r kernel.LoadResult, err error) {
	if err := t.lacks(req.Name); err != nil {
		return kernel.NoLoad(req.Name), err
	}
	if t.debugged() {
		o, err := t.perform(ctx, kernel.Task{Verb: "load", Name: req.Name, Params: req.Params, Policy: req.Policy, First: req.First})
		if o.Load == nil {
			return kernel.NoLoad(req.Name), err
		}
		return *o.Load, err
	}
	t.debug.before.Store(true)
	err = t.call(ctx, wire.OpLoad, req, &r)
	return r, err
}

// Unload implements kernel.Target.
func (t *target) Unload(ctx context.Context, req kernel.UnloadRequest) (r kernel.UnloadResult, err error) {
	if t.debugged() {
		o, err := t.perform(ctx, kernel.Task{Verb: "unload", Name: req.Name, Force: req.Force, Deps: req.Deps, Holders: req.Holders})
		if o.Unload == nil {
			return kernel.UnloadResult{Name: req.Name, Steps: []kernel.Step{}}, err
		}
		return *o.Unload, err
	}
	t.debug.before.Store(true)
	err = t.call(ctx, wire.OpUnload, req, &r)
	return r, err
}

// Request implements kernel.Target.
func (t *target) Request(ctx context.Context, name string) (r kernel.RequestResult, err error) {
	if t.debugged() {
		r, _, err = t.ask(ctx, name)
		return r, err
	}
	t.debug.before.Store(true)
	err = t.call(ctx, wire.OpRequest, wire.Request{Name: name}, &r)
	return r, err
}

// Log implements kernel.Target.
func (t *target) Log(ctx context.Context, n int) (lines []string, err error) {
	seq, life := t.log.mark()
	var l wire.LogLines
	if err := t.call(ctx, wire.OpLog, wire.LogArgs{Since: seq}, &l); err != nil {
		return nil, err
	}
	t.log.take(l.Lines, l.Seq, life)
	return t.log.last(n), nil
}

// Events implements kernel.Target.
func (t *target) Events() *trace.Log { return t.events }

// Sync implements kernel.Target. The guest sends its events and its answers
// over one line, in order, and they are taken off it by one goroutine.
func (t *target) Sync(ctx context.Context) error {
	return t.call(ctx, wire.OpSync, nil, nil)
}

// Err implements kernel.Target.
func (t *target) Err() error { return t.running().Err() }

// Close implements kernel.Target.
func (t *target) Close() error {
	t.mu.Lock()
	t.end()
	v := t.vm
	t.mu.Unlock()
	err := v.close() // whoever saves or replaces it fails now
	t.turn <- struct{}{}
	defer func() { <-t.turn }()
	if now := t.running(); now != v {
		err = now.close()
	}
	t.leaving.Wait()
	t.events.Close()
	return errors.Join(err, t.past.close())
}
