package sim

import (
	"fmt"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// drainTimeout is how long the way into suspend waits for helper callers
// (kernel/umh.c, RUNNING_HELPERS_TIMEOUT: 5 * HZ).
const drainTimeout = 5 * time.Second

// Freeze is freeze_processes (kernel/power/process.c): helpers are refused,
// then their callers are waited for, up to 5 s, then user space is frozen. A
// requester that was killed does not count any more, whether or not its helper
// runs on. It returns 0, or -EAGAIN when a helper call would not end.
func (t *Thread) Freeze() int64 {
	w := t.w
	w.setUMH(UMHFreezing)
	drained := func() bool {
		w.askCount(resCallers)
		return w.umhCallers == 0
	}
	if t.WaitUntil(&w.umhQueue, drainTimeout, Uninterruptible, "the callers of helpers", drained) == TimedOut {
		w.setUMH(UMHEnabled)
		return -int64(EAGAIN)
	}
	w.frozen = true
	w.setUMH(UMHDisabled)
	return 0
}

// Thaw is thaw_processes: still refusing while user space comes back.
func (t *Thread) Thaw() int64 {
	w := t.w
	w.setUMH(UMHFreezing)
	w.frozen = false
	w.wake(&w.frozenQ, -1)
	w.setUMH(UMHEnabled)
	return 0
}

// setUMH is __usermodehelper_set_disable_depth.
func (w *World) setUMH(s UMHState) {
	w.UMH = s
	w.wake(&w.umhStateQ, -1)
}

// FirmwareLock is usermodehelper_read_trylock, which firmware loading takes to
// know whether file systems can be read: -EAGAIN while helpers are disabled,
// and a wait while user space is being frozen or thawed.
func (t *Thread) FirmwareLock() int64 {
	w := t.w
	t.WaitUntil(&w.umhStateQ, 0, Interruptible, "user space to be frozen or thawed", func() bool { return w.UMH != UMHFreezing })
	if w.UMH != UMHEnabled {
		return -int64(EAGAIN)
	}
	return 0
}

// switchRoot is what user space does with the root file system during boot
// (pivot_root, switch_root): helpers that run stay on the old root. "keep"
// leaves it readable, "lose" takes its files away, "kill" ends all processes
// first.
func (w *World) switchRoot(how string) error {
	switch how {
	case "keep", "lose", "kill":
	default:
		return fmt.Errorf("switch-root %q: keep, lose or kill", how)
	}
	w.root++
	switch how {
	case "lose":
		w.rootGone = w.root
	case "kill":
		for _, t := range w.threads {
			if t.helper && t.status != Done {
				w.Signal(t, SIGKILL)
			}
		}
	}
	return nil
}

// openFile says whether this process can still open files of its root.
func (t *Thread) openFile() Errno {
	if t.helper && t.threadState.root < t.w.rootGone {
		return ENOENT
	}
	return 0
}

// insmodOnly is a helper that inserts the one file and none of those it needs:
// EEXIST is success, all else failure.
func insmodOnly(h *Thread, argv []string) int {
	f := h.w.files(kernel.Normalize(argv[len(argv)-1]))
	if f == nil {
		return 1
	}
	if ret := h.Load(f, "", ViaFinit, 0); ret != 0 && ret != -int64(EEXIST) {
		return 1
	}
	return 0
}
