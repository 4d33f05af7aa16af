package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
	"golang.org/x/sys/unix"
)

func (d *debugger) doSpawn(ctx context.Context, raw json.RawMessage) (any, error) {
	a, err := args[wire.Spawn](raw)
	if err != nil {
		return nil, err
	}
	v, err := lookupTask(a.Task.Verb)
	switch {
	case err != nil:
		return nil, err
	case a.Task.Name == "" && !v.Driver && v.Name != "testkmod":
		return nil, &kernel.WordsError{Msg: v.Name + ": what? a name is missing"}
	case v.Driver && d.driver() == nil:
		return nil, d.errNoDriver("a thread of the kernel that does " + v.Name)
	case v.Driver:
		if err := d.spawnKernel(ctx, a, v); err != nil {
			return nil, err
		}
		return d.moved(ctx, a.Tell, "", nil)
	}
	if v.Name == "insmod" || v.Name == "init" {
		if _, err := moduleFile(a.Task.Name); err != nil {
			return nil, fmt.Errorf("%s: %w", v.Name, err)
		}
	}
	if err := d.spawnChild(ctx, a, v); err != nil {
		return nil, err
	}
	return d.moved(ctx, a.Tell, "", nil)
}

// spawnKernel makes a kernel thread that will do a task.
func (d *debugger) spawnKernel(ctx context.Context, a wire.Spawn, v wire.Task) error {
	t := &thread{id: a.ID, comm: v.Comm, task: &a.Task, kernel: true}
	t.outcome.Task = a.Task.String()
	t.kill = func(sig string) error {
		// The thread allows SIGTERM, and no wait of a request ends by it. To the thread itself: one that is pending for the whole process does
		// not end a killable wait of a kernel thread (signal_pending_state).
		return unix.Tgkill(t.pid, t.pid, signalOf(sig))
	}
	if err := d.steps.add(t); err != nil {
		return err
	}
	if err := d.driver().begin(ctx, t); err != nil {
		d.steps.forget(t)
		return err
	}
	return d.driver().named(t)
}

// killProcess sends a process that is not a child of ours SIGKILL or SIGTERM.
func killProcess(pid int, sig string) error {
	if err := unix.Kill(pid, signalOf(sig)); err != nil && err != unix.ESRCH {
		return err
	}
	return nil
}

// spawnChild starts a process that will do a task, and waits until it stands
// at its beginning.
func (d *debugger) spawnChild(ctx context.Context, a wire.Spawn, v wire.Task) error {
	t := &thread{id: a.ID, comm: v.Comm, task: &a.Task}
	t.outcome.Task = a.Task.String()
	if err := d.steps.add(t); err != nil {
		return err
	}
	r, err := d.children.start(job{Op: wire.OpSpawn, Args: wire.Marshal(a.Task)})
	if err != nil {
		d.steps.forget(t)
		return err
	}
	d.steps.born(t, r.pid, func(sig string) error {
		if sig == "KILL" {
			r.kill()
			return nil
		}
		return unix.Tgkill(r.pid, t.tid, unix.SIGTERM)
	})
	d.spawn(func() {
		status := <-r.ended
		var out wire.Outcome
		err := r.answer(status, &out)
		d.stream.ended(r.pid)
		d.steps.end(t, func() { t.became(out, err, status) })
	})
	if err := d.steps.begun(ctx, t); err != nil || d.driver() == nil {
		return err
	}
	if err := d.driver().follow(r.pid); err != nil {
		return err
	}
	return d.driver().named(t)
}

// became notes what became of a task whose process has ended.
func (t *thread) became(out wire.Outcome, err error, status unix.WaitStatus) {
	began := t.outcome.Began
	text := t.outcome.Task
	t.outcome = out
	if t.outcome.Task = text; out.Began == 0 {
		t.outcome.Began = began
	}
	switch {
	case status.Signaled():
		t.killed, t.outcome.Killed, t.outcome.Ret = true, true, killedStatus
	case err != nil && t.outcome.Error == nil:
		t.outcome.Error, t.outcome.Ret = wire.FromError(err), -1
	}
}

// forget takes back a thread that could not be started.
func (s *stepper) forget(t *thread) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.threads = slices.DeleteFunc(s.threads, func(o *thread) bool { return o == t })
	delete(s.byID, t.id)
}

// born notes the process of a thread.
func (s *stepper) born(t *thread, pid int, kill func(string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.pid, t.kill = pid, kill
	s.byTask[pid] = t
	s.touched(t)
}
