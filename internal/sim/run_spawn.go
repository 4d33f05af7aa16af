package sim

import (
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

func (r *Run) spawn(a Action) error {
	if a.Task == nil || a.Thread == "" {
		return fmt.Errorf("spawn needs the name of a thread and what it is to do")
	}
	if r.out[a.Thread] != nil || strings.HasPrefix(a.Thread, "helper-") && r.world.Thread(a.Thread) != nil {
		return fmt.Errorf("there is a thread %s already", a.Thread)
	}
	d, err := r.duty(a.Task)
	if err != nil {
		return err
	}
	o := &Outcome{Task: d.text}
	r.out[a.Thread] = o
	t := r.world.Spawn(a.Thread, d.comm, func(t *Thread) int64 {
		o.Began = t.w.now
		o.Ret, o.Done = t.process(func() int64 { return d.run(r.sys, t, d.task, o) })
		o.Ended = t.w.now
		o.Killed, o.Done = !o.Done, true
		return o.Ret
	})
	t.user = d.comm != kthread
	t.outcome = o
	t.alike(d.class)
	return nil
}

// kthread is the name of a kernel thread that does a task.
const kthread = "kthread"

// duty is a task made ready to be spawned.
type duty struct {
	taskVerb
	task Task
	text string
	comm string
	// class is the same of tasks that are the same.
	class uint64
}

// duty returns the task's. A search spawns the same few over and over, so that
// they are kept for as long as the run lives. A task that was done must not be
// changed: going back does it again.
func (r *Run) duty(k *Task) (*duty, error) {
	if d := r.duties[k]; d != nil {
		return d, nil
	}
	v, err := r.sys.check(*k)
	if err != nil {
		return nil, err
	}
	d := &duty{taskVerb: v, task: *k, text: k.String(), comm: kthread, class: hashString(fmt.Sprintf("%+v", *k))}
	switch k.Verb {
	case "load", "unload":
		d.comm = "modprobe"
	case "insmod", "init":
		d.comm = "insmod"
	case "rmmod", "mount", "umount", "udev":
		d.comm = k.Verb
	case "initstate":
		d.comm = "cat"
	}
	d.task.Params = slices.Clone(k.Params)
	if r.duties == nil {
		r.duties = map[*Task]*duty{}
	}
	r.duties[k] = d
	return d, nil
}

// Finish steps the given thread, and whoever it waits for, to its end: the
// thread first, then the others in the order they were made, then the clock.
// It stops early, without an error, when the thread is held; with one when
// nobody can move any more.
func (r *Run) Finish(thread string) error {
	var buf []*Thread
	for {
		t := r.world.Thread(thread)
		if t == nil {
			return fmt.Errorf("%w: no thread %q", kernel.ErrNotFound, thread)
		}
		if t.status == Done || t.status == Held {
			return nil
		}
		next := t
		if t.status != Ready {
			buf = r.world.Runnable(buf[:0])
			if len(buf) == 0 {
				if _, ok := r.world.NextTimer(); !ok {
					return &StuckError{Thread: t.ID, Waits: t.WaitsFor()}
				}
				if err := r.Do(Action{Kind: DoAdvance}); err != nil {
					return err
				}
				continue
			}
			next = buf[0]
		}
		if err := r.Do(Action{Kind: DoStep, Thread: next.ID}); err != nil {
			return err
		}
	}
}

// StuckError says that a thread waits for something that can no longer happen.
type StuckError struct{ Thread, Waits string }

func (e *StuckError) Error() string {
	return fmt.Sprintf("%s waits for %s, and nobody can move any more", e.Thread, e.Waits)
}
