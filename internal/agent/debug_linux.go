package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// debugger is the guest's side of debugging: the threads that were spawned, the
// gate at which loaders stop, and the settings of helpers. All of it lives in
// the guest, so that a machine that is brought back from a checkpoint has it as
// it was.
type debugger struct {
	steps    *stepper
	gate     *gate
	children *children
	stream   *stream
	spawn    func(func())
	log      *kernelLog
	told     told
	roots    roots

	mu     sync.Mutex
	drv    *driver // nil when it is not there
	noDrv  string  // why it is not
	policy string  // of helpers, "" the usual one
	hidden hidden
	helper string // what stands in the place of modprobe, "" the real one
}

// newDebugger opens the gate.
func newDebugger(c *children, s *stream, spawn func(func())) (*debugger, error) {
	d := &debugger{steps: newStepper(lookAt, monotonic), children: c, stream: s, spawn: spawn, log: openKernelLog()}
	d.steps.hung, d.steps.async = hungLimit, lookAsync
	d.steps.kill = killProcess
	d.gate = &gate{steps: d.steps, spawn: spawn, who: d.who, settings: func() (string, string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.policy, d.helper
	}}
	s.nameOf = d.steps.idOf
	return d, openGate(gatePath, d.gate)
}

// operations are the debugger's part of the table of what the guest can do.
func (d *debugger) operations() map[wire.Op]operation {
	return map[wire.Op]operation{
		wire.OpSpawn:    d.doSpawn,
		wire.OpStep:     d.doStep,
		wire.OpAwait:    d.doAwait,
		wire.OpFree:     d.doFree,
		wire.OpRelease:  d.doRelease,
		wire.OpSignal:   d.doSignal,
		wire.OpFault:    d.doFault,
		wire.OpUnfault:  d.doUnfault,
		wire.OpSet:      d.doSet,
		wire.OpSettings: d.doSettings,
		wire.OpSnapshot: d.doSnapshot,
		wire.OpOutcome:  d.doOutcome,
		wire.OpDriver:   d.doDriver,
		wire.OpAccount:  d.doAccount,
	}
}

// args decodes the arguments of an operation.
func args[T any](raw json.RawMessage) (a T, err error) {
	err = wire.Unmarshal(raw, &a)
	return a, err
}

// threads answers what has changed after a version, once all events of it are
// on their way.
func (d *debugger) threads(ctx context.Context, since uint64, err error) (wire.Threads, error) {
	a := d.steps.since(since)
	seq, syncErr := d.stream.sync(ctx)
	a.Seq = seq
	return a, errors.Join(err, syncErr)
}

// moved answers what has moved threads: with what there is to see then, when
// the host wants to look and nothing went wrong.
func (d *debugger) moved(ctx context.Context, tell wire.Tell, stuck string, err error) (any, error) {
	if tell.Look != nil && err == nil && stuck == "" {
		return d.look(ctx, tell.Since, *tell.Look)
	}
	a, err := d.threads(ctx, tell.Since, err)
	a.Stuck = stuck
	return a, err
}

// who says which thread the loader of a process is. A loader that the kernel
// has started is the helper of a thread that waits for one.
func (d *debugger) who(pid int) *thread {
	if t := d.steps.ofTask(pid); t != nil && t.stand != standDone {
		return t
	}
	if !kernelStarted(pid) {
		return nil
	}
	if d.driver() != nil {
		// The driver tells of those that are followed before their exec: what it
		// has told may not have been taken in yet.
		ctx, cancel := context.WithTimeout(context.Background(), stateWait)
		defer cancel()
		if _, err := d.stream.sync(ctx); err != nil {
			return nil
		}
		return d.steps.ofTask(pid)
	}
	parent := d.steps.requester()
	if parent == nil {
		return nil
	}
	return d.steps.addHelper(pid, parent, 0)
}

func (d *debugger) doStep(ctx context.Context, raw json.RawMessage) (any, error) {
	a, err := args[wire.ThreadArgs](raw)
	if err != nil {
		return nil, err
	}
	defer d.stream.work()()
	stuck, err := d.steps.step(ctx, a.ID, a.Free)
	return d.moved(ctx, a.Tell, stuck, err)
}

func (d *debugger) doAwait(ctx context.Context, raw json.RawMessage) (any, error) {
	a, err := args[wire.Await](raw)
	if err != nil {
		return nil, err
	}
	if a.For < 0 {
		return nil, fmt.Errorf("%w: a time of %d ns", wire.ErrProtocol, a.For)
	}
	defer d.stream.work()()
	return d.moved(ctx, a.Tell, "", d.steps.await(ctx, a.For))
}

func (d *debugger) doFree(ctx context.Context, raw json.RawMessage) (any, error) {
	a, err := args[wire.Free](raw)
	if err != nil {
		return nil, err
	}
	if a.Limit < 0 {
		return nil, fmt.Errorf("%w: a time of %d ns", wire.ErrProtocol, a.Limit)
	}
	defer d.stream.work()()
	return d.moved(ctx, a.Tell, "", d.steps.freeAll(ctx, a.Limit))
}

func (d *debugger) doRelease(ctx context.Context, raw json.RawMessage) (any, error) {
	a, err := args[wire.ThreadArgs](raw)
	if err != nil {
		return nil, err
	}
	if err := d.steps.release(a.ID); err != nil {
		return nil, err
	}
	return d.moved(ctx, a.Tell, "", nil)
}

func (d *debugger) doSignal(ctx context.Context, raw json.RawMessage) (any, error) {
	a, err := args[wire.Signal](raw)
	if err != nil {
		return nil, err
	}
	defer d.stream.work()()
	return d.moved(ctx, a.Tell, "", d.steps.signal(ctx, a.ID, a.Signal))
}

func (d *debugger) doFault(_ context.Context, raw json.RawMessage) (any, error) {
	a, err := args[wire.FaultArgs](raw)
	if err != nil {
		return nil, err
	}
	if !isStage(a.Fault.Point) {
		dr := d.driver()
		if dr == nil {
			return nil, d.errNoDriver("a fault at " + a.Fault.Point)
		}
		err := dr.canFault(a.Fault)
		if err == nil {
			err = dr.fault(a.Fault, false)
		}
		if err != nil {
			return nil, err
		}
	}
	d.steps.mu.Lock()
	defer d.steps.mu.Unlock()
	return nil, d.steps.faults.add(a.Fault)
}

func (d *debugger) doUnfault(_ context.Context, raw json.RawMessage) (any, error) {
	a, err := args[wire.Unfault](raw)
	if err != nil {
		return nil, err
	}
	if dr := d.driver(); dr != nil {
		dr.unfault(func(f kernel.Fault) bool { return f.Number == a.Number })
	}
	d.steps.mu.Lock()
	there := d.steps.faults.remove(a.Number)
	faults := slices.Clone(d.steps.faults.list)
	d.steps.mu.Unlock()
	if !there {
		return nil, fmt.Errorf("%w: no fault %d", kernel.ErrNotFound, a.Number)
	}
	if dr := d.driver(); dr != nil {
		return nil, dr.unhook(faults)
	}
	return nil, nil
}

func (d *debugger) doOutcome(_ context.Context, raw json.RawMessage) (any, error) {
	a, err := args[wire.ThreadArgs](raw)
	if err != nil {
		return nil, err
	}
	d.steps.mu.Lock()
	defer d.steps.mu.Unlock()
	t := d.steps.byID[a.ID]
	if t == nil || t.task == nil {
		return nil, fmt.Errorf("%w: no spawned thread %q", kernel.ErrNotFound, clipText(a.ID, 64))
	}
	return t.outcome, nil
}
