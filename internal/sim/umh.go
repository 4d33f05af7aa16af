package sim

import (
	"strconv"

	"example.org/kmodsh/internal/trace"
)

// Program is what an executable of the simulated system does: it runs in the
// helper's own thread and returns its exit status.
type Program func(t *Thread, argv []string) int

// Exec is what the kernel finds at a path when it is to run it.
type Exec struct {
	Run   Program
	Errno Errno // EACCES, ENOEXEC: what the exec itself fails with
}

// killed is the panic value that ends a process on SIGKILL.
type killed struct{}

// execHelper is call_usermodehelper_exec: a worker starts the program in a
// thread of its own; the caller waits for its exit, or for no more than the
// exec, and may be killed meanwhile, which leaves the helper running
// (kernel/umh.c).
func (t *Thread) execHelper(path string, argv []string, wait bool) int64 {
	w := t.w
	var (
		q      Queue
		execed bool
		done   bool
		ret    int64
	)
	w.helpers++
	h := w.Spawn("helper-"+strconv.Itoa(w.helpers), "kworker", func(h *Thread) int64 {
		x, ok := w.programs[path]
		e := x.Errno
		if !ok {
			e = ENOENT
		}
		if e != 0 {
			ret, execed, done = -int64(e), true, true
			w.wake(&q, -1)
			return ret
		}
		h.Comm = comm(path)
		execed = true
		if !wait {
			w.wake(&q, -1)
		}
		status := h.run(x.Run, argv)
		ret, done = status, true
		w.wake(&q, -1)
		return status
	})
	h.Parent, h.request = t, t.request
	why := t.WaitUntil(&q, 0, Killable, "the helper "+h.ID, func() bool { return done || !wait && execed })
	if why == Signalled {
		return -int64(ERESTARTSYS)
	}
	if !wait && ret >= 0 {
		return 0
	}
	return ret
}

// run runs a program and returns its wait status: exit status times 256, or
// the number of the signal that killed it.
func (h *Thread) run(p Program, argv []string) int64 {
	h.user = true
	status, alive := h.process(func() int64 {
		h.Point(trace.PointStarted, nil, trace.Event{Name: argv[len(argv)-1]})
		exit := p(h, argv)
		h.userspace()
		h.Point(trace.PointExit, nil, trace.Event{Name: argv[len(argv)-1], Ret: trace.Int(int64(exit))})
		return int64(exit&0xff) << 8
	})
	if !alive {
		return 9
	}
	return status
}

// process runs code of user space until it returns or SIGKILL ends it.
func (h *Thread) process(body func() int64) (ret int64, alive bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			alive = false
		}
	}()
	return body(), true
}

// userspace is the return to user space: a pending SIGKILL ends a process.
// Threads of the kernel have no such return.
func (h *Thread) userspace() {
	if h.user && h.pending == SIGKILL {
		panic(killed{})
	}
}

// comm is the kernel's name of a task that executed path: its base name, at
// most 15 bytes (include/linux/sched.h, TASK_COMM_LEN).
func comm(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			path = path[i+1:]
			break
		}
	}
	return path[:min(len(path), 15)]
}

// onDone is told when a thread has ended.
func (w *World) onDone(*Thread) {}

// present says whether a requested name is live or built in, in the simple way
// the proposed check could: by the name itself, or without its fs- prefix.
func (w *World) present(name string) bool {
	if len(name) > 3 && name[:3] == "fs-" {
		name = name[3:]
	}
	if w.builtins[name] {
		return true
	}
	m := w.find(name)
	return m != nil && m.State == trace.Live
}
