package lab

import (
	"context"
	"errors"
	"fmt"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// debugged says whether the machine is debugged: then what the verbs of Target
// do is history, too, and faults strike it.
func (t *target) debugged() bool {
	t.debug.mu.Lock()
	defer t.debug.mu.Unlock()
	return t.debug.began
}

// perform has a thread of its own do a task, without a stop at points, and whoever
// it waits for go on, until it has ended.
func (t *target) perform(ctx context.Context, task kernel.Task) (wire.Outcome, error) {
	var o wire.Outcome
	done, err := t.begin(ctx)
	if err != nil {
		return o, err
	}
	defer done()
	d := &t.debug
	id := ""
	for id == "" || d.thread(id) != nil {
		d.serial++
		id = fmt.Sprintf("%s-%d", task.Verb, d.serial)
	}
	if _, err := t.do(ctx, action{op: wire.OpSpawn, thread: id, task: task}); err != nil {
		return o, err
	}
	stop, err := t.run(ctx, kernel.RunOptions{First: id, Until: id}, true)
	if err != nil {
		return o, err
	}
	if th := d.thread(id); !th.Done {
		where := "waits for " + th.Waits
		if th.Status == "held" {
			where = "is held at " + th.At
		}
		return o, fmt.Errorf("%s: %w", t.name, &kernel.StuckError{Thread: id, Where: where, Nobody: stop.Reason == kernel.StopDeadlock})
	}
	err = t.call(ctx, wire.OpOutcome, wire.ThreadArgs{ID: id}, &o)
	return o, errors.Join(err, o.Error.Err(t.name))
}
