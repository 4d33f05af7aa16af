package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

var _ kernel.Repeater = (*target)(nil)

// errBefore: positions begin when a machine is debugged.
var errBefore = errors.New("modules were loaded, unloaded or requested before the machine was debugged, and that is no part of what is kept")

// kinds are the actions of a machine by what the guest is asked for.
var kinds = map[wire.Op]kernel.ActionKind{
	wire.OpSpawn: kernel.ActSpawn, wire.OpStep: kernel.ActStep, wire.OpAwait: kernel.ActWait, wire.OpFree: kernel.ActAll,
	wire.OpRelease: kernel.ActRelease, wire.OpSignal: kernel.ActSignal, wire.OpFault: kernel.ActFault, wire.OpUnfault: kernel.ActUnfault,
	wire.OpSet: kernel.ActSet, wire.OpRequest: kernel.ActRequest,
}

// told is the action for who keeps it elsewhere.
func (a action) told() kernel.Action {
	k := kernel.Action{Do: kinds[a.op], Thread: a.thread, Free: a.free, For: time.Duration(a.limit), Value: a.text, Events: a.events}
	switch a.op {
	case wire.OpSpawn:
		k.Task = &a.task
	case wire.OpFault:
		k.Fault = &a.fault
	case wire.OpUnfault:
		k.N = a.fault.Number
	}
	return k
}

// History implements kernel.Repeater.
func (t *target) History() ([]kernel.Action, error) {
	d := &t.debug
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]kernel.Action, 0, d.pos)
	for _, a := range d.actions[:d.pos] {
		list = append(list, a.told())
	}
	if d.before.Load() {
		return list, errBefore
	}
	return list, nil
}

// Died implements kernel.Repeater.
func (t *target) Died() (*kernel.Action, error) {
	d := &t.debug
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fatalErr == nil || d.fatalAt != d.pos || t.Err() == nil {
		return nil, nil
	}
	a := d.fatal.told()
	return &a, d.fatalErr
}

// Again implements kernel.Repeater.
func (t *target) Again(ctx context.Context, a kernel.Action) error {
	if a.Do == kernel.ActRequest {
		_, refused, err := t.ask(ctx, a.Value)
		if refused {
			err = nil
		}
		return err
	}
	moves := []wire.Op{wire.OpStep, wire.OpAwait, wire.OpFree}
	i := slices.IndexFunc(moves, func(op wire.Op) bool { return kinds[op] == a.Do })
	if i < 0 {
		return fmt.Errorf("no action %q of this kind", a.Do)
	}
	done, err := t.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	r, err := t.do(ctx, action{op: moves[i], thread: a.Thread, free: a.Free, limit: int64(a.For)})
	if err != nil {
		return err
	}
	if r.Stuck != "" {
		return &kernel.StuckError{Thread: a.Thread, Where: r.Stuck, Nobody: t.debug.stuck()}
	}
	if a.Thread != "" {
		t.debug.last = a.Thread
	}
	return t.keep(ctx)
}

// ask has the kernel of a machine that is debugged ask for a module, which is an
// action like any other; refused says that the error is what came of it.
func (t *target) ask(ctx context.Context, name string) (r kernel.RequestResult, refused bool, err error) {
	done, err := t.begin(ctx)
	if err != nil {
		return r, false, err
	}
	defer done()
	d := &t.debug
	d.asked = kernel.RequestResult{}
	_, err = t.do(ctx, action{op: wire.OpRequest, text: name})
	if err == nil {
		err, refused = d.refused, d.refused != nil
	}
	return d.asked, refused, errors.Join(err, t.keep(ctx))
}

// request is the action of ask. That the kernel did not get what it asked for is
// no reason to do it otherwise the next time.
func (t *target) request(ctx context.Context, name string) error {
	d := &t.debug
	d.refused = nil
	err := t.call(ctx, wire.OpRequest, wire.Request{Name: name}, &d.asked)
	var no *kernel.UnsupportedError
	if err == nil || ctx.Err() != nil || t.Err() != nil || errors.As(err, &no) {
		return err
	}
	d.refused = err
	return nil
}
