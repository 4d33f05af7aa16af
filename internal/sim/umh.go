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
	// Binfmt is the module the kernel requests, from within the exec, for a
	// file of a format it does not know (fs/exec.c, search_binary_handler).
	Binfmt string
}

// killed is the panic value that ends a process on SIGKILL.
type killed struct{}

// subprocess is struct subprocess_info: one call of a helper, which the caller
// and the helper share until both have done with it.
type subprocess struct {
	path   string
	argv   []string
	wait   bool // UMH_WAIT_PROC: until it exits; else UMH_WAIT_EXEC
	lie    string
	execed bool // the exec has succeeded or failed
	done   bool
	ret    int64
	q      Queue // the caller's alone
}

// execHelper is call_usermodehelper_setup and call_usermodehelper_exec: a
// worker starts the program in a process of its own; the caller waits for its
// exit, or for no more than the exec, and may be killed meanwhile, which leaves
// the helper running (kernel/umh.c 6.1 and 6.12, kernel/kmod.c 4.9).
func (t *Thread) execHelper(path string, argv []string, wait bool) int64 {
	w := t.w
	switch w.Profile.StaticHelper {
	case "off":
	case "empty":
		path = ""
	default:
		path = w.Profile.StaticHelper
	}
	w.umhCallers++ // helper_lock: those the freezer waits for
	w.umhQueue.note(w, true)
	ret := -int64(EBUSY)
	switch {
	case w.UMH != UMHEnabled:
	case path == "":
		ret = 0
	default:
		ret = t.queueHelper(&subprocess{path: path, argv: argv, wait: wait, lie: t.lie})
	}
	w.umhCallers--
	w.wake(&w.umhQueue, -1)
	return ret
}

// queueHelper hands the work to the unbound workqueue and waits.
func (t *Thread) queueHelper(sub *subprocess) int64 {
	w := t.w
	w.helpers++
	h := w.Spawn("helper-"+strconv.Itoa(w.helpers), "kworker", func(h *Thread) int64 { return h.helperMain(sub) })
	h.Parent, h.request = t, t.request
	sub.q.owner = t
	finished := func() bool { return sub.done || !sub.wait && sub.execed }
	if t.WaitUntil(&sub.q, 0, Killable, "the helper "+h.ID, finished) == Signalled {
		return -int64(ERESTARTSYS)
	}
	if !sub.wait && sub.ret >= 0 {
		return 0 // the exit status is nobody's
	}
	return sub.ret
}

// helperMain is call_usermodehelper_exec_work and the process it starts. A
// worker is busy for as long as a helper that is waited for lives, also when
// its requester has been killed.
func (h *Thread) helperMain(sub *subprocess) int64 {
	w := h.w
	if sub.wait {
		h.takeWorker()
	}
	status := h.child(sub)
	if sub.wait {
		w.giveWorker()
	}
	if !sub.done {
		sub.done, sub.execed, sub.ret = true, true, status
		sub.q.answer = mix(1, uint64(status))
		w.wake(&sub.q, -1)
	}
	return status
}

// child is call_usermodehelper_exec_async: exec, and then the program. The
// errno of an exec that fails reaches the caller through the shared record; a
// caller that does not wait for the exit goes on from here.
func (h *Thread) child(sub *subprocess) int64 {
	w := h.w
	h.WaitUntil(&w.rootQ, 0, Uninterruptible, "the root file system, which is frozen", func() bool { return !w.rootFrozen })
	h.helper, h.threadState.root = true, w.root
	x, ok := w.programs[sub.path]
	if sub.lie != "" {
		if y, err := w.helperOf(sub.lie); err == nil {
			x, ok = y, true
		}
	}
	e := x.Errno
	if !ok {
		e = ENOENT
	}
	if e == 0 && x.Binfmt != "" {
		e = ENOEXEC
		h.RequestModule(x.Binfmt, true)
	}
	if e != 0 {
		return -int64(e)
	}
	h.Comm = comm(sub.path)
	sub.execed = true
	if !sub.wait {
		w.wake(&sub.q, -1)
	}
	return h.run(x.Run, sub.argv)
}

// work is a place in the queue for a worker.
type work struct {
	helper *Thread
	given  bool
}

// takeWorker waits for a worker: the unbound workqueue runs no more than
// max_active work items at once (kernel/workqueue.c, WQ_MAX_ACTIVE 512), and
// starts the others in order.
func (h *Thread) takeWorker() {
	w := h.w
	if w.workers < w.Profile.Workers {
		w.workers++
		return
	}
	mine := &work{helper: h}
	w.workQueue = append(w.workQueue, mine)
	h.WaitUntil(&w.workQ, 0, Uninterruptible, "a worker to start it", func() bool { return mine.given })
}

func (w *World) giveWorker() {
	if len(w.workQueue) > 0 {
		w.workQueue[0].given = true
		w.workQueue[0].helper.tell(1)
		w.workQueue = w.workQueue[1:]
		w.wake(&w.workQ, -1)
		return
	}
	w.workers--
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

// userspace is the return to user space: a pending SIGKILL ends a process, a
// frozen one stays here (include/linux/freezer.h), any other signal has been
// handled. Threads of the kernel have no such return.
func (h *Thread) userspace() {
	if !h.user {
		return
	}
	if w := h.w; w.frozen {
		h.WaitUntil(&w.frozenQ, 0, Killable, "user space to be thawed", func() bool { return !w.frozen })
	}
	if h.pending == SIGKILL {
		panic(killed{})
	}
	h.pending = NoSignal
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
