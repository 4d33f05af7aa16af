package agent

import (
	"context"
	"fmt"
	"syscall"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// ended is the end of a request thread.
func (d *driver) ended(e inject.Event) {
	d.mu.Lock()
	t := d.askers[e.ID]
	delete(d.askers, e.ID)
	d.mu.Unlock()
	if t == nil {
		return
	}
	d.spawn(func() {
		var verdict kernel.Verdict
		var state trace.State
		var err error
		if name, asks := t.judged(); asks {
			verdict, state, err = d.judge(name, e.Ret)
		}
		d.steps.end(t, func() {
			o := &t.outcome
			o.Ret, o.Verdict, o.State = e.Ret, verdict, state
			o.Began, o.Ended = e.Time-int64(e.Took), e.Time
			if t.task.Verb == "getfs" && e.Ret != 0 {
				o.Ret = -int64(syscall.ENODEV) // what mount makes of it (fs/namespace.c, do_new_mount)
			}
			if err != nil {
				o.Error = wire.FromError(err)
			}
		})
	})
}

// judged is the name by which a request is judged: of a file system type, that
// of its alias. asks is false of what asks for nothing.
func (t *thread) judged() (name string, asks bool) {
	switch t.task.Verb {
	case "request":
		return t.task.Name, true
	case "getfs":
		return "fs-" + t.task.Name, true
	}
	return "", false
}

// kernelTasks are the tasks that threads of the test driver do, by verb.
var kernelTasks = map[string]inject.Mode{
	"request": inject.Wait, "getfs": inject.FS, "symbol": inject.Symbol, "firmware": inject.Firmware,
	"suspend": inject.Suspend, "resume": inject.Resume,
}

// begin makes a kernel thread that will do a task, and waits until it stands at
// its beginning.
func (d *driver) begin(ctx context.Context, t *thread) error {
	mode, ok := kernelTasks[t.task.Verb]
	if !ok {
		return fmt.Errorf("%w: no thread of the kernel can %s", wire.ErrProtocol, clipText(t.task.Verb, 32))
	}
	if t.task.NoWait {
		mode = inject.NoWait
	}
	d.mu.Lock()
	d.serial++
	id := fmt.Sprintf("t%d", d.serial)
	d.askers[id] = t
	d.mu.Unlock()
	r := inject.Request{ID: id, Name: t.task.Name, Mode: mode, Traced: true}
	if err := d.send(r); err != nil {
		d.mu.Lock()
		delete(d.askers, id)
		d.mu.Unlock()
		return err
	}
	return d.steps.begun(ctx, t)
}
